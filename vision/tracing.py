"""Keeps the trace of a stay while it lasts, in bounded memory: runs of like time, the shortest drawn together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import ConfigDict

from vision.reasons import COUNTED, MAX_STEPS, UNSEEN, WITHOUT, Ending, Held, Part, Shown, Step, Trace
from vision.tally import SAVED

MAX_HIDERS = 8
"""Classes that are named as hiding it, in one step."""
_CLASS = {what: number for number, kinds in enumerate((COUNTED, UNSEEN, WITHOUT)) for what in kinds}
_ORDER = {what: number for number, what in enumerate(Shown)}

Counts = dict[Shown, int]


class _Told:
    """What was made of a run last, until it changes: stays are asked for more often than they change."""

    __slots__ = ("_told",)

    _told: Step | None

    def tell(self, make: Callable[[], Step]) -> Step:
        """What `make` made last, or makes now."""
        told = getattr(self, "_told", None)
        if told is None:
            told = self._told = make()
        return told

    def changed(self) -> None:
        """It has to be made anew."""
        self._told = None


_SPARE = 8


@dataclass(slots=True)
class Run(_Told):
    """One step in the making."""

    __pydantic_config__: ClassVar[ConfigDict] = SAVED

    ns: Counts
    looks: Counts = field(default_factory=dict)
    by: dict[str, int] = field(default_factory=dict)

    @property
    def length_ns(self) -> int:
        """Of all that it is made of."""
        return sum(self.ns.values())

    def add(self, ns: Counts, looks: Counts, by: dict[str, int]) -> None:
        """What follows on it is part of it."""
        self.changed()
        for mine, more in ((self.ns, ns), (self.looks, looks)):
            for what, count in more.items():
                mine[what] = mine.get(what, 0) + count
        if by:
            for name, count in by.items():
                self.by[name] = self.by.get(name, 0) + count
            most = sorted(self.by, key=lambda name: (-self.by[name], name))[:MAX_HIDERS]
            self.by = {name: self.by[name] for name in most}

    def step(self) -> Step:
        """As a value."""
        return self.tell(self._step)

    def _step(self) -> Step:
        kinds = sorted(self.ns.keys() | self.looks.keys(), key=lambda what: (-self.ns.get(what, 0), _ORDER[what]))
        parts = tuple(Part(what, self.ns.get(what, 0), self.looks.get(what, 0)) for what in kinds)
        return Step(parts, tuple(sorted(self.by.items())))


@dataclass(slots=True)
class Tracing:
    """The trace of one stay, from its first sighting on."""

    __pydantic_config__: ClassVar[ConfigDict] = SAVED

    runs: list[Run] = field(default_factory=list)
    looks: Counts = field(default_factory=dict)
    """Looks since it was shown last."""
    by: dict[str, int] = field(default_factory=dict)
    """... and what hid it in them."""

    def look(self, what: Shown, by: str | None = None) -> None:
        """A look, which is told of with the time that is counted next; `by`: the class of what hides it, if known."""
        self.looks[what] = self.looks.get(what, 0) + 1
        if by is not None and (by in self.by or len(self.by) < MAX_HIDERS):
            self.by[by] = self.by.get(by, 0) + 1

    def counted(self, what: Shown, ns: int) -> None:
        """It is shown again, and the `ns` since it was shown last count as seen: as `what`."""
        self._append({what: ns})

    def passed(self, unseen_ns: int, gap_ns: int) -> None:
        """It is shown again, and the time since it was shown last does not count."""
        hidden = self.looks.get(Shown.HIDDEN, 0) > self.looks.get(Shown.MISSED, 0)
        times = {Shown.HIDDEN if hidden else Shown.MISSED: unseen_ns, Shown.GAP: gap_ns}
        self._append({what: ns for what, ns in times.items() if ns})

    def strike(self, ns: int) -> None:
        """The last `ns` of what counts as seen do not count any more."""
        runs = self.runs
        for number in range(len(runs) - 1, -1, -1):
            run = runs[number]
            taken = min(ns, sum(run.ns.get(what, 0) for what in COUNTED))
            if taken == 0:
                continue
            ns -= taken
            run.changed()
            if len(run.ns) == 1 and taken < run.length_ns:
                run.ns = {what: length - taken for what, length in run.ns.items()}
                runs.insert(number + 1, Run({Shown.STRUCK: taken}))
            else:
                run.ns[Shown.STRUCK] = run.ns.get(Shown.STRUCK, 0) + taken
                for what in COUNTED:
                    part = min(taken, run.ns.get(what, 0))
                    taken -= part
                    if part:
                        run.ns[what] -= part
                run.ns = {what: length for what, length in run.ns.items() if length}
            if ns == 0:
                break
        draw_together(runs, MAX_STEPS)

    def trace(self, ended: Ending | None = None, held: tuple[Held, ...] = ()) -> Trace:
        """As a value."""
        return Trace(tuple(run.step() for run in self.runs), ended, held)

    def fault(self, seen_ns: int, occluded_ns: int, gap_ns: int) -> str | None:
        """Why this, read back, cannot be the trace of a stay whose time splits so, or None."""
        counts = [count for run in self.runs for part in (run.ns, run.looks, run.by) for count in part.values()]
        totals = [
            sum(run.ns.get(what, 0) for run in self.runs for what in kinds) for kinds in (COUNTED, UNSEEN, WITHOUT)
        ]
        sizes = [len(self.by), *(len(run.by) for run in self.runs)]
        if min(counts, default=1) < 1 or min((*self.looks.values(), *self.by.values()), default=1) < 1:
            return "counts of looks"
        if len(self.runs) > MAX_STEPS or max(sizes) > MAX_HIDERS:
            return "a trace longer than any"
        return None if totals == [seen_ns, occluded_ns, gap_ns] else "a trace that does not add up"

    def _append(self, ns: Counts) -> None:
        looks, by = self.looks, self.by
        self.looks, self.by = {}, {}
        runs = self.runs
        if runs and runs[-1].ns.keys() == ns.keys():
            runs[-1].add(ns, looks, by)
        else:
            runs.append(Run(ns, looks, by))
            if len(runs) > MAX_STEPS:
                draw_together(runs, MAX_STEPS - _SPARE)  # more than one at once: it looks at all of them


def draw_together(runs: list[Run], limit: int) -> None:
    """Join the shortest neighbours, of equal ones the first, until there are no more than `limit`: those whose time
    counts alike before any others."""
    while len(runs) > limit:
        lengths = [run.length_ns for run in runs]
        counts = [frozenset(_CLASS[what] for what in run.ns) for run in runs]
        first = min(range(len(runs) - 1), key=lambda i: (counts[i] != counts[i + 1], lengths[i] + lengths[i + 1]))
        runs[first].add(runs[first + 1].ns, runs[first + 1].looks, runs[first + 1].by)
        del runs[first + 1]


def coarser(trace: Trace, limit: int) -> Trace:
    """The same in no more than `limit` steps, for showing."""
    runs = [
        Run(
            {part.what: part.ns for part in step.parts if part.ns},
            {part.what: part.looks for part in step.parts if part.looks},
            dict(step.hidden_by),
        )
        for step in trace.steps
    ]
    draw_together(runs, limit)
    return Trace(tuple(run.step() for run in runs), trace.ended, trace.held)


def coarse(seen_ns: int, occluded_ns: int, gap_ns: int, sightings: int, kept: int) -> list[Run]:
    """One run for a stay of which nothing is known but how its time splits: it was saved before there were traces."""
    ns = {Shown.SEEN: seen_ns, Shown.MISSED: occluded_ns, Shown.GAP: gap_ns}
    looks = {Shown.SEEN: sightings - 1, Shown.KEPT: kept}
    run = Run({what: n for what, n in ns.items() if n}, {what: n for what, n in looks.items() if n})
    return [run] if run.ns else []
