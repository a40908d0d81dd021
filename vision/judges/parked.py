"""Which bicycles and motorcycles stand where, and since when that can be sworn to: place by place, whoever they are.

How many stand matters, not which: so a place is kept, and what stands there may change. It counts from the look with
which it was seen to stand (three sightings without a rider, over five seconds) to its last sighting, but for times
longer than `max_unseen` in which it was not seen. At any moment, so many stood *at least* as there are places that were
seen both before and after it, no further apart than that. What a detector misses for a look or two is so bridged, and
what it makes of a dense row, one box for three, counts as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict

from streams.instant import NS_PER_S
from vision.boxes import area, family, intersection, ious
from vision.interface import Box, Moment
from vision.tally import SAVED
from vision.tuning import Tuning

STAND_SIGHTINGS = 3
STAND_NS = 5 * NS_PER_S
"""So often, over so long, something is seen at one place without a rider before it is taken to stand there."""
_RIDER_WIDTH, _RIDER_INSIDE, _RIDER_LEVEL = 0.5, 0.2, 0.35
"""A person rides or pushes it whose box shares this much of the narrower width, lies with this share of its area in the
other's box, and whose lower edge is no further from the other's than this share of its height."""

RIDER = "person"
"""The class of those who ride or push them."""

Span = tuple[int, int]


@dataclass(slots=True)
class Place:
    """Where one stands, or may turn out to. Times are UTC ns."""

    __pydantic_config__: ClassVar[ConfigDict] = SAVED

    box: Box
    before_ns: int | None
    """The sample before its first sighting; None: the footage began with it."""
    first_ns: int
    """First sighting."""
    last_ns: int
    score: float
    """Of the last sighting."""
    since_ns: int | None = None
    """Since when it is sworn to stand without a break; None: it is not known to stand, or was not seen since a gap."""
    alone: int = 0
    """Sightings without a rider, until it stands."""
    misses: int = 0
    """Samples without a sighting until then."""
    stands: bool = False
    absent_ns: int = 0
    absent_samples: int = 0
    emptied_samples: int = 0
    """Since the last sighting: looks at its visible place that did not show it, and those whose pixels say so too."""
    gone: bool = False
    """It does not stand any more; kept as long as times before that are not settled."""
    classes: dict[str, int] = field(default_factory=dict)

    @property
    def cls(self) -> str:
        """The class seen most often; of equal ones the first by name."""
        return min(self.classes, key=lambda name: (-self.classes[name], name))

    def seen(self, moment: Moment, alone: bool, max_unseen_ns: int) -> None:
        """One more sighting; `alone`: nobody rides or pushes it."""
        now = moment.at.utc_ns
        broken = now - self.last_ns > max_unseen_ns
        if not self.stands:
            self.alone += alone
            if self.alone >= STAND_SIGHTINGS and now - self.first_ns >= STAND_NS:
                self.stands, self.since_ns = True, now
        elif broken or self.since_ns is None:
            self.since_ns = now
        self.last_ns, self.score = now, moment.score
        self.absent_ns = self.absent_samples = self.emptied_samples = 0
        self.classes[moment.cls] = self.classes.get(moment.cls, 0) + 1

    def missed(self) -> None:
        """It is not known to stand, and was not seen: bicycles that pass by may have shown at one place by turns."""
        self.misses += 1
        self.gone = self.misses > max(1, self.alone)

    def absent(self, elapsed_ns: int, *, empty: bool, max_unseen_ns: int, tuning: Tuning) -> None:
        """It was not found at its visible place; `empty`: pixels as well say that nothing stands there."""
        self.absent_ns += elapsed_ns
        self.absent_samples += 1
        self.emptied_samples += empty
        away = self.absent_ns >= max(tuning.absence_fired_ns, max_unseen_ns)
        self.gone |= away and self.absent_samples >= tuning.absence_samples
        self.gone |= self.emptied_samples >= tuning.emptied_samples


def ridden(box: Box, people: Iterable[Box]) -> bool:
    """Whether one of the people rides or pushes what the box shows, or stands so close that nobody can tell."""
    x1, _, x2, y2 = box
    height = y2 - box[1]
    return any(
        min(x2, person[2]) - max(x1, person[0]) >= _RIDER_WIDTH * min(x2 - x1, person[2] - person[0])
        and intersection(box, person) >= _RIDER_INSIDE * area(person)
        and abs(y2 - person[3]) <= _RIDER_LEVEL * height
        for person in people
    )


def matched(places: Sequence[Place], moments: Sequence[Moment], tuning: Tuning) -> dict[int, int]:
    """Which sighting shows which place, by their numbers: the closest pairs first, each of both once."""
    overlaps = ious([place.box for place in places], [moment.box for moment in moments])
    pairs = sorted(
        (-float(overlaps[p, m]), p, m)
        for p, m in zip(*(overlaps >= tuning.place_iou).nonzero(), strict=True)
        if family(places[p].cls) == family(moments[m].cls)
    )
    found: dict[int, int] = {}
    taken: set[int] = set()
    for _, p, m in pairs:
        if p not in found and m not in taken:
            found[int(p)] = int(m)
            taken.add(int(m))
    return found


def apart(places: Iterable[Place], tuning: Tuning) -> list[Place]:
    """Of places that a detector may have given for one object, one: the smaller, so that a whole row does not count
    beside those that stand in it. By place."""
    ranked = sorted(places, key=lambda one: (area(one.box), one.box))
    if len(ranked) < 2:
        return ranked
    one_object = _one_object(np.array([place.box for place in ranked], np.float64), tuning)
    free = np.ones(len(ranked), np.bool_)
    for number in np.nonzero(one_object.any(axis=1))[0].tolist():
        if free[number]:
            free[number + 1 :] &= ~one_object[number, number + 1 :]
    return sorted((ranked[i] for i in np.nonzero(free)[0].tolist()), key=lambda one: one.box)


def _one_object(boxes: npt.NDArray[np.float64], tuning: Tuning) -> npt.NDArray[np.bool_]:
    """For boxes in order of area: whether each may be one object with each other, as `same_object` has it."""
    low, high = boxes[:, None], boxes[None]
    sides = np.minimum(low[..., 2:], high[..., 2:]) - np.maximum(low[..., :2], high[..., :2])
    shared = np.clip(sides, 0, None).prod(axis=2)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    smaller = np.minimum(areas[:, None], areas[None])
    overlap = shared >= tuning.place_iou * (areas[:, None] + areas[None] - shared)
    heights = boxes[:, 3] - boxes[:, 1]
    larger = np.where(areas[:, None] >= areas[None], heights[:, None], heights[None])
    level = np.abs(low[..., 3] - high[..., 3]) <= tuning.nested_level * larger
    inside = (smaller > 0) & (shared >= tuning.nested_inside * smaller) & level
    found: npt.NDArray[np.bool_] = ((shared > 0) & overlap) | inside
    np.fill_diagonal(found, False)
    return found


def sworn(places: Iterable[Place], start_ns: int, end_ns: int) -> list[Place]:
    """The places at which something stood all through a time, both ends included."""
    return [p for p in places if p.since_ns is not None and p.since_ns <= start_ns and p.last_ns >= end_ns]


def spans(places: Sequence[Place], start_ns: int, end_ns: int, over: Callable[[list[Place]], bool]) -> list[Span]:
    """The parts of [start_ns, end_ns] in which what is sworn to stand is `over`; joined, in order."""
    cuts = {start_ns, end_ns}
    for place in places:
        if place.since_ns is not None:
            cuts |= {ns for ns in (place.since_ns, place.last_ns) if start_ns < ns < end_ns}
    found: list[Span] = []
    for low, high in pairwise(sorted(cuts)):
        if over(sworn(places, low, high)):
            if found and found[-1][1] == low:
                found[-1] = (found[-1][0], high)
            else:
                found.append((low, high))
    return found
