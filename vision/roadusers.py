"""Who else is on the road around what stands there, and which look shows best whom it may hinder (妨碍通行).

Looks tell who moves: whoever is at a place where, in the three looks before, there was nobody, and where nothing is
known to stand, has come since. Parked neighbours do not count, nor does who was there already, missed in a look or not.
*Near* is who stands or rides within half a size of the vehicle's box around its ground contact. Whether anybody is
hindered is not decided here: that is for whoever looks at the picture, who also sees whether a person belongs to the
vehicle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from models.interface import Detections
from vision.boxes import area, family, intersection, iou, nested, normalised, relatives
from vision.footprint import ground_contact
from vision.interface import Box, Moment, RoadUser

MIN_SCORE = 0.3
REACH = 0.5
"""How near somebody has to be, in sizes of the vehicle's box."""
REMEMBERED = 3
"""Looks; in one of so many in a row a detector finds what stays where it is."""
MAX_OTHERS = 16
"""Kept around one sighting, the nearest."""
_AROUND = 1.0
"""What is kept lies within so many sizes of the vehicle's box, or before a sign or marking."""
_SAME = 0.5
_PERSON = "person"
ROAD_USERS = relatives("car") | relatives("motorcycle") | {_PERSON}


def road_users(detections: Detections) -> tuple[RoadUser, ...]:
    """The people, bicycles and vehicles of one look, none of them known to have come since the look before."""
    users = zip(normalised(detections), detections.names, detections.score, strict=True)
    found = [
        RoadUser(cls, box, round(float(score), 6))
        for box, cls, score in users
        if cls in ROAD_USERS and float(score) >= MIN_SCORE
    ]
    return tuple(sorted(found, key=lambda one: (one.box, one.cls, -one.score)))


def come_since(
    users: Sequence[RoadUser], before: Sequence[Sequence[Box]], stand: Sequence[Box]
) -> tuple[RoadUser, ...]:
    """The same, with those marked that are where nobody was in the looks before; `before`: the boxes of these; of fewer
    than `REMEMBERED` nobody is known to have come. `stand`: places of what is known to stand."""
    if len(before) < REMEMBERED:
        return tuple(users)
    known = [*(box for look in before for box in look), *stand]
    return tuple(replace(one, came=not any(iou(one.box, box) >= _SAME for box in known)) for one in users)


def around(own: Box, users: Iterable[RoadUser], places: Sequence[Box] = ()) -> tuple[RoadUser, ...]:
    """Those around a vehicle, and before the `places` of signs; the nearest first. Its own second box is none."""
    wide, high = _AROUND * (own[2] - own[0]), _AROUND * (own[3] - own[1])
    reach = (own[0] - wide, own[1] - high, own[2] + wide, own[3] + high)
    near = [
        one
        for one in users
        if not _own(own, one) and any(intersection(one.box, place) > 0 for place in (reach, *places))
    ]
    near.sort(key=lambda one: (distance(own, one.box), one.box, one.cls))
    return tuple(near[:MAX_OTHERS])


def bounds_of(points: Sequence[tuple[float, float]]) -> Box:
    """The box around some points."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def distance(own: Box, other: Box) -> float:
    """From the lower edge of somebody's box to the ground contact of a vehicle, in sizes of the vehicle's box."""
    x1, y1, x2, y2 = ground_contact(own)
    wide, high = max(own[2] - own[0], 1e-6), max(own[3] - own[1], 1e-6)
    aside = max(x1 - other[2], other[0] - x2, 0.0) / wide
    away = max(y1 - other[3], other[3] - y2, 0.0) / high
    return float((aside * aside + away * away) ** 0.5)


def passing(moment: Moment) -> tuple[RoadUser, ...]:
    """Those of a sighting that came since the look before, and are near; the nearest first."""
    return tuple(one for one in moment.others or () if one.came and distance(moment.box, one.box) <= REACH)


def better(one: Moment, other: Moment | None) -> bool:
    """Whether a sighting shows more clearly than another whom the vehicle may hinder; of equal ones the first does."""
    return other is None or _worth(one) < _worth(other)


def _worth(moment: Moment) -> tuple[int, float]:
    """Who rides comes before who walks, and that before a person at the vehicle's side, who may have left it."""
    return min((_rank(moment.box, one), round(distance(moment.box, one.box), 6)) for one in passing(moment))


def _rank(own: Box, one: RoadUser) -> int:
    if one.cls != _PERSON:
        return 0
    return 1 if 2 * intersection(own, one.box) <= area(one.box) else 2


def _own(own: Box, one: RoadUser) -> bool:
    """Whether a box is the vehicle's own second one, or of who sits in it."""
    if one.cls == _PERSON:
        x1, y1, x2, y2 = one.box
        return own[0] <= x1 and own[1] <= y1 and x2 <= own[2] and y2 < ground_contact(own)[1]
    if family(one.cls) != family("car"):
        return False
    return iou(own, one.box) >= _SAME or nested(own, one.box, inside=0.9, level=0.1)
