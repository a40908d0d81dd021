"""A look against the reference: where its structure lies now, what of it is lost, and how sharp it is.

Shifts are found by correlating structure (see `picture`) in the frequency domain, over the whole picture for large ones
and over six blocks for small ones and for turns and zooms. Measured on rendered streets against a reference by day:
structure was found again by day with 0.8 to 1, at night with 0.45 to 0.75, in night rain with 0.36 and more; at a wrong
place with 0.25 at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from vision.integrity.picture import Edges, Grey, Picture, tiled

_T = TypeVar("_T", np.float32, np.complex64)

_BLOCKS = (2, 3)
FOUND = 0.3
"""Structure that matches less than this is not found."""
_STANDS_OUT = 1.3
"""A shift of the whole picture must match so many times better than none."""
_LOST, _LOST_IN_NOISE, _WELL_KEPT = 0.25, 0.1, 0.8
"""A tile that keeps less of its structure has lost it; less than that where noise takes some from every tile."""
_LEAST_BLOCKS = 3


@dataclass(frozen=True, slots=True)
class Comparison:
    """A look against the reference."""

    shift: tuple[float, float] | None
    """Cells right and down from the reference; None: its structure is not found."""
    match: float
    """Correlation of structure at that shift, about 0..1."""
    lost: float
    """Share 0..1 of the tiles with structure that have lost it, without any shift."""
    strength: float
    """Contrast of the picture over that of the reference; light changes it freely, a cover takes it to 0."""
    sharpness: float
    """Fine over coarse contrast, against the reference; noise raises it."""


class Template:
    """What is worked out once of a reference."""

    def __init__(self, cells: Grey) -> None:
        picture = Picture(cells, b"")
        self.shape = cells.shape
        self.edges = picture.edges
        self._tiles = tiled(picture.weight)
        # The flattest quarter (sky, a blank wall) says nothing of what was lost.
        self._textured = self._tiles >= max(float(np.percentile(self._tiles, 25)), 1e-3)
        self._energy = float(picture.weight.sum())
        self._spectrum = np.conj(np.fft.fft2(self.edges))
        self._block_energy = [float(block.sum()) for block in _blocks(picture.weight)]
        self._block_spectra = [np.conj(np.fft.fft2(block)) for block in _blocks(self.edges)]
        self._coarse, self._fine = _bands(picture)

    @property
    def textured(self) -> bool:
        """Whether there is enough structure to compare with."""
        return self._energy > 0.02 * self.edges.size and self._coarse > 1.0

    def compare(self, picture: Picture) -> Comparison:
        """Only for pictures of the same cells."""
        edges = picture.edges
        surface = _surface(edges, self._spectrum, self._energy * float(picture.weight.sum()))
        peak, whole = _peak(surface)
        level = float(surface[0, 0])
        agreeing = edges.real * self.edges.real + edges.imag * self.edges.imag
        kept = tiled(agreeing) / np.maximum(self._tiles, 1e-6)
        coarse, fine = _bands(picture)
        shift: tuple[float, float] | None = None
        match = max(level, peak)
        if peak >= FOUND and peak >= _STANDS_OUT * level and hypot(*whole) > 1:
            shift = whole
        else:
            shift, local = self._locally(picture)
            match = max(match, local)
        return Comparison(
            shift=shift,
            match=match,
            lost=_lost(kept[self._textured]),
            strength=coarse / self._coarse if self._coarse else 0.0,
            sharpness=(fine / coarse) / (self._fine / self._coarse) if min(coarse, self._fine, self._coarse) else 0.0,
        )

    def _locally(self, picture: Picture) -> tuple[tuple[float, float] | None, float]:
        """The middle one, by length, of the shifts that blocks show, and how well they match."""
        found = []
        parts = zip(
            _blocks(picture.edges), _blocks(picture.weight), self._block_spectra, self._block_energy, strict=True
        )
        for block, weight, spectrum, energy in parts:
            peak, shift = _peak(_surface(block, spectrum, energy * float(weight.sum())))
            if peak >= FOUND:
                found.append((hypot(*shift), shift, peak))
        if len(found) < _LEAST_BLOCKS:
            return None, 0.0
        found.sort()
        _, middle, _ = found[len(found) // 2]
        return middle, sum(peak for *_, peak in found) / len(found)


def _lost(kept: npt.NDArray[np.float64]) -> float:
    """Share of the tiles that have lost their structure, given how much each has kept (about 0..1)."""
    if not kept.size:
        return 0.0
    best = float(np.percentile(kept, 75))
    return float((kept < min(_LOST, max(_LOST_IN_NOISE, _LOST * best / _WELL_KEPT))).mean())


def _blocks(values: npt.NDArray[_T]) -> list[npt.NDArray[_T]]:
    return [part for band in np.array_split(values, _BLOCKS[0]) for part in np.array_split(band, _BLOCKS[1], axis=1)]


def _bands(picture: Picture) -> tuple[float, float]:
    """Root mean squares of coarse and fine contrast, grey levels."""
    fine = picture.cells - picture.smoothed
    return float(np.sqrt(np.mean(np.square(picture.strength)))), float(np.sqrt(np.mean(np.square(fine))))


def _surface(edges: Edges, spectrum: Edges, energies: float) -> npt.NDArray[np.float32]:
    """Correlation for every circular shift, -1..1."""
    scale = np.float32(1 / np.sqrt(energies + 1e-9))
    correlation = np.fft.ifft2(np.fft.fft2(edges) * spectrum).real
    return (correlation * scale).astype(np.float32, copy=False)


def _peak(surface: npt.NDArray[np.float32]) -> tuple[float, tuple[float, float]]:
    """The highest value, and where it lies: cells right and down, to a part of a cell."""
    rows, columns = surface.shape
    row, column = divmod(int(surface.argmax()), columns)
    top = float(surface[row, column])
    right = _apex(float(surface[row, column - 1]), top, float(surface[row, (column + 1) % columns]))
    down = _apex(float(surface[row - 1, column]), top, float(surface[(row + 1) % rows, column]))
    right += column - columns * (column > columns // 2)
    down += row - rows * (row > rows // 2)
    return top, (right, down)


def _apex(before: float, top: float, after: float) -> float:
    """Where a parabola through three neighbours is highest, -0.5..0.5 from the middle one."""
    bend = before - 2 * top + after
    return 0.0 if bend >= 0 else min(0.5, max(-0.5, (before - after) / (2 * bend)))
