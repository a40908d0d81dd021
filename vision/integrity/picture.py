"""The small picture that integrity is judged by, and the structure in it that light and noise leave alone.

Structure is the direction of edges, not of contrast: gradients are doubled in angle, so that an edge between light and
dark counts the same when lamps or infrared light turn it over, and their strength is compressed against the picture's
own contrast, so that neither a lit window nor a dim night outweighs the rest.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from models.interface import Image
from vision.errors import VisionError

Grey = npt.NDArray[np.float32]
Edges = npt.NDArray[np.complex64]

COLUMNS = 192
"""About so many cells across, whatever the width."""
_ACROSS = 4
"""Samples of a cell, each way."""
MIN_ROWS, MAX_ROWS, MIN_PIXELS = 36, 480, 192
_SOFT = 1.5
"""Grey levels per cell: what compression leaves of noise."""
TILES = (6, 8)
"""Rows and columns of the tiles that are judged one by one."""


class PictureError(VisionError):
    """A picture that cannot be judged."""


@dataclass(frozen=True, eq=False)
class Picture:
    """One look: block means of luma, float32 [rows, columns], grey levels 0..255."""

    cells: Grey
    digest: bytes
    """Over every sampled pixel; equal for two looks only where the pictures are equal."""

    @cached_property
    def strength(self) -> Grey:
        """Contrast, grey levels per cell, of the picture smoothed a little."""
        return self._structure[0]

    @cached_property
    def edges(self) -> Edges:
        """Structure: magnitude 0..1, twice the angle of the gradient."""
        return self._structure[1]

    @cached_property
    def weight(self) -> Grey:
        """The squared magnitude of `edges`."""
        return self._structure[2]

    @cached_property
    def smoothed(self) -> Grey:
        """Cells without their finest detail."""
        return smooth(self.cells)

    @cached_property
    def _structure(self) -> tuple[Grey, Edges, Grey]:
        return structure(self.smoothed)


def look(luma: Image) -> Picture:
    """`luma` H x W uint8. Pictures of one shape give cells of one size, whatever their resolution.

    Raises PictureError for one that is too small to be judged.
    """
    if luma.ndim != 2 or luma.dtype != np.uint8:
        raise PictureError("a look needs one plane of luma, 8 bits a pixel")
    height, width = luma.shape
    rows = round(height * COLUMNS / width) if width else 0
    if min(height, width) < MIN_PIXELS or not MIN_ROWS <= rows <= MAX_ROWS:
        raise PictureError(f"a picture of {width} x {height} pixels is no camera's view")
    sampled = luma[_spread(height, rows * _ACROSS)].take(_spread(width, COLUMNS * _ACROSS), axis=1)
    # Rows first, in uint16 that cannot overflow, then columns: much cheaper than a mean over two axes at once.
    sums = sampled.reshape(rows, _ACROSS, COLUMNS * _ACROSS).sum(axis=1, dtype=np.uint16)
    totals = sums.reshape(rows, COLUMNS, _ACROSS).sum(axis=2, dtype=np.uint16)
    cells: Grey = totals.astype(np.float32) / np.float32(_ACROSS**2)
    return Picture(cells, hashlib.blake2b(sampled.tobytes(), digest_size=16).digest())


def _spread(length: int, count: int) -> npt.NDArray[np.intp]:
    """`count` positions spread evenly over 0..length - 1; some repeat where there are fewer pixels than that."""
    return ((2 * np.arange(count) + 1) * length // (2 * count)).astype(np.intp)


def smooth(cells: Grey) -> Grey:
    """Binomial 1-2-1 means both ways; the edge repeats itself."""
    padded = np.pad(cells, 1, mode="edge")
    across = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    down: Grey = (across[:-2] + 2 * across[1:-1] + across[2:]) / np.float32(16)
    return down


def structure(cells: Grey) -> tuple[Grey, Edges, Grey]:
    """Contrast; its direction, with the angle doubled and the strength compressed to 0..1; and that squared."""
    right, down = np.zeros_like(cells), np.zeros_like(cells)
    right[1:-1, 1:-1] = (cells[1:-1, 2:] - cells[1:-1, :-2]) / 2
    down[1:-1, 1:-1] = (cells[2:, 1:-1] - cells[:-2, 1:-1]) / 2
    squares = right * right + down * down
    strength = np.sqrt(squares)
    half = np.float32(max(_SOFT, float(np.percentile(strength[::2, ::2], 75))))
    # (right + i down)^2 has the doubled angle; over its own size and times s / (s + half) it has the strength wanted.
    scale = 1 / (strength * (strength + half) + np.float32(1e-6))
    edges = np.empty(cells.shape, np.complex64)
    edges.real = (right * right - down * down) * scale
    edges.imag = 2 * right * down * scale
    weight: Grey = np.square(strength / (strength + half))
    return strength, edges, weight


def tiled(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Sums over the tiles, float64 [6, 8]; the remainder at the right and the bottom is left out."""
    rows, columns = values.shape[0] // TILES[0], values.shape[1] // TILES[1]
    part = values[: rows * TILES[0], : columns * TILES[1]]
    sums: npt.NDArray[np.float64] = part.reshape(TILES[0], rows, TILES[1], columns).sum(axis=(1, 3)).astype(np.float64)
    return sums
