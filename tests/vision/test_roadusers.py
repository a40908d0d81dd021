"""Who came near what stands, sightings after a rule fired, and what a zone says of its ground and signs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.vision.byhand import KERB, PARKED, SHANGHAI, Seen, at, play, rules
from vision.codec import from_json, to_json
from vision.engine import Engine
from vision.errors import PolicyError, StateError
from vision.interface import Box, Event, Stay, StayEnded, Violation, ViolationFired
from vision.policy import Purpose, Zone, policy_hash

CAR: Seen = ("car", 0.9, PARKED)
NEAR: Box = (0.78, 0.44, 0.80, 0.56)
FAR: Box = (0.10, 0.44, 0.12, 0.56)
AT_THE_DOOR: Box = (0.83, 0.46, 0.85, 0.57)
NEIGHBOUR: Box = (0.68, 0.40, 0.80, 0.56)


def fired(events: list[Event]) -> Violation:
    (violation,) = [event.violation for event in events if isinstance(event, ViolationFired)]
    return violation


def ended(events: list[Event]) -> Stay:
    (stay,) = [event.stay for event in events if isinstance(event, StayEnded)]
    return stay


def judged(extra: Any, until: float = 80) -> Violation:
    """The car stands from 10 s on; `extra`: what else is seen at a time."""
    return fired(play(Engine([rules()], SHANGHAI), lambda t: [*([CAR] if t >= 10 else []), *extra(t)], until))


def test_nobody_near_is_told_as_nobody() -> None:
    hindrance = judged(lambda t: []).hindrance
    assert hindrance is not None and (hindrance.near, hindrance.moment) == (0, None) and hindrance.looks > 25


def test_who_walks_past_is_found_in_the_look_that_shows_it() -> None:
    found = judged(lambda t: [("person", 0.8, NEAR)] if t == 40 else [("person", 0.8, FAR)])
    assert found.hindrance is not None and found.hindrance.near == 1
    shown = found.hindrance.moment
    assert shown is not None and shown.at == at(40) and shown.box == pytest.approx(PARKED, abs=1e-5)
    assert [(one.cls, one.came) for one in shown.others or ()] == [("person", True)]


def test_what_stands_beside_it_all_the_time_is_not_passing() -> None:
    """A parked neighbour, found before the car came; and one that is missed in every third look."""
    assert (judged(lambda t: [("car", 0.9, NEIGHBOUR)]).hindrance or fail()).near == 0
    flickering = judged(lambda t: [("car", 0.9, NEIGHBOUR)] if round(t / 2) % 3 else [])
    assert (flickering.hindrance or fail()).near == 0
    waiting = judged(lambda t: [("person", 0.9, NEAR)] if round(t / 2) % 3 == 0 else [])
    assert (waiting.hindrance or fail()).near == 0, "somebody waits there, and is found in every third look"


def fail() -> Any:
    raise AssertionError


def test_who_sits_in_it_and_its_own_second_box_are_nobody() -> None:
    driver, truck = (0.85, 0.43, 0.87, 0.48), ("truck", 0.5, PARKED)
    found = judged(lambda t: [truck, *([("person", 0.9, driver)] if round(t / 2) % 2 else [])])
    assert (found.hindrance or fail()).near == 0


def test_who_rides_or_walks_past_is_shown_rather_than_who_may_have_got_out() -> None:
    def extra(t: float) -> list[Seen]:
        return [("person", 0.9, AT_THE_DOOR)] if t == 20 else [("person", 0.9, NEAR)] if t == 50 else []

    found = judged(extra).hindrance or fail()
    assert found.near == 2 and found.moment.at == at(50)

    def bus(t: float) -> list[Seen]:
        return [*extra(t), *([("bus", 0.9, (0.5, 0.3, 0.81, 0.6))] if t == 60 else [])]

    assert (judged(bus).hindrance or fail()).moment.at == at(60)


def test_the_first_look_after_a_gap_shows_nobody_come() -> None:
    """Nobody knows since when they have been there."""
    engine = Engine([rules(max_unseen="200s")], SHANGHAI)
    events = play(engine, lambda t: [CAR], 20)
    events += play(engine, lambda t: [CAR, ("person", 0.9, NEAR)], 200, start=100)
    assert (fired(events).hindrance or fail()).near == 0


def test_the_same_after_a_restart() -> None:
    def script(t: float) -> list[Seen]:
        return [CAR, *([("person", 0.8, NEAR)] if t in (30, 32) else [])]

    whole = play(Engine([rules()], SHANGHAI), script, 90)
    first = Engine([rules()], SHANGHAI)
    events = play(first, script, 30)
    second = Engine.restore([rules()], SHANGHAI, json.loads(json.dumps(first.save())))
    events += play(second, script, 90, start=32)
    assert events == whole and (fired(whole).hindrance or fail()).near == 1, "at 32 s they stand where they stood"


@pytest.mark.parametrize(
    "edit",
    [
        lambda tally: tally.update(near=5, looks=3),
        lambda tally: tally.update(passing=None),
        lambda tally: tally["passing"].update(others=None),
        lambda tally: tally["passing"].update(others=[]),
        lambda tally: tally.update(looks=-1, near=-1),
    ],
)
def test_a_saved_state_that_cannot_have_come_about_is_refused(edit: Any) -> None:
    engine = Engine([rules()], SHANGHAI)
    play(engine, lambda t: [CAR, *([("person", 0.8, NEAR)] if t == 20 else [])], 30)
    state = json.loads(json.dumps(engine.save()))
    (standing,) = state["cameras"]["gt-01"]["memory"]["standings"]
    Engine.restore([rules()], SHANGHAI, state)
    edit(standing["tallies"][0])
    with pytest.raises(StateError):
        Engine.restore([rules()], SHANGHAI, state)


def test_sightings_after_the_rule_fired_are_kept_a_few_and_inside_its_hours() -> None:
    engine = Engine([rules()], SHANGHAI)
    events = play(engine, lambda t: [CAR] if t <= 400 else [], 500)
    stay, violation = ended(events), fired(events)
    (later,) = stay.later
    assert later.rule == "no-parking" and 4 <= len(later.moments) <= 7
    times = [one.at.utc_ns for one in later.moments]
    assert times == sorted(times) and times[0] > violation.fired_at.utc_ns and times[-1] > at(250).utc_ns
    hours = [{"days": ["mon"], "from": "15:00", "to": "16:02"}]
    events = play(Engine([rules(schedule=hours)], SHANGHAI), lambda t: [CAR] if t <= 400 else [], 500)
    (later,) = ended(events).later
    assert all(one.at.utc_ns < at(120).utc_ns for one in later.moments)


def test_what_stands_there_after_a_long_look_away_is_not_kept() -> None:
    engine = Engine([rules(max_unseen="10m")], SHANGHAI)
    events = play(engine, lambda t: [CAR], 70)
    events += play(engine, lambda t: [CAR], 700, start=600)
    events += engine.finish("gt-01")
    assert all(one.at.utc_ns <= at(70).utc_ns for later in ended(events).later for one in later.moments)


def test_it_is_written_and_read_back_equal_and_nonsense_is_refused() -> None:
    found = judged(lambda t: [("person", 0.8, NEAR)] if t == 40 else [])
    stored = json.loads(json.dumps(to_json(found)))
    assert from_json(Violation, stored) == found
    stored["hindrance"]["moment"]["others"][0]["box"] = [0, 0, 2, 2]
    with pytest.raises(StateError):
        from_json(Violation, stored)


# -- what a zone says --------------------------------------------------------------------------------------------------

ZONE: dict[str, Any] = {"id": "kerb", "polygon": KERB, "rules": ["no-parking"]}
SIGN: dict[str, Any] = {"kind": "marking", "name": "黄色实线", "place": [[0.1, 0.1], [0.2, 0.1], [0.2, 0.12]]}
PHOTO: dict[str, Any] = {"file": "a.jpg", "sha256": "ab" * 32, "taken_by": "张三", "taken_on": "2026-02-01"}


def test_zones_that_say_nothing_of_it_keep_their_hashes() -> None:
    camera = rules(zones=[ZONE])
    (zone,) = camera.zones
    assert not {"signs", "purpose"} & set(zone.model_dump(mode="json"))
    named = rules(zones=[ZONE | {"signs": [SIGN], "purpose": "fire_lane"}])
    assert policy_hash(named.policy, named.zones[0]) != policy_hash(camera.policy, zone)
    assert named.zones[0].purpose is Purpose.FIRE_LANE
    assert named.zones[0].model_dump(mode="json")["signs"] == [SIGN]


def test_a_photograph_is_written_with_its_day() -> None:
    zone = Zone.model_validate(ZONE | {"signs": [{"kind": "sign", "name": "禁停", "photo": PHOTO}]})
    assert zone.model_dump(mode="json")["signs"] == [{"kind": "sign", "name": "禁停", "photo": PHOTO}]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"purpose": "playground"}, "purpose"),
        ({"signs": [SIGN | {"kind": "rumour"}]}, "kind"),
        ({"signs": [SIGN | {"place": [[0.1, 0.1], [0.2, 0.1]]}]}, "sign 1: a polygon needs at least 3 corners"),
        ({"signs": [SIGN | {"place": [[100, 100], [200, 100], [200, 120]]}]}, "divide pixels"),
        ({"signs": [SIGN | {"name": ""}]}, "name"),
        ({"signs": [SIGN | {"photo": PHOTO | {"sha256": "x"}}]}, "sha256"),
    ],
)
def test_mistakes_are_told_where_they_are(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        rules(zones=[ZONE | changes])
