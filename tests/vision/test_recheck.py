"""Re-checks: corrected only where the place was seen in order."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.instant import NS_PER_S
from tests.vision import test_bike_clutter as bikes
from tests.vision import test_intrusion as bank
from tests.vision.byhand import PARKED, Seen, at, detections, moved, rules
from vision.errors import PolicyError
from vision.policy import build_camera_rules, parse_policy
from vision.recheck import Look, Outcome, Question, Reason, State, Verdict, recheck

PARKING = Question(rules(), "no-parking", "west-kerb", PARKED, "car")
BUS = (0.60, 0.30, 0.99, 0.62)


def looks(script: Callable[[float], Iterable[Seen]], until: float = 300, every: float = 1, **how: object) -> list[Look]:
    times = [i * every for i in range(int(until / every) + 1)]
    return [Look(at(t), detections(script(t)), **how) for t in times]  # type: ignore[arg-type]


def judged(script: Callable[[float], Iterable[Seen]], until: float = 300, **how: object) -> Outcome:
    return recheck(PARKING, looks(script, until, **how))


def there(t: float) -> list[Seen]:
    return [("car", 0.9, PARKED)]


def test_an_empty_place_that_is_seen_is_corrected() -> None:
    outcome = judged(lambda t: [])
    assert (outcome.verdict, outcome.reason, outcome.violation) == (Verdict.CORRECTED, None, None)
    assert outcome.looks == ((State.FREE, 301),) and outcome.free_ns == 300 * NS_PER_S
    assert [shown.at for shown in outcome.shown] == [at(0), at(150), at(300)]
    assert all(shown.state is State.FREE and shown.box == PARKED for shown in outcome.shown)


def test_what_stands_there_for_longer_than_allowed_is_not_corrected() -> None:
    outcome = judged(there)
    assert outcome.verdict is Verdict.NOT_CORRECTED and outcome.reason is None
    assert outcome.violation is not None and outcome.violation.dwell_lower_bound_ns > 60 * NS_PER_S
    assert all(shown.state is State.TAKEN for shown in outcome.shown)


def test_one_that_leaves_after_it_broke_the_rule_again_is_not_corrected() -> None:
    assert judged(lambda t: there(t) if t < 100 else []).verdict is Verdict.NOT_CORRECTED


def test_one_that_stands_beside_the_place_is_another() -> None:
    elsewhere = moved(PARKED, 0, 1.2)
    outcome = judged(lambda t: [("car", 0.9, elsewhere)])
    assert outcome.verdict is Verdict.CORRECTED


def test_no_footage_at_all() -> None:
    outcome = recheck(PARKING, [])
    assert (outcome.verdict, outcome.reason) == (Verdict.CANNOT_TELL, Reason.NO_FOOTAGE)
    assert outcome.shown == outcome.looks == ()


@pytest.mark.parametrize(
    ("script", "how", "reason"),
    [
        (lambda t: [("bus", 0.9, BUS)] if t % 3 else [("person", 0.9, (0.8, 0.3, 0.96, 0.6))], {}, Reason.HIDDEN),
        (lambda t: [], {"fault": "moved"}, Reason.VIEW_FAULT),
        (lambda t: [], {"dark": True}, Reason.TOO_DARK),
        (lambda t: [], {"unchanged": True}, Reason.UNCLEAR),
        (lambda t: there(t) if t >= 250 else [], {}, Reason.UNCLEAR),
        (lambda t: there(t) if t % 40 < 20 else [], {}, Reason.UNCLEAR),
    ],
    ids=["hidden", "moved", "dark", "looks the same", "came back", "now and then"],
)
def test_what_cannot_be_told_is_not_told(
    script: Callable[[float], list[Seen]], how: dict[str, object], reason: Reason
) -> None:
    question = Question(rules(dwell="5m"), "no-parking", "west-kerb", PARKED, "car")
    outcome = recheck(question, looks(script, 300, **how))
    assert (outcome.verdict, outcome.reason, outcome.violation) == (Verdict.CANNOT_TELL, reason, None)
    assert outcome.shown


def test_looks_that_show_it_as_it_was_break_the_time_in_order() -> None:
    empty = looks(lambda t: [])
    mixed = [replace(one, unchanged=number % 5 == 4) for number, one in enumerate(empty)]
    outcome = recheck(PARKING, mixed)
    assert (outcome.verdict, outcome.reason) == (Verdict.CANNOT_TELL, Reason.UNCLEAR)


def test_exactly_enough_is_enough() -> None:
    assert judged(lambda t: [], 60).verdict is Verdict.CORRECTED
    assert judged(lambda t: [], 59).reason is Reason.TOO_FEW_LOOKS
    assert recheck(PARKING, looks(lambda t: [], 60, every=6.6)).verdict is Verdict.CANNOT_TELL  # ten looks, 59.4 s
    assert recheck(PARKING, looks(lambda t: [], 72, every=8)).verdict is Verdict.CORRECTED
    assert recheck(PARKING, looks(lambda t: [], 300, every=11)).reason is Reason.TOO_FEW_LOOKS  # too far apart


def test_passing_traffic_does_not_keep_a_place_from_being_seen_empty() -> None:
    def traffic(t: float) -> list[Seen]:
        return [("car", 0.9, moved(PARKED, 0.3))] if t % 7 == 0 else []

    assert judged(traffic).verdict is Verdict.CORRECTED


def test_the_hours_of_the_rule_play_no_part() -> None:
    question = Question(rules(schedule=[{"from": "02:00", "to": "03:00"}]), "no-parking", "west-kerb", PARKED, "car")
    assert recheck(question, looks(there)).verdict is Verdict.NOT_CORRECTED
    assert question.allowed_ns == 60 * NS_PER_S


def bike_looks(script: Callable[[float], list[Seen]], until: float = 300) -> list[Look]:
    return [Look(at(t), detections(script(t), model=bikes.MODEL)) for t in range(0, int(until), 2)]


@pytest.mark.parametrize("seed", range(3))
def test_fewer_bicycles_than_allowed_are_corrected_and_a_detector_that_misses_some_corrects_nothing(seed: int) -> None:
    question = Question(bikes.rules(max_count=8), "bikes", "路口南", (0.0, 0.4, 1.0, 0.95), "bicycle")
    assert recheck(question, bike_looks(bikes.noisy(lambda t: bikes.stand(4), seed))).verdict is Verdict.CORRECTED
    # Ten stand; of each look seven or so are found, fewer than may stand.
    still = recheck(question, bike_looks(bikes.noisy(lambda t: bikes.stand(11), seed), 400))
    assert still.verdict is Verdict.NOT_CORRECTED
    soon = recheck(question, bike_looks(bikes.noisy(lambda t: bikes.stand(11), seed), 70))
    assert (soon.verdict, soon.reason) == (Verdict.CANNOT_TELL, Reason.UNCLEAR)


def test_an_intrusion_is_corrected_where_the_zone_is_empty() -> None:
    question = Question(bank.rules(), "bank", "岸线", bank.TRUCK, "truck")
    assert recheck(question, looks(lambda t: [])).verdict is Verdict.CORRECTED
    assert recheck(question, looks(lambda t: bank.visit(t, 100, 130))).verdict is Verdict.NOT_CORRECTED
    crowd = [("person", 0.9, (0.05, 0.1, 0.6, 0.95))]
    assert recheck(question, looks(lambda t: crowd)).reason is Reason.HIDDEN


def test_a_question_about_what_is_not_there_is_refused() -> None:
    with pytest.raises(PolicyError, match="no rule 'other'"):
        Question(rules(), "other", "west-kerb", PARKED, "car")
    with pytest.raises(PolicyError, match="no zone 'east'"):
        Question(rules(), "no-parking", "east", PARKED, "car")


def test_other_rules_of_the_policy_do_not_answer_for_it() -> None:
    both = [
        {"id": "no-parking", "kind": "no_parking", "classes": ["car"], "dwell": "10m"},
        {"id": "strict", "kind": "no_parking", "classes": ["car"], "dwell": "10s"},
    ]
    policy = parse_policy({"id": "p", "name": "p", "version": "1", "rules": both})
    zone = {"id": "z", "polygon": [[0.7, 0.2], [1, 0.2], [1, 0.9], [0.7, 0.9]], "rules": ["no-parking", "strict"]}
    question = Question(build_camera_rules("gt-01", policy, [zone]), "no-parking", "z", PARKED, "car")
    assert recheck(question, looks(there)).verdict is Verdict.CANNOT_TELL


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1 << 32), st.floats(0, 1), st.floats(0, 0.8))
def test_hiding_or_losing_looks_never_corrects_or_accuses(seed: int, hidden: float, lost: float) -> None:
    """What is seen there in most of the visible looks is never called gone, and an empty place never taken."""
    chance = random.Random(seed)

    def thinned(script: Callable[[float], list[Seen]]) -> list[Look]:
        kept = [t for t in range(200) if chance.random() >= lost]
        return [Look(at(t), detections([("bus", 0.9, BUS)] if chance.random() < hidden else script(t))) for t in kept]

    assert recheck(PARKING, thinned(lambda t: [])).verdict is not Verdict.NOT_CORRECTED
    seen = thinned(lambda t: there(t) if chance.random() < 0.6 else [])
    assert recheck(PARKING, seen).verdict is not Verdict.CORRECTED
