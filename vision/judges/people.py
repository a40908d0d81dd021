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
_AROUND = 0.35
"""A person whose middle is this near to a thing in the picture, in its widths, may stand behind it."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person, where the lower edge of its box meets the ground; None beyond the horizon."""

    box: Box
    at: tuple[float, float] | None

    def stood(self, before: Sequence[tuple[float, float]]) -> bool:
        """Whether somebody stood there in the look before, at one of these places."""
        return self.at is not None and any(hypot(self.at[0] - x, self.at[1] - y) <= _STILL_M for x, y in before)

    def beside(self, box: Box, ground: shapely.Geometry, reach_m: float) -> bool:
        """Whether it stands within reach of a thing's ground, or behind the thing, which then hides its feet."""
        if self.at is not None and ground.distance(shapely.Point(self.at)) <= reach_m:
            return True
        x1, y1, x2, y2 = box
        middle = (self.box[0] + self.box[2]) / 2
        room = _AROUND * (x2 - x1)
        return x1 - room <= middle <= x2 + room and y1 <= self.box[3] <= y2 and self.box[1] < y1


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
