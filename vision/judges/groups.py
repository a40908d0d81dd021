"""Footprints of one look as things: parts that belong together, measured on the ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import shapely  # type: ignore[import-untyped]
import shapely.affinity  # type: ignore[import-untyped]
from shapely import Polygon

from vision.canopies import Part
from vision.footprints import Footprint, Point
from vision.interface import Box
from vision.judges.footings import Footing, Group
from vision.sides import Metres, Taken
from vision.taken import Standpoint

JOIN_M = 0.45
"""Things that stand closer to each other are one: nobody walks between them."""
_COVERED, _REMNANT = 0.5, 0.4
"""Shares of a thing's outlines in the picture."""
_FOOT, _HIDDEN = 0.008, 0.5
"""How far below a thing what hides its foot begins, as a share of the picture's height, and of how much of it."""
_ALIKE = 0.5
"""Overlap, as intersection over union, of two looks at one outline."""


def grouped(footprints: Sequence[Footprint], standpoint: Standpoint) -> list[Group]:
    """Footprints that are parts of one thing, together; those without ground are left out."""
    kept: list[tuple[Footprint, Part]] = []
    for one in footprints:
        laid = standpoint.on_ground(one.outline)
        ground = None if laid is None else standpoint.taken([laid])
        if laid is not None and ground is not None:
            kept.append((one, Part(laid, ground, one.since[1], one.parasol)))
    things = standpoint.things([part for _, part in kept], JOIN_M)
    groups = [_group([kept[i][0] for i in numbers], whole, standpoint) for numbers, whole in things]
    return [replace(one, footless=_footless(one, [other for other in groups if other is not one])) for one in groups]


def _footless(one: Group, others: Sequence[Group]) -> bool:
    """Whether other things hide where one meets the ground. What hangs meets it nowhere."""
    if one.canopy or not others:
        return False
    whole = _whole(one)
    band = shapely.affinity.translate(whole, yoff=_FOOT).difference(whole)
    hides = shapely.union_all([_whole(other).buffer(_FOOT / 2) for other in others])
    return bool(band.area > 0 and band.intersection(hides).area > _HIDDEN * band.area)


def _whole(group: Group) -> shapely.Geometry:
    return shapely.union_all([polygon(outline).buffer(0) for outline in group.outlines])


def _group(members: Sequence[Footprint], whole: Taken, standpoint: Standpoint) -> Group:
    sizes = [float(Polygon(one.outline).area) for one in members]
    main = members[sizes.index(max(sizes))]
    # What hangs is shown with the ground below it, which is what is taken, whether its foot was seen or not.
    below = [standpoint.in_picture(whole.shape)] if whole.canopy else []
    return Group(
        outlines=tuple(one.outline for one in members),
        box=_box([*(one.outline for one in members), *below]),
        ground=tuple(ring_of(whole.shape)),
        area_m2=round(whole.area_m2, 3),
        low_m2=round(whole.low_m2, 3),
        high_m2=round(whole.high_m2, 3),
        shown=0.0,
        replaced=main.replaced,
        since=main.since,
        canopy=whole.canopy,
    )


def ring_of(ground: Polygon) -> list[Metres]:
    """Its corners, to the millimetre; those that change nothing are left out."""
    return [(round(x, 3), round(y, 3)) for x, y in list(ground.exterior.simplify(0.02).coords)[:-1]]


def _box(outlines: Sequence[Sequence[Point]]) -> Box:
    xs, ys = [x for outline in outlines for x, _ in outline], [y for outline in outlines for _, y in outline]
    return (min(xs), min(ys), max(xs), max(ys))


def shown_of(group: Group, shown: dict[tuple[tuple[float, float], ...], float]) -> float:
    sizes = [float(polygon(outline).area) for outline in group.outlines]
    parts = sum(size * shown[outline] for size, outline in zip(sizes, group.outlines, strict=True))
    return round(parts / sum(sizes), 4) if sum(sizes) > 0 else 0.0


@lru_cache(maxsize=512)
def polygon(ring: tuple[tuple[float, float], ...]) -> Polygon:
    return Polygon(ring)


def common(footing: Footing, group: Group) -> float:
    """Share of the smaller ground that both have; 1 where they look the same, wherever that is taken to stand."""
    if any(_alike(polygon(tuple(a)), polygon(b)) for a in footing.outlines for b in group.outlines):
        return 1.0
    one, other = polygon(tuple(footing.ground)), polygon(group.ground)
    if not one.intersects(other):
        return 0.0
    smaller = min(one.area, other.area)
    return float(one.intersection(other).area) / smaller if smaller > 0 else 0.0


def remnant(footing: Footing, group: Group) -> bool:
    """Whether so little of it is left in the picture that it is the thing no more. What people hide is left."""
    left = sum(float(polygon(one).area) for one in group.outlines)
    return left < _REMNANT * sum(float(polygon(tuple(one)).area) for one in footing.outlines)


def covered(footing: Footing, footprints: Sequence[Footprint]) -> bool:
    """Whether something stays where it was in the picture: then it has not gone, even if it is not told apart."""
    place = shapely.union_all([polygon(tuple(one)).buffer(0) for one in footing.outlines])
    there = shapely.union_all([polygon(one.outline).buffer(0) for one in footprints])
    return float(place.intersection(there).area) >= _COVERED * float(place.area)


def _alike(one: Polygon, other: Polygon) -> bool:
    """Whether two outlines in the picture are of one thing."""
    if not (one.is_valid and other.is_valid and one.intersects(other)):
        return False
    both = float(one.intersection(other).area)
    return both >= _ALIKE * (float(one.area) + float(other.area) - both)
