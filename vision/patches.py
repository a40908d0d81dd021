"""Coarse grey patches of places in a view, and how alike two of them are where both can be seen."""

from __future__ import annotations

from collections.abc import Iterable

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
    a, b = about_mean(a, cells), about_mean(b, cells)
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 0 else 0.0


def about_mean(of: Patch, cells: Cells | None = None) -> Patch:
    """The cells' levels without their mean, in one dimension: how bright a look is says nothing of what it shows."""
    levels = of.ravel() if cells is None else of[cells]
    centred: Patch = levels - levels.mean() if levels.size else levels
    return centred
