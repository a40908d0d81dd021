"""What a stay's time was made of, why it ended, and the arithmetic of the rule."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.instant import NS_PER_S
from tests.vision import test_bike_clutter as bikes
from tests.vision import test_properties as properties
from tests.vision.byhand import PARKED, SHANGHAI, T0, Seen, at, detections, moved, play, rules
from vision.codec import from_json, to_json
from vision.codec_reasons import reckoning_json, trace_json
from vision.engine import Engine
from vision.errors import StateError
from vision.interface import Event, PixelEvidence, Stay, StayEnded, StayOpened, Violation, ViolationFired
from vision.reasons import COUNTED, MAX_STEPS, UNSEEN, WITHOUT, EndReason, Shown, Trace
from vision.tracing import MAX_HIDERS, Tracing, coarser

GOLDEN = Path(__file__).parent / "golden" / "reasons.json"
CAR: Seen = ("car", 0.9, PARKED)
BUS_BEFORE_IT: Seen = ("bus", 0.9, (0.70, 0.30, 0.98, 0.70))
CROWD: Seen = ("person", 0.9, BUS_BEFORE_IT[2])


def trace_of(stay: Stay) -> Trace:
    assert stay.trace is not None
    return stay.trace


def looks(trace: Trace, what: Shown) -> int:
    return sum(part.looks for step in trace.steps for part in step.parts if part.what is what)


def check(stay: Stay, *, opening: int = 1) -> None:
    """`opening`: sightings that stand in no step."""
    trace = trace_of(stay)
    assert trace.total(COUNTED) == stay.seen_ns
    assert trace.total(UNSEEN) == stay.occluded_ns
    assert trace.total(WITHOUT) == stay.gap_ns
    assert stay.sworn_ns <= trace.total((Shown.SEEN, Shown.KEPT))
    assert looks(trace, Shown.SEEN) == stay.sightings - opening and looks(trace, Shown.KEPT) == stay.kept
    assert len(trace.steps) <= MAX_STEPS
    assert all(step.ns > 0 and len(step.hidden_by) <= MAX_HIDERS for step in trace.steps)
    assert all(part.ns or part.looks for step in trace.steps for part in step.parts)
    assert (trace.ended is None) == (stay.departed is None)
    assert from_json(Stay, json.loads(json.dumps(to_json(stay)))) == stay
    spans = list(trace.spans(stay.arrived[1].utc_ns))
    assert not spans or (spans[0][0], spans[-1][1]) == (stay.arrived[1].utc_ns, stay.last_seen.utc_ns)
    for limit in (1, 5):
        short = coarser(trace, limit)
        assert len(short.steps) <= limit and sum(s.ns for s in short.steps) == sum(s.ns for s in trace.steps)


def check_reckoning(violation: Violation) -> None:
    reckoning = violation.reckoning
    assert reckoning is not None
    assert reckoning.limit_ns == violation.allowed_ns
    assert reckoning.counted_ns == violation.dwell_lower_bound_ns > reckoning.limit_ns + reckoning.grace_ns
    assert min(reckoning.apart_ns, reckoning.uncounted_ns) >= 0
    assert reckoning.seen_ns == violation.stay.seen_ns
    assert reckoning.counted_ns + reckoning.apart_ns <= reckoning.sworn_ns == violation.stay.sworn_ns
    assert violation.stay.arrived[1].utc_ns < reckoning.passed.utc_ns <= violation.fired_at.utc_ns


def check_all(events: list[Event], *, opening: int = 1) -> None:
    for event in events:
        if isinstance(event, ViolationFired):
            check_reckoning(event.violation)
        check(event.violation.stay if isinstance(event, ViolationFired) else event.stay, opening=opening)


def ended_of(events: list[Event]) -> Stay:
    (stay,) = [event.stay for event in events if isinstance(event, StayEnded)]
    return stay


# -- whatever comes ----------------------------------------------------------------------------------------------


@st.composite
def evidence(draw: st.DrawFn) -> tuple[list[tuple[float, list[Seen], PixelEvidence]], frozenset[int]]:
    """Footage with what pixels say of the looks, and the looks before which the view is found to be unusable."""
    samples = draw(properties.footage())
    places = [(), (), (PARKED,), tuple(properties.SPOTS[:3])]
    told = [
        (t, seen, PixelEvidence(draw(st.sampled_from(places[:3])), draw(st.sampled_from(places))))
        for t, seen in samples
    ]
    return told, frozenset(draw(st.lists(st.integers(0, len(samples)), max_size=2)))


@given(evidence(), st.integers(0, 60), st.data())
@settings(max_examples=80, deadline=None)
def test_the_steps_add_up_however_samples_come_and_wherever_the_engine_was_saved(
    told: tuple[list[tuple[float, list[Seen], PixelEvidence]], frozenset[int]], back: int, data: st.DataObject
) -> None:
    samples, struck = told
    cut = data.draw(st.integers(0, len(samples)))
    engine, other = Engine(properties.RULES, SHANGHAI), Engine(properties.RULES, SHANGHAI)
    events: list[Event] = []
    for number, (t, seen, pixels) in enumerate(samples):
        if number == cut:
            other = Engine.restore(properties.RULES, SHANGHAI, json.loads(json.dumps(other.save())))
        if number in struck:
            engine.suspend("gt-01", at(max(0.0, t - back)))
            other.suspend("gt-01", at(max(0.0, t - back)))
        found = engine.step("gt-01", at(t), detections(seen), pixels)
        assert found == other.step("gt-01", at(t), detections(seen), pixels)
        events += found
        for stay in engine.standing("gt-01"):
            check(stay)
    events += engine.finish("gt-01")
    check_all(events)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1 << 32), st.sampled_from(["6s", "20s"]), st.booleans(), st.integers(0, 5))
def test_the_steps_of_too_many_bicycles_add_up(seed: int, unseen: str, area: bool, faults: int) -> None:
    chance = random.Random(seed)
    limit: dict[str, Any] = {"ground": bikes.GROUND, "max_area": 1.0} if area else {"max_count": 4}
    cameras = [bikes.rules(max_unseen=unseen, dwell="30s", **limit)]
    engine, other = Engine(cameras, SHANGHAI), Engine(cameras, SHANGHAI)
    script = bikes.noisy(lambda t: bikes.stand(3 + int(t / 25) % 5), seed, misses=0.4)
    events: list[Event] = []
    now = 0.0
    for _ in range(150):
        now += chance.choice((1.0, 2.0, 2.0, 2.0, 3.0, 8.0)) if chance.random() > 0.03 else 40.0
        if chance.random() < 0.02 * faults:
            engine.suspend("gt-01", at(now - 15))
            other.suspend("gt-01", at(now - 15))
        seen = detections(script(now), model=bikes.MODEL)
        found = engine.step("gt-01", at(now), seen)
        if chance.random() < 0.2:
            other = Engine.restore(cameras, SHANGHAI, json.loads(json.dumps(other.save())))
        assert found == other.step("gt-01", at(now), seen)
        events += found
    check_all([*events, *engine.finish("gt-01")], opening=0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1 << 32), st.floats(0, 0.6))
def test_the_steps_of_a_visit_add_up(seed: int, misses: float) -> None:
    chance = random.Random(seed)
    cameras = [rules(kind="intrusion", dwell="10s", min_sightings=2)]
    engine = Engine(cameras, SHANGHAI)
    events: list[Event] = []
    now, x = 0.0, 0.0
    for _ in range(120):
        now += chance.choice((1.0, 2.0, 4.0, 9.0)) if chance.random() > 0.03 else 70.0
        x = min(1.0, max(-1.0, x + chance.uniform(-0.7, 0.7)))
        seen: list[Seen] = [("truck", 0.8, moved(PARKED, x, x / 2))] if chance.random() >= misses else []
        seen += [BUS_BEFORE_IT] if chance.random() < 0.1 else []
        events += engine.step("gt-01", at(now), detections(seen))
        if chance.random() < 0.1:
            engine = Engine.restore(cameras, SHANGHAI, json.loads(json.dumps(engine.save())))
        if chance.random() < 0.02:
            engine.suspend("gt-01", at(now - 12))
    check_all([*events, *engine.finish("gt-01")])


# -- bounded -----------------------------------------------------------------------------------------------------


def test_a_stay_of_days_has_no_longer_a_trace_than_one_of_minutes() -> None:
    chance = random.Random(7)
    engine = Engine([rules(dwell="1h", max_unseen="90s")], SHANGHAI)
    events: list[Event] = []
    sizes = []
    day, every = 86_400, 60
    for number in range(3 * day // every):
        hidden = chance.random() < 0.2
        shown = chance.random() < 0.5
        seen = [CROWD] if hidden else [CAR] if shown else []
        kept = PixelEvidence() if hidden or shown else PixelEvidence(kept=(PARKED,))
        events += engine.step("gt-01", at(number * every), detections(seen), kept)
        if number % 1000 == 999:
            sizes.append(len(json.dumps(engine.save())))
    (stay,) = engine.standing("gt-01")
    check(stay)
    assert len(trace_of(stay).steps) == MAX_STEPS
    assert stay.last_seen.utc_ns - stay.arrived[1].utc_ns > 2 * day * NS_PER_S
    assert max(sizes) < 1.3 * min(sizes)


def test_of_many_classes_that_hide_it_only_a_few_are_named() -> None:
    tracing = Tracing()
    for number in range(100):
        tracing.look(Shown.HIDDEN, f"class-{number % 50:02}")
        if number % 3 == 2:
            tracing.passed(NS_PER_S, 0)
    (step,) = tracing.trace().steps
    assert len(step.hidden_by) == MAX_HIDERS
    assert step.parts[0].looks == 99


def test_what_counts_otherwise_stays_apart_as_long_as_there_is_room() -> None:
    tracing = Tracing()
    for number in range(1000):
        tracing.counted(Shown.SEEN if number % 2 else Shown.KEPT, 5 * NS_PER_S)
        if number % 100 == 50:
            tracing.passed(NS_PER_S, 0)
    short = [step for step in tracing.trace().steps if step.ns == NS_PER_S]
    assert len(short) == 10 and all(part.what is Shown.MISSED for step in short for part in step.parts)


def test_the_shortest_neighbours_are_drawn_together_and_what_is_long_stays_apart() -> None:
    tracing = Tracing()
    tracing.passed(0, 3600 * NS_PER_S)
    for number in range(1000):
        tracing.counted(Shown.SEEN if number % 2 else Shown.KEPT, NS_PER_S)
    tracing.passed(600 * NS_PER_S, 0)
    steps = tracing.trace().steps
    assert MAX_STEPS - 8 <= len(steps) <= MAX_STEPS
    assert [(part.what, part.ns) for part in steps[0].parts] == [(Shown.GAP, 3600 * NS_PER_S)]
    assert [(part.what, part.ns) for part in steps[-1].parts] == [(Shown.MISSED, 600 * NS_PER_S)]
    assert max(step.ns for step in steps[1:-1]) <= 128 * NS_PER_S


# -- why it ended ------------------------------------------------------------------------------------------------


def test_an_empty_place_ends_it_and_is_told_by_how_many_looks() -> None:
    engine = Engine([rules()], SHANGHAI)
    ended = trace_of(ended_of(play(engine, lambda t: [CAR] if t <= 40 else [], 80))).ended
    assert ended is not None
    assert (ended.why, ended.at, ended.empty_ns, ended.empty_looks) == (EndReason.EMPTY, at(50), 10 * NS_PER_S, 5)


def test_pixels_that_show_the_empty_ground_end_it_sooner_and_are_told() -> None:
    engine = Engine([rules()], SHANGHAI)
    events = play(engine, lambda t: [CAR], 40)
    for t in (42, 44):
        events += engine.step("gt-01", at(t), detections([]), PixelEvidence(emptied=(PARKED,)))
    ended = trace_of(ended_of(events)).ended
    assert ended is not None and (ended.why, ended.at, ended.emptied_looks) == (EndReason.EMPTY, at(44), 2)


def why_it_ended(script: Callable[[float], list[Seen]]) -> EndReason:
    events = play(Engine([rules()], SHANGHAI), lambda t: [CAR] if t <= 40 else script(t), 80)
    ended = trace_of(next(event.stay for event in events if isinstance(event, StayEnded))).ended
    assert ended is not None
    return ended.why


def test_another_that_comes_to_stand_on_its_ground_replaces_it() -> None:
    assert why_it_ended(lambda t: [("car", 0.9, moved(PARKED, dx=0.3))]) is EndReason.REPLACED


def test_boxes_that_move_off_say_that_it_drove_on() -> None:
    offsets = {42: 0.35, 44: 0.6}
    assert (
        why_it_ended(lambda t: [("car", 0.9, moved(PARKED, dx=-offsets[t]))] if t in offsets else [])
        is EndReason.DRIVEN_ON
    )


def test_footage_that_ends_and_a_place_that_nobody_could_look_at() -> None:
    engine = Engine([rules()], SHANGHAI)
    events = play(engine, lambda t: [CAR], 40)
    later = engine.step("gt-01", at(40 + 31 * 60), detections([]))
    ended = trace_of(ended_of(later)).ended
    assert ended is not None and (ended.why, ended.empty_looks) == (EndReason.FORGOTTEN, 0)
    engine = Engine([rules()], SHANGHAI)
    events = play(engine, lambda t: [CAR], 40)
    assert not any(isinstance(event, StayEnded) for event in events)
    ended = trace_of(ended_of(engine.finish("gt-01"))).ended
    assert ended is not None and (ended.why, ended.at) == (EndReason.FOOTAGE_ENDED, at(40))


def test_bicycles_that_are_no_more_than_the_limit_end_it() -> None:
    engine = Engine([bikes.rules()], SHANGHAI)
    stay = ended_of(bikes.play(engine, lambda t: bikes.stand(6) if t < 100 else bikes.stand(3), 200))
    trace = trace_of(stay)
    assert trace.ended is not None and trace.ended.why is EndReason.WITHIN_LIMIT
    assert [(part.what, part.ns) for step in trace.steps for part in step.parts if part.ns] == [
        (Shown.SEEN, stay.seen_ns)
    ]


# -- the arithmetic ----------------------------------------------------------------------------------------------


def test_the_instant_at_which_the_limit_was_reached_lies_between_two_looks() -> None:
    engine = Engine([rules(dwell="61s", max_unseen="10s")], SHANGHAI)
    (violation,) = [event.violation for event in play(engine, lambda t: [CAR], 80) if isinstance(event, ViolationFired)]
    check_reckoning(violation)
    assert violation.fired_at == at(62) and violation.reckoning is not None
    assert violation.reckoning.passed == at(61)
    assert violation.reckoning.uncounted_ns == 0


def test_time_outside_the_hours_is_seen_and_not_counted() -> None:
    # The hours begin 30 s after the first sighting.
    engine = Engine([rules(dwell="60s", schedule=[{"from": "16:01", "to": "24:00"}])], SHANGHAI)
    (violation,) = [
        event.violation for event in play(engine, lambda t: [CAR], 140, start=30) if isinstance(event, ViolationFired)
    ]
    check_reckoning(violation)
    assert violation.reckoning is not None
    assert violation.reckoning.uncounted_ns == 30 * NS_PER_S and violation.reckoning.passed == at(120)


def test_time_of_exemptions_is_told_apart_and_grace_comes_on_top() -> None:
    loading = {"name": "装卸", "classes": ["car"], "allowed": "10m", "schedule": [{"from": "16:00", "to": "16:01"}]}
    engine = Engine([rules(dwell="60s", grace="5s", exemptions=[loading])], SHANGHAI)
    (violation,) = [
        event.violation for event in play(engine, lambda t: [CAR], 140) if isinstance(event, ViolationFired)
    ]
    check_reckoning(violation)
    assert violation.reckoning is not None
    assert (violation.reckoning.apart_ns, violation.reckoning.grace_ns) == (60 * NS_PER_S, 5 * NS_PER_S)
    assert violation.reckoning.passed == at(125)


def test_what_only_pixels_show_may_pass_the_limit_long_before_a_box_confirms_it() -> None:
    engine = Engine([rules()], SHANGHAI)
    events = play(engine, lambda t: [CAR], 40)
    for t in range(42, 100, 2):
        events += engine.step("gt-01", at(t), detections([]), PixelEvidence(kept=(PARKED,)))
    events += engine.step("gt-01", at(100), detections([CAR]))
    (violation,) = [event.violation for event in events if isinstance(event, ViolationFired)]
    check_reckoning(violation)
    assert violation.reckoning is not None
    assert (violation.reckoning.passed, violation.fired_at) == (at(60), at(100))


# -- saved before there were traces ------------------------------------------------------------------------------


def test_a_state_from_before_there_were_traces_goes_on_and_adds_up() -> None:
    cameras = [rules(dwell="30s")]
    engine = Engine(cameras, SHANGHAI)
    play(engine, lambda t: [CAR] if not 20 <= t < 34 else [], 50)
    state = json.loads(json.dumps(engine.save()))
    for standing in state["cameras"]["gt-01"]["memory"]["standings"]:
        del standing["tracing"]
    engine = Engine.restore(cameras, SHANGHAI, state)
    events = play(engine, lambda t: [CAR] if t <= 60 else [], 120, start=52)
    check(ended_of(events))
    cameras = [bikes.rules()]
    engine = Engine(cameras, SHANGHAI)
    bikes.play(engine, lambda t: bikes.stand(6), 70)
    state = json.loads(json.dumps(engine.save()))
    excess = state["cameras"]["gt-01"]["judges"]["bike_clutter"]["lots"][0]["excess"]
    for name in ("tracing", "traced_ns", "owed_gap_ns"):
        del excess[name]
    engine = Engine.restore(cameras, SHANGHAI, state)
    stay = ended_of(bikes.play(engine, lambda t: bikes.stand(6) if t < 100 else [], 160, start=72))
    assert trace_of(stay).total(COUNTED) == stay.seen_ns


@pytest.mark.parametrize(
    "damage",
    [
        lambda run: run["ns"].update(seen=run["ns"]["seen"] + 1),
        lambda run: run["ns"].update(gap=5),
        lambda run: run["looks"].update(seen=0),
        lambda run: run["ns"].update(nonsense=1),
        lambda run: run["by"].update({str(n): 1 for n in range(20)}),
    ],
)
def test_a_saved_trace_that_cannot_be_is_refused(damage: Any) -> None:
    engine = Engine([rules()], SHANGHAI)
    play(engine, lambda t: [CAR], 40)
    state = json.loads(json.dumps(engine.save()))
    damage(state["cameras"]["gt-01"]["memory"]["standings"][0]["tracing"]["runs"][0])
    with pytest.raises(StateError):
        Engine.restore([rules()], SHANGHAI, state)


# -- one example, to the letter ----------------------------------------------------------------------------------


def story(t: float) -> list[Seen]:
    """Stands; a bus hides it; it stands; another appears beside it for a look; missed for long; stands; leaves."""
    if 30 <= t < 60:
        return [BUS_BEFORE_IT]
    if t == 80:
        return [("car", 0.9, moved(PARKED, dx=-0.5))]
    if 100 <= t < 108:
        return []
    return [CAR] if t <= 150 else []


def example() -> dict[str, Any]:
    engine = Engine([rules(dwell="60s")], SHANGHAI)
    events = play(engine, story, 110)
    events += play(engine, story, 220, start=140)
    stays = [event.stay for event in events if isinstance(event, StayEnded)]
    violations = [event.violation for event in events if isinstance(event, ViolationFired)]
    check_all(events)
    return {
        "reckoning": [reckoning_json(one.reckoning) for one in violations if one.reckoning is not None],
        "traces": [trace_json(stay) for stay in stays],
    }


def test_the_example_is_told_to_the_letter() -> None:
    assert json.dumps(example(), indent=1) + "\n" == GOLDEN.read_text(encoding="utf-8")


def test_a_stay_that_was_kept_without_a_trace_is_read() -> None:
    engine = Engine([rules()], SHANGHAI)
    stay = ended_of([*play(engine, lambda t: [CAR], 40), *engine.finish("gt-01")])
    stored = to_json(stay)
    del stored["trace"]
    assert from_json(Stay, stored) == replace(stay, trace=None)
    assert trace_json(replace(stay, trace=None)) is None


def test_nothing_is_told_of_a_look_before_its_time() -> None:
    """A stay that opens carries the trace of what it was made of until then."""
    engine = Engine([rules()], SHANGHAI)
    (opened,) = [event for event in play(engine, lambda t: [CAR], 4) if isinstance(event, StayOpened)]
    assert [(part.what, part.ns, part.looks) for step in trace_of(opened.stay).steps for part in step.parts] == [
        (Shown.SEEN, 4 * NS_PER_S, 2)
    ]
    assert opened.stay.arrived[1].utc_ns == T0
