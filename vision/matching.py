"""Which box of a sample belongs to which standing object: by place and class family only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.interface import Detections
from vision.boxes import area, family, intersection, iou, ious, meeting, nested, normalised, shift, similar_size
from vision.interface import Box, Moment
from vision.standing import Standing
from vision.tuning import Tuning


@dataclass(frozen=True, slots=True)
class Matches:
    """What became of the boxes of one sample."""

    best: list[Moment | None]
    """For each standing object the box that shows it."""
    loose: list[Moment]
    """Boxes that show nothing known to stand."""
    new: list[Moment]
    """Of the loose ones, one for each object."""


def match(standings: Sequence[Standing], moments: Sequence[Moment], tuning: Tuning) -> Matches:
    """Give each box to the object whose place it shows, open stays first; of several boxes the closest shows it."""
    best: list[Moment | None] = [None] * len(standings)
    homeless = []
    near = meeting([standing.place for standing in standings], [moment.box for moment in moments])
    for number, moment in enumerate(moments):
        fits = [index for index in near[:, number].nonzero()[0].tolist() if shows(standings[index], moment, tuning)]
        if not fits:
            homeless.append(moment)
            continue
        index, box = fits[0], moment.box
        if len(fits) > 1:
            index = max(fits, key=lambda i: (standings[i].open, iou(standings[i].place, box)))
        rival, place = best[index], standings[index].place
        if rival is None or iou(place, box) > iou(place, rival.box):
            best[index] = moment

    shown = [moment for moment in best if moment is not None]
    loose = [m for m in homeless if not any(same_object(m, other, tuning) for other in shown)]
    new: list[Moment] = []
    for moment in loose:
        if not any(same_object(moment, other, tuning) for other in new):
            new.append(moment)
    return Matches(best=best, loose=loose, new=new)


def shows(standing: Standing, moment: Moment, tuning: Tuning) -> bool:
    """Whether a box shows the object at its place. Objects that have not been seen to stand are asked for more."""
    if standing.family != family(moment.cls):
        return False
    place, box = standing.place, moment.box
    overlap = iou(place, box)
    if not standing.open or not standing.tallies:
        return overlap >= tuning.stand_iou and shift(place, box) <= tuning.stand_shift
    close = overlap >= tuning.place_iou and shift(place, box) <= tuning.place_shift
    return close or nested(place, box, inside=tuning.nested_inside, level=tuning.nested_level)


def same_object(a: Moment, b: Moment, tuning: Tuning) -> bool:
    """Whether two boxes of one sample were given for one object."""
    if family(a.cls) != family(b.cls):
        return False
    return iou(a.box, b.box) >= tuning.place_iou or nested(
        a.box, b.box, inside=tuning.nested_inside, level=tuning.nested_level
    )


def displaced(
    standing: Standing, loose: Sequence[Moment], before: Sequence[Box], now: Sequence[Moment], tuning: Tuning
) -> int:
    """How strongly the boxes say that what stood there has moved on; 0: not at all.

    What says so is a box that shows nothing known to stand, overlaps the place, and is alike in size. If it touches
    the ground nearer to the camera than the place does, it may as well be something that passes in front: it weighs
    less, and nothing where it came from elsewhere (from a box of the sample `before`). One beside or behind the place
    would be hidden itself if something still stood there.
    """
    place = standing.place
    lowest = place[3] + tuning.displaced_level * (place[3] - place[1])
    weight = 0
    for moment in loose:
        box = moment.box
        if (
            iou(place, box) < tuning.displaced_iou
            or not similar_size(place, box, tuning.displaced_size)
            or standing.family != family(moment.cls)
        ):
            continue
        if box[3] <= lowest:
            return tuning.displaced_beside
        if not standing.fired and not _came_from_elsewhere(box, place, before, now, tuning):
            weight = tuning.displaced_before
    return weight


def _came_from_elsewhere(box: Box, place: Box, before: Sequence[Box], now: Sequence[Moment], tuning: Tuning) -> bool:
    """Whether a box of the sample before, other than that of the place, is nearest to this one of all present boxes."""
    for other in before:
        distance = shift(other, box)
        if iou(other, place) >= tuning.place_iou or distance > tuning.displaced_reach:
            continue
        if all(shift(other, moment.box) >= distance for moment in now):
            return True
    return False


def hidden(place: Box, boxes: Iterable[Box], tuning: Tuning) -> bool:
    """Whether one of the boxes, of whatever is there, stands before the place and covers it."""
    highest = place[3] - tuning.hidden_level * (place[3] - place[1])
    needed = tuning.hidden_share * area(place)
    return any(box[3] >= highest and intersection(place, box) >= needed for box in boxes)


def around(boxes: Sequence[Box], kept: Sequence[Box], tuning: Tuning) -> tuple[Box, ...]:
    """What is there in a look: what was found in it, and what is kept where it was. What was found is where it is."""
    missed = ious(kept, boxes).max(axis=1, initial=0) < tuning.remembered_iou
    return (*boxes, *(place for place, one in zip(kept, missed.tolist(), strict=True) if one))


def hider(place: Box, detections: Detections, tuning: Tuning) -> str | None:
    """The class of what hides a place, of several the first by name; None where no box does, but something that pixels
    show to stand there."""
    boxes = zip(normalised(detections), detections.names, strict=True)
    return min((name for box, name in boxes if hidden(place, (box,), tuning)), default=None)
