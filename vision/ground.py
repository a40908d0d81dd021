"""The ground plane of a fixed camera: four points known in the picture and on the road, and what follows from them.

A homography maps the picture to a plane exactly where the road is flat and the lens draws straight lines. It does not
know of a cambered road, a kerb's height or a wide lens's distortion; `Plane.uncertainty_m` says only what a slip in
reading a point does. Everything is plain arithmetic on floats in a fixed order, without LAPACK, so that a verdict does
not depend on the machine's numerical libraries (closed form: P. Heckbert, Fundamentals of Texture Mapping, 1989, 2.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot
from typing import Annotated, Self

import shapely  # type: ignore[import-untyped]
from pydantic import BaseModel, Field, field_validator, model_validator
from shapely import LineString, Polygon

from vision.errors import GroundError
from vision.interface import Box
from vision.rules.interface import STRICT

Point = tuple[float, float]
Row = tuple[float, float, float]
Matrix = tuple[Row, Row, Row]

POINTS = 4
FOCAL = (0.3, 12.0)
"""Focal lengths, in heights of the picture, that cameras above a street have."""
FLAT = 0.01
"""Three points whose triangle is lower than this share of its longest side lie in one line."""
MIN_AREA_M2, MAX_SIDE_M = 1.0, 1000.0
"""Four points in less than the one, or further apart than the other, were not given in metres."""
HORIZON = 0.01
"""Points whose scale is this many times that of the four points' middle (1/0.01) lie, for us, on the horizon."""
READING = 0.002
"""How well a point is read from a picture: 1/500 of it, 4 pixels of 1920."""
_TRIPLES = ((0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3))

_Share = Annotated[float, Field(ge=0, le=1)]
_Metre = Annotated[float, Field(allow_inf_nan=False)]


class Ground(BaseModel):
    """Four points of the road surface, no three in one line: the corners of a marking or a rectangle of slabs, best.

    `metres` may be any flat coordinates that all four share, for example X to the right and Y away from the camera.
    """

    model_config = STRICT

    points: tuple[tuple[_Share, _Share], ...] = Field(
        min_length=POINTS,
        max_length=POINTS,
        description="the four points in the picture, as fractions of width and height",
    )
    metres: tuple[tuple[_Metre, _Metre], ...] = Field(
        min_length=POINTS,
        max_length=POINTS,
        description="the same four points, in the same order, on the ground in metres",
    )

    @field_validator("points", "metres", mode="before")
    @classmethod
    def _four(cls, value: object) -> object:
        if isinstance(value, list | tuple) and len(value) != POINTS:
            raise ValueError(f"give {POINTS} points, not {len(value)}")
        return value

    @model_validator(mode="after")
    def _makes_a_plane(self) -> Self:
        try:
            Plane(self)
        except GroundError as error:
            raise ValueError(f"{error.what}; {error.remedy}") from None
        return self


