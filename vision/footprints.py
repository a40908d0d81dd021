"""What pixels tell of things that came to stay on a street for which no detector has a class: values, no decisions."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Footprint:
    """One connected part of the picture that no longer shows the street behind it, as seen in one look."""

    outline: tuple[Point, ...]
    """Corners in order, at least three, as fractions of the picture's width and height, to four decimals."""
    since: tuple[int, int]
    """Last look in which most of it still showed the street, and first in which it did not; UTC, ns."""
    shown: float
    """Share, 0..1, of it that this look shows: not hidden by people or vehicles, and light enough to tell."""
    replaced: float
    """Share, 0..1, of it in which the street's texture or colour is gone, and not only darker or brighter."""
    fresh: float
    """How much of the edge along its outline is new, 0..1: 0 means that something was taken away there."""


@dataclass(frozen=True, slots=True)
class View:
    """What one look at a view says of its ground."""

    begun: int
    """When the reference of this view was learned; UTC, ns. What stood there by then is part of it, and not known."""
    footprints: tuple[Footprint, ...] = ()
