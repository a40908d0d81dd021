"""What is remembered of one thing that takes ground, and what one look says of it. No decisions about other things."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import ClassVar

from pydantic import ConfigDict
from shapely import Polygon  # type: ignore[import-untyped]

from vision.footprints import Point
from vision.interface import Box
from vision.saved import inside
from vision.sides import Metres
from vision.standing import Standing
from vision.tally import SAVED, Tally

AREAS_KEPT = 15
"""Measurements of the last looks that showed it well."""
MAX_SUPPORTS = 64
_HANGS = 0.2
"""Share of its measurements."""
_USUAL = 0.2
"""Share of the median by which a measurement of the same thing is off; people beside it make larger errors."""


@dataclass(frozen=True, slots=True)
class Group:
    """Footprints of one look that are one thing, measured on the ground."""

    outlines: tuple[tuple[Point, ...], ...]
    box: Box
    ground: tuple[Metres, ...]
    area_m2: float
    low_m2: float
    high_m2: float
    shown: float
    replaced: float
    since: tuple[int, int]
    canopy: bool = False
    """It hangs: what is taken is the ground below."""
    footless: bool = False
    """Something that stands nearer to the camera hides where it meets the ground: where it stands is not seen."""


@dataclass(slots=True)
class Measured:
    """One measurement; m²."""

    __pydantic_config__: ClassVar[ConfigDict] = SAVED

    area: float
    low: float
    high: float
    canopy: bool = False


@dataclass(slots=True)
class Footing:
    """One thing that takes, or took a moment ago, the ground of a zone. It is told of once it is `open`."""

    __pydantic_config__: ClassVar[ConfigDict] = SAVED

    object: Standing
    """Its times, with the tally of the rule. `place` is where it was seen first, `box` where last."""
    box: Box
    """All of it, when it was last measured as large as it usually is."""
    outlines: list[list[Point]]
    """... and as it was seen then."""
    ground: list[Metres]
    """The ground that it took then, in metres."""
    areas: list[Measured] = field(default_factory=list)
    looks: int = 0
    """Looks that showed it."""
    lingered: int = 0
    """... in which somebody stood beside it."""
    driven: int = 0
    crowded: int = 0
    """... in which vehicles, or people, cover most of it."""
    faintly: float = 0.0
    """... each as much as people cover of it of whom the detector may be unsure."""
    supports: dict[str, int] = field(default_factory=dict)
    """... in which each class was seen on it or beside it."""

    @property
    def tally(self) -> Tally:
        """Of the one rule that it is timed for."""
        return self.object.tallies[0]

    def measure(self, group: Group) -> None:
        """Take in the measurements of a look that showed it well."""
        if self.tally.fired:
            return  # what it was when it broke the rule is what a case is about
        self.areas.append(Measured(group.area_m2, group.low_m2, group.high_m2, group.canopy))
        del self.areas[:-AREAS_KEPT]
        usual = self.area.area
        if abs(group.area_m2 - usual) <= _USUAL * usual:
            self.box = group.box
            self.outlines, self.ground = [list(outline) for outline in group.outlines], list(group.ground)

    def renewed(self, group: Group) -> bool:
        """Whether most of what stands there came after that which is counted: what has not stood there all the time is
        not what was timed."""
        first = self.tally.first
        return first is not None and group.since[1] > first.at.utc_ns

    @property
    def canopy(self) -> bool:
        """Whether it was told to hang often enough: detectors miss most parasols, and call little else one."""
        return sum(one.canopy for one in self.areas) >= _HANGS * len(self.areas)

    @property
    def area(self) -> Measured:
        """Medians of the last measurements, of those that take it for what it is."""
        areas = [one for one in self.areas if one.canopy == self.canopy]
        return Measured(
            round(median(one.area for one in areas), 3),
            round(median(one.low for one in areas), 3),
            round(median(one.high for one in areas), 3),
            self.canopy,
        )

    def fault(self) -> str | None:
        """Why it cannot have come about, or None; its times are looked at elsewhere."""
        counts = (self.lingered, self.driven, self.crowded, self.faintly, *self.supports.values())
        if not all(0 <= count <= self.looks for count in counts) or len(self.supports) > MAX_SUPPORTS:
            return "counts of looks"
        if not 1 <= len(self.areas) <= AREAS_KEPT or any(not 0 <= m.low <= m.area <= m.high for m in self.areas):
            return "measurements that cannot be"
        points = [point for outline in self.outlines for point in outline]
        if not inside(self.box) or not all(0 <= x <= 1 and 0 <= y <= 1 for x, y in points):
            return "a place outside the image"
        if len(self.ground) < 3 or len(points) > 10_000 or not Polygon(self.ground).is_valid:
            return "ground that is no ground"
        return None
