"""Whether what a detector calls a vehicle can be one, by how large it is.

Detectors call a vendor's cart a bus, and a heap of crates a car, look after look. Vehicles of each kind are no smaller
than some: what takes less ground than any of them, or is lower, is none, whatever it looks like. That is asked only
where the box is that of the thing: what a thing's pixels show may be a part of a vehicle.
"""

from __future__ import annotations

from math import hypot

from vision.boxes import iou
from vision.errors import GroundError
from vision.ground import Plane
from vision.interface import Box
from vision.judges.footings import Group

_SMALLEST = {"car": (2.9, 1.3, 1.1), "truck": (4.0, 1.6, 1.3), "bus": (9.0, 2.2, 1.8), "train": (20.0, 2.5, 2.0)}
"""m² of ground, metres of height, and metres from its near side to its far one however it stands: less has none of
them. A car's are those of the small electric ones. Two-wheelers are as small as anything."""
_ITS_OWN = 0.6
"""Overlap, as intersection over union, of a box with that of the thing."""


def can_be(name: str, box: Box, group: Group, plane: Plane, standpoint: tuple[float, float, float] | None) -> bool:
    """Whether the thing in a box may be a vehicle of that class; `standpoint`: the camera's, see `Plane.standpoint`."""
    if name not in _SMALLEST or iou(box, group.box) < _ITS_OWN:
        return True
    ground, high, deep = _SMALLEST[name]
    return group.area_m2 >= ground and _rises(box, high, deep, plane, standpoint)


def _rises(box: Box, high: float, deep: float, plane: Plane, standpoint: tuple[float, float, float] | None) -> bool:
    """Whether a box reaches as far up as what is so deep and high does whose near side stands at its lower edge."""
    if standpoint is None:
        return True
    x, y, height = standpoint
    middle = (box[0] + box[2]) / 2
    try:
        near, far = plane.to_ground([(middle, box[3]), (middle, box[1])])
    except GroundError:
        return True  # as high as the horizon
    if high >= height:
        return False
    return hypot(far[0] - x, far[1] - y) * (1 - high / height) >= hypot(near[0] - x, near[1] - y) + deep
