"""What happens in a street, told as boxes, and what the engine must make of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

import pytest

from streams.instant import NS_PER_S, Instant, TimeSource, from_datetime
from tests.vision.byhand import KERB, PARKED, SHANGHAI, T0, Seen, at, detections, moved, play, rules
from vision.engine import Engine
from vision.errors import OrderError, PolicyError
from vision.interface import Box, Event, Stay, StayEnded, StayOpened, Violation, ViolationFired
from vision.policy import build_camera_rules, parse_policy

S = NS_PER_S


def violations(events: Iterable[Event]) -> list[Violation]:
    return [event.violation for event in events if isinstance(event, ViolationFired)]


def opened(events: Iterable[Event]) -> list[Stay]:
    return [event.stay for event in events if isinstance(event, StayOpened)]


def ended(events: Iterable[Event]) -> list[Stay]:
    return [event.stay for event in events if isinstance(event, StayEnded)]


def car(box: Box = PARKED, score: float = 0.9, cls: str = "car") -> list[Seen]:
    return [(cls, score, box)]


# -- standing ---------------------------------------------------------------------------------------------------


def test_a_parked_car_is_one_stay_and_one_violation(engine: Engine) -> None:
    events = play(engine, lambda t: car() if 10 <= t <= 100 else [], 140)
    assert [type(event) for event in events] == [StayOpened, ViolationFired, StayEnded]
    (violation,) = violations(events)
    assert violation.fired_at == at(72)
    assert violation.dwell_lower_bound_ns == 62 * S > violation.allowed_ns == 60 * S
    (stay,) = ended(events)
    assert stay.arrived == (at(8), at(10))
    assert stay.departed == (at(100), at(102))
    assert (stay.seen_ns, stay.occluded_ns, stay.gap_ns, stay.sightings) == (90 * S, 0, 0, 46)
    assert stay.id == violation.stay.id == opened(events)[0].id
    assert isinstance(events[-1], StayEnded)
    assert events[-1].violations == ("no-parking",)


def test_a_violation_shows_real_sightings_spread_over_its_time(engine: Engine) -> None:
    (violation,) = violations(play(engine, lambda t: car(score=0.5 + t / 1000) if t >= 10 else [], 100))
    times = [moment.at for moment in violation.moments]
    assert times[0] == at(10)
    assert times[-1] == violation.fired_at
    assert len(times) == 8
    assert times == sorted(times, key=lambda one: one.utc_ns)
    for moment in violation.moments:
        seconds = (moment.at.utc_ns - T0) / S
        assert moment.score == pytest.approx(0.5 + seconds / 1000, abs=1e-6)
        assert moment.box == PARKED
    assert max(b.utc_ns - a.utc_ns for a, b in pairwise(times)) <= 18 * S


def test_exactly_the_allowed_time_is_allowed(engine: Engine) -> None:
    events = play(engine, lambda t: car() if 10 <= t <= 70 else [], 100)
    assert ended(events)[0].seen_ns == 60 * S
    assert not violations(events)


def test_a_short_stop_is_a_stay_without_violation(engine: Engine) -> None:
    events = play(engine, lambda t: car() if 10 <= t <= 40 else [], 80)
    assert [type(event) for event in events] == [StayOpened, StayEnded]


def test_what_stands_there_when_the_footage_begins_has_no_earliest_arrival(engine: Engine) -> None:
    assert opened(play(engine, lambda t: car(), 10))[0].arrived == (None, at(0))


def test_footage_that_ends_leaves_the_departure_open(engine: Engine) -> None:
    play(engine, lambda t: car(), 20)
    (stay,) = ended(engine.finish("gt-01"))
    assert stay.departed == (at(20), None)
    assert engine.finish("gt-01") == []


def test_after_the_end_footage_begins_anew(engine: Engine) -> None:
    play(engine, lambda t: car(), 20)
    first = ended(engine.finish("gt-01"))[0]
    second = opened(play(engine, lambda t: car(), 40, start=22))[0]
    assert second.arrived == (None, at(22))
    assert second.id != first.id
    with pytest.raises(OrderError):
        engine.step("gt-01", at(40), detections([]))


def test_a_person_and_a_car_outside_the_zone_are_nothing(engine: Engine) -> None:
    scene: list[Seen] = [("person", 0.9, PARKED), ("car", 0.9, (0.1, 0.4, 0.3, 0.6)), ("car", 0.2, moved(PARKED, 0, 1))]
    assert play(engine, lambda t: scene, 200) == []


def test_a_car_whose_wheels_stand_outside_is_nothing(engine: Engine) -> None:
    assert play(engine, lambda t: car((0.70, 0.40, 0.82, 0.56)), 200) == []


# -- moving -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [2.0, 1.0, 0.5, 0.04])
@pytest.mark.parametrize("speed", [0.2, 0.5, 1.0, 4.0])
def test_a_passing_car_never_opens_a_stay(engine: Engine, every: float, speed: float) -> None:
    """Speed is in lengths a second; 0.2 is about 3 km/h."""
    start: Box = (0.86, 0.05, 0.95, 0.15)
    length = min(40.0, 9 / speed)
    events = play(engine, lambda t: car(moved(start, 0, speed * t)), length, every=every)
    assert opened(events) == []


@pytest.mark.parametrize("step", [0.3, 0.37, 0.5, 0.7, 0.85])
@pytest.mark.parametrize("along", ["x", "y"])
def test_a_creeping_queue_makes_no_long_stay(step: float, along: str) -> None:
    """Cars with 0.15 lengths between them move `step` lengths from one sample to the next."""
    everywhere = {"id": "z", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]], "rules": ["no-parking"]}
    engine = Engine([rules(zones=[everywhere])], SHANGHAI)
    base: Box = (0.4, 0.4, 0.5, 0.5)

    def queue(t: float) -> list[Seen]:
        offset = step * (t / 2) % 1.15
        offsets = [offset + 1.15 * i for i in range(-3, 4)]
        return [("car", 0.9, moved(base, dx=o) if along == "x" else moved(base, dy=o)) for o in offsets]

    events = play(engine, queue, 600) + engine.finish("gt-01")
    assert not violations(events)
    assert max((stay.seen_ns for stay in ended(events)), default=0) <= 30 * S


def test_a_queue_at_a_red_light_restarts_with_every_green() -> None:
    engine = Engine([rules()], SHANGHAI)

    def script(t: float) -> list[Seen]:
        phase = t % 46  # 40 s red; then three samples in which everyone moves up by one place
        offset = max(0.0, (phase - 40) / 6)
        return [("car", 0.9, moved(PARKED, dy=1.2 * (i + offset))) for i in range(-3, 4)]

    events = play(engine, script, 600)
    assert not violations(events)
    assert len(ended(events)) > 10


def test_a_car_that_moves_up_a_little_starts_a_new_stay(engine: Engine) -> None:
    events = play(engine, lambda t: car(PARKED if t < 50 else moved(PARKED, dy=0.6)), 100)
    first, second = opened(events)
    assert first.place != second.place
    assert not violations(events)
    assert ended(events)[0].departed == (at(48), at(50))


@pytest.mark.parametrize("by", [0.3, 0.4, 0.5])
def test_a_car_that_shuffles_within_its_own_place_leaves_the_old_one(engine: Engine, by: float) -> None:
    """Its box still covers most of where it stood, and yet hides nothing there."""
    events = play(engine, lambda t: car(PARKED if t < 50 else moved(PARKED, dx=-by)), 80)
    assert len(opened(events)) == 2
    (old,) = ended(events)
    assert old.departed == (at(48), at(50))


# -- detectors are weak -----------------------------------------------------------------------------------------


def test_missed_samples_do_not_restart_the_clock_and_are_not_counted(engine: Engine) -> None:
    def script(t: float) -> list[Seen]:
        return [] if 30 < t < 39 else car()

    events = play(engine, script, 100)
    (violation,) = violations(events)
    assert violation.fired_at == at(72), "the 10 s between the sightings at 30 and 40 do not count"
    assert (violation.stay.seen_ns, violation.stay.occluded_ns) == (62 * S, 10 * S)
    assert len(opened(events)) == 1


def test_a_detector_that_misses_two_of_five_samples(engine: Engine) -> None:
    events = play(engine, lambda t: car() if (t / 2) % 5 < 3 else [], 200)
    assert len(opened(events)) == 1
    assert len(violations(events)) == 1


@pytest.mark.parametrize("named", [True, False])
def test_broken_track_ids_change_nothing_but_the_annotation(monkeypatch: pytest.MonkeyPatch, named: bool) -> None:
    class Forgetful:
        def __init__(self) -> None:
            self.count = 0

        def update(self, utc_ns: int, boxes: Sequence[Box], scores: Sequence[float]) -> list[int | None]:
            self.count += len(boxes)
            return list(range(self.count - len(boxes), self.count)) if named else [None] * len(boxes)

        def release(self, track: int) -> None:
            released.append(track)

    released: list[int] = []
    plain = play(Engine([rules()], SHANGHAI), lambda t: car(), 100)
    monkeypatch.setattr("vision.watch.ByteTrackAssociator", Forgetful)
    broken = play(Engine([rules()], SHANGHAI), lambda t: car(), 100)
    assert opened(broken) == opened(plain)
    assert violations(broken)[0].stay == violations(plain)[0].stay
    tracks = [moment.track for moment in violations(broken)[0].moments]
    assert tracks == ([0, *[3] * 7] if named else [None] * 8), "once it stands, it keeps the number that it has"
    assert released == [3] * named


def test_a_van_that_is_called_truck_and_bus_in_turns_is_one_stay(engine: Engine) -> None:
    names = ["truck", "bus", "truck", "car", "truck"]
    events = play(engine, lambda t: car(cls=names[int(t / 2) % 5]), 100)
    assert len(opened(events)) == len(violations(events)) == 1
    assert violations(events)[0].stay.cls == "truck"


@pytest.mark.parametrize("flicker", [False, True])
def test_two_nested_boxes_for_one_van_are_one_stay(engine: Engine, flicker: bool) -> None:
    inner: Box = (0.835, 0.42, 0.935, 0.55)

    def script(t: float) -> list[Seen]:
        both: list[Seen] = [("bus", 0.6, PARKED), ("truck", 0.7 if t % 4 else 0.5, inner)]
        return [both[int(t / 2) % 2]] if flicker and t % 6 else both

    events = play(engine, script, 200) + engine.finish("gt-01")
    assert len(opened(events)) == len(ended(events)) == len(violations(events)) == 1


def test_two_cars_side_by_side_are_two_stays(engine: Engine) -> None:
    events = play(engine, lambda t: car() + car(moved(PARKED, dy=0.95)), 100)
    assert len(opened(events)) == len(violations(events)) == 2
    assert len({violation.stay.id for violation in violations(events)}) == 2


def test_jitter_is_not_motion(engine: Engine) -> None:
    def script(t: float) -> list[Seen]:
        n = int(t / 2)
        return car(moved(PARKED, dx=((n * 7) % 5 - 2) / 40, dy=((n * 3) % 5 - 2) / 40))

    events = play(engine, script, 100)
    assert len(opened(events)) == len(violations(events)) == 1


def test_weak_boxes_show_presence_but_are_not_sworn_to(engine: Engine) -> None:
    """Below the rule's score nothing counts as seen; yet the place is not empty either."""
    events = play(engine, lambda t: car(score=0.9 if t <= 30 or t > 90 else 0.2), 160)
    assert len(opened(events)) == 1
    assert not ended(events)
    (violation,) = violations(events)
    assert violation.fired_at == at(92 + 62), "what was seen before a minute unseen does not count"
    assert violation.stay.occluded_ns == 62 * S


