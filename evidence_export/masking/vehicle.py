"""The place where the case's vehicle stands, as the only part of a picture that is shown; needs no model.

The vehicle does not move while it stands: whatever differs there from the median of that time is something else, which
passes before it, and is hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from evidence_export.masking.areas import larger, overlap, pixels_of
from evidence_export.masking.frames import Planes, views
from evidence_export.masking.interface import Box
from evidence_export.masking.motion import LEAST_DIFFERENCE, NOISES, Luma
from evidence_export.masking.own import Own

BLOCK = 8
"""What differs is hidden in blocks of so many pixels, and with the blocks around it."""
AROUND = 0.02


def part_of(own: Own, size: tuple[int, int]) -> tuple[slice, slice] | None:
    """Rows and columns of a picture of `size` (even) that are shown; None: nothing is."""
    place = own.place(size)
    return None if place is None else pixels_of(larger(place, AROUND), size, 2)


class Standing:
    """Shows the vehicle's place."""

    def __init__(self, own: Own, size: tuple[int, int], samples: Iterable[Luma]) -> None:
        """`samples`: the part (`part_of`) of lumas of frames in which it stands; without any, nothing is shown."""
        self._size = size
        self._slices = part_of(own, size)
        parts = [] if self._slices is None else list(samples)
        self._usual = np.median(np.stack(parts), axis=0).astype(np.float32) if parts else None

    @property
    def place(self) -> Box | None:
        """What is shown, in pixels; None: nothing."""
        if self._slices is None or self._usual is None:
            return None
        rows, columns = self._slices
        return columns.start, rows.start, columns.stop, rows.stop

    def hidden(self, luma: Luma) -> list[Box]:
        """Where something stands or passes before the vehicle, in pixels; all of it where most differs."""
        place = self.place
        if place is None or self._slices is None or self._usual is None:
            return []
        apart = luma[self._slices].astype(np.float32) - self._usual
        apart = np.abs(apart - np.median(apart))
        noise = float(np.median(apart)) * 1.4826
        differs = cv2.blur(apart, (3, 3)) > max(LEAST_DIFFERENCE, NOISES * noise)
        height, width = differs.shape
        padded = np.zeros((-(-height // BLOCK) * BLOCK, -(-width // BLOCK) * BLOCK), bool)
        padded[:height, :width] = differs
        blocks = padded.reshape(padded.shape[0] // BLOCK, BLOCK, -1, BLOCK).sum(axis=(1, 3)) >= BLOCK
        grown = np.asarray(cv2.dilate(blocks.astype(np.uint8), np.ones((3, 3), np.uint8)), bool)
        if grown.mean() > 0.5:
            return [place]
        return [
            (place[0] + x * BLOCK, place[1] + y * BLOCK, place[0] + (x + 1) * BLOCK, place[1] + (y + 1) * BLOCK)
            for y, x in zip(*np.nonzero(grown), strict=True)
        ]

    def copy(self, shown: Planes, into: Planes) -> None:
        """Copy the place from one frame's planes into another's."""
        if self._slices is None:
            return
        for factor, source, target in zip((1, 2, 2), views(shown, self._size), views(into, self._size), strict=True):
            part = tuple(slice(one.start // factor, one.stop // factor) for one in self._slices)
            target[part] = source[part]

    def within(self, boxes: Sequence[Box]) -> list[Box]:
        """The parts of boxes that lie in the place."""
        place = self.place
        if place is None:
            return []
        return [
            (max(a[0], place[0]), max(a[1], place[1]), min(a[2], place[2]), min(a[3], place[3]))
            for a in boxes
            if overlap(a, place) > 0
        ]
