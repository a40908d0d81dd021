"""Parasols that a detector sees, as far as pixels bear it out.

Detectors are unsure of parasols, and miss most of them in one look; but they call the same place one again and again.
What hangs looks as if it stood far behind the place above which it hangs, and hides what stands there: so it is told
from that, however closely they touch in the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi

import cv2
import numpy as np
import numpy.typing as npt

from models.interface import Detections
from streams.instant import NS_PER_S
from vision.boxes import area, intersection, iou, normalised
from vision.interface import Box

Mask = npt.NDArray[np.bool_]

CLASS = "umbrella"
"""COCO name."""
_MIN_SCORE = 0.1
_SAME = 0.5
_LOOKS, _RATE = 8, 0.45
"""So many looks after it was called one first, in so many of them it must have been."""
_MOST_LOOKS = 60
"""After so many, older looks count half."""
_CALLED, _PART = 2, (0.25, 0.9)
"""Where one has opened beside something else: looks in which a detector called it one, and share, at least and at most,
of what has come that this box takes."""
_FORGET_NS = 90 * NS_PER_S
_MOST = 16
_FILLS = 0.55
"""Share of the oval in its box that a canopy fills."""
_SLACK = 3
"""Pixels that a box may be too small by."""
_POLE = 9
"""Pixels: what is no wider is a pole."""
_OTHER = 0.12
"""Share of a canopy: what touches it and is no larger is its foot, or noise."""


@dataclass(slots=True)
class _Seen:
    box: Box
    last_ns: int
    told: int = 1
    """Looks in which it was called one."""
    looks: int = 1
    """... of so many since it was first."""
    opened: bool = False
    """It was seen to open."""

    @property
    def sure(self) -> bool:
        return self.looks >= _LOOKS and self.told >= _RATE * self.looks


class Parasols:
    """Where a detector keeps seeing parasols in one view. Memory is bounded."""

    def __init__(self) -> None:
        self._seen: list[_Seen] = []

    def look(self, now_ns: int, detections: Detections) -> None:
        """Take in the boxes of one look."""
        self._seen = [one for one in self._seen if now_ns - one.last_ns <= _FORGET_NS]
        for one in self._seen:
            if one.told >= _MOST_LOOKS:
                continue
            one.looks += 1
            if one.looks > _MOST_LOOKS:
                one.looks, one.told = one.looks // 2, (one.told + 1) // 2
        for box, name, score in zip(normalised(detections), detections.names, detections.score, strict=True):
            if name != CLASS or float(score) < _MIN_SCORE:
                continue
            known = max(self._seen, key=lambda one: iou(one.box, box), default=None)
            if known is not None and iou(known.box, box) >= _SAME:
                known.told += known.last_ns < now_ns
                known.box, known.last_ns = _between(known.box, box), now_ns
            elif len(self._seen) < _MOST:
                self._seen.append(_Seen(box, now_ns))

    def opened(self, now_ns: int, box: Box, alone: bool = True) -> bool:
        """One was seen to open there, whatever a detector says; whether it is known where.

        `alone`: the box is that of the canopy. Else it is about something else as well, and a detector must have called
        a part of it a parasol.
        """
        if not alone:
            within = [one for one in self._seen if one.told >= _CALLED and _lies_in(one.box, box)]
            if not within:
                return False
            box = max(within, key=lambda one: (one.told, one.box)).box
        self._seen = [one for one in self._seen if iou(one.box, box) < _SAME][-_MOST + 1 :]
        self._seen.append(_Seen(box, now_ns, _MOST_LOOKS, _MOST_LOOKS, opened=True))
        return True

    def stands(self, now_ns: int, box: Box) -> None:
        """Pixels show that what was called one still is there."""
        for one in self._seen:
            if one.sure and iou(one.box, box) >= _SAME:
                one.last_ns = now_ns

    def told_apart(
        self, solid: Mask, origin: tuple[int, int], size: tuple[int, int], hangs: Callable[[Mask], bool]
    ) -> list[tuple[Mask, bool]]:
        """`solid`, a mask at `origin` of a picture of `size`, as canopies and the rest; whether each is a canopy.

        `hangs`: whether pixels bear out that a mask hangs above the ground. Detectors call heaps of fruit parasols too.
        """
        canopies: list[tuple[Mask, bool]] = []
        rest = solid
        for one in sorted(self._seen, key=lambda seen: (-seen.told, seen.box)):
            if not one.sure or not rest.any():
                continue
            x1, y1, x2, y2 = one.box
            left, top = round(x1 * size[0]) - origin[0] - _SLACK, round(y1 * size[1]) - origin[1] - _SLACK
            right, bottom = round(x2 * size[0]) - origin[0] + _SLACK, round(y2 * size[1]) - origin[1] + _SLACK
            window = np.zeros_like(rest)
            window[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = True
            canopy = rest & window
            oval = pi / 4 * (right - left) * (bottom - top)
            if np.count_nonzero(canopy) < _FILLS * oval or not (one.opened or hangs(canopy)):
                continue
            other = cv2.morphologyEx((rest & ~window).view(np.uint8), cv2.MORPH_OPEN, np.ones((_POLE, _POLE), np.uint8))
            if np.count_nonzero(other) < _OTHER * np.count_nonzero(canopy):
                canopies.append((rest, True))
                return canopies
            canopies.append((canopy, True))
            rest = rest & ~canopy
        return [*canopies, (rest, False)] if rest.any() else canopies


def _lies_in(one: Box, whole: Box) -> bool:
    """Whether a box is a part of another one."""
    return intersection(one, whole) >= _PART[1] * area(one) and _PART[0] <= area(one) / area(whole) <= _PART[1]


def _between(a: Box, b: Box) -> Box:
    x1, y1, x2, y2 = (0.7 * old + 0.3 * new for old, new in zip(a, b, strict=True))
    return (x1, y1, x2, y2)
