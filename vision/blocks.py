"""The ground below a thing, by drawing it: which blocks, standing there, would cover in the picture what it covers.

`vision.sides` reads the near side of an outline, ray by ray, which is quick, and off where a corner of it is not seen
well. Here a block is drawn through the camera (six numbers: where it stands, how long, wide and high it is, and how it
is turned), and changed until its silhouette lies on the outline: all of the outline speaks for all of the block. Goods,
carts and heaps are blocks, or such with another on top (crates on a table). An outline that one block does not explain
may be that of two side by side; then what one hides of the other follows from what is seen of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import atan2, cos, pi, sin

import numpy as np
import numpy.typing as npt
import shapely  # type: ignore[import-untyped]
from scipy.optimize import minimize  # type: ignore[import-untyped]
from shapely import Polygon

from vision.canopies import Place
from vision.errors import GroundError
from vision.footprints import Point
from vision.ground import Plane

Floats = npt.NDArray[np.float64]

_EXPLAINED = 0.095
"""Of the outline's own area, by which one block may be off it, and beyond which it is no single one."""
_USUALLY_M, _ADDED_M, _UNUSUAL = 0.5, 0.35, 0.02
"""How high a block, and one that is added to it, are where an outline does not tell; and what a metre of difference,
squared, is worth, as a share of the outline's area: little, so that it decides only what nothing else does."""
_LEAST_M, _FLATTEST_M, _HIGHEST_M, _ADDED_HIGHEST_M = 0.15, 0.05, 2.0, 1.5
"""Sides and heights of blocks."""
_OVERHANGS_M = 0.01
"""What stands on a block ends where the block does."""
_GAP_M = 0.3
"""Ground between blocks that nobody can walk on is taken as well."""
_BELOW = 0.9
"""A block is lower than the camera by this factor: it looks down on what it measures."""
_LOWER = 0.8
"""What stands on a block is a part of its height."""
_FAR_OFF = 10.0
"""What blocks that cannot be are off, in outlines."""
_STEPS = (0.3, 0.3, 0.4, 0.3, 0.3, 0.3)
_FINE_STEPS = (0.1, 0.1, 0.2, 0.15, 0.1, 0.15)
_ADDED_STEPS = (0.2, 0.2, 0.2, 0.15, 0.1)
"""First changes that are tried, in metres (and radians, the fifth): of a block, of one that nearly fits, of another."""
_ROUNDS, _ROUNDS_EACH = 800, 100
"""How often blocks are changed at most: so often one, and so often more for each number of others."""
_CLOSE, _CLOSE_OFF = 2e-3, 2e-4
"""Changes, and gains, that are too small to go on for."""


class Added(Enum):
    """Where another block stands."""

    ON = "on"
    """On the first one."""
    BESIDE = "beside"
    """On the ground."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Blocks that look like a thing."""

    off: float
    """By which share of the outline's area they do not."""
    area_m2: float
    ground: Polygon
    """Where they stand, in metres; the gaps between them closed."""