class Plane:
    """A ground made ready: maps between the picture (fractions, origin top left) and the road (metres)."""

    def __init__(self, ground: Ground) -> None:
        """Raises GroundError for points from which no plane follows."""
        points, metres = ground.points, ground.metres
        _refuse_flat(points, "in the picture")
        _refuse_flat(metres, "on the ground")
        sides = [_distance(a, b) for a in metres for b in metres]
        if max(sides) > MAX_SIDE_M:
            raise GroundError(
                f"two of the points are {max(sides):g} m apart", remedy="write `metres` in metres, not in millimetres"
            )
        area = Polygon(metres).convex_hull.area
        if area < MIN_AREA_M2:
            raise GroundError(
                f"the points span {area:.2g} m² of ground, less than {MIN_AREA_M2:g}",
                remedy="write `metres` in metres, and take points further apart",
            )
        turns = {_turn(points, triple) * _turn(metres, triple) > 0 for triple in _TRIPLES}
        if len(turns) > 1:
            raise GroundError(
                "the points do not lie in front of one camera: the horizon would pass between them",
                remedy="`points` and `metres` must name the same four points in the same order",
            )
        # About the middle of the points, so that map coordinates of six digits lose nothing.
        self._origin = (sum(x for x, _ in metres) / 4, sum(y for _, y in metres) / 4)
        x0, y0 = self._origin
        forth = _times(_basis([(x - x0, y - y0) for x, y in metres]), _adjugate(_basis(points)))
        middle = (sum(x for x, _ in points) / 4, sum(y for _, y in points) / 4)
        self._forth = _scaled(forth, 1 / _apply(forth, middle)[2])
        back = _adjugate(self._forth)
        self._back = _scaled(back, 1 / _apply(back, self._relative(middle))[2])

    def sees(self, point: Point) -> bool:
        """Whether a point of the picture lies on the ground, clearly below the horizon."""
        return _apply(self._forth, point)[2] > HORIZON

    def to_ground(self, points: Sequence[Point]) -> list[Point]:
        """Points of the picture on the ground, in metres; raises GroundError for one at the horizon or above it."""
        x0, y0 = self._origin
        return [(x + x0, y + y0) for x, y in map(self._relative, points)]

    def to_image(self, points: Sequence[Point]) -> list[Point]:
        """Points on the ground in the picture, as fractions (perhaps outside 0..1); GroundError behind the camera."""
        x0, y0 = self._origin
        found = []
        for x, y in points:
            u, v, w = _apply(self._back, (x - x0, y - y0))
            if w <= 0:
                raise GroundError(f"[{x:g}, {y:g}] lies behind the camera", remedy="take a point that the camera sees")
            found.append((u / w, v / w))
        return found

    def onto(self) -> tuple[Row, Row, Row]:
        """From metres on the ground to the picture, in homogeneous coordinates: rows of a 3 x 3 matrix.

        The last coordinate is positive in front of the camera.
        """
        x0, y0 = self._origin
        a, b, c = ((p, q, r - p * x0 - q * y0) for p, q, r in self._back)
        return (a, b, c)

    def standpoint(self, aspect: float) -> tuple[float, float, float] | None:
        """Where the camera stands: X, Y and its height above the ground, in metres.

        `aspect`: the picture's width over its height. Square pixels and a view through the middle of the picture are
        taken for granted; None where four points and these do not make a camera (R. Hartley, A. Zisserman, Multiple
        View Geometry, 2nd ed., 8.8: the two constraints of one plane, here on the focal length alone).
        """
        (a, b, c), (d, e, f), (g, h, i) = self._back
        # About the middle of the picture, in heights of it.
        x1, x2, x3 = (a - g / 2) * aspect, (b - h / 2) * aspect, (c - i / 2) * aspect
        y1, y2, y3 = d - g / 2, e - h / 2, f - i / 2
        m1, n1 = x1 * x2 + y1 * y2, g * h
        m2, n2 = x1 * x1 + y1 * y1 - x2 * x2 - y2 * y2, g * g - h * h
        if m1 * m1 + m2 * m2 <= 0:
            return None
        inverse = -(m1 * n1 + m2 * n2) / (m1 * m1 + m2 * m2)
        if not FOCAL[1] ** -2 <= inverse <= FOCAL[0] ** -2:
            return None
        focal = inverse**-0.5
        first, second = (x1 / focal, y1 / focal, g), (x2 / focal, y2 / focal, h)
        scale = (hypot(*first) + hypot(*second)) / 2
        r1, r2 = tuple(v / scale for v in first), tuple(v / scale for v in second)
        t = (x3 / focal / scale, y3 / focal / scale, i / scale)
        r3 = (r1[1] * r2[2] - r1[2] * r2[1], r1[2] * r2[0] - r1[0] * r2[2], r1[0] * r2[1] - r1[1] * r2[0])
        x, y, z = (-sum(r * v for r, v in zip(row, t, strict=True)) for row in (r1, r2, r3))
        return (x + self._origin[0], y + self._origin[1], abs(z))

    def polygon(self, corners: Sequence[Point]) -> Polygon:
        """A polygon of the picture on the ground, in metres; raises GroundError where it reaches the horizon."""
        return Polygon(self.to_ground(corners))

    def area_m2(self, corners: Sequence[Point]) -> float:
        """The ground that a polygon of the picture covers; raises GroundError where it reaches the horizon."""
        return float(self.polygon(corners).area)

    def distance_m(self, footprint: Sequence[Point], line: Sequence[Point]) -> float:
        """From a footprint to a line, both drawn in the picture, the shortest way over the ground; 0 where they meet.

        A footprint of one or two corners is a point or an edge. Raises GroundError at the horizon.
        """
        return float(shapely.distance(_shape(self.to_ground(footprint)), LineString(self.to_ground(line))))

    def length_m(self, a: Point, b: Point) -> float:
        """Between two points of the picture, over the ground; raises GroundError at the horizon."""
        first, second = self.to_ground([a, b])
        return _distance(first, second)

    def uncertainty_m(self, point: Point, reading: float = READING) -> float:
        """How far off a point may be on the ground if it is read wrong by `reading`, a share of the picture, each way.

        First order: the errors of the four points, of the lens and of a road that is not flat come on top.
        """
        x, y = self._relative(point)
        w = _apply(self._forth, point)[2]
        (a, b, _), (d, e, _), (g, h, _) = self._forth
        along_x, along_y = hypot(a - x * g, d - y * g) / w, hypot(b - x * h, e - y * h) / w
        return (along_x + along_y) * reading

    def _relative(self, point: Point) -> Point:
        u, v, w = _apply(self._forth, point)
        if w <= HORIZON:
            raise GroundError(
                f"[{point[0]:g}, {point[1]:g}] lies at the horizon of the ground or above it",
                remedy="draw below the horizon, or take other points for `ground`",
            )
        return (u / w, v / w)


