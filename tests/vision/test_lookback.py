"""Looking back narrows an interval only as far as the frames prove it, and never past the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.interface import Detections
from streams.instant import NS_PER_S, Instant
from tests.scenes import Actor, Faults, Look, Noise, Occluder, OracleDetector, Scene, Stop
from tests.vision.byhand import PARKED, SHANGHAI, Seen, at, detections, moved, rules
from vision.engine import Engine
from vision.errors import OrderError
from vision.interface import Stay, StayEnded, StayOpened
from vision.lookback import MAX_SAMPLES, Pinned, PinReason, pin_arrival, pin_departure

Samples = list[tuple[Instant, Detections]]


def stay_at(earliest: float | None, latest: float, departed: tuple[float, float | None] | None = None) -> Stay:
    return Stay(
        id="0" * 32, camera="gt-01", zone="west-kerb", place=PARKED, appearance=None, cls="car",
        arrived=(None if earliest is None else at(earliest), at(latest)),
        last_seen=at(latest if departed is None else departed[0]),
        departed=None if departed is None else (at(departed[0]), None if departed[1] is None else at(departed[1])),
        seen_ns=0, occluded_ns=0, gap_ns=0, sworn_ns=0, sightings=3,
    )  # fmt: skip


def film(script: Callable[[float], list[Seen]], start: float, end: float, fps: int = 25) -> Samples:
    return [(at(i / fps), detections(script(i / fps))) for i in range(round(start * fps), round(end * fps) + 1)]


def arriving(t: float, rest: float, lengths: float = 5, takes: float = 4) -> list[Seen]:
    """A car that slows down evenly and stands from `rest` on."""
    left = min(1.0, max(0.0, (rest - t) / takes))
    return [] if left >= 1 else [("car", 0.9, moved(PARKED, dx=-lengths * left * left))]


def seconds(of: Instant | None) -> float:
    assert of is not None
    return (of.utc_ns - at(0).utc_ns) / NS_PER_S


def test_a_car_that_is_seen_coming_is_pinned_to_about_a_second() -> None:
    pinned = pin_arrival(stay_at(0, 10), film(lambda t: arriving(t, 6.0), -4, 12))
    assert pinned.reason is PinReason.SEEN_MOVING
    assert pinned.narrowed
    assert 4.8 <= seconds(pinned.earliest) < 6.0 <= seconds(pinned.latest) <= 7.1


def test_a_car_that_is_seen_leaving_is_pinned_too() -> None:
    samples = film(lambda t: arriving(12 - t, 6.0), -4, 16)  # moves off at 6 s
    pinned = pin_departure(stay_at(None, -10, (2, 10)), samples)
    assert pinned.reason is PinReason.SEEN_MOVING
    assert 4.9 <= seconds(pinned.earliest) <= 6.0 < seconds(pinned.latest) <= 7.2
    open_end = pin_departure(stay_at(None, -10, (2, None)), samples)
    assert open_end == pinned
    with pytest.raises(ValueError, match="not ended"):
        pin_departure(stay_at(0, 10), samples)


def test_a_frame_without_a_box_is_no_absence() -> None:
    """The car stood there all the time; the detector misses some frames, then a second of them."""
    rng = np.random.default_rng(1)
    missed = set(rng.integers(0, 200, 60).tolist()) | set(range(100, 125))

    def script(t: float) -> list[Seen]:
        return [] if round(t * 25) in missed else [("car", 0.9, PARKED)]

    pinned = pin_arrival(stay_at(-1, 8), film(script, 0, 8))
    assert pinned.earliest == at(-1)
    assert seconds(pinned.latest) <= 1.2 + 0.5


def test_a_place_seen_empty_long_enough_was_empty() -> None:
    """It comes from behind a house: its way is not seen."""
    pinned = pin_arrival(stay_at(0, 10), film(lambda t: [("car", 0.9, PARKED)] if t >= 5 else [], 0, 10))
    assert pinned.reason is PinReason.PLACE_EMPTY
    assert (seconds(pinned.earliest), seconds(pinned.latest)) == (4.96, 6.0)


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_a_weak_detector_proves_no_absence(share: float) -> None:
    rng = np.random.default_rng(4)
    samples = film(lambda t: [("car", 0.9, PARKED)] if t >= 5 and rng.random() < share else [], 0, 10)
    pinned = pin_arrival(stay_at(0, 10), samples)
    assert pinned.earliest == at(0)
    assert pinned.reason in (PinReason.SEEN_STANDING, PinReason.NOT_SEEN)


def test_a_box_that_grows_is_no_arrival() -> None:
    """For a while the detector sees half of the van only; its box moves, the van does not."""
    half = (PARKED[0], PARKED[1], PARKED[0] + 0.4 * (PARKED[2] - PARKED[0]), PARKED[3])
    pinned = pin_arrival(stay_at(-1, 8), film(lambda t: [("car", 0.9, half if t < 4 else PARKED)], 0, 8))
    assert pinned.earliest == at(-1)


@pytest.mark.parametrize("when", [2.0, 5.5, 6.3, 8.5])
@pytest.mark.parametrize("speed", [1.5, 4.0])
@pytest.mark.parametrize("hides", [False, True])
def test_a_car_that_drives_through_the_place_is_not_taken_for_the_one_that_stands(
    when: float, speed: float, hides: bool
) -> None:
    """It passes before, during and after the arrival, alike in size, and may hide what stands there."""

    def script(t: float) -> list[Seen]:
        other = moved(PARKED, dx=speed * (t - when), dy=0.03)
        here = arriving(t, 6.0)
        near = abs(speed * (t - when)) < 1
        return [*([] if hides and near else here), *([("car", 0.8, other)] if abs(speed * (t - when)) < 6 else [])]

    pinned = pin_arrival(stay_at(0, 10), film(script, -2, 12))
    assert pinned.earliest is not None
    assert 0 <= seconds(pinned.earliest) < 6.0 <= seconds(pinned.latest) <= 10


def test_a_car_that_stood_all_the_time_did_not_arrive_with_the_one_that_passed() -> None:
    """What passes takes its box along; the frames then look as if it had come when the other had gone."""

    def script(t: float) -> list[Seen]:
        offset = 0.8 * (t - 5)
        return [("car", 0.9, PARKED)] if abs(offset) > 1.5 else [("car", 0.9, moved(PARKED, dx=offset))]

    pinned = pin_arrival(stay_at(-1, 12), film(script, 0, 12))
    assert pinned.earliest == at(-1)


def test_one_car_gone_and_another_come_is_unsure() -> None:
    pinned = pin_arrival(stay_at(0, 20), film(lambda t: arriving(9 - t, 4.0) if t < 10 else arriving(t, 16), 0.5, 20))
    assert pinned == Pinned(at(0), at(20), PinReason.AMBIGUOUS)


def test_the_one_that_left_before_the_engine_saw_the_place_empty_does_not_matter() -> None:
    samples = film(lambda t: arriving(9 - t, 4.0) if t < 10 else arriving(t, 16), 0, 20)
    pinned = pin_arrival(stay_at(11, 20), samples)
    assert pinned.reason is PinReason.SEEN_MOVING
    assert 14.8 <= seconds(pinned.earliest) < 16 <= seconds(pinned.latest) <= 17.1


def test_nothing_and_another_class_change_nothing() -> None:
    stay = stay_at(0, 10)
    assert pin_arrival(stay, []) == Pinned(at(0), at(10), PinReason.NOT_SEEN)
    people = film(lambda t: [("person", 0.9, PARKED)], 0, 10)
    assert pin_arrival(stay, people) == Pinned(at(0), at(10), PinReason.NOT_SEEN)


def test_hostile_samples() -> None:
    stay = stay_at(0, 10)
    with pytest.raises(OrderError, match="gt-01"):
        pin_arrival(stay, [(at(1), detections([])), (at(1), detections([]))])
    none = detections([])
    many = ((at(i / 1000), none) for i in range(MAX_SAMPLES + 1))
    assert pin_arrival(stay, many) == Pinned(at(0), at(10), PinReason.TOO_LONG)


boxes = st.builds(moved, st.just(PARKED), st.floats(-3, 3), st.floats(-2, 2))
frames = st.lists(st.lists(st.tuples(st.sampled_from(["car", "truck", "person"]), st.just(0.9), boxes), max_size=3))


@given(frames, st.integers(1, 400), st.integers(-3, 12), st.integers(0, 12), st.booleans())
@settings(max_examples=150, deadline=None)
def test_it_never_widens(shown: list[list[Seen]], pace_ms: int, start: int, length: int, known: bool) -> None:
    samples = [(at(i * pace_ms / 1000), detections(one)) for i, one in enumerate(shown)]
    arrival = stay_at(start if known else None, start + length + 1)
    pinned = pin_arrival(arrival, samples)
    assert inside(pinned, arrival.arrived)
    departure = stay_at(None, -10, (start, start + length + 1 if known else None))
    assert departure.departed is not None
    pinned = pin_departure(departure, samples)
    assert inside(pinned, departure.departed)


def inside(pinned: Pinned, given: tuple[Instant | None, Instant | None]) -> bool:
    low, high = given
    if (pinned.earliest, pinned.latest) != given and not pinned.narrowed:
        return False
    below = low is None or (pinned.earliest is not None and pinned.earliest.utc_ns >= low.utc_ns)
    above = high is None or (pinned.latest is not None and pinned.latest.utc_ns <= high.utc_ns)
    ordered = pinned.earliest is None or pinned.latest is None or pinned.earliest.utc_ns <= pinned.latest.utc_ns
    return below and above and ordered


# -- rendered scenes --------------------------------------------------------------------------------------------

ZONE = {"id": "z", "polygon": [[0.3, 0.3], [1, 0.3], [1, 1], [0.3, 1]], "rules": ["no-parking"]}
FAULTS = {
    "clean": Faults(),
    "weak": Faults(misses=0.25, jitter=0.02, false_positives=0.2, confusion=0.3),
    "poor": Faults(misses=0.5, jitter=0.03, false_positives=0.5, confusion=0.3),
}


def street(seed: int, faults: str) -> tuple[Samples, float, float]:
    """All frames of a street with one that stops, three that pass and a bus before it; its arrival and departure."""
    rng = np.random.default_rng(seed)
    arrived, place = 13 + float(rng.uniform(0, 3)), (float(rng.uniform(0.5, 0.7)), float(rng.uniform(0.6, 0.8)))
    departed = arrived + 24 + float(rng.uniform(0, 2))
    lane = ((-0.2, place[1] + 0.01), (1.2, place[1] + 0.01))
    passing = tuple(
        Actor(f"p{i}", Look.DRAWN_CAR, enter=lane, passes=(begin, begin + float(rng.uniform(2, 5))))
        for i, begin in enumerate(rng.uniform(4, 42, 3).tolist())
    )
    one = Actor(
        "a",
        (Look.DRAWN_CAR, Look.CAR, Look.VAN)[seed % 3],
        enter=((1.3, place[1] + 0.05),),
        stops=(Stop(place, arrived, departed),),
        leave=((-0.3, place[1] + 0.05),),
        approach=float(rng.uniform(3, 6)),
    )
    bus = Occluder(((-0.3, 0.95), (1.3, 0.95)), (20.0, 26.0))
    scene = Scene(seconds=48, fps=Fraction(25), seed=seed, actors=(one, *passing), occluders=(bus,), noise=Noise(0, 0))
    oracle = OracleDetector(scene, FAULTS[faults])
    return [(at(scene.second(i)), oracle.at(i)) for i in range(scene.frame_count)], arrived, departed


def near(shown: Samples, low: Instant, high: Instant) -> Samples:
    margin = 4 * NS_PER_S
    return [pair for pair in shown if low.utc_ns - margin <= pair[0].utc_ns <= high.utc_ns + margin]


def looked_back(seed: int, faults: str) -> list[PinReason]:
    """Watch a street once every two seconds, then look back at its arrival and departure; checks, and the reasons."""
    shown, arrived, departed = street(seed, faults)
    engine, reasons = Engine([rules(zones=[ZONE])], SHANGHAI), []
    for event in [event for when, seen in shown[::50] for event in engine.step("gt-01", when, seen)]:
        if isinstance(event, StayOpened):
            low, high = event.stay.arrived
            # Otherwise it is another object, or one that the detector missed at first.
            if low is not None and low.utc_ns < at(arrived).utc_ns <= high.utc_ns:
                pinned = pin_arrival(event.stay, near(shown, low, high))
                assert inside(pinned, event.stay.arrived)
                assert seconds(pinned.earliest) < arrived <= seconds(pinned.latest)
                reasons.append(pinned.reason)
        elif isinstance(event, StayEnded) and event.stay.departed is not None:
            last, gone = event.stay.departed
            if gone is not None and last.utc_ns <= at(departed).utc_ns < gone.utc_ns:
                pinned = pin_departure(event.stay, near(shown, last, gone))
                assert inside(pinned, event.stay.departed)
                assert seconds(pinned.earliest) <= departed < seconds(pinned.latest)
                reasons.append(pinned.reason)
    return reasons


@pytest.mark.parametrize("faults", FAULTS)
def test_the_truth_lies_inside_on_scenes_with_traffic(faults: str) -> None:
    reasons = [reason for seed in range(6) for reason in looked_back(seed, faults)]
    assert reasons
    if faults == "clean":
        assert reasons.count(PinReason.SEEN_MOVING) > len(reasons) / 2


def test_the_arrival_of_a_stay_in_a_scene_is_really_narrowed() -> None:
    stay = stay_at(4, 8)
    wide = pin_arrival(replace(stay, arrived=(at(4), at(8))), film(lambda t: arriving(t, 6.5), 0, 12))
    assert seconds(wide.latest) - seconds(wide.earliest) < 2.5
