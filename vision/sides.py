"""The near and the far side of a thing as a camera sees it, and the ground on which it stands by them.

Laid on the ground, an outline reaches further back than the thing does: what rises above the ground hides ground behind
it. Seen from above, everything that a thing of even height hides lies on rays away from the foot of the camera, so the
near side of its outline is where it stands, and the far side is not. The near side, from its leftmost to its rightmost
point, is half of its foot; the other half is taken to mirror it, as with a table, a row of crates, a round stand. It is
cut to what the outline covers. What fills a rectangle is one: then its far side, less its height, tells whether
something shallower in front of it hides how deep it is. Where a thing is seen square on, its near side is one straight
edge and tells nothing of its depth; then the depth is that of the outline less `_HEIGHT`, and the uncertainty says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, cos, hypot, sin

import numpy as np
import numpy.typing as npt
import shapely  # type: ignore[import-untyped]
import shapely.affinity  # type: ignore[import-untyped]
from shapely import Polygon

Metres = tuple[float, float]
Floats = npt.NDArray[np.float64]

_RAYS = 64
_INSET, _TIP = 0.012, 0.25
"""The outermost rays lie within the thing by this share of its width; those to the tips of a canopy by less."""
_HEIGHT, _HIGHEST = 0.35, 1.5
"""Metres: how high a thing is where nothing tells, and how high one is at most."""
_BULGE = 0.12
"""A near side that bulges by less, in its own lengths, is one straight edge."""
_DENT = 0.06
"""... of its area, by which a near side may fall back and still be that of one thing."""
_SQUARE, _STRAIGHT_M = 0.85, 0.08
"""A thing that fills so much of a rectangle is one; what is less crooked is straight."""
_LOW, _SIDES, _BACK, _DEEPER_M, _MOST_DEEPER = 0.25, 0.12, 0.12, 0.15, 2.2
"""How high (m) an end must be to tell anything; how much of the width at either end is a thing's side and not its rear;
which part of the rear is no deeper than the thing, as the rest may be what stands on it; by how much that must differ
from the depth of the near side, and by which factor at most."""
_UNLIKE_M = 0.2
"""Ends whose heights differ by more are not those of one thing: something else may stand before one of them."""
_LONGER = 1.2
"""Times what the rays within it tell of a side: it is no longer than that."""
_MUCH_MORE = 2.0
"""Times the ground that a near side tells: what is left of the outline is not hidden ground alone."""
_END_SHARE, _STEP_M = 0.4, 0.3
"""A step away from the camera in the outer parts of a near side, in metres from one ray to the next."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Ground that is taken, in metres."""

    shape: Polygon
    area_m2: float
    low_m2: float
    high_m2: float
    """What it is at least and at most, by what the outline alone can tell."""
    canopy: bool = False


