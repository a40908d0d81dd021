"""What speaks against a read: the rule that separates certain from uncertain. docs/plates.md says how it was set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.plates.grammar import PlateForm
from models.plates.interface import Colour, Doubt, PlateCharacter, PlateSpot, weakest_of

SHARP_ENOUGH = 0.05
"""`PlateSpot.sharpness` below which a plate is a blur."""


@dataclass(frozen=True, slots=True)
class CertaintyRule:
    """What a read of a single picture needs to be called certain."""

    min_character: float = 0.99
    """Confidence of the weakest character, 0..1."""
    min_score: float = 0.5
    """Of the detector, 0..1."""
    min_height: float = 14.0
    """Of the plate, in pixels; a row of two counts as half of it."""

    min_sharpness: float = SHARP_ENOUGH
    """Of the straightened plate (`PlateSpot.sharpness`)."""

    def __post_init__(self) -> None:
        least = min(self.min_height, self.min_sharpness)
        if not (0 < self.min_character <= 1 and 0 <= self.min_score <= 1 and least >= 0):
            raise ValueError(f"min_character must be in (0, 1], min_score in 0..1, the others not negative: {self}")


def doubts(
    characters: Sequence[PlateCharacter],
    form: PlateForm | None,
    colour: Colour,
    spot: PlateSpot,
    rule: CertaintyRule,
) -> tuple[Doubt, ...]:
    """All that speaks against a read, in the order of `Doubt`; empty where nothing does."""
    weakest = weakest_of(characters)
    against = {
        Doubt.NO_FORM: form is None,
        Doubt.WEAK_CHARACTER: weakest < rule.min_character,
        Doubt.COLOUR_CONTRADICTS: form is not None and colour is not Colour.UNKNOWN and colour not in form.colours,
        Doubt.CUT_OFF: not spot.whole,
        Doubt.TOO_SMALL: spot.size[1] < rule.min_height,
        Doubt.BLURRED: spot.sharpness < rule.min_sharpness,
        Doubt.DOUBTFUL_PLATE: spot.score < rule.min_score,
    }
    return tuple(doubt for doubt in Doubt if against[doubt])
