"""`bike_clutter`: more bicycles and motorcycles stand outside their bays than may."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.instant import NS_PER_S
from streams.interface import DecodeLevel
from tests.vision import byhand
from tests.vision.byhand import SHANGHAI, Seen, at, detections, moved
from vision.codec import from_json, to_json
from vision.engine import Engine
from vision.errors import PolicyError, StateError
from vision.interface import Box, Event, StayEnded, StayOpened, Violation, ViolationFired
from vision.policy import CameraRules, build_camera_rules, parse_policy

MODEL = replace(byhand.MODEL, classes=("person", "bicycle", "bus", "motorcycle"))
ZONE = [[0.0, 0.4], [1.0, 0.4], [1.0, 0.95], [0.0, 0.95]]
BAY = [[0.0, 0.4], [0.3, 0.4], [0.3, 0.95], [0.0, 0.95]]
GROUND = {"points": [[0.0, 0.4], [1.0, 0.4], [1.0, 0.9], [0.0, 0.9]], "metres": [[0, 10], [20, 10], [20, 0], [0, 0]]}
"""0.05 of the width is a metre, 0.05 of the height is a metre."""


def rules(
    bays: list[Any] | None = None, ground: dict[str, Any] | None = None, zone: dict[str, Any] | None = None, **rule: Any
) -> CameraRules:
    limit = {} if "max_area" in rule else {"max_count": 5}
    one = {"id": "bikes", "kind": "bike_clutter", "dwell": "60s"} | limit | rule
    policy = parse_policy({"id": "p", "name": "共享单车", "version": "1", "rules": [one]})
    place = {"id": "路口 南".replace(" ", ""), "polygon": ZONE, "rules": ["bikes"]} | ({"bays": bays} if bays else {})
    return build_camera_rules("gt-01", policy, [place | (zone or {})], ground)


def bike(i: int, row: int = 0) -> Box:
    """Apart from its neighbours, 0.06 wide and 0.10 high; ten in a row."""
    x, y = 0.01 + 0.095 * i, 0.55 + 0.15 * row
    return (x, y, x + 0.06, y + 0.10)


def stand(count: int, cls: str = "bicycle") -> list[Seen]:
    return [(cls, 0.6, bike(i % 10, i // 10)) for i in range(count)]


def play(engine: Engine, script: Callable[[float], list[Seen]], until: float, **how: Any) -> list[Event]:
    return byhand.play(engine, script, until, model=MODEL, **how)


def fired(events: list[Event]) -> list[Violation]:
    return [event.violation for event in events if isinstance(event, ViolationFired)]


def noisy(script: Callable[[float], list[Seen]], seed: int = 1, misses: float = 0.3) -> Callable[[float], list[Seen]]:
    """A detector that misses, jitters by a twentieth, and now and then gives one box for two neighbours."""
    chance = random.Random(seed)

    def seen(t: float) -> list[Seen]:
        kept = [one for one in script(t) if chance.random() >= misses]
        out: list[Seen] = []
        for cls, score, box in kept:
            if out and chance.random() < 0.1:
                other = out.pop()[2]
                box = (min(box[0], other[0]), min(box[1], other[1]), max(box[2], other[2]), max(box[3], other[3]))
            out.append((cls, score, moved(box, chance.uniform(-0.05, 0.05), chance.uniform(-0.05, 0.05))))
        return out

    return seen


def test_more_than_allowed_for_longer_than_allowed() -> None:
    events = play(Engine([rules()], SHANGHAI), lambda t: stand(6) if 10 <= t < 100 else stand(3), 200)
    assert [type(event) for event in events] == [StayOpened, ViolationFired, StayEnded]
    (violation,) = fired(events)
    # They stand from 16 s on, the third sighting after 5 s and more.
    assert violation.stay.arrived == (at(8), at(16))
    assert violation.fired_at == at(16 + 62) and violation.dwell_lower_bound_ns == 62 * NS_PER_S
    clutter = violation.clutter
    assert clutter is not None and (clutter.max_count, clutter.max_area_m2) == (5, None)
    assert (clutter.fired.count, clutter.peak.count, clutter.fired.area_m2) == (6, 6, None)
    assert clutter.classes == (("bicycle", 6),)
    for i, member in enumerate(clutter.members):
        assert member.box == pytest.approx(bike(i), abs=1e-4)
    assert violation.moments[-1].box == pytest.approx((bike(0)[0], 0.55, bike(5)[2], 0.65), abs=1e-4)
    ended = events[-1].stay
    assert ended.id == violation.stay.id and ended.departed == (at(98), at(100))
    assert ended.seen_ns == 82 * NS_PER_S and ended.occluded_ns == ended.gap_ns == 0


def test_exactly_the_limit_is_allowed_in_number_and_in_time() -> None:
    assert not fired(play(Engine([rules()], SHANGHAI), lambda t: stand(5), 300))
    # 6 s until they are known to stand, and exactly 60 s.
    assert not fired(play(Engine([rules()], SHANGHAI), lambda t: stand(6) if t <= 66 else [], 200))
    assert fired(play(Engine([rules()], SHANGHAI), lambda t: stand(6) if t <= 68 else [], 200))


def test_nothing_at_all() -> None:
    assert play(Engine([rules()], SHANGHAI), lambda t: [], 100) == []


@pytest.mark.parametrize("seed", range(6))
def test_a_detector_that_misses_a_third_and_merges_finds_the_same_and_counts_no_more(seed: int) -> None:
    script = noisy(lambda t: stand(12) if 20 <= t < 300 else stand(4), seed)
    events = play(Engine([rules(max_count=8)], SHANGHAI), script, 420)
    (violation,) = fired(events)
    assert violation.clutter is not None and 8 < violation.clutter.peak.count <= 12
    assert at(80).utc_ns <= violation.fired_at.utc_ns <= at(120).utc_ns
    ended = [event.stay for event in events if isinstance(event, StayEnded)]
    assert len(ended) == 1, "one excess, whatever the detector missed"
    departed = ended[0].departed
    assert departed is not None and departed[1] is not None
    assert departed[0].utc_ns <= at(298).utc_ns and at(290).utc_ns <= departed[1].utc_ns <= at(320).utc_ns
    assert ended[0].seen_ns <= 280 * NS_PER_S


@pytest.mark.parametrize("seed", range(4))
def test_a_detector_that_misses_and_merges_finds_none_where_no_more_stand_than_may(seed: int) -> None:
    script = noisy(lambda t: stand(8), seed)
    assert not fired(play(Engine([rules(max_count=8)], SHANGHAI), script, 600))


def test_what_is_ridden_or_pushed_does_not_stand() -> None:
    def riders(t: float) -> list[Seen]:
        """A red light: eight wait, each with its rider."""
        bikes = stand(8, "motorcycle")
        return bikes + [("person", 0.8, (b[0] + 0.01, b[1] - 0.10, b[2] - 0.01, b[3] - 0.005)) for _, _, b in bikes]

    def pushed(t: float) -> list[Seen]:
        return [("bicycle", 0.6, moved(bike(i % 10, i // 10), 0.7 * (t / 2 % 8))) for i in range(8)]

    for script in (riders, pushed):
        assert play(Engine([rules()], SHANGHAI), script, 200) == []


def test_people_before_them_make_time_that_is_not_counted_and_no_second_violation() -> None:
    def crowd(t: float) -> list[Seen]:
        if 120 <= t < 240:
            return [("person", 0.9, (x, 0.3, x + 0.1, 0.8)) for x in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)]
        return stand(6)

    events = play(Engine([rules(dwell="150s")], SHANGHAI), crowd, 400)
    (violation,) = fired(events)
    assert violation.stay.arrived[1] == at(6)
    assert violation.stay.occluded_ns == 122 * NS_PER_S
    # What was counted up to 118 s, and on from 240 s: 112 s and 40 s.
    assert violation.fired_at == at(280)
    assert not any(isinstance(event, StayEnded) for event in events)


def test_a_gap_is_never_counted_and_does_not_end_it() -> None:
    engine = Engine([rules()], SHANGHAI)
    assert not fired(play(engine, lambda t: stand(6), 40))
    events = play(engine, lambda t: stand(6), 400, start=340)
    (violation,) = fired(events)
    assert violation.fired_at == at(340 + 28)  # 34 s were counted before
    assert (violation.stay.gap_ns, violation.stay.seen_ns) == (300 * NS_PER_S, 62 * NS_PER_S)


def test_what_stands_in_a_bay_does_not_count() -> None:
    def script(t: float) -> list[Seen]:
        return stand(8)

    assert fired(play(Engine([rules()], SHANGHAI), script, 200))
    assert not fired(play(Engine([rules(bays=[BAY])], SHANGHAI), script, 200))  # three of them stand in it


def test_area_on_the_ground() -> None:
    """Each covers 0.06 x 0.02 of the picture, 1.2 m x 0.4 m; a third row overlaps none."""
    engine = Engine([rules(ground=GROUND, max_area=4.5)], SHANGHAI)
    (violation,) = fired(play(engine, lambda t: stand(10), 200))
    assert violation.clutter is not None
    assert violation.clutter.fired.area_m2 == pytest.approx(10 * 0.48, rel=0.01)
    assert not fired(play(Engine([rules(ground=GROUND, max_area=5.0)], SHANGHAI), lambda t: stand(10), 200))


def test_two_boxes_of_one_count_once_and_one_around_a_row_not_at_all() -> None:
    def doubled(t: float) -> list[Seen]:
        row: Seen = ("bicycle", 0.9, (bike(0)[0], 0.55, bike(4)[2], 0.65))
        return [*stand(5), *((("motorcycle", 0.5, moved(box, 0.1))) for _, _, box in stand(5)), row]

    assert not fired(play(Engine([rules()], SHANGHAI), doubled, 300))


def test_the_hours_may_pass_midnight() -> None:
    """T0 is 16:00 in Shanghai. They stand from 23:55 on, and the rule holds from 23:59 on."""
    engine = Engine([rules(schedule=[{"from": "23:59", "to": "00:30"}])], SHANGHAI)
    start = 8 * 3600 - 300
    events = play(engine, lambda t: stand(6), start + 400, start=start)
    (violation,) = fired(events)
    assert violation.fired_at == at(8 * 3600 - 60 + 62)
    assert violation.stay.arrived == (None, at(start + 6))


def test_one_violation_for_each_excess_and_a_place_emptied_for_a_moment_does_not_end_it() -> None:
    def script(t: float) -> list[Seen]:
        return stand(5 if 100 <= t < 112 or 200 <= t < 260 else 6)

    events = play(Engine([rules()], SHANGHAI), script, 400)
    assert len(fired(events)) == 2
    (ended,) = [event.stay for event in events if isinstance(event, StayEnded)]
    assert ended.departed == (at(198), at(200))


def test_a_view_that_cannot_be_trusted_takes_back_what_was_counted_since() -> None:
    engine = Engine([rules()], SHANGHAI)
    play(engine, lambda t: stand(6), 50)
    engine.suspend("gt-01", at(20))
    (violation,) = fired(play(engine, lambda t: stand(6), 200, start=60))
    assert violation.fired_at == at(60 + 48)  # 14 s of 44 s are left
    assert violation.moments[0].at.utc_ns <= at(20).utc_ns


def test_attention_and_what_is_timed() -> None:
    engine = Engine([rules()], SHANGHAI)
    play(engine, lambda t: stand(4), 20)
    assert engine.attention("gt-01") is DecodeLevel.KEYFRAMES and engine.standing("gt-01") == ()
    play(engine, lambda t: stand(6), 40, start=22)
    assert engine.attention("gt-01") is DecodeLevel.SAMPLED and len(engine.timed("gt-01")) == 1
    play(engine, lambda t: stand(6), 120, start=42)
    assert engine.attention("gt-01") is DecodeLevel.KEYFRAMES
    assert len(engine.standing("gt-01")) == 1 and engine.timed("gt-01") == ()
    (ended,) = engine.finish("gt-01")
    assert isinstance(ended, StayEnded) and ended.violations == ("bikes",)
    assert ended.stay.departed == (at(120), None)


def test_saved_and_restored_at_every_sample_it_tells_the_same() -> None:
    script = noisy(lambda t: stand(9) if 10 <= t < 120 else stand(3), 3)
    cameras = [rules(ground=GROUND, max_area=2.0, max_count=6)]
    plain, broken = Engine(cameras, SHANGHAI), Engine(cameras, SHANGHAI)
    told = 0
    for t in range(0, 220, 2):
        if 60 < t < 84:
            continue
        seen = detections(script(t), model=MODEL)
        events = plain.step("gt-01", at(t), seen)
        assert events == broken.step("gt-01", at(t), seen)
        assert all(from_json(Violation, json.loads(json.dumps(to_json(v)))) == v for v in fired(events))
        told += len(events)
        state = json.loads(json.dumps(broken.save()))
        broken = Engine.restore(cameras, SHANGHAI, state)
        assert json.dumps(broken.save()) == json.dumps(plain.save())
    assert told == 3


def saved() -> dict[str, Any]:
    engine = Engine([rules()], SHANGHAI)
    play(engine, lambda t: stand(6), 40)
    return json.loads(json.dumps(engine.save()))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("rule",), "other"),
        (("settled_ns",), None),
        (("settled_ns",), 1 << 63),
        (("places", 0, "last_ns"), 1 << 61),
        (("places", 0, "box"), [0.5, 0.5, 0.4, 0.6]),
        (("places", 0, "stands"), False),
        (("places", 0, "classes"), {}),
        (("places", 0, "score"), "0.5"),
        (("excess", "seen_ns"), 1 << 60),
        (("excess", "tally", "counted_ns"), 1 << 50),
        (("excess", "tally", "rule"), "other"),
        (("excess", "stride"), 0),
        (("excess", "looks"), 0),
    ],
    ids=str,
)
def test_a_state_that_cannot_be_is_refused(path: tuple[Any, ...], value: object) -> None:
    state = saved()
    part = state["cameras"]["gt-01"]["judges"]["bike_clutter"]["lots"][0]
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(StateError, match="camera gt-01, bike_clutter"):
        Engine.restore([rules()], SHANGHAI, state)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"max_count": 0}, "limit of 0 .*no_parking"),
        ({"max_count": None}, "max_area"),
        ({"max_area": 3.0}, "no `ground`"),
        ({"dwell": "0s"}, "more than 0"),
        ({"bays": [[[0.0, 0.0], [0.3, 0.0], [0.3, 0.2]]]}, "zones.0.bays: bay 1 lies outside the zone"),
        ({"bays": [[[0.0, 0.5], [0.3, 0.5]]]}, "bay 1: a polygon needs at least 3"),
        ({"bays": [[[0.0, 0.3], [1.0, 0.3], [1.0, 1.0], [0.0, 1.0]]]}, "cover the whole zone"),
        ({"kind": "intrusion", "bays": [BAY], "max_count": None}, "max_count"),
    ],
)
def test_what_cannot_be_meant_is_refused(how: dict[str, Any], message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        rules(**how)


def test_a_zone_without_bays_keeps_its_hash_and_one_with_bays_has_another() -> None:
    assert "bays" not in rules().model_dump()["zones"][0]
    assert rules(bays=[BAY]).model_dump()["zones"][0]["bays"]


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 1 << 32), st.floats(0, 0.9), st.integers(0, 45), st.integers(6, 30))
def test_fewer_sightings_or_a_gap_never_make_a_violation(seed: int, misses: float, hole: int, length: int) -> None:
    """Six stand for exactly as long as they may: no thinning of it, and no gap in it, is more."""

    def full(t: float) -> list[Seen]:
        return stand(6) if t <= 66 else []

    thinned = Engine([rules()], SHANGHAI)
    chance = random.Random(seed)
    assert not fired(play(thinned, lambda t: [one for one in full(t) if chance.random() >= misses], 90))
    holed = Engine([rules()], SHANGHAI)
    hole, length = 2 * hole, 2 * length
    first = play(holed, full, hole)
    second = play(holed, lambda t: full(t - length), 120 + length, start=hole + length)
    assert not fired([*first, *second])
