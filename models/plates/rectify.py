"""A plate seen at an angle, straightened into the strip that the recogniser reads.

Facts of GA 36-2018: single rows are 440 x 140 mm (480 x 140 for new energy), double rows 440 x 220 mm with characters
of 60 mm above and 110 mm below. What follows from them as shares of the plate's height and width stands in `UPPER` and
`LOWER`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from models.interface import Image
from models.plates.interface import Corners

HEIGHT = 32
"""Of the strip, in pixels: what the recogniser was trained with."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How much around the corners is taken in, as shares of the plate's width and height, and how wide it is drawn."""

    margin_x: float
    margin_y: float
    width: int
    """Of the strip, in pixels."""
    shift: float = 0.0
    """Sideways, as a share of the width."""


@dataclass(frozen=True, slots=True)
class Band:
    """A part of the plate, as shares of its width and height."""

    left: float
    top: float
    right: float
    bottom: float


UPPER = Band(0.20, 0.03, 0.80, 0.395)
LOWER = Band(0.00, 0.355, 1.00, 0.985)


def straighten(image: Image, corners: Corners, size: tuple[int, int], part: Band, border: tuple[float, float]) -> Image:
    """The `part` of the plate as a picture of `size` (width, height).

    `border` (x, y): how much more is taken in around the part, as shares of the plate's width and height. Beyond
    the picture its edge is repeated.
    """
    x1, y1 = part.left - border[0], part.top - border[1]
    x2, y2 = part.right + border[0], part.bottom + border[1]
    unit = np.array(((0, 0), (1, 0), (1, 1), (0, 1)), np.float32)
    # Shares of the plate -> picture, then the four outer points of the part -> the strip.
    plane = cv2.getPerspectiveTransform(unit, np.array(corners, np.float32) - np.float32(0.5))
    outer = np.array([[(x1, y1), (x2, y1), (x2, y2), (x1, y2)]], np.float32)
    source = cv2.perspectiveTransform(outer, plane)[0].astype(np.float32)
    target = unit * np.array(size, np.float32) - np.float32(0.5)
    matrix = cv2.getPerspectiveTransform(source, target)
    how = cv2.INTER_AREA if _shrinks(source, size) else cv2.INTER_LINEAR
    if how == cv2.INTER_AREA:
        # warpPerspective has no area mode: straighten at the size it has in the picture, then shrink.
        large = _natural(source, size)
        enlarge = np.diag([large[0] / size[0], large[1] / size[1], 1.0])
        offset = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
        matrix = np.linalg.inv(offset) @ enlarge @ offset @ matrix
        warped = cv2.warpPerspective(image, matrix, large, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cv2.resize(warped, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.warpPerspective(image, matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def single_row(image: Image, corners: Corners, cut: Cut) -> Image:
    """The whole plate as a strip of `HEIGHT` x `cut.width`."""
    part = Band(cut.shift, 0.0, 1.0 + cut.shift, 1.0)
    return straighten(image, corners, (cut.width, HEIGHT), part, (cut.margin_x, cut.margin_y))


def double_row(image: Image, corners: Corners, cut: Cut) -> Image:
    """Both rows beside each other as one strip of `HEIGHT` x `cut.width`; the upper one gets a third of it."""
    first = cut.width // 3
    border = (cut.margin_x / 2, cut.margin_y / 4)
    strips = [
        straighten(image, corners, (width, HEIGHT), part, border)
        for part, width in ((UPPER, first), (LOWER, cut.width - first))
    ]
    return np.concatenate(strips, axis=1)


def face(image: Image, corners: Corners, size: tuple[int, int], border: float = 0.0) -> Image:
    """The plate as a picture of `size` (width, height), with `border` of its width and height around it."""
    return straighten(image, corners, size, Band(0.0, 0.0, 1.0, 1.0), (border, border))


def sharpness(plate: Image) -> float:
    """How crisp a straightened plate (any size, BGR) is: variance of the Laplacian over variance of brightness.

    The division takes out contrast, so that a dark plate and a bright one compare; a light smoothing before it keeps
    a sensor's noise from passing for detail. 0 for a plate without any contrast.
    """
    grey = cv2.GaussianBlur(cv2.cvtColor(plate, cv2.COLOR_BGR2GRAY).astype(np.float32), (3, 3), 0)
    contrast = float(grey.var())
    return float(cv2.Laplacian(grey, cv2.CV_32F).var()) / contrast if contrast > 1.0 else 0.0


def batch_of(strips: Sequence[Image], width: int) -> npt.NDArray[np.float32]:
    """Strips of `HEIGHT` as an input [n, 3, HEIGHT, width]: -1..1, and 0 to the right of each strip.

    The zeros matter: the recogniser was trained with strips that end before the input does, and without them it
    drops the last characters. Raises ValueError for a strip that is too wide.
    """
    batch = np.zeros((len(strips), 3, HEIGHT, width), np.float32)
    for out, strip in zip(batch, strips, strict=True):
        if strip.shape[0] != HEIGHT or strip.shape[1] > width:
            raise ValueError(f"a strip must be {HEIGHT} high and at most {width} wide, got {strip.shape}")
        out[:, :, : strip.shape[1]] = strip.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1
    return batch


def _natural(source: npt.NDArray[np.float32], size: tuple[int, int]) -> tuple[int, int]:
    """The size that the part has in the picture, at least `size` and at most eight times it."""
    width = max(np.linalg.norm(source[1] - source[0]), np.linalg.norm(source[2] - source[3]))
    height = max(np.linalg.norm(source[3] - source[0]), np.linalg.norm(source[2] - source[1]))
    return (
        int(np.clip(round(float(width)), size[0], 8 * size[0])),
        int(np.clip(round(float(height)), size[1], 8 * size[1])),
    )


def _shrinks(source: npt.NDArray[np.float32], size: tuple[int, int]) -> bool:
    large = _natural(source, size)
    return large[0] > 1.5 * size[0] or large[1] > 1.5 * size[1]
