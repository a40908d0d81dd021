"""Why nobody can say how far this machine's clock is off, and what to do about it."""

from __future__ import annotations

from evidence_export.words import Said

# -- an NTP server, by what it answers: each follows on "SERVER gave no time" ----------------------------------------

SILENCE = Said("未在规定时间内应答", "no answer came in time")
STRAY = Said("收到的应答与所发请求不符", "what came answers no question of ours")
NO_NTP = Said("应答不是 NTP 格式", "what came is no answer of an NTP server")
UNSYNCHRONISED = Said("该服务器自身尚未同步", "its own clock is not synchronised")
TOO_FAR = Said("该服务器自称误差过大", "by its own word it is too far from true time")
NO_TIME = Said("应答中没有时间", "its answer holds no time")
CONTRADICTORY_TIMES = Said("应答中的时间前后矛盾", "its times contradict each other")

# -- chrony -----------------------------------------------------------------------------------------------------------

CHRONY_MISSING = Said("未指定 NTP 服务器，本机也未安装 chrony", "no NTP server is named, and chrony is not installed")
CHRONY_SILENT = Said("chrony 未在规定时间内应答", "chrony did not answer in time")
CHRONY_STOPPED = Said("本机的 chrony 未运行", "chrony does not run on this machine")
CHRONY_OBSCURE = Said("无法理解 chrony 的应答", "chrony answered what is not understood")
CHRONY_ALONE = Said("chrony 未跟随任何时间服务器", "chrony follows no time server")
CHRONY_STALE = Said("chrony 已长时间未收到时间服务器的应答", "chrony has not heard of its time servers for too long")

# -- remedies ---------------------------------------------------------------------------------------------------------

CHECK_NAME = Said("请核对 `live.ntp` 和域名解析", "Look at `live.ntp` and at name service")
SET_UP_CHRONY = Said(
    "请安装并配置 chrony，或在 `live.ntp` 中指定 NTP 服务器",
    "Install and configure chrony, or name an NTP server in `live.ntp`",
)
CHECK_CHRONY = Said(
    "请查看 `chronyc tracking` 和 `chronyc sources`", "Look at `chronyc tracking` and `chronyc sources`"
)


def check_server(server: str, port: int) -> Said:
    """What to do about an NTP server that gives no time."""
    return Said(
        f"请检查 NTP 服务器 {server} 是否运行，以及本机能否访问其 UDP {port} 端口",
        f"Look whether the NTP server {server} runs and may be asked from here (UDP port {port})",
    )


def no_address(server: str) -> Said:
    """Its name leads nowhere."""
    return Said(f"查不到 {server} 的地址", f"no address is known for {server}")


def gave_no_time(server: str, why: Said) -> Said:
    """It was asked in vain."""
    return Said(f"{server} 未提供时间（{why.zh}）", f"{server} gave no time: {why.en}")


def contradicts_itself(server: str) -> Said:
    """Its answers exclude each other."""
    return Said(f"{server} 的多次应答相互矛盾", f"{server} contradicts itself from one answer to the next")


def refuses(code: str) -> Said:
    """It asks to be left alone; `code` says why."""
    return Said(f"对方拒绝服务，代码 {code}", f"it refuses to serve ({code})")


def no_network(strerror: str | None) -> Said:
    """The system does not let us ask."""
    return Said(f"网络不可用：{strerror}", strerror) if strerror else Said("网络不可用", "the network cannot be used")


def chrony_unusable(strerror: str | None) -> Said:
    """The program is there and cannot be started."""
    return Said(f"无法询问 chrony：{strerror}", f"chrony cannot be asked: {strerror}")
