"""Which frames of a stay are worth reading: sharp, large, seen straight on. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from models.plates.interface import PlateSpot

FrameT = TypeVar("FrameT")

SHARP = 0.15
"""Sharpness (`PlateSpot.sharpness`) at which a frame is worth half of a perfectly crisp one of the same size."""
HIGH = 20.0
"""Height of a plate in pixels at which it is worth half of an endlessly large one."""
OBLIQUE = 30.0
"""Angle in degrees at which it is worth 1/e of one that is seen straight on."""
CUT_OFF = 0.1
"""What a plate at the edge of the picture is worth, compared with one inside it."""


@dataclass(frozen=True, slots=True)
class Candidate(Generic[FrameT]):
    """A frame in which the plate was found, named by whatever its caller finds it again with (a pts, an index)."""

    frame: FrameT
    spot: PlateSpot


def quality(spot: PlateSpot) -> float:
    """What a frame is worth for reading, 0..1: grows with sharpness and size, falls with the angle.

    The three saturate, so that one alone cannot make up for the others.
    """
    height = spot.size[1]
    sharp = max(0.0, spot.sharpness) / (max(0.0, spot.sharpness) + SHARP)
    large = height / (height + HIGH)
    straight = math.exp(-((spot.angle / OBLIQUE) ** 2))
    return sharp * large * straight


def rank(candidates: Iterable[Candidate[FrameT]], most: int | None = None) -> list[Candidate[FrameT]]:
    """The candidates, best first, at most `most` of them; equals stay in the order in which they came.

    A plate that touches the edge of the picture counts a tenth: it is read only where nothing better is to be had.
    """
    ordered = sorted(candidates, key=lambda one: -quality(one.spot) * (1.0 if one.spot.whole else CUT_OFF))
    return ordered if most is None else ordered[:most]
