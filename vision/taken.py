"""How much ground a thing takes, from its outline in the picture.

Laid on the ground, an outline reaches further back than the thing does: what rises above the ground hides ground behind
it. Seen from above, everything that a thing of even height hides lies on rays away from the foot of the camera, so the
near side of its outline is where it stands, and the far side is not. The near side, from its leftmost to its rightmost
point, is half of its foot; the other half is taken to mirror it, as with a table, a row of crates, a round stand. It is
cut to what the outline covers. What fills a rectangle is one: then its far side, less its height, tells whether
something shallower in front of it hides how deep it is. Where a thing is seen square on, its near side is one straight
edge and tells nothing of its depth; then the depth is that of the outline less `_HEIGHT`, and the uncertainty says so.

What hangs above a foot far smaller than itself is a canopy: a parasol takes the ground below it. How high it hangs
follows from where its middle would stand on the ground and where its foot does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, cos, hypot, pi, sin

import numpy as np
import numpy.typing as npt
import shapely  # type: ignore[import-untyped]
import shapely.affinity  # type: ignore[import-untyped]
from shapely import Polygon

from vision.errors import GroundError
from vision.footprints import Point
from vision.ground import Plane

Metres = tuple[float, float]
Floats = npt.NDArray[np.float64]

_RAYS = 64
_INSET, _TIP = 0.012, 0.25
"""The outermost rays lie within the thing by this share of its width; those to the tips of a canopy by less."""
_HEIGHT, _HIGHEST = 0.35, 1.5
"""Metres: how high a thing is where nothing tells, and how high one is at most."""
_BULGE = 0.12
"""A near side that bulges by less, in its own lengths, is one straight edge."""
_FOOT_SHARE, _FOOT_NEARER = 0.45, 0.87
"""A canopy's foot is narrower than this share of it, and nearer to the camera by this factor."""
_FOOT_M2 = 1.6
"""... and no larger."""
_DENT = 0.06
"""... of its area, by which a near side may fall back and still be that of one thing."""
_SQUARE, _STRAIGHT_M = 0.85, 0.08
"""A thing that fills so much of a rectangle is one; what is less crooked is straight."""
_LOW, _SIDES, _BACK, _DEEPER_M, _MOST_DEEPER = 0.25, 0.12, 0.12, 0.15, 2.2
"""How high (m) an end must be to tell anything; how much of the width at either end is a thing's side and not its rear;
which part of the rear is no deeper than the thing, as the rest may be what stands on it; by how much that must differ
from the depth of the near side, and by which factor at most."""
_MUCH_MORE = 2.0
"""Times the ground that a near side tells: what is left of the outline is not hidden ground alone."""
_END_SHARE, _STEP_M = 0.4, 0.3
"""A step away from the camera in the outer parts of a near side, in metres from one ray to the next."""
_RIBS = 0.96
"""A circle of this share of its radius is as large as a canopy on eight ribs."""
_OPENED_NS = 10_000_000_000
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
class Taken:
    """Ground that is taken, in metres."""

    shape: Polygon
    area_m2: float
    low_m2: float
    high_m2: float
    """What it is at least and at most, by what the outline alone can tell."""
    canopy: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One outline laid on the ground, the ground that it takes by itself, and when it came (UTC, ns)."""

    laid: Polygon
    taken: Taken
    since_ns: int = 0
    hangs: bool = False
    """A detector calls it a parasol."""


class Standpoint:
    """A camera above its ground."""

    def __init__(self, plane: Plane, aspect: float) -> None:
        """`aspect`: the picture's width over its height."""
        self._plane = plane
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

    def taken(self, parts: Sequence[Polygon]) -> Taken | None:
        """The ground that a thing takes whose outlines, laid on the ground, are `parts`; None for nothing."""
        if not parts:
            return None
        whole = shapely.union_all(list(parts))
        if self.place is None:
            hull = whole.convex_hull
            return Taken(hull, float(whole.area), 0.0, float(hull.area))
        x, y, height = self.place
        near = _Near(parts, x, y)
        if near.length == 0:
            return None
        canopy = near.canopy(height)
        if canopy is not None:
            return canopy
        return near.standing(height, whole.convex_hull)

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
                    found = self._hung(one, other)
                    if found is not None:
                        hung[canopy], feet[canopy] = found, foot
            if one.hangs and canopy not in hung and (alone := self._hung_alone(one)) is not None:
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
            over = [n for n in hung if feet.get(n) in group or _covers(hung[n], below)]
            # A foot by itself takes no more than its canopy does.
            foot = len(group) == 1 and any(feet.get(n) in group for n in over)
            whole = _under(hung[over[0]], None if foot else below) if over else below
            things.append(([*group, *over], whole))
            hung = {n: taken for n, taken in hung.items() if n not in over}
        return [*things, *(([n], taken) for n, taken in hung.items())]

    def _hung(self, canopy: Part, foot: Part) -> Taken | None:
        """A canopy that is told of apart from its foot, as its pole is too thin to be seen; None: it is none."""
        apart = canopy.hangs or canopy.laid.distance(foot.laid) > _GAP_M
        if self.place is None or not apart or not self._hangs_over(canopy, foot):
            return None
        x, y, height = self.place
        at = foot.taken.shape.centroid
        return _Near([canopy.laid], x, y).hung(height, hypot(at.x - x, at.y - y), atan2(at.y - y, at.x - x))

    def _hung_alone(self, canopy: Part) -> Taken | None:
        """A canopy whose foot is not seen; as high as they usually hang."""
        if self.place is None:
            return None
        x, y, height = self.place
        near = _Near([canopy.laid], x, y)
        found = {m: near.hung_at(height, m) for m in (CANOPY_USUAL_M, *CANOPY_USUALLY_M)} if near.length else {}
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

    def _hangs_over(self, canopy: Part, foot: Part) -> bool:
        """Whether one hangs, at the height of a canopy, above the other, which is small."""
        if self.place is None or foot.taken.area_m2 > min(_FOOT_M2, canopy.taken.area_m2 / 3):
            return False
        x, y, height = self.place
        a, b = canopy.laid.centroid, foot.taken.shape.centroid
        far, near = hypot(a.x - x, a.y - y), hypot(b.x - x, b.y - y)
        if not CANOPY_M[0] <= height * (1 - near / far) <= CANOPY_M[1] + 0.4:
            return False
        # Straight below the middle: the ray to the foot goes through the middle half of the canopy.
        scale = far / near
        under = shapely.Point(x + (b.x - x) * scale, y + (b.y - y) * scale)
        return bool(canopy.laid.centroid.distance(under) <= canopy.laid.length / 12)


