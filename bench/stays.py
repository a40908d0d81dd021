"""Compares what was found with what truly stood there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bench.site import DWELL_S


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when something stood, in seconds since the recording began."""

    name: str
    arrived_s: float
    departed_s: float

    def shared(self, other: Span) -> float:
        """Intersection over union of the two times."""
        both = min(self.departed_s, other.departed_s) - max(self.arrived_s, other.arrived_s)
        either = max(self.departed_s, other.departed_s) - min(self.arrived_s, other.arrived_s)
        return max(0.0, both / either)


def expected(truth: Mapping[str, Any], until_s: float) -> list[Span]:
    """The stays that break the rule inside the first `until_s` seconds."""
    start = _utc(truth["scene"]["start"])
    spans = []
    for entry in truth["entries"]:
        arrived = _utc(entry["arrived"]) - start
        departed = until_s if entry["departed"] is None else min(until_s, _utc(entry["departed"]) - start)
        if departed - max(0.0, arrived) > DWELL_S:
            spans.append(Span(entry["actor"], arrived, departed))
    return spans


def from_report(report: Mapping[str, Any], truth: Mapping[str, Any], camera: str) -> list[Span]:
    """Our cases of one camera."""
    start = _utc(truth["scene"]["clock"]["start"])
    return [
        Span(case["id"], _utc(case["arrived"]) - start, _utc(case["last_seen"]) - start)
        for case in report["cases"]
        if case["camera"] == camera
    ]


def from_peer(result: Mapping[str, Any]) -> list[Span]:
    """The peer's timers that ran out."""
    return [Span(f"track {case['track']}", case["arrived_s"], case["last_seen_s"]) for case in result["cases"]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Which stays were found, how often, and what was found that is none."""

    found: tuple[tuple[Span, tuple[Span, ...]], ...]
    """Each true stay with the cases that fell to it: none (missed), one (right), more (split)."""
    surplus: tuple[Span, ...]

    @property
    def right(self) -> bool:
        """Every stay found exactly once and nothing else."""
        return not self.surplus and all(len(cases) == 1 for _, cases in self.found)


def compare(truth: Sequence[Span], cases: Sequence[Span]) -> Comparison:
    """Each case falls to the true stay it shares the most time with, if it shares any worth naming (a tenth)."""
    fallen: dict[Span, list[Span]] = {stay: [] for stay in truth}
    surplus = []
    for case in cases:
        best = max(truth, key=case.shared, default=None)
        if best is not None and case.shared(best) > 0.1:
            fallen[best].append(case)
        else:
            surplus.append(case)
    return Comparison(tuple((stay, tuple(found)) for stay, found in fallen.items()), tuple(surplus))


def _utc(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
