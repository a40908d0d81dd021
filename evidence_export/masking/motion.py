"""What moves before a fixed camera: a second pair of eyes, which needs no model and so misses other things than one.

The median of frames spread over a clip is the street without what passes. Where a frame differs from it and no box
explains why, something passes that the models missed.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from evidence_export.masking.areas import pixels_of
from evidence_export.masking.interface import Box
from models.interface import Image

WIDTH = 480
"""Pictures are reduced to this width before they are compared."""
LEAST_DIFFERENCE = 16.0
NOISES = 6.0
"""A difference counts from `LEAST_DIFFERENCE` levels on, and from so many times the usual one of the frame."""
LEAST_PIXELS = 36
"""Of the reduced picture: what is smaller is noise, rain or leaves, and no head in it can be told."""
BLOCK = 8
"""What moves is painted over in blocks of so many pixels of the reduced picture."""
AROUND = 15, 9
"""Rows and columns of the reduced picture by which that grows: a head before something of its own brightness hardly
differs, and the shoulders below it do."""
MOST = 0.4
"""Where more of the picture changed than this share, it was the light or the camera, and nothing can be told."""
MOST_SAMPLES = 60

Luma = npt.NDArray[np.uint8]


class Background:
    """The street without what passes. Takes H x W uint8 lumas, all of one size."""

    def __init__(self, samples: Sequence[Luma], size: tuple[int, int]) -> None:
        """`samples`: at most `MOST_SAMPLES` reduced lumas (`reduced`) spread over the clip; `size` of its pictures."""
        self._median = np.median(np.stack(samples), axis=0).astype(np.float32)
        self._size = size

    def moving(self, luma: Luma, explained: Sequence[Box]) -> list[Box] | None:
        """What differs and lies outside of all `explained` boxes, in pixels of the full picture.

        None where so much differs that nothing can be told.
        """
        apart = reduced(luma).astype(np.float32) - self._median
        apart = np.abs(apart - np.median(apart))
        noise = float(np.median(apart)) * 1.4826
        changed = (cv2.blur(apart, (3, 3)) > max(LEAST_DIFFERENCE, NOISES * noise)).astype(np.uint8)
        if changed.mean() > MOST:
            return None
        height, width = changed.shape
        scale = self._size[0] / width, self._size[1] / height
        for box in explained:
            x1, y1, x2, y2 = box
            changed[pixels_of((x1 / scale[0], y1 / scale[1], x2 / scale[0], y2 / scale[1]), (width, height))] = 0
        changed = np.asarray(cv2.morphologyEx(changed, cv2.MORPH_CLOSE, np.ones((7, 5), np.uint8)), np.uint8)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(changed, connectivity=8)
        large = stats[:, cv2.CC_STAT_AREA] >= LEAST_PIXELS
        large[0] = False
        rows, columns = -(-height // BLOCK), -(-width // BLOCK)
        padded = np.zeros((rows * BLOCK, columns * BLOCK), np.uint8)
        padded[:height, :width] = cv2.dilate(large[labels].astype(np.uint8), np.ones(AROUND, np.uint8))
        blocks = padded.reshape(rows, BLOCK, columns, BLOCK).max(axis=(1, 3))
        step = BLOCK * scale[0], BLOCK * scale[1]
        return [
            (first * step[0], row * step[1], last * step[0], (row + 1) * step[1])
            for row in range(rows)
            for first, last in _runs(blocks[row])
        ]


def _runs(flags: npt.NDArray[np.uint8]) -> list[tuple[int, int]]:
    """From where to where (the end left out) the flags are set."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def reduced(luma: Image) -> Luma:
    """A luma plane (H x W uint8), not wider than `WIDTH`."""
    height, width = luma.shape
    if width <= WIDTH:
        return np.ascontiguousarray(luma)
    return np.asarray(cv2.resize(luma, (WIDTH, round(height * WIDTH / width)), interpolation=cv2.INTER_AREA), np.uint8)