# -- hidden, gone, replaced -------------------------------------------------------------------------------------


def test_a_bus_that_stops_in_front_hides_and_does_not_end_a_stay(engine: Engine) -> None:
    bus: Box = (0.78, 0.30, 1.0, 0.70)
    events = play(engine, lambda t: [("bus", 0.9, bus)] if 30 < t < 60 else car(), 120)
    stays = {stay.id for stay in opened(events) if stay.cls == "car"}
    assert len(stays) == 1
    (violation,) = [v for v in violations(events) if v.stay.cls == "car"]
    assert violation.stay.occluded_ns == 30 * S
    assert violation.fired_at == at(92)


def test_a_look_alike_after_a_departure_is_a_new_stay(engine: Engine) -> None:
    events = play(engine, lambda t: car() if t <= 50 or t >= 70 else [], 120)
    first, second = opened(events)
    assert first.id != second.id
    assert second.arrived == (at(68), at(70))
    assert not violations(events)


@pytest.mark.parametrize(("allowed", "patience"), [("10m", 10), ("20s", 30)])
def test_a_short_absence_does_not_end_a_stay_and_a_long_one_does(allowed: str, patience: int) -> None:
    """A stay that has broken its rule waits longer, so that a weak detector makes no second case of one car."""
    engine = Engine([rules(dwell=allowed)], SHANGHAI)
    back = 50 + patience
    events = play(engine, lambda t: car() if t <= 50 or t >= back else [], back + 20)
    assert len(opened(events)) == 1
    assert not ended(events)
    events = play(engine, lambda t: [], back + 20 + patience, start=back + 22)
    (stay,) = ended(events)
    assert stay.departed == (at(back + 20), at(back + 22))


