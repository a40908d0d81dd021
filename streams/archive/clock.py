"""When a recording began: from the operator, the record of our own recorder, the file name or the container, with what
speaks against it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from streams.archive.filename_time import (
    FIRST_YEAR,
    AmbiguousTimeError,
    NameTime,
    compile_pattern,
    read_name,
    to_utc_ns,
)
from streams.errors import TimeUnknownError
from streams.instant import NS_PER_S, Instant, TimeSource
from streams.interface import Problem
from streams.recorder.reading import read_opening

AGREEMENT_NS = 2 * NS_PER_S
DEFAULT_ORDER = (TimeSource.OPERATOR, TimeSource.FILENAME, TimeSource.CONTAINER)
"""A name is given when recording starts; `creation_time` often tells when the file was exported."""
_QUARTER_NS = 900 * NS_PER_S
_ISO = re.compile(
    r"\s*(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?\s*", re.ASCII
)
_CONTAINER_TAGS = ("creation_time", "com.apple.quicktime.creationdate", "date")


@dataclass(frozen=True, slots=True)
class TimeRules:
    """How the recordings of one camera tell their time.

    `zone`: IANA name for readings that carry none, for example `Asia/Shanghai`; None refuses such readings.
    `order`: which source wins; sources left out are not asked.
    `patterns`: file name patterns of the site, see `filename_time.compile_pattern`.
    `start`: given by the operator; see `parse_start`.
    `record`: believe what a segment of our own recorder says of itself. It stands behind an operator's start that comes
    first in `order`, and before all else; where only the operator is asked, it is not.
    Raises ValueError for an unknown zone, a pattern that cannot be meant, or a source that files do not have.
    """

    zone: str | None = None
    order: tuple[TimeSource, ...] = DEFAULT_ORDER
    patterns: tuple[str, ...] = ()
    start: Instant | None = None
    record: bool = True

    def __post_init__(self) -> None:
        _zone(self.zone)
        for template in self.patterns:
            compile_pattern(template)
        if not self.order or len(set(self.order)) != len(self.order) or not set(self.order) <= set(DEFAULT_ORDER):
            raise ValueError(f"order must name some of {', '.join(DEFAULT_ORDER)}, each once; got {self.order}")


@dataclass(frozen=True, slots=True)
class StartReading:
    """The start of a recording, the words of its source, and the sources that disagree or could not be used."""

    instant: Instant
    detail: str
    problems: tuple[Problem, ...]


def parse_start(text: str, zone: str | None = None) -> Instant:
    """An operator's ISO 8601 start, such as `2026-11-02T08:00:00+08:00`; `zone` serves where the text has none.

    The uncertainty is one unit of the last digit given. Raises ValueError where it is no such time, has no zone, or
    does not exist exactly once.
    """
    return _iso(text, zone, TimeSource.OPERATOR)


def find_start(path: Path, metadata: Mapping[str, str], rules: TimeRules) -> StartReading:
    """The instant of a recording's beginning by the first source of `rules.order` that can tell it.

    The uncertainty is one unit of the reading's last digit: a name that says 08:00:00 was given at some moment of that
    second, or a little beside it. Other sources more than two seconds away are told as problems; nothing is averaged
    or corrected. Raises TimeUnknownError, with the reasons, where no source can tell.
    """
    readings: list[_Reading] = []
    refused: list[str] = []
    forged: str | None = None
    for source in _asked(rules):
        words = _RECORD if source is None else _WORDS[source]
        try:
            found = _recorded(path) if source is None else _ask(source, path, metadata, rules)
        except ValueError as error:
            refused.append(f"{words}: {error}")
            forged = str(error) if source is None else forged
            continue
        if found is not None:
            readings.append(_Reading(*found, words))
        elif source is not None:
            refused.append(f"{words}: none")
    if not readings:
        raise TimeUnknownError(
            f"nothing tells when it was recorded ({'; '.join(refused)})",
            where=str(path),
            remedy="Give its start with --start, set the site's time zone, or add a file name pattern for its names",
        )
    chosen = readings[0]
    problems = tuple(
        Problem(_disagreement(chosen, other), str(path), f"the {chosen.words} is used")
        for other in readings[1:]
        if abs(other.instant.utc_ns - chosen.instant.utc_ns) > AGREEMENT_NS
    )
    if forged is not None:
        what = f"the {_RECORD} cannot be believed: {forged}"
        problems = (Problem(what, str(path), f"the {chosen.words} is used"), *problems)
    return StartReading(chosen.instant, chosen.detail, problems)


class _Reading(NamedTuple):
    instant: Instant
    detail: str
    words: str


_RECORD = "recorder's own record"
_WORDS = {
    TimeSource.OPERATOR: "operator's start",
    TimeSource.FILENAME: "file name",
    TimeSource.CONTAINER: "container's creation time",
}


def _asked(rules: TimeRules) -> list[TimeSource | None]:
    """The sources in the order in which they win; None stands for the recorder's own record."""
    order: list[TimeSource | None] = list(rules.order)
    if rules.record and order != [TimeSource.OPERATOR]:
        order.insert(1 if order[0] is TimeSource.OPERATOR else 0, None)
    return order


