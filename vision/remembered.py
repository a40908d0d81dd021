"""What pixels say of places where something came to stand: that it still stands there, or that it is gone.

A detector that finds nothing says little: it misses what is dark, small or half hidden. Pixels say more. Of each place
where something was seen twice, two coarse grey patches are kept: with it, and from before it came. A look that fits
the first and not the second shows it still, whether a detector finds it or not (*kept*). One that fits the second and
not the first shows an empty place, at once and for certain enough that whatever stands there next is another
(*emptied*). In all other cases nothing is said. What other boxes cover is left out of the comparison. Where nothing is
known of before, a place can be kept but not emptied. Something else that nobody detects may pass for an empty place
where it is as plain as the ground, or where it has got much darker since: what stood there has left then all the same,
or is hidden as long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

import cv2
import numpy as np

from models.interface import Detections, Image
from streams.instant import NS_PER_S, Instant
from vision.boxes import ious, normalised
from vision.interface import Box, PixelEvidence
from vision.patches import Cells, Patch, about_mean, correlation, patch, uncovered

_SAME_PLACE = 0.6
"""IoU of two boxes given for one object that stands; of several boxes the closest shows it."""
_UNLIKE = 0.6
"""Correlation: below it, a look at the place shows something else than what came to stand there."""
_ALIKE = 0.8
"""Correlation: from it on, a look shows what came to stand there, if the empty place is less like it."""
_STANDS = 0.25
"""... and so much more than the empty place itself has with it, at most, where it is gone."""
_SHARE = 0.3
"""Of the way from the empty place to what stood there: an empty place has gone no further."""
_REST = 0.5
"""Of that way's length: so much of a look may be explained by neither."""
_PLAIN = 2.0
"""Grey levels: with less contrast between the two, nothing can be told."""
_VISIBLE = 0.25
"""A place of which less can be seen beside other boxes is not judged."""
_CLEAR, _NEAR = 12.0, 0.3
"""Grey levels by which a cell tells what stood there from the empty place, and the share of them it may be off."""
_PART, _GONE = 0.25, 0.1
"""Of the cells that tell: shown in one piece, at least, and like the empty place, at most, for a kept part."""
_LEARN = 0.2
"""How much a new sighting counts in the patch with it."""
_KNOWN = 2
"""Looks from before it came, at least."""
_SAID = 4
"""Looks in a row in which a place is said to be empty, before it is forgotten."""
_MOST = 64
_PAST = 8
_FORGET_NS = 1800 * NS_PER_S
_BRIEF_NS = 30 * NS_PER_S
"""A place is forgotten when nothing was found there for so long; after a single sighting, earlier."""


@dataclass(slots=True)
class _Place:
    box: Box
    last_ns: int
    """When something was found there last."""
    past: tuple[Image, ...]
    """Looks from before the first sighting, oldest first, until it is confirmed."""
    filled: Patch
    confirmed: bool = False
    """Whether a second look showed it as well: most of what is found once only passes."""
    before: tuple[Patch, ...] = ()
    """What was there before it came, in a few looks; none: unknown."""
    empty_looks: int = 0
    """In a row."""
    kept: bool = False
    found: bool = True
    """In the last look, like `kept`."""

    @property
    def shown(self) -> bool:
        return self.kept or self.found


class RememberedPlaces:
    """The memory of one view. Looks come in order of time; another size begins anew. Memory is bounded."""

    def __init__(self) -> None:
        self._places: list[_Place] = []
        self._past: deque[Image] = deque(maxlen=_PAST)
        self._size: tuple[int, int] | None = None
        self._emptied: tuple[Box, ...] = ()

    def look(self, at: Instant, image: Image | None, detections: Detections) -> PixelEvidence:
        """What pixels say, places to four decimals, of what the detector found in `image` and in looks before.

        `image`: H x W x 3 BGR uint8 of the whole view at any scale; None: nothing has changed since the last look.
        """
        if image is None:
            return self._unchanged()
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
        if self._size != detections.size or (self._past and self._past[-1].shape != grey.shape):
            self._size = detections.size
            self._places.clear()
            self._past.clear()
        boxes = normalised(detections)
        self._find(at, grey, boxes)
        overlaps = ious([place.box for place in self._places], boxes)
        for place, overlap in zip(self._places, overlaps, strict=True):
            others = [box for box, shared in zip(boxes, overlap, strict=True) if shared < _SAME_PLACE]
            _judge(place, grey, others)
        self._past.append(grey)
        self._emptied = tuple(_rounded(place.box) for place in self._places if place.empty_looks)
        self._places = [place for place in self._places if place.empty_looks < _SAID]
        return self._evidence()

    def _unchanged(self) -> PixelEvidence:
        """What was found in the last look is kept: it would have moved on if it did not stand."""
        for place in self._places:
            if place.found and not place.kept:
                place.kept = True
                if not place.confirmed:
                    _confirm(place)
        return self._evidence()

    def _evidence(self) -> PixelEvidence:
        return PixelEvidence(self._emptied, tuple(_rounded(place.box) for place in self._places if place.kept))

    def _find(self, at: Instant, grey: Image, boxes: Sequence[Box]) -> None:
        overlaps = ious([place.box for place in self._places], boxes)
        free = set(range(len(boxes)))
        for place, overlap in zip(self._places, overlaps, strict=True):
            shown_before, place.found = place.shown, False
            best = int(overlap.argmax()) if len(boxes) else -1
            if best not in free or overlap[best] < _SAME_PLACE:
                continue
            free.discard(best)
            shown, place.last_ns = boxes[best], at.utc_ns
            if place.confirmed:
                if not (place.before or shown_before):
                    place.before = _before(place, self._past)
                place.filled = place.filled + np.float32(_LEARN) * (patch(grey, place.box) - place.filled)
            else:
                place.box, place.filled = shown, patch(grey, shown)
                _confirm(place)
            place.found = True
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
            self._places.append(_Place(box, at.utc_ns, tuple(self._past), patch(grey, box)))
            taken |= ious([box], boxes)[0] >= _SAME_PLACE

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