def corners(box: Box) -> list[Point]:
    """The corners of a box, clockwise in the picture from the upper left."""
    x1, y1, x2, y2 = box
    return [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]


def _shape(points: Sequence[Point]) -> object:
    if len(points) > 2:
        return Polygon(points)
    return LineString(points) if len(points) > 1 else shapely.Point(points[0])


def _distance(a: Point, b: Point) -> float:
    return hypot(a[0] - b[0], a[1] - b[1])


def _turn(points: Sequence[Point], triple: tuple[int, int, int]) -> float:
    """Twice the signed area of a triangle."""
    (ax, ay), (bx, by), (cx, cy) = (points[i] for i in triple)
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)


def _refuse_flat(points: Sequence[Point], where: str) -> None:
    for triple in _TRIPLES:
        a, b, c = (points[i] for i in triple)
        longest = max(_distance(a, b), _distance(b, c), _distance(c, a))
        if abs(_turn(points, triple)) <= FLAT * longest * longest:
            numbers = ", ".join(str(i + 1) for i in triple)
            raise GroundError(
                f"points {numbers} lie in one line or in one spot {where}",
                remedy="take the four corners of a rectangle on the road",
            )


def _basis(points: Sequence[Point]) -> Matrix:
    """The map that takes the unit points (1,0,0), (0,1,0), (0,0,1), (1,1,1) to the four points."""
    (x1, y1), (x2, y2), (x3, y3), fourth = points
    plain: Matrix = ((x1, x2, x3), (y1, y2, y3), (1.0, 1.0, 1.0))
    p, q, r = _apply(_adjugate(plain), fourth)
    return ((x1 * p, x2 * q, x3 * r), (y1 * p, y2 * q, y3 * r), (p, q, r))


def _apply(m: Matrix, point: Point) -> Row:
    x, y = point
    (a, b, c), (d, e, f), (g, h, i) = m
    return (a * x + b * y + c, d * x + e * y + f, g * x + h * y + i)


def _adjugate(m: Matrix) -> Matrix:
    """The inverse but for a factor, which homographies do not have."""
    (a, b, c), (d, e, f), (g, h, i) = m
    return (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )


def _times(m: Matrix, n: Matrix) -> Matrix:
    columns = list(zip(*n, strict=True))
    rows = [[row[0] * c[0] + row[1] * c[1] + row[2] * c[2] for c in columns] for row in m]
    return (
        (rows[0][0], rows[0][1], rows[0][2]),
        (rows[1][0], rows[1][1], rows[1][2]),
        (rows[2][0], rows[2][1], rows[2][2]),
    )


def _scaled(m: Matrix, factor: float) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = m
    return (
        (a * factor, b * factor, c * factor),
        (d * factor, e * factor, f * factor),
        (g * factor, h * factor, i * factor),
    )
