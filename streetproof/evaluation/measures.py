"""The figures: precision, recall, F1, events per stay, and how far arrivals and departures are off.

What each figure is, to the letter, stands in docs/replay.md; change both together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from streams.instant import NS_PER_S
from streetproof.evaluation.entries import Entries, Entry, Span
from streetproof.evaluation.matching import MIN_IOU, match_entries

UNKNOWN = "unknown"
"""The condition of what no truth tells a condition of."""

NEAR_AREA = 0.2
"""An area that is off by no more than this share of the truth's counts as told."""


@dataclass(frozen=True, slots=True)
class TimeError:
    """How far one end of matched stays is off, in seconds; None where nothing was measured."""

    measured: int
    unmeasured: int
    """Matched stays for which one side tells no time at this end."""
    median_s: float | None
    rmse_s: float | None
    max_s: float | None
    width_median_s: float | None
    """Of the events' intervals with two known ends; a point is 0 wide."""
    width_max_s: float | None


@dataclass(frozen=True, slots=True)
class AreaError:
    """How far the taken ground of matched stays is off, as a share of the truth's; None where nothing was measured."""

    measured: int
    """Matched stays for which both sides tell an area."""
    median: float | None
    max: float | None
    within: float | None
    """Share of them that are off by at most `NEAR_AREA`."""


