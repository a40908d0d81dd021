"""Where vehicles stand on the demo street, and ways to and from there that lead through no other place."""

from __future__ import annotations

from dataclasses import dataclass

from tests.scenes.scene import Point

Way = tuple[Point, ...]

LANE: Way = ((1.14, 0.92), (0.82, 0.72), (0.74, 0.52), (0.50, 0.43), (0.12, 0.40), (-0.16, 0.40))
"""Through traffic, from the lower right to the left; driven both ways."""
UPHILL: Way = ((1.14, 0.92), (0.82, 0.72), (0.75, 0.53), (0.91, 0.46), (0.95, 0.30), (1.0, 0.14), (1.1, 0.03))
"""From the lower right up the street."""
PAVEMENT: Way = ((1.05, 0.78), (0.56, 0.70), (-0.05, 0.47))
"""Where people walk: along the kerb in front."""
CROSSING: Way = ((0.36, 0.30), (0.57, 0.47), (0.57, 0.56), (0.40, 0.75))
"""Where people cross the road."""


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to stand, with the ways in and out."""

    at: Point
    enter: Way
    leave: Way


FAR = Place(
    (0.80, 0.385),
    ((1.14, 0.92), (0.82, 0.72), (0.74, 0.52), (0.76, 0.44)),
    ((0.90, 0.32), (0.96, 0.22), (1.02, 0.12), (1.1, 0.03)),
)
LEFT = Place((0.47, 0.50), ((-0.16, 0.41), (0.2, 0.44)), ((0.32, 0.44), (0.12, 0.41), (-0.16, 0.40)))
RIGHT = Place((0.90, 0.57), ((1.16, 0.82), (1.02, 0.68)), ((0.93, 0.46), (0.95, 0.30), (1.0, 0.14), (1.1, 0.03)))
NEAR = Place((0.63, 0.635), ((1.14, 0.92), (0.86, 0.74)), ((0.66, 0.53), (0.50, 0.43), (0.12, 0.40), (-0.16, 0.40)))
PLACES = (FAR, LEFT, RIGHT, NEAR)
