"""What shows on a picture whether a camera's ground is right: a grid of metres, and outlines the size of a car."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, hypot

from shapely import MultiPoint  # type: ignore[import-untyped]

from vision.errors import GroundError
from vision.ground import Plane, Point
from vision.policy import Ground, Zone

CAR_M = (2.0, 5.0)
"""Width and length of the outlines: a large car."""
MAX_LINES = 80
MARGIN_M = 3.0
CARS = 4


@dataclass(frozen=True, slots=True)
class GroundLines:
    """Lines in fractions of the picture; parts of them may lie outside it."""

    step_m: int
    grid: tuple[tuple[Point, Point], ...]
    cars: tuple[tuple[Point, ...], ...]


def ground_lines(ground: Ground, zones: Sequence[Zone]) -> GroundLines:
    """A grid over the four points and the zones, in steps of 1 m (more where that were over `MAX_LINES` lines)."""
    plane = Plane(ground)
    shapes = [list(ground.metres), *(plane.to_ground(zone.polygon) for zone in zones)]
    low_x, low_y, high_x, high_y = MultiPoint([point for shape in shapes for point in shape]).buffer(MARGIN_M).bounds
    longest = max(high_x - low_x, high_y - low_y)
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100) if longest / step <= MAX_LINES)
    xs, ys = _ticks(low_x, high_x, step), _ticks(low_y, high_y, step)
    lines = [[(x, y) for y in ys] for x in xs] + [[(x, y) for x in xs] for y in ys]
    grid = tuple(
        (a, b)
        for line in lines
        for a, b in pairwise(_seen(plane, point) for point in line)
        if a is not None and b is not None
    )
    cars = (_seen_all(plane, _car(shape)) for shape in shapes[:CARS])
    return GroundLines(step, grid, tuple(car for car in cars if car))


def _ticks(low: float, high: float, step: int) -> list[float]:
    return [float(tick * step) for tick in range(floor(low / step), ceil(high / step) + 1)]


def _seen(plane: Plane, point: Point) -> Point | None:
    """A point of the ground in the picture or close beside it, else None."""
    try:
        ((x, y),) = plane.to_image([point])
    except GroundError:
        return None
    return (x, y) if -0.5 <= x <= 1.5 and -0.5 <= y <= 1.5 and plane.sees((x, y)) else None


def _seen_all(plane: Plane, points: Sequence[Point]) -> tuple[Point, ...]:
    seen = [_seen(plane, point) for point in points]
    return tuple(point for point in seen if point is not None) if all(seen) else ()


def _car(shape: Sequence[Point]) -> list[Point]:
    """The outline of a car in the middle of a shape on the ground, along its longer side."""
    rectangle = MultiPoint(list(shape)).minimum_rotated_rectangle
    corners = list(rectangle.exterior.coords)
    (ax, ay), (bx, by) = max(
        pairwise(corners), key=lambda side: hypot(side[1][0] - side[0][0], side[1][1] - side[0][1])
    )
    length = hypot(bx - ax, by - ay)
    along = ((bx - ax) / length, (by - ay) / length)
    across = (-along[1], along[0])
    x, y = rectangle.centroid.x, rectangle.centroid.y
    half_width, half_length = CAR_M[0] / 2, CAR_M[1] / 2
    return [
        (
            x + u * half_length * along[0] + v * half_width * across[0],
            y + u * half_length * along[1] + v * half_width * across[1],
        )
        for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
