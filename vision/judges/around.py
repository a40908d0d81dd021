"""What a detector says of ground that is taken: who stands beside it, what is seen on it, and what explains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import shapely  # type: ignore[import-untyped]
from shapely import LineString, Polygon

from models.interface import Detections
from vision.boxes import area, intersection, normalised
from vision.ground import Plane
from vision.interface import Box
from vision.judges.footings import MAX_SUPPORTS, Footing, Group
from vision.judges.groups import polygon
from vision.judges.people import Person
from vision.judges.vehicles import can_be
from vision.rules.occupation import VEHICLES, OccupationRule
from vision.sides import Metres

_COVERS = 0.6
_FILLS = 0.2
"""A box of which a thing fills less is not that of the thing."""
_EXPLAINED, _CROWD = 0.4, 0.2
"""A thing of which so much lies in boxes of vehicles, or of people, in so many of the looks, is them. Of people who
stand close to each other detectors find but some."""
_FAINTLY, _UPRIGHT = 0.33, 1.5
"""... or of which people cover so much, one look with another, of whom a detector may be unsure: nobody is accused of
what may be a queue. How many times higher than wide such a box is: a wider one takes in what somebody stands beside."""
_BESIDE_M = 1.3


@dataclass(frozen=True, slots=True)
class Around:
    """All that a detector saw in one look. `stood`: where people stood in the look before. `standpoint`: the camera's,
    see `Plane.standpoint`. `fronts`: of shops, on the ground."""

    detections: Detections
    people: Sequence[Person]
    stood: Sequence[Metres]
    plane: Plane
    standpoint: tuple[float, float, float] | None
    fronts: Sequence[LineString]

    def note(self, footing: Footing, rule: OccupationRule, group: Group) -> None:
        """Count for a thing what was seen on it and beside it; `group`: the thing in this look."""
        footing.looks += 1
        names, boxes, scores = self.detections.names, normalised(self.detections), self.detections.score
        kept = [(n, b) for n, b, s in zip(names, boxes, scores, strict=True) if float(s) >= rule.min_score]
        touching = {name for name, box in kept if name in rule.supports and intersection(box, group.box) > 0}
        for name in sorted(touching):
            if name in footing.supports or len(footing.supports) < MAX_SUPPORTS:
                footing.supports[name] = footing.supports.get(name, 0) + 1
        ground = polygon(group.ground)
        outlines = [polygon(outline) for outline in group.outlines]
        driven = [b for n, b in kept if n in VEHICLES and can_be(n, b, group, self.plane, self.standpoint)]
        footing.driven += _covered(driven, group.box, outlines)
        footing.crowded += _covered([b for n, b in kept if n == "person"], group.box, outlines)
        # However low a score: it cannot speak for a violation, but it can against one.
        wide, high = self.detections.size
        faint = [
            b
            for n, b in zip(names, boxes, strict=True)
            if n == "person" and (b[3] - b[1]) * high >= _UPRIGHT * (b[2] - b[0]) * wide
        ]
        footing.faintly = round(footing.faintly + _share(faint, outlines), 4)
        footing.lingered += any(
            person.beside(outlines, ground, _BESIDE_M, self.fronts) and person.stood(self.stood)
            for person in self.people
        )


def explained(footing: Footing) -> bool:
    """Whether it is vehicles or people, as far as all looks at it tell."""
    shares = ((footing.driven, _EXPLAINED), (footing.crowded, _CROWD), (footing.faintly, _FAINTLY))
    return any(count > share * footing.looks for count, share in shares)


def _covered(boxes: Sequence[Box], place: Box, outlines: Sequence[Polygon]) -> bool:
    """Whether boxes cover most of a thing. `place`: the box about its outlines."""
    return _share([box for box in boxes if intersection(box, place) >= _FILLS * area(box)], outlines) >= _COVERS


def _share(boxes: Sequence[Box], outlines: Sequence[Polygon]) -> float:
    """How much of a thing boxes cover, 0..1."""
    thing = shapely.union_all([outline.buffer(0) for outline in outlines]) if boxes else None
    if thing is None or thing.area <= 0:
        return 0.0
    covered = float(shapely.union_all([shapely.box(*box) for box in boxes]).intersection(thing).area)
    return min(1.0, covered / float(thing.area))
