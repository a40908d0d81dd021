"""What the rest of the project may know of number plates: what was read, how surely, and what speaks against it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.interface import Image

Point = tuple[float, float]
"""x and y in pixels of the picture; pixel i covers [i, i + 1)."""
Corners = tuple[Point, Point, Point, Point]
"""Top left, top right, bottom right, bottom left, as the plate's own text runs."""


class Colour(StrEnum):
    """The ground of a plate. Large new-energy plates, half yellow and half green, count as green."""

    BLUE = "blue"
    YELLOW = "yellow"
    GREEN = "green"
    WHITE = "white"
    BLACK = "black"
    UNKNOWN = "unknown"
    """Not decided: a picture without colour, too dark, or two colours alike."""


class Rows(StrEnum):
    """How the characters stand."""

    SINGLE = "single"
    DOUBLE = "double"


class Doubt(StrEnum):
    """Why a read is not certain."""

    NO_FORM = "no_form"
    """The text has none of the forms of GA 36-2018."""
    WEAK_CHARACTER = "weak_character"
    """At least one character is less sure than the rule asks."""
    COLOUR_CONTRADICTS = "colour_contradicts"
    """A plate of this form has another colour: often a character is missing or misread."""
    CUT_OFF = "cut_off"
    """The plate touches the edge of the picture: what lies beyond is not seen, however sure the characters look."""
    TOO_SMALL = "too_small"
    """The plate has fewer pixels than the rule asks."""
    BLURRED = "blurred"
    """Too little detail is left: the strokes of a province's character are lost first, and another one is made of them,
    as surely as a sharp one is read."""
    DOUBTFUL_PLATE = "doubtful_plate"
    """The detector is not sure that this is a plate at all."""


@dataclass(frozen=True, slots=True)
class PlateCharacter:
    """One position of a plate's text."""

    text: str
    confidence: float
    """0..1: the mean share that this character got over all crops that were read (0 from crops that read otherwise)."""
    alternatives: tuple[tuple[str, float], ...] = ()
    """What else it may be, with the share that got, best first."""


def text_of(characters: Iterable[PlateCharacter]) -> str:
    """The characters in one string."""
    return "".join(character.text for character in characters)


def weakest_of(characters: Iterable[PlateCharacter]) -> float:
    """The confidence of the least sure character, 0..1; 0 where there is none."""
    return min((character.confidence for character in characters), default=0.0)


@dataclass(frozen=True, slots=True)
class PlateSpot:
    """Where a plate is, before anything is read."""

    corners: Corners
    score: float
    """The detector's, 0..1."""
    sharpness: float
    """Variance of the Laplacian over the variance of brightness in the straightened plate, 0 upwards; see
    `models.plates.rectify.sharpness`. About 0.05 is a blur, above 0.3 is crisp."""
    whole: bool
    """False where it touches the edge of the picture."""

    @property
    def array(self) -> npt.NDArray[np.float32]:
        """The corners as float32 [4, 2]."""
        return np.array(self.corners, np.float32)

    @property
    def size(self) -> tuple[float, float]:
        """Mean width and height in pixels, along the plate's own edges."""
        a, b, c, d = self.corners
        return (math.dist(a, b) + math.dist(d, c)) / 2, (math.dist(a, d) + math.dist(b, c)) / 2

    @property
    def angle(self) -> float:
        """How far it is from facing the camera upright, in degrees, 0..180: the larger of tilt and shear.

        Tilt is that of the mean horizontal edge against the picture's rows; shear is how far the angle between the mean
        edges is from a right one. Foreshortening alone does not show in it.
        """
        a, b, c, d = self.corners
        along = math.atan2(b[1] + c[1] - a[1] - d[1], b[0] + c[0] - a[0] - d[0])
        down = math.atan2(d[1] + c[1] - a[1] - b[1], d[0] + c[0] - a[0] - b[0])
        shear = abs(math.remainder(down - along, math.tau)) - math.pi / 2
        return math.degrees(max(abs(along), abs(shear)))


@dataclass(frozen=True, slots=True)
class PlateRead:
    """What was read from one plate in one picture. Never corrected into something more plausible."""

    characters: tuple[PlateCharacter, ...]
    """In reading order; for two rows the upper one first. Empty where nothing could be read."""
    form: str | None
    """The form of GA 36-2018 that the text has (`models.plates.grammar`), None where it has none."""
    colour: Colour
    rows: Rows
    spot: PlateSpot
    doubts: tuple[Doubt, ...]
    """Empty for a certain read."""

    @property
    def text(self) -> str:
        """The characters in one string."""
        return text_of(self.characters)

    @property
    def certain(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.doubts

    @property
    def weakest(self) -> float:
        """The confidence of the least sure character, 0..1; 0 where nothing was read."""
        return weakest_of(self.characters)


class PlateReader(Protocol):
    """Finds and reads plates. Deterministic: the same picture gives the same reads on the same machine."""

    @property
    def models(self) -> tuple[str, ...]:
        """Name and SHA-256 of each model used, as `name@sha256`, for the record."""

    def find(self, image: Image) -> list[PlateSpot]:
        """The plates in a picture (H x W x 3 BGR uint8), whole ones first, then by score. Cheap beside reading.

        Raises InferenceError where the model fails, ValueError where `image` is none.
        """

    def read(self, image: Image, spots: Sequence[PlateSpot] | None = None) -> list[PlateRead]:
        """One read per spot, in the same order; None: those that `find` gives. Raises as `find`."""
