"""Which plate is that of the vehicle that stands there."""

from __future__ import annotations

import pytest

from vision.interface import Box
from vision.plate_places import Spotted, Whose, gathered, nearer, rivals, whose

CAR: Box = (0.4, 0.4, 0.6, 0.7)


def plate(x: float, y: float, width: float = 0.05, height: float = 0.02) -> Box:
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def spot(name: str, x: float, y: float, score: float = 0.9) -> Spotted[str]:
    return Spotted(name, plate(x, y), score)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (plate(0.5, 0.6), Whose.OWN),
        (plate(0.42, 0.69), Whose.OWN),
        (plate(0.385, 0.6), Whose.OUTSIDE),  # its middle lies beside the box
        (plate(0.5, 0.72), Whose.OUTSIDE),
        (plate(0.41, 0.6, width=0.08), Whose.OUTSIDE),  # it reaches out by more than a twentieth of the box
        (plate(0.5, 0.6, width=0.13), Whose.OUTSIDE),  # wider than any plate of this vehicle
        (plate(0.5, 0.6, height=0.13), Whose.OUTSIDE),
        (plate(0.9, 0.1), Whose.OUTSIDE),
    ],
)
def test_only_plates_in_its_own_box(found: Box, expected: Whose) -> None:
    assert whose(found, CAR, ()) is expected


def test_a_plate_in_a_nearer_vehicles_box_is_left_to_it() -> None:
    in_front = nearer(CAR, [(0.5, 0.5, 0.8, 0.9), (0.45, 0.2, 0.9, 0.69), (0.41, 0.41, 0.61, 0.71)])
    assert in_front == ((0.5, 0.5, 0.8, 0.9),), "neither what stands behind, nor a second box of the same vehicle"
    assert whose(plate(0.55, 0.6), CAR, in_front) is Whose.NEARER
    assert whose(plate(0.45, 0.6), CAR, in_front) is Whose.OWN


def test_plates_are_gathered_by_their_place() -> None:
    frames = [
        [spot("own", 0.5, 0.6)],
        [spot("other", 0.42, 0.5, 0.95), spot("own", 0.502, 0.601)],
        [],
        [spot("own", 0.499, 0.6)],
        [spot("own", 0.5, 0.603)],
    ]
    places = gathered(frames)
    assert [[one.plate for one in place] for place in places] == [["own"] * 4, ["other"]]
    assert rivals(places) == [], "once against four times: it passed by"
    assert gathered(frames) == places
    assert gathered([]) == [] and rivals([]) == []


def test_a_plate_that_stays_is_a_rival_and_a_doubtful_one_is_none() -> None:
    both = [[spot("own", 0.5, 0.6), spot("other", 0.42, 0.5, 0.8)] for _ in range(3)]
    assert [place[0].plate for place in rivals(gathered(both))] == ["other"]
    junk = [[spot("own", 0.5, 0.6), spot("junk", 0.42, 0.5, 0.3)] for _ in range(3)]
    assert rivals(gathered(junk)) == []
    # What is surely a plate goes before what is found more often and is not.
    few = [[spot("junk", 0.42, 0.5, 0.3)]] * 3 + [[spot("own", 0.5, 0.6)]]
    assert gathered(few)[0][0].plate == "own"


def test_two_plates_close_to_each_other_in_one_frame_are_two() -> None:
    places = gathered([[spot("a", 0.5, 0.6), spot("b", 0.51, 0.6)]] * 2)
    assert [len(place) for place in places] == [2, 2]
