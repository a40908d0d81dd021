"""What the rest of the project may know of models: boxes out of images, and which model said so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model made a detection: enough to name it in a case and to run it again."""

    name: str
    sha256: str
    licence: str
    layout: str
    classes: tuple[str, ...]
    input_size: tuple[int, int]
    """Width and height of the network's input in pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Boxes of one image. Empty is a valid value.

    `xyxy` float32 [N, 4] in pixels of an image of `size` (width, height), x1 <= x2 and y1 <= y2, clipped to the image;
    `score` float32 [N] in 0..1, not increasing; `cls` int64 [N], an index into `model.classes`.
    """

    xyxy: npt.NDArray[np.float32]
    score: npt.NDArray[np.float32]
    cls: npt.NDArray[np.int64]
    size: tuple[int, int]
    model: ModelInfo

    def __post_init__(self) -> None:
        n = len(self.score)
        if self.xyxy.shape != (n, 4) or self.score.shape != (n,) or self.cls.shape != (n,):
            raise ValueError(
                f"shapes must be [N,4], [N], [N]; got {self.xyxy.shape}, {self.score.shape}, {self.cls.shape}"
            )
        if min(self.size) <= 0:
            raise ValueError(f"size must be positive, got {self.size}")
        if n and not (np.isfinite(self.xyxy).all() and np.isfinite(self.score).all()):
            raise ValueError("boxes and scores must be finite")
        if n and (self.cls.min() < 0 or self.cls.max() >= len(self.model.classes)):
            raise ValueError(f"class index outside 0..{len(self.model.classes) - 1}")

    def __len__(self) -> int:
        return len(self.score)

    @property
    def names(self) -> tuple[str, ...]:
        """The class name of each box."""
        return tuple(self.model.classes[i] for i in self.cls)

    @classmethod
    def empty(cls, size: tuple[int, int], model: ModelInfo) -> Detections:
        """No boxes in an image of `size` (width, height)."""
        return cls(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int64), size=size, model=model)


class Detector(Protocol):
    """Finds objects in images. Deterministic: the same image gives the same boxes on the same machine."""

    @property
    def info(self) -> ModelInfo: ...

    def fit(self, size: tuple[int, int]) -> tuple[int, int]:
        """The size (width, height) to which an image of `size` is resized before it is padded to the input.

        A caller that decodes video can let its own scaler produce exactly this size straight from YUV, and pass the
        original size to `detect`: no full-size picture is made.
        """

    def detect(self, images: Sequence[Image], sizes: Sequence[tuple[int, int]] | None = None) -> list[Detections]:
        """One Detections per image (each H x W x 3 BGR uint8, sizes may differ), in the same order.

        `sizes` (width, height), one per image, says which size the pictures had before the caller scaled them; boxes
        are reported in pixels of that size. None: the images are the originals. An image that is not of the size
        that `fit` names is resized to it. Raises InferenceError where the runtime or the model's numbers fail, and
        ValueError for arguments that are no images.
        """
