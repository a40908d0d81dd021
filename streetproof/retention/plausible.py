"""Whether the server's clock can be right, by what the ledger tells of time: a clock that is years ahead would make all
cases due. The clock itself is not asked here, and nothing outside is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from evidence_export.ledger.checkpoint import read_note
from evidence_export.ledger.entry import Happening, Kind, read_entry
from evidence_export.words import Said
from streams.instant import NS_PER_S, from_iso, iso_utc
from streetproof.store.ledger.database import SqlLedger

LEAP_NS = 7 * 24 * 3600 * NS_PER_S
"""Longer than this nobody was here, or the clock was set: the ledger alone cannot tell which."""
OFF_NS = 3600 * NS_PER_S
"""Less does not matter to periods of days."""
OFFICER = "officer"
"""What an entry is about in which an officer answers for the clock."""
_REFERENCES = ("NTP server ", "chrony following ")
"""How a reference is named that has answered, see `daemon.reference_time`."""


@dataclass(frozen=True, slots=True)
class _Vouched:
    """The newest word on the clock from outside of it: its number and time, and how far off the clock was."""

    seq: int
    at_ns: int
    offset_ns: int


def doubt(ledger: SqlLedger, now_ns: int) -> Said | None:
    """What speaks against `now_ns` being the time; None: nothing.

    It may not lie before the newest entry or checkpoint. Since a reference, or an officer, last bore the clock out (or
    since the ledger began) no more than `LEAP_NS` may have passed between one checkpoint and the next, and up to now.
    And the reference that answered last may not have found the clock to be wrong.
    """
    size = ledger.size()
    if not size:
        return None
    vouched = _vouched(ledger)
    if vouched is not None and abs(vouched.offset_ns) > OFF_NS:
        hours = abs(vouched.offset_ns) // OFF_NS
        return Said(
            f"对时结果显示服务器时钟相差 {hours} 小时以上",
            f"the reference that answered last found the server's clock to be {hours} hours off, or more",
        )
    times = list(_times(ledger, vouched, size))
    before_ns = max(times[-2:], default=now_ns)
    if now_ns < before_ns - OFF_NS:
        return Said(
            f"服务器时钟为 {_day(now_ns)}，早于存证日志中已有的时间 {_day(before_ns)}",
            f"the server's clock says {_day(now_ns)}, and the ledger holds something of {_day(before_ns)} already",
        )
    return _leap([*times, now_ns])


def _leap(times: list[int]) -> Said | None:
    latest_ns = times[0]
    for at_ns in times:
        if at_ns - latest_ns > LEAP_NS:
            return Said(
                f"服务器时钟由 {_day(latest_ns)} 跳至 {_day(at_ns)}，此后没有对时结果",
                f"the server's clock went from {_day(latest_ns)} to {_day(at_ns)}, and no reference has borne it out "
                "since",
            )
        latest_ns = max(latest_ns, at_ns)
    return None


def _times(ledger: SqlLedger, vouched: _Vouched | None, size: int) -> Iterator[int]:
    """From the last time that is vouched for, or the first, in the order of the ledger; the newest checkpoint and the
    newest entry last. What cannot be read is left out."""
    first = vouched.at_ns if vouched is not None else _at(ledger, 0)
    if first is not None:
        yield first
    for note in ledger.checkpoints_from(0 if vouched is None else vouched.seq + 1):
        with suppress(ValueError):  # `ledger check` names it
            yield from_iso(read_note(note).checkpoint.at)
    last = _at(ledger, size - 1)
    if last is not None:
        yield last


def _vouched(ledger: SqlLedger) -> _Vouched | None:
    numbers = ledger.numbers_about(OFFICER)
    for so in _REFERENCES:
        numbers += ledger.numbers_about_what_begins(so)
    for number in sorted(numbers, reverse=True):
        one = _happening(ledger, number)
        if one is None or one.kind is not Kind.TIME_CHECKED:
            continue
        with suppress(ValueError):
            offset_ns = 0 if one.about == OFFICER else int(str(one.data.get("server_offset_ns")))
            return _Vouched(number, from_iso(one.at), offset_ns)
    return None


def _at(ledger: SqlLedger, number: int) -> int | None:
    one = _happening(ledger, number)
    with suppress(ValueError):
        return None if one is None else from_iso(one.at)
    return None


def _happening(ledger: SqlLedger, number: int) -> Happening | None:
    row = ledger.row(number)
    with suppress(ValueError):
        return None if row is None else read_entry(row.entry).happening
    return None


def _day(utc_ns: int) -> str:
    return f"{iso_utc(utc_ns)[:16]}Z"
