"""Makes people and plates in a training picture unrecognisable, and blanks what nobody has reviewed.

What is painted over is painted in one grey, so that nothing of it is left to be sharpened. What neither model finds is
not masked: docs/training.md says what that is likely to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from models.errors import ModelRefusedError
from models.exporting.compare import iou_with
from models.interface import Detector, Image
from models.plates.interface import PlateReader

GREY = 114
PERSON = "person"
VEHICLES = frozenset({"car", "truck", "bus", "motorcycle", "van"})
MIN_SCORE = 0.15
"""From which score on a person or vehicle counts here: one too many costs a patch of grey, one too few a face."""
HEAD = 0.35
"""Upper share of a person's box that is painted over; the head of one who stands is about an eighth."""
HEAD_CUT = 0.6
"""The same where the box is less than twice as high as wide: someone sits, or is seen from the chest up."""
AROUND = 0.1
"""By which share of its size a head's patch is larger on each side."""
PLATE_AROUND = 0.25
TILE = 0.6
"""Side of the four overlapping parts that are looked at once more, as a share of the picture's: small people."""
SAME_IOU = 0.5
"""A detection that overlaps a reviewed box so much is that box."""
WIDEST_PLATE = 0.6
"""Share of a vehicle's width beyond which a plate found on it is taken for none."""

Rectangle = npt.NDArray[np.float32]
"""x1, y1, x2, y2 in pixels."""


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
        if PERSON not in detector.info.classes:
            raise ModelRefusedError(
                "this model does not find people, so their heads cannot be masked",
                where=detector.info.name,
                remedy="Name one that has the class `person`; those of the catalog have.",
            )
        self._detector = detector
        self._plates = plates

    @property
    def models(self) -> tuple[str, ...]:
        """Name and SHA-256 of each model used, as `name@sha256`."""
        return (f"{self._detector.info.name}@{self._detector.info.sha256}", *self._plates.models)

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
        found = self._found(image)
        painted = image.copy()
        keep = np.zeros(image.shape[:2], bool)
        for box in reviewed:
            keep[_rows(box, image)] = True
        others = [box for name, box in found if name in learned | VEHICLES and not _is_one_of(box, reviewed)]
        for box in [*others, *unknown]:
            rows = _rows(box, image)
            painted[rows][~keep[rows]] = GREY
        people = [box for name, box in found if name == PERSON]
        for box in people:
            painted[_rows(_head(box), image)] = GREY
        vehicles = [*reviewed, *(box for name, box in found if name in VEHICLES)]
        plates = self._plate_corners(painted, vehicles)
        for corners in plates:
            cv2.fillConvexPoly(painted, _grown(corners), (GREY, GREY, GREY))
        return Masked(painted, len(people), len(plates), len(others) + len(unknown))

    def _found(self, image: Image) -> list[tuple[str, Rectangle]]:
        """Everything in the picture, looked at as a whole and in four parts."""
        height, width = image.shape[:2]
        tall, wide = round(height * TILE), round(width * TILE)
        corners = [(0, 0), (0, width - wide), (height - tall, 0), (height - tall, width - wide)]
        views = [(0, 0, image), *((y, x, image[y : y + tall, x : x + wide]) for y, x in corners)]
        found = []
        for y, x, part in views:
            (boxes,) = self._detector.detect([np.ascontiguousarray(part)])
            for name, box, score in zip(boxes.names, boxes.xyxy, boxes.score, strict=True):
                if score >= MIN_SCORE:
                    found.append((name, box + np.array((x, y, x, y), np.float32)))
        return found

    def _plate_corners(self, image: Image, vehicles: Sequence[Rectangle]) -> list[npt.NDArray[np.float32]]:
        """Corners [4, 2] of the plates in the picture, looked for in the whole of it and closely on each vehicle."""
        found = [spot.array for spot in self._plates.find(image)]
        for box in vehicles:
            rows = _rows(_larger(box, AROUND), image)
            part = np.ascontiguousarray(image[rows])
            if min(part.shape[:2]) < 8:
                continue
            offset = np.array((rows[1].start, rows[0].start), np.float32)
            found += [
                spot.array + offset
                for spot in self._plates.find(part)
                if spot.size[0] <= WIDEST_PLATE * (box[2] - box[0])
            ]
        return found


def _head(box: Rectangle) -> Rectangle:
    x1, y1, x2, y2 = box
    share = HEAD if y2 - y1 >= 2 * (x2 - x1) else HEAD_CUT
    return _larger(np.array((x1, y1, x2, y1 + share * (y2 - y1)), np.float32), AROUND)


def _larger(box: Rectangle, share: float) -> Rectangle:
    by = (box[2:] - box[:2]) * share
    return np.concatenate((box[:2] - by, box[2:] + by)).astype(np.float32)


def _grown(corners: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
    """The corners moved away from their middle, and by two pixels more."""
    middle = corners.mean(axis=0)
    away = corners - middle
    length = np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6)
    return np.asarray(np.rint(middle + away * (1 + PLATE_AROUND) + 2 * away / length), np.int32)


def _rows(box: Rectangle, image: Image) -> tuple[slice, slice]:
    """Where a box lies in a picture: every pixel that it touches."""
    height, width = image.shape[:2]
    x1, y1 = (max(0, int(np.floor(value))) for value in box[:2])
    x2, y2 = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
    return slice(min(y1, y2), y2), slice(min(x1, x2), x2)


def _is_one_of(box: Rectangle, reviewed: Sequence[Rectangle]) -> bool:
    return bool(len(reviewed)) and bool((iou_with(box, np.stack(list(reviewed))) >= SAME_IOU).any())
