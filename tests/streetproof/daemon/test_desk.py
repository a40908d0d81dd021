"""One camera's decisions: the same whether or not it was saved on the way, and never more than can be sworn to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.instant import NS_PER_S
from streams.interface import DecodeLevel
from streetproof.daemon.announce import lead
from streetproof.daemon.desk import Departed, Desk, Ended, Fired, Outcome, Refused, restored
from streetproof.daemon.messages import LookBack, StreamRole
from streetproof.settings.load import load_site
from tests.conftest import ROOT
from tests.vision import test_intrusion as bank
from tests.vision.byhand import MODEL, PARKED, SHANGHAI, Seen, at, detections, moved, rules
from vision.engine import Engine
from vision.errors import StateError
from vision.interface import PixelEvidence, Stay, StayEnded, Violation

Script = Callable[[float], list[Seen]]


def desk() -> Desk:
    return Desk(rules(), SHANGHAI)


def car(score: float = 0.9) -> list[Seen]:
    return [("car", score, PARKED)]


def play(
    at_desk: Desk, script: Script, start: float, until: float, role: StreamRole = StreamRole.MAIN
) -> list[Outcome]:
    """A look every two seconds."""
    outcomes: list[Outcome] = []
    t = start
    while t <= until:
        outcomes += at_desk.seen(at(t), detections(script(t)), role, repeated=False)
        t += 2
    return outcomes


def fired(outcomes: Iterable[Outcome]) -> list[Violation]:
    return [one.violation for one in outcomes if isinstance(one, Fired)]


def ended(outcomes: Iterable[Outcome]) -> list[Stay]:
    return [one.stay for one in outcomes if isinstance(one, Ended)]


def backs(outcomes: Iterable[Outcome]) -> list[LookBack]:
    return [one for one in outcomes if isinstance(one, LookBack)]


def test_a_car_that_stands_too_long_is_looked_back_for_fires_once_and_ends() -> None:
    one = desk()
    outcomes = play(one, lambda t: car() if 10 <= t <= 100 else [], 0, 160, StreamRole.SUB)
    assert [type(outcome) for outcome in outcomes] == [LookBack, Fired, LookBack, Ended]
    assert isinstance(outcomes[1], Fired)
    assert (outcomes[1].role, outcomes[1].model) == (StreamRole.SUB, MODEL)
    assert one.violations == 1
    assert (one.looks, one.inferred) == (81, 81)
    assert one.idle
    assert one.level() is DecodeLevel.KEYFRAMES


def test_it_looks_closely_while_something_is_timed_and_not_when_all_is_decided() -> None:
    one = desk()
    assert one.idle
    play(one, lambda t: car(), 0, 20)
    assert one.level() is DecodeLevel.SAMPLED
    assert not one.idle
    play(one, lambda t: car(), 22, 70)
    assert one.level() is DecodeLevel.KEYFRAMES
    assert not one.idle, "it still stands, so its clock must not be moved"


def test_footage_may_be_needed_of_what_a_rule_may_yet_fire_for_also_outside_its_hours() -> None:
    one = desk()
    assert one.timed_since_ns() is None
    play(one, lambda t: car() if t >= 10 else [], 0, 40)
    assert one.timed_since_ns() == at(10).utc_ns
    play(one, lambda t: car(), 42, 90)
    assert one.violations == 1
    assert one.timed_since_ns() is None, "the finding holds its footage itself"
    night = Desk(rules(schedule=[{"days": ["mon"], "from": "22:00", "to": "23:00"}]), SHANGHAI)
    play(night, lambda t: car(), 0, 40)
    assert night.level() is DecodeLevel.KEYFRAMES
    assert night.timed_since_ns() == at(0).utc_ns


def test_repeated_looks_count_as_looks_and_not_as_runs_of_the_model() -> None:
    one = desk()
    one.seen(at(0), detections([]), StreamRole.MAIN, repeated=False)
    one.seen(at(2), detections([]), StreamRole.MAIN, repeated=True)
    assert (one.looks, one.inferred) == (2, 1)


# -- looking back -------------------------------------------------------------------------------------------------


def arriving(t: float, rest: float) -> list[Seen]:
    """Slows down evenly over four seconds."""
    left = min(1.0, max(0.0, (rest - t) / 4))
    return [] if left >= 1 else [("car", 0.9, moved(PARKED, dx=-5 * left * left))]


def answer(one: Desk, asked: LookBack, script: Script) -> None:
    first, last = (round((ns - at(0).utc_ns) / NS_PER_S * 10) for ns in (asked.from_ns, asked.to_ns))
    for tenth in range(first, last + 1):
        one.seen_back(asked.token, at(tenth / 10), detections(script(tenth / 10)))
    one.seen_back(asked.token, None, None)


def test_a_look_back_narrows_the_arrival_and_nothing_else() -> None:
    def script(t: float) -> list[Seen]:
        return arriving(t, 11.5)

    with_it, without = desk(), desk()
    outcomes = play(with_it, script, 0, 20)
    play(without, script, 0, 20)
    (asked,) = backs(outcomes)
    assert asked.from_ns == at(8).utc_ns
    assert asked.to_ns == at(15).utc_ns
    answer(with_it, asked, script)
    ((stay,), (wide,)) = with_it.standing(), without.standing()
    earliest, latest = stay.arrived
    assert wide.arrived == (at(10), at(12))
    assert latest == at(12)
    assert earliest is not None
    assert at(10).utc_ns < earliest.utc_ns < at(11.5).utc_ns
    end, plain = (fired(play(which, script, 22, 120)) for which in (with_it, without))
    assert end[0].dwell_lower_bound_ns == plain[0].dwell_lower_bound_ns, "dwell counts from the engine's own sighting"
    assert end[0].stay.id == plain[0].stay.id
    assert end[0].stay.arrived == (earliest, latest)


def test_what_was_seen_looking_back_is_of_no_use_once_the_stay_is_over_or_for_another_token() -> None:
    one = desk()
    (asked,) = backs(play(one, lambda t: arriving(t, 11.5), 0, 20))
    one.seen_back("another/1", at(11), detections(car()))
    one.seen_back("another/1", None, None)
    play(one, lambda t: [], 22, 60)
    assert one.standing() == ()
    answer(one, asked, lambda t: arriving(t, 11.5))
    assert one.standing() == ()


def test_footage_that_begins_with_the_car_there_is_not_looked_back_for() -> None:
    assert backs(play(desk(), lambda t: car(), 0, 20)) == []


def places(count: int) -> list[Seen]:
    return [("car", 0.9, (0.79 + 0.02 * k, 0.24, 0.80 + 0.02 * k, 0.26)) for k in range(count)]


def test_looks_back_are_bounded_and_go_on_after_the_cameras_process_died() -> None:
    one = desk()
    asked = backs(play(one, lambda t: places(10) if t >= 4 else [], 0, 20))
    assert len(asked) == 8
    assert len({back.token for back in asked}) == 8
    one.unanswered()
    more = backs(play(one, lambda t: [*places(10), ("truck", 0.9, (0.82, 0.5, 0.92, 0.6))], 22, 40))
    assert len(more) == 1


def test_unanswered_looks_back_of_stays_that_are_over_are_in_nobodys_way() -> None:
    one = desk()
    start = 0.0
    for _ in range(12):  # no answer ever comes
        outcomes = play(one, lambda t, start=start: car() if t >= start + 4 else [], start, start + 20)  # type: ignore[misc]
        assert len(backs(outcomes)) == 1
        start += 60
        play(one, lambda t: [], start - 38, start - 2)


def leaving(t: float, start: float) -> list[Seen]:
    """Stands from 4 s on, and moves off ever faster from `start` on."""
    if t < 4:
        return []
    gone = max(0.0, t - start)
    return [] if gone > 4 else [("car", 0.9, moved(PARKED, dx=-0.3 * gone * gone))]


def departed(outcomes: Iterable[Outcome]) -> list[Departed]:
    return [one for one in outcomes if isinstance(one, Departed)]


def asked_of_departure(outcomes: Iterable[Outcome]) -> list[LookBack]:
    return [one for one in backs(outcomes) if one.from_ns > at(50).utc_ns]


def test_the_departure_of_what_broke_a_rule_is_looked_at_before_its_footage_is_gone_and_told_at_its_end() -> None:
    def script(t: float) -> list[Seen]:
        return leaving(t, 100.5)

    one = desk()
    before = play(one, script, 0, 112)
    (asked,) = asked_of_departure(before)
    assert (asked.from_ns, asked.to_ns) == (at(97).utc_ns, at(104).utc_ns)
    assert one.seen_back("another", at(1), None) == []
    answer(one, asked, script)
    outcomes = play(one, script, 114, 160)
    assert [type(outcome) for outcome in outcomes] == [Ended, Departed]
    ((stay,), (told,)) = ended(outcomes), departed(outcomes)
    assert stay.departed == (at(100), at(102)) and told.stay == stay
    pinned = told.pinned
    assert pinned.narrowed and pinned.earliest is not None and pinned.latest is not None
    assert at(100).utc_ns <= pinned.earliest.utc_ns < pinned.latest.utc_ns <= at(102).utc_ns
    assert pinned.latest.utc_ns - pinned.earliest.utc_ns < 2 * NS_PER_S
    assert one._left == {} and one._over == {} and one._backs == {}


def test_an_answer_that_comes_after_the_end_is_told_then() -> None:
    one = desk()
    outcomes = play(one, lambda t: leaving(t, 100.5), 0, 160)
    (asked,) = asked_of_departure(outcomes)
    assert len(ended(outcomes)) == 1 and departed(outcomes) == []
    first, last = (round((ns - at(0).utc_ns) / NS_PER_S * 10) for ns in (asked.from_ns, asked.to_ns))
    for tenth in range(first, last + 1):
        one.seen_back(asked.token, at(tenth / 10), detections(leaving(tenth / 10, 100.5)))
    (told,) = departed(one.seen_back(asked.token, None, None))
    assert told.stay == ended(outcomes)[0]
    assert one._over == {} and one._backs == {}


def test_what_pixels_end_at_once_is_looked_at_then() -> None:
    engine = Engine([rules()], SHANGHAI)
    events = []
    for k in range(46):
        events += engine.step("gt-01", at(2 * k), detections(car()))
    assert engine.leaving("gt-01") == ()
    for k in (46, 47):
        events += engine.step("gt-01", at(2 * k), detections([]), PixelEvidence(emptied=(PARKED,)))
    (over,) = [event for event in events if isinstance(event, StayEnded)]
    (asked,) = backs(desk()._end(over.stay, over.violations))
    assert asked.from_ns == at(87).utc_ns
    assert backs(desk()._end(over.stay, ())) == [], "what broke no rule is nobody's matter"


def test_a_car_that_is_only_missed_for_a_while_has_not_departed_and_the_look_at_it_is_forgotten() -> None:
    def script(t: float) -> list[Seen]:
        return leaving(t, 200.5) if not 100 < t < 118 else []

    one = desk()
    (asked,) = asked_of_departure(play(one, script, 0, 112))
    answer(one, asked, lambda t: leaving(t, 100.5))
    outcomes = play(one, script, 114, 260)
    assert len(asked_of_departure(outcomes)) == 1, "the real departure is looked at of its own"
    assert departed(outcomes) == [], "and what was said of the other absence is not said of this one"
    assert len(ended(outcomes)) == 1 and one._left == {}


def test_where_the_footage_is_gone_the_departure_stays_what_it_was() -> None:
    one = desk()
    (asked,) = asked_of_departure(play(one, lambda t: leaving(t, 100.5), 0, 112))
    one.seen_back(asked.token, None, None)
    assert [type(outcome) for outcome in play(one, lambda t: [], 114, 160)] == [Ended]
    one = desk()
    play(one, lambda t: leaving(t, 100.5), 0, 112)
    one.unanswered()
    assert [type(outcome) for outcome in play(one, lambda t: [], 114, 160)] == [Ended]


# -- views that cannot be trusted ---------------------------------------------------------------------------------


def test_while_suspended_nothing_counts_and_afterwards_timing_begins_behind_a_gap() -> None:
    one = desk()
    play(one, lambda t: car(), 0, 40)
    one.suspend(at(31))
    assert one.level() is DecodeLevel.KEYFRAMES
    assert play(one, lambda t: car(), 42, 70) == []
    one.resume()
    assert fired(play(one, lambda t: car(), 72, 100)) == [], "31 s before and 28 s after are not yet 60"
    assert len(fired(play(one, lambda t: car(), 102, 102))) == 1
    (stay,) = one.standing()
    assert stay.gap_ns == (9 + 32) * NS_PER_S


def test_a_suspension_survives_saving() -> None:
    one = desk()
    play(one, lambda t: car(), 0, 40)
    one.suspend(at(31))
    other = Desk(rules(), SHANGHAI, json.loads(one.save()))
    assert fired(play(other, lambda t: car(), 44, 70)) == [], "31 s before and 26 s after, for what is between is a gap"


# -- time that does not go forward --------------------------------------------------------------------------------


def test_a_few_looks_from_the_past_are_refused_and_nothing_is_lost() -> None:
    one = desk()
    play(one, lambda t: car(), 0, 40)
    for k in range(4):
        (refused,) = one.seen(at(10 + k), detections([]), StreamRole.MAIN, repeated=False)
        assert isinstance(refused, Refused)
    assert len(fired(play(one, lambda t: car(), 42, 70))) == 1


def test_after_five_in_a_row_the_stays_end_and_timing_begins_anew() -> None:
    one = desk()
    (asked,) = backs(play(one, lambda t: car() if t >= 4 else [], 0, 40))
    outcomes = play(one, lambda t: car(), 10, 18)
    assert [type(outcome) for outcome in outcomes] == [*[Refused] * 4, Ended, Refused]
    assert ended(outcomes)[0].last_seen == at(40)
    assert ended(outcomes)[0].departed == (at(40), None)
    assert one.changed
    answer(one, asked, lambda t: car())
    again = play(one, lambda t: car(), 20, 90)
    assert len(fired(again)) == 1
    assert fired(again)[0].dwell_lower_bound_ns > 60 * NS_PER_S
    assert fired(again)[0].fired_at.utc_ns > at(80).utc_ns, "nothing of before counts"


# -- saving -------------------------------------------------------------------------------------------------------


def busy(t: float) -> list[Seen]:
    """One car stays too long, one comes and goes, one is hidden for a while."""
    seen: list[Seen] = []
    if 6 <= t <= 110:
        seen.append(("car", 0.9, PARKED))
    if 20 <= t <= 50:
        seen.append(("truck", 0.8, (0.80, 0.70, 0.95, 0.88)))
    if t >= 30 and not 60 <= t <= 66:
        seen.append(("bus", 0.7, (0.80, 0.22, 0.92, 0.34)))
    return seen


@settings(max_examples=30)
@given(stops=st.sets(st.integers(0, 90), max_size=4))
def test_a_restart_changes_no_outcome(stops: set[int]) -> None:
    whole, parted = desk(), desk()
    for k in range(91):
        if k in stops:
            parted, why = restored(rules(), SHANGHAI, json.loads(parted.save()))
            assert why is None
        for which in (whole, parted):
            which.changed = False
        expected = whole.seen(at(2 * k), detections(busy(2 * k)), StreamRole.MAIN, repeated=False)
        found = parted.seen(at(2 * k), detections(busy(2 * k)), StreamRole.MAIN, repeated=False)
        # Tokens of looks back are counted anew by each run.
        bare = [[one for one in outcomes if not isinstance(one, LookBack)] for outcomes in (expected, found)]
        assert bare[0] == bare[1]
        assert len(backs(expected)) == len(backs(found))
        assert whole.changed and parted.changed
    assert whole.standing() == parted.standing()
    assert json.loads(whole.save()) == json.loads(parted.save())


def test_a_state_of_other_rules_is_refused_with_the_reason_and_a_new_desk_given() -> None:
    one = desk()
    play(one, lambda t: car(), 0, 40)
    state = json.loads(one.save())
    other = rules(dwell="90s")
    with pytest.raises(StateError):
        Desk(other, SHANGHAI, state)
    fresh, why = restored(other, SHANGHAI, state)
    assert why
    assert fresh.standing() == ()
    assert restored(other, SHANGHAI, {"format": "foreign"})[1]
    assert restored(other, SHANGHAI, None)[1] is None


def test_finishing_ends_what_stands_and_the_next_look_begins_anew() -> None:
    one = desk()
    play(one, lambda t: car(), 0, 40)
    (over,) = one.finish()
    assert over.stay.departed == (at(40), None)
    assert one.finish() == []
    assert one.stay(over.stay.id) is None
    assert fired(play(one, lambda t: car(), 42, 100)) == []


def test_a_visit_is_a_finding_like_any_other_and_is_not_looked_back_for() -> None:
    """It moves: no look back could say where its place was seen empty."""
    one = Desk(bank.rules(), SHANGHAI)
    outcomes = play(one, lambda t: bank.visit(t, 10, 40), 0, 100)
    assert [type(outcome) for outcome in outcomes] == [Fired, Ended]
    again, refused = restored(bank.rules(), SHANGHAI, json.loads(one.save()))
    assert refused is None and again.save() == one.save()


def test_notices_tell_each_kind_in_its_own_words() -> None:
    (violation,) = fired(play(Desk(bank.rules(), SHANGHAI), lambda t: bank.visit(t, 10, 40), 0, 100))
    site = load_site(ROOT / "configs" / "examples" / "rules.yaml").site
    notice = lead(site, site.cameras[1], violation)
    assert notice.zh == "河岸：发现违规闯入线索（货车），已在场至少0分4秒，待人工审核"
    assert notice.en == "河岸: Intrusion (lead, truck): it has been there for at least 0 min 4 s and awaits review"