# -- gaps -------------------------------------------------------------------------------------------------------


def test_a_gap_in_the_footage_is_stated_and_never_counted(engine: Engine) -> None:
    events = play(engine, lambda t: car(), 40) + play(engine, lambda t: car(), 120, start=70)
    assert len(opened(events)) == 1
    (violation,) = violations(events)
    assert (violation.stay.seen_ns, violation.stay.gap_ns) == (62 * S, 30 * S)
    assert violation.fired_at == at(92)


def test_after_a_long_gap_the_rule_counts_from_zero(engine: Engine) -> None:
    """Nobody can tell whether the same car stood there after a minute unseen."""
    events = play(engine, lambda t: car(), 50) + play(engine, lambda t: car(), 300, start=200)
    (violation,) = violations(events)
    assert violation.fired_at == at(262)
    assert violation.moments[0].at == at(200)
    assert violation.dwell_lower_bound_ns == 62 * S < violation.stay.seen_ns == 112 * S
    assert violation.stay.sworn_ns == 62 * S
    (stay,) = ended(events + engine.finish("gt-01"))
    assert (stay.seen_ns, stay.sworn_ns) == (150 * S, 100 * S)


def test_a_stay_is_given_up_after_half_an_hour_without_footage(engine: Engine) -> None:
    events = play(engine, lambda t: car(), 50) + play(engine, lambda t: car(), 2100, start=2000)
    assert ended(events)[0].departed == (at(50), None)
    assert len(opened(events)) == 2
    assert opened(events)[1].arrived == (at(50), at(2000))


