"""Everything that `streetproof status` says, in both languages: the screen itself, and why there is none."""

from __future__ import annotations

from evidence_export.words import Language, Said

# -- durations --------------------------------------------------------------------------------------------------------


def ago(seconds: float, language: Language) -> str:
    """A duration: `4 s`, `12 min`, `3 h 10`, `2 d 4 h`, at most seven cells; 3小时10分, 2天4小时, at most ten."""
    whole = max(0, int(seconds))
    if whole < 7200:
        return brief(whole, language)
    if whole < 172_800:
        hours, minutes = whole // 3600, whole % 3600 // 60
        return Said(f"{hours}小时{minutes:02d}分", f"{hours} h {minutes:02d}").to(language)
    days, hours = whole // 86_400, whole % 86_400 // 3600
    if days >= 100:
        return Said(f"{days}天", f"{days} d").to(language)
    return Said(f"{days}天{hours}小时", f"{days} d {hours} h").to(language)


def brief(seconds: float, language: Language) -> str:
    """The same in one unit, rounded down: at most seven cells."""
    whole = max(0, int(seconds))
    for most, unit, zh, en in ((120, 1, "秒", "s"), (7200, 60, "分钟", "min"), (172_800, 3600, "小时", "h")):
        if whole < most:
            return Said(f"{whole // unit}{zh}", f"{whole // unit} {en}").to(language)
    return Said(f"{whole // 86_400}天", f"{whole // 86_400} d").to(language)


# -- head -------------------------------------------------------------------------------------------------------------

NOT_READY = Said("未就绪", "NOT READY")
CLOCK_NOT_MEASURED = Said("服务器时钟未核对", "server clock not measured")


def up(seconds: float) -> Said:
    """Since when it runs."""
    return Said(f"已运行 {ago(seconds, Language.ZH)}", f"up {ago(seconds, Language.EN)}")


def taken(clock: str, age_s: float) -> Said:
    """Of when the figures are."""
    return Said(f"数据时间 {clock}（{ago(age_s, Language.ZH)}前）", f"at {clock}, {ago(age_s, Language.EN)} ago")


def fine(well: int, count: int) -> Said:
    """How many cameras are."""
    return Said(f"摄像机正常 {well}/{count} 路", f"{well} of {count} cameras fine")


def in_trouble(count: int) -> Said:
    """How many are not."""
    return Said(f"异常 {count} 路", f"{count} in trouble")


def cases(count: int) -> Said:
    """Since the start."""
    return Said(f"案件 {count}", f"cases {count}")


def sealing(count: int) -> Said:
    """What waits for it."""
    return Said(f"待封存 {count}", f"sealing {count}")


def not_sealed(count: int) -> Said:
    """What was given up."""
    return Said(f"封存失败 {count}", f"{count} not sealed")


def notices_waiting(count: int) -> Said:
    """What nobody has taken yet."""
    return Said(f"待发通知 {count}", f"notices waiting {count}")


def disk(free_gib: float, total_gib: float) -> Said:
    """Room."""
    return Said(f"磁盘剩余 {free_gib:,.0f}/{total_gib:,.0f} GiB", f"disk {free_gib:,.0f} of {total_gib:,.0f} GiB free")


def server_clock(offset_s: float) -> Said:
    """Against its reference."""
    return Said(f"服务器时钟偏差 {offset_s:+.3f}秒", f"server clock {offset_s:+.3f} s")


def model(name: str) -> Said:
    """What looks at the pictures."""
    return Said(f"模型 {name}", f"model {name}")


def version(name: str) -> Said:
    """Of the daemon."""
    return Said(f"v{name}", f"version {name}")


def more_problems(count: int) -> Said:
    """There is no room for them."""
    return Said(f"另有 {count} 项，用 --json 查看全部", f"and {count} more; --json lists all")


# -- cameras ----------------------------------------------------------------------------------------------------------

CAMERA = Said("摄像机", "camera")
STATE = Said("状态、时长", "state, since")
FPS = Said("帧率", "fps")
LAST = Said("最近数据", "last")
CLOCK = Said("时钟偏差", "clock")
LEVEL = Said("取帧", "level")
STANDING = Said("停留", "stand")
CASES = Said("案件", "cases")
GAPS = Said("中断", "gaps")
RECONNECTS = Said("重连", "reconn")
SHED = Said("略过", "shed")
DISK = Said("录像量", "disk")
MEMORY = Said("内存", "memory")
STREAM = Said("视频流", "stream")

UNKNOWN = Said("未知", "unknown")
NO_PACKETS = Said("无数据", "no packets")
LATE = Said("已停止收到数据", "packets have stopped coming")
CLOCK_OFF = Said("摄像机时钟偏差超过或可能超过 1 秒", "its clock is off by more than 1 s, or may be")
CLOCK_JUMPED = Said("摄像机时钟发生跳变", "its clock has jumped")