class Drawing:
    """One outline, as blocks of several kinds are drawn onto it."""

    def __init__(self, outlines: Sequence[Sequence[Point]], plane: Plane, place: Place, aspect: float) -> None:
        """`outlines`: of one thing, in fractions of the picture; `aspect`: the picture's width over its height.

        Raises GroundError where nothing of it lies on the ground.
        """
        self._place = place
        self._onto: Floats = np.diag([aspect, 1.0, 1.0]) @ np.array(plane.onto())
        """From metres on the ground to the picture in heights of it."""
        shapes = [Polygon([(x * aspect, y) for x, y in outline]).buffer(0) for outline in outlines]
        self._outline = shapely.union_all(shapes)
        self._area = float(self._outline.area)
        if self._area <= 0:
            raise GroundError("an outline has no area", remedy="take one of three corners or more")
        shapely.prepare(self._outline)
        corners = [corner for outline in outlines for corner in outline if plane.sees(corner)]
        ground = np.array(plane.to_ground(corners), np.float64).reshape(-1, 2)
        if not len(ground):
            raise GroundError("an outline lies above the horizon", remedy="take one that stands on the ground")
        near = ground[int(np.argmin(np.hypot(ground[:, 0] - place[0], ground[:, 1] - place[1])))]
        self._near: tuple[float, float] = (float(near[0]), float(near[1]))

    def readings(self, area_m2: float) -> tuple[Drawn, Drawn]:
        """What it may be: a block, and one with another on it; where one does not explain it, one with another on it,
        and the same with a third beside it. `area_m2`: about what it takes.
        """
        off, block = self._one(area_m2)
        start = np.array([*block[:5], block[5] * _LOWER])
        upon = self._drawn((Added.ON,), *self._best((Added.ON,), _with_one_upon(start)))
        if off <= _EXPLAINED:
            return self._drawn((), off, block), upon
        _, two = self._best((Added.BESIDE,), _with_one_beside(block))
        kinds = (Added.BESIDE, Added.ON)
        return upon, self._drawn(kinds, *self._best(kinds, _with_one_upon(two)))

    def _one(self, area_m2: float) -> tuple[float, Floats]:
        x, y, _ = self._place
        near_x, near_y = self._near
        ray = atan2(near_y - y, near_x - x)
        wide = (area_m2 / 1.6) ** 0.5
        starts = [
            np.array([near_x + cos(ray) / 2, near_y + sin(ray) / 2, wide * 1.6, wide, ray + turn, high])
            for turn in (0.0, pi / 4)
            for high in (0.4, 0.8)
        ]
        found = self._best((), starts, _STEPS)
        return min(found, self._best((), [found[1]]), key=lambda one: one[0])

    def _best(
        self, added: tuple[Added, ...], starts: Sequence[Floats], steps: Sequence[float] = _FINE_STEPS
    ) -> tuple[float, Floats]:
        """The blocks that lie closest on the outline, and by how much they are off."""
        steps = (*steps, *_ADDED_STEPS * len(added))
        rounds = _ROUNDS + _ROUNDS_EACH * len(steps) if added else _ROUNDS
        tried = [
            minimize(
                lambda numbers: self._off(added, numbers),
                start,
                method="Nelder-Mead",
                options={
                    "maxiter": rounds,
                    "xatol": _CLOSE,
                    "fatol": _CLOSE_OFF,
                    "initial_simplex": np.concatenate([[start], start + np.diag(steps)]),
                    "adaptive": bool(added),
                },
            )
            for start in starts
        ]
        best = min(tried, key=lambda one: float(one.fun))
        return float(best.fun), np.asarray(best.x, np.float64)

    def _off(self, added: tuple[Added, ...], numbers: Floats) -> float:
        """How far blocks are off the outline, as a share of its area, and how unlike they are to any."""
        blocks = _blocks(added, numbers)
        if blocks is None or not all(self._is_seen(*block) for block in blocks):
            return _FAR_OFF
        silhouettes = [self._silhouette(*block) for block in blocks]
        whole = silhouettes[0] if len(silhouettes) == 1 else shapely.union_all(silhouettes)
        both = float(shapely.intersection(whole, self._outline).area)
        unusual = (numbers[5] - _USUALLY_M) ** 2 + sum((high - _ADDED_M) ** 2 for high in numbers[10::5])
        return (float(whole.area) - both + self._area - both) / self._area + _UNUSUAL * float(unusual)

    def _is_seen(self, base: Floats, low: float, high: float) -> bool:
        """Whether a block lies before the camera, and lower."""
        before = base @ self._onto[2, :2] + self._onto[2, 2]
        return high < _BELOW * self._place[2] and float(before.min()) > 0

    def _silhouette(self, base: Floats, low: float, high: float) -> Polygon:
        """What a block covers in the picture that stands over `base` (4 x 2 metres) from one height to another."""
        x, y, above = self._place
        camera = np.array([x, y])
        # Seen from there, what is so high hides the ground so much further away.
        on_ground = np.concatenate([(base - camera) * (above / (above - z)) + camera for z in (low, high)])
        seen = on_ground @ self._onto[:, :2].T + self._onto[:, 2]
        return shapely.convex_hull(shapely.multipoints(seen[:, :2] / seen[:, 2:]))

    def _drawn(self, added: tuple[Added, ...], off: float, numbers: Floats) -> Drawn:
        blocks = _blocks(added, numbers) or []
        bases = [Polygon(base) for base, low, _ in blocks if low == 0]
        ground = shapely.union_all(bases).buffer(_GAP_M / 2, join_style="mitre").buffer(-_GAP_M / 2, join_style="mitre")
        return Drawn(off, float(ground.area), ground if ground.geom_type == "Polygon" else ground.convex_hull)


def _with_one_upon(blocks: Floats) -> list[Floats]:
    """Blocks, and a smaller one on the first, towards either end."""
    long, wide = blocks[2:4]
    return [np.array([*blocks, side * long, 0.0, long * 0.45, wide * 0.7, 0.3]) for side in (-0.2, 0.2)]


def _with_one_beside(block: Floats) -> list[Floats]:
    """A block and a smaller one at each of its sides; along it, both together are as long as it was."""
    x, y, long, wide, turn, high = block
    starts = []
    for along, across in ((-0.5, 0.0), (0.5, 0.0), (0.0, -0.5), (0.0, 0.5)):
        back = along * 0.2 * long
        first = [x - back * cos(turn), y - back * sin(turn), long * 0.8, wide, turn, high]
        starts.append(np.array([*first, along * long, across * wide, long * 0.4, wide * 0.6, 0.4]))
    return starts


def _blocks(added: tuple[Added, ...], numbers: Floats) -> list[tuple[Floats, float, float]] | None:
    """Where each block stands (4 x 2 metres) and from which height to which; None for blocks that cannot be."""
    x, y, long, wide, turn, high = (float(number) for number in numbers[:6])
    if min(long, wide) < _LEAST_M or not _FLATTEST_M <= high <= _HIGHEST_M:
        return None
    axes = np.array([[cos(turn), sin(turn)], [-sin(turn), cos(turn)]])
    blocks = [(_base(x, y, long, wide, axes), 0.0, high)]
    for kind, one in zip(added, numbers[6:].reshape(-1, 5), strict=True):
        along, across, its_long, its_wide, its_high = (float(number) for number in one)
        if min(its_long, its_wide) < _LEAST_M or not _FLATTEST_M <= its_high <= _ADDED_HIGHEST_M:
            return None
        middle = np.array([x, y]) + np.array([along, across]) @ axes
        low = 0.0
        if kind is Added.ON:
            low = high
            over = max(abs(along) + (its_long - long) / 2, abs(across) + (its_wide - wide) / 2)
            if over > _OVERHANGS_M:
                return None
        blocks.append((_base(float(middle[0]), float(middle[1]), its_long, its_wide, axes), low, low + its_high))
    return blocks


def _base(x: float, y: float, long: float, wide: float, axes: Floats) -> Floats:
    corners = np.array([[-long, -wide], [long, -wide], [long, wide], [-long, wide]]) / 2
    return np.asarray(corners @ axes + (x, y))
