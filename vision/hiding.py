"""Which boxes of people and vehicles hide what is behind them, as parts of a view."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.interface import Detections
from vision.boxes import normalised

Mask = npt.NDArray[np.bool_]
Part = tuple[slice, slice]
"""A rectangle of the view: rows, columns."""

MOVING = frozenset({"person", "bicycle", "motorcycle", "car", "bus", "truck", "train", "dog", "cat", "bird"})
"""Classes whose boxes hide the ground, COCO names."""
_MIN_SCORE = 0.3
_SHOWS_OF_IT = 0.12
"""Share of its box in which a person or a vehicle looks other than what is known to be there."""
_MOST_HIDDEN = 0.3
"""Of the view: what a larger box covers is looked at all the same to tell how the light is."""


def boxes(detections: Detections, size: tuple[int, int], origin: tuple[int, int]) -> list[Part]:
    """People and vehicles, as parts of a view whose upper left pixel is `origin` of a picture of `size`."""
    width, height = size
    left, top = origin
    found = []
    for box, name, score in zip(normalised(detections), detections.names, detections.score, strict=True):
        if name in MOVING and score >= _MIN_SCORE:
            x1, y1 = int(box[0] * width) - left - 2, int(box[1] * height) - top - 2
            x2, y2 = int(box[2] * width) - left + 3, int(box[3] * height) - top + 3
            found.append((slice(max(0, y1), max(0, y2)), slice(max(0, x1), max(0, x2))))
    return found


def covered(parts: Sequence[Part], shape: Sequence[int]) -> Mask:
    """Where a view of `shape` lies in any of them."""
    where = np.zeros(tuple(shape[:2]), np.bool_)
    for part in parts:
        where[part] = True
    return where


def usual(parts: Sequence[Part], shape: Sequence[int]) -> Mask:
    """Where it lies in any but the largest: a box about all of a street is a mistake."""
    most = _MOST_HIDDEN * shape[0] * shape[1]
    return covered([part for part in parts if _size(part) <= most], shape)


def _size(box: Part) -> int:
    rows, columns = box
    return int(max(0, rows.stop - rows.start) * max(0, columns.stop - columns.start))


def stands_in(box: Part, unknown: Mask) -> bool:
    """Whether anything can stand in a box: detectors find vehicles in what shows nothing but the street, or goods that
    are known to stand there."""
    seen = unknown[box]
    return bool(seen.size) and float(np.count_nonzero(seen)) >= _SHOWS_OF_IT * seen.size
