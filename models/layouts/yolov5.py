"""YOLOv5 as its own repository exports it: [n, boxes, 5 + classes] in pixels of the input, with objectness.

Three anchors per cell at the strides 8, 16, 32. Score = objectness * class. (The `u` variants that Ultralytics ships
today, such as yolov5nu, have the layout `yolov8`.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.backends.interface import Dims
from models.layouts.interface import Array, Candidates, candidates, from_centres

ANCHORS_PER_CELL = 3


@dataclass(frozen=True, slots=True)
class YoloV5Layout:
    """Centre, width, height, objectness, classes."""

    input_size: tuple[int, int]
    classes: int
    name: str = "yolov5"
    suppressed: bool = False

    @property
    def expected(self) -> tuple[Dims, ...]:
        width, height = self.input_size
        boxes = ANCHORS_PER_CELL * sum((width // s) * (height // s) for s in (8, 16, 32))
        return ((None, boxes, 5 + self.classes),)

    def decode(self, outputs: Sequence[Array], floor: float) -> list[Candidates]:
        return [self._decode_image(image, floor) for image in outputs[0]]

    def _decode_image(self, rows: Array, floor: float) -> Candidates:
        chosen = rows[rows[:, 4] >= floor]
        cls = chosen[:, 5:].argmax(axis=1)
        score = chosen[:, 4] * chosen[np.arange(len(cls)), 5 + cls]
        keep = score >= floor
        return candidates(from_centres(chosen[keep, :4]), score[keep], cls[keep])
