"""Pixels tell that a place is empty again, or that what came there still stands; of all else nothing is said."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.instant import NS_PER_S
from tests.vision.byhand import PARKED, SHANGHAI, Seen, at, detections, moved, rules
from vision.boxes import iou, ious
from vision.engine import Engine
from vision.interface import Box, Event, PixelEvidence, StayEnded, StayOpened, ViolationFired
from vision.remembered import RememberedPlaces

SIZE = (416, 234)
RNG = np.random.default_rng(8)
STREET = cv2.GaussianBlur(RNG.normal(90, 80, (SIZE[1], SIZE[0])), (0, 0), 9).clip(40, 150)
PATCHED = 95 + 8 * (STREET - STREET.mean())
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


def said(memory: RememberedPlaces, t: float, image: np.ndarray | None, seen: list[Seen] | None = None) -> PixelEvidence:
    return memory.look(at(t), image, detections(seen or []))


def told(
    memory: RememberedPlaces, t: float, image: np.ndarray | None, seen: list[Seen] | None = None
) -> tuple[Box, ...]:
    return said(memory, t, image, seen).emptied


def parked(memory: RememberedPlaces, ground: np.ndarray, looks: np.ndarray, looks_before: int = 4) -> float:
    """The empty street, then the vehicle, found ten times; when that was over."""
    for k in range(looks_before):
        assert told(memory, 2.0 * k, picture(ground, seed=k)) == ()
    for k in range(looks_before, looks_before + 10):
        assert told(memory, 2.0 * k, picture(ground, looks, seed=k), [("car", 0.8, BOX)]) == ()
    return 2.0 * (looks_before + 10)


@pytest.mark.parametrize("ground", [STREET, FLAT], ids=["structured", "flat"])
@pytest.mark.parametrize(("light", "sigma"), [(1.0, 2.0), (1.3, 2.0), (0.6, 3.0), (0.35, 5.0)])
def test_a_place_is_told_to_be_empty_as_soon_as_it_is(ground: np.ndarray, light: float, sigma: float) -> None:
    memory = RememberedPlaces()
    t = parked(memory, ground, vehicle(1))
    (place,) = told(memory, t, picture(ground, light=light, sigma=sigma, seed=99))
    assert place == pytest.approx(BOX, abs=1e-3)
    assert place == tuple(round(v, 4) for v in place)


@pytest.mark.parametrize("ground", [STREET, FLAT], ids=["structured", "flat"])
@pytest.mark.parametrize("light", [1.5, 1.0, 0.6, 0.3, 0.15])
def test_what_stands_unseen_by_the_detector_is_not_called_gone_in_whatever_light(
    ground: np.ndarray, light: float
) -> None:
    memory = RememberedPlaces()
    t = parked(memory, ground, vehicle(1))
    for k in range(20):
        image = picture(ground, vehicle(1), light=light, sigma=3, seed=100 + k)
        assert told(memory, t + 2 * k, image) == ()


@given(seed=st.integers(0, 10**6), shift=st.floats(-0.3, 0.3), light=st.floats(0.8, 1.5))
@settings(max_examples=25)
def test_another_thing_in_the_place_is_not_an_empty_place(seed: int, shift: float, light: float) -> None:
    memory = RememberedPlaces()
    t = parked(memory, STREET, vehicle(1))
    other = moved(BOX, dx=shift)
    assert told(memory, t, picture(STREET, vehicle(2 + seed), other, light=light, seed=seed)) == ()


def test_a_plain_bus_before_it_is_no_empty_place_while_it_is_detected() -> None:
    memory = RememberedPlaces()
    t = parked(memory, FLAT, vehicle(1))
    bus: list[Seen] = [("bus", 0.4, (0.2, 0.3, 0.8, 0.75))]
    covered = picture(FLAT, np.full((54, 80), 170.0), (0.2, 0.3, 0.8, 0.75))
    assert [told(memory, t + 2 * k, covered, bus) for k in range(5)] == [()] * 5


def test_somebody_who_walks_through_the_empty_place_delays_it_and_no_more() -> None:
    memory = RememberedPlaces()
    t = parked(memory, STREET, vehicle(1))
    assert told(memory, t, picture(STREET, person=0.38, seed=70)) == ()
    assert told(memory, t + 2, picture(STREET, seed=71)) != ()


@pytest.mark.parametrize(("then", "later"), [(0.4, 1.0), (1.0, 0.4)], ids=["lamps on", "lamps off"])
@pytest.mark.parametrize("beside", [[], [("person", 0.8, (0.44, 0.35, 0.47, 0.66))]], ids=["free", "somebody in front"])
def test_a_place_whose_light_changed_while_a_vehicle_stood_there_is_told_to_be_empty(
    then: float, later: float, beside: list[Seen]
) -> None:
    """All levels are others than before it came, and so are nearly those that it had itself: neither keeps anything."""
    memory, plain = RememberedPlaces(), 80 + (vehicle(1) - 115) / 4
    for k in range(4):
        said(memory, 2.0 * k, picture(PATCHED, light=then, seed=k))
    for k in range(4, 24):
        light = then if k < 10 else later
        said(memory, 2.0 * k, picture(PATCHED, plain, light=light, seed=k), [("car", 0.8, BOX)])
    for k in range(24, 27):
        now = said(memory, 2.0 * k, picture(PATCHED, light=later, seed=k), beside)
        assert not keeps(now) and any(iou(place, BOX) > 0.6 for place in now.emptied)


def test_where_nobody_knows_what_was_there_before_nothing_is_said() -> None:
    memory = RememberedPlaces()
    t = parked(memory, STREET, vehicle(1), looks_before=0)
    assert told(memory, t, picture(STREET, seed=50)) == ()


def test_a_passing_vehicle_leaves_no_empty_place() -> None:
    memory = RememberedPlaces()
    for k in range(12):
        box = moved(BOX, dx=-1.5 + 0.8 * k)
        seen: list[Seen] = [("car", 0.9, box)] if box[0] >= 0 and box[2] <= 1 else []
        assert told(memory, 2.0 * k, picture(STREET, vehicle(1), box, seed=k) if seen else picture(STREET), seen) == ()


def test_it_is_said_a_few_times_and_then_forgotten() -> None:
    memory = RememberedPlaces()
    t = parked(memory, STREET, vehicle(1))
    places = [len(told(memory, t + 2 * k, picture(STREET, seed=200 + k))) for k in range(8)]
    assert places == [1, 1, 1, 1, 0, 0, 0, 0]


def test_a_look_without_change_repeats_what_was_said() -> None:
    memory = RememberedPlaces()
    t = parked(memory, STREET, vehicle(1))
    first = told(memory, t, picture(STREET, seed=9))
    assert first and told(memory, t + 2, None) == first


def test_pictures_of_another_size_begin_anew() -> None:
    memory = RememberedPlaces()
    t = parked(memory, STREET, vehicle(1))
    assert told(memory, t, picture(STREET)[:120]) == ()
    assert told(memory, t + 2, picture(STREET)) == ()


def test_memory_is_bounded() -> None:
    memory, rng = RememberedPlaces(), np.random.default_rng(3)
    for k in range(60):
        xs, ys = rng.uniform(0, 0.9, (2, 40))
        seen: list[Seen] = [("car", 0.5, (x, y, x + 0.08, y + 0.08)) for x, y in zip(xs, ys, strict=True)]
        told(memory, 2.0 * k, picture(FLAT, seed=k), seen)
        assert len(memory._places) <= 64 and len(memory._past) <= 8


def keeps(evidence: PixelEvidence) -> bool:
    return any(iou(place, BOX) > 0.6 for place in evidence.kept)


# -- that it still stands there ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ground", [STREET, FLAT], ids=["structured", "flat"])
@pytest.mark.parametrize("light", [1.5, 1.0, 0.6, 0.35])
def test_what_the_detector_misses_is_kept_in_whatever_light(ground: np.ndarray, light: float) -> None:
    memory = RememberedPlaces()
    t = parked(memory, ground, vehicle(1))
    for k in range(5):
        now = said(memory, t + 2 * k, picture(ground, vehicle(1), light=light, seed=100 + k))
        assert len(now.kept) == 1 and not now.emptied and iou(now.kept[0], BOX) > 0.9


@given(seed=st.integers(0, 10**6), shift=st.floats(-0.3, 0.3), light=st.floats(0.8, 1.5), covered=st.booleans())
@settings(max_examples=25)
def test_another_thing_or_the_empty_place_is_not_kept(seed: int, shift: float, light: float, covered: bool) -> None:
    memory = RememberedPlaces()
    t = parked(memory, STREET, vehicle(1))
    bus: list[Seen] = [("bus", 0.4, (0.2, 0.3, 0.8, 0.75))] if covered else []
    other = moved(BOX, dx=shift)
    assert not keeps(said(memory, t, picture(STREET, vehicle(2 + seed), other, light=light, seed=seed), bus))
    assert not keeps(said(memory, t + 2, picture(STREET, light=light, seed=seed), bus))


def test_a_part_that_shows_over_a_bus_keeps_it_until_that_part_is_gone() -> None:
    """The box of the bus covers all of it; its picture leaves the upper third free."""
    memory = RememberedPlaces()
    t = parked(memory, STREET, vehicle(1))
    bus: list[Seen] = [("bus", 0.8, (0.2, 0.3, 0.8, 0.75))]

    def behind(looks: np.ndarray | None, seed: int) -> np.ndarray:
        image = picture(STREET, looks, seed=seed)
        top = round((BOX[1] + (BOX[3] - BOX[1]) / 3) * SIZE[1])
        image[top:175, 83:333] = 170
        return image

    assert all(keeps(said(memory, t + 2 * k, behind(vehicle(1), 70 + k), bus)) for k in range(4))
    assert not any(keeps(said(memory, t + 10 + 2 * k, behind(None, 80 + k), bus)) for k in range(4))
    assert not any(keeps(said(memory, t + 20 + 2 * k, behind(vehicle(5), 90 + k), bus)) for k in range(4))


BUS: Box = (0.2, 0.3, 0.8, 0.75)
IN_FRONT: list[Seen] = [("bus", 0.8, BUS)]


def with_bus(looks: np.ndarray | None, seed: int, bus: np.ndarray) -> np.ndarray:
    image = picture(STREET, looks, seed=seed)
    x1, y1, x2, y2 = (round(v * s) for v, s in zip(BUS, (*SIZE, *SIZE), strict=True))
    image[y1:y2, x1:x2] = cv2.resize(bus, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA)[..., None]
    return image


@pytest.mark.parametrize("before", [0, 10])
def test_a_bus_before_an_empty_place_is_not_what_was_there_before(before: int) -> None:
    """Whether the street was ever seen or not, the next bus is no empty place, and the street is not kept."""
    memory, bus = RememberedPlaces(), vehicle(20)
    for k in range(before):
        said(memory, 2.0 * k, picture(STREET, seed=k))
    for k in range(before, before + 12):
        said(memory, 2.0 * k, with_bus(None, k, bus), IN_FRONT)
    for k in range(before + 12, before + 18):
        said(memory, 2.0 * k, picture(STREET, vehicle(1), seed=k), [("car", 0.8, BOX)])
    t = 2.0 * (before + 18)
    missed = said(memory, t, with_bus(vehicle(1), 60, bus))
    assert not any(iou(place, BOX) > 0.6 for place in (*missed.emptied, *missed.kept))
    street = said(memory, t + 2, picture(STREET, seed=61))
    assert not keeps(street)
    assert any(iou(place, BOX) > 0.6 for place in street.emptied) == (before > 0)


def test_a_plain_bus_that_is_missed_but_kept_is_no_empty_place() -> None:
    memory, plain = RememberedPlaces(), np.full((54, 80), 150.0) + np.linspace(0, 9, 80)
    t = parked(memory, FLAT, vehicle(1))
    for k in range(3):
        said(memory, t + 2 * k, with_bus(vehicle(1), 60 + k, plain), IN_FRONT)
    for k in range(3, 8):
        now = said(memory, t + 2 * k, with_bus(vehicle(1), 60 + k, plain))
        assert not any(iou(place, BOX) > 0.6 for place in now.emptied)


def test_another_vehicle_in_a_remembered_place_begins_anew() -> None:
    """It is found late, and looks in which it was missed are not taken for the empty place."""
    memory = RememberedPlaces()
    t = parked(memory, STREET, vehicle(1), looks_before=0)
    for k in range(6):
        said(memory, t + 2 * k, picture(STREET, seed=40 + k))
    t += 12
    for k in range(3):
        said(memory, t + 2 * k, picture(STREET, vehicle(5), seed=50 + k))
    for k in range(3, 6):
        said(memory, t + 2 * k, picture(STREET, vehicle(5), seed=50 + k), [("car", 0.8, BOX)])
    for k in range(6, 9):
        assert keeps(said(memory, t + 2 * k, picture(STREET, vehicle(5), seed=50 + k)))
    assert said(memory, t + 18, picture(STREET, seed=70)).emptied


def test_a_look_in_passing_light_is_not_taken_for_the_empty_place() -> None:
    """It stood there from the start and was found late; one look before that had other light on it."""
    memory = RememberedPlaces()
    for k in range(6):
        looks = vehicle(9) if k == 0 else vehicle(1)
        said(memory, 2.0 * k, picture(STREET, looks, seed=k))
    for k in range(6, 10):
        said(memory, 2.0 * k, picture(STREET, vehicle(1), seed=k), [("car", 0.8, BOX)])
    assert said(memory, 20.0, picture(STREET, vehicle(9), seed=30)) == PixelEvidence()


def test_what_was_found_in_a_look_and_in_its_repetition_was_found_twice() -> None:
    memory = RememberedPlaces()
    for k in range(3):
        said(memory, 2.0 * k, picture(STREET, seed=k))
    said(memory, 6.0, picture(STREET, vehicle(1)), [("car", 0.8, BOX)])
    said(memory, 8.0, None, [("car", 0.8, BOX)])
    assert keeps(said(memory, 10.0, picture(STREET, vehicle(1), seed=5)))
    assert said(memory, 12.0, picture(STREET, seed=6)).emptied


def test_several_boxes_for_one_object_are_one_place() -> None:
    memory = RememberedPlaces()
    both: list[Seen] = [("car", 0.8, BOX), ("truck", 0.4, moved(BOX, dx=0.02)), ("bus", 0.2, moved(BOX, dx=-0.02))]
    for k in range(8):
        now = said(memory, 2.0 * k, picture(STREET, vehicle(1), seed=k), both)
    assert len(now.kept) == 1


# -- what the engine makes of it ----------------------------------------------------------------------------------


def play(engine: Engine, script: list[tuple[float, list[Seen], tuple[Box, ...]]]) -> list[Event]:
    return [
        event
        for t, seen, emptied in script
        for event in engine.step("gt-01", at(t), detections(seen), PixelEvidence(emptied=emptied))
    ]


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


def looks(
    kept: dict[int, tuple[Box, ...]], found: set[int], count: int, engine: Engine | None = None
) -> tuple[list[Event], Engine]:
    """`count` looks at every other second: in `found` a detector finds the car, in `kept` pixels say what they say."""
    engine = engine or Engine([rules()], SHANGHAI)
    events = []
    for k in range(count):
        seen = CAR if k in found else list[Seen]()
        events += engine.step("gt-01", at(2.0 * k), detections(seen), PixelEvidence(kept=kept.get(k, ())))
    return events, engine


def test_time_in_which_pixels_show_it_counts_as_seen_and_a_box_confirms_the_violation() -> None:
    found = {0, 1, 2, 38}
    pixels = {k: (moved(PARKED, dx=0.05),) for k in range(50) if k not in found}
    events, engine = looks(pixels, found, 50)
    opened, fired = events
    assert isinstance(opened, StayOpened) and isinstance(fired, ViolationFired)
    violation = fired.violation
    assert violation.fired_at == at(76) and violation.dwell_lower_bound_ns == 76 * NS_PER_S
    assert violation.stay.sightings == 4 and violation.stay.kept == 35
    assert {moment.at for moment in violation.moments} == {at(0), at(2), at(4), at(76)}
    (stay,) = engine.standing("gt-01")
    assert stay.seen_ns == 98 * NS_PER_S and stay.occluded_ns == 0 and stay.last_seen == at(98)
    # Without that evidence it is gone, and comes anew.
    assert [type(event) for event in looks({}, found, 50)[0]] == [StayOpened, StayEnded]


def test_pixels_of_another_place_keep_nothing_and_pixels_alone_open_no_stay() -> None:
    elsewhere = {k: (moved(PARKED, dx=0.6),) for k in range(50)}
    assert [type(event) for event in looks(elsewhere, {0, 1, 2}, 50)[0]] == [StayOpened, StayEnded]
    assert looks({k: (PARKED,) for k in range(50)}, {0, 1}, 50)[0] == []
    assert looks({k: (PARKED,) for k in range(50)}, set(), 50)[0] == []


def test_a_box_beside_the_place_does_not_move_on_what_pixels_show_in_it() -> None:
    """A second box for half of it says that it moved; its pixels know better."""
    engine = Engine([rules()], SHANGHAI)
    beside: list[Seen] = [("car", 0.5, moved(PARKED, dx=0.4))]
    script = [CAR] * 3 + [beside] * 30 + [CAR] * 3
    events = [
        event
        for k, seen in enumerate(script)
        for event in engine.step("gt-01", at(2.0 * k), detections(seen), PixelEvidence(kept=(PARKED,)))
    ]
    assert [event.stay.place for event in events if isinstance(event, StayEnded)] == []
    assert engine.standing("gt-01")[0].kept == 30


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
