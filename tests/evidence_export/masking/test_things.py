"""Which part of a picture is painted over for what is in it."""

from __future__ import annotations

import numpy as np
import pytest

from evidence_export.masking.areas import overlap, size_of
from evidence_export.masking.interface import Box, Settings, Thing
from evidence_export.masking.looking import Looker
from evidence_export.masking.own import Own
from evidence_export.masking.plan import Plan, TimedLook, plan_of
from evidence_export.masking.things import Look, look_at
from models.interface import Image
from models.plates.interface import PlateSpot
from tests.evidence_export.masking.test_case import MODEL as BASE
from tests.evidence_export.masking.test_case import Everywhere

SIZE = (320, 180)
IMAGE = np.full((180, 320, 3), 90, np.uint8)
MODEL = type(BASE)("told", "ab" * 32, "x", "yolox", ("person", "car", "motorcycle", "bicycle", "face"), (416, 416))
OWN = Own("car", ((0.4, 0.4, 0.7, 0.9),), None, None, (0.5, 0.75, 0.58, 0.8))
NOBODYS = Own("car", (), None, None, None)


class Plates:
    """A reader that finds these plates in every picture."""

    models = ("told-plates@2",)

    def __init__(self, *boxes: Box) -> None:
        self._boxes = boxes

    def find(self, image: Image) -> list[PlateSpot]:
        return [PlateSpot(((x1, y1), (x2, y1), (x2, y2), (x1, y2)), 0.9, 0.3, True) for x1, y1, x2, y2 in self._boxes]

    def read(self, image: Image, spots: object = None) -> list[object]:
        raise AssertionError("nobody asks what stands on them")


def areas(*found: tuple[str, Box], own: Own = NOBODYS, plates: tuple[Box, ...] = ()) -> list[Box]:
    """What is painted over in one picture; `found` in fractions."""
    return plan(look(*found, own=own, plates=plates), own).areas(0.0)


def look(*found: tuple[str, Box], own: Own = NOBODYS, plates: tuple[Box, ...] = ()) -> Look:
    looker = Looker(Everywhere(*found, info=MODEL), Plates(*plates))
    return look_at(IMAGE, looker, own, at_ns=0, small_px=48, closely=False)


def plan(one: Look, own: Own) -> Plan:
    return plan_of([TimedLook(0.0, 0, one)], own, SIZE, Settings())


def covers(boxes: list[Box], x: float, y: float) -> bool:
    """Whether a point (fractions) is painted over."""
    return any(a[0] <= x * 320 <= a[2] and a[1] <= y * 180 <= a[3] for a in boxes)


def test_somebody_who_stands_loses_the_head_and_somebody_who_sits_more() -> None:
    standing = areas(("person", (0.1, 0.1, 0.2, 0.9)))
    assert covers(standing, 0.15, 0.1) and covers(standing, 0.15, 0.4) and not covers(standing, 0.15, 0.6)
    sitting = areas(("person", (0.1, 0.3, 0.4, 0.9)))
    assert covers(sitting, 0.25, 0.62) and not covers(sitting, 0.25, 0.8)


def test_somebody_far_away_is_painted_over_as_a_whole() -> None:
    assert covers(areas(("person", (0.1, 0.5, 0.13, 0.7))), 0.115, 0.69)


def test_somebody_half_hidden_may_show_a_head_anywhere() -> None:
    """Two in one another's boxes: the one behind may be a child."""
    both = areas(("person", (0.1, 0.1, 0.2, 0.9)), ("person", (0.15, 0.3, 0.25, 0.95)))
    assert covers(both, 0.12, 0.85) and covers(both, 0.23, 0.9)


@pytest.mark.parametrize("cls", ["car", "motorcycle"])
def test_the_lower_part_of_other_vehicles_is_painted_over(cls: str) -> None:
    found = areas((cls, (0.1, 0.2, 0.6, 0.8)))
    assert covers(found, 0.11, 0.79) and covers(found, 0.59, 0.5)
    assert covers(found, 0.3, 0.22) is (cls == "motorcycle")
    small = areas((cls, (0.1, 0.2, 0.3, 0.4)))
    assert covers(small, 0.2, 0.21), "a small one is painted over as a whole"


def test_the_rider_of_what_moves_is_painted_over_though_nobody_was_found_on_it() -> None:
    looks = [look(("motorcycle", (0.1 + 0.15 * n, 0.5, 0.25 + 0.15 * n, 0.9))) for n in range(4)]
    moving = plan_of([TimedLook(0.2 * n, 0, one) for n, one in enumerate(looks)], NOBODYS, SIZE, Settings())
    assert covers(moving.areas(0.4), 0.47, 0.3)
    parked = plan_of([TimedLook(0.2 * n, 0, looks[0]) for n in range(4)], NOBODYS, SIZE, Settings())
    assert not covers(parked.areas(0.4), 0.17, 0.3) and covers(parked.areas(0.4), 0.17, 0.7)


def test_parked_bicycles_stay_visible() -> None:
    assert areas(("bicycle", (0.1, 0.5, 0.25, 0.9))) == []


def test_the_own_plate_stays_and_another_in_the_same_box_does_not() -> None:
    mine, other = (160.0, 136.0, 185.0, 144.0), (200.0, 80.0, 220.0, 88.0)
    found = areas(("car", OWN.boxes[0]), own=OWN, plates=(mine, other))
    assert not covers(found, 0.54, 0.777) and covers(found, 0.656, 0.466)
    unknown = Own("car", OWN.boxes, None, None, None)
    assert areas(("car", OWN.boxes[0]), own=unknown, plates=(mine,)) == [], "on the own vehicle, and no other known"
    assert covers(areas(own=unknown, plates=((10.0, 10.0, 40.0, 20.0),)), 0.07, 0.08)


def test_a_window_is_nobody_unless_it_was_once_seen_surely() -> None:
    def weak(score: float) -> list[Box]:
        someone = Thing.whole("person", (150.0, 90.0, 170.0, 130.0), score)
        return plan(Look(people=(someone,)), OWN).areas(0.0)

    assert weak(0.2) == [] and weak(0.3) != []
    outside = Thing.whole("person", (100.0, 90.0, 150.0, 130.0), 0.2)
    assert plan(Look(people=(outside,)), OWN).areas(0.0), "a weak one elsewhere counts"


def test_what_is_found_in_several_parts_of_the_picture_is_one() -> None:
    found = look(("person", (0.1, 0.1, 0.2, 0.9)), ("person", (0.105, 0.1, 0.2, 0.92)))
    assert len(found.people) == 1 and overlap(found.people[0].box, (32, 18, 64, 162)) >= size_of((32, 18, 64, 162)) - 1
