"""Makes people and plates in a training picture unrecognisable, and blanks what nobody has reviewed.

What is painted over is painted in one grey, so that nothing of it is left to be sharpened. What neither model finds is
not masked: docs/training.md says what that is likely to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evidence_export.masking.areas import GREY, head_of, paint, paint_corners, pixels_of
from evidence_export.masking.interface import Box
from evidence_export.masking.looking import MIN_SCORE, PERSON, VEHICLES, Looker
from models.exporting.compare import iou_with
from models.interface import Detector, Image
from models.plates.interface import PlateReader

SAME_IOU = 0.5
"""A detection that overlaps a reviewed box so much is that box."""

Rectangle = npt.NDArray[np.float32]
"""x1, y1, x2, y2 in pixels."""

__all__ = ["GREY", "MIN_SCORE", "Masked", "Masker", "Rectangle"]


@dataclass(frozen=True, slots=True, eq=False)
class Masked:
    """A picture fit to be handed on, and how much was painted over."""

    image: Image
    heads: int
    plates: int
    blanked: int


class Masker:
    """Masks pictures. Deterministic, as its models are."""

    def __init__(self, detector: Detector, plates: PlateReader) -> None:
        """`detector` has to give boxes down to `MIN_SCORE`. Raises ModelRefusedError where it knows no persons."""
        self._looker = Looker(detector, plates)

    @property
    def models(self) -> tuple[str, ...]:
        """Name and SHA-256 of each model used, as `name@sha256`."""
        return self._looker.models

    def mask(
        self, image: Image, reviewed: Sequence[Rectangle], unknown: Sequence[Rectangle], learned: frozenset[str]
    ) -> Masked:
        """The picture (H x W x 3 BGR uint8), masked.

        `reviewed`: boxes of which people said what they are; nothing but heads and plates is painted over in them.
        `unknown`: boxes of which nobody said so. `learned`: classes of the data set; a detection of one of these, or of
        any vehicle, that is no reviewed box is blanked outside of the reviewed ones: a car without a label teaches that
        it is none.
        Raises InferenceError.
        """
        size = image.shape[1], image.shape[0]
        found = self._looker.objects(image)
        painted = image.copy()
        keep = np.zeros(image.shape[:2], bool)
        for box in reviewed:
            keep[pixels_of(box.tolist(), size)] = True
        others = [one.box for one in found if one.name in learned | VEHICLES and not _is_one_of(one.box, reviewed)]
        for blank in [*others, *(box.tolist() for box in unknown)]:
            rows = pixels_of(blank, size)
            painted[rows][~keep[rows]] = GREY
        people = [one.box for one in found if one.name == PERSON]
        paint(painted, (head_of(box) for box in people))
        vehicles = [*(box.tolist() for box in reviewed), *(one.box for one in found if one.name in VEHICLES)]
        plates = self._looker.plates(painted, vehicles)
        for corners in plates:
            paint_corners(painted, corners)
        return Masked(painted, len(people), len(plates), len(others) + len(unknown))


def _is_one_of(box: Box, reviewed: Sequence[Rectangle]) -> bool:
    if not len(reviewed):
        return False
    return bool((iou_with(np.array(box, np.float32), np.stack(list(reviewed))) >= SAME_IOU).any())
