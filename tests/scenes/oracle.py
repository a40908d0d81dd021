"""A detector that knows the script, so that the engine can be tested without a model, and with faults on demand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.interface import Detections, ModelInfo
from tests.scenes import stage, stamp
from tests.scenes.motion import Placement, placements
from tests.scenes.scene import Scene
from tests.scenes.truth import truth_of

CLASSES = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
_GRID = 24


@dataclass(frozen=True, slots=True)
class Faults:
    """How the oracle errs, each independently per frame and object, seeded by the scene and the frame."""

    misses: float = 0.0
    """Share of the objects that are not found."""
    jitter: float = 0.0
    """Standard deviation of each edge, as a share of the box's size."""
    false_positives: float = 0.0
    """Mean number of boxes per frame where nothing is."""
    confusion: float = 0.0
    """Share of the vehicles reported as another vehicle class."""
    hidden_above: float = 0.6
    """An object that is covered by more than this share is not found."""


class OracleDetector:
    """A `models.Detector` for the frames of one scene, which must be `stamped`; encoded and scaled frames will do.

    An image whose stamp cannot be read raises ValueError: a test that mixes up its footage should not pass.
    """

    def __init__(self, scene: Scene, faults: Faults | None = None) -> None:
        self._scene = scene
        self._faults = faults or Faults()
        identity = json.dumps([truth_of(scene), repr(self._faults)], sort_keys=True).encode()
        self._info = ModelInfo(
            "oracle", hashlib.sha256(identity).hexdigest(), "Apache-2.0", "oracle", CLASSES, scene.size
        )

    @property
    def info(self) -> ModelInfo:
        return self._info

    def detect(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[Detections]:
        """Boxes in pixels of each given image."""
        found = []
        for image in images:
            index = stamp.read(image)
            if index is None or index >= self._scene.frame_count:
                raise ValueError("no frame number of this scene can be read from the image")
            found.append(self.at(index, (image.shape[1], image.shape[0])))
        return found

    def at(self, index: int, size: tuple[int, int] | None = None) -> Detections:
        """What would be found in frame `index` of the scene, in pixels of an image of `size`."""
        width, height = size or self._scene.size
        rng = np.random.default_rng([self._scene.seed, index, 5])
        faults = self._faults
        boxes, scores, classes = [], [], []
        for box, placement in self._visible(index):
            draw, noise = rng.random(3), rng.normal(0, 1, 4)
            if draw[0] < faults.misses:
                continue
            extent = np.array([box[2] - box[0], box[3] - box[1]] * 2)
            boxes.append(np.array(box) + noise * extent * faults.jitter)
            scores.append(0.6 + 0.35 * draw[1])
            cls = CLASSES.index(placement.look.cls)
            if cls and draw[2] < faults.confusion:
                cls = CLASSES.index("car" if CLASSES[cls] == "truck" else "truck")
            classes.append(cls)
        for _ in range(int(rng.poisson(faults.false_positives))):
            x, y, w, h = rng.uniform((0, 0.1, 0.03, 0.03), (0.9, 0.9, 0.12, 0.12))
            boxes.append(np.array([x, y, x + w, y + h]))
            scores.append(rng.uniform(0.3, 0.6))
            classes.append(int(rng.integers(len(CLASSES))))
        if not boxes:
            return Detections.empty((width, height), self._info)
        xyxy = np.clip(np.stack(boxes), 0, 1)
        xyxy = np.concatenate([np.minimum(xyxy[:, :2], xyxy[:, 2:]), np.maximum(xyxy[:, :2], xyxy[:, 2:])], axis=1)
        order = np.argsort(-np.array(scores), kind="stable")
        return Detections(
            (xyxy * np.array([width, height] * 2))[order].astype(np.float32),
            np.array(scores)[order].astype(np.float32),
            np.array(classes)[order].astype(np.int64),
            size=(width, height),
            model=self._info,
        )

    def _visible(self, index: int) -> list[tuple[tuple[float, float, float, float], Placement]]:
        placed = placements(self._scene, index)
        boxes = [stage.box_of(placement, self._scene.size) for placement in placed]
        seen = []
        for number, (box, placement) in enumerate(zip(boxes, placed, strict=True)):
            if hidden_share(box, boxes[number + 1 :]) <= self._faults.hidden_above:
                seen.append((box, placement))
        return seen


def hidden_share(box: tuple[float, float, float, float], nearer: Sequence[tuple[float, float, float, float]]) -> float:
    """The share of `box` that lies under nearer boxes or outside the image."""
    xs = box[0] + (np.arange(_GRID) + 0.5) * (box[2] - box[0]) / _GRID
    ys = box[1] + (np.arange(_GRID) + 0.5) * (box[3] - box[1]) / _GRID
    hidden = np.logical_or.outer((ys < 0) | (ys > 1), (xs < 0) | (xs > 1))
    for x1, y1, x2, y2 in nearer:
        hidden |= np.logical_and.outer((ys >= y1) & (ys <= y2), (xs >= x1) & (xs <= x2))
    return float(hidden.mean())
