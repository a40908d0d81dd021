"""Holds an export against its original, on pictures: which boxes are lost or new, how far the others moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from models.backends.interface import GraphSignature, Session
from models.interface import Detections, Detector, Image

SURE = 0.25
"""Boxes of the original with at least this score are looked for in the export, and the other way round."""
SAME_IOU = 0.5
"""Two boxes of a class that overlap at least so much are of one object."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far an export may be from its original before it is refused."""

    lost: float
    """Share of the sure boxes that have no partner, 0..1, in either direction."""
    iou_loss_mean: float
    """1 - IoU of a box and its partner, on average."""
    iou_loss_max: float
    score_mean: float
    """Difference of the scores of a box and its partner, on average."""
    score_max: float
    """Also how far below `SURE` a partner may lie: a box at the very threshold proves nothing."""
    numbers: float | None
    """Largest difference of any output of the graph, relative to 1 + its size; None: not asked."""


LIMITS = {
    "onnx": Limits(0.0, 0.005, 0.02, 0.005, 0.01, 0.01),
    "openvino-fp32": Limits(0.0, 0.005, 0.02, 0.005, 0.01, 0.01),
    "openvino-fp16": Limits(0.02, 0.01, 0.1, 0.01, 0.05, None),
    "openvino-int8": Limits(0.10, 0.08, 0.35, 0.05, 0.2, None),
}
"""By kind of export. Of 8-bit numbers more cannot be asked: docs/models.md has what was measured."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What the comparison gave. Means and maxima are over the boxes that have a partner; 0 where there are none."""

    images: int
    boxes: int
    """Sure boxes of the original."""
    lost: int
    """Of these, those that the export does not have."""
    added: int
    """Sure boxes of the export that the original does not have."""
    iou_loss_mean: float
    iou_loss_max: float
    score_mean: float
    score_max: float
    numbers: float
    """Largest difference of any output, relative to 1 + its size."""

    def faults(self, limits: Limits) -> list[str]:
        """Where it is beyond the limits, in words; empty where it is within."""
        found = []
        for name, count in (("lost", self.lost), ("new", self.added)):
            if count > limits.lost * max(1, self.boxes):
                found.append(f"{count} boxes are {name} of {self.boxes}, allowed are {limits.lost:.0%}")
        for name in ("iou_loss_mean", "iou_loss_max", "score_mean", "score_max"):
            value, limit = getattr(self, name), getattr(limits, name)
            if value > limit:
                found.append(f"{name} is {value:.3f}, allowed is {limit:g}")
        if limits.numbers is not None and not self.numbers <= limits.numbers:
            found.append(f"the outputs differ by {self.numbers:.3g}, allowed is {limits.numbers:g}")
        return found

    def record(self, limits: Limits) -> dict[str, object]:
        """For JSON, with the limits it was held against."""
        rounded = {name: round(v, 6) if isinstance(v, float) else v for name, v in asdict(self).items()}
        return {**rounded, "sure_score": SURE, "same_iou": SAME_IOU, "limits": asdict(limits)}


class Recorded:
    """A `Session` that gives outputs made elsewhere, one picture after the other."""

    def __init__(self, signature: GraphSignature, outputs: npt.NDArray[np.float32]) -> None:
        self._signature = signature
        self._outputs = iter(outputs)

    @property
    def signature(self) -> GraphSignature:
        return self._signature

    def run(self, batch: npt.NDArray[np.float32]) -> Sequence[npt.NDArray[np.float32]]:
        return [np.stack([next(self._outputs) for _ in batch])]


class Listening:
    """A `Session` that keeps what the one behind it gave last."""

    def __init__(self, behind: Session) -> None:
        self._behind = behind
        self.last: Sequence[npt.NDArray[np.float32]] = ()

    @property
    def signature(self) -> GraphSignature:
        return self._behind.signature

    def run(self, batch: npt.NDArray[np.float32]) -> Sequence[npt.NDArray[np.float32]]:
        self.last = self._behind.run(batch)
        return self.last


def compare(
    original: Detector,
    export: Detector,
    images: Sequence[Image],
    limits: Limits,
    taps: tuple[Listening, Listening] | None = None,
) -> Difference:
    """Both detectors over the same pictures (H x W x 3 BGR uint8). Raises as `Detector.detect`.

    The detectors have to give boxes down to `SURE - limits.score_max`. `taps` are the sessions behind the two, where
    the bare numbers are to be compared as well.
    """
    boxes = lost = added = 0
    losses: list[float] = []
    scores: list[float] = []
    numbers = 0.0
    for image in images:
        (want,), (have,) = original.detect([image]), export.detect([image])
        pairs, missing = _partners(want, have)
        _, extra = _partners(have, want)
        boxes += int((want.score >= SURE).sum())
        lost, added = lost + missing, added + extra
        losses += [1 - iou for iou, _ in pairs]
        scores += [score for _, score in pairs]
        if taps:
            numbers = max(numbers, *(_numbers(a, b) for a, b in zip(taps[0].last, taps[1].last, strict=True)))
    return Difference(
        len(images),
        boxes,
        lost,
        added,
        _mean(losses),
        max(losses, default=0.0),
        _mean(scores),
        max(scores, default=0.0),
        numbers,
    )


def _partners(want: Detections, have: Detections) -> tuple[list[tuple[float, float]], int]:
    """IoU and difference of score for each sure box of `want` with a partner, best scores first; how many have none."""
    free = np.ones(len(have), bool)
    pairs: list[tuple[float, float]] = []
    missing = 0
    for box, score, cls in zip(want.xyxy, want.score, want.cls, strict=True):
        if score < SURE:
            break
        overlap = np.where(free & (have.cls == cls), iou_with(box, have.xyxy), 0)
        best = int(np.argmax(overlap)) if len(have) else -1
        if best < 0 or overlap[best] < SAME_IOU:
            missing += 1
            continue
        free[best] = False
        pairs.append((float(overlap[best]), abs(float(score) - float(have.score[best]))))
    return pairs, missing


def iou_with(box: npt.NDArray[np.float32], others: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Intersection over union of one box (x1, y1, x2, y2) with each of [N, 4], 0..1."""
    a, b = box.astype(np.float64), others.astype(np.float64)
    sides = np.maximum(np.minimum(a[2:], b[:, 2:]) - np.maximum(a[:2], b[:, :2]), 0)
    shared = sides[:, 0] * sides[:, 1]
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    return np.asarray(shared / np.maximum(areas - shared, 1e-9), np.float64)


def _numbers(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    if a.shape != b.shape:
        return float("inf")
    return float((np.abs(a - b) / (1 + np.abs(a))).max(initial=0))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