def _covers(canopy: Taken, below: Taken) -> bool:
    """Whether a canopy hangs above what stands there: then they are one thing."""
    return float(canopy.shape.intersection(below.shape).area) >= _OVER * float(below.shape.area)


def _under(canopy: Taken, below: Taken | None) -> Taken:
    """A canopy, and what stands at its foot."""
    if below is None:
        return canopy
    shape = canopy.shape.union(below.shape)
    area = float(shape.area)
    low, high = (canopy.low_m2 + below.low_m2) / 2, canopy.high_m2 + below.high_m2
    return Taken(shape.convex_hull, area, min(low, area), max(high, area), canopy=True)


class _Near:
    """The near and the far side of a thing, by rays from the foot of the camera at (x, y)."""

    def __init__(self, parts: Sequence[Polygon], x: float, y: float) -> None:
        self._x, self._y = x, y
        edges = [np.asarray(part.exterior.coords, np.float64) - (x, y) for part in parts]
        a = np.concatenate([ring[:-1] for ring in edges])
        b = np.concatenate([ring[1:] for ring in edges])
        mx, my = float(a[:, 0].mean()), float(a[:, 1].mean())
        self._turn = atan2(my, mx)
        # Across and along the middle ray: no angle of a thing in front of the camera comes near to +-90 degrees.
        c, s = cos(self._turn), sin(self._turn)
        a, b = (np.stack([p[:, 0] * c + p[:, 1] * s, p[:, 1] * c - p[:, 0] * s], axis=1) for p in (a, b))
        angles = np.arctan2(a[:, 1], a[:, 0])
        low, high = float(angles.min()), float(angles.max())
        inset = (high - low) * _INSET
        self.angles = np.linspace(low + inset, high - inset, _RAYS)
        self.near, self.far = _hits(a, b, self.angles)
        tips = np.array([low + inset * _TIP, high - inset * _TIP])
        near, _ = _hits(a, b, tips)
        self._tips = self._points(tips, near)
        """The leftmost and the rightmost point of what is flat."""
        keep = np.isfinite(self.near)
        self.angles, self.near, self.far = self.angles[keep], self.near[keep], self.far[keep]
        self.length = len(self.angles)
        self._whole = (True, True)
        """Whether nothing sticks out behind the thing at its left, and at its right end."""

    def _points(self, angles: Floats, reach: Floats) -> Floats:
        turned = angles + self._turn
        return np.stack([self._x + reach * np.cos(turned), self._y + reach * np.sin(turned)], axis=1)

    def standing(self, height: float, hull: Polygon) -> Taken | None:
        """What stands on the ground."""
        first, last = _compact(self.near)
        self._whole = (first == 0, last == len(self.near))
        self.angles, self.near, self.far = (v[first:last] for v in (self.angles, self.near, self.far))
        chain = self._points(self.angles, _to_the_ends(self.near))
        mirrored = chain[0] + chain[-1] - chain
        shape = _hull(np.concatenate([chain, mirrored])).intersection(hull)
        shape = self._squared(chain, height, float(shape.area)) or shape
        high = float(hull.area)
        width = hypot(*(chain[-1] - chain[0]))
        back = self._far_of(shape)
        rises = height * (1 - np.median(np.clip(back / self.far, 0, 1)))
        if shape.is_empty or _bulge(chain) < _BULGE * width:
            shape = self._behind(chain, height, _HEIGHT)
            low = float(self._behind(chain, height, _HIGHEST).area)
        elif self._dent(_hull(chain)) > _DENT * shape.area:
            # Several things of different depth hide each other's feet: the truth lies between what their near sides
            # tell and what their outline leaves when the heights at its ends are taken off.
            left, right = self._ends(height)
            over = self._behind(chain, height, np.clip(np.linspace(left, right, len(self.near)), 0, _HIGHEST))
            return _between(shape, over)
        elif (over := self._less_its_ends(chain, height)) is not None and over.area > _MUCH_MORE * shape.area:
            return _between(shape, over)  # something small at its front hides how deep it is
        elif rises > _HIGHEST:
            shape = self._behind(chain, height, _HIGHEST)
            low = float(shape.area) / 1.5
        else:
            low = float(shape.area) * 0.85
        if shape.geom_type != "Polygon" or shape.area <= 0:
            return None
        area = float(shape.area)
        return Taken(shape, area, min(low, area), max(area, high if rises < _HEIGHT else area * 1.2))

    def _ends(self, height: float) -> tuple[float, float]:
        """How high its left and its right end rise, if they are upright; metres."""
        heights = height * (1 - self.near / np.maximum(self.far, self.near))
        return float(np.median(heights[:3])), float(np.median(heights[-3:]))

    def _upright(self, height: float) -> float:
        """The height that an end tells behind which nothing sticks out; 0 where there is none."""
        ends = zip(self._whole, self._ends(height), strict=True)
        return max((rises for whole, rises in ends if whole), default=0.0)

    def _less_its_ends(self, chain: Floats, height: float) -> Polygon | None:
        """What the outline leaves when the height of an upright end is taken off; None where no end tells it."""
        rises = self._upright(height)
        return self._behind(chain, height, rises) if _LOW < rises < _HIGHEST else None

    def _squared(self, chain: Floats, height: float, area: float) -> Polygon | None:
        """The ground as a rectangle along the longest straight part of the near side; None: `area` fills too little.

        It is as deep as the near side shows, or deeper where something less deep stands in front of an end: an upright
        edge at an end shows how high the thing is, and less that height its far side lies where it stands.
        """
        ring = np.asarray(shapely.simplify(_hull(chain), _STRAIGHT_M).exterior.coords, np.float64)
        edges = ring[1:] - ring[:-1]
        facing = (ring[:-1] + ring[1:]) / 2 - (self._x, self._y)
        outward = edges[:, 1] * facing[:, 0] - edges[:, 0] * facing[:, 1]
        turn = 1.0 if Polygon(ring).exterior.is_ccw else -1.0
        lengths = np.where(outward * turn < 0, np.hypot(edges[:, 0], edges[:, 1]), 0.0)
        longest = int(lengths.argmax())
        if lengths[longest] <= 0:
            return None
        along = edges[longest] / lengths[longest]
        away = np.array([-along[1], along[0]])
        start = ring[longest]
        away = away if float(away @ (start - (self._x, self._y))) > 0 else -away
        u, v = (chain - start) @ along, (chain - start) @ away
        deep = float(v.max())
        if area < _SQUARE * deep * float(u.max() - u.min()):
            return None
        rises = self._upright(height)
        if _LOW < rises < _HIGHEST:
            back = self._points(self.angles, self.far * (1 - rises / height))
            across, depth = (back - start) @ along, (back - start) @ away
            room = _SIDES * float(u.max() - u.min())
            rear = depth[(across > u.min() + room) & (across < u.max() - room) & (depth > 0)]
            behind = float(np.quantile(rear, _BACK)) if len(rear) >= _RAYS // 8 else deep
            deep = behind if deep + _DEEPER_M < behind < deep * _MOST_DEEPER else deep
        corners = [(u.min(), 0.0), (u.max(), 0.0), (u.max(), deep), (u.min(), deep)]
        return Polygon([tuple(start + along * x + away * y) for x, y in corners])

    def _dent(self, hull: Polygon) -> float:
        """Ground, m², by which the near side falls back behind its own hull."""
        front, _ = self._along(hull)
        step = (self.angles[-1] - self.angles[0]) / max(1, len(self.angles) - 1)
        return float((np.maximum(0, self.near**2 - front**2) / 2).sum() * step)

    def _behind(self, chain: Floats, height: float, rises: float | Floats) -> Polygon:
        """From the near side to the far one, less what a thing hides that rises so high."""
        reach = np.maximum(self.near, self.far * (1 - rises / height))
        return _hull(np.concatenate([chain, self._points(self.angles, reach)]))

    def _far_of(self, shape: Polygon) -> Floats:
        if shape.is_empty or shape.geom_type != "Polygon":
            return np.zeros_like(self.near)
        return self._along(shape)[1]

    def _along(self, shape: Polygon) -> tuple[Floats, Floats]:
        """How far away each ray meets a shape first and last; the near side where it misses."""
        if shape.geom_type != "Polygon":
            return self.near, self.near
        ring = np.asarray(shape.exterior.coords, np.float64) - (self._x, self._y)
        c, s = cos(self._turn), sin(self._turn)
        ring = np.stack([ring[:, 0] * c + ring[:, 1] * s, ring[:, 1] * c - ring[:, 0] * s], axis=1)
        near, far = _hits(ring[:-1], ring[1:], self.angles)
        return np.where(np.isfinite(near), near, self.near), np.where(np.isfinite(far), far, self.near)

    def canopy(self, height: float) -> Taken | None:
        """What hangs above a narrow foot; None: it does not."""
        usual = float(np.median(self.near))
        foot = self.near < _FOOT_NEARER * usual
        share = float(foot.mean())
        if not 0 < share < _FOOT_SHARE or int(np.diff(foot.astype(np.int8)).clip(0).sum()) + int(foot[0]) != 1:
            return None
        stand = self._points(self.angles[foot], self.near[foot])
        half = hypot(*(stand[-1] - stand[0])) / 2
        at = hypot(*(stand.mean(axis=0) - (self._x, self._y))) + half
        return self.hung(height, at, self._turn + float(self.angles[foot].mean()))

    def hung_at(self, height: float, hangs_m: float) -> Taken | None:
        """A canopy whose edge hangs so high, wherever its foot stands."""
        middle = self._tips.mean(axis=0) - (self._x, self._y)
        return self.hung(height, hypot(*middle) * (1 - hangs_m / height), atan2(middle[1], middle[0]))

    def hung(self, height: float, at: float, turned: float) -> Taken | None:
        """A canopy whose foot stands so far from below the camera, in that direction; None: too high or too low."""
        left, right = self._tips - (self._x, self._y)
        scale = at / hypot(*((left + right) / 2))
        hangs_m = height * (1 - scale)
        if not CANOPY_M[0] <= hangs_m <= CANOPY_M[1]:
            return None
        # How wide it is can be seen well; how deep, hardly: canopies are about as deep as they are wide.
        radius = hypot(*(right - left)) * scale / 2 * _RIBS
        if not RADIUS_M[0] <= radius <= RADIUS_M[1]:
            return None
        shape = shapely.Point(self._x + at * cos(turned), self._y + at * sin(turned)).buffer(radius, quad_segs=6)
        area = pi * radius * radius
        return Taken(shape, area, area * 0.8, area * 1.25, canopy=True) if area > 0 else None


