"""What a camera that is watched now asks of the engine: what stands, how closely to look, pauses, better arrivals."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.instant import NS_PER_S, Instant, TimeSource
from streams.interface import DecodeLevel
from tests.vision.byhand import KERB, PARKED, SHANGHAI, Seen, at, detections, moved, play, rules
from tests.vision.test_properties import RULES, Sample, footage
from vision.engine import Engine
from vision.errors import OrderError
from vision.interface import Event, Stay, StayEnded, StayOpened, ViolationFired

S = NS_PER_S
CAR: list[Seen] = [("car", 0.9, PARKED)]


def restored(engine: Engine, **rule: object) -> Engine:
    return Engine.restore([rules(**rule)], SHANGHAI, json.loads(json.dumps(engine.save())))  # type: ignore[arg-type]


def fired(events: list[Event]) -> list[ViolationFired]:
    return [event for event in events if isinstance(event, ViolationFired)]


def adds_up(stay: Stay) -> bool:
    return stay.seen_ns + stay.occluded_ns + stay.gap_ns == stay.last_seen.utc_ns - stay.arrived[1].utc_ns


# -- what stands ------------------------------------------------------------------------------------------------


def test_what_stands_is_told_as_the_events_tell_it(engine: Engine) -> None:
    assert engine.standing("gt-01") == ()
    assert play(engine, lambda t: CAR, 2) == [], "a candidate is no stay"
    assert engine.standing("gt-01") == ()
    (opened,) = play(engine, lambda t: CAR, 4, start=4)
    assert isinstance(opened, StayOpened)
    assert engine.standing("gt-01") == (opened.stay,)
    (violation,) = fired(play(engine, lambda t: CAR, 62, start=6))
    assert engine.standing("gt-01") == (violation.violation.stay,)
    assert restored(engine).standing("gt-01") == engine.standing("gt-01")
    play(engine, lambda t: [], 120, start=64)
    assert engine.standing("gt-01") == ()


def test_an_object_in_two_zones_is_told_once_for_each() -> None:
    zones: list[dict[str, object]] = [{"id": z, "polygon": KERB, "rules": ["no-parking"]} for z in "ab"]
    engine = Engine([rules(zones=zones)], SHANGHAI)
    play(engine, lambda t: CAR, 10)
    assert [stay.zone for stay in engine.standing("gt-01")] == ["a", "b"]


@given(footage())
@settings(max_examples=30, deadline=None)
def test_what_stands_is_what_opened_and_has_not_ended(samples: list[Sample]) -> None:
    engine, open_ids = Engine(RULES, SHANGHAI), set[str]()
    for t, shown in samples:
        for event in engine.step("gt-01", at(t), detections(shown)):
            if isinstance(event, StayOpened):
                open_ids.add(event.stay.id)
            elif isinstance(event, StayEnded):
                open_ids.remove(event.stay.id)
        stays = engine.standing("gt-01")
        assert {stay.id for stay in stays} == open_ids
        assert len(stays) == len(open_ids)
        assert all(stay.departed is None and adds_up(stay) for stay in stays)


# -- how closely to look ----------------------------------------------------------------------------------------


def levels(engine: Engine, script: dict[float, list[Seen]]) -> list[DecodeLevel]:
    found = []
    for t, shown in script.items():
        engine.step("gt-01", at(t), detections(shown))
        found.append(engine.attention("gt-01"))
    return found


K, M = DecodeLevel.KEYFRAMES, DecodeLevel.SAMPLED


def test_attention_rises_while_something_is_timed_and_falls_when_all_is_decided(engine: Engine) -> None:
    assert engine.attention("gt-01") is K
    found = levels(engine, {t: CAR if t >= 4 else [] for t in range(0, 80, 2)})
    assert found == [K, K, K, *[M] * 30, *[K] * 7], "the second sighting is at 6 s; it fires at 4 + 62 s"
    assert levels(engine, {80: [], 82: CAR, 84: []}) == [M, K, M], "it may be leaving"
    assert restored(engine).attention("gt-01") is M
    play(engine, lambda t: [], 130, start=86)
    assert engine.attention("gt-01") is K


def test_passing_cars_raise_no_attention(engine: Engine) -> None:
    assert set(levels(engine, {t: [("car", 0.9, moved(PARKED, dy=t * 0.7 - 5))] for t in range(0, 14, 2)})) == {K}


def test_what_no_rule_times_raises_no_attention() -> None:
    beside: list[Seen] = [("car", 0.9, moved(PARKED, dx=-0.9))]
    assert set(levels(Engine([rules()], SHANGHAI), {t: beside for t in range(0, 40, 2)})) == {K}
    closed = [{"from": "02:00", "to": "16:00"}, {"from": "16:01", "to": "16:02"}]  # the footage begins at 16:00
    found = levels(Engine([rules(schedule=closed)], SHANGHAI), {t: CAR for t in range(0, 140, 2)})
    assert found[:30] == [K] * 30
    assert found[30:60] == [M] * 30
    assert found[60:] == [K] * 10


def test_attention_ends_with_the_footage(engine: Engine) -> None:
    play(engine, lambda t: CAR, 10)
    assert engine.attention("gt-01") is M
    engine.finish("gt-01")
    assert engine.attention("gt-01") is K


# -- a view that cannot be trusted ------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("pause", [20, 50, 7200])
def test_a_pause_counts_for_nothing(engine: Engine, pause: int, told: bool) -> None:
    """Samples left out make a gap: no rule, and no oath, counts it; after a minute both begin anew."""
    play(engine, lambda t: CAR, 40)
    if told:
        engine.suspend("gt-01", at(40))
        engine = restored(engine)
    back = 40 + pause
    events = play(engine, lambda t: CAR, back + 100, start=back)
    (violation,) = fired(events)
    (stay,) = engine.standing("gt-01")
    assert violation.violation.dwell_lower_bound_ns == 62 * S
    assert adds_up(stay)
    if pause == 7200:
        (old,) = [event.stay for event in events if isinstance(event, StayEnded)]
        assert old.departed == (at(40), None)
        assert (old.seen_ns, old.sworn_ns, old.gap_ns) == (40 * S, 40 * S, 0)
        assert stay.arrived == (at(40), at(back))
        assert violation.violation.fired_at == at(back + 62)
        return
    assert not [event for event in events if isinstance(event, StayEnded)]
    assert violation.violation.fired_at == at(back + 22)
    assert (stay.seen_ns, stay.gap_ns, stay.occluded_ns) == (140 * S, pause * S, 0)
    assert stay.sworn_ns == 140 * S


def test_leaving_samples_out_is_not_enough_where_looks_are_far_apart() -> None:
    """One look every 15 s: a pause of 20 s is shorter than five of them, and would count unless it is told."""
    for told in (False, True):
        engine = Engine([rules(max_unseen="30s", dwell="10m")], SHANGHAI)
        play(engine, lambda t: CAR, 150, every=15)
        (before,) = engine.standing("gt-01")
        if told:
            engine.suspend("gt-01", at(150))
        play(engine, lambda t: CAR, 170, start=170)
        (stay,) = engine.standing("gt-01")
        assert stay.seen_ns - before.seen_ns == (0 if told else 20 * S)
        assert stay.gap_ns - before.gap_ns == (20 * S if told else 0)
        assert stay.sworn_ns == before.sworn_ns + (0 if told else 20 * S)


def test_what_was_counted_before_anybody_could_know_is_struck(engine: Engine) -> None:
    """A frozen picture shows the car for 30 s before it is known to be frozen."""
    play(engine, lambda t: CAR, 50)
    engine.suspend("gt-01", at(20))
    (stay,) = engine.standing("gt-01")
    assert (stay.seen_ns, stay.gap_ns, stay.sworn_ns) == (20 * S, 30 * S, 20 * S)
    assert adds_up(stay)
    events = play(engine, lambda t: CAR, 200, start=60)
    (violation,) = fired(events)
    assert violation.violation.fired_at == at(60 + 42), "20 s from before, and the rest of 62 s after"
    assert {moment.at.utc_ns for moment in violation.violation.moments}.isdisjoint(
        at(t).utc_ns for t in range(20, 60, 2)
    )
    assert violation.violation.stay.gap_ns == 40 * S


def test_a_blocked_view_is_no_departure(engine: Engine) -> None:
    play(engine, lambda t: CAR, 40)
    assert play(engine, lambda t: [], 48, start=42) == []
    engine.suspend("gt-01", at(42))
    assert engine.attention("gt-01") is M
    events = play(engine, lambda t: CAR, 80, start=70)
    assert not [event for event in events if isinstance(event, StayEnded)]
    (stay,) = engine.standing("gt-01")
    assert (stay.seen_ns, stay.occluded_ns, stay.gap_ns) == (50 * S, 8 * S, 22 * S)


def test_suspending_twice_or_before_the_first_sample_changes_nothing(engine: Engine) -> None:
    fresh = engine.save()
    engine.suspend("gt-01", at(0))
    assert engine.save() == fresh
    play(engine, lambda t: CAR, 50)
    engine.suspend("gt-01", at(40))
    once = engine.save()
    engine.suspend("gt-01", at(30))
    assert engine.save() == once
    with pytest.raises(OrderError, match="no camera"):
        engine.suspend("nobody", at(0))


@given(footage(), st.data())
@settings(max_examples=60, deadline=None)
def test_suspension_never_adds_and_always_adds_up(samples: list[Sample], data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(samples)))
    engine = Engine(RULES, SHANGHAI)
    for t, shown in samples[:cut]:
        engine.step("gt-01", at(t), detections(shown))
    before = {stay.id: stay for stay in engine.standing("gt-01")}
    since = at(data.draw(st.floats(-1, samples[cut - 1][0] + 1)))
    engine.suspend("gt-01", since)
    for stay in engine.standing("gt-01"):
        old = before[stay.id]
        lost = old.seen_ns - stay.seen_ns
        assert adds_up(stay)
        assert 0 <= stay.sworn_ns <= min(stay.seen_ns, old.sworn_ns)
        assert 0 <= lost <= max(0, old.last_seen.utc_ns - since.utc_ns)
        assert stay.seen_ns <= max(0, since.utc_ns - stay.arrived[1].utc_ns) or old.last_seen.utc_ns <= since.utc_ns
    state = json.loads(json.dumps(engine.save()))
    assert Engine.restore(RULES, SHANGHAI, state).save() == state
    for t, shown in samples[cut:]:
        for event in engine.step("gt-01", at(t + 0.01), detections(shown)):
            if isinstance(event, ViolationFired):
                assert event.violation.dwell_lower_bound_ns <= event.violation.stay.sworn_ns
        assert all(adds_up(stay) for stay in engine.standing("gt-01"))


def test_a_camera_whose_clock_is_set_while_it_runs_can_still_be_saved(engine: Engine) -> None:
    """It begins in 1970, and jumps to this year."""
    for seconds in range(0, 20, 2):
        engine.step("gt-01", Instant(seconds * S, TimeSource.OSD, 0), detections(CAR))
    play(engine, lambda t: CAR, 20)
    assert restored(engine).save() == engine.save()
    assert [stay.arrived[1] for stay in engine.standing("gt-01")] == [at(0)]


# -- better arrivals --------------------------------------------------------------------------------------------


def test_a_better_arrival_is_kept_by_all_later_stays(engine: Engine) -> None:
    play(engine, lambda t: CAR if t >= 10 else [], 20)
    (stay,) = engine.standing("gt-01")
    assert stay.arrived == (at(8), at(10))
    assert engine.note_arrival("gt-01", stay.id, at(9.5))
    again = engine.save()
    assert engine.note_arrival("gt-01", stay.id, at(9.5))
    assert engine.note_arrival("gt-01", stay.id, at(8.5)), "what is known already is not unlearned"
    assert engine.save() == again
    engine = restored(engine)
    (now,) = engine.standing("gt-01")
    assert (now.id, now.arrived) == (stay.id, (at(9.5), at(10)))
    (violation,) = fired(play(engine, lambda t: CAR, 100, start=22))
    assert violation.violation.stay.arrived == (at(9.5), at(10))
    assert violation.violation.fired_at == at(72), "dwell counts from the first sighting, as before"
    (end,) = engine.finish("gt-01")
    assert isinstance(end, StayEnded)
    assert end.stay.arrived == (at(9.5), at(10))


def test_an_arrival_that_cannot_be_is_not_taken(engine: Engine) -> None:
    play(engine, lambda t: CAR, 20)
    (stay,) = engine.standing("gt-01")
    state = engine.save()
    assert not engine.note_arrival("gt-01", stay.id, at(0)), "the first sighting itself"
    assert not engine.note_arrival("gt-01", stay.id, at(5))
    assert not engine.note_arrival("gt-01", stay.id, Instant(-(1 << 62), TimeSource.OSD, 0))
    assert not engine.note_arrival("gt-01", "0" * 32, at(-1))
    assert engine.save() == state
    assert engine.note_arrival("gt-01", stay.id, at(-1)), "footage from before the engine began may show more"
    assert engine.standing("gt-01")[0].arrived == (at(-1), at(0))
    with pytest.raises(OrderError, match="no camera"):
        engine.note_arrival("nobody", stay.id, at(0))


@pytest.mark.parametrize("shown_before", [True, False])
def test_what_stood_there_before_a_gap_is_not_said_to_have_been_absent_then(engine: Engine, shown_before: bool) -> None:
    """A vehicle seen once, then no footage: the last look before the gap shows it, and cannot show its absence."""
    play(engine, lambda t: [], 2)
    play(engine, lambda t: CAR if shown_before else [], 4, start=4)
    events = play(engine, lambda t: CAR, 40, start=24)
    (opened,) = [event for event in events if isinstance(event, StayOpened)]
    last_without = at(2) if shown_before else at(4)
    assert opened.stay.arrived == (last_without, at(24))
