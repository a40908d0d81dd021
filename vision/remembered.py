"""What pixels say of places where something came to stand: that it still stands there, or that it is gone.

A detector that finds nothing says little: it misses what is dark, small or half hidden. Pixels say more. Of each place
where something was seen twice, coarse grey patches are kept: with it, and from before it came, when nothing hid the
place. A look that fits the first and none of the others shows it still, whether a detector finds it or not (*kept*).
One that fits most of those and not the first shows an empty place, at once and for certain enough that whatever stands
there next is another (*emptied*). In all other cases nothing is said. What other boxes cover is left out of the
comparison. Where nothing is known of before, a place can be kept but not emptied. What is found in a place that showed
something else in this look than it is known for is another thing: the place begins anew. Something else that nobody
detects may pass for an empty place where it is as plain as the ground, or where it has got much darker since: what
stood there has left then all the same, or is hidden as long.
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
from vision.patches import Cells, Levels, Patch, about_mean, centred, correlation, levels, likeness, patch, uncovered

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
_OPEN, _LEVEL = 0.5, 0.05
"""Of a place, so much has to be free where a look is to show what was there before, of boxes that end no higher in the
picture than this share of its height."""
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
    before: tuple[Patch, ...] = ()
    """What was there before it came, in a few looks; none: unknown."""
    empty_looks: int = 0
    """In a row."""
    kept: bool = False
    whole: bool = False
    """Kept, and not in part only."""
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
        for number, (place, overlap) in enumerate(zip(self._places, overlaps, strict=True)):
            shown_before, place.found, place.now = place.shown, False, patch(grey, place.box)
            best = int(overlap.argmax()) if len(boxes) else -1
            if best not in free or overlap[best] < _SAME_PLACE:
                continue
            free.discard(best)
            place.found, place.last_ns = True, at.utc_ns
            if place.confirmed and not shown_before and correlation(place.now, place.filled) < _UNLIKE:
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
            if place.empty_looks and _hidden(place.box, standing) and not _is_exactly_empty(place):
                place.empty_looks = 0

    def _standing(self) -> list[Box]:
        """Where something has come and is kept: of what was there from the start nobody knows that it is a thing."""
        return [place.box for place in self._places if place.whole and place.before]

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


def _before(place: _Place, past: _Past) -> tuple[Patch, ...]:
    """What was there before: the first looks, up to the one in which it had come, if they are enough.

    Else nothing is known: a single look that is unlike it may show it in the light of a car that turned. Looks in which
    the place was hidden say nothing of it; what comes while it is hidden is told from older ones.
    """
    for looks in past:
        patches = _before_it_came(place, looks)
        if patches:
            return patches
    return ()


def _before_it_came(place: _Place, past: Iterable[_Look]) -> tuple[Patch, ...]:
    seen = [(patch(one.grey, place.box), one.looks) for one in past if not _hidden(place.box, one.boxes)]
    first = list(takewhile(lambda one: correlation(one[0], place.filled) < _UNLIKE, seen))
    return tuple(one for one, _ in first) if sum(looks for _, looks in first) >= _KNOWN else ()


def _hidden(box: Box, others: Iterable[Box]) -> bool:
    """Whether most of a place lies behind boxes that are not farther from the camera."""
    highest = box[3] - _LEVEL * (box[3] - box[1])
    return bool(uncovered(box, [other for other in others if other[3] >= highest]).mean() < _OPEN)


def _judge(places: Sequence[_Place], cells: Sequence[Cells | None], count: int) -> None:
    """Say of places what this look shows in `count` cells of each, those beside other boxes; None: all cells."""
    if count >= _VISIBLE * places[0].now.size:
        now, filled = (centred(levels([getattr(place, look) for place in places], cells)) for look in ("now", "filled"))
        alike = likeness(now, filled)
        for place, like in zip(places, alike.tolist(), strict=True):
            if like >= _ALIKE and not (place.confirmed or place.found):
                _confirm(place)
        kept = _are_kept(places, now, filled, alike, cells)
        empty = [
            not place.found
            and like <= _UNLIKE + _STANDS
            and _most(_is_again(place.now, before, place.filled, like, which) for before in place.before)
            for place, like, which in zip(places, alike.tolist(), cells, strict=True)
        ]
    else:
        kept = [False] * len(places)
        alike = np.ones(len(places))
        empty = [not place.found and _is_exactly_empty(place) for place in places]
    for place, is_kept, like, is_empty, which in zip(places, kept, alike.tolist(), empty, cells, strict=True):
        place.whole = is_kept
        # What can be seen beside the boxes must not show something else than the part that is to be kept.
        in_part = which is not None and not is_empty and like >= _UNLIKE
        place.kept = is_kept or (in_part and _is_kept_in_part(place))
        place.empty_looks = place.empty_looks + 1 if is_empty else 0


def _are_kept(
    places: Sequence[_Place],
    now: Levels,
    filled: Levels,
    alike: npt.NDArray[np.float64],
    cells: Sequence[Cells | None],
) -> list[bool]:
    """Whether a look shows what stood there, and the empty place less; `alike` is its correlation with it."""
    kept = (alike >= _ALIKE) & (filled.std(axis=-1) >= _PLAIN) & [place.confirmed for place in places]
    compared = [(i, before) for i in kept.nonzero()[0].tolist() for before in places[i].before]
    if compared:
        numbers = [i for i, _ in compared]
        empty = levels([before for _, before in compared], [cells[i] for i in numbers])
        close = likeness(now[numbers], centred(empty)) + _STANDS / 2 >= alike[numbers]
        kept[np.array(numbers)[close]] = False
    return [bool(one) for one in kept]


def _is_kept_in_part(place: _Place) -> bool:
    """Whether a look shows an unbroken part of what stood there, though boxes cover it: a bus is no full rectangle.

    Only cells count that tell it from the empty place, and levels have to be what they were: correlation would find
    some likeness in any part. So nothing is said once the light has changed.
    """
    if not place.before:
        return False
    empty = np.stack(place.before)
    way = np.abs(place.filled - empty)
    tells = way >= _CLEAR
    stands = tells & (np.abs(place.now - place.filled) <= _NEAR * way)
    gone = tells & (np.abs(place.now - empty) <= _NEAR * way)
    told = tells.sum(axis=(1, 2))
    if (told < _VISIBLE * tells[0].size).any() or (gone.sum(axis=(1, 2)) > _GONE * told).any():
        return False
    # No part of it is larger than all of it: most of what is hidden needs no closer look.
    if (stands.sum(axis=(1, 2)) < _PART * told).any():
        return False
    return all(_largest(a, b) >= _PART * count for a, b, count in zip(stands, tells, told.tolist(), strict=True))


def _largest(stands: Cells, tells: Cells) -> int:
    """Cells of the largest part in which a look shows what stood there, unbroken by others that tell."""
    _, labels = cv2.connectedComponents((stands | ~tells).astype(np.uint8), connectivity=4)
    return int(np.bincount(np.asarray(labels)[stands]).max(initial=0))


def _most(said: Iterable[bool]) -> bool:
    """Whether half of the looks from before say so, at least: one of them may show what only passed."""
    answers = list(said)
    return bool(answers) and 2 * sum(answers) >= len(answers)


def _is_exactly_empty(place: _Place) -> bool:
    return _most(_is_exactly(place.now, before, place.filled) for before in place.before)


def _is_exactly(now: Patch, empty: Patch, filled: Patch) -> bool:
    """Whether a look shows what was there before, though boxes cover it: then those stood there already.

    The side of a bus may be as plain as the ground, but it has not its structure.
    """
    if float(empty.std()) < _PLAIN:
        return False
    return correlation(now, empty) >= _ALIKE and _is_again(now, empty, filled, correlation(now, filled), None)


def _is_again(now: Patch, empty: Patch, filled: Patch, like: float, cells: Cells | None) -> bool:
    """Whether a look shows the empty place, and not what stood in it; `like` is its correlation with the latter."""
    # Correlation is blind to how bright it is, so what still stands there is not called gone because night falls.
    if like > max(0.0, correlation(empty, filled, cells)) + _STANDS:
        return False
    shows, ground = about_mean(now, cells), about_mean(empty, cells)
    # Nor does it ask for the contrast that the ground had in the light of then: lamps and shadows change it.
    if min(float(shows.std()), float(ground.std())) >= _PLAIN and float(likeness(shows, ground)) >= _ALIKE:
        return True
    way = about_mean(filled, cells) - ground
    length = float(np.sqrt((way * way).mean()))
    if length < _PLAIN:
        return False
    gone = shows - ground
    share = float((gone * way).mean()) / length**2
    rest = gone - np.float32(share) * way
    return share <= _SHARE and float(np.sqrt((rest * rest).mean())) <= _REST * length


def _rounded(box: Box) -> Box:
    x1, y1, x2, y2 = (round(value, 4) for value in box)
    return (x1, y1, x2, y2)
