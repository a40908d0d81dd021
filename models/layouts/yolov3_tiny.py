"""Raw heads with anchors, as Darknet's YOLOv3 family gives them before its [yolo] layers.

Each head is [n, anchors * (5 + classes), rows, columns]; per anchor t_x, t_y, t_w, t_h, objectness, classes.
Box (Redmon and Farhadi, "YOLOv3: An Incremental Improvement", section 2.1): centre = (sigmoid(t_xy) + cell) * stride,
size = anchor * exp(t_wh), score = sigmoid(objectness) * sigmoid(class).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.backends.interface import Dims
from models.layouts.interface import Array, Candidates, candidates, from_centres

# exp() of anything larger is wider than any picture; it keeps a broken model's numbers finite.
LARGEST_EXPONENT = 12.0


@dataclass(frozen=True, slots=True)
class Head:
    """One output: its stride in pixels, and its anchors (width, height) in pixels of the input."""

    stride: int
    anchors: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class YoloV3Layout:
    """One output per head, in the order of `heads`."""

    input_size: tuple[int, int]
    classes: int
    heads: tuple[Head, ...]
    name: str = "yolov3_tiny"
    suppressed: bool = False

    @property
    def expected(self) -> tuple[Dims, ...]:
        width, height = self.input_size
        return tuple(
            (None, len(head.anchors) * (5 + self.classes), height // head.stride, width // head.stride)
            for head in self.heads
        )

    def decode(self, outputs: Sequence[Array], floor: float) -> list[Candidates]:
        return [
            _join([self._decode_head(output[i], head, floor) for output, head in zip(outputs, self.heads, strict=True)])
            for i in range(len(outputs[0]))
        ]

    def _decode_head(self, output: Array, head: Head, floor: float) -> Candidates:
        rows, columns = output.shape[1:]
        cells = output.reshape(len(head.anchors), 5 + self.classes, rows, columns)
        objectness = _sigmoid(cells[:, 4])
        # A score is objectness times something at most 1: whatever starts below the floor ends below it.
        anchor, row, column = np.nonzero(objectness >= floor)
        chosen = cells[anchor, :, row, column]
        kinds = _sigmoid(chosen[:, 5:])
        cls = kinds.argmax(axis=1)
        score = objectness[anchor, row, column] * kinds[np.arange(len(cls)), cls]
        cell = np.stack((column, row), axis=1).astype(np.float32)
        size = np.array(head.anchors, np.float32)[anchor] * np.exp(np.minimum(chosen[:, 2:4], LARGEST_EXPONENT))
        centre = (_sigmoid(chosen[:, :2]) + cell) * np.float32(head.stride)
        keep = score >= floor
        return candidates(from_centres(np.concatenate((centre, size), axis=1))[keep], score[keep], cls[keep])


def _sigmoid(x: Array) -> Array:
    return np.float32(1) / (np.float32(1) + np.exp(-np.clip(x, -80, 80)))


def _join(parts: list[Candidates]) -> Candidates:
    return candidates(
        np.concatenate([p.xyxy for p in parts]),
        np.concatenate([p.score for p in parts]),
        np.concatenate([p.cls for p in parts]),
    )