def test_slow_sampling_is_no_gap(engine: Engine) -> None:
    """One frame every 20 s: the first steps pass for gaps, then the engine knows the pace."""
    slow = Engine([rules(max_unseen="30s")], SHANGHAI)
    events = play(slow, lambda t: car(), 400, every=20)
    (violation,) = violations(events)
    assert violation.stay.gap_ns <= 60 * S


def test_sightings_further_apart_than_max_unseen_never_count(engine: Engine) -> None:
    events = play(engine, lambda t: car(), 600, every=7)
    assert len(opened(events)) == 1
    assert not violations(events)
    (stay,) = ended(engine.finish("gt-01"))
    assert (stay.seen_ns, stay.occluded_ns) == (0, stay.last_seen.utc_ns - T0)


def test_another_time_source_from_file_to_file_is_fine(engine: Engine) -> None:
    for i in range(40):
        source = TimeSource.FILENAME if i < 20 else TimeSource.CONTAINER
        engine.step("gt-01", Instant(T0 + i * 2 * S, source, i), detections(car()))
    assert ended(engine.finish("gt-01"))[0].sightings == 40


# -- hours and zones --------------------------------------------------------------------------------------------


def test_only_the_time_inside_the_hours_counts_even_over_midnight() -> None:
    night = [{"from": "23:59", "to": "00:01", "days": ["mon"]}]
    engine = Engine([rules(schedule=night, dwell="100s")], SHANGHAI)
    start = (from_datetime(datetime(2026, 11, 2, 23, 58, tzinfo=SHANGHAI)) - T0) / S
    events = play(engine, lambda t: car(), start + 300, start=start)
    (violation,) = violations(events)
    assert violation.fired_at == at(start + 60 + 102)
    assert violation.moments[0].at == at(start + 60), "the first sighting inside the hours"
    assert violation.stay.seen_ns == 162 * S
    too_short = Engine([rules(schedule=night, dwell="120s")], SHANGHAI)
    assert not violations(play(too_short, lambda t: car(), start + 600, start=start))


