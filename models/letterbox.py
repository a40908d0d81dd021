"""Fitting a picture into a network's input, and finding the way back. The styles are data; the code is one.

Coordinates are continuous: pixel i covers [i, i + 1). OpenCV's and swscale's resizers map edges to edges under this
convention, so a box goes there and back exactly (up to float rounding), whatever the aspect ratio.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from models.interface import Image


@dataclass(frozen=True, slots=True)
class LetterboxStyle:
    """How a family of networks was trained to see pictures."""

    name: str
    centred: bool
    """True: borders on both sides; False: the picture sits in the top-left corner."""
    pad: int
    """Value of the border, 0..255."""
    rgb: bool
    """True: the network reads R, G, B; False: B, G, R."""
    unit: bool
    """True: values 0..1; False: 0..255."""
    rounds: bool
    """True: the inner size is rounded to the nearest pixel; False: rounded down."""


DARKNET = LetterboxStyle("darknet", centred=True, pad=127, rgb=True, unit=True, rounds=False)
YOLOX = LetterboxStyle("yolox", centred=False, pad=114, rgb=False, unit=False, rounds=False)
ULTRALYTICS = LetterboxStyle("ultralytics", centred=True, pad=114, rgb=True, unit=True, rounds=True)

CENTER_FACE = LetterboxStyle("center_face", centred=False, pad=0, rgb=True, unit=False, rounds=False)

STYLES = {style.name: style for style in (DARKNET, YOLOX, ULTRALYTICS, CENTER_FACE)}


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a picture of `size` lies in an input: resized to `inner`, its corner at `offset` (all width, height)."""

    size: tuple[int, int]
    inner: tuple[int, int]
    offset: tuple[int, int]

    def to_input(self, xyxy: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Boxes [N, 4] in pixels of the picture, as boxes in pixels of the input."""
        scale, shift = self._affine()
        return (np.asarray(xyxy, np.float64) * scale + shift).astype(np.float32)

    def to_image(self, xyxy: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Boxes [N, 4] in pixels of the input, as boxes in pixels of the picture; not clipped."""
        scale, shift = self._affine()
        return ((np.asarray(xyxy, np.float64) - shift) / scale).astype(np.float32)

    def _affine(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        # The two axes have their own scale: the inner size is whole pixels, so the aspect ratio gives a little.
        scale = np.array(self.inner, np.float64) / np.array(self.size, np.float64)
        return np.tile(scale, 2), np.tile(np.array(self.offset, np.float64), 2)


@dataclass(frozen=True, slots=True)
class Letterbox:
    """One style at one input size (width, height)."""

    style: LetterboxStyle
    input_size: tuple[int, int]

    def fit(self, size: tuple[int, int]) -> tuple[int, int]:
        """The inner size for a picture of `size`; at least one pixel each way. Raises ValueError for an empty one."""
        width, height = size
        if width <= 0 or height <= 0:
            raise ValueError(f"an image of {width} x {height} pixels cannot be fitted")
        in_w, in_h = self.input_size
        # Integers only: width * in_h against height * in_w decides which side touches, without a float ratio.
        if width * in_h >= height * in_w:
            return in_w, max(1, self._divide(height * in_w, width))
        return max(1, self._divide(width * in_h, height)), in_h

    def place(self, size: tuple[int, int]) -> Placement:
        """Where a picture of `size` goes."""
        inner = self.fit(size)
        spare = (self.input_size[0] - inner[0], self.input_size[1] - inner[1])
        offset = (spare[0] // 2, spare[1] // 2) if self.style.centred else (0, 0)
        return Placement(size, inner, offset)

    def fill(self, image: Image, placement: Placement, out: npt.NDArray[np.float32]) -> None:
        """Write `image` (H x W x 3 BGR uint8) as [3, height, width] float32 into `out`, border included."""
        if (image.shape[1], image.shape[0]) != placement.inner:
            image = np.asarray(cv2.resize(image, placement.inner, interpolation=cv2.INTER_LINEAR), np.uint8)
        factor = np.float32(1 / 255 if self.style.unit else 1)
        (x, y), (width, height) = placement.offset, placement.inner
        out[...] = np.float32(self.style.pad) * factor
        for channel in range(3):
            plane = image[:, :, 2 - channel if self.style.rgb else channel]
            np.multiply(plane, factor, out=out[channel, y : y + height, x : x + width])

    def _divide(self, numerator: int, denominator: int) -> int:
        return (2 * numerator + denominator) // (2 * denominator) if self.style.rounds else numerator // denominator
