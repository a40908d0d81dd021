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
from vision.sides import Metres

_MIN_SCORE = 0.3
_STILL_M = 0.6
"""Who was no further away in the look before stands: a step takes longer than that."""
_TALL_M = 1.7
_BEFORE_M = 1.6
"""Before a shop."""
_HIDES = 0.01
"""Of the picture: whose lower edge ends in a thing's outline, or this near to it, stands behind it."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person, where the lower edge of its box meets the ground; None beyond the horizon."""

    box: Box
    at: Metres | None
    below: Metres | None = None
    """Where it stands by its head, if it is as tall as people are; it holds where the feet are hidden."""

    def stood(self, before: Sequence[Metres]) -> bool:
        """Whether somebody stood there in the look before, at one of these places."""
        return self.at is not None and any(hypot(self.at[0] - x, self.at[1] - y) <= _STILL_M for x, y in before)

    def beside(
        self,
        outlines: Sequence[shapely.Geometry],
        ground: shapely.Geometry,
        reach_m: float,
        fronts: Sequence[shapely.Geometry] = (),
    ) -> bool:
        """Whether it stands within reach of a thing's ground, or behind the thing, which then hides its feet.

        Who is nearer to the front of a shop, and before it, is there for the shop.
        """
        middle = shapely.Point((self.box[0] + self.box[2]) / 2, self.box[3])
        hidden = any(outline.distance(middle) <= _HIDES for outline in outlines)
        stands = self.below if hidden else self.at
        if stands is None:
            return hidden
        place = shapely.Point(stands)
        away = float(ground.distance(place))
        return away <= reach_m and not any(front.distance(place) <= min(away, _BEFORE_M) for front in fronts)


def people_of(detections: Detections, plane: Plane, standpoint: tuple[float, float, float] | None) -> list[Person]:
    """The people of one look; `standpoint`: that of the camera, see `Plane.standpoint`."""
    found = []
    for box, name, score in zip(normalised(detections), detections.names, detections.score, strict=True):
        if name == "person" and float(score) >= _MIN_SCORE:
            across = (box[0] + box[2]) / 2
            found.append(Person(box, _ground(plane, (across, box[3])), _below(plane, (across, box[1]), standpoint)))
    return found


def _ground(plane: Plane, point: tuple[float, float]) -> Metres | None:
    try:
        x, y = plane.to_ground([point])[0]
    except GroundError:
        return None
    return (round(x, 3), round(y, 3))


def _below(plane: Plane, head: tuple[float, float], standpoint: tuple[float, float, float] | None) -> Metres | None:
    """Straight below a head, on the ray from the camera through it."""
    behind = _ground(plane, head)
    if behind is None or standpoint is None:
        return None
    x, y, height = standpoint
    share = 1 - _TALL_M / height
    return (round(x + (behind[0] - x) * share, 3), round(y + (behind[1] - y) * share, 3)) if share > 0 else None
