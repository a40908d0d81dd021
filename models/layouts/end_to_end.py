"""End-to-end networks (YOLOv10, YOLO26, and exports with suppression inside): [n, boxes, 6].

x1, y1, x2, y2 in pixels of the input, score, class. Each object comes once; unused rows have score 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.backends.interface import Dims
from models.errors import InferenceError
from models.layouts.interface import Array, Candidates, candidates


@dataclass(frozen=True, slots=True)
class EndToEndLayout:
    """Finished boxes."""

    input_size: tuple[int, int]
    classes: int
    name: str = "end_to_end"
    suppressed: bool = True

    @property
    def expected(self) -> tuple[Dims, ...]:
        return ((None, None, 6),)

    def decode(self, outputs: Sequence[Array], floor: float) -> list[Candidates]:
        return [self._decode_image(image, floor) for image in outputs[0]]

    def _decode_image(self, rows: Array, floor: float) -> Candidates:
        chosen = rows[rows[:, 4] >= floor]
        cls = np.rint(chosen[:, 5])
        if len(cls) and (cls.min() < 0 or cls.max() >= self.classes):
            raise InferenceError(
                f"the model gave class {int(cls.max())} where {self.classes} classes are known",
                remedy="Give the model's own list of classes.",
            )
        order = np.argsort(-chosen[:, 4], kind="stable")
        return candidates(chosen[order, :4], chosen[order, 4], cls[order])
