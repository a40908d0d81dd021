"""Plain arithmetic on boxes in fractions of the image: overlap, shift, and whether two boxes may be one object.

Shifts are measured in sizes of the boxes themselves, so nothing here depends on the camera's resolution.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.interface import Detections
from vision.interface import Box

_FAMILIES = (
    frozenset({"car", "truck", "bus", "van"}),
    frozenset({"motorcycle", "motorbike", "bicycle", "tricycle"}),
)
"""Detectors flip between the classes of one family for one and the same object."""


def family(cls: str) -> str:
    """A name shared by the classes that detectors confuse for one object; any other class is its own family."""
    for members in _FAMILIES:
        if cls in members:
            return min(members)
    return cls


def relatives(cls: str) -> frozenset[str]:
    """All classes of the family of `cls`, itself among them."""
    return next((members for members in _FAMILIES if cls in members), frozenset({cls}))


def area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def intersection(a: Box, b: Box) -> float:
    """Shared area, as a fraction of the image."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0


def iou(a: Box, b: Box) -> float:
    """Intersection over union, 0..1; 0 for boxes without area."""
    shared = intersection(a, b)
    union = area(a) + area(b) - shared
    return shared / union if union > 0 else 0.0


def meeting(places: Sequence[Box], boxes: Sequence[Box]) -> npt.NDArray[np.bool_]:
    """Whether each place shares any area with each box, [places, boxes]: most pairs need no closer look."""
    shared: npt.NDArray[np.bool_] = np.all(_shared_sides(_rows(places), _columns(boxes)) > 0, axis=2)
    return shared


def ious(places: Sequence[Box], boxes: Sequence[Box]) -> npt.NDArray[np.float64]:
    """IoU of each place with each box, [places, boxes]."""
    a, b = _rows(places), _columns(boxes)
    both = np.clip(_shared_sides(a, b), 0, None).prod(axis=2)
    either = (a[..., 2:] - a[..., :2]).prod(axis=2) + (b[..., 2:] - b[..., :2]).prod(axis=2) - both
    shares: npt.NDArray[np.float64] = np.divide(both, either, out=np.zeros_like(both), where=either > 0)
    return shares


def _rows(boxes: Sequence[Box]) -> npt.NDArray[np.float64]:
    return np.array(boxes, np.float64).reshape(-1, 1, 4)


def _columns(boxes: Sequence[Box]) -> npt.NDArray[np.float64]:
    return np.array(boxes, np.float64).reshape(1, -1, 4)


def _shared_sides(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Width and height of what each of `a` shares with each of `b`, [a, b, 2]; negative where they are apart."""
    sides: npt.NDArray[np.float64] = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    return sides


def shift(a: Box, b: Box) -> float:
    """How far the ground contact moved from one box to the other, in mean box sizes: the larger of x and y."""
    width = (a[2] - a[0] + b[2] - b[0]) / 2
    height = (a[3] - a[1] + b[3] - b[1]) / 2
    if width <= 0 or height <= 0:
        return 0.0 if a == b else float("inf")
    dx = abs(a[0] + a[2] - b[0] - b[2]) / 2
    return max(dx / width, abs(a[3] - b[3]) / height)


def nested(a: Box, b: Box, *, inside: float, level: float) -> bool:
    """Whether one box lies inside the other on the same ground: two boxes a detector gave for one object.

    `inside` is the share of the smaller box that must lie in the larger; `level` how far their lower edges may be
    apart, in heights of the larger. A car that stands behind a bus touches the ground higher up in the image.
    """
    smaller, larger = sorted((a, b), key=area)
    if area(smaller) <= 0:
        return False
    height = larger[3] - larger[1]
    return intersection(a, b) >= inside * area(smaller) and abs(a[3] - b[3]) <= level * height


def similar_size(a: Box, b: Box, factor: float) -> bool:
    """Whether widths and heights differ by no more than `factor` (> 1) either way."""
    pairs = ((a[2] - a[0], b[2] - b[0]), (a[3] - a[1], b[3] - b[1]))
    return all(max(p, q) <= factor * min(p, q) for p, q in pairs)


def normalised(detections: Detections) -> list[Box]:
    """All boxes in fractions of the image, to 6 decimals (0.004 pixels of a 4K picture), within 0..1."""
    width, height = detections.size
    scaled = detections.xyxy.astype(np.float64) / (width, height, width, height)
    return [(x1, y1, x2, y2) for x1, y1, x2, y2 in np.clip(scaled, 0.0, 1.0).round(6).tolist()]