def _between(shape: Polygon, over: Polygon) -> Taken:
    """The truth lies between: the mean of what both say, in proportion."""
    low, area = float(shape.area), float(shape.area * over.area) ** 0.5
    grown = shapely.affinity.scale(shape, *([(area / low) ** 0.5] * 2))
    return Taken(grown, area, min(low, area), max(low, area, float(over.area)))


def _compact(near: Floats) -> tuple[int, int]:
    """From where to where a near side is that of one thing: what sticks out behind it at an end is left out."""
    first, last = 0, len(near)
    part = int(len(near) * _END_SHARE)
    for i in range(part):
        if near[i] - near[i + 1] > _STEP_M:
            first = i + 1
    for i in range(len(near) - 1, len(near) - part, -1):
        if near[i] - near[i - 1] > _STEP_M:
            last = i
    return first, last


def _to_the_ends(near: Floats) -> Floats:
    """The near side as it would go on to both ends: there it is hardly seen, and the pixels of the far side mix in."""
    drawn = near.copy()
    skip, over = 2, 6
    if len(near) > 4 * over:
        slope = (near[over] - near[skip]) / (over - skip)
        drawn[:skip] = near[skip] + slope * np.arange(-skip, 0)
        slope = (near[-1 - skip] - near[-1 - over]) / (over - skip)
        drawn[-skip:] = near[-1 - skip] + slope * np.arange(1, skip + 1)
    return drawn


