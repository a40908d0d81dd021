"""The violation as the engine's own values, read back out of a `case.json`, so that it is told in the same words.

What a revision did not have, or what this version cannot read, is None; `case.json` itself was verified before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from evidence_export.dossier.told import decimal, instant, items, numbers, text, value, whole
from streams.instant import Instant, TimeSource
from vision.interface import (
    Box,
    Clutter,
    Companion,
    Company,
    Member,
    Moment,
    Occupied,
    Stay,
    Stood,
    Violation,
)
from vision.reasons import Ending, EndReason, Part, Reckoning, Released, Shown, Step, Trace

_EPOCH = Instant(0, TimeSource.OPERATOR, 0)
_NOWHERE: Box = (0.0, 0.0, 0.0, 0.0)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Found:
    """The violation when the rule fired, and the stay as it ended."""

    violation: Violation
    stay: Stay
    still_standing: bool
    unread: tuple[str, ...] = ()
    """Parts that are there, and that this version cannot read."""


def found_in(case: Mapping[str, Any]) -> Found:
    """The violation of a case. Raises ValueError where a part that every revision has is missing."""
    told = value(case, "violation")
    stay = _stay(case)
    fired = _must(instant(told, "fired_at"), "violation.fired_at")
    violation = Violation(
        rule=_must(text(told, "rule"), "violation.rule"),
        zone=_must(text(told, "zone"), "violation.zone"),
        policy=text(case, "policy", "id") or "",
        policy_hash=text(case, "policy", "sha256") or "",
        allowed_ns=_must(whole(told, "allowed_ns"), "violation.allowed_ns"),
        fired_at=fired,
        stay=stay,
        moments=tuple(_moments(case, stay.cls)),
        dwell_lower_bound_ns=_must(whole(told, "dwell_lower_bound_ns"), "violation.dwell_lower_bound_ns"),
        clutter=_optional(_clutter, value(told, "clutter")),
        occupied=_optional(_occupied, value(told, "occupied")),
        reckoning=_optional(_reckoning, value(told, "reckoning")),
        company=_optional(_company, value(told, "company")),
    )
    parts = {
        "violation.clutter": (value(told, "clutter"), violation.clutter),
        "violation.occupied": (value(told, "occupied"), violation.occupied),
        "violation.reckoning": (value(told, "reckoning"), violation.reckoning),
        "violation.company": (value(told, "company"), violation.company),
        "violation.stay.trace": (value(told, "stay", "trace"), stay.trace),
    }
    unread = tuple(name for name, (written, read) in parts.items() if written is not None and read is None)
    return Found(violation, stay, value(told, "stay", "departed") == "still_standing_when_sealed", unread)


def _stay(case: Mapping[str, Any]) -> Stay:
    told = value(case, "violation", "stay")
    source, half = _source(case)
    since = instant(told, "departed", "after")
    return Stay(
        id=text(told, "id") or "",
        camera=text(case, "camera", "id") or "",
        zone=text(case, "violation", "zone") or "",
        place=box(told, "place") or _NOWHERE,
        appearance=None,
        cls=text(told, "class") or "",
        arrived=(
            instant(told, "arrived", "after"),
            _must(instant(told, "arrived", "by", source=source, uncertainty_ns=half), "violation.stay.arrived.by"),
        ),
        last_seen=_must(instant(told, "last_seen"), "violation.stay.last_seen"),
        departed=None if since is None else (since, instant(told, "departed", "by")),
        seen_ns=whole(told, "seen_ns") or 0,
        occluded_ns=whole(told, "occluded_ns") or 0,
        gap_ns=whole(told, "gap_ns") or 0,
        sworn_ns=whole(told, "sworn_ns") or 0,
        sightings=whole(told, "sightings") or 0,
        kept=whole(told, "kept") or 0,
        trace=_optional(_trace, value(told, "trace")),
    )


def box(told: Any, *keys: str) -> Box | None:
    """A box in shares of the picture, with its corners in order and inside it."""
    found = [min(max(one, 0.0), 1.0) for one in numbers(told, *keys)]
    if len(found) != 4:
        return None
    left, top, right, bottom = found
    return min(left, right), min(top, bottom), max(left, right), max(top, bottom)


def _source(case: Mapping[str, Any]) -> tuple[TimeSource, int]:
    try:
        source = TimeSource(text(case, "time", "source") or "")
    except ValueError:
        source = TimeSource.OPERATOR
    return source, max(0, whole(case, "time", "uncertainty_ns") or 0)


def _moments(case: Mapping[str, Any], cls: str) -> Iterator[Moment]:
    for shown in items(case, "images", "panoramas"):
        at, place = instant(shown, "seen_at") or instant(shown, "at"), box(shown, "box")
        if at is not None and place is not None:
            yield Moment(at, place, decimal(value(shown, "score")) or 0.0, cls, None)


def _trace(told: Any) -> Trace:
    steps = []
    for step in items(told, "steps"):
        parts = tuple(
            Part(Shown(text(part, "what") or ""), _number(part, "length_ns"), _number(part, "looks"))
            for part in items(step, "parts")
        )
        by = tuple((text(one, "cls") or "", _number(one, "looks")) for one in items(step, "hidden_by"))
        steps.append(Step(parts, by))
    return Trace(tuple(steps), _optional(_ending, value(told, "ended")))


def _ending(told: Any) -> Ending:
    return Ending(
        EndReason(text(told, "why") or ""),
        _must(instant(told, "at"), "ended.at"),
        _number(told, "empty_ns"),
        _number(told, "empty_looks"),
        _number(told, "emptied_looks"),
    )


def _reckoning(told: Any) -> Reckoning:
    return Reckoning(
        limit_ns=_number(told, "limit_ns"),
        grace_ns=_number(told, "grace_ns"),
        counted_ns=_number(told, "counted_ns"),
        apart_ns=_number(told, "apart_ns"),
        uncounted_ns=_number(told, "uncounted_ns"),
        sworn_ns=_number(told, "sworn_ns"),
        passed=_must(instant(told, "passed"), "reckoning.passed"),
    )


def _company(told: Any) -> Company:
    others = tuple(
        Companion(
            box(one, "place") or _NOWHERE,
            (_must(instant(one, "arrived", "after"), "after"), _must(instant(one, "arrived", "by"), "by")),
            value(one, "stands") is True,
        )
        for one in items(told, "others")
    )
    since = _must(instant(told, "since"), "company.since")
    if not others:
        raise ValueError("company.others is empty")
    return Company(since, Released(text(told, "why") or ""), _number(told, "within_ns"), others)


def _clutter(told: Any) -> Clutter:
    return Clutter(
        max_count=whole(told, "max_count"),
        max_area_m2=decimal(value(told, "max_area_m2")),
        fired=_stood(value(told, "fired")),
        peak=_stood(value(told, "peak")),
        over_time=tuple(_stood(one) for one in items(told, "over_time")),
        members=tuple(Member(text(one, "cls") or "", box(one, "box") or _NOWHERE) for one in items(told, "members")),
        classes=tuple((text(one, "cls") or "", _number(one, "count")) for one in items(told, "classes")),
    )


def _stood(told: Any) -> Stood:
    return Stood(_must(instant(told, "at"), "at"), _number(told, "count"), decimal(value(told, "area_m2")))


def _occupied(told: Any) -> Occupied:
    return Occupied(
        kind=text(told, "kind") or "occupation",
        area_m2=_real(told, "area_m2"),
        area_low_m2=_real(told, "area_low_m2"),
        area_high_m2=_real(told, "area_high_m2"),
        min_area_m2=_real(told, "min_area_m2"),
        shop=text(told, "shop"),
        shop_name=text(told, "shop_name"),
        shop_distance_m=decimal(value(told, "shop_distance_m")),
        lingering=_real(told, "lingering"),
        looks=_number(told, "looks"),
        supports=tuple((text(one, "cls") or "", _number(one, "count")) for one in items(told, "supports")),
        outlines=tuple(tuple(points(outline)) for outline in items(told, "outlines")),
        ground=tuple(points(value(told, "ground"))),
    )


def points(told: Any) -> list[tuple[float, float]]:
    """A line of pairs; empty where one of them is none."""
    pairs = [numbers(pair) for pair in told] if isinstance(told, list | tuple) else []
    return [(pair[0], pair[1]) for pair in pairs] if all(len(pair) == 2 for pair in pairs) else []


def _optional(make: Any, told: Any) -> Any:
    """What `make` makes of it; None where it is not there, or a later revision says it in words that are not known."""
    try:
        return None if told is None else make(told)
    except ValueError:
        return None


def _must(found: _T | None, name: str) -> _T:
    if found is None:
        raise ValueError(f"{name} is missing")
    return found


def _number(told: Any, name: str) -> int:
    return _must(whole(told, name), name)


def _real(told: Any, name: str) -> float:
    return _must(decimal(value(told, name)), name)
