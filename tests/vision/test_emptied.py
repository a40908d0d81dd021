"""A place that is empty again is told by its pixels; whatever else there is, nothing is said."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.instant import NS_PER_S
from tests.vision.byhand import PARKED, SHANGHAI, Seen, at, detections, moved, rules
from vision.boxes import iou, ious
from vision.emptied import EmptiedPlaces
from vision.engine import Engine
from vision.interface import Box, Event, StayEnded, StayOpened, ViolationFired

SIZE = (416, 234)
RNG = np.random.default_rng(8)
STREET = cv2.GaussianBlur(RNG.normal(90, 80, (SIZE[1], SIZE[0])), (0, 0), 9).clip(40, 150)
FLAT = np.full((SIZE[1], SIZE[0]), 95.0)
BOX: Box = (0.30, 0.40, 0.48, 0.62)


def vehicle(seed: int) -> np.ndarray:
    """Looks of a vehicle: 22 x 34 blocks of light and dark."""
    return np.kron(np.random.default_rng(seed).uniform(30, 200, (6, 8)), np.ones((9, 10)))


def picture(
    ground: np.ndarray, looks: np.ndarray | None = None, box: Box = BOX, *, light: float = 1.0, sigma: float = 2.0,
    seed: int = 0, person: float | None = None,
) -> np.ndarray:  # fmt: skip
    scene = ground.copy()
    if looks is not None:
        x1, y1, x2, y2 = (round(v * s) for v, s in zip(box, (*SIZE, *SIZE), strict=True))
        scene[y1:y2, x1:x2] = cv2.resize(looks, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA)
    if person is not None:
        x = round(person * SIZE[0])
        scene[90:150, x : x + 16] = 25
    noisy = scene * light + np.random.default_rng(seed).normal(0, sigma, scene.shape)
    return np.repeat(np.clip(noisy, 0, 255).round().astype(np.uint8)[..., None], 3, 2)


def told(memory: EmptiedPlaces, t: float, image: np.ndarray | None, seen: list[Seen] | None = None) -> tuple[Box, ...]:
    return memory.look(at(t), image, detections(seen or []))


def parked(memory: EmptiedPlaces, ground: np.ndarray, looks: np.ndarray, looks_before: int = 4) -> float:
    """The empty street, then the vehicle, found ten times; when that was over."""
    for k in range(looks_before):
        assert told(memory, 2.0 * k, picture(ground, seed=k)) == ()
    for k in range(looks_before, looks_before + 10):
        assert told(memory, 2.0 * k, picture(ground, looks, seed=k), [("car", 0.8, BOX)]) == ()
    return 2.0 * (looks_before + 10)


@pytest.mark.parametrize("ground", [STREET, FLAT], ids=["structured", "flat"])
@pytest.mark.parametrize(("light", "sigma"), [(1.0, 2.0), (1.3, 2.0), (0.6, 3.0), (0.35, 5.0)])
def test_a_place_is_told_to_be_empty_as_soon_as_it_is(ground: np.ndarray, light: float, sigma: float) -> None:
    memory = EmptiedPlaces()
    t = parked(memory, ground, vehicle(1))
    (place,) = told(memory, t, picture(ground, light=light, sigma=sigma, seed=99))
    assert place == pytest.approx(BOX, abs=1e-3)
    assert place == tuple(round(v, 4) for v in place)


@pytest.mark.parametrize("ground", [STREET, FLAT], ids=["structured", "flat"])
@pytest.mark.parametrize("light", [1.5, 1.0, 0.6, 0.3, 0.15])
def test_what_stands_unseen_by_the_detector_is_not_called_gone_in_whatever_light(
    ground: np.ndarray, light: float
) -> None:
    memory = EmptiedPlaces()
    t = parked(memory, ground, vehicle(1))
    for k in range(20):
        image = picture(ground, vehicle(1), light=light, sigma=3, seed=100 + k)
        assert told(memory, t + 2 * k, image) == ()


@given(seed=st.integers(0, 10**6), shift=st.floats(-0.3, 0.3), light=st.floats(0.8, 1.5))
@settings(max_examples=60)
def test_another_thing_in_the_place_is_not_an_empty_place(seed: int, shift: float, light: float) -> None:
    memory = EmptiedPlaces()
    t = parked(memory, STREET, vehicle(1))
    other = moved(BOX, dx=shift)
    assert told(memory, t, picture(STREET, vehicle(2 + seed), other, light=light, seed=seed)) == ()


def test_a_plain_bus_before_it_is_no_empty_place_while_it_is_detected() -> None:
    memory = EmptiedPlaces()
    t = parked(memory, FLAT, vehicle(1))
    bus: list[Seen] = [("bus", 0.4, (0.2, 0.3, 0.8, 0.75))]
    covered = picture(FLAT, np.full((54, 80), 170.0), (0.2, 0.3, 0.8, 0.75))
    assert [told(memory, t + 2 * k, covered, bus) for k in range(5)] == [()] * 5


def test_somebody_who_walks_through_the_empty_place_delays_it_and_no_more() -> None:
    memory = EmptiedPlaces()
    t = parked(memory, STREET, vehicle(1))
    assert told(memory, t, picture(STREET, person=0.38, seed=70)) == ()
    assert told(memory, t + 2, picture(STREET, seed=71)) != ()


def test_where_nobody_knows_what_was_there_before_nothing_is_said() -> None:
    memory = EmptiedPlaces()
    t = parked(memory, STREET, vehicle(1), looks_before=0)
    assert told(memory, t, picture(STREET, seed=50)) == ()


def test_a_passing_vehicle_leaves_no_empty_place() -> None:
    memory = EmptiedPlaces()
    for k in range(12):
        box = moved(BOX, dx=-1.5 + 0.8 * k)
        seen: list[Seen] = [("car", 0.9, box)] if box[0] >= 0 and box[2] <= 1 else []
        assert told(memory, 2.0 * k, picture(STREET, vehicle(1), box, seed=k) if seen else picture(STREET), seen) == ()


def test_it_is_said_a_few_times_and_then_forgotten() -> None:
    memory = EmptiedPlaces()
    t = parked(memory, STREET, vehicle(1))
    said = [len(told(memory, t + 2 * k, picture(STREET, seed=200 + k))) for k in range(8)]
    assert said == [1, 1, 1, 1, 0, 0, 0, 0]


def test_a_look_without_change_repeats_what_was_said() -> None:
    memory = EmptiedPlaces()
    t = parked(memory, STREET, vehicle(1))
    first = told(memory, t, picture(STREET, seed=9))
    assert first and told(memory, t + 2, None) == first


def test_pictures_of_another_size_begin_anew() -> None:
    memory = EmptiedPlaces()
    t = parked(memory, STREET, vehicle(1))
    assert told(memory, t, picture(STREET)[:120]) == ()
    assert told(memory, t + 2, picture(STREET)) == ()


def test_memory_is_bounded() -> None:
    memory, rng = EmptiedPlaces(), np.random.default_rng(3)
    for k in range(60):
        xs, ys = rng.uniform(0, 0.9, (2, 40))
        seen: list[Seen] = [("car", 0.5, (x, y, x + 0.08, y + 0.08)) for x, y in zip(xs, ys, strict=True)]
        told(memory, 2.0 * k, picture(FLAT, seed=k), seen)
        assert len(memory._places) <= 64 and len(memory._past) <= 8


# -- what the engine makes of it ----------------------------------------------------------------------------------


def play(engine: Engine, script: list[tuple[float, list[Seen], tuple[Box, ...]]]) -> list[Event]:
    return [event for t, seen, emptied in script for event in engine.step("gt-01", at(t), detections(seen), emptied)]


CAR: list[Seen] = [("car", 0.9, PARKED)]


def test_a_look_alike_that_comes_within_seconds_is_another_stay_where_the_place_was_seen_empty() -> None:
    """Also after the rule has fired, when a stay is held open for longest."""
    script = [(2.0 * k, CAR, ()) for k in range(40)]
    empty = [(80.0, [], (PARKED,)), (82.0, [], (PARKED,))]
    after = [(84.0 + 2 * k, CAR, ()) for k in range(40)]
    events = play(Engine([rules()], SHANGHAI), [*script, *empty, *after])
    opened = [event.stay for event in events if isinstance(event, StayOpened)]
    assert len(opened) == 2 and len([event for event in events if isinstance(event, ViolationFired)]) == 2
    (ended,) = [event.stay for event in events if isinstance(event, StayEnded)]
    assert ended.departed == (at(78), at(80))
    assert opened[1].arrived == (at(82), at(84))
    # Without that evidence nobody can tell, and one case for two is better than two for one.
    blind = play(Engine([rules()], SHANGHAI), [*script, *[(t, seen, ()) for t, seen, _ in empty], *after])
    assert len([event for event in blind if isinstance(event, StayOpened)]) == 1


def test_one_look_is_not_enough_and_an_empty_place_elsewhere_says_nothing() -> None:
    script = [(2.0 * k, CAR, ()) for k in range(40)]
    other = moved(PARKED, dx=-0.8)
    for evidence in ([(PARKED,), ()], [(other,), (other,)]):
        gap = [(80.0 + 2 * k, list[Seen](), emptied) for k, emptied in enumerate(evidence)]
        after = [(84.0 + 2 * k, CAR, ()) for k in range(10)]
        events = play(Engine([rules()], SHANGHAI), [*script, *gap, *after])
        assert len([event for event in events if isinstance(event, StayOpened)]) == 1


def test_what_is_found_in_its_place_is_there_whatever_the_pixels_say() -> None:
    events = play(Engine([rules()], SHANGHAI), [(2.0 * k, CAR, (PARKED,)) for k in range(60)])
    assert [type(event) for event in events] == [StayOpened, ViolationFired]


def test_what_was_said_before_a_restart_still_counts() -> None:
    engine = Engine([rules()], SHANGHAI)
    play(engine, [*[(2.0 * k, CAR, ()) for k in range(40)], (80.0, [], (PARKED,))])
    again = Engine.restore([rules()], SHANGHAI, engine.save())
    (ended,) = play(again, [(82.0, [], (PARKED,))])
    assert isinstance(ended, StayEnded) and ended.stay.departed == (at(78), at(80))
    assert ended.stay.last_seen.utc_ns == at(78).utc_ns and ended.stay.seen_ns == 78 * NS_PER_S


BOXES = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)).map(
        lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3]))
    ),
    max_size=5,
)


@given(BOXES, BOXES)
def test_many_overlaps_at_once_are_those_of_pairs(places: list[Box], boxes: list[Box]) -> None:
    found = ious(places, boxes)
    assert found.shape == (len(places), len(boxes))
    for row, place in zip(found, places, strict=True):
        assert row.tolist() == pytest.approx([iou(place, box) for box in boxes])
