"""Looks at one picture for what has to be painted over: people, faces, vehicles, plates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evidence_export.masking.areas import AROUND, larger, pixels_of
from evidence_export.masking.interface import Box
from models.errors import ModelRefusedError
from models.interface import Detector, Image
from models.plates.interface import PlateReader

PERSON = "person"
FACE = "face"
TWO_WHEELERS = frozenset({"motorcycle", "bicycle"})
VEHICLES = frozenset({"car", "truck", "bus", "motorcycle", "van"})
MIN_SCORE = 0.15
"""From which score on a person or vehicle counts here: one too many costs a patch of grey, one too few a face."""
MIN_FACE = 0.25
TILE = 0.6
"""Side of the four overlapping parts that are looked at once more, as a share of the picture's: small people."""
WIDEST_PLATE = 0.6
"""Share of a vehicle's width beyond which a plate found on it is taken for none."""
_LEAST_PLATE_SIDE = 8


@dataclass(frozen=True, slots=True)
class Found:
    """One box of a detector in pixels of the picture."""

    name: str
    box: Box
    score: float


class Looker:
    """The models that look. Deterministic, as they are."""

    def __init__(self, detector: Detector, plates: PlateReader | None = None, faces: Detector | None = None) -> None:
        """`detector` has to give boxes down to `MIN_SCORE`. Raises ModelRefusedError where it knows no persons, or
        `faces` no faces."""
        for model, name in ((detector, PERSON), (faces, FACE)):
            if model is not None and name not in model.info.classes:
                what = "people, so their heads" if name == PERSON else "faces, so these"
                raise ModelRefusedError(
                    f"this model does not find {what} cannot be masked",
                    where=model.info.name,
                    remedy=f"Name one that has the class `{name}`.",
                )
        self._detector, self._plates, self._faces = detector, plates, faces

    @property
    def models(self) -> tuple[str, ...]:
        """Name and SHA-256 of each model used, as `name@sha256`."""
        named = [one.info for one in (self._detector, self._faces) if one is not None]
        plates = self._plates.models if self._plates is not None else ()
        return (*(f"{info.name}@{info.sha256}" for info in named), *plates)

    def objects(self, image: Image) -> list[Found]:
        """Everything that the detector finds, in the picture as a whole and in four parts of it. Raises InferenceError.

        What is found twice is there twice.
        """
        return [one for one in _in_parts(self._detector, image) if one.score >= MIN_SCORE]

    def faces(self, image: Image) -> list[Box]:
        """Faces, whether or not they belong to a person that was found. Whose they are is never asked."""
        if self._faces is None:
            return []
        (boxes,) = self._faces.detect([image])
        return [_box(xyxy) for xyxy, score in zip(boxes.xyxy, boxes.score, strict=True) if score >= MIN_FACE]

    def plates(self, image: Image, vehicles: Iterable[Sequence[float]] = ()) -> list[npt.NDArray[np.float32]]:
        """Corners [4, 2] of the plates in the picture, looked for in the whole of it and closely on each vehicle."""
        if self._plates is None:
            return []
        found = [spot.array for spot in self._plates.find(image)]
        for vehicle in vehicles:
            box = _box(vehicle)
            rows = pixels_of(larger(box, AROUND), (image.shape[1], image.shape[0]))
            part = np.ascontiguousarray(image[rows])
            if min(part.shape[:2]) < _LEAST_PLATE_SIDE:
                continue
            offset = np.array((rows[1].start, rows[0].start), np.float32)
            found += [
                spot.array + offset
                for spot in self._plates.find(part)
                if spot.size[0] <= WIDEST_PLATE * (box[2] - box[0])
            ]
        return found


def _in_parts(detector: Detector, image: Image) -> list[Found]:
    height, width = image.shape[:2]
    tall, wide = round(height * TILE), round(width * TILE)
    corners = [(0, 0), (0, width - wide), (height - tall, 0), (height - tall, width - wide)]
    views = [(0, 0, image), *((y, x, image[y : y + tall, x : x + wide]) for y, x in corners)]
    found = []
    for y, x, part in views:
        (boxes,) = detector.detect([np.ascontiguousarray(part)])
        for name, box, score in zip(boxes.names, boxes.xyxy, boxes.score, strict=True):
            found.append(Found(name, _box(box + np.array((x, y, x, y), np.float32)), float(score)))
    return found


def _box(values: Sequence[float] | npt.NDArray[np.float32]) -> Box:
    x1, y1, x2, y2 = (float(value) for value in values)
    return x1, y1, x2, y2
