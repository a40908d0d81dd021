"""Footprints of one look as things: parts that belong together, measured on the ground."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from shapely import Polygon  # type: ignore[import-untyped]

from vision.footprints import Footprint
from vision.judges.footings import Footing, Group
from vision.taken import Part, Standpoint, Taken

JOIN_M = 0.45
"""Things that stand closer to each other are one: nobody walks between them."""


def grouped(footprints: Sequence[Footprint], standpoint: Standpoint) -> list[Group]:
    """Footprints that are parts of one thing, together; those without ground are left out."""
    laid = [(one, shape) for one in footprints if (shape := standpoint.on_ground(one.outline)) is not None]
    taken = [standpoint.taken([shape]) for _, shape in laid]
    kept = [
        (one, Part(shape, ground, one.since[1])) for (one, shape), ground in zip(laid, taken, strict=True) if ground
    ]
    things = standpoint.things([part for _, part in kept], JOIN_M)
    return [_group([kept[i][0] for i in numbers], whole) for numbers, whole in things]


def _group(members: Sequence[Footprint], whole: Taken) -> Group:
    points = [point for one in members for point in one.outline]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    sizes = [float(Polygon(one.outline).area) for one in members]
    main = members[sizes.index(max(sizes))]
    ring = list(whole.shape.exterior.simplify(0.02).coords)[:-1]
    return Group(
        outlines=tuple(one.outline for one in members),
        box=(min(xs), min(ys), max(xs), max(ys)),
        ground=tuple((round(x, 3), round(y, 3)) for x, y in ring),
        area_m2=round(whole.area_m2, 3),
        low_m2=round(whole.low_m2, 3),
        high_m2=round(whole.high_m2, 3),
        shown=0.0,
        replaced=main.replaced,
        since=main.since,
    )


def shown_of(group: Group, shown: dict[tuple[tuple[float, float], ...], float]) -> float:
    sizes = [float(polygon(outline).area) for outline in group.outlines]
    parts = sum(size * shown[outline] for size, outline in zip(sizes, group.outlines, strict=True))
    return round(parts / sum(sizes), 4) if sum(sizes) > 0 else 0.0


@lru_cache(maxsize=512)
def polygon(ring: tuple[tuple[float, float], ...]) -> Polygon:
    return Polygon(ring)


def common(footing: Footing, group: Group) -> float:
    """Share of the smaller ground that both have."""
    one, other = polygon(tuple(footing.ground)), polygon(group.ground)
    if not one.intersects(other):
        return 0.0
    smaller = min(one.area, other.area)
    return float(one.intersection(other).area) / smaller if smaller > 0 else 0.0