def _recorded(path: Path) -> tuple[Instant, str] | None:
    opening = read_opening(path)
    if opening is None:
        return None
    return (
        opening.start,
        f"record of the recorder, segment {opening.sequence} of {opening.camera} ({opening.start.source})",
    )


def _ask(source: TimeSource, path: Path, metadata: Mapping[str, str], rules: TimeRules) -> tuple[Instant, str] | None:
    if source is TimeSource.OPERATOR:
        return (rules.start, "given by the operator") if rules.start is not None else None
    if source is TimeSource.FILENAME:
        found = read_name(path, rules.patterns)
        if found is None:
            return None
        return _instant(found, rules.zone, source), f"file name, {found.pattern}"
    return _container(metadata, rules.zone)


def _container(metadata: Mapping[str, str], zone: str | None) -> tuple[Instant, str] | None:
    for tag in _CONTAINER_TAGS:
        text = metadata.get(tag)
        if text is None or _ISO.fullmatch(text) is None:
            continue
        instant = _iso(text, zone, TimeSource.CONTAINER)
        return instant, f"container tag {tag}"
    return None


def _iso(text: str, zone: str | None, source: TimeSource) -> Instant:
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a time like 2026-11-02T08:00:00+08:00")
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    digits = (fraction or "").ljust(6, "0")[:6]
    try:
        naive = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), int(digits))
        aware = None if offset is None else datetime.fromisoformat(f"2000-01-01T00:00:00{offset}").tzinfo
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from error
    if naive.year < FIRST_YEAR:
        raise ValueError(f"{text.strip()!r} is the zero of a clock that was never set")
    # Containers write zeros for digits they do not have.
    significant = len(digits.rstrip("0"))
    resolution = NS_PER_S // 10**significant if second is not None else 60 * NS_PER_S
    known = None if aware is None else naive.replace(tzinfo=aware).utcoffset()
    return _instant(
        NameTime(naive if known is None else naive - known, None if known is None else UTC, resolution, ""),
        zone,
        source,
    )


def _instant(found: NameTime, zone: str | None, source: TimeSource) -> Instant:
    place = found.zone if found.zone is not None else _zone(zone)
    if place is None:
        raise AmbiguousTimeError(f"{found.naive} has no time zone, and the site's is not set")
    return Instant(to_utc_ns(found.naive, place), source, found.resolution_ns)


def _zone(name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"time zone {name!r} is not known; use an IANA name such as Asia/Shanghai") from error


def _disagreement(chosen: _Reading, other: _Reading) -> str:
    apart = other.instant.utc_ns - chosen.instant.utc_ns
    text = (
        f"the {other.words} says {other.instant.isoformat()}, {abs(apart) / NS_PER_S:.0f} s "
        f"{'after' if apart > 0 else 'before'} the {chosen.words}"
    )
    quarters = round(apart / _QUARTER_NS)
    if quarters and abs(quarters) <= 14 * 4 and abs(apart - quarters * _QUARTER_NS) <= AGREEMENT_NS:
        text += "; a whole number of quarter hours apart: one of them may be local time written as UTC"
    return text
