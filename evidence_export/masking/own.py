"""The case's own vehicle: where it stands and when, so that it is told from all others, and stays visible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evidence_export.errors import MaskError
from evidence_export.masking.areas import around, iou, larger, overlap, size_of
from evidence_export.masking.interface import Box
from evidence_export.masking.looking import TWO_WHEELERS
from streams.instant import from_iso

SAME = 0.4
"""A vehicle whose box overlaps the own one's so much (intersection over union) is it."""
PART = 0.7
"""So is a box that lies in it by this share: models find parts of vehicles."""
_PEOPLE = "person"


@dataclass(frozen=True, slots=True)
class Own:
    """Where the case's vehicle (or bicycles, or stall) is. Boxes are fractions of the picture."""

    cls: str
    boxes: tuple[Box, ...]
    """Where it was seen; of a rule about people none: they are masked like others."""
    since_ns: int | None
    """Not there before this time; None: it was there when the footage began, or nobody knows."""
    until_ns: int | None
    """Not there after this time; None: not seen leaving."""
    plate: Box | None
    """Around its plate, where that is known."""
    arrived_ns: int | None = None
    """It stands from this time on."""
    left_ns: int | None = None
    """It stood until this time; None: not seen leaving."""

    def arriving(self, at_ns: int) -> bool:
        """Whether it may be driving in at that time, or driving out."""
        drives_in = self.since_ns is not None and self.arrived_ns is not None and at_ns <= self.arrived_ns
        return drives_in or (self.until_ns is not None and self.left_ns is not None and at_ns >= self.left_ns)

    def stands(self, at_ns: int) -> bool:
        """Whether it may be at its place at that time."""
        return (self.since_ns is None or at_ns >= self.since_ns) and (self.until_ns is None or at_ns <= self.until_ns)

    def place(self, size: tuple[int, int]) -> Box | None:
        """Around where it stands, in pixels of a picture of `size`; None for people."""
        return around(self.in_pixels(size)) if self.boxes else None

    def plate_in(self, size: tuple[int, int]) -> Box | None:
        """Around its plate, in pixels, with room for a box that is not exact."""
        return None if self.plate is None else larger(_scaled(self.plate, size), 0.5)

    def in_pixels(self, size: tuple[int, int]) -> list[Box]:
        """Its boxes in pixels of a picture of `size`."""
        return [_scaled(box, size) for box in self.boxes]

    def is_at(self, box: Box, size: tuple[int, int], cls: str = "") -> bool:
        """Whether a vehicle's box (pixels) is the own vehicle at its place, or a part of it."""
        for own in self.in_pixels(size):
            if iou(box, own) >= SAME:
                return True
            smaller_kind = cls in TWO_WHEELERS and self.cls not in TWO_WHEELERS
            if not smaller_kind and size_of(box) > 0 and overlap(box, own) >= PART * size_of(box):
                return True
        return False


NOTHING = Own(cls="", boxes=(), since_ns=None, until_ns=None, plate=None)
"""Of a picture that does not show the case's vehicle: all that are in it are others."""


def own_of(case: Any) -> Own:
    """What a case says of it. Raises MaskError where case.json says something else than the format allows."""
    try:
        violation = case["violation"]
        stay = violation["stay"]
        boxes = [_box(stay["place"])]
        boxes += [_box(one["box"]) for one in case["images"]["panoramas"]]
        if "clutter" in violation:
            boxes = [_box(one["box"]) for one in violation["clutter"]["members"]]
        arrived, departed = stay["arrived"], stay["departed"]
        corners = case["plate"].get("close_up", {}).get("corners")
        return Own(
            cls=str(stay["class"]),
            boxes=() if stay["class"] == _PEOPLE else tuple(boxes),
            since_ns=_time(arrived.get("after")),
            until_ns=_time(departed.get("by")) if isinstance(departed, dict) else None,
            plate=None if corners is None else around(_point(one) for one in corners),
            arrived_ns=_time(arrived.get("by")),
            left_ns=_time(departed.get("after")) if isinstance(departed, dict) else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MaskError(
            f"does not say where the vehicle stands ({type(error).__name__}: {error})",
            where="case.json",
            remedy="Check the bundle with `streetproof verify`; mask only one that verifies",
        ) from error


def _time(value: Any) -> int | None:
    """UTC nanoseconds; None where it is `{"known": false}` or missing."""
    return from_iso(value) if isinstance(value, str) else None


def _box(values: Sequence[Any]) -> Box:
    x1, y1, x2, y2 = (float(value) for value in values)
    if not (-1 <= x1 < x2 <= 2 and -1 <= y1 < y2 <= 2):
        raise ValueError(f"{list(values)} is no box")
    return x1, y1, x2, y2


def _point(values: Sequence[Any]) -> Box:
    x, y = (float(value) for value in values)
    return x, y, x, y


def _scaled(box: Box, size: tuple[int, int]) -> Box:
    width, height = size
    return box[0] * width, box[1] * height, box[2] * width, box[3] * height