def _before(place: _Place, past: Iterable[Image]) -> tuple[Patch, ...]:
    """What was there before: the first looks, up to the one in which it had come, if they are enough.

    Else nothing is known: a single look that is unlike it may show it in the light of a car that turned.
    """
    patches = [patch(one, place.box) for one in past]
    first = tuple(takewhile(lambda one: correlation(one, place.filled) < _UNLIKE, patches))
    return first if len(first) >= _KNOWN else ()


def _judge(place: _Place, grey: Image, others: Sequence[Box]) -> None:
    """Say of a place what this look shows beside `others`, the boxes of other objects."""
    now, cells = patch(grey, place.box), uncovered(place.box, others)
    place.kept, empty = False, False
    if cells.mean() >= _VISIBLE:
        likeness = correlation(now, place.filled, cells)
        if not (place.confirmed or place.found) and likeness >= _ALIKE:
            _confirm(place)
        place.kept = _is_kept(place, now, likeness, cells)
        if not place.found and likeness <= _UNLIKE + _STANDS:
            empty = any(_is_again(now, before, place.filled, likeness, cells) for before in place.before)
    elif not place.found:
        empty = any(_is_exactly(now, before, place.filled) for before in place.before)
    place.kept = place.kept or _is_kept_in_part(place, now)
    place.empty_looks = place.empty_looks + 1 if empty else 0


def _is_kept(place: _Place, now: Patch, likeness: float, cells: Cells) -> bool:
    """Whether a look shows what stood there, and the empty place less; `likeness` is its correlation with it."""
    if not place.confirmed or likeness < _ALIKE or float(about_mean(place.filled, cells).std()) < _PLAIN:
        return False
    return all(correlation(now, before, cells) + _STANDS / 2 < likeness for before in place.before)


def _is_kept_in_part(place: _Place, now: Patch) -> bool:
    """Whether a look shows an unbroken part of what stood there, though boxes cover it: a bus is no full rectangle.

    Only cells count that tell it from the empty place, and levels have to be what they were: correlation would find
    some likeness in any part. So nothing is said once the light has changed.
    """
    return bool(place.before) and all(_part_of(now, place.filled, before) >= _PART for before in place.before)


def _part_of(now: Patch, filled: Patch, empty: Patch) -> float:
    """The largest unbroken part, of all cells that tell, in which a look shows what stood there; 0 where unclear."""
    way = np.abs(filled - empty)
    tells = way >= _CLEAR
    stands = tells & (np.abs(now - filled) <= _NEAR * way)
    gone = tells & (np.abs(now - empty) <= _NEAR * way)
    if tells.mean() < _VISIBLE or gone.sum() > _GONE * tells.sum():
        return 0.0
    _, labels = cv2.connectedComponents((stands | ~tells).astype(np.uint8), connectivity=4)
    sizes = np.bincount(np.asarray(labels)[stands])
    return float(sizes.max(initial=0)) / float(tells.sum())


def _is_exactly(now: Patch, empty: Patch, filled: Patch) -> bool:
    """Whether a look shows what was there before, though boxes cover it: then those stood there already.

    The side of a bus may be as plain as the ground, but it has not its structure.
    """
    if float(empty.std()) < _PLAIN:
        return False
    everything = np.ones(now.shape, np.bool_)
    likeness = correlation(now, filled)
    return correlation(now, empty) >= _ALIKE and _is_again(now, empty, filled, likeness, everything)


def _is_again(now: Patch, empty: Patch, filled: Patch, likeness: float, cells: Cells) -> bool:
    """Whether a look shows the empty place, and not what stood in it; `likeness` is its correlation with the latter."""
    # Correlation is blind to how bright it is, so what still stands there is not called gone because night falls.
    if likeness > max(0.0, correlation(empty, filled, cells)) + _STANDS:
        return False
    way = about_mean(filled, cells) - about_mean(empty, cells)
    length = float(np.sqrt((way * way).mean()))
    if length < _PLAIN:
        return False
    gone = about_mean(now, cells) - about_mean(empty, cells)
    share = float((gone * way).mean()) / length**2
    rest = gone - np.float32(share) * way
    return share <= _SHARE and float(np.sqrt((rest * rest).mean())) <= _REST * length


def _rounded(box: Box) -> Box:
    x1, y1, x2, y2 = (round(value, 4) for value in box)
    return (x1, y1, x2, y2)
