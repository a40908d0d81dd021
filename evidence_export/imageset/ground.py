"""How the vehicle stands in the zone: the share of its ground contact in it, and what is left of the width.

A box shows where the vehicle touches the ground on the near side; what lies behind it nobody sees. So only those widths
are told that begin at what is seen, and each is what is left *at least*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot

from shapely import LineString, Point, Polygon  # type: ignore[import-untyped]

from vision.errors import GroundError
from vision.footprint import area_of
from vision.ground import Ground, Plane
from vision.interface import Box

_OBLONG = 1.5
"""A zone has a width where it is this many times as long as wide."""
_BORDER = 0.005
"""Share of the picture: an edge of the zone so near to its border is where the picture ends, not the road."""
_FAR_M = 1000.0

Corners = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a vehicle stands in a zone; None is unknown."""

    share: float
    on_ground: bool
    """The share was measured in m², not in the picture."""
    near_m: float | None = None
    """What is left of the zone's width on the side of the camera, at least."""
    left_m: float | None = None
    right_m: float | None = None
    """Likewise, left and right of it as seen, where the camera looks along the zone."""


def standing_in(box: Box, polygon: Corners, ground: Ground | None) -> Standing:
    """`box` and `polygon` in fractions of the picture."""
    plane = None if ground is None else Plane(ground)
    share = area_of(polygon, plane).overlap(box)
    if plane is None or box[3] >= 1 - _BORDER:
        return Standing(share, plane is not None)
    try:
        near, left, right = _widths(box, polygon, plane)
    except GroundError:
        near = left = right = None
    return Standing(share, True, near, left, right)


def _widths(box: Box, polygon: Corners, plane: Plane) -> tuple[float | None, float | None, float | None]:
    zone, across = plane.polygon(polygon), None
    across = _across(zone)
    if across is None:
        return None, None, None
    middle = ((box[0] + box[2]) / 2, box[3])
    ((x, y),) = plane.to_ground([middle])
    step = 0.5
    ((u, v),) = plane.to_image([(x + across[0] * step, y + across[1] * step)])
    aside, down = u - middle[0], v - middle[1]
    if abs(aside) > abs(down):
        right = across if aside > 0 else (-across[0], -across[1])
        left = (-right[0], -right[1])
        return (
            None,
            _free(plane, zone, [(box[0], box[3])], left),
            _free(plane, zone, [(box[2], box[3])], right),
        )
    near = across if down > 0 else (-across[0], -across[1])
    edge = [(box[0], box[3]), middle, (box[2], box[3])]
    return _free(plane, zone, edge, near), None, None


def _across(zone: Polygon) -> tuple[float, float] | None:
    """The direction across an oblong zone, of length 1; None where it is none."""
    corners = list(zone.minimum_rotated_rectangle.exterior.coords)
    sides = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(corners[:3])]
    short, long = sorted(sides, key=lambda side: hypot(*side))
    length = hypot(*short)
    if length <= 0 or hypot(*long) < _OBLONG * length:
        return None
    return short[0] / length, short[1] / length


def _free(plane: Plane, zone: Polygon, points: Corners, towards: tuple[float, float]) -> float | None:
    """The least way from points of the picture to the edge of the zone; None where the picture ends before it."""
    least: float | None = None
    for x, y in plane.to_ground(points):
        way = LineString([(x, y), (x + towards[0] * _FAR_M, y + towards[1] * _FAR_M)]).intersection(zone.exterior)
        if not zone.covers(Point(x, y)):
            return 0.0
        if way.is_empty:
            return None
        ends = [point for part in getattr(way, "geoms", [way]) for point in part.coords]
        edge = min(ends, key=lambda end: hypot(end[0] - x, end[1] - y))
        ((u, v),) = plane.to_image([edge])
        if not (_BORDER < u < 1 - _BORDER and _BORDER < v < 1 - _BORDER):
            return None
        length = hypot(edge[0] - x, edge[1] - y)
        least = length if least is None else min(least, length)
    return least
