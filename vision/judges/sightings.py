"""The boxes of one sample that rules are about."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from models.interface import Detections
from streams.instant import Instant
from vision.boxes import family, normalised
from vision.interface import Moment
from vision.matching import same_object
from vision.tuning import Tuning


def sightings(at: Instant, detections: Detections, classes: Collection[str], min_score: float) -> list[Moment]:
    """Boxes of the families of `classes`, at least `min_score`: those of `classes` themselves first, then by score."""
    families = {family(cls) for cls in classes}
    score = detections.score.astype("float64").round(6).tolist()
    boxes, names = normalised(detections), detections.names
    wanted = sorted(
        (names[i] not in classes, -score[i], boxes[i], names[i])
        for i in range(len(detections))
        if score[i] >= min_score and family(names[i]) in families
    )
    return [Moment(at=at, box=box, score=-minus, cls=cls, track=None) for _, minus, box, cls in wanted]


def once_each(moments: Iterable[Moment], tuning: Tuning) -> list[Moment]:
    """Each object once: detectors give two boxes of different classes for one, and the first of them is kept."""
    kept: list[Moment] = []
    for moment in moments:
        if not any(same_object(moment, other, tuning) for other in kept):
            kept.append(moment)
    return kept
