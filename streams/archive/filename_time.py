"""Start times out of file names, as recorders and exports write them. Text only: no file is touched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

from streams.instant import NS_PER_S, from_datetime

FIRST_YEAR = 1990
"""A clock that says an earlier year was never set."""


@dataclass(frozen=True, slots=True)
class NameTime:
    """A time read from a name. `zone` None: the name does not say; the resolution is that of its last digit."""

    naive: datetime
    zone: timezone | None
    resolution_ns: int
    pattern: str


class AmbiguousTimeError(ValueError):
    """A time that cannot be told: read two ways, or not existing, or existing twice."""


_DATE = r"(?P<year>(?:19|20)\d\d)(?P<d>[-_.]?)(?P<month>\d\d)(?P=d)(?P<day>\d\d)"
_TIME = r"(?P<hour>\d\d)(?P<t>[-_.:]?)(?P<minute>\d\d)(?P=t)(?P<second>\d\d)"
_ZONE = r"(?P<offset>Z|[+-](?:0\d|1[0-4]):?(?:00|15|30|45))?"
_NOT_BEFORE = r"(?<!\d)"
_NOT_AFTER = r"(?!\d)"

_BUILT_IN: tuple[tuple[str, re.Pattern[str]], ...] = (
    # 2026-11-02/001/dav/08/08.00.00-08.30.00[R][0@0][0].dav
    (
        "dahua folders",
        re.compile(
            r"(?:^|/)(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)-(?P<day>\d\d)/(?:[^/]+/){0,4}"
            r"(?P<hour>\d\d)\.(?P<minute>\d\d)\.(?P<second>\d\d)-\d\d\.\d\d\.\d\d[^/]*$"
        ),
    ),
    # 2026Y11M02D08H/00M05S.mp4 and 2026Y11M02D08H/00M05S_1793577605.mp4
    (
        "hour folders",
        re.compile(
            r"(?:^|/)(?P<year>20\d\d)Y(?P<month>\d\d)M(?P<day>\d\d)D(?P<hour>\d\d)H/"
            r"(?P<minute>\d\d)M(?P<second>\d\d)S(?:_\d+)?\.[^/]*$"
        ),
    ),
    # 192.168.1.64_01_20261102080000123.mp4, ch01_20261102080000.mp4, D01_20261102080000.ts,
    # IPC_ch1_main_20261102080000_20261102083000.dav
    (
        "14 or 17 digits (Hikvision, Dahua, Uniview)",
        re.compile(
            _NOT_BEFORE + r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)(?P<hour>\d\d)(?P<minute>\d\d)"
            r"(?P<second>\d\d)(?P<fraction>\d{3})?" + _ZONE + _NOT_AFTER + r"(?=[^/]*$)"
        ),
    ),
    # cam_2026-11-02_08-00-00.mp4, 20261102T080000Z.mkv, 2026-11-02 08.00.00.250+0800.mp4
    (
        "date and time (ffmpeg strftime, ISO 8601)",
        re.compile(
            _NOT_BEFORE
            + _DATE
            + r"(?:[T_ -]|--|__)"
            + _TIME
            + r"(?:[.,](?P<fraction>\d{9}|\d{6}|\d{3})(?!\d))?"
            + _ZONE
            + r"(?![\d])(?=[^/]*$)"
        ),
    ),
)

_TOKENS = {
    "Y": r"(?P<year>\d{4})",
    "m": r"(?P<month>\d\d)",
    "d": r"(?P<day>\d\d)",
    "H": r"(?P<hour>\d\d)",
    "M": r"(?P<minute>\d\d)",
    "S": r"(?P<second>\d\d)",
    "f": r"(?P<fraction>\d{1,9})",
    "z": r"(?P<offset>Z|[+-]\d\d:?\d\d)",
    "%": "%",
}


def compile_pattern(template: str) -> re.Pattern[str]:
    """A name pattern in the manner of strftime, for example `gate_%Y%m%d-%H%M%S_*.mp4`.

    Known are %Y %m %d %H %M %S %f %z %%, and `*` for any run of characters within one folder or file name. A pattern
    with `/` is compared with that many trailing parts of the path. Raises ValueError for anything else, and where the
    date or the time is incomplete.
    """
    parts: list[str] = []
    position = 0
    while position < len(template):
        character = template[position]
        if character == "%":
            token = template[position + 1 : position + 2]
            if token not in _TOKENS:
                raise ValueError(f"file name pattern {template!r}: %{token} is not known; use %Y %m %d %H %M %S %f %z")
            parts.append(_TOKENS[token])
            position += 2
            continue
        # Possessive: a run never gives back more than it must, which keeps matching linear in practice.
        parts.append("[^/]*?" if character == "*" else re.escape(character))
        position += 1
    try:
        compiled = re.compile(r"(?:^|/)" + "".join(parts) + "$")
    except re.error as error:
        raise ValueError(f"file name pattern {template!r}: {error}") from error
    missing = {"year", "month", "day", "hour", "minute"} - set(compiled.groupindex)
    if missing:
        raise ValueError(f"file name pattern {template!r} leaves out the {', '.join(sorted(missing))}")
    return compiled


def read_name(path: Path, patterns: tuple[str, ...] = ()) -> NameTime | None:
    """The start time in a path, or None; `patterns` of the site come before the built-in ones.

    The first time in the name counts. Impossible dates (month 13, hour 25, 30 February) do not match. Raises
    AmbiguousTimeError where a second time in the name lies before the first: then neither is surely the start.
    """
    # The folders count, whichever of them the reader stands in.
    text = path.absolute().as_posix()
    for template in patterns:
        match = compile_pattern(template).search(text)
        found = _read(match, f"pattern {template}") if match else None
        if found is not None:
            return found
    for name, pattern in _BUILT_IN:
        times = [t for t in (_read(match, name) for match in pattern.finditer(text)) if t is not None]
        if len(times) > 1 and times[1].naive < times[0].naive:
            raise AmbiguousTimeError(f"the name holds two times, and the second ({times[1].naive}) is the earlier one")
        if times:
            return times[0]
    return None


def _read(match: re.Match[str], pattern: str) -> NameTime | None:
    groups = match.groupdict()
    fraction = groups.get("fraction") or ""
    try:
        naive = datetime(
            int(groups["year"]),
            int(groups["month"]),
            int(groups["day"]),
            int(groups["hour"]),
            int(groups["minute"]),
            int(groups.get("second") or 0),
            int(fraction.ljust(6, "0")[:6]) if fraction else 0,
        )
        zone = _offset(groups.get("offset"))
    except ValueError:
        return None
    if naive.year < FIRST_YEAR:
        return None
    if fraction:
        resolution = NS_PER_S // 10 ** min(len(fraction), 6)
    else:
        resolution = NS_PER_S if groups.get("second") else 60 * NS_PER_S
    return NameTime(naive, zone, resolution, pattern)


def _offset(text: str | None) -> timezone | None:
    if not text:
        return None
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def to_utc_ns(naive: datetime, zone: timezone | ZoneInfo) -> int:
    """A clock reading in `zone` as nanoseconds since the epoch.

    Raises AmbiguousTimeError when daylight saving makes that reading happen twice, or never.
    """
    first = naive.replace(tzinfo=zone, fold=0)
    second = naive.replace(tzinfo=zone, fold=1)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != naive:
        raise AmbiguousTimeError(f"{naive} does not exist in {zone}: clocks were put forward over it")
    if first.utcoffset() != second.utcoffset():
        raise AmbiguousTimeError(f"{naive} exists twice in {zone}: clocks were put back over it")
    return from_datetime(first)
