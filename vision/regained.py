"""Ground that was taken: whether it is free again, by what its pixels show (`vision.backdrop`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import shapely  # type: ignore[import-untyped]
from shapely import Polygon

from vision.footprints import Point, View
from vision.sides import Metres

_SEEN = 0.7
"""Of what was taken, in the picture: with less of it seen nothing is said of it."""
_LEFT = 0.1
"""... and with more of it taken by anything, it is not free."""
_AGAIN = 0.3
"""Share of the smaller ground that both have which makes it the same place."""


class Regained(StrEnum):
    """What one look says of ground that was taken."""

    FREE = "free"
    TAKEN = "taken"
    HIDDEN = "hidden"
    UNFAMILIAR = "unfamiliar"
    """The street looks too different from what it was then, as in other light: what stands on it cannot be told."""


@dataclass(frozen=True, slots=True)
class GroundLook:
    """What pixels tell of one look at a street whose reference is from before the ground was taken."""

    view: View | None
    lost: bool
    """Nothing was believed of this look (`Backdrop.lost`)."""
    seen: float
    """Share, 0..1, of what was taken, in the picture, that nothing hid in this look (`Backdrop.seen`)."""


class TakenGround:
    """What was taken when the rule was broken."""

    def __init__(self, outlines: Sequence[Sequence[Point]], ground: Sequence[Metres]) -> None:
        """`outlines`: its parts in the picture, fractions; `ground`: corners in metres. Raises ValueError for none."""
        self.outlines = tuple(tuple(one) for one in outlines)
        self._parts = shapely.union_all([Polygon(one).buffer(0) for one in outlines])
        self._ground = Polygon(ground).buffer(0)
        if self._parts.area <= 0 or self._ground.area <= 0:
            raise ValueError("what was taken has no area")
        self._begun: int | None = None

    def look(self, look: GroundLook) -> Regained:
        """What the next look says."""
        view = look.view
        if view is None or look.lost:
            return Regained.UNFAMILIAR
        if self._begun is None:
            self._begun = view.begun
        if view.begun != self._begun:
            return Regained.UNFAMILIAR  # the street was learned anew, and what stands there with it
        if look.seen < _SEEN:
            return Regained.HIDDEN
        shown = [Polygon(one.outline).buffer(0) for one in view.footprints if one.shown > 0]
        if self._share(shown) >= _LEFT:
            return Regained.TAKEN
        behind = [Polygon(one.outline).buffer(0) for one in view.footprints]
        return Regained.HIDDEN if self._share(behind) >= _LEFT else Regained.FREE

    def again(self, ground: Sequence[Metres]) -> bool:
        """Whether other ground, corners in metres, is the same place."""
        other = Polygon(ground).buffer(0)
        smaller = min(float(self._ground.area), float(other.area))
        return smaller > 0 and float(self._ground.intersection(other).area) >= _AGAIN * smaller

    def _share(self, shapes: Sequence[Polygon]) -> float:
        """Share of it, in the picture, that the shapes cover."""
        return float(shapely.union_all(shapes).intersection(self._parts).area / self._parts.area) if shapes else 0.0