def two_zones(first: list[str], second: list[str]) -> Engine:
    base = {"kind": "no_parking", "classes": ["car"]}
    policy = parse_policy(
        {
            "id": "p",
            "name": "p",
            "version": "1",
            "rules": [base | {"id": "short", "dwell": "30s"}, base | {"id": "long", "dwell": "60s"}],
        }
    )
    zones = [{"id": "a", "polygon": KERB, "rules": first}, {"id": "b", "polygon": KERB, "rules": second}]
    return Engine([build_camera_rules("gt-01", policy, zones)], SHANGHAI)


def test_overlapping_zones_with_two_rules_give_one_violation_each() -> None:
    found = violations(play(two_zones(["short"], ["long"]), lambda t: car(), 100))
    assert [(v.rule, v.zone) for v in found] == [("short", "a"), ("long", "b")]
    assert found[0].stay.id != found[1].stay.id, "one stay per zone"


def test_one_rule_in_two_zones_gives_one_violation_in_the_zone_named_first() -> None:
    engine = two_zones(["short"], ["short", "long"])
    events = play(engine, lambda t: car(), 100) + engine.finish("gt-01")
    assert [(v.rule, v.zone) for v in violations(events)] == [("short", "a"), ("long", "b")]
    assert {stay.zone for stay in opened(events)} == {"a", "b"}
    ends = {event.stay.zone: event.violations for event in events if isinstance(event, StayEnded)}
    assert ends == {"a": ("short",), "b": ("long",)}


def test_a_rule_counts_only_its_own_classes() -> None:
    engine = Engine([rules(classes=["truck"])], SHANGHAI)
    assert play(engine, lambda t: car(), 100) == []
    events = play(engine, lambda t: car(cls="truck"), 200, start=102)
    assert len(opened(events)) == 1
    assert violations(events)[0].fired_at == at(102 + 62)


# -- use --------------------------------------------------------------------------------------------------------


def test_cameras_do_not_know_of_each_other() -> None:
    engine = Engine([rules("a"), rules("b")], SHANGHAI)
    alone = Engine([rules("a")], SHANGHAI)
    mixed: list[Event] = []
    for i in range(60):
        mixed += engine.step("a", at(i * 2), detections(car()))
        engine.step("b", at(i * 3 - 50), detections(car() if i % 2 else []))
    assert mixed == play(alone, lambda t: car(), 118, camera="a")


def test_time_goes_forward_and_the_refusal_names_both_times(engine: Engine) -> None:
    engine.step("gt-01", at(10), detections([]))
    before = engine.save()
    for seconds in (10, 9.5):
        with pytest.raises(OrderError) as caught:
            engine.step("gt-01", at(seconds), detections(car()))
        assert at(10).isoformat() in str(caught.value)
        assert at(seconds).isoformat() in str(caught.value)
        assert "gt-01" in str(caught.value)
    assert engine.save() == before, "a refused sample leaves no trace"


@pytest.mark.parametrize("utc_ns", [1 << 63, -(1 << 63), 10**30])
def test_impossible_times_are_refused(engine: Engine, utc_ns: int) -> None:
    with pytest.raises(OrderError, match="no time a camera can have"):
        engine.step("gt-01", Instant(utc_ns, TimeSource.OSD, 0), detections([]))


def test_an_unknown_camera_is_named_with_a_suggestion(engine: Engine) -> None:
    with pytest.raises(OrderError, match="no camera 'gt-1'; did you mean 'gt-01'"):
        engine.step("gt-1", at(0), detections([]))
    with pytest.raises(OrderError):
        engine.finish("nobody")


def test_one_camera_has_one_set_of_rules() -> None:
    with pytest.raises(PolicyError, match="two sets of rules"):
        Engine([rules(), rules()], SHANGHAI)


def test_a_camera_without_zones_sees_nothing() -> None:
    assert play(Engine([rules(zones=[])], SHANGHAI), lambda t: car(), 100) == []
