"""What a person should see to, as /status lists it and notices tell it: what has happened, and what to do.

An error's own text is English, and is quoted at the end as the detail; the Chinese sentence stands without it.
"""

from __future__ import annotations

from evidence_export.words import Said
from streams.instant import NS_PER_S
from streetproof.daemon.reference_time import ReferenceUnknown


def model_failed(error: object) -> Said:
    """Nothing is looked at any more."""
    return Said(
        f"识别模型出现故障，已停止识别，录像仍在继续；请重启本服务。详情：{error}",
        f"The model failed, nothing is looked at any more, recording goes on: {error}. Restart.",
    )


def database_silent(error: str) -> Said:
    """What is found cannot be written down now."""
    return Said(
        f"数据库无响应，录像仍在继续；请检查数据库服务或磁盘空间和权限，以及是否有其他程序占用。详情：{error}",
        f"The database does not answer; recording goes on: {error}",
    )


def database_awaited(error: str) -> Said:
    """Since the start; nobody knows yet what stood where."""
    return Said(
        f"数据库尚无响应，系统正在等待：各路照常录像，但不识别、不判定；恢复后自动转入正常运行，请检查数据库服务。详情：{error}",
        f"The database does not answer since the start, and is waited for. Cameras are recorded; nothing is looked at "
        f"or judged until then: {error}",
    )


def room_kept() -> Said:
    """The last of the disk is left to the database and to what deletes footage."""
    return Said(
        "磁盘将满，而等待数据库期间不能清理录像，已停止录像；请尽快恢复数据库或腾出磁盘空间，之后自动恢复录像",
        "The disk is nearly full, no footage can be deleted without the database, and recording has stopped. Bring the "
        "database back, or make room: then it goes on by itself",
    )


def site_file_refused(error: str) -> Said:
    """The site file that was in force before stays so."""
    return Said(
        f"新的站点配置有误，未生效，系统按原配置继续运行；请更正后重新保存。详情：{error}",
        f"The newest site file is not in force: {error}",
    )


def ledger_behind(error: object) -> Said:
    """The ledger does not have what happened."""
    return Said(
        f"存证日志无法写入：{error}；所发生的事项已排队，恢复后自动补记",
        f"The ledger cannot be written: {error}. What happens waits, and is entered once that works again.",
    )


def stamps_wait(count: int | None, what: str) -> Said:
    """Checkpoints of the ledger have no time stamp yet; `count`: so many, None: nobody knows now."""
    return Said(
        f"{_many(count).zh} 个存证日志检查点等待可信时间戳：{what}；恢复后自动补盖",
        f"{_many(count).en} checkpoints of the ledger wait for a time stamp: {what}. They are caught up.",
    )


def copies_wait(count: int | None, store: str, what: str) -> Said:
    """Sealed cases are not in a store yet; `count` as above."""
    return Said(
        f"{_many(count).zh} 个案件等待复制到 {store}：{what}；恢复后自动补齐",
        f"{_many(count).en} cases wait to be copied to {store}: {what}. They are caught up.",
    )


def _many(count: int | None) -> Said:
    return Said("若干", "Some") if count is None else Said(str(count), str(count))


def index_behind(error: object) -> Said:
    """The files are there all the same."""
    return Said(
        f"录像索引暂时无法写入，录像文件不受影响，恢复后自动补录；持续出现时请检查数据库。详情：{error}",
        f"The index of recordings cannot be written: {error}",
    )


def upkeep_failed(error: object) -> Said:
    """Footage may not be deleted in time, and queues are not counted."""
    return Said(
        f"录像清理和统计未能完成，稍后自动重试；请检查磁盘和数据库。详情：{error}",
        f"Footage could not be looked after, which is tried again: {error}",
    )


def not_sealed(count: int) -> Said:
    """Findings of which no case could be made."""
    return Said(
        f"有 {count} 条线索封存失败，已不再重试，其录像予以保留；原因见日志",
        f"{count} findings could not be sealed and were given up; the log says why. Their footage is kept",
    )


def server_clock_off(offset_ns: int) -> Said:
    """By more than the limit."""
    by_s = offset_ns / NS_PER_S
    return Said(
        f"服务器时钟偏差 {by_s:+.3f} 秒，超过 1 秒；请配置网络对时（NTP）。相关案件将注明",
        f"This server's clock is {by_s:+.3f} s off: set up NTP. Cases are flagged",
    )


def server_clock_unknown(why: ReferenceUnknown) -> Said:
    """No reference has answered for long."""
    return Said(
        f"服务器时钟与标准时间的偏差未知：{why.reason.zh}。{why.remedy.zh}",
        f"Nobody knows how far this server's clock is off: {why.reason.en}. {why.remedy.en}",
    )


def server_clock_set(by_ns: int) -> Said:
    """Away from its reference, so that it is not followed."""
    by_s = by_ns / NS_PER_S
    return Said(
        f"服务器时钟被调整了 {by_s:+.3f} 秒，偏离标准时间；系统仍按原时间计时。请校正服务器时钟",
        f"This server's clock was set by {by_s:+.3f} s, away from its reference; times go on as before. "
        "Put the clock right",
    )
