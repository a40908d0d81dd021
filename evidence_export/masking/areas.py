"""Which part of a box has to be painted over, and painting it.

What is painted over is painted in one grey. A blur or a mosaic can be undone in part, the more so in a video, where
each frame shows the same head through other cells; one colour holds nothing of what was there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from evidence_export.masking.interface import Box
from models.interface import Image

GREY = 114
"""Of a picture's three channels, and of the luma of a video."""
HEAD = 0.4
"""Upper share of a person's box that is painted over; the head of one who stands is about an eighth."""
HEAD_CUT = 0.6
"""The same where the box is less than twice as high as wide: someone sits or rides, or is seen from the chest up."""
AROUND = 0.1
"""By which share of its size a head's patch is larger on each side."""
PLATE_BAND = 0.6
"""Lower share of a vehicle's box in which its plate is."""
PLATE_AROUND = 0.25
FACE_AROUND = 0.5


def head_of(box: Box) -> Box:
    """The part of a person's box that holds the head, and some more of it."""
    x1, y1, x2, y2 = box
    share = HEAD if y2 - y1 >= 2 * (x2 - x1) else HEAD_CUT
    return larger((x1, y1, x2, y1 + share * (y2 - y1)), AROUND)


def plate_band_of(box: Box) -> Box:
    """The part of a vehicle's box that holds its plate, from wherever it is seen."""
    x1, y1, x2, y2 = box
    return larger((x1, y2 - PLATE_BAND * (y2 - y1), x2, y2), 0.05)


def rider_of(box: Box) -> Box:
    """Where the rider of a motorcycle or bicycle is, and the machine itself."""
    x1, y1, x2, y2 = box
    return larger((x1, y1 - 0.8 * (y2 - y1), x2, y2), AROUND)


def larger(box: Box, share: float) -> Box:
    """The box, larger by `share` of its width and height on each side."""
    x1, y1, x2, y2 = box
    across, down = (x2 - x1) * share, (y2 - y1) * share
    return x1 - across, y1 - down, x2 + across, y2 + down


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box around all of them. Raises ValueError for none."""
    x1, y1, x2, y2 = zip(*boxes, strict=True)
    return min(x1), min(y1), max(x2), max(y2)


def moved(box: Box, by: tuple[float, float]) -> Box:
    """The box, elsewhere."""
    x1, y1, x2, y2 = box
    return x1 + by[0], y1 + by[1], x2 + by[0], y2 + by[1]


def overlap(a: Box, b: Box) -> float:
    """Pixels that both cover."""
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return across * down if across > 0 and down > 0 else 0.0


def size_of(box: Box) -> float:
    """Pixels that it covers."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def iou(a: Box, b: Box) -> float:
    """Intersection over union, 0..1."""
    both = overlap(a, b)
    return both / (size_of(a) + size_of(b) - both) if both > 0 else 0.0


def grown_corners(corners: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
    """Corners [4, 2] of a plate, moved away from their middle, and by two pixels more."""
    middle = corners.mean(axis=0)
    away = corners - middle
    length = np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6)
    return np.asarray(np.rint(middle + away * (1 + PLATE_AROUND) + 2 * away / length), np.int32)


def box_of(corners: npt.NDArray[np.float32]) -> Box:
    """The box around a plate's grown corners."""
    far = grown_corners(corners)
    (x1, y1), (x2, y2) = far.min(axis=0), far.max(axis=0)
    return float(x1), float(y1), float(x2) + 1, float(y2) + 1


def pixels_of(box: Sequence[float], size: tuple[int, int], grid: int = 1) -> tuple[slice, slice]:
    """Rows and columns of a picture of `size` (width, height): every cell of `grid` pixels that the box touches."""
    width, height = size
    x1, y1 = (max(0, int(np.floor(value / grid)) * grid) for value in box[:2])
    x2, y2 = (int(np.ceil(value / grid)) * grid for value in box[2:4])
    x2, y2 = min(width, x2), min(height, y2)
    return slice(min(y1, y2), y2), slice(min(x1, x2), x2)


def paint(image: Image, boxes: Iterable[Box]) -> None:
    """Paint over, in place, in a picture H x W x 3."""
    for box in boxes:
        image[pixels_of(box, (image.shape[1], image.shape[0]))] = GREY


def paint_corners(image: Image, corners: npt.NDArray[np.float32]) -> None:
    """Paint over a plate, in place, in a picture H x W x 3."""
    cv2.fillConvexPoly(image, grown_corners(corners), (GREY, GREY, GREY))
