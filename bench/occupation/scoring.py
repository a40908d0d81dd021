"""Figures per scenario: what was told as the right kind, as another one, not at all, or without being there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from streams.instant import NS_PER_S
from streetproof.evaluation.entries import Entry, entry_of
from streetproof.evaluation.matching import match_entries
from streetproof.evaluation.measures import area_error, error_ns


@dataclass(frozen=True, slots=True)
class Told:
    """One taking of the truth and the event that tells it, or one of them alone."""

    scenario: str
    camera: str
    truth: Entry | None
    event: Entry | None
    again: bool = False
    """An event of what another event tells already."""

    @property
    def right(self) -> bool:
        """Found, and called what it is."""
        return self.truth is not None and self.event is not None and self.truth.kind == self.event.kind


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one scenario, or of all."""

    scenes: int
    asked: int
    right: int
    confused: int
    """Found, and called another kind."""
    missed: int
    false: int
    again: int
    right_share: float | None
    area_median: float | None
    """Off by this share of the truth's area; of the takings that were found."""
    area_within: float | None
    """Share of those that are off by 20 % at most."""
    arrival_median_s: float | None
    arrival_max_s: float | None


def told(scenario: str, truth: Mapping[str, Any], events: Mapping[str, Any]) -> list[Told]:
    """Hold one pavement's events against its truth. Place and time decide who is who, the kind does not."""
    camera = truth["scene"]["camera"]
    asked, found = _entries(truth, camera), _entries(events, f"{camera}: events")
    matched = match_entries(asked, found, same=lambda entry: entry.camera)
    pairs = dict(matched.pairs)
    result = [Told(scenario, camera, one, found[pairs[n]] if n in pairs else None) for n, one in enumerate(asked)]
    taken = set(pairs.values())
    for number, event in enumerate(found):
        if number not in taken:
            again = any(number in fits for fits in matched.fits)
            result.append(Told(scenario, camera, None, event, again=again))
    return result


def row(some: Sequence[Told], scenes: int) -> Row:
    """The figures of what was told on so many pavements."""
    pairs = [(one.truth, one.event) for one in some if one.truth is not None and one.event is not None]
    asked = sum(one.truth is not None for one in some)
    right = sum(one.right for one in some)
    area = area_error(pairs)
    off = [error_ns(truth.arrived, event.arrived) for truth, event in pairs]
    seconds = [error / NS_PER_S for error in off if error is not None]
    return Row(
        scenes=scenes,
        asked=asked,
        right=right,
        confused=len(pairs) - right,
        missed=asked - len(pairs),
        false=sum(one.truth is None and not one.again for one in some),
        again=sum(one.again for one in some),
        right_share=right / asked if asked else None,
        area_median=area.median,
        area_within=area.within,
        arrival_median_s=median(seconds) if seconds else None,
        arrival_max_s=max(seconds, default=None),
    )


def figures(found: Mapping[str, Sequence[Told]], scenes: Mapping[str, int], seeds: Sequence[int]) -> dict[str, Any]:
    """All figures as JSON values: per scenario, overall, and each event that is wrong."""
    every = [one for some in found.values() for one in some]
    return {
        "seeds": list(seeds),
        "overall": asdict(row(every, sum(scenes.values()))),
        "scenarios": {name: asdict(row(some, scenes[name])) for name, some in found.items()},
        "wrong": [_wrong(one) for one in every if not one.right],
    }


def _wrong(one: Told) -> dict[str, Any]:
    entry = one.truth or one.event
    assert entry is not None
    if one.truth is not None:
        what = "missed" if one.event is None else f"called {one.event.kind}"
    else:
        what = "again" if one.again else "false"
    return {"camera": one.camera, "kind": entry.kind, "what": what, "box": list(entry.box), "area_m2": entry.area_m2}


def _entries(document: Mapping[str, Any], where: str) -> list[Entry]:
    # Through JSON, as a file would: what cannot be written there must not count here.
    listed = json.loads(json.dumps(document["entries"]))
    return [entry_of(value, f"{where}: entries[{number}]") for number, value in enumerate(listed)]
