"""What pixels say of a place seen in part only, of another thing in it, and of something unknown before it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.vision.byhand import PARKED, SHANGHAI, Seen, at, detections, moved, rules
from tests.vision.test_remembered import BOX, BUS, CAR, PATCHED, SIZE, STREET, keeps, picture, said, vehicle, with_bus
from vision.boxes import iou
from vision.engine import Engine
from vision.interface import Box, Event, PixelEvidence, StayEnded, StayOpened, ViolationFired
from vision.reasons import EndReason
from vision.remembered import RememberedPlaces


def at_box(places: tuple[Box, ...], box: Box = BOX) -> bool:
    return any(iou(place, box) > 0.6 for place in places)


def beside(share: float) -> Box:
    """A vehicle nearer to the camera whose box covers so much of the place, from the left."""
    return (BOX[0] - 0.1, BOX[1] - 0.02, BOX[0] + share * (BOX[2] - BOX[0]), BOX[3] + 0.05)


def street_with(neighbour: Box, looks: np.ndarray | None, seed: int, ground: np.ndarray = STREET) -> np.ndarray:
    """The picture: the neighbour stands before the place all the time."""
    image = picture(ground, looks, seed=seed)
    x1, y1, x2, y2 = (round(v * s) for v, s in zip(neighbour, (*SIZE, *SIZE), strict=True))
    image[y1:y2, x1:x2] = np.random.default_rng(5).uniform(30, 200, (y2 - y1, x2 - x1, 1))
    return image


# -- cell by cell ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.3, 0.65, 0.8])
def test_a_place_that_was_never_seen_whole_is_told_to_be_empty_by_what_can_be_seen_of_it(share: float) -> None:
    """A parked van covers a part of it from the first look to the last."""
    memory, neighbour = RememberedPlaces(), beside(share)
    van: list[Seen] = [("truck", 0.8, neighbour)]
    for k in range(4):
        said(memory, 2.0 * k, street_with(neighbour, None, k), van)
    for k in range(4, 12):
        said(memory, 2.0 * k, street_with(neighbour, vehicle(1), k), [*van, ("car", 0.8, BOX)])
    standing = said(memory, 24.0, street_with(neighbour, vehicle(1), 30), van)
    assert not at_box(standing.emptied)
    if share < 0.75:
        assert keeps(standing)
        gone = said(memory, 26.0, street_with(neighbour, None, 31), van)
        assert at_box(gone.emptied) and not keeps(gone)


def test_where_little_can_be_seen_of_a_place_that_little_tells_that_it_is_empty() -> None:
    """The place was seen whole before; of what a van leaves free, a fifth, all is as it was then."""
    memory, neighbour = RememberedPlaces(), beside(0.8)
    van: list[Seen] = [("truck", 0.8, neighbour)]
    for k in range(4):
        said(memory, 2.0 * k, picture(PATCHED, seed=k))
    for k in range(4, 12):
        said(memory, 2.0 * k, picture(PATCHED, vehicle(1), seed=k), [("car", 0.8, BOX)])
    assert not at_box(said(memory, 24.0, street_with(neighbour, vehicle(1), 30, PATCHED), van).emptied)
    assert at_box(said(memory, 26.0, street_with(neighbour, None, 31, PATCHED), van).emptied)


def test_what_can_be_seen_beside_a_thing_does_not_tell_that_it_has_left() -> None:
    """Its box is wider than it: the fifth that a van leaves free shows the ground while it stands, too."""
    memory, neighbour = RememberedPlaces(), beside(0.8)
    narrow = (*BOX[:2], BOX[0] + 0.75 * (BOX[2] - BOX[0]), BOX[3])
    van: list[Seen] = [("truck", 0.8, neighbour)]
    for k in range(4):
        said(memory, 2.0 * k, picture(PATCHED, seed=k))
    for k in range(4, 12):
        said(memory, 2.0 * k, picture(PATCHED, vehicle(1), narrow, seed=k), [("car", 0.8, BOX)])
    for k in range(12, 16):
        image = street_with(neighbour, None, k, PATCHED)
        assert not at_box(said(memory, 2.0 * k, image, van).emptied)


# -- another thing --------------------------------------------------------------------------------------------------


def left_and_found(looks: np.ndarray, box: Box = BOX, beside: list[Seen] | None = None) -> list[PixelEvidence]:
    """A car stood there when the footage began; after it had left, something is found there."""
    memory = RememberedPlaces()
    for k in range(6):
        said(memory, 2.0 * k, picture(STREET, vehicle(1), seed=k), [("car", 0.8, BOX)])
    for k in range(6, 12):
        assert said(memory, 2.0 * k, picture(STREET, seed=k)) == PixelEvidence()
    seen: list[Seen] = [("car", 0.8, box), *(beside or [])]
    return [said(memory, 2.0 * k, picture(STREET, looks, box, seed=k), seen) for k in range(12, 15)]


def test_another_thing_in_a_place_is_told_in_the_look_in_which_it_is_found() -> None:
    first, *later = left_and_found(vehicle(5))
    assert at_box(first.others) and not any(one.others for one in later)
    # A detector's box lies less well on it than the memory asks for, and well enough for the engine.
    assert at_box(left_and_found(vehicle(5), moved(BOX, dx=0.28))[0].others)


def test_the_same_thing_in_any_light_and_what_is_not_in_full_sight_is_not_another() -> None:
    for looks in (vehicle(1), 0.5 * vehicle(1), 60 + 0.5 * vehicle(1)):
        assert not any(one.others for one in left_and_found(looks))
    assert not any(one.others for one in left_and_found(vehicle(5), beside=[("person", 0.8, (0.3, 0.3, 0.38, 0.7))]))


def play(script: list[tuple[list[Seen], PixelEvidence]], engine: Engine | None = None) -> list[Event]:
    engine = engine or Engine([rules()], SHANGHAI)
    return [
        event
        for k, (seen, pixels) in enumerate(script)
        for event in engine.step("gt-01", at(2.0 * k), detections(seen), pixels)
    ]


SHOWN = (CAR, PixelEvidence(kept=(PARKED,)))
UNSEEN = (list[Seen](), PixelEvidence())
ANOTHER = (CAR, PixelEvidence(others=(PARKED,)))


def kinds(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_a_case_ends_where_another_thing_is_found_after_ten_seconds_without_it() -> None:
    """The place was never seen empty before the first; within 30 s the second would be taken for it."""
    events = play([*[SHOWN] * 40, *[UNSEEN] * 6, ANOTHER, *[SHOWN] * 40])
    assert kinds(events) == ["StayOpened", "ViolationFired", "StayEnded", "StayOpened", "ViolationFired"]
    ended = next(event for event in events if isinstance(event, StayEnded))
    assert ended.stay.departed == (at(78), at(80))
    assert ended.stay.trace.ended is not None and ended.stay.trace.ended.why is EndReason.REPLACED
    opened = [event.stay for event in events if isinstance(event, StayOpened)]
    assert opened[1].arrived == (at(90), at(92))


def test_looks_alone_part_no_case_that_was_to_be_seen_or_hidden_until_now() -> None:
    hidden: tuple[list[Seen], PixelEvidence] = ([("bus", 0.8, (0.0, 0.0, 1.0, 1.0))], PixelEvidence())
    for between in ([], [UNSEEN] * 4, [hidden] * 10):
        events = play([*[SHOWN] * 40, *between, ANOTHER, *[SHOWN] * 40])
        assert kinds(events) == ["StayOpened", "ViolationFired"]


# -- something unknown ----------------------------------------------------------------------------------------------


def test_what_nobody_detected_before_a_place_is_told_apart_from_an_empty_place() -> None:
    memory = RememberedPlaces()
    for k in range(4):
        said(memory, 2.0 * k, picture(STREET, seed=k))
    for k in range(4, 12):
        said(memory, 2.0 * k, picture(STREET, vehicle(1), seed=k), [("car", 0.8, BOX)])
    bus = said(memory, 24.0, with_bus(vehicle(1), 40, vehicle(20)))
    assert at_box(bus.covered) and not bus.emptied and not keeps(bus)
    assert not at_box(said(memory, 26.0, with_bus(vehicle(1), 41, vehicle(20)), [("bus", 0.8, BUS)]).covered)
    assert not said(memory, 28.0, picture(STREET, vehicle(1), seed=42)).covered
    assert not said(memory, 30.0, picture(STREET, light=0.4, seed=43)).covered


COVERED = (list[Seen](), PixelEvidence(covered=(PARKED,)))


def test_what_is_covered_for_a_while_is_the_same_where_it_looks_the_same() -> None:
    """Without that, a bus that no box shows in its first looks ends the stay behind it after 10 s."""
    engine = Engine([rules()], SHANGHAI)
    assert kinds(play([*[SHOWN] * 20, *[COVERED] * 9, *[SHOWN] * 30], engine)) == ["StayOpened", "ViolationFired"]
    (stay,) = engine.standing("gt-01")
    assert stay.arrived[1] == at(0) and stay.occluded_ns == 20 * 10**9
    # What is found there and does not look like it is another: as much time is none of either's.
    found = play([*[SHOWN] * 20, *[COVERED] * 9, (CAR, PixelEvidence()), *[SHOWN] * 20])
    assert kinds(found) == ["StayOpened", "StayEnded", "StayOpened"]


def test_what_is_covered_for_long_has_left() -> None:
    assert kinds(play([*[SHOWN] * 20, *[COVERED] * 14])) == ["StayOpened"]
    assert kinds(play([*[SHOWN] * 20, *[COVERED] * 17])) == ["StayOpened", "StayEnded"]
    # An empty place ends it at once, covered before or not.
    emptied = (list[Seen](), PixelEvidence(emptied=(PARKED,)))
    assert kinds(play([*[SHOWN] * 20, *[COVERED] * 3, *[emptied] * 2])) == ["StayOpened", "StayEnded"]


# -- what hides -----------------------------------------------------------------------------------------------------


def test_what_was_found_hides_no_more_than_its_box_does() -> None:
    """A neighbour once had a box that reaches over half of the place, and is kept by it; now it has a better one."""
    x1, y1, x2, y2 = PARKED
    width = x2 - x1
    large, tight = (x1 + 0.45 * width, y1, x2 + width, y2 + 0.02), (x1 + 0.7 * width, y1, x2 + width, y2 + 0.02)
    neighbour: list[Seen] = [("truck", 0.8, tight)]
    away = (neighbour, PixelEvidence(kept=(large,)))
    stood = ([*CAR, *neighbour], PixelEvidence(kept=(large, PARKED)))
    events = play([*[stood] * 20, *[away] * 6])
    assert [event.stay.place for event in events if isinstance(event, StayEnded)] == [PARKED]
    # Where it is missed, it is where it was.
    missed = (list[Seen](), PixelEvidence(kept=(large,)))
    assert not any(isinstance(event, StayEnded) for event in play([*[stood] * 20, *[missed] * 6]))
    assert not any(isinstance(event, ViolationFired) for event in events)
