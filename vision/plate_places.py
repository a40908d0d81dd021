"""Which plate is that of the vehicle that stands there. Pure; everything in fractions of the picture.

A camera and a vehicle that both stand still show the plate at one place. So plates are gathered by their place over the
frames of a stay: what is there in many of them belongs to what stands, what is there once has passed by. And what is
nearest to the camera hides the rest: where the boxes of two vehicles overlap, a plate is taken for one of the nearer
vehicle, the one that touches the ground lower in the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from vision.boxes import iou, nested
from vision.interface import Box

PlateT = TypeVar("PlateT")

MARGIN = 0.05
"""A plate may reach out of the vehicle's box by as much as this share of the box: boxes are not drawn to the pixel."""
WIDEST, HIGHEST = 0.6, 0.4
"""Of a vehicle's box; what is larger is the plate of something nearer. A motorcycle's plate is a third of its width."""
LOWER = 0.02
"""By more than this share of its height another vehicle's box has to end lower in the picture to stand nearer."""
SAME_VEHICLE = 0.5
"""Boxes with a larger IoU are two boxes of one vehicle."""
PASSING = 3
"""A plate that is at its place this many times less often than another one has passed by."""
SURE = 0.5
"""The detector's score from which something is surely a plate: less sure ones give way to it."""


class Whose(StrEnum):
    """Whose plate it may be."""

    OWN = "own"
    NEARER = "nearer"
    """It lies in the box of a vehicle that stands nearer to the camera."""
    OUTSIDE = "outside"
    """It does not lie in the vehicle's box, or is too large to be its plate."""


class StayDoubt(StrEnum):
    """Why the plate of a stay is not certain, however well it was read."""

    SEEN_ONCE = "seen_once"
    """It was found in one frame only: nothing shows that it stands with the vehicle."""
    SEVERAL_PLATES = "several_plates"
    """Another plate stands in the vehicle's box as well, and says something else."""


@dataclass(frozen=True, slots=True)
class Spotted(Generic[PlateT]):
    """A plate in one frame, with whatever its caller knows it by."""

    plate: PlateT
    box: Box
    """Around its corners."""
    score: float
    """The detector's, 0..1."""


def nearer(own: Box, others: Iterable[Box]) -> tuple[Box, ...]:
    """Those of the `others` that stand nearer to the camera than `own`. Further boxes of the same vehicle are none."""
    edge = own[3] + LOWER * (own[3] - own[1])
    return tuple(
        other
        for other in others
        if other[3] > edge and iou(own, other) < SAME_VEHICLE and not nested(own, other, inside=0.9, level=0.1)
    )


def whose(plate: Box, own: Box, in_front: Sequence[Box]) -> Whose:
    """Whose plate it may be that lies at `plate`; `own` is the vehicle's box, `in_front` what stands nearer."""
    width, height = own[2] - own[0], own[3] - own[1]
    inside = (
        plate[0] >= own[0] - MARGIN * width
        and plate[2] <= own[2] + MARGIN * width
        and plate[1] >= own[1] - MARGIN * height
        and plate[3] <= own[3] + MARGIN * height
    )
    x, y = (plate[0] + plate[2]) / 2, (plate[1] + plate[3]) / 2
    fits = plate[2] - plate[0] <= WIDEST * width and plate[3] - plate[1] <= HIGHEST * height
    if not (inside and fits and _holds(own, x, y)):
        return Whose.OUTSIDE
    return Whose.NEARER if any(_holds(box, x, y) for box in in_front) else Whose.OWN


def gathered(frames: Iterable[Sequence[Spotted[PlateT]]]) -> list[list[Spotted[PlateT]]]:
    """The plates of several frames by their place, at most one per frame and place: surest and most frequent first.

    Within a place in the order of the frames. The same frames in the same order give the same places.
    """
    places: list[list[Spotted[PlateT]]] = []
    for frame in frames:
        free = list(places)
        for spotted in sorted(frame, key=lambda one: (-one.score, one.box)):
            here = next((place for place in free if _same_place(place[-1].box, spotted.box)), None)
            if here is None:
                places.append([spotted])
            else:
                here.append(spotted)
                free = [place for place in free if place is not here]
    return sorted(places, key=lambda place: (not _sure(place), -len(place), -max(one.score for one in place)))


def rivals(places: Sequence[list[Spotted[PlateT]]]) -> list[list[Spotted[PlateT]]]:
    """Of `gathered` places those that may be the vehicle's plate as well as the first: sure, and not just passing."""
    if not places:
        return []
    return [place for place in places[1:] if _sure(place) and PASSING * len(place) > len(places[0])]


def _sure(place: Sequence[Spotted[PlateT]]) -> bool:
    return max(one.score for one in place) >= SURE


def _same_place(a: Box, b: Box) -> bool:
    width, height = (a[2] - a[0] + b[2] - b[0]) / 2, (a[3] - a[1] + b[3] - b[1]) / 2
    dx, dy = abs(a[0] + a[2] - b[0] - b[2]) / 2, abs(a[1] + a[3] - b[1] - b[3]) / 2
    return dx <= 0.5 * width and dy <= 0.75 * height


def _holds(box: Box, x: float, y: float) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
