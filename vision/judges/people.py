"""People of one look: where they stand on the ground, whether they stay, and beside what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

import shapely  # type: ignore[import-untyped]

from models.interface import Detections
from vision.boxes import normalised
from vision.errors import GroundError
from vision.ground import Plane
from vision.interface import Box

_MIN_SCORE = 0.3
_STILL_M = 0.6
"""Who was no further away in the look before stands: a step takes longer than that."""
_HIDES = 0.01
"""Of the picture: whose lower edge ends in a thing's outline, or this near to it, stands behind it."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person, where the lower edge of its box meets the ground; None beyond the horizon."""

    box: Box
    at: tuple[float, float] | None

    def stood(self, before: Sequence[tuple[float, float]]) -> bool:
        """Whether somebody stood there in the look before, at one of these places."""
        return self.at is not None and any(hypot(self.at[0] - x, self.at[1] - y) <= _STILL_M for x, y in before)

    def beside(self, outlines: Sequence[shapely.Geometry], ground: shapely.Geometry, reach_m: float) -> bool:
        """Whether it stands within reach of a thing's ground, or behind the thing, which then hides its feet."""
        if self.at is not None and ground.distance(shapely.Point(self.at)) <= reach_m:
            return True
        middle = shapely.Point((self.box[0] + self.box[2]) / 2, self.box[3])
        return any(outline.distance(middle) <= _HIDES for outline in outlines)


def people_of(detections: Detections, plane: Plane) -> list[Person]:
    """The people of one look."""
    found = []
    for box, name, score in zip(normalised(detections), detections.names, detections.score, strict=True):
        if name == "person" and float(score) >= _MIN_SCORE:
            try:
                x, y = plane.to_ground([((box[0] + box[2]) / 2, box[3])])[0]
                found.append(Person(box, (round(x, 3), round(y, 3))))
            except GroundError:
                found.append(Person(box, None))
    return found
