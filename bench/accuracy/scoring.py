"""Figures and failures. The figures are those of `streetproof evaluate`; failures name the stays behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from streams.instant import NS_PER_S
from streetproof.evaluation.entries import Entries, Entry, entry_of
from streetproof.evaluation.matching import match_entries
from streetproof.evaluation.measures import Evaluation, error_ns, evaluate
from vision.boxes import area, intersection, iou

_SAME_PLACE = 0.3
_INSIDE = 0.6
_LONG_NS = 60 * NS_PER_S


class Kind(StrEnum):
    """What went wrong."""

    MISSED = "missed"
    FALSE = "false"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Failure:
    """One stay that was missed, or one event too many."""

    contender: str
    kind: Kind
    entry: Entry
    """The stay of the truth where one was missed, else the event."""
    condition: str
    swallowed: bool = False
    """Of a missed stay: an event that is another stay's covers its time and place."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One contender's figures, failures, and how far each found arrival was off, by condition."""

    contender: str
    evaluation: Evaluation
    failures: tuple[Failure, ...]
    arrivals_s: Mapping[str, tuple[float, ...]]


def truth_entries(documents: Sequence[Mapping[str, Any]]) -> Entries:
    """Truths of several scenes as `evaluate` takes them."""
    entries, cameras = [], {}
    for document in documents:
        scene = document["scene"]
        cameras[scene["camera"]] = frozenset({scene["condition"]})
        entries += _entries(document, scene["camera"])
    return Entries(tuple(entries), cameras)


def event_entries(documents: Sequence[Mapping[str, Any]]) -> Entries:
    """Events of several scenes."""
    return Entries(tuple(entry for document in documents for entry in _entries(document, "events")))


def score(contender: str, truth: Entries, events: Entries) -> Scored:
    """Hold one contender's events against the truth."""
    asked = [entry for entry in truth.entries if not entry.ignore]
    spared = [entry for entry in truth.entries if entry.ignore]
    matched = match_entries(asked, events.entries)
    rows, found = {row for row, _ in matched.pairs}, {col for _, col in matched.pairs}
    of_spared = match_entries(spared, events.entries)
    failures = []
    for row, entry in enumerate(asked):
        if row not in rows:
            others = [events.entries[col] for col in found]
            swallowed = any(_covers(other, entry) for other in others)
            failures.append(Failure(contender, Kind.MISSED, entry, entry.condition or "", swallowed))
    arrivals: dict[str, list[float]] = {}
    for row, col in matched.pairs:
        error = error_ns(asked[row].arrived, events.entries[col].arrived)
        if error is not None:
            arrivals.setdefault(asked[row].condition or "", []).append(error / NS_PER_S)
    for col, event in enumerate(events.entries):
        if col in found:
            continue
        as_asked = max((fits[col] for fits in matched.fits if col in fits), default=None)
        as_spared = max((fits[col] for fits in of_spared.fits if col in fits), default=None)
        if as_spared is not None and (as_asked is None or as_spared >= as_asked):
            continue
        kind = Kind.FALSE if as_asked is None else Kind.DUPLICATE
        failures.append(Failure(contender, kind, event, _condition(truth, event)))
    return Scored(
        contender, evaluate(truth, events), tuple(failures), {name: tuple(sorted(s)) for name, s in arrivals.items()}
    )


def beside(failure: Failure, truth: Entries, events: Entries) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """What else the truth and the events say of the place of a failure, for whoever looks at it."""

    def near(entries: Sequence[Entry]) -> tuple[Entry, ...]:
        own = failure.entry
        return tuple(one for one in entries if one.camera == own.camera and iou(one.box, own.box) >= _SAME_PLACE)

    return near(truth.entries), near(events.entries)


def _covers(event: Entry, stay: Entry) -> bool:
    """Whether an event stood where and while most of a stay did; boxes of one place may differ in size."""
    if event.camera != stay.camera:
        return False
    overlap = intersection(event.box, stay.box) / min(area(event.box), area(stay.box))
    ends = [one for one in (event.until_ns, stay.until_ns) if one is not None]
    together = min(ends, default=event.since_ns + _LONG_NS) - max(event.since_ns, stay.since_ns)
    stood = _LONG_NS if stay.until_ns is None else min(_LONG_NS, stay.until_ns - stay.since_ns)
    return overlap >= _INSIDE and together >= stood / 2


def _condition(truth: Entries, event: Entry) -> str:
    return next(iter(truth.cameras.get(event.camera, ("unknown",))))


def _entries(document: Mapping[str, Any], where: str) -> list[Entry]:
    # Through JSON, as a file would: what cannot be written there must not count here.
    listed = json.loads(json.dumps(document["entries"]))
    return [entry_of(value, f"{where}: entries[{number}]") for number, value in enumerate(listed)]
