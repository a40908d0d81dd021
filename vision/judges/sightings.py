"""The boxes of one sample that rules are about, each object once."""

from __future__ import annotations

from collections.abc import Collection

from models.interface import Detections
from streams.instant import Instant
from vision.boxes import family, iou, nested, normalised
from vision.interface import Moment
from vision.tuning import Tuning


def sightings(
    at: Instant, detections: Detections, classes: Collection[str], min_score: float, tuning: Tuning
) -> list[Moment]:
    """Boxes of the families of `classes`, at least `min_score`: those of `classes` themselves first, then by score.

    Detectors give two boxes of different classes for one object; only the first of them is kept.
    """
    families = {family(cls) for cls in classes}
    score = detections.score.astype("float64").round(6).tolist()
    boxes, names = normalised(detections), detections.names
    wanted = sorted(
        (names[i] not in classes, -score[i], boxes[i], names[i])
        for i in range(len(detections))
        if family(names[i]) in families and score[i] >= min_score
    )
    kept: list[Moment] = []
    for _, minus, box, cls in wanted:
        twin = any(
            family(other.cls) == family(cls)
            and (
                iou(other.box, box) >= tuning.place_iou
                or nested(other.box, box, inside=tuning.nested_inside, level=tuning.nested_level)
            )
            for other in kept
        )
        if not twin:
            kept.append(Moment(at=at, box=box, score=-minus, cls=cls, track=None))
    return kept
