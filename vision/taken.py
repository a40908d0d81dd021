"""How much ground a thing takes, from its outline in the picture: what stands (`vision.sides`), what hangs
(`vision.canopies`), and what of it is one thing.
"""

from __future__ import annotations

from collections.abc import Sequence

import shapely  # type: ignore[import-untyped]
from shapely import Polygon

from streams.instant import NS_PER_S
from vision import canopies
from vision.blocks import Drawing
from vision.canopies import Part
from vision.errors import GroundError
from vision.footprints import Point
from vision.ground import Plane
from vision.sides import Sides, Taken

_READ_WITHIN = 1.1
"""Least and most are so much further out than the readings, as a factor: with it, 94 % of the things of the scenes for
tuning lie between them."""
_UNLIKE = 0.5
"""Blocks that are off an outline by more of its area say nothing of it."""
_OPENED_NS = 10 * NS_PER_S
"""A canopy and its foot come within this time."""


class Standpoint:
    """A camera above its ground."""

    def __init__(self, plane: Plane, aspect: float) -> None:
        """`aspect`: the picture's width over its height."""
        self._plane, self._aspect = plane, aspect
        self.place = plane.standpoint(aspect)

    def on_ground(self, outline: Sequence[Point]) -> Polygon | None:
        """An outline of the picture laid on the ground; None where it reaches the horizon or is nothing."""
        try:
            shape = self._plane.polygon(outline)
        except GroundError:
            return None
        shape = shape if shape.is_valid else shape.buffer(0)
        if shape.geom_type == "MultiPolygon":
            shape = max(shape.geoms, key=lambda part: part.area)
        return shape if shape.geom_type == "Polygon" and shape.area > 0 else None

    def in_picture(self, ground: Polygon) -> list[Point]:
        """Corners of a part of the ground as they are seen; those beside the picture lie on its edge. None of what
        lies in part behind the camera."""
        try:
            seen = self._plane.to_image([(x, y) for x, y in ground.exterior.coords[:-1]])
        except GroundError:
            return []
        return [(min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)) for x, y in seen]

    def taken(self, parts: Sequence[Polygon]) -> Taken | None:
        """The ground that a thing takes whose outlines, laid on the ground, are `parts`; None for nothing."""
        if not parts:
            return None
        whole = shapely.union_all(list(parts))
        if self.place is None:
            hull = whole.convex_hull
            return Taken(hull, float(whole.area), 0.0, float(hull.area))
        x, y, height = self.place
        near = Sides(parts, x, y)
        if near.length == 0:
            return None
        canopy = canopies.standing_on_a_foot(near, height)
        if canopy is not None:
            return canopy
        return near.standing(height, whole.convex_hull)

    def closely(self, outlines: Sequence[Sequence[Point]], quick: Taken) -> Taken:
        """The ground below a thing, read in three ways, of which that in the middle is told.

        `outlines`: in fractions of the picture. `quick`: what its near side tells. The others are blocks drawn onto it
        (`vision.blocks`), which takes about a second: for what is told of a thing, not for each look at it. A canopy,
        and what is seen from nobody knows where, are left as they are.
        """
        if self.place is None or quick.canopy:
            return quick
        drawn = Drawing(outlines, self._plane, self.place, self._aspect).readings(quick.area_m2)
        like = [(one.area_m2, one.ground) for one in drawn if one.off < _UNLIKE]
        readings = sorted([(quick.area_m2, quick.shape), *like], key=lambda reading: reading[0])
        area, shape = readings[(len(readings) - 1) // 2]  # of two the smaller: nobody is accused of the larger
        return Taken(shape, area, readings[0][0] / _READ_WITHIN, readings[-1][0] * _READ_WITHIN)

    def things(self, parts: Sequence[Part], near_m: float) -> list[tuple[list[int], Taken]]:
        """Which of several are one thing, by their numbers, and the ground that it takes.

        One thing are parts with no more than `near_m` between them on the ground, and a canopy with its foot. Every
        number comes once at most; things are in no order that matters.
        """
        hung = {number: part.taken for number, part in enumerate(parts) if part.taken.canopy}
        feet: dict[int, int] = {}
        for canopy, one in enumerate(parts):
            for foot, other in enumerate(parts):
                if canopy not in (foot, *hung) and abs(one.since_ns - other.since_ns) <= _OPENED_NS:
                    found = canopies.over(self.place, one, other)
                    if found is not None:
                        hung[canopy], feet[canopy] = found, foot
            if one.hangs and canopy not in hung and (alone := canopies.alone(self.place, one)) is not None:
                hung[canopy] = alone
        groups: list[list[int]] = []
        for number, part in enumerate(parts):
            if number in hung:
                continue
            touching = [
                group
                for group in groups
                if any(parts[i].taken.shape.distance(part.taken.shape) <= near_m for i in group)
            ]
            groups = [group for group in groups if not any(group is one for one in touching)]
            groups.append([*(i for group in touching for i in group), number])
        things: list[tuple[list[int], Taken]] = []
        for group in groups:
            below = parts[group[0]].taken if len(group) == 1 else self.taken([parts[i].laid for i in group])
            if below is None:
                continue
            over = [n for n in hung if feet.get(n) in group or canopies.covers(hung[n], below)]
            # A foot by itself takes no more than its canopy does.
            foot = len(group) == 1 and any(feet.get(n) in group for n in over)
            whole = canopies.under(hung[over[0]], None if foot else below) if over else below
            things.append(([*group, *over], whole))
            hung = {n: taken for n, taken in hung.items() if n not in over}
        return [*things, *(([n], taken) for n, taken in hung.items())]
