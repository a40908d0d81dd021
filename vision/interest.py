"""Which boxes of a sample the rules of a camera are about: their classes, sure enough, and near one of its zones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from models.interface import Detections
from streams.instant import Instant
from vision.boxes import family, normalised
from vision.interface import Box, Moment

_MARGIN = 0.05
"""Boxes this close to a zone, as a share of the image, are followed: they may come to stand in it, or leave it."""


class Interest:
    """Of one camera. `bounds`: of its zones; `classes`: of its rules, whose families count; `min_score`: the least."""

    def __init__(self, bounds: Sequence[Box], classes: Iterable[str], min_score: float) -> None:
        near = np.array(bounds, np.float64).reshape(-1, 4)
        self._near = near + np.array([-_MARGIN, -_MARGIN, _MARGIN, _MARGIN])
        self._families = frozenset(family(cls) for cls in classes)
        self._min_score = min_score
        self._watched: tuple[tuple[str, ...], npt.NDArray[np.bool_]] = ((), np.zeros(0, np.bool_))

    def moments(self, at: Instant, detections: Detections) -> list[Moment]:
        """Those of a sample, best score first."""
        if not len(detections) or not len(self._near):
            return []
        classes = detections.model.classes
        if self._watched[0] != classes:
            self._watched = (classes, np.array([family(name) in self._families for name in classes], np.bool_))
        score = detections.score.astype(np.float64).round(6)
        (chosen,) = np.nonzero(self._watched[1][detections.cls] & (score >= self._min_score))
        if not len(chosen):
            return []
        near = self._near
        width, height = detections.size
        x1, y1, x2, y2 = detections.xyxy[chosen].astype(np.float64).T[:, :, None] / np.array(
            [width, height, width, height], np.float64
        ).reshape(4, 1, 1)
        beside = (x2 < near[:, 0]) | (x1 > near[:, 2]) | (y2 < near[:, 1]) | (y1 > near[:, 3])
        chosen = chosen[~beside.all(axis=1)]
        if not len(chosen):
            return []
        boxes = normalised(detections)
        names = detections.names
        picked = sorted((-float(score[i]), boxes[i], names[i]) for i in chosen.tolist())
        return [Moment(at=at, box=box, score=-minus, cls=cls, track=None) for minus, box, cls in picked]
