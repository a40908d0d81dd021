"""YOLOv8, YOLO11 and the `u` variants of v3 and v5: [n, 4 + classes, cells] in pixels of the input, no objectness.

One box per cell at the strides 8, 16, 32; centre, width, height, then one score per class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.backends.interface import Dims
from models.layouts.interface import Array, Candidates, candidates, from_centres


@dataclass(frozen=True, slots=True)
class YoloV8Layout:
    """Channels first: rows are coordinates and classes, columns are cells."""

    input_size: tuple[int, int]
    classes: int
    name: str = "yolov8"
    suppressed: bool = False

    @property
    def expected(self) -> tuple[Dims, ...]:
        width, height = self.input_size
        return ((None, 4 + self.classes, sum((width // s) * (height // s) for s in (8, 16, 32))),)

    def decode(self, outputs: Sequence[Array], floor: float) -> list[Candidates]:
        return [self._decode_image(image, floor) for image in outputs[0]]

    def _decode_image(self, columns: Array, floor: float) -> Candidates:
        best = columns[4:].max(axis=0)
        near = np.flatnonzero(best >= floor)
        cls = columns[4:, near].argmax(axis=0)
        return candidates(from_centres(columns[:4, near].T), best[near], cls)