def seconds(number: float, digits: int) -> Said:
    """An age, to so many digits."""
    return Said(f"{number:.{digits}f}秒", f"{number:.{digits}f} s")


def offset(offset_s: float) -> Said:
    """Of a camera's clock, in at most nine cells with a mark behind it as long as it is under a day."""
    number = f"{offset_s:+.2f}" if abs(offset_s) < 100 else f"{offset_s:+,.0f}"
    return Said(f"{number}秒", f"{number} s")


def suspended(zh: str, en: str) -> Said:
    """What is wrong with the view, and what follows from it."""
    return Said(f"{zh}，该路规则已暂停", f"view {en}: its rules are suspended")


def left_out(bad: int, well: int) -> Said:
    """Cameras for which there is no room."""
    zh = ([f"异常 {bad} 路"] if bad else []) + ([f"正常 {well} 路"] if well else [])
    en = ([f"{bad} more in trouble"] if bad else []) + ([f"{well} more fine"] if well else [])
    return Said(f"未显示：{'，'.join(zh)}", f"... and {', '.join(en)}")


# -- in place of the table --------------------------------------------------------------------------------------------

UNCERTAIN = Said(
    "各路摄像机情况未知。正在重试，按 Ctrl-C 退出",
    "How its cameras are is unknown. Asking again; Ctrl-C ends.",
)
NO_ANSWER_YET = Said("尚未收到应答", "no answer yet")


def old(age_s: float) -> Said:
    """The daemon answers with figures that do not move."""
    return Said(
        f"数据已过时：服务仍有应答，但数据是{ago(age_s, Language.ZH)}前的，服务可能已停滞；"
        "请查看 journalctl -u streetproof",
        f"OLD: the daemon answers, but its figures are {ago(age_s, Language.EN)} old; it may hang. "
        "journalctl -u streetproof",
    )


def no_answer(since_s: float, why: Said) -> Said:
    """It does not answer at all."""
    return Said(
        f"服务已{ago(since_s, Language.ZH)}无应答：{why.zh}", f"NO ANSWER for {ago(since_s, Language.EN)}: {why.en}"
    )


# -- why there is no answer: what has happened, what to do ------------------------------------------------------------

NOT_RUNNING = (
    Said("服务未运行，该地址没有程序监听", "the daemon is not running: nobody listens there"),
    Said(
        "请用 `streetproof run SITE.yaml --data DIR` 或 `systemctl start streetproof` 启动；"
        "停止原因见 `journalctl -u streetproof`",
        "Start it with `streetproof run SITE.yaml --data DIR`, or with `systemctl start streetproof`; "
        "`journalctl -u streetproof` says why it ended",
    ),
)
NOT_JSON = (
    Said("应答不是 JSON 格式", "the answer is not JSON"),
    Said("在该地址监听的不是 Streetproof 服务", "Something else than a Streetproof daemon listens there"),
)
ANY_PORT = (
    Said("`live.listen` 的端口为 0，服务会任选空闲端口", "`live.listen` has port 0: the daemon takes any free one"),
    Said("请用 --url 指定地址", "Give it with --url"),
)


def silent(timeout_s: float) -> tuple[Said, Said]:
    """It listens and says nothing."""
    return (
        Said(f"服务在 {timeout_s:g} 秒内未应答", f"the daemon does not answer within {timeout_s:g} s"),
        Said(
            "服务器可能负荷过高，或地址有误；详情可查看 `journalctl -u streetproof`",
            "The machine may be overloaded, or the address wrong; `journalctl -u streetproof` may say more",
        ),
    )


def cannot_be_asked(why: str) -> tuple[Said, Said]:
    """The network or the other side does what it should not."""
    return (
        Said(f"无法访问服务：{why}", f"the daemon cannot be asked: {why}"),
        Said(
            "请核对地址，并确认在该地址监听的是 Streetproof 服务",
            "Check the address and that it is a Streetproof daemon that listens there",
        ),
    )


def not_a_daemons(status: int) -> tuple[Said, Said]:
    """An answer that no daemon gives."""
    return (
        Said(f"应答不是 Streetproof 服务的（HTTP {status}）", f"the answer is not a daemon's (HTTP {status})"),
        Said(
            "请核对地址；地址无误时，原因见服务日志",
            "Check the address; where it is right, the daemon's log says what is wrong",
        ),
    )


def not_understood(place: str) -> tuple[Said, Said]:
    """An answer with another shape than this version knows."""
    return (
        Said(f"无法理解应答，位置：`{place}`", f"the answer cannot be understood, at `{place}`"),
        Said(
            "服务与本命令的版本可能不同；可用 `--json` 查看原始应答",
            "Daemon and command may be of different versions; `--json` shows the answer as it is",
        ),
    )
