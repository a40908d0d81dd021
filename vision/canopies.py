"""What hangs above a foot far smaller than itself: a parasol takes the ground below it.

How high it hangs follows from where its middle would stand on the ground and where its foot does.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, hypot, pi, sin

import numpy as np
import shapely  # type: ignore[import-untyped]
from shapely import Polygon

from vision.sides import Sides, Taken

Place = tuple[float, float, float]
"""Where a camera stands: x and y on the ground, and its height, in metres."""

_FOOT_SHARE, _FOOT_NEARER = 0.45, 0.87
"""A canopy's foot is narrower than this share of it, and nearer to the camera by this factor."""
_FOOT_M2 = 1.6
"""... and no larger."""
_RIBS = 0.96
"""A circle of this share of its radius is as large as a canopy on eight ribs."""
RADIUS_M = (0.5, 2.2)
"""Of a canopy."""
CANOPY_M = (1.3, 3.2)
"""How high the edge of a canopy hangs."""
CANOPY_USUAL_M, CANOPY_USUALLY_M = 2.0, (1.8, 2.3)
"""... and where nothing tells: parasols of stalls are made for people to stand below."""
_ROUND, _PEAK_M = (0.6, 1.6), 0.45
"""How much of a circle of its width a canopy fills as it is seen, at least and at most; and how high its peak is."""
_GAP_M = 0.2
"""Between a canopy and its foot as they are seen, laid on the ground: the pole is too thin to be seen."""
_OVER = 0.6
"""Share of the ground of what stands below a canopy."""


@dataclass(frozen=True, slots=True)
class Part:
    """One outline laid on the ground, the ground that it takes by itself, and when it came (UTC, ns)."""

    laid: Polygon
    taken: Taken
    since_ns: int = 0
    hangs: bool = False
    """A detector calls it a parasol."""


def standing_on_a_foot(near: Sides, height: float) -> Taken | None:
    """What hangs above a narrow foot; None: it does not."""
    usual = float(np.median(near.near))
    foot = near.near < _FOOT_NEARER * usual
    share = float(foot.mean())
    if not 0 < share < _FOOT_SHARE or int(np.diff(foot.astype(np.int8)).clip(0).sum()) + int(foot[0]) != 1:
        return None
    stand = near.points(near.angles[foot], near.near[foot])
    half = hypot(*(stand[-1] - stand[0])) / 2
    at = hypot(*(stand.mean(axis=0) - (near.x, near.y))) + half
    return _hung(near, height, at, near.turn + float(near.angles[foot].mean()))


def _hung_at(near: Sides, height: float, hangs_m: float) -> Taken | None:
    """A canopy whose edge hangs so high, wherever its foot stands."""
    middle = near.tips.mean(axis=0) - (near.x, near.y)
    return _hung(near, height, hypot(*middle) * (1 - hangs_m / height), atan2(middle[1], middle[0]))


def _hung(near: Sides, height: float, at: float, turned: float) -> Taken | None:
    """A canopy whose foot stands so far from below the camera, in that direction; None: too high or too low."""
    left, right = near.tips - (near.x, near.y)
    scale = at / hypot(*((left + right) / 2))
    hangs_m = height * (1 - scale)
    if not CANOPY_M[0] <= hangs_m <= CANOPY_M[1]:
        return None
    # How wide it is can be seen well; how deep, hardly: canopies are about as deep as they are wide.
    radius = hypot(*(right - left)) * scale / 2 * _RIBS
    if not RADIUS_M[0] <= radius <= RADIUS_M[1]:
        return None
    shape = shapely.Point(near.x + at * cos(turned), near.y + at * sin(turned)).buffer(radius, quad_segs=6)
    area = pi * radius * radius
    return Taken(shape, area, area * 0.8, area * 1.25, canopy=True) if area > 0 else None


def over(place: Place | None, canopy: Part, foot: Part) -> Taken | None:
    """A canopy that is told of apart from its foot, as its pole is too thin to be seen; None: it is none."""
    apart = canopy.hangs or canopy.laid.distance(foot.laid) > _GAP_M
    if place is None or not apart or not _hangs_over(place, canopy, foot):
        return None
    x, y, height = place
    at = foot.taken.shape.centroid
    return _hung(Sides([canopy.laid], x, y), height, hypot(at.x - x, at.y - y), atan2(at.y - y, at.x - x))


def alone(place: Place | None, canopy: Part) -> Taken | None:
    """A canopy whose foot is not seen; as high as they usually hang."""
    if place is None:
        return None
    x, y, height = place
    near = Sides([canopy.laid], x, y)
    found = {m: _hung_at(near, height, m) for m in (CANOPY_USUAL_M, *CANOPY_USUALLY_M)} if near.length else {}
    usual, low, high = (found.get(m) for m in (CANOPY_USUAL_M, CANOPY_USUALLY_M[1], CANOPY_USUALLY_M[0]))
    if usual is None:
        return None
    lifted = float(canopy.laid.area) * (1 - CANOPY_USUAL_M / height) ** 2
    # From afar its peak hides more than its rim does.
    radius, at = (usual.area_m2 / pi) ** 0.5, usual.shape.centroid
    behind = _PEAK_M * hypot(at.x - x, at.y - y) / (height - CANOPY_USUAL_M) - radius
    most = _ROUND[1] * (1 + max(0.0, behind) / (2 * radius))
    if not _ROUND[0] <= lifted / usual.area_m2 <= most:
        return None
    return Taken(
        usual.shape,
        usual.area_m2,
        min(usual.low_m2, low.low_m2 if low else usual.low_m2),
        max(usual.high_m2, high.high_m2 if high else usual.high_m2),
        canopy=True,
    )


def _hangs_over(place: Place | None, canopy: Part, foot: Part) -> bool:
    """Whether one hangs, at the height of a canopy, above the other, which is small."""
    if place is None or foot.taken.area_m2 > min(_FOOT_M2, canopy.taken.area_m2 / 3):
        return False
    x, y, height = place
    a, b = canopy.laid.centroid, foot.taken.shape.centroid
    far, near = hypot(a.x - x, a.y - y), hypot(b.x - x, b.y - y)
    if not CANOPY_M[0] <= height * (1 - near / far) <= CANOPY_M[1] + 0.4:
        return False
    # Straight below the middle: the ray to the foot goes through the middle half of the canopy.
    scale = far / near
    under = shapely.Point(x + (b.x - x) * scale, y + (b.y - y) * scale)
    return bool(canopy.laid.centroid.distance(under) <= canopy.laid.length / 12)


def covers(canopy: Taken, below: Taken) -> bool:
    """Whether a canopy hangs above what stands there: then they are one thing."""
    return float(canopy.shape.intersection(below.shape).area) >= _OVER * float(below.shape.area)


def under(canopy: Taken, below: Taken | None) -> Taken:
    """A canopy, and what stands at its foot."""
    if below is None:
        return canopy
    shape = canopy.shape.union(below.shape)
    area = float(shape.area)
    low, high = (canopy.low_m2 + below.low_m2) / 2, canopy.high_m2 + below.high_m2
    return Taken(shape.convex_hull, area, min(low, area), max(high, area), canopy=True)
