"""Coarse grey patches of places in a view, and how alike two of them are where both can be seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from models.interface import Image
from vision.boxes import intersection
from vision.interface import Box

ROWS, COLUMNS = 12, 16
Patch = npt.NDArray[np.float32]
"""Mean grey levels (0..255) of `ROWS` x `COLUMNS` cells."""
Cells = npt.NDArray[np.bool_]
"""Of the same cells, those that are meant."""
Levels = npt.NDArray[np.float32]
"""Levels of some cells in the last axis; before it, of any number of patches."""


def patch(grey: Image, box: Box) -> Patch:
    """What a view (H x W uint8) shows in a box; a box smaller than a pixel shows that pixel."""
    height, width = grey.shape
    x1, y1 = min(max(0, int(box[0] * width)), width - 1), min(max(0, int(box[1] * height)), height - 1)
    x2, y2 = min(width, max(x1 + 1, round(box[2] * width))), min(height, max(y1 + 1, round(box[3] * height)))
    part = grey[y1:y2, x1:x2].astype(np.float32)
    return np.asarray(cv2.resize(part, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA), np.float32)


def uncovered(place: Box, others: Iterable[Box]) -> Cells:
    """The cells of a place that no other box covers, not even in part."""
    cells = np.ones((ROWS, COLUMNS), np.bool_)
    x1, y1, x2, y2 = place
    across, down = max(x2 - x1, 1e-9) / COLUMNS, max(y2 - y1, 1e-9) / ROWS
    for other in others:
        if intersection(place, other) > 0:
            left, right = int((other[0] - x1) / across), int(-(-(other[2] - x1) // across))
            top, bottom = int((other[1] - y1) / down), int(-(-(other[3] - y1) // down))
            cells[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = False
    return cells


def correlation(a: Patch, b: Patch, cells: Cells | None = None) -> float:
    """Pearson's, -1..1, over the cells; 0 where one of the two is flat, or nothing is to be seen."""
    return float(likeness(about_mean(a, cells), about_mean(b, cells)))


def about_mean(of: Patch, cells: Cells | None = None) -> Levels:
    """The cells' levels without their mean, in one dimension: how bright a look is says nothing of what it shows."""
    return centred(of.ravel() if cells is None else of[cells])


def levels(patches: Sequence[Patch], cells: Sequence[Cells | None]) -> Levels:
    """Of each patch the levels of its cells, as many for each; None: all of them.

    The rows lie in one piece, so that each is summed up to the very number that it would be alone.
    """
    rows = zip(patches, cells, strict=True)
    return np.stack([one.ravel() if which is None else one[which] for one, which in rows])


def centred(of: Levels) -> Levels:
    """Each row without its mean."""
    return of - of.mean(axis=-1, keepdims=True) if of.shape[-1] else of


def likeness(a: Levels, b: Levels) -> npt.NDArray[np.float64]:
    """Pearson's of each row of one with that of the other, rows being centred: the same as of each pair alone."""
    scale = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1), dtype=np.float32).astype(np.float64)
    alike: npt.NDArray[np.float64] = np.divide((a * b).sum(axis=-1), scale, out=np.zeros_like(scale), where=scale > 0)
    return alike
