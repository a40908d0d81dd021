"""Reads made by hand."""

from __future__ import annotations

from models.plates.certainty import CertaintyRule, doubts
from models.plates.grammar import form_of
from models.plates.interface import Colour, PlateCharacter, PlateRead, PlateSpot, Rows
from tests.models.plates.drawing import upright


def spot(*, height: float = 40.0, sharpness: float = 0.25, score: float = 0.99, whole: bool = True) -> PlateSpot:
    return PlateSpot(upright((200.0, 100.0), height * 440 / 140), score, sharpness, whole)


def characters(text: str, confidence: float | list[float] = 0.99, other: str = "") -> tuple[PlateCharacter, ...]:
    shares = confidence if isinstance(confidence, list) else [confidence] * len(text)
    return tuple(
        PlateCharacter(one, share, ((other, round(1 - share, 6)),) if other and other != one else ())
        for one, share in zip(text, shares, strict=True)
    )


def read(
    text: str, confidence: float | list[float] = 0.99, *, colour: Colour = Colour.BLUE, other: str = "", **where
) -> PlateRead:
    """A read as the reader makes it: certain by the rule in force, or not."""
    place, form, found = spot(**where), form_of(text), characters(text, confidence, other)
    against = doubts(found, form, colour, place, CertaintyRule())
    return PlateRead(found, form.name if form else None, colour, Rows.SINGLE, place, against)
