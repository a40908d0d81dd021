"""`intrusion`: something is where it has no business, moving or standing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.instant import NS_PER_S
from streams.interface import DecodeLevel
from tests.vision.byhand import SHANGHAI, Seen, at, detections, moved, play
from vision.engine import Engine
from vision.errors import PolicyError, StateError
from vision.interface import Box, StayEnded, StayOpened, Violation, ViolationFired
from vision.policy import CameraRules, build_camera_rules, parse_policy

BANK = [[0.1, 0.2], [0.9, 0.2], [0.9, 0.9], [0.1, 0.9]]
TRUCK: Box = (0.20, 0.40, 0.32, 0.56)


def rules(zones: list[dict[str, object]] | None = None, **rule: object) -> CameraRules:
    one = {"id": "bank", "kind": "intrusion", "classes": ["truck"], "dwell": "3s"} | rule
    policy = parse_policy({"id": "yitong-river", "name": "伊通河一河一策", "version": "1", "rules": [one]})
    return build_camera_rules("gt-01", policy, zones or [{"id": "岸线", "polygon": BANK, "rules": ["bank"]}])


def fired(events: list[Any]) -> list[Violation]:
    return [event.violation for event in events if isinstance(event, ViolationFired)]


def visit(t: float, start: float = 10, end: float = 30, speed: float = 0.2, cls: str = "truck") -> list[Seen]:
    """One that comes at `start`, moves by `speed` of its width each second, and is gone at `end`."""
    return [(cls, 0.8, moved(TRUCK, speed * (t - start)))] if start <= t < end else []


def test_one_that_moves_is_one_visit_and_one_violation() -> None:
    engine = Engine([rules()], SHANGHAI)
    events = play(engine, visit, 80, every=1)
    (violation,) = fired(events)
    assert [type(event) for event in events] == [StayOpened, ViolationFired, StayEnded]
    # 4 s is the first time between sightings that is more than 3 s.
    assert violation.fired_at == at(14)
    assert violation.dwell_lower_bound_ns == 4 * NS_PER_S and violation.allowed_ns == 3 * NS_PER_S
    assert violation.stay.arrived == (at(9), at(10))
    ended = events[-1].stay
    assert ended.id == violation.stay.id and ended.departed == (at(29), at(30))
    assert events[-1].violations == ("bank",)
    assert violation.moments[0].box != violation.moments[-1].box


def test_exactly_the_dwell_is_no_violation() -> None:
    assert not fired(play(Engine([rules()], SHANGHAI), lambda t: visit(t, 10, 13.5), 60, every=1))
    assert fired(play(Engine([rules()], SHANGHAI), lambda t: visit(t, 10, 14.5), 60, every=1))


def test_a_visit_survives_short_misses_and_nothing_is_counted_in_longer_ones() -> None:
    def missed(t: float) -> list[Seen]:
        return [] if 12 <= t < 20 else visit(t, 10, 40, speed=0.02)

    events = play(Engine([rules(dwell="15s")], SHANGHAI), missed, 100, every=1)
    (violation,) = fired(events)
    assert violation.stay.seen_ns == 1 * NS_PER_S + 15 * NS_PER_S
    assert violation.stay.occluded_ns == 9 * NS_PER_S
    assert sum(isinstance(event, StayEnded) for event in events) == 1


def test_two_visits_are_two_violations() -> None:
    def twice(t: float) -> list[Seen]:
        return visit(t, 10, 20) + visit(t, 70, 80)

    assert [v.fired_at for v in fired(play(Engine([rules()], SHANGHAI), twice, 150, every=1))] == [at(14), at(74)]


def test_two_at_once_are_two() -> None:
    def both(t: float) -> list[Seen]:
        return visit(t, 10, 20, 0) + [("truck", 0.7, moved(box, 3)) for _, _, box in visit(t, 10, 20, 0)]

    assert len(fired(play(Engine([rules()], SHANGHAI), both, 60, every=1))) == 2


def test_a_stream_of_others_does_not_add_up_to_one() -> None:
    """Each is seen twice in the zone, far from where the one before was last."""

    def stream(t: float) -> list[Seen]:
        return [("truck", 0.8, moved(TRUCK, 2.5 * (int(t) % 2)))]

    assert not fired(play(Engine([rules()], SHANGHAI), stream, 120, every=1))


def test_other_classes_boxes_outside_and_small_ones_do_not_count() -> None:
    for script, rule in (
        (lambda t: visit(t, cls="person"), {}),
        (lambda t: visit(t, cls="car"), {}),
        (lambda t: [("truck", 0.8, (0.2, 0.92, 0.32, 0.99))], {}),
        (lambda t: [("truck", 0.2, TRUCK)], {}),
        (visit, {"min_size": {"width": 0.2}}),
        (visit, {"schedule": [{"from": "22:00", "to": "06:00"}]}),
        (lambda t: [], {}),
    ):
        assert not fired(play(Engine([rules(**rule)], SHANGHAI), script, 60, every=1))


def test_the_hours_may_pass_midnight() -> None:
    """T0 is 16:00 in Shanghai: the window opens after 7 h 59 min 55 s."""
    opens = 8 * 3600 - 5
    engine = Engine([rules(schedule=[{"from": "23:59", "to": "00:01"}])], SHANGHAI)
    events = play(engine, lambda t: visit(t, opens - 60, opens + 60, 0), opens + 100, start=opens - 62, every=1)
    (violation,) = fired(events)
    assert violation.fired_at == at(8 * 3600 - 60 + 4)


def test_a_gap_in_the_footage_never_counts() -> None:
    engine = Engine([rules(dwell="20s")], SHANGHAI)
    play(engine, lambda t: visit(t, 0, 200, 0), 15, every=1)
    (violation,) = fired(play(engine, lambda t: visit(t, 0, 200, 0), 70, start=55, every=1))
    assert violation.fired_at == at(61)
    assert (violation.dwell_lower_bound_ns, violation.stay.gap_ns) == (21 * NS_PER_S, 40 * NS_PER_S)


def test_after_a_gap_one_that_has_moved_may_be_another() -> None:
    engine = Engine([rules(dwell="20s")], SHANGHAI)
    play(engine, lambda t: visit(t, 0, 200, 0), 15, every=1)
    (violation,) = fired(play(engine, lambda t: [("truck", 0.8, moved(TRUCK, 0.5))], 90, start=55, every=1))
    assert violation.fired_at == at(55 + 21)


def test_it_is_looked_at_closely_from_the_first_sighting_on_and_no_more_once_fired() -> None:
    engine = Engine([rules()], SHANGHAI)
    assert engine.attention("gt-01") is DecodeLevel.KEYFRAMES
    engine.step("gt-01", at(0), detections(visit(10)))
    assert engine.attention("gt-01") is DecodeLevel.SAMPLED
    play(engine, lambda t: visit(t + 10), 6, start=1, every=1)
    assert engine.attention("gt-01") is DecodeLevel.KEYFRAMES
    assert engine.standing("gt-01") and not engine.timed("gt-01")


def test_a_view_that_cannot_be_trusted_takes_back_what_was_counted_since() -> None:
    engine = Engine([rules(dwell="10s")], SHANGHAI)
    play(engine, lambda t: visit(t, 0, 100, 0), 8, every=1)
    engine.suspend("gt-01", at(2))
    events = play(engine, lambda t: visit(t, 0, 100, 0), 18, start=10, every=1)
    assert not fired(events)
    assert fired(play(engine, lambda t: visit(t, 0, 100, 0), 20, start=19, every=1))


def test_saved_and_restored_at_every_sample_it_tells_the_same() -> None:
    def script(t: float) -> list[Seen]:
        return visit(t, 3, 15) + visit(t, 5, 9, -0.3) + ([] if 18 < t < 26 else visit(t, 17, 40, 0))

    cameras = [rules()]
    plain, broken = Engine(cameras, SHANGHAI), Engine(cameras, SHANGHAI)
    for t in range(90):
        seen = detections(script(t))
        assert plain.step("gt-01", at(t), seen) == broken.step("gt-01", at(t), seen)
        state = json.loads(json.dumps(broken.save()))
        broken = Engine.restore(cameras, SHANGHAI, state)
        assert broken.save() == plain.save() == state


def saved() -> dict[str, Any]:
    engine = Engine([rules()], SHANGHAI)
    play(engine, lambda t: visit(t, 0, 90), 12, every=1)
    return json.loads(json.dumps(engine.save()))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("run",), -1),
        (("run",), 1000),
        (("object", "seen_ns"), 5),
        (("object", "place"), [0.5, 0.5, 0.4, 0.6]),
        (("object", "tallies"), []),
        (("object", "sightings"), "13"),
    ],
)
def test_a_state_that_cannot_be_is_refused(path: tuple[str, ...], value: object) -> None:
    state = saved()
    part = state["cameras"]["gt-01"]["judges"]["intrusion"]["visits"][0]
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(StateError, match="camera gt-01, intrusion"):
        Engine.restore([rules()], SHANGHAI, state)


def test_a_state_without_its_judges_is_refused() -> None:
    state = saved()
    state["cameras"]["gt-01"]["judges"] = {"other": {}}
    with pytest.raises(StateError, match="kinds of rules"):
        Engine.restore([rules()], SHANGHAI, state)


@pytest.mark.parametrize(
    ("rule", "message"),
    [({"dwell": "0s"}, "more than 0"), ({"min_sightings": 1}, "min_sightings"), ({"kind": "intrusoin"}, "intrusion")],
)
def test_what_cannot_be_meant_is_refused(rule: dict[str, object], message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        rules(**rule)


def test_beside_a_parking_rule_each_is_told_by_its_own_id() -> None:
    both = [
        {"id": "bank", "kind": "intrusion", "classes": ["truck"], "dwell": "3s"},
        {"id": "no-parking", "kind": "no_parking", "classes": ["truck"], "dwell": "10s"},
    ]
    policy = parse_policy({"id": "p", "name": "p", "version": "1", "rules": both})
    camera = build_camera_rules("gt-01", policy, [{"id": "z", "polygon": BANK, "rules": ["bank", "no-parking"]}])
    events = play(Engine([camera], SHANGHAI), lambda t: visit(t, 10, 40, 0), 100, every=1)
    assert {v.rule: v.fired_at for v in fired(events)} == {"bank": at(14), "no-parking": at(21)}
    assert len({v.stay.id for v in fired(events)}) == 2


@settings(max_examples=15, deadline=None)
@given(st.lists(st.booleans(), min_size=61, max_size=61), st.integers(0, 60), st.integers(11, 60))
def test_fewer_sightings_or_a_gap_never_make_a_violation(keep: list[bool], hole: int, length: int) -> None:
    """A visit of exactly the dwell: no thinning of it, and no gap in it, is more."""

    def full(t: float) -> list[Seen]:
        return visit(t, 5, 36, 0.1)

    engine = Engine([rules(dwell="30s", max_unseen="5s")], SHANGHAI)
    assert not fired(play(engine, full, 60, every=1))
    thinned = Engine([rules(dwell="30s", max_unseen="5s")], SHANGHAI)
    assert not fired(play(thinned, lambda t: full(t) if keep[int(t)] else [], 60, every=1))
    holed = Engine([rules(dwell="30s", max_unseen="5s")], SHANGHAI)
    first = play(holed, full, hole, every=1)
    second = play(holed, lambda t: full(t - length), 120, start=hole + length, every=1)
    assert not fired([*first, *second])
