"""Degraded copies of a picture, the same for the same seed: what night, distance and compression do to a plate."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Level:
    """How bad. Pixels are of the plate after scaling; all draws are uniform between 0 (or 1) and the bound."""

    name: str
    plate_height: tuple[float, float]
    """To which the picture is scaled down, in pixels; never up."""
    blur: float
    """Deviation of a Gaussian blur, as a share of the plate's height."""
    motion: float
    """Length of a motion blur, as a share of the plate's height."""
    noise: float
    """Deviation, in grey values."""
    dark: float
    """Smallest factor on the brightness."""
    jpeg: int
    """Lowest quality."""
    tilt: float
    """Largest rotation, in degrees."""


LEVELS = (
    Level("light", (28, 40), 0.02, 0.04, 3, 0.7, 60, 4),
    Level("medium", (20, 30), 0.05, 0.09, 7, 0.4, 35, 8),
    Level("heavy", (15, 23), 0.08, 0.14, 12, 0.2, 20, 12),
    Level("extreme", (11, 17), 0.10, 0.18, 18, 0.12, 12, 15),
)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What stays the same while a camera and a plate both stand still. Pixels and shares as in `Level`."""

    plate_height: float
    angle: float
    blur: float
    motion: float
    motion_angle: float
    bright: float
    noise: float
    jpeg: int


def draw(level: Level, rng: np.random.Generator) -> Conditions:
    """Conditions of this level."""
    return Conditions(
        plate_height=rng.uniform(*level.plate_height),
        angle=rng.uniform(-level.tilt, level.tilt),
        blur=rng.uniform(0, level.blur),
        motion=rng.uniform(0, level.motion),
        motion_angle=rng.uniform(0, 180),
        bright=rng.uniform(level.dark, 1.0),
        noise=rng.uniform(0, level.noise),
        jpeg=int(rng.integers(level.jpeg, 95)),
    )


def degraded(image: Image, plate_height: float, how: Conditions, rng: np.random.Generator) -> Image:
    """A worse copy of `image`, whose plate is `plate_height` pixels high.

    Two copies under the same conditions differ in noise, in where the pixels fall, and so in compression.
    """
    scale = min(1.0, how.plate_height / plate_height)
    height = plate_height * scale
    width, tall = (max(8, round(side * scale)) for side in (image.shape[1], image.shape[0]))
    # Shrunk as a lens does it, then turned about the middle and moved by a part of a pixel.
    small = cv2.resize(image, (width, tall), interpolation=cv2.INTER_AREA)
    matrix = cv2.getRotationMatrix2D((width / 2, tall / 2), how.angle, 1.0)
    matrix[:, 2] += rng.uniform(0, 1, 2)
    work = cv2.warpAffine(small, matrix, (width, tall), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    if how.blur * height > 0.1:
        work = cv2.GaussianBlur(work, (0, 0), how.blur * height)
    if how.motion * height > 1:
        work = cv2.filter2D(work, -1, _motion(how.motion * height, how.motion_angle))
    work *= how.bright
    work += rng.normal(0, how.noise + 1e-6, work.shape)
    done = np.clip(work, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", done, [cv2.IMWRITE_JPEG_QUALITY, how.jpeg])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _motion(length: float, degrees: float) -> npt.NDArray[np.float32]:
    side = 2 * int(np.ceil(length / 2)) + 1
    kernel = np.zeros((side, side), np.float32)
    kernel[side // 2] = np.clip(length / 2 + 0.5 - np.abs(np.arange(side) - side // 2), 0, 1)
    turn = cv2.getRotationMatrix2D((side / 2 - 0.5, side / 2 - 0.5), degrees, 1.0)
    turned = cv2.warpAffine(kernel, turn, (side, side))
    return np.asarray(turned / turned.sum(), np.float32)
