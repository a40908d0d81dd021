"""Which box of a sample belongs to which standing object: by place and class family only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.interface import Detections
from vision.boxes import area, family, intersection, iou, nested, normalised, shift, similar_size
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
    for moment in moments:
        fits = [index for index, standing in enumerate(standings) if shows(standing, moment, tuning)]
        if not fits:
            homeless.append(moment)
            continue
        box = moment.box
        index = max(fits, key=lambda i: (standings[i].open, iou(standings[i].place, box)))
        rival, place = best[index], standings[index].place
        if rival is None or iou(place, moment.box) > iou(place, rival.box):
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


def displaced(standing: Standing, loose: Sequence[Moment], previous: Sequence[Box], tuning: Tuning) -> bool:
    """Whether a box shows that what stood there has moved on: it overlaps the place and is alike in size.

    A box that touches the ground nearer to the camera may also be an object that came before the place and hides it:
    it does not count where a box of the sample before (`previous`) was closer to it than the place is. One beside or
    behind the place always counts; it would be hidden itself if something still stood there.
    """
    place = standing.place
    lowest = place[3] + tuning.displaced_level * (place[3] - place[1])
    return any(
        iou(place, moment.box) >= tuning.displaced_iou
        and similar_size(place, moment.box, tuning.displaced_size)
        and standing.family == family(moment.cls)
        and (moment.box[3] <= lowest or not _came_from_elsewhere(moment.box, place, previous, tuning))
        for moment in loose
    )


def _came_from_elsewhere(box: Box, place: Box, previous: Sequence[Box], tuning: Tuning) -> bool:
    return any(
        shift(before, box) <= shift(place, box) and similar_size(before, box, tuning.displaced_size)
        for before in previous
        if iou(before, place) < tuning.place_iou
    )


def hidden(place: Box, detections: Detections, tuning: Tuning) -> bool:
    """Whether some detected object, of any class and score, stands before the place and covers it."""
    highest = place[3] - tuning.hidden_level * (place[3] - place[1])
    needed = tuning.hidden_share * area(place)
    return any(box[3] >= highest and intersection(place, box) >= needed for box in normalised(detections))