def _bulge(chain: Floats) -> float:
    """How far the middle of a chain lies off the line from its first point to its last."""
    along = chain[-1] - chain[0]
    length = hypot(*along)
    if length == 0:
        return 0.0
    off = (chain[:, 0] - chain[0, 0]) * along[1] - (chain[:, 1] - chain[0, 1]) * along[0]
    return float(np.abs(off).max()) / length


def _hull(points: Floats) -> Polygon:
    return shapely.convex_hull(shapely.linestrings(points))


def _hits(a: Floats, b: Floats, angles: Floats) -> tuple[Floats, Floats]:
    """The nearest and the farthest crossing of each ray from the origin with edges a-b; inf and -inf: none."""
    cx, cy = np.cos(angles)[:, None], np.sin(angles)[:, None]
    ax, ay, bx, by = a[:, 0], a[:, 1], b[:, 0], b[:, 1]
    side_a, side_b = cx * ay - cy * ax, cx * by - cy * bx
    crosses = (side_a > 0) != (side_b > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = side_a / (side_a - side_b)
        reach = cx * (ax + (bx - ax) * share) + cy * (ay + (by - ay) * share)
    crosses &= reach > 0
    return np.where(crosses, reach, np.inf).min(axis=1), np.where(crosses, reach, -np.inf).max(axis=1)
