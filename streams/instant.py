"""UTC instants that carry where they come from and how far they can be trusted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

NS_PER_S = 1_000_000_000
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?:(Z)|([+-])(\d\d)(?::?(\d\d))?)",
    re.ASCII | re.IGNORECASE,
)


class TimeSource(StrEnum):
    """Where a wall-clock reading comes from, best first."""

    RTCP_SR = "rtcp_sr"
    ARRIVAL = "arrival"
    CONTAINER = "container"
    FILENAME = "filename"
    OSD = "osd"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Instant:
    """A UTC time with its source and its uncertainty.

    `utc_ns` counts nanoseconds since 1970-01-01T00:00:00Z on the POSIX scale (leap seconds are not counted).
    `uncertainty_ns` (>= 0) is the half-width of the reading itself: the true reading of the stamping clock lies within
    `utc_ns` +/- `uncertainty_ns`. It does not include that clock's own offset to UTC, which is stated elsewhere, and
    stays unknown unless it was measured.
    """

    utc_ns: int
    source: TimeSource
    uncertainty_ns: int

    def __post_init__(self) -> None:
        if self.uncertainty_ns < 0:
            raise ValueError(f"uncertainty_ns must be >= 0, got {self.uncertainty_ns}")

    def shifted(self, delta_ns: int) -> Instant:
        """The instant `delta_ns` nanoseconds later on the same clock, as uncertain as this one."""
        return Instant(self.utc_ns + delta_ns, self.source, self.uncertainty_ns)

    def isoformat(self) -> str:
        """ISO 8601 in UTC with nine decimals, for example `2026-11-02T08:00:00.250000000Z`."""
        return iso_utc(self.utc_ns)

    def local(self, zone: tzinfo) -> datetime:
        """The same moment as an aware datetime in `zone`, truncated to microseconds."""
        return to_datetime(self.utc_ns).astimezone(zone)


def to_datetime(utc_ns: int) -> datetime:
    """Nanoseconds since the epoch as an aware UTC datetime, truncated (floored) to microseconds."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=utc_ns // 1000)


def from_datetime(moment: datetime) -> int:
    """An aware datetime as nanoseconds since the epoch, exact to the microsecond.

    Raises ValueError for a naive datetime: a time without a zone is not a time.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return ((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)) * 1000


def iso_utc(utc_ns: int) -> str:
    """Nanoseconds since the epoch as ISO 8601 in UTC with nine decimals."""
    return f"{to_datetime(utc_ns):%Y-%m-%dT%H:%M:%S}.{utc_ns % NS_PER_S:09d}Z"


def from_iso(text: str) -> int:
    """ISO 8601 with date, time, at most nine decimals and an offset to UTC, as nanoseconds since the epoch: exact.

    `from_iso(iso_utc(ns)) == ns` for every year from 1 to 9999. Raises ValueError for anything else: a time without an
    offset may be any of 26 hours, and none is guessed.
    """
    match = _ISO.fullmatch(text)
    if match is None:
        if _ISO.fullmatch(f"{text}Z"):
            raise ValueError(f"{text[:60]!r} has no offset to UTC; write for example {text[:60]}Z or {text[:60]}+08:00")
        raise ValueError(f"{text[:60]!r} is no time; write for example 2026-11-02T00:00:00.250Z")
    year, month, day, hour, minute, second, decimals, utc, sign, hours, minutes = match.groups()
    offset_s = 0
    if utc is None:
        if int(hours) > 23 or int(minutes or 0) > 59:
            raise ValueError(f"{text[:60]!r} has an offset that no place has")
        offset_s = (int(hours) * 60 + int(minutes or 0)) * (-60 if sign == "-" else 60)
    try:
        whole = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second))
    except ValueError as error:
        raise ValueError(f"{text[:60]!r} is no time: {error}") from error
    elapsed = whole - datetime(1970, 1, 1)
    return (elapsed.days * 86_400 + elapsed.seconds - offset_s) * NS_PER_S + int((decimals or "0").ljust(9, "0"))
