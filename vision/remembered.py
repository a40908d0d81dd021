"""What pixels say of places where something came to stand: that it still stands there, or that it is gone.

A detector that finds nothing says little: it misses what is dark, small or half hidden. Pixels say more. Of each place
where something was seen twice, coarse grey patches are kept: with it, and from before it came, of those cells that
nothing hid then. A look that fits the first and none of the others shows it still, whether a detector finds it or not
(*kept*). One that fits most of those and not the first shows an empty place, at once and for certain enough that
whatever stands there next is another (*emptied*). One that fits neither may show something unknown before the place
(*covered*). In all other cases nothing is said. What other boxes cover is left out of the comparison. Where nothing is
known of before, a place can be kept but not emptied. What is found in a place that showed something else in this look
than it is known for is another thing (*others*, where all of it can be seen and nothing in it is alike): the place
begins anew. Something else that nobody detects may pass for an empty place where it is as plain as the ground, or where
it has got much darker since: what stood there has left then all the same, or is hidden as long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

import cv2
import numpy as np
import numpy.typing as npt

from models.interface import Detections, Image
from streams.instant import NS_PER_S, Instant
from vision.boxes import ious, normalised
from vision.interface import Box, PixelEvidence
from vision.occupancy import (
    ALIKE,
    UNLIKE,
    VISIBLE,
    Empty,
    empty_again,
    enough,
    exactly_empty,
    kept,
    kept_in_part,
    neither,
)
from vision.patches import Cells, Patch, centred, correlation, levels, likeness, patch, uncovered

_SAME_PLACE = 0.6
"""IoU of two boxes given for one object that stands; of several boxes the closest shows it."""
_THERE, _ANOTHER, _FULL = 0.5, 0.3, 0.75
"""IoU, correlation, share: a box that overlaps a place so much shows another thing where the place looks so little like
what stood there, if so much of it can be seen beside other boxes."""
_OPEN, _LEVEL = 0.5, 0.05
"""Of a place, so much has to be free where it is told to be empty, of boxes that end no higher in the picture than this
share of its height."""
_LEARN = 0.2
"""How much a new sighting counts in the patch with it."""
_KNOWN = 2
"""Looks from before it came, at least."""
_SAID = 4
"""Looks in a row in which a place is said to be empty, before it is forgotten."""
_MOST = 64
_PAST = 8
_OLDER, _EVERY = 8, 4
"""Looks further back, every so-manieth."""
_FORGET_NS = 1800 * NS_PER_S
_BRIEF_NS = 30 * NS_PER_S
"""A place is forgotten when nothing was found there for so long; after a single sighting, earlier."""


@dataclass(slots=True, eq=False)
class _Look:
    """One of the last looks that showed something new."""

    grey: Image
    boxes: tuple[Box, ...]
    """Of what was found in it, or has come and is kept."""
    looks: int = 1
    """With those after it that showed nothing new."""


_Past = tuple[tuple[_Look, ...], ...]
"""Looks, oldest first: the last ones, and the same after a few that are older."""


@dataclass(slots=True, eq=False)
class _Place:
    box: Box
    last_ns: int
    """When something was found there last."""
    past: _Past
    """From before the first sighting, until it is confirmed."""
    filled: Patch
    now: Patch
    """What the last look shows."""
    confirmed: bool = False
    """Whether a second look showed it as well: most of what is found once only passes."""
    before: tuple[Empty, ...] = ()
    """What was there before it came, in a few looks; none: unknown."""
    empty_looks: int = 0
    """In a row."""
    kept: bool = False
    whole: bool = False
    """Kept, and not in part only."""
    covered: bool = False
    """The last look shows neither it nor the empty place."""
    found: bool = True
    """In the last look, like `kept`."""

    @property
    def shown(self) -> bool:
        return self.kept or self.found


class RememberedPlaces:
    """The memory of one view. Looks come in order of time; another size begins anew. Memory is bounded."""

    def __init__(self) -> None:
        self._places: list[_Place] = []
        self._past: deque[_Look] = deque(maxlen=_PAST)
        self._older: deque[_Look] = deque(maxlen=_OLDER)
        self._looks = 0
        self._size: tuple[int, int] | None = None
        self._emptied: tuple[Box, ...] = ()
        self._others: tuple[Box, ...] = ()

    def look(self, at: Instant, image: Image | None, detections: Detections) -> PixelEvidence:
        """What pixels say, places to four decimals, of what the detector found in `image` and in looks before.

        `image`: H x W x 3 BGR uint8 of the whole view at any scale; None: nothing has changed since the last look.
        """
        if image is None:
            return self._unchanged()
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
        if self._size != detections.size or (self._past and self._past[-1].grey.shape != grey.shape):
            self._size = detections.size
            self._places.clear()
            self._past.clear()
            self._older.clear()
        boxes = normalised(detections)
        self._find(at, grey, boxes)
        self._judge(boxes)
        self._looks += 1
        if self._looks % _EVERY == 1 and len(self._past) == _PAST:
            self._older.append(self._past[0])
        self._past.append(_Look(grey, (*boxes, *self._standing())))
        self._emptied = tuple(_rounded(place.box) for place in self._places if place.empty_looks)
        self._places = [place for place in self._places if place.empty_looks < _SAID]
        return self._evidence()

    def _unchanged(self) -> PixelEvidence:
        """What was found in the last look is kept: it would have moved on if it did not stand."""
        if self._past:
            self._past[-1].looks += 1
        self._others = ()
        for place in self._places:
            if place.found and not place.kept:
                place.kept = True
                if not place.confirmed:
                    _confirm(place)
        return self._evidence()

    def _evidence(self) -> PixelEvidence:
        kept, covered = (
            tuple(_rounded(place.box) for place in self._places if getattr(place, said)) for said in ("kept", "covered")
        )
        return PixelEvidence(self._emptied, kept, covered, self._others)

    def _find(self, at: Instant, grey: Image, boxes: Sequence[Box]) -> None:
        overlaps = ious([place.box for place in self._places], boxes)
        free = set(range(len(boxes)))
        others = []
        for number, (place, overlap) in enumerate(zip(self._places, overlaps, strict=True)):
            shown_before, place.found, place.now = place.shown, False, patch(grey, place.box)
            best = int(overlap.argmax()) if len(boxes) else -1
            if place.confirmed and not shown_before and _is_another(place, boxes, overlap):
                others.append(_rounded(place.box))
            if best not in free or overlap[best] < _SAME_PLACE:
                continue
            free.discard(best)
            place.found, place.last_ns = True, at.utc_ns
            if place.confirmed and not shown_before and correlation(place.now, place.filled) < UNLIKE:
                # Something else has come to stand there: nothing that is known of the place is known of this.
                now = patch(grey, boxes[best])
                self._places[number] = _Place(boxes[best], at.utc_ns, self._before(), now, now)
            elif place.confirmed:
                if not (place.before or shown_before):
                    place.before = _before(place, self._before())
                place.filled = place.filled + np.float32(_LEARN) * (place.now - place.filled)
            else:
                place.box = boxes[best]
                place.filled = place.now = patch(grey, place.box)
                _confirm(place)
        self._others = tuple(others)
        self._places = [
            place
            for place in self._places
            if at.utc_ns - place.last_ns <= (_FORGET_NS if place.confirmed else _BRIEF_NS)
        ]
        # Detectors give one object several boxes: one place is enough.
        taken = overlaps.max(axis=0, initial=0) >= _SAME_PLACE
        for number in sorted(free):
            if taken[number] or not self._has_room():
                continue
            box = boxes[number]
            now = patch(grey, box)
            self._places.append(_Place(box, at.utc_ns, self._before(), now, now))
            taken |= ious([box], boxes)[0] >= _SAME_PLACE

    def _before(self) -> _Past:
        return tuple(self._past), (*self._older, *self._past)

    def _judge(self, boxes: Sequence[Box]) -> None:
        """Say of each place what the look shows there; `boxes`: all that were found in it."""
        overlaps = ious([place.box for place in self._places], boxes)
        alike: dict[int, list[tuple[_Place, Cells | None]]] = {}
        for place, others in zip(self._places, (overlaps > 0) & (overlaps < _SAME_PLACE), strict=True):
            cells = uncovered(place.box, [boxes[number] for number in others.nonzero()[0]]) if others.any() else None
            count = place.now.size if cells is None else int(cells.sum())
            alike.setdefault(count, []).append((place, cells))
        for count, group in alike.items():
            places, visible = zip(*group, strict=True)
            _judge(places, visible, count)
        # What is kept hides as well as what is found: a plain side of a bus that was missed is no empty ground.
        standing = self._standing()
        for place in self._places:
            if place.empty_looks and _hidden(place.box, standing):
                place.empty_looks *= exactly_empty(place.now, place.filled, place.before, None)

    def _standing(self) -> list[Box]:
        """Where something has come and is kept: of what was there from the start nobody knows that it is a thing."""
        return [place.box for place in self._places if place.whole and place.before and not place.found]

    def _has_room(self) -> bool:
        """Whether another place can be kept, if need be instead of the oldest that is not confirmed."""
        if len(self._places) == _MOST:
            passing = next((place for place in self._places if not place.confirmed), None)
            if passing is None:
                return False
            self._places.remove(passing)
        return True


def _confirm(place: _Place) -> None:
    place.before = _before(place, place.past)
    place.confirmed, place.past = True, ()


def _is_another(place: _Place, boxes: Sequence[Box], overlap: npt.NDArray[np.float64]) -> bool:
    """Whether something else is found, in full sight, where this stood; `overlap`: IoU of each box with it."""
    if not len(boxes) or overlap.max() < _THERE or correlation(place.now, place.filled) >= _ANOTHER:
        return False
    beside = [boxes[number] for number in ((overlap > 0) & (overlap < _THERE)).nonzero()[0].tolist()]
    return bool(uncovered(place.box, beside).mean() >= _FULL)


def _before(place: _Place, past: _Past) -> tuple[Empty, ...]:
    """What was there before: the first looks, up to the one in which it had come, if they are enough.

    Else nothing is known: a single look that is unlike it may show it in the light of a car that turned. What a look
    hides of the place it does not tell; what comes while it is hidden is told from older ones.
    """
    for looks in past:
        patches = _before_it_came(place, looks)
        if patches:
            return patches
    return ()


def _before_it_came(place: _Place, past: Iterable[_Look]) -> tuple[Empty, ...]:
    """Looks that show all of the place, if they are enough, else those that show some of it as well."""
    looks = [(_in_sight(place.box, one), one.looks) for one in past]
    seen = [(one, count) for one, count in looks if enough(one.seen)]
    first = list(takewhile(lambda one: correlation(one[0].shows, place.filled, one[0].seen) < UNLIKE, seen))
    whole = [(one, count) for one, count in first if one.seen is None]
    for some in (whole, first):
        if sum(count for _, count in some) >= _KNOWN:
            return tuple(one for one, _ in some)
    return ()


def _in_sight(box: Box, look: _Look) -> Empty:
    cells = uncovered(box, _nearer(box, look.boxes))
    return Empty(patch(look.grey, box), None if cells.all() else cells)


def _nearer(box: Box, others: Iterable[Box]) -> list[Box]:
    """The boxes that are not farther from the camera than a place."""
    highest = box[3] - _LEVEL * (box[3] - box[1])
    return [other for other in others if other[3] >= highest]


def _hidden(box: Box, others: Iterable[Box]) -> bool:
    """Whether most of a place lies behind boxes that are not farther from the camera."""
    return bool(uncovered(box, _nearer(box, others)).mean() < _OPEN)


def _judge(places: Sequence[_Place], cells: Sequence[Cells | None], count: int) -> None:
    """Say of places what this look shows in `count` cells of each, those beside other boxes; None: all cells."""
    if count >= VISIBLE * places[0].now.size:
        now, filled = (centred(levels([getattr(place, look) for place in places], cells)) for look in ("now", "filled"))
        alike = likeness(now, filled)
        for place, like in zip(places, alike.tolist(), strict=True):
            if like >= ALIKE and not (place.confirmed or place.found):
                _confirm(place)
        whole = kept([(place.now, place.filled, place.before) for place in places], now, filled, alike, cells)
        empty = [
            not place.found and empty_again(place.now, place.filled, place.before, like, which)
            for place, like, which in zip(places, alike.tolist(), cells, strict=True)
        ]
    else:
        whole, alike = [False] * len(places), np.ones(len(places))
        empty = [
            not place.found and exactly_empty(place.now, place.filled, place.before, which)
            for place, which in zip(places, cells, strict=True)
        ]
    for place, is_whole, is_empty, like, which in zip(places, whole, empty, alike.tolist(), cells, strict=True):
        place.whole = is_whole and place.confirmed
        # What can be seen beside the boxes must not show something else than the part that is to be kept.
        in_part = which is not None and not is_empty and like >= UNLIKE
        place.kept = place.whole or (in_part and kept_in_part(place.now, place.filled, place.before))
        place.empty_looks = place.empty_looks + 1 if is_empty else 0
        unlike = like < UNLIKE and not (place.found or place.kept or is_empty)
        place.covered = unlike and neither(place.now, place.filled, place.before, which)


def _rounded(box: Box) -> Box:
    x1, y1, x2, y2 = (round(value, 4) for value in box)
    return (x1, y1, x2, y2)
