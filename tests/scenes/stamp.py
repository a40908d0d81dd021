"""A frame's number as 32 black and white cells along the top edge: it survives encoding and scaling.

24 bits of the number, most significant first, then 8 bits of check sum.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_CELLS, _DARK, _LIGHT = 32, 24, 230
_HEIGHT_SHARE = 1 / 40


def write(planes: npt.NDArray[np.uint8], size: tuple[int, int], number: int) -> None:
    """Draws `number` into an I420 picture of `size`, in place."""
    width, height = size
    bits = _bits(number)
    rows = max(2, int(height * _HEIGHT_SHARE)) & ~1
    cells = (np.arange(width) * _CELLS) // width
    planes[:rows, :] = np.where(bits[cells], _LIGHT, _DARK).astype(np.uint8)
    planes[height:].reshape(2, height // 2, width // 2)[:, : rows // 2] = 128


def read(image: npt.NDArray[np.uint8]) -> int | None:
    """The number drawn into an H x W x 3 or H x W picture of any size; None where none can be read."""
    height, width = image.shape[:2]
    grey = image if image.ndim == 2 else image.mean(axis=2)
    row = grey[min(height - 1, int(height * _HEIGHT_SHARE / 2))]
    columns = ((np.arange(_CELLS) + 0.5) * width / _CELLS).astype(int)
    bits = row[columns] > (_DARK + _LIGHT) / 2
    number = int("".join("1" if bit else "0" for bit in bits[:24]), 2)
    return number if bool((_bits(number) == bits).all()) else None


def _bits(number: int) -> npt.NDArray[np.bool_]:
    check = (number * 37 + (number >> 8) * 101 + (number >> 16) * 59 + 165) & 0xFF
    return np.array([digit == "1" for digit in f"{number & 0xFFFFFF:024b}{check:08b}"])
