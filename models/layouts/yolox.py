"""YOLOX as its releases export it: [n, cells, 5 + classes], not yet decoded to pixels.

Cells run over the strides 8, 16, 32, row by row. Box (YOLOX's `demo_postprocess`): centre = (t_xy + cell) * stride,
size = exp(t_wh) * stride. Objectness and classes come with their sigmoid applied; score = objectness * class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.backends.interface import Dims
from models.layouts.interface import Array, Candidates, candidates, from_centres
from models.layouts.yolov3_tiny import LARGEST_EXPONENT

STRIDES = (8, 16, 32)


@dataclass(frozen=True, slots=True)
class YoloxLayout:
    """Anchor-free grid with objectness."""

    input_size: tuple[int, int]
    classes: int
    name: str = "yolox"
    suppressed: bool = False

    @property
    def expected(self) -> tuple[Dims, ...]:
        return ((None, len(_cells(self.input_size)[0]), 5 + self.classes),)

    def decode(self, outputs: Sequence[Array], floor: float) -> list[Candidates]:
        cell, stride = _cells(self.input_size)
        return [self._decode_image(image, cell, stride, floor) for image in outputs[0]]

    def _decode_image(self, rows: Array, cell: Array, stride: Array, floor: float) -> Candidates:
        near = np.flatnonzero(rows[:, 4] >= floor)
        chosen = rows[near]
        cls = chosen[:, 5:].argmax(axis=1)
        score = chosen[:, 4] * chosen[np.arange(len(cls)), 5 + cls]
        centre = (chosen[:, :2] + cell[near]) * stride[near]
        size = np.exp(np.minimum(chosen[:, 2:4], LARGEST_EXPONENT)) * stride[near]
        keep = score >= floor
        return candidates(from_centres(np.concatenate((centre, size), axis=1))[keep], score[keep], cls[keep])


@lru_cache(maxsize=16)
def _cells(input_size: tuple[int, int]) -> tuple[Array, Array]:
    """Column and row [cells, 2], and the stride [cells, 1], of every cell in the order of the output."""
    cells, strides = [], []
    for stride in STRIDES:
        columns, rows = input_size[0] // stride, input_size[1] // stride
        row, column = np.mgrid[:rows, :columns]
        cells.append(np.stack((column, row), axis=-1).reshape(-1, 2).astype(np.float32))
        strides.append(np.full((rows * columns, 1), stride, np.float32))
    return np.concatenate(cells), np.concatenate(strides)