class Sides:
    """The near and the far side of a thing, by rays from the foot of the camera at (x, y)."""

    def __init__(self, parts: Sequence[Polygon], x: float, y: float) -> None:
        self.x, self.y = x, y
        edges = [np.asarray(part.exterior.coords, np.float64) - (x, y) for part in parts]
        a = np.concatenate([ring[:-1] for ring in edges])
        b = np.concatenate([ring[1:] for ring in edges])
        mx, my = float(a[:, 0].mean()), float(a[:, 1].mean())
        self.turn = atan2(my, mx)
        # Across and along the middle ray: no angle of a thing in front of the camera comes near to +-90 degrees.
        c, s = cos(self.turn), sin(self.turn)
        a, b = (np.stack([p[:, 0] * c + p[:, 1] * s, p[:, 1] * c - p[:, 0] * s], axis=1) for p in (a, b))
        angles = np.arctan2(a[:, 1], a[:, 0])
        low, high = float(angles.min()), float(angles.max())
        inset = (high - low) * _INSET
        self._edges = (low, high)
        """Its leftmost and its rightmost ray."""
        self.angles = np.linspace(low + inset, high - inset, _RAYS)
        self.near, self.far = _hits(a, b, self.angles)
        tips = np.array([low + inset * _TIP, high - inset * _TIP])
        near, _ = _hits(a, b, tips)
        self.tips = self.points(tips, near)
        """The leftmost and the rightmost point of what is flat."""
        keep = np.isfinite(self.near)
        self.angles, self.near, self.far = self.angles[keep], self.near[keep], self.far[keep]
        self.length = len(self.angles)
        self._whole = (True, True)
        """Whether nothing sticks out behind the thing at its left, and at its right end."""

    def points(self, angles: Floats, reach: Floats) -> Floats:
        turned = angles + self.turn
        return np.stack([self.x + reach * np.cos(turned), self.y + reach * np.sin(turned)], axis=1)

    def standing(self, height: float, hull: Polygon) -> Taken | None:
        """What stands on the ground."""
        first, last = _compact(self.near)
        self._whole = (first == 0, last == len(self.near))
        self.angles, self.near, self.far = (v[first:last] for v in (self.angles, self.near, self.far))
        chain = self.points(self.angles, _to_the_ends(self.near))
        mirrored = chain[0] + chain[-1] - chain
        shape = _hull(np.concatenate([chain, mirrored])).intersection(hull)
        shape = self._squared(chain, height, float(shape.area)) or shape
        high = float(hull.area)
        width = hypot(*(chain[-1] - chain[0]))
        back = self._far_of(shape)
        rises = height * (1 - np.median(np.clip(back / self.far, 0, 1)))
        if shape.is_empty or _bulge(chain) < _BULGE * width:
            # An end beside which something else stands is its own side, and tells how high it is.
            told = None if all(self._whole) else self._less_its_ends(chain, height)
            shape = told if told is not None else self._behind(chain, height, _HEIGHT)
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
        facing = (ring[:-1] + ring[1:]) / 2 - (self.x, self.y)
        outward = edges[:, 1] * facing[:, 0] - edges[:, 0] * facing[:, 1]
        turn = 1.0 if Polygon(ring).exterior.is_ccw else -1.0
        lengths = np.where(outward * turn < 0, np.hypot(edges[:, 0], edges[:, 1]), 0.0)
        longest = int(lengths.argmax())
        if lengths[longest] <= 0:
            return None
        along = edges[longest] / lengths[longest]
        away = np.array([-along[1], along[0]])
        start = ring[longest]
        away = away if float(away @ (start - (self.x, self.y))) > 0 else -away
        u, v = (chain - start) @ along, (chain - start) @ away
        deep = float(v.max())
        if area < _SQUARE * deep * float(u.max() - u.min()):
            return None
        left, right, deep = self._to_the_tips(start, along, away, (u, v))
        rises, ends = self._upright(height), self._ends(height)
        if _LOW < rises < _HIGHEST and abs(ends[0] - ends[1]) > _UNLIKE_M:
            back = self.points(self.angles, self.far * (1 - rises / height))
            across, depth = (back - start) @ along, (back - start) @ away
            room = _SIDES * float(u.max() - u.min())
            rear = depth[(across > u.min() + room) & (across < u.max() - room) & (depth > 0)]
            behind = float(np.quantile(rear, _BACK)) if len(rear) >= _RAYS // 8 else deep
            deep = behind if deep + _DEEPER_M < behind < deep * _MOST_DEEPER else deep
        corners = [(left, 0.0), (right, 0.0), (right, deep), (left, deep)]
        return Polygon([tuple(start + along * x + away * y) for x, y in corners])

    def _to_the_tips(
        self, start: Floats, along: Floats, away: Floats, chain: tuple[Floats, Floats]
    ) -> tuple[float, float, float]:
        """Left, right and depth of a rectangle whose outermost corners lie on the outermost rays.

        `chain`: the near side, along the rectangle and away from the camera. The rays that it is made of end a little
        inside of the thing, and where one runs along a side that little is a good part of the side.
        """
        u, v = chain
        left, right, deep = float(u.min()), float(u.max()), float(v.max())
        for end, ray, whole in zip((0, -1), self._edges, self._whole, strict=True):
            if not whole:
                continue
            from_start = np.array([self.x, self.y]) - start
            towards = np.array([cos(ray + self.turn), sin(ray + self.turn)])
            if v[end] > deep / 2:  # the end is a side that runs away from the camera
                side = left if abs(u[end] - left) < abs(u[end] - right) else right
                reach = (side - float(from_start @ along)) / (float(towards @ along) or 1e-9)
                tip = float(from_start @ away) + reach * float(towards @ away)
                deep = max(deep, min(tip, deep * _LONGER))
            else:
                reach = -float(from_start @ away) / (float(towards @ away) or 1e-9)
                tip = float(from_start @ along) + reach * float(towards @ along)
                room = (_LONGER - 1) * (right - left)
                left, right = max(min(left, tip), left - room), min(max(right, tip), right + room)
        return left, right, deep

    def _dent(self, hull: Polygon) -> float:
        """Ground, m², by which the near side falls back behind its own hull."""
        front, _ = self._along(hull)
        step = (self.angles[-1] - self.angles[0]) / max(1, len(self.angles) - 1)
        return float((np.maximum(0, self.near**2 - front**2) / 2).sum() * step)

    def _behind(self, chain: Floats, height: float, rises: float | Floats) -> Polygon:
        """From the near side to the far one, less what a thing hides that rises so high."""
        reach = np.maximum(self.near, self.far * (1 - rises / height))
        return _hull(np.concatenate([chain, self.points(self.angles, reach)]))

    def _far_of(self, shape: Polygon) -> Floats:
        if shape.is_empty or shape.geom_type != "Polygon":
            return np.zeros_like(self.near)
        return self._along(shape)[1]

    def _along(self, shape: Polygon) -> tuple[Floats, Floats]:
        """How far away each ray meets a shape first and last; the near side where it misses."""
        if shape.geom_type != "Polygon":
            return self.near, self.near
        ring = np.asarray(shape.exterior.coords, np.float64) - (self.x, self.y)
        c, s = cos(self.turn), sin(self.turn)
        ring = np.stack([ring[:, 0] * c + ring[:, 1] * s, ring[:, 1] * c - ring[:, 0] * s], axis=1)
        near, far = _hits(ring[:-1], ring[1:], self.angles)
        return np.where(np.isfinite(near), near, self.near), np.where(np.isfinite(far), far, self.near)


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
