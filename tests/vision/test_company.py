"""Traffic that stands for longer than parking is allowed, and what parks beside it. Detections written by hand."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from streams.instant import NS_PER_S
from tests.vision.byhand import SHANGHAI, Script, Seen, at, detections, moved, play, rules
from vision.codec import from_json, to_json
from vision.codec_company import company_json
from vision.company import in_line
from vision.engine import Engine
from vision.errors import PolicyError, StateError
from vision.interface import Box, Event, PixelEvidence, Stay, StayEnded, Violation, ViolationFired
from vision.policy import CameraRules, NoParkingRule, policy_hash
from vision.reasons import Held, Released
from vision.rules.no_parking import MAX_COMPANY

EVERYWHERE = [{"id": "z", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]], "rules": ["no-parking"]}]
FIRST: Box = (0.06, 0.40, 0.16, 0.52)
Visit = tuple[Box, float, float]


def street(**rule: Any) -> CameraRules:
    return rules(zones=EVERYWHERE, **rule)


def lane(number: int) -> Box:
    """A place in a lane that runs a little downwards, 1.3 lengths behind the one before."""
    return moved(FIRST, 1.3 * number, 0.15 * number)


def jam(count: int, *, since: float = 20, until: float = 170, comes: float = 3, goes: float = 4) -> list[Visit]:
    """Comes to stand front to back, and sets off so."""
    return [(lane(n), since + comes * n, until + goes * n) for n in range(count)]


def standing(visits: Sequence[Visit]) -> Script:
    return lambda t: [("car", 0.9, box) for box, arrived, departed in visits if arrived <= t < departed]


def run(script: Script, until: float, cameras: CameraRules | None = None, *, every: float = 2.0) -> list[Event]:
    engine = Engine([cameras or street()], SHANGHAI)
    return play(engine, script, until, every=every) + engine.finish("gt-01")


def fired(events: Sequence[Event]) -> list[Violation]:
    return [event.violation for event in events if isinstance(event, ViolationFired)]


def ended(events: Sequence[Event], place: Box) -> Stay:
    (stay,) = [event.stay for event in events if isinstance(event, StayEnded) and near(event.stay.place, place)]
    return stay


def near(one: Box, other: Box) -> bool:
    return abs(one[0] - other[0]) < 0.04 and abs(one[3] - other[3]) < 0.04


def held(stay: Stay) -> Held:
    assert stay.trace is not None
    (one,) = stay.trace.held
    return one


# -- what a jam is -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [3, 5])
def test_nothing_of_a_jam_is_a_violation_and_the_traces_say_why(count: int) -> None:
    events = run(standing(jam(count)), 260)
    assert not fired(events)
    for number in range(count):
        one = held(ended(events, lane(number)))
        assert (one.rule, one.why, one.others) == ("no-parking", Released.ENDED, count - 1)
        assert one.until is not None and one.since == at(82 + 2 * ((3 * number + 1) // 2))


def test_what_stays_on_after_the_jam_is_found_with_all_its_time() -> None:
    visits = jam(5)
    visits[2] = (lane(2), visits[2][1], 400)
    (violation,) = fired(run(standing(visits), 300))
    assert near(violation.stay.place, lane(2))
    # The last of the others left at 186 and was missed first then; nobody left for 20 s after.
    assert violation.fired_at == at(206)
    assert violation.dwell_lower_bound_ns == (206 - 26) * NS_PER_S
    assert violation.moments[0].at == at(26) and violation.moments[-1].at == at(206)
    assert [one for one in violation.moments if at(120).utc_ns < one.at.utc_ns < at(200).utc_ns], "also of the hold"
    company = violation.company
    assert company is not None and company.why is Released.COMPANY_LEFT
    assert (len(company.others), company.standing, company.since) == (4, 0, at(88))
    assert [one.arrived for one in company.others] == [(at(t - 2), at(t)) for t in (20, 24, 30, 32)], (
        "what was seen first, and the look before"
    )
    assert violation.reckoning is not None and violation.reckoning.passed == at(86)
    assert held(violation.stay).why is Released.COMPANY_LEFT


def test_several_that_stay_on_are_found_once_most_have_left() -> None:
    visits = [(box, arrived, 330 if number in (1, 3) else gone) for number, (box, arrived, gone) in enumerate(jam(5))]
    assert [one.fired_at for one in fired(run(standing(visits), 340))] == [at(206), at(206)]


def test_the_tail_of_a_long_queue_is_not_caught_while_it_discharges() -> None:
    visits = jam(7, goes=12)
    assert not fired(run(standing(visits), 300)), "the last sets off 72 s after the first"


@pytest.mark.parametrize("off", [0.0, 12.0])
def test_two_cars_that_park_together_are_found_in_time(off: float) -> None:
    visits = [(lane(0), 20, 200), (lane(1), 20 + off, 200)]
    assert [one.fired_at for one in fired(run(standing(visits), 220))] == [at(82), at(82 + off)]


def test_cars_that_park_at_will_are_found_in_time() -> None:
    """Together, but in no line."""
    visits = [(lane(0), 20, 200), (moved(lane(1), 0, 1.0), 22, 200), (moved(lane(2), 0, -0.6), 24, 200)]
    violations = fired(run(standing(visits), 220))
    assert [one.fired_at for one in violations] == [at(82), at(84), at(86)]
    assert all(one.company is None for one in violations)
    assert all("company" not in to_json(one) for one in violations)


def test_a_jam_that_lasts_longer_than_the_hold_is_told_with_its_company() -> None:
    events = run(standing(jam(4, until=1000)), 700, street(traffic={"hold": "5m"}))
    violations = fired(events)
    assert len(violations) == 4
    for violation in violations:
        company = violation.company
        assert company is not None and company.why is Released.HOLD_PASSED
        assert (len(company.others), company.standing) == (3, 3)
        assert violation.fired_at == company.since.shifted(300 * NS_PER_S)
        assert violation.dwell_lower_bound_ns > 355 * NS_PER_S
        assert from_json(Violation, json.loads(json.dumps(to_json(violation)))) == violation
        told = company_json(company)
        assert (told["why"], told["came"], told["standing"]) == ("hold_passed", 3, 3)


def test_what_was_parked_long_before_the_jam_came_is_found_in_time() -> None:
    visits = [*jam(5, since=60), (moved(lane(5), 0.05), 10, 300)]
    (violation,) = fired(run(standing(visits), 300))
    assert (violation.fired_at, violation.company) == (at(72), None)


def test_what_parks_in_the_line_long_after_the_jam_came_is_found_in_time() -> None:
    visits = [*jam(4), (lane(4), 80, 300)]
    (violation,) = fired(run(standing(visits), 320))
    assert (violation.fired_at, violation.company) == (at(142), None)


def test_a_queue_may_grow_for_longer_than_its_vehicles_are_apart() -> None:
    """One every 15 s: the first and the last came 75 s apart."""
    assert not fired(run(standing(jam(6, comes=15, until=200)), 320))
    assert len(fired(run(standing(jam(6, comes=25, until=260)), 380))) == 6


def test_one_that_was_found_late_does_not_part_a_queue() -> None:
    visits = jam(5)
    visits[2] = (lane(2), 60, visits[2][2])
    violations = fired(run(standing(visits), 260))
    assert [near(one.stay.place, lane(2)) for one in violations] == [True], "and it alone came at another time"


def test_what_leaves_the_jam_before_it_dissolves_is_no_violation() -> None:
    visits = jam(5)
    visits[3] = (lane(3), visits[3][1], 130)
    assert not fired(run(standing(visits), 260))


def test_a_queue_whose_vehicles_move_up_is_still_one() -> None:
    """The head leaves and all but one move up by a length, again and again: that one waits for its verdict."""
    visits = [(lane(n), 20 + 3 * n, 100 + 2 * n) for n in range(4)] + [(lane(4), 32, 330)]
    visits += [(lane(n), 110 + 2 * n, 300) for n in range(4)]
    (violation,) = fired(run(standing(visits), 340))
    # They left at 300; of those that moved up that is known when their stays end.
    assert violation.fired_at == at(328) and near(violation.stay.place, lane(4))


def test_only_vehicles_of_the_rules_classes_are_company() -> None:
    visits = jam(4)

    def script(t: float) -> list[Seen]:
        return [("car" if near(box, lane(1)) else "truck", score, box) for _, score, box in standing(visits)(t)]

    (violation,) = fired(run(script, 260, street(classes=["car"])))
    assert violation.fired_at == at(86)


def test_what_was_half_hidden_when_it_came_came_then() -> None:
    half = (*lane(2)[:3], lane(2)[1] + 0.06)
    visits = jam(4)
    visits[2] = (lane(2), 70, visits[2][2])
    assert not fired(run(standing([*visits, (half, 26, 180)]), 260))


def test_one_vehicle_in_two_boxes_is_one() -> None:
    """Half hidden by what stands before it, and whole as well: two cars are no queue."""
    front, behind, half = (0.4, 0.6, 0.5, 0.72), (0.4, 0.4, 0.5, 0.52), (0.4, 0.4, 0.5, 0.455)
    violations = fired(run(standing([(front, 20, 260), (half, 22, 260), (behind, 24, 260)]), 260))
    assert at(82) in [one.fired_at for one in violations if near(one.stay.place, front)]


# -- what is not known -------------------------------------------------------------------------------------------


def test_what_stood_there_when_footage_began_is_nobodys_company() -> None:
    """Since when it stands, and whether together, nobody knows: it is judged as ever."""
    visits = jam(5, since=-60, comes=0)
    violations = fired(run(standing(visits), 260))
    assert len(violations) == 5 and {one.fired_at for one in violations} == {at(62)}
    assert all(one.company is None for one in violations)


def test_what_came_at_an_unknown_time_is_not_held_back_for_those_that_came_later() -> None:
    visits = [(lane(4), -60.0, 200.0), *jam(4, since=4, comes=2)]
    (violation,) = fired(run(standing(visits), 260))
    assert (violation.fired_at, violation.company) == (at(62), None)


@pytest.mark.parametrize(("gap", "found"), [(14, 0), (40, 5)])
def test_what_came_in_a_gap_is_company_only_if_the_gap_is_short(gap: int, found: int) -> None:
    visits = jam(5, since=25, comes=1, until=250)
    engine = Engine([street()], SHANGHAI)
    events = play(engine, standing(visits), 20) + play(engine, standing(visits), 320, start=20 + gap)
    assert len(fired(events)) == found


@pytest.mark.parametrize("gap", [20, 50, 90])
def test_a_gap_while_it_is_held_back_changes_nothing(gap: int) -> None:
    """After more than a minute unseen its time begins anew, and so does the hold."""
    visits = jam(5, until=290)
    engine = Engine([street()], SHANGHAI)
    events = play(engine, standing(visits), 120) + play(engine, standing(visits), 380, start=120 + gap)
    events += engine.finish("gt-01")
    assert not fired(events)
    told = [held(ended(events, lane(n))) for n in range(5)]
    assert all(one.why is Released.ENDED for one in told)
    anew = at(120 + gap + 60).utc_ns
    assert [one.since.utc_ns >= anew for one in told] == [gap > 60] * 5


def test_a_view_that_turns_out_unusable_changes_nothing() -> None:
    visits = jam(5, until=290)
    engine = Engine([street()], SHANGHAI)
    events = play(engine, standing(visits), 120)
    engine.suspend("gt-01", at(70))
    events += play(engine, standing(visits), 380, start=122) + engine.finish("gt-01")
    assert not fired(events)
    assert all(held(ended(events, lane(n))).since.utc_ns > at(122).utc_ns for n in range(5)), "held back before: undone"


def test_a_limit_that_turns_out_to_be_another_is_waited_for_again() -> None:
    """A car until its limit is passed, then more and more a truck, which may stand for longer."""
    visits = jam(4, until=330)

    def script(t: float) -> list[Seen]:
        return [("car" if t < 90 or t % 4 else "truck", score, box) for _, score, box in standing(visits)(t)]

    events = run(script, 420, street(dwell_by_class={"truck": "3m"}))
    assert not fired(events)
    assert held(ended(events, lane(0))).since == at(202)


def test_a_bus_before_the_jam_hides_it_and_ends_nothing() -> None:
    visits = jam(5, until=230)
    bus: Box = (0.0, 0.30, 0.45, 0.80)

    def script(t: float) -> list[Seen]:
        if not 100 <= t < 140:
            return list(standing(visits)(t))
        return [("bus", 0.9, bus), *(seen for seen in standing(visits)(t) if seen[2][2] > 0.5)]

    assert not [one for one in fired(run(script, 320)) if not near(one.stay.place, bus)]


def test_pixels_alone_hold_it_back_as_well() -> None:
    """Its limit is passed in looks that only pixels show it in; when a box does, most of the jam has left."""
    visits = jam(3, until=150)
    visits[2] = (lane(2), visits[2][1], 168)
    engine = Engine([street()], SHANGHAI)
    events: list[Event] = []
    for t in range(0, 240, 2):
        seen = [one for one in standing(visits)(t) if not (40 <= t < 160 and near(one[2], lane(2)))]
        kept = PixelEvidence(kept=(lane(2),)) if 40 <= t < 160 else PixelEvidence()
        events += engine.step("gt-01", at(t), detections(seen), kept)
    assert not fired(events)


# -- thinned, jittered, saved ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_boxes_that_tremble_and_are_missed_make_no_violation_of_a_jam(seed: int) -> None:
    chance = random.Random(seed)
    visits = [*jam(5), (moved(lane(2), 0, 2.2), 70, 330)]

    def script(t: float) -> list[Seen]:
        boxes = [moved(box, chance.gauss(0, 0.02), chance.gauss(0, 0.02)) for _, _, box in standing(visits)(t)]
        return [("car", 0.9, box) for box in boxes if chance.random() < 0.85]

    (violation,) = fired(run(script, 330))
    assert near(violation.stay.place, visits[-1][0]) and violation.company is None


def stories() -> dict[str, list[Visit]]:
    stays_on = jam(5)
    stays_on[4] = (lane(4), stays_on[4][1], 330)
    return {"jam": jam(5), "stays on": stays_on, "too long": jam(4, until=330)}


@pytest.mark.parametrize("story", stories())
def test_an_engine_saved_at_any_moment_says_the_same(story: str) -> None:
    cameras = [street(traffic={"hold": "2m"})]
    script = standing(stories()[story])
    engine, other = Engine(cameras, SHANGHAI), Engine(cameras, SHANGHAI)
    for t in range(0, 330, 2):
        other = Engine.restore(cameras, SHANGHAI, json.loads(json.dumps(other.save())))
        assert engine.step("gt-01", at(t), detections(script(t))) == other.step("gt-01", at(t), detections(script(t)))
        assert json.dumps(engine.save()) == json.dumps(other.save())
    assert engine.finish("gt-01") == other.finish("gt-01")


def saved() -> dict[str, Any]:
    engine = Engine([street()], SHANGHAI)
    play(engine, standing(jam(3)), 120)
    state: dict[str, Any] = json.loads(json.dumps(engine.save()))
    return state


def hold_of(state: dict[str, Any]) -> dict[str, Any]:
    hold: dict[str, Any] = state["cameras"]["gt-01"]["memory"]["standings"][0]["tallies"][0]["hold"]
    return hold


DAMAGE: dict[str, Callable[[dict[str, Any]], object]] = {
    "no others": lambda hold: hold.update(others=[]),
    "too many": lambda hold: hold.update(others=hold["others"] * MAX_COMPANY),
    "decided without a reason": lambda hold: hold.update(until=hold["since"]),
    "a reason without a time": lambda hold: hold.update(why="company_left"),
    "ended, and goes on": lambda hold: hold.update(why="ended", until=hold["since"]),
    "gone without a time": lambda hold: hold["others"][0].update(gone=True),
    "came in the future": lambda hold: hold["others"][0].update(first_ns=1 << 61),
    "outside the picture": lambda hold: hold["others"][0].update(place=[0, 0, 2, 2]),
    "an unknown reason": lambda hold: hold.update(why="nonsense"),
    "an unknown field": lambda hold: hold.update(extra=1),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_saved_hold_that_cannot_be_is_refused(name: str) -> None:
    state = saved()
    DAMAGE[name](hold_of(state))
    with pytest.raises(StateError):
        Engine.restore([street()], SHANGHAI, state)


def test_a_state_from_before_anything_was_held_back_goes_on() -> None:
    state = copy.deepcopy(saved())
    for one in state["cameras"]["gt-01"]["memory"]["standings"]:
        for tally in one["tallies"]:
            del tally["hold"]
    engine = Engine.restore([street()], SHANGHAI, state)
    assert not fired(play(engine, standing(jam(3)), 240, start=122))


# -- settings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("traffic", [None, {"company": 0}])
def test_it_can_be_switched_off(traffic: object) -> None:
    violations = fired(run(standing(jam(5)), 260, street(traffic=traffic)))
    assert [one.fired_at for one in violations] == [at(t) for t in (82, 86, 88, 92, 94)]


def test_how_many_and_how_near_is_for_the_rule_to_say() -> None:
    assert len(fired(run(standing(jam(4)), 260, street(traffic={"company": 4})))) == 4
    assert not fired(run(standing(jam(2)), 260, street(traffic={"company": 1})))
    assert len(fired(run(standing(jam(4, comes=8)), 300, street(traffic={"within": "6s"})))) == 4


def test_a_policy_that_says_nothing_of_traffic_keeps_its_hash() -> None:
    silent, said, off, null = (
        street(**rule) for rule in ({}, {"traffic": {"within": "20s"}}, {"traffic": {"company": 0}}, {"traffic": None})
    )
    hashes = [policy_hash(one.policy, one.zones[0]) for one in (silent, said, off, null)]
    assert hashes[0] == hashes[1] != hashes[2] == hashes[3]
    assert "traffic" not in silent.policy.rules[0].model_dump(mode="json")
    rule = silent.policy.rules[0]
    assert isinstance(rule, NoParkingRule) and rule.traffic is not None
    assert (rule.traffic.company, rule.traffic.within, rule.traffic.hold) == (2, 20 * NS_PER_S, 600 * NS_PER_S)


@pytest.mark.parametrize(
    ("traffic", "text"),
    [
        ({"company": -1}, "greater than or equal to 0"),
        ({"company": 17}, "less than or equal to 16"),
        ({"company": 2.5}, "integer"),
        ({"within": "0s"}, "within must be more than 0"),
        ({"within": 20}, "is no duration"),
        ({"within": "2m", "hold": "60s"}, "hold 60s is shorter than within 120s"),
        ({"hold": "0s"}, "hold 0s is shorter"),
        ({"others": 2}, "Extra inputs"),
        ("yes", "valid dictionary"),
    ],
)
def test_slips_in_the_settings_are_refused(traffic: object, text: str) -> None:
    with pytest.raises(PolicyError, match=text):
        street(traffic=traffic)


# -- one line ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("places", "straight"),
    [
        ((lane(0), lane(1), lane(2)), True),
        ((lane(0), lane(4), lane(1)), True),
        ((lane(0), moved(lane(1), 0, 0.2), lane(2)), True),
        ((lane(0), moved(lane(1), 0, 0.5), lane(2)), False),
        ((lane(0), lane(1), moved(lane(1), 0, 1.5)), False),
        ((lane(0), lane(0), lane(0)), True),
        (((0.1, 0.1, 0.1, 0.1), (0.2, 0.2, 0.2, 0.2), (0.3, 0.3, 0.3, 0.3)), False),
    ],
)
def test_three_places_in_one_line(places: tuple[Box, Box, Box], straight: bool) -> None:
    a, b, c = places
    assert {in_line(a, b, c), in_line(b, c, a), in_line(c, b, a), in_line(b, a, c)} == {straight}
