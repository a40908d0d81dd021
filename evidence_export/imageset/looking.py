"""How clearly a frame shows what stands: measured against the other frames of the same stay. Pixels only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from evidence_export.made import Clarity, Place
from evidence_export.plates.looks import part_of
from models.plates.interface import PlateReader
from streams.interface import Image
from vision.boxes import area, intersection
from vision.interface import Box, Moment
from vision.plate_frames import quality
from vision.plate_places import Whose, nearer, whose

_PATCH, _SCENE = (32, 32), (48, 27)
_UNLIKE = 0.8
"""Standard deviations by which a cell of a picture differs from the same cell in most others, where something else is
seen there."""
_BORDER = 0.003
"""Share of the picture: a box that ends so near to its border may go on beyond it."""
_CONTRAST = 4.0
"""Grey levels: below this, what differs is noise."""
_FEW = 3
"""Of fewer pictures nobody can say which one is unlike the others."""

Grey = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One frame that shows what stands, as it was measured; the frame itself is not kept."""

    moment: Moment
    place: Place
    whole: bool
    """It does not touch the border of the picture."""
    covered: float
    """Share of its box that lies in the box of something nearer."""
    crisp: tuple[float, float]
    """Mean slope of grey levels, in standard deviations: of the target, and of the whole picture."""
    patch: Grey
    scene: Grey
    """Both small, with mean 0 and standard deviation 1."""
    plate: float | None
    """What the best plate in its box is worth for reading, 0 for none; None: nobody looked."""


def look_at(moment: Moment, place: Place, picture: Image, stands: Box, reader: PlateReader | None) -> Look:
    """Measure a frame, H x W x 3 BGR uint8. `stands`: where it stands, the same for all frames that are compared.

    Raises InferenceError where `reader` fails.
    """
    own = moment.box
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    target, scene = _part(grey, stands), np.asarray(half, np.uint8)
    in_front = nearer(own, [one.box for one in moment.others or ()])
    return Look(
        moment=moment,
        place=place,
        whole=own[0] > _BORDER and own[1] > _BORDER and own[2] < 1 - _BORDER and own[3] < 1 - _BORDER,
        covered=max((intersection(own, box) / max(area(own), 1e-9) for box in in_front), default=0.0),
        crisp=(_crisp(target), _crisp(scene)),
        patch=_small(target, _PATCH),
        scene=_small(grey, _SCENE),
        plate=None if reader is None else _plate(picture, own, in_front, reader),
    )


def clarity_of(looks: Sequence[Look]) -> list[Clarity]:
    """How clearly each of them shows it, measured against all of them."""
    best = [max((one.crisp[n] for one in looks), default=0.0) or 1.0 for n in (0, 1)]
    plate = max((one.plate or 0.0 for one in looks), default=0.0)
    patches, scenes = [one.patch for one in looks], [one.scene for one in looks]
    return [
        Clarity(
            sharpness=min(1.0, *(one.crisp[n] / best[n] for n in (0, 1))),
            whole=one.whole,
            hidden=min(1.0, max(one.covered, _unlike(one.patch, patches))),
            surroundings_hidden=_unlike(one.scene, scenes),
            plate=None if one.plate is None or not plate else one.plate / plate,
        )
        for one in looks
    ]


def _unlike(one: Grey, all_of_them: Sequence[Grey]) -> float:
    """Share of a small picture that shows something else than the same place of most of them."""
    if len(all_of_them) < _FEW:
        return 0.0
    usual = np.median(np.stack(all_of_them), axis=0)
    return float((np.abs(one - usual) > _UNLIKE).mean())


def _crisp(grey: npt.NDArray[np.uint8]) -> float:
    if min(grey.shape) < 3:
        return 0.0
    smooth = cv2.GaussianBlur(grey, (3, 3), 0).astype(np.float32)
    slope = np.abs(np.diff(smooth, axis=0)).mean() + np.abs(np.diff(smooth, axis=1)).mean()
    return float(slope) / (float(smooth.std()) + _CONTRAST)


def _small(grey: npt.NDArray[np.uint8], size: tuple[int, int]) -> Grey:
    few = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)
    return np.asarray((few - few.mean()) / (float(few.std()) + _CONTRAST), np.float32)


def _part(grey: npt.NDArray[np.uint8], box: Box) -> npt.NDArray[np.uint8]:
    height, width = grey.shape
    left, top = min(int(box[0] * width), width - 1), min(int(box[1] * height), height - 1)
    return grey[top : max(top + 1, round(box[3] * height)), left : max(left + 1, round(box[2] * width))]


def _plate(picture: Image, own: Box, in_front: Sequence[Box], reader: PlateReader) -> float:
    part, (left, top) = part_of(picture, own)
    height, width = picture.shape[:2]
    worth = 0.0
    for spot in reader.find(part):
        xs, ys = [(x + left) / width for x, _ in spot.corners], [(y + top) / height for _, y in spot.corners]
        if whose((min(xs), min(ys), max(xs), max(ys)), own, in_front) is Whose.OWN:
            worth = max(worth, quality(spot))
    return worth