@dataclass(frozen=True, slots=True)
class Scores:
    """The figures of all entries, or of those of one condition. None where a figure would divide by nothing."""

    truth: int
    """Stays to be found: those that are not to be ignored."""
    events: int
    """Those that count: matched, false, or duplicates."""
    matched: int
    missed: int
    false: int
    duplicates: int
    ignored: int
    """Events of stays that are to be ignored."""
    precision: float | None
    recall: float | None
    f1: float | None
    cases_per_stay: float | None
    """Events per found stay: 1 is one case for each."""
    arrival: TimeError
    departure: TimeError
    area: AreaError


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Overall, and by the conditions of the truth."""

    overall: Scores
    conditions: Mapping[str, Scores]

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "overall": asdict(self.overall),
            "conditions": {name: asdict(scores) for name, scores in self.conditions.items()},
        }


@dataclass(frozen=True, slots=True)
class _Verdicts:
    """Who was what, each with the condition that it counts to."""

    pairs: Sequence[tuple[str, Entry, Entry]]
    missed: Sequence[str]
    false: Sequence[str]
    duplicates: Sequence[str]
    ignored: Sequence[str]


def evaluate(truth: Entries, events: Entries, *, min_iou: float = MIN_IOU) -> Evaluation:
    """Hold events against the truth. The order of entries, in either, plays no part."""
    verdicts = _verdicts(truth, events, min_iou)
    names = {
        *(condition for condition, _, _ in verdicts.pairs),
        *verdicts.missed,
        *verdicts.false,
        *verdicts.duplicates,
        *verdicts.ignored,
    }
    return Evaluation(_scores(verdicts), {name: _scores(_only(verdicts, name)) for name in sorted(names)})


def error_ns(truth: Span, event: Span) -> int | None:
    """The distance between what the truth and what the event says, in ns: 0 where the two intervals meet.

    None where they could only be apart on a side that one of them leaves open: nothing is measured then.
    """
    if truth.latest is not None and event.earliest is not None and event.earliest > truth.latest:
        return event.earliest - truth.latest
    if truth.earliest is not None and event.latest is not None and event.latest < truth.earliest:
        return truth.earliest - event.latest
    whole = truth.width_ns is not None and event.width_ns is not None
    return 0 if whole else None


def _verdicts(truth: Entries, events: Entries, min_iou: float) -> _Verdicts:
    asked = [entry for entry in truth.entries if not entry.ignore]
    spared = [entry for entry in truth.entries if entry.ignore]
    matched = match_entries(asked, events.entries, min_iou=min_iou)
    found = {col for _, col in matched.pairs}
    # What an event that was not chosen may be: (fit, whether it is spared, condition), the best one decides.
    maybe: dict[int, list[tuple[float, bool, str]]] = {}
    for ignored, entries, fits in (
        (False, asked, matched.fits),
        (True, spared, match_entries(spared, events.entries, min_iou=min_iou).fits),
    ):
        for entry, row in zip(entries, fits, strict=True):
            for col, fit in row.items():
                maybe.setdefault(col, []).append((fit, ignored, entry.condition or UNKNOWN))
    rest = [index for index in range(len(events.entries)) if index not in found]
    best = {index: max(maybe[index]) for index in rest if index in maybe}
    rows = {row for row, _ in matched.pairs}
    return _Verdicts(
        pairs=[(asked[row].condition or UNKNOWN, asked[row], events.entries[col]) for row, col in matched.pairs],
        missed=[entry.condition or UNKNOWN for row, entry in enumerate(asked) if row not in rows],
        false=[_of_camera(truth, events.entries[index].camera) for index in rest if index not in best],
        duplicates=[condition for _, ignored, condition in best.values() if not ignored],
        ignored=[condition for _, ignored, condition in best.values() if ignored],
    )


def _of_camera(truth: Entries, camera: str) -> str:
    """The one condition that the truth tells of a camera; where it tells several or none, nobody knows which it was."""
    named = truth.cameras.get(camera, frozenset())
    return next(iter(named)) if len(named) == 1 else UNKNOWN


def _only(verdicts: _Verdicts, condition: str) -> _Verdicts:
    def of(names: Sequence[str]) -> list[str]:
        return [name for name in names if name == condition]

    return _Verdicts(
        [pair for pair in verdicts.pairs if pair[0] == condition],
        of(verdicts.missed),
        of(verdicts.false),
        of(verdicts.duplicates),
        of(verdicts.ignored),
    )


def _scores(verdicts: _Verdicts) -> Scores:
    matched, missed, false = len(verdicts.pairs), len(verdicts.missed), len(verdicts.false)
    duplicates = len(verdicts.duplicates)
    return Scores(
        truth=matched + missed,
        events=matched + false + duplicates,
        matched=matched,
        missed=missed,
        false=false,
        duplicates=duplicates,
        ignored=len(verdicts.ignored),
        precision=_share(matched, matched + false),
        recall=_share(matched, matched + missed),
        f1=_share(2 * matched, 2 * matched + false + missed),
        cases_per_stay=_share(matched + duplicates, matched),
        arrival=_times((one.arrived, other.arrived) for _, one, other in verdicts.pairs),
        departure=_times((_departed(one), _departed(other)) for _, one, other in verdicts.pairs),
        area=area_error((one, other) for _, one, other in verdicts.pairs),
    )


def _departed(entry: Entry) -> Span:
    """What never left has no departure: nothing is known of it, at either end."""
    return entry.departed or Span(None, None)


def _times(ends: Iterable[tuple[Span, Span]]) -> TimeError:
    errors: list[int] = []
    widths: list[int] = []
    unmeasured = 0
    for truth, event in ends:
        error = error_ns(truth, event)
        if error is None:
            unmeasured += 1
        else:
            errors.append(error)
        if event.width_ns is not None:
            widths.append(event.width_ns)
    squares = sum(error * error for error in errors)
    return TimeError(
        measured=len(errors),
        unmeasured=unmeasured,
        median_s=_seconds(median(errors)) if errors else None,
        rmse_s=_seconds(math.sqrt(squares / len(errors))) if errors else None,
        max_s=_seconds(max(errors)) if errors else None,
        width_median_s=_seconds(median(widths)) if widths else None,
        width_max_s=_seconds(max(widths)) if widths else None,
    )


def area_error(pairs: Iterable[tuple[Entry, Entry]]) -> AreaError:
    """How far the areas of events are off those of the truth, for pairs of both."""
    errors = [
        abs(event.area_m2 - truth.area_m2) / truth.area_m2
        for truth, event in pairs
        if truth.area_m2 is not None and event.area_m2 is not None
    ]
    return AreaError(
        measured=len(errors),
        median=round(median(errors), 9) if errors else None,
        max=round(max(errors), 9) if errors else None,
        within=_share(sum(error <= NEAR_AREA for error in errors), len(errors)),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _seconds(ns: float) -> float:
    return round(ns / NS_PER_S, 9)
