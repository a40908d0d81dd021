"""What a rule allows to whom, and when: classes, grace, exemptions, sizes, holidays; told as scenes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.instant import NS_PER_S, from_datetime
from tests.vision.byhand import PARKED, SHANGHAI, T0, Seen, moved, play, rules
from vision.codec import from_json, to_json
from vision.engine import Engine
from vision.errors import PolicyError, StateError
from vision.holidays import Calendar, china
from vision.inforce import RuleInForce
from vision.interface import Event, Violation, ViolationFired
from vision.policy import parse_policy, policy_content
from vision.rules.interface import CLEAR_OF, classes_of

S = NS_PER_S
M = 60.0
Script = Callable[[float], Iterable[Seen]]
LOADING = {
    "name": "装卸",
    "classes": ["truck"],
    "schedule": [{"from": "16:02", "to": "16:08"}],  # from 120 s to 480 s after T0
    "allowed": "4m",
}


def found(script: Script, until: float, *, start: float = 0.0, every: float = 2.0, **rule: object) -> list[Violation]:
    events: list[Event] = play(Engine([rules(**rule)], SHANGHAI), script, until, start=start, every=every)
    return [event.violation for event in events if isinstance(event, ViolationFired)]


def stands(cls: str | Callable[[int], str], since: float = 0.0, until: float = 1e9) -> Script:
    """Something at the kerb; `cls` may depend on the number of the sample."""

    def seen(t: float) -> list[Seen]:
        name = cls if isinstance(cls, str) else cls(round(t / 2))
        return [(name, 0.9, PARKED)] if since <= t <= until else []

    return seen


def seconds(violation: Violation) -> float:
    return (violation.fired_at.utc_ns - T0) / S


# -- classes ----------------------------------------------------------------------------------------------------

FLIPPING: dict[str, tuple[Callable[[int], str], float | None]] = {
    "a car": (lambda n: "car", 62),
    "a truck": (lambda n: "truck", None),
    "a car that is called a truck now and then": (lambda n: "truck" if n % 20 == 7 else "car", 62),
    "a van that is called both by turns": (lambda n: "car" if n % 2 else "truck", None),
    "a truck that is called a car most of the time": (lambda n: "truck" if n % 5 == 0 else "car", None),
    "a truck that is called a car now and then": (lambda n: "car" if n % 20 == 7 else "truck", None),
    "called a truck for its first 6 s only": (lambda n: "truck" if n < 3 else "car", 62),
    "called a truck for its first 12 s only": (lambda n: "truck" if n < 6 else "car", 120),
}
LIMITS = {"dwell": "1m", "dwell_by_class": {"truck": "3m"}}


@pytest.mark.parametrize(("cls", "fires"), FLIPPING.values(), ids=FLIPPING)
def test_the_longest_time_of_the_classes_it_may_be_of(cls: Callable[[int], str], fires: float | None) -> None:
    violations = found(stands(cls), 178, **LIMITS)
    assert [seconds(violation) for violation in violations] == ([] if fires is None else [fires])


def test_a_truck_has_its_own_limit_and_the_case_says_so() -> None:
    (violation,) = found(stands("truck"), 200, **LIMITS)
    assert (violation.allowed_ns, violation.dwell_lower_bound_ns) == (180 * S, 182 * S)
    grounds = violation.grounds
    assert grounds is not None
    assert (grounds.classes, grounds.sightings, grounds.exemption) == (("truck",), (("truck", 92),), None)


def test_a_class_may_be_allowed_less() -> None:
    limits = {"dwell": "1m", "dwell_by_class": {"bus": "20s"}}
    assert [seconds(violation) for violation in found(stands("bus"), 80, **limits)] == [22]
    assert [seconds(v) for v in found(stands(lambda n: "bus" if n % 2 else "car"), 80, **limits)] == [62]


def test_sightings_that_do_not_count_as_time_speak_for_the_class_all_the_same() -> None:
    def seen(t: float) -> list[Seen]:
        low = (PARKED[0], PARKED[1] + 0.01, *PARKED[2:])
        return [("truck", 0.9, low)] if round(t / 2) % 4 == 0 else [("car", 0.9, PARKED)]

    assert found(seen, 170, min_size={"height": 0.155}, **LIMITS) == []


def test_after_another_may_have_come_its_classes_count_anew() -> None:
    """A car, a look away of more than a minute, then a truck: what was seen before says nothing of it."""

    def seen(t: float) -> list[Seen]:
        if t <= 50:
            return [("car", 0.9, PARKED)]
        if t <= 120:  # something stands in front of the place, so that the stay goes on
            return [("person", 0.9, moved(PARKED, 0, 0.2))]
        return [("truck", 0.9, PARKED)]

    assert found(seen, 120 + 178, **LIMITS) == []


@given(st.dictionaries(st.sampled_from(["car", "truck", "bus"]), st.integers(1, 1000), min_size=1))
def test_classes_seen_often_enough_are_possible(sightings: dict[str, int]) -> None:
    classes = classes_of(sightings)
    assert max(sightings, key=lambda cls: sightings[cls]) in classes
    total = sum(sightings.values())
    assert all((sightings[cls] * CLEAR_OF >= total) == (cls in classes) for cls in sightings)
    assert classes_of({cls: 7 * count for cls, count in sightings.items()}) == classes


# -- grace ------------------------------------------------------------------------------------------------------


def test_grace_is_a_tolerance_after_the_limit_and_no_part_of_it() -> None:
    (violation,) = found(stands("car"), 200, dwell="60s", grace="30s")
    assert seconds(violation) == 92
    assert (violation.allowed_ns, violation.dwell_lower_bound_ns) == (60 * S, 92 * S)
    assert violation.grounds is not None
    assert violation.grounds.grace_ns == 30 * S
    assert not found(stands("car", until=90), 200, dwell="60s", grace="30s")


# -- exemptions -------------------------------------------------------------------------------------------------

LOADERS: dict[str, tuple[str, float, float, float | None, str | None]] = {
    # class, arrives, leaves, fires, by which exemption
    "a car in the hours": ("car", 140, 300, 202, None),
    "a truck in the hours": ("truck", 140, 378, None, None),
    "a truck too long in the hours": ("truck", 140, 400, 382, "装卸"),
    "a truck before the hours": ("truck", 20, 118, 82, None),
    "a truck that comes just before them": ("truck", 70, 350, None, None),
    "a truck that stays after them": ("truck", 440, 600, 542, None),
    "a truck that leaves just after them": ("truck", 440, 536, None, None),
    "a truck from before to after": ("truck", 70, 500, 362, "装卸"),
}


@pytest.mark.parametrize(("cls", "since", "until", "fires", "exemption"), LOADERS.values(), ids=LOADERS)
def test_loading(cls: str, since: float, until: float, fires: float | None, exemption: str | None) -> None:
    violations = found(stands(cls, since, until), until, start=since - 4, exemptions=[LOADING])
    assert [seconds(violation) for violation in violations] == ([] if fires is None else [fires])
    for violation in violations:
        assert violation.grounds is not None
        assert violation.grounds.exemption == exemption
        assert violation.allowed_ns == (240 * S if exemption else 60 * S) < violation.dwell_lower_bound_ns


def test_the_case_states_how_the_time_splits() -> None:
    (violation,) = found(stands("truck", 440), 600, start=430, exemptions=[LOADING])
    assert violation.grounds is not None
    assert violation.grounds.exempt_ns == (("装卸", 40 * S),)
    assert violation.grounds.ordinary_ns == violation.dwell_lower_bound_ns == 62 * S


def test_a_van_that_flips_is_exempt_if_it_may_be_a_truck() -> None:
    by_turns = stands(lambda n: "car" if n % 2 else "truck", 140)
    assert found(by_turns, 370, start=136, exemptions=[LOADING]) == []
    stray = stands(lambda n: "truck" if n % 20 == 7 else "car", 140)
    (violation,) = found(stray, 370, start=136, exemptions=[LOADING])
    assert seconds(violation) == 202


def test_the_grace_comes_on_top_of_an_exemption_too() -> None:
    (violation,) = found(stands("truck", 140), 460, start=136, grace="1m", exemptions=[LOADING])
    assert (seconds(violation), violation.allowed_ns) == (442, 240 * S)


def test_of_two_exemptions_the_more_generous_takes_the_time() -> None:
    bus = {"name": "上下客", "classes": ["truck", "bus"], "allowed": "2m"}
    (violation,) = found(stands("truck", 140), 390, start=136, exemptions=[bus, LOADING])
    assert (seconds(violation), violation.allowed_ns) == (382, 240 * S)
    (violation,) = found(stands("bus", 140), 390, start=136, exemptions=[bus, LOADING])
    assert (seconds(violation), violation.allowed_ns) == (262, 120 * S)


def force(**rule: object) -> RuleInForce:
    return RuleInForce(rules(**rule).policy.rules[0], SHANGHAI)


@given(st.lists(st.integers(-600, 1800), min_size=3, max_size=3), st.booleans())
def test_the_split_of_time_adds_up(offsets: list[int], hours: bool) -> None:
    schedule = [{"from": "16:03", "to": "16:20"}] if hours else None
    second = {"name": "b", "classes": ["bus"], "schedule": [{"from": "16:04", "to": "16:06"}], "allowed": "10m"}
    one = force(dwell="3m", schedule=schedule, exemptions=[LOADING, second])
    a, b, c = (T0 + offset * S for offset in sorted(offsets))

    def parts(low: int, high: int) -> dict[str, int]:
        ordinary, within = one.split(low, high)
        return {"": ordinary} | within

    whole, first, then = parts(a, c), parts(a, b), parts(b, c)
    for key in {*whole, *first, *then}:
        assert whole.get(key, 0) == first.get(key, 0) + then.get(key, 0)
    assert sum(whole.values()) == force(dwell="3m", schedule=schedule).split(a, c)[0]
    assert set(whole) <= {"", "0", "1", "0+1"}


# -- size -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "counts"),
    [
        *[({"width": 0.1}, True), ({"width": 0.13}, False), ({"height": 0.159}, True), ({"height": 0.161}, False)],
        ({"width": 0.1, "height": 0.2}, False),
    ],
)
def test_what_is_too_small_does_not_count(size: dict[str, float], counts: bool) -> None:
    assert bool(found(stands("car"), 100, min_size=size)) == counts  # PARKED is 0.12 x 0.16


# -- holidays ---------------------------------------------------------------------------------------------------


def after(*moment: int) -> float:
    """Seconds from T0 to a local time."""
    return (from_datetime(datetime(*moment, tzinfo=SHANGHAI)) - T0) / S  # type: ignore[arg-type,misc]


WORKDAYS = [{"days": ["workday"], "from": "07:00", "to": "20:00"}]
NIGHTS = [{"days": ["workday"], "from": "22:00", "to": "06:00"}]


@pytest.mark.parametrize(
    ("schedule", "arrives", "fires"),
    [
        (WORKDAYS, (2026, 10, 1, 8), False),  # National Day
        (WORKDAYS, (2026, 10, 10, 8), True),  # the Saturday worked in exchange
        (WORKDAYS, (2026, 9, 20, 8), True),  # the Sunday before it
        (WORKDAYS, (2026, 2, 16, 8), False),  # Spring Festival's eve
        (WORKDAYS, (2026, 2, 28, 8), True),  # the Saturday after it
        (NIGHTS, (2026, 9, 30, 23, 59), True),  # from the last workday into the holiday
        (NIGHTS, (2026, 10, 1, 5), True),
        (NIGHTS, (2026, 10, 1, 5, 59, 10), False),  # 50 s before the night ends
        (NIGHTS, (2026, 10, 7, 23, 59), False),  # from the holiday into a workday
    ],
)
def test_holidays(schedule: list[dict[str, object]], arrives: tuple[int, ...], fires: bool) -> None:
    start = after(*arrives)
    violations = found(stands("car", since=-1e9), start + 80, start=start, schedule=schedule)
    assert bool(violations) == fires
    for violation in violations:
        assert violation.grounds is not None and violation.grounds.calendar is not None
        days = violation.grounds.calendar.days
        assert days[-1].date == violation.fired_at.local(SHANGHAI).date().isoformat()
        assert len(days) == (3 if arrives[3:] == (23, 59) else 2), "the day before, and those that it stood on"
        assert all(day.known for day in days)


def test_a_day_that_the_calendar_does_not_know_is_told() -> None:
    calendar = Calendar("by hand", "7", {date(2025, 10, 1): "国庆节"}, {})
    engine = Engine([rules(schedule=WORKDAYS)], SHANGHAI, calendar=calendar)
    fired = [e for e in play(engine, stands("car"), 100) if isinstance(e, ViolationFired)]
    facts = fired[0].violation.grounds
    assert facts is not None and facts.calendar is not None
    assert (facts.calendar.source, facts.calendar.version, facts.calendar.sha256) == calendar.identity
    assert [(day.date, day.kind, day.known) for day in facts.calendar.days] == [
        ("2026-11-01", "restday", False),
        ("2026-11-02", "workday", False),
    ]


# -- written down -----------------------------------------------------------------------------------------------

FULL = {
    "dwell": "30s",
    "grace": "20s",
    "dwell_by_class": {"truck": "1m"},
    "exemptions": [LOADING],
    "schedule": WORKDAYS,
}


def test_grounds_survive_being_written() -> None:
    (violation,) = found(stands("truck", 140), 420, start=136, **FULL)
    written = json.loads(json.dumps(to_json(violation)))
    assert from_json(Violation, written) == violation
    with pytest.raises(StateError):
        from_json(Violation, written | {"grounds": written["grounds"] | {"more": 1}})


def test_a_plain_rule_has_no_grounds_and_is_written_as_before() -> None:
    (violation,) = found(stands("car"), 100)
    assert violation.grounds is None
    assert "grounds" not in to_json(violation)
    content = policy_content(rules().policy, rules().zones[0])
    assert set(content["policy"]["rules"][0]) == {
        *["id", "kind", "classes", "min_score", "dwell", "schedule", "min_overlap", "max_unseen", "legal_basis"]
    }
    assert set(content) == {"policy", "zone"}


def test_settings_that_say_nothing_new_do_not_change_the_content() -> None:
    plain = policy_content(rules().policy, rules().zones[0])
    spelled = rules(grace="0s", dwell_by_class={}, exemptions=[], min_size=None)
    assert policy_content(spelled.policy, spelled.zones[0]) == plain


def test_a_policy_with_everything_is_read_back_equal() -> None:
    policy = rules(**FULL, min_size={"height": 0.1}).policy
    assert type(policy).model_validate(policy.model_dump(mode="json")) == policy


@pytest.mark.parametrize("cut", [150, 250, 380])
def test_saved_in_between_the_verdict_is_the_same(cut: int) -> None:
    whole = found(stands("truck", 140), 420, start=136, **FULL)
    engine = Engine([rules(**FULL)], SHANGHAI)
    play(engine, stands("truck", 140), cut, start=136)
    again = Engine.restore([rules(**FULL)], SHANGHAI, json.loads(json.dumps(engine.save())))
    events = play(again, stands("truck", 140), 420, start=cut + 2)
    assert [e.violation for e in events if isinstance(e, ViolationFired)] == whole


def test_what_was_counted_by_another_calendar_does_not_go_on() -> None:
    engine = Engine([rules(**FULL)], SHANGHAI)
    play(engine, stands("truck"), 20)
    other = Calendar(china().source, "0", {date(2026, 10, 1): "国庆节"}, {})
    with pytest.raises(StateError, match="calendar of holidays"):
        Engine.restore([rules(**FULL)], SHANGHAI, engine.save(), calendar=other)
    plain = Engine([rules()], SHANGHAI)
    assert Engine.restore([rules()], SHANGHAI, plain.save(), calendar=other).save() == plain.save()


@pytest.mark.parametrize(
    "changed",
    [
        *[{"exempt_ns": {key: 1}} for key in ("1", "0+0", "x", "²", "", "+")],
        *[{"exempt_ns": {"0": -1}}, {"exempt_ns": {"0": 10**15}}, {"classes": {"truck": -1}}],
    ],
)
def test_a_tally_that_cannot_be_is_refused(changed: dict[str, object]) -> None:
    engine = Engine([rules(**FULL)], SHANGHAI)
    play(engine, stands("truck"), 20)
    state = json.loads(json.dumps(engine.save()))
    state["cameras"]["gt-01"]["memory"]["standings"][0]["tallies"][0] |= changed
    with pytest.raises(StateError):
        Engine.restore([rules(**FULL)], SHANGHAI, state)


# -- what cannot be meant ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"dwell_by_class": {"truk": "10m"}}, "the rule has no class 'truk'; did you mean 'truck'?"),
        ({"dwell_by_class": {"truck": "0s"}}, "dwell of 'truck' must be more than 0"),
        ({"dwell_by_class": {"truck": 600}}, "write it with units"),
        ({"grace": "soon"}, "no duration"),
        ({"exemptions": [LOADING | {"classes": ["van"]}]}, "exemption '装卸': the rule has no class 'van'"),
        ({"exemptions": [LOADING | {"classes": ["truck", "truck"]}]}, "named twice"),
        ({"exemptions": [LOADING | {"allowed": "60s"}]}, "no more than the 60s that 'truck' may stand anyway"),
        ({"exemptions": [LOADING], "dwell_by_class": {"truck": "30m"}}, "no more than the 1800s"),
        ({"exemptions": [LOADING, LOADING]}, "two exemptions are called '装卸'"),
        ({"exemptions": [LOADING | {"schedule": []}]}, "schedule"),
        ({"exemptions": [LOADING | {"name": str(n)} for n in range(9)]}, "exemptions"),
        ({"min_size": {}}, "give `width`, `height` or `metres`"),
        ({"min_size": {"width": 0}}, "min_size.width"),
        ({"min_size": {"metres": 1}}, "the camera has no `ground`"),
    ],
)
def test_terms_that_cannot_be_meant_are_refused(rule: dict[str, object], words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        rules(**rule)
    assert words in str(caught.value)


def test_the_order_of_a_document_does_not_matter() -> None:
    one = {"exemptions": [LOADING], "dwell": "3m", "id": "r", "kind": "no_parking", "classes": ["truck"]}
    assert parse_policy({"rules": [one], "version": "1", "name": "p", "id": "p"}).rules[0].exemptions[0].name == "装卸"
