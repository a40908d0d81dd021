"""Whether a place where something stood shows again what was there before it came.

A detector that finds nothing says little: it misses what is dark, small or half hidden. Pixels say more. Of each place
where something was found twice, two coarse grey patches are kept: with it, and from before it came. A place that fits
the second and not the first is empty, at once and for certain enough that whatever stands there next is another. In
all other cases, and where nothing is known of before, nothing is said. Something else that nobody detects may pass for
an empty place where it is as plain as the ground, or where it has got much darker since: what stood there has left then
all the same, or is hidden as long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from models.interface import Detections, Image
from streams.instant import NS_PER_S, Instant
from vision.boxes import area, intersection, ious, normalised
from vision.interface import Box

Patch = npt.NDArray[np.float32]
"""Grey levels of 12 x 16 cells, without their mean."""

_CELLS = (16, 12)
_SAME_PLACE = 0.6
"""IoU of two boxes given for one object that stands; of several boxes the closest shows it."""
_UNLIKE = 0.6
"""Correlation: below it, a look at the place shows something else than what came to stand there."""
_STANDS = 0.25
"""... and so much more than the empty place itself has with it, at most, where it is gone."""
_SHARE = 0.3
"""Of the way from the empty place to what stood there: an empty place has gone no further."""
_REST = 0.5
"""Of that way's length: so much of a look may be explained by neither."""
_PLAIN = 2.0
"""Grey levels: with less contrast between the two, nothing can be told."""
_COVERED = 0.5
"""A place of which more lies under another box is not judged: a plain side of a bus may look like plain asphalt."""
_LEARN = 0.2
"""How much a new sighting counts in the patch with it."""
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
    """Looks from before the first sighting, oldest first, until there is a second one."""
    filled: Patch | None = None
    before: tuple[Patch, ...] = ()
    """What was there before it came, in a few looks; none: unknown."""
    empty_looks: int = 0
    """In a row."""


class EmptiedPlaces:
    """The memory of one view. Looks come in order of time; another size begins anew. Memory is bounded."""

    def __init__(self) -> None:
        self._places: list[_Place] = []
        self._past: deque[Image] = deque(maxlen=_PAST)
        self._size: tuple[int, int] | None = None
        self._now: tuple[Box, ...] = ()

    def look(self, at: Instant, image: Image | None, detections: Detections) -> tuple[Box, ...]:
        """Places, to four decimals, that are empty again, out of what the detector found in `image`.

        `image`: H x W x 3 BGR uint8 of the whole view at any scale; None: nothing has changed since the last look.
        """
        if image is None:
            return self._now
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
        if self._size != detections.size or (self._past and self._past[-1].shape != grey.shape):
            self._size = detections.size
            self._places.clear()
            self._past.clear()
        boxes = normalised(detections)
        self._find(at, grey, boxes)
        for place in self._places:
            found = place.last_ns == at.utc_ns
            place.empty_looks = place.empty_looks + 1 if not found and _is_empty(place, grey, boxes) else 0
        self._past.append(grey)
        self._now = tuple(_rounded(place.box) for place in self._places if place.empty_looks)
        self._places = [place for place in self._places if place.empty_looks < _SAID]
        return self._now

    def _find(self, at: Instant, grey: Image, boxes: Sequence[Box]) -> None:
        overlaps = ious([place.box for place in self._places], boxes)
        free = set(range(len(boxes)))
        for place, overlap in zip(self._places, overlaps, strict=True):
            best = int(overlap.argmax()) if len(boxes) else -1
            if best not in free or overlap[best] < _SAME_PLACE:
                continue
            free.discard(best)
            shown, place.last_ns = boxes[best], at.utc_ns
            if place.filled is None:
                place.box, place.filled = shown, _patch(grey, shown)
                place.before = _before(place)
                place.past = ()
            else:
                place.filled = place.filled + np.float32(_LEARN) * (_patch(grey, place.box) - place.filled)
        self._places = [
            place
            for place in self._places
            if at.utc_ns - place.last_ns <= (_BRIEF_NS if place.filled is None else _FORGET_NS)
        ]
        for number in sorted(free)[: max(0, _MOST - len(self._places))]:
            self._places.append(_Place(boxes[number], at.utc_ns, tuple(self._past)))


def _before(place: _Place) -> tuple[Patch, ...]:
    """The looks from before it came that show something else at its place."""
    assert place.filled is not None
    patches = [_patch(past, place.box) for past in place.past]
    return tuple(patch for patch in patches if _correlation(patch, place.filled) < _UNLIKE)


def _is_empty(place: _Place, grey: Image, boxes: Sequence[Box]) -> bool:
    filled = place.filled
    if filled is None or any(intersection(place.box, box) > _COVERED * area(place.box) for box in boxes):
        return False
    now = _patch(grey, place.box)
    likeness = _correlation(now, filled)
    if likeness > _UNLIKE + _STANDS:
        return False  # spares the rest where the detector only missed it
    return any(_is_again(now, empty, filled, likeness) for empty in place.before)


def _is_again(now: Patch, empty: Patch, filled: Patch, likeness: float) -> bool:
    """Whether a look shows the empty place, and not what stood in it; `likeness` is its correlation with the latter."""
    way = filled - empty
    length = float(np.sqrt((way * way).mean()))
    if length < _PLAIN:
        return False
    # Correlation is blind to how bright it is, so what still stands there is not called gone because night falls.
    if likeness > max(0.0, _correlation(empty, filled)) + _STANDS:
        return False
    gone = now - empty
    share = float((gone * way).mean()) / length**2
    rest = gone - np.float32(share) * way
    return share <= _SHARE and float(np.sqrt((rest * rest).mean())) <= _REST * length


def _rounded(box: Box) -> Box:
    x1, y1, x2, y2 = (round(value, 4) for value in box)
    return (x1, y1, x2, y2)


def _patch(grey: Image, box: Box) -> Patch:
    height, width = grey.shape
    x1, y1 = min(max(0, int(box[0] * width)), width - 1), min(max(0, int(box[1] * height)), height - 1)
    x2, y2 = min(width, max(x1 + 1, round(box[2] * width))), min(height, max(y1 + 1, round(box[3] * height)))
    part = grey[y1:y2, x1:x2].astype(np.float32)
    cells = np.asarray(cv2.resize(part, _CELLS, interpolation=cv2.INTER_AREA), np.float32)
    patch: Patch = cells - cells.mean()
    return patch


def _correlation(a: Patch, b: Patch) -> float:
    """Pearson's, -1..1; 0 where one of the two is flat."""
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 0 else 0.0
