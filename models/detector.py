"""Images in, boxes out: letterbox, session, layout and suppression put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.backends.interface import Session
from models.errors import InferenceError, ModelRefusedError
from models.interface import Detections, Image, ModelInfo
from models.layouts.interface import Candidates, Layout, check, check_outputs
from models.letterbox import Letterbox, Placement
from models.nms import suppress

# No pixel, logit or score comes near; beyond it the decoders' arithmetic could overflow.
LARGEST_NUMBER = 1e9


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What counts as a box."""

    min_score: float = 0.1
    iou: float = 0.45
    """Two boxes of a class that overlap more than this are one object."""
    max_detections: int = 300
    """Per image."""

    def __post_init__(self) -> None:
        if not (0 < self.min_score <= 1 and 0 < self.iou <= 1 and self.max_detections > 0):
            raise ValueError(f"min_score and iou must be in (0, 1] and max_detections positive, got {self}")


class YoloDetector:
    """A `models.interface.Detector` over one loaded graph."""

    def __init__(
        self, info: ModelInfo, session: Session, letterbox: Letterbox, layout: Layout, thresholds: Thresholds
    ) -> None:
        """Raises ModelRefusedError where the graph is not what `info` and `layout` say."""
        _check_input(info, session)
        check(layout, session.signature, where=info.name)
        self._info = info
        self._session = session
        self._letterbox = letterbox
        self._layout = layout
        self._thresholds = thresholds

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def session(self) -> Session:
        """The graph behind this detector, for checks and measurements."""
        return self._session

    def fit(self, size: tuple[int, int]) -> tuple[int, int]:
        return self._letterbox.fit(size)

    def detect(self, images: Sequence[Image], sizes: Sequence[tuple[int, int]] | None = None) -> list[Detections]:
        for image in images:
            if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
                raise ValueError(f"an image must be H x W x 3 uint8, got {image.shape} {image.dtype}")
        if sizes is None:
            sizes = [(image.shape[1], image.shape[0]) for image in images]
        placements = [self._letterbox.place(size) for size in sizes]
        pairs = list(zip(images, placements, strict=True))
        step = self._session.signature.batch or max(1, len(pairs))
        return [found for start in range(0, len(pairs), step) for found in self._run(pairs[start : start + step])]

    def _run(self, pairs: Sequence[tuple[Image, Placement]]) -> list[Detections]:
        width, height = self._info.input_size
        batch = np.empty((len(pairs), 3, height, width), np.float32)
        for out, (image, placement) in zip(batch, pairs, strict=True):
            self._letterbox.fill(image, placement, out)
        outputs = self._session.run(batch)
        check_outputs(self._layout, outputs, len(pairs), where=self._info.name)
        # NaN compares false with everything, so this asks for what is good.
        if not all((np.abs(output) <= LARGEST_NUMBER).all() for output in outputs):
            raise InferenceError(
                "the model gave numbers that are not finite, or absurdly large",
                where=self._info.name,
                remedy="Check it with `streetproof models check`; export it again in 32-bit floats.",
            )
        found = self._layout.decode(outputs, self._thresholds.min_score)
        return [self._finish(boxes, placement) for boxes, (_, placement) in zip(found, pairs, strict=True)]

    def _finish(self, found: Candidates, placement: Placement) -> Detections:
        limit = self._thresholds.max_detections
        if self._layout.suppressed:
            order = np.argsort(-found.score, kind="stable")[:limit]
        else:
            order = suppress(found.xyxy, found.score, found.cls, iou=self._thresholds.iou, limit=limit)
        xyxy = placement.to_image(found.xyxy[order])
        edge = np.tile(np.array(placement.size, np.float32), 2)
        xyxy = np.clip(xyxy, np.float32(0), edge)
        # A box that lies in the border only has no place in the picture.
        inside = (xyxy[:, 2] > xyxy[:, 0]) & (xyxy[:, 3] > xyxy[:, 1])
        score = np.clip(found.score[order][inside], 0, 1)
        return Detections(xyxy[inside], score, found.cls[order][inside], size=placement.size, model=self._info)


def _check_input(info: ModelInfo, session: Session) -> None:
    inputs = session.signature.inputs
    width, height = info.input_size
    want = (None, 3, height, width)
    good = (
        len(inputs) == 1
        and inputs[0].dtype == "tensor(float)"
        and len(inputs[0].dims) == 4
        and inputs[0].dims[0] in (None, 1)
        and all(w is None or d is None or d == w for w, d in zip(want, inputs[0].dims, strict=True))
    )
    if not good:
        raise ModelRefusedError(
            f"the graph must take one image tensor [n or 1, 3, {height}, {width}] of tensor(float), found "
            f"{', '.join(map(str, inputs)) or 'no input'}",
            where=info.name,
            remedy="Export it with a fixed square input in 32-bit floats, channels first.",
        )
