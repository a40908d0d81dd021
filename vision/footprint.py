"""Where an object touches the ground, and how much of that lies in a zone.

A box shows an upright object from the side: its upper part covers ground far behind it. The ground contact is taken
to be the lowest `CONTACT_SHARE` of the box over its whole width. That is a convention, not a measurement. Where a
camera knows its ground (`vision.ground`), the same strip is measured there, in square metres instead of shares of the
picture, in which what is far away hardly counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import shapely  # type: ignore[import-untyped]
from shapely import LineString, Polygon, box

from vision.boxes import area, intersection
from vision.errors import GroundError
from vision.ground import Plane, corners
from vision.interface import Box

CONTACT_SHARE = 0.2
"""Height of the ground contact as a share of the box's height."""


def ground_contact(of: Box) -> Box:
    """The lowest strip of a box: its full width, `CONTACT_SHARE` of its height."""
    x1, y1, x2, y2 = of
    return (x1, y2 - CONTACT_SHARE * (y2 - y1), x2, y2)


def share_ground(a: Box, b: Box) -> float:
    """Share, 0..1, of the smaller ground contact that lies in the other; 0 for boxes without area."""
    first, second = ground_contact(a), ground_contact(b)
    smaller = min(area(first), area(second))
    return intersection(first, second) / smaller if smaller > 0 else 0.0


class Area:
    """A polygon prepared for many questions; coordinates in fractions of the image."""

    def __init__(self, polygon: Sequence[tuple[float, float]]) -> None:
        self._shape = Polygon(polygon)
        shapely.prepare(self._shape)
        self.bounds: Box = self._shape.bounds

    def overlap(self, of: Box) -> float:
        """Share of the ground contact of a box that lies in the polygon, 0..1.

        A box without height or width counts by the share of that line, a point by whether it lies in the polygon.
        """
        x1, y1, x2, y2 = ground_contact(of)
        left, top, right, bottom = self.bounds
        if x2 < left or x1 > right or y2 < top or y1 > bottom:
            return 0.0
        strip = box(x1, y1, x2, y2)
        if strip.area > 0:
            if self._shape.contains(strip):
                return 1.0
            return min(1.0, float(self._shape.intersection(strip).area / strip.area))
        edge = LineString([(x1, y1), (x2, y2)])
        if edge.length > 0:
            return min(1.0, float(self._shape.intersection(edge).length / edge.length))
        return 1.0 if self._shape.covers(shapely.Point(x1, y1)) else 0.0


class GroundArea:
    """A polygon drawn in the picture, whose overlap is measured on the ground."""

    def __init__(self, polygon: Sequence[tuple[float, float]], plane: Plane) -> None:
        """Raises GroundError for a polygon that reaches the horizon."""
        self._plane = plane
        self._shape = plane.polygon(polygon)
        shapely.prepare(self._shape)
        self.bounds: Box = Polygon(polygon).bounds
        """In the picture."""

    def overlap(self, of: Box) -> float:
        """Share, 0..1, of the ground contact of a box that lies in the polygon, in m² of m², to nine decimals.

        0 for a contact that reaches the horizon: it does not stand on this ground. Boxes without height or width count
        as in `Area`, by metres or by whether the point lies in the polygon.
        """
        x1, y1, x2, y2 = ground_contact(of)
        left, top, right, bottom = self.bounds
        if x2 < left or x1 > right or y2 < top or y1 > bottom:
            return 0.0
        try:
            strip = self._plane.polygon(corners((x1, y1, x2, y2)))
            edge = LineString(self._plane.to_ground([(x1, y1), (x2, y2)]))
        except GroundError:
            return 0.0
        if strip.area > 0:
            return min(1.0, round(float(self._shape.intersection(strip).area / strip.area), 9))
        if edge.length > 0:
            return min(1.0, round(float(self._shape.intersection(edge).length / edge.length), 9))
        return 1.0 if self._shape.covers(shapely.Point(edge.coords[0])) else 0.0


def area_of(polygon: Sequence[tuple[float, float]], plane: Plane | None) -> Area | GroundArea:
    """A zone made ready: on the ground where the camera knows it, in the picture where it does not."""
    return Area(polygon) if plane is None else GroundArea(polygon, plane)
