"""What must hold for any footage whatever."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.instant import NS_PER_S
from tests.vision.byhand import PARKED, SHANGHAI, Seen, at, detections, moved, rules
from vision.engine import Engine
from vision.interface import Event, Stay, StayEnded, StayOpened, ViolationFired

Sample = tuple[float, list[Seen]]

SPOTS = [PARKED, moved(PARKED, dy=0.9), moved(PARKED, dx=0.1, dy=0.4), moved(PARKED, dx=-0.6), (0.80, 0.35, 0.97, 0.6)]
ZONES = [
    {"id": "a", "polygon": [[0.78, 0.2], [1.0, 0.2], [1.0, 0.9], [0.78, 0.9]], "rules": ["no-parking"]},
    {"id": "b", "polygon": [[0.70, 0.3], [1.0, 0.3], [0.9, 0.9]], "rules": ["no-parking"]},
]
RULES = [
    rules(
        zones=ZONES,
        dwell="20s",
        max_unseen="6s",
        schedule=[{"from": "16:00", "to": "16:02"}, {"from": "16:03", "to": "24:00"}],
    )
]

jitter = st.integers(-3, 3).map(lambda n: n / 40)
boxes = st.builds(moved, st.sampled_from(SPOTS), jitter, jitter)
seen = st.tuples(st.sampled_from(["car", "car", "truck", "bus", "person"]), st.sampled_from([0.2, 0.35, 0.9]), boxes)
steps = st.sampled_from([0.04, 0.5, 1.0, 2.0, 2.0, 2.0, 2.0, 3.0, 7.0, 15.0, 70.0, 2000.0])


@st.composite
def footage(draw: st.DrawFn) -> list[Sample]:
    """Stretches in which the same objects are seen again and again, with misses and strangers in between."""
    samples: list[Sample] = []
    now = 0.0
    for _ in range(draw(st.integers(1, 4))):
        standing = draw(st.lists(seen, max_size=3))
        pace = draw(steps)
        for _ in range(draw(st.integers(1, 25))):
            now += draw(steps) if draw(st.integers(0, 9)) == 0 else pace
            shown = [one for one in standing if draw(st.integers(0, 7))]
            strangers = draw(st.lists(seen, max_size=2)) if draw(st.integers(0, 4)) == 0 else []
            samples.append((now, shown + strangers))
    return samples


def run(engine: Engine, samples: list[Sample]) -> list[list[Event]]:
    events = [engine.step("gt-01", at(t), detections(shown)) for t, shown in samples]
    return [*events, engine.finish("gt-01")]


def stays_of(events: list[Event]) -> list[Stay]:
    return [event.violation.stay if isinstance(event, ViolationFired) else event.stay for event in events]


@given(footage(), st.data())
@settings(max_examples=60, deadline=None)
def test_saved_and_restored_at_any_step_nothing_changes(samples: list[Sample], data: st.DataObject) -> None:
    undisturbed = run(Engine(RULES, SHANGHAI), samples)
    cut = data.draw(st.integers(0, len(samples)))
    engine = Engine(RULES, SHANGHAI)
    events = [engine.step("gt-01", at(t), detections(shown)) for t, shown in samples[:cut]]
    state = json.dumps(engine.save())
    again = Engine.restore(RULES, SHANGHAI, json.loads(state))
    assert json.dumps(again.save()) == state
    events += run(again, samples[cut:])
    assert repr(events) == repr(undisturbed)


@given(footage())
@settings(max_examples=80, deadline=None)
def test_time_splits_exactly_and_nothing_fires_too_early(samples: list[Sample]) -> None:
    per_step = run(Engine(RULES, SHANGHAI), samples)
    events = [event for step in per_step for event in step]
    times = {at(t) for t, _ in samples}
    for stay in stays_of(events):
        assert stay.seen_ns + stay.occluded_ns + stay.gap_ns == stay.last_seen.utc_ns - stay.arrived[1].utc_ns
        assert min(stay.seen_ns, stay.occluded_ns, stay.gap_ns) >= 0
        assert 0 <= stay.sworn_ns <= stay.seen_ns
        assert stay.arrived[0] is None or stay.arrived[0].utc_ns < stay.arrived[1].utc_ns
        assert stay.departed is None or stay.departed[0] == stay.last_seen
    for event in events:
        if not isinstance(event, ViolationFired):
            continue
        violation = event.violation
        assert violation.allowed_ns == 20 * NS_PER_S < violation.dwell_lower_bound_ns <= violation.stay.sworn_ns
        assert (
            violation.dwell_lower_bound_ns <= violation.fired_at.utc_ns - violation.moments[0].at.utc_ns + 6 * NS_PER_S
        )
        assert violation.moments[-1].at == violation.fired_at == violation.stay.last_seen
        assert 2 <= len(violation.moments) <= 8
        moments = [moment.at.utc_ns for moment in violation.moments]
        assert moments == sorted(set(moments))
        assert {moment.at for moment in violation.moments} <= times
        shown = {round(at(t).utc_ns): [detections([one]).xyxy for one in seen] for t, seen in samples}
        assert all(shown[moment.at.utc_ns] for moment in violation.moments)


@given(footage())
@settings(max_examples=60, deadline=None)
def test_every_stay_opens_once_and_ends_once_and_breaks_a_rule_at_most_once(samples: list[Sample]) -> None:
    events = [event for step in run(Engine(RULES, SHANGHAI), samples) for event in step]
    opened = [event.stay.id for event in events if isinstance(event, StayOpened)]
    ended = [event.stay.id for event in events if isinstance(event, StayEnded)]
    fired = [(event.violation.stay.id, event.violation.rule) for event in events if isinstance(event, ViolationFired)]
    assert len(opened) == len(set(opened))
    assert sorted(opened) == sorted(ended)
    assert len(fired) == len(set(fired))
    assert {stay for stay, _ in fired} <= set(opened)
    named = [(event.stay.id, rule) for event in events if isinstance(event, StayEnded) for rule in event.violations]
    assert sorted(named) == sorted(fired)


@given(footage())
@settings(max_examples=25, deadline=None)
def test_the_resolution_of_the_camera_does_not_matter(samples: list[Sample]) -> None:
    def at_size(width: int, height: int) -> str:
        engine = Engine(RULES, SHANGHAI)
        return repr([engine.step("gt-01", at(t), detections(shown, (width, height))) for t, shown in samples])

    assert at_size(1024, 512) == at_size(4096, 2048) == at_size(256, 2048)


@given(footage())
@settings(max_examples=25, deadline=None)
def test_the_order_of_boxes_does_not_matter(samples: list[Sample]) -> None:
    def reordered(shown: list[Seen]) -> list[Seen]:
        return list(reversed(shown))

    plain = [[replace_track(event) for event in step] for step in run(Engine(RULES, SHANGHAI), samples)]
    turned = run(Engine(RULES, SHANGHAI), [(t, reordered(shown)) for t, shown in samples])
    assert [[replace_track(event) for event in step] for step in turned] == plain


def replace_track(event: Event) -> Event:
    if not isinstance(event, ViolationFired):
        return event
    moments = tuple(replace(moment, track=None) for moment in event.violation.moments)
    return ViolationFired(replace(event.violation, moments=moments))
