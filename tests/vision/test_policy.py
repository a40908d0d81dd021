from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from streams.instant import NS_PER_S
from vision.durations import MAX_DURATION_NS, format_duration, parse_duration
from vision.errors import PolicyError
from vision.lint import lint
from vision.policy import CameraRules, Policy, Zone, build_camera_rules, parse_policy, policy_content, policy_hash

TEXT = """
id: guta-road
name: 古塔路 一路一策
version: "1"
rules:
  - id: no-parking
    kind: no_parking
    classes: [car, truck, bus]
    min_score: 0.3
    dwell: 60s
    schedule: [{days: [mon, tue, wed, thu, fri, sat, sun], from: "00:00", to: "24:00"}]
    min_overlap: 0.5
    max_unseen: 6s
    legal_basis: {id: lb-1, statute: 道交法第93条, reviewed_by: null}
"""
ZONE: dict[str, Any] = {
    "id": "west-kerb",
    "name": "西侧路缘",
    "polygon": [[0.81, 0.13], [0.95, 0.13], [0.95, 0.3]],
    "rules": ["no-parking"],
}


def document(**rule: object) -> dict[str, Any]:
    data = yaml.safe_load(TEXT)
    data["rules"][0] |= rule
    return data


def refusal(**rule: object) -> str:
    with pytest.raises(PolicyError) as caught:
        parse_policy(document(**rule))
    return str(caught.value)


def zone_refusal(**fields: object) -> str:
    with pytest.raises(PolicyError) as caught:
        build_camera_rules("gt-01", parse_policy(document()), [ZONE | fields])
    return str(caught.value)


def test_the_documented_shape_is_read() -> None:
    policy = parse_policy(yaml.safe_load(TEXT))
    rule = policy.rule("no-parking")
    assert (rule.dwell, rule.max_unseen) == (60 * NS_PER_S, 6 * NS_PER_S)
    assert rule.legal_basis.statute == "道交法第93条"
    assert rule.schedule is not None
    assert (rule.schedule[0].start, rule.schedule[0].end) == (0, 1440)


def test_only_what_has_no_sensible_default_must_be_written() -> None:
    rule = {"id": "r", "kind": "no_parking", "classes": ["car"], "dwell": "5m"}
    policy = parse_policy({"id": "p", "name": "p", "version": "1", "rules": [rule]})
    assert policy.rules[0].schedule is None
    assert policy.rules[0].max_unseen == 6 * NS_PER_S
    assert policy.rules[0].legal_basis.statute is None


def test_json_of_a_policy_is_read_back_equal() -> None:
    policy = parse_policy(document(dwell="1h30m", max_unseen="0.5s"))
    assert Policy.model_validate(policy.model_dump(mode="json")) == policy
    assert Policy.model_validate_json(policy.model_dump_json()) == policy


def test_nothing_can_be_changed_afterwards() -> None:
    policy = parse_policy(document())
    with pytest.raises(ValidationError):
        policy.version = "2"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        policy.rules[0].dwell = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60s", 60),
        ("5m", 300),
        ("1h30m", 5400),
        ("1d", 86400),
        ("1.5s", 1.5),
        ("250ms", 0.25),
        ("1m30s", 90),
        ("PT60S", 60),
        ("PT1H30M", 5400),
        ("P1DT1S", 86401),
        (" 2m ", 120),
        ("0.000000001s", 1e-9),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == round(seconds * NS_PER_S)


@pytest.mark.parametrize(
    "text",
    [
        *["", "60", 60, 1.5, True, None, "s", "-5s", "5 m", "1m1h", "P", "PT", "1e9s", "5x", "٥s", "1.0000000001s"],
        *["9" * 50, "91d", "PT99999999999H"],
    ],
)
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match=r"duration|more than 90 days"):
        parse_duration(text)


@given(st.integers(0, MAX_DURATION_NS))
def test_a_duration_survives_being_written(ns: int) -> None:
    assert parse_duration(format_duration(ns)) == ns


def test_faults_of_a_rule_are_told_one_by_one() -> None:
    text = refusal(dwell=60, foo=1)
    assert "rules.0.dwell: 60 is no duration: write it with units" in text
    assert "rules.0.foo" in text
    assert "docs/policies.md" in text


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"dwell": "0s"}, "dwell must be more than 0"),
        ({"max_unseen": "0s"}, "max_unseen must be more than 0"),
        ({"classes": []}, "classes"),
        ({"classes": ["car", "car"]}, "named twice"),
        ({"classes": [""]}, "class name is empty"),
        ({"min_score": 1.1}, "min_score"),
        ({"min_score": float("nan")}, "min_score"),
        ({"min_overlap": 0}, "min_overlap"),
        ({"schedule": []}, "empty schedule never opens"),
        ({"schedule": [{"from": "08:00", "to": "08:00"}]}, "never opens"),
        ({"schedule": [{"from": "24:00", "to": "08:00"}]}, "never opens"),
        ({"schedule": [{"days": [], "from": "08:00", "to": "09:00"}]}, "days"),
        ({"schedule": [{"days": ["mon", "mon"], "from": "08:00", "to": "09:00"}]}, "named twice"),
        ({"schedule": [{"days": ["funday"], "from": "08:00", "to": "09:00"}]}, "days"),
        ({"schedule": [{"from": "8 o'clock", "to": "09:00"}]}, "no time of day"),
        ({"schedule": [{"from": "08:60", "to": "09:00"}]}, "no time of day"),
        ({"schedule": [{"from": "08:00", "to": "24:01"}]}, "no time of day"),
        ({"kind": "no_stopping"}, "kind"),
        ({"id": "no parking"}, "id"),
        ({"id": "../etc"}, "id"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(rule: dict[str, object], expected: str) -> None:
    assert expected in refusal(**rule)


def test_unquoted_clock_times_of_yaml_are_understood() -> None:
    data = document(schedule=yaml.safe_load("[{from: 22:00, to: 06:00}]"))
    assert data["rules"][0]["schedule"][0]["from"] == 1320, "YAML 1.1 reads base 60 here"
    window = parse_policy(data).rules[0].schedule
    assert window is not None
    assert (window[0].start, window[0].end) == (22 * 60, 6 * 60)


def test_two_rules_of_one_id_are_refused() -> None:
    data = document()
    data["rules"].append(copy.deepcopy(data["rules"][0]))
    with pytest.raises(PolicyError, match="two rules are called 'no-parking'"):
        parse_policy(data)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"polygon": [[0, 0], [1, 1]]}, "at least 3 corners, got 2"),
        ({"polygon": [[0, 0], [1, 1], [0, 0]]}, "at least 3 corners, got 2"),
        ({"polygon": [[0, 0], [1, 1], [1, 0], [0, 1]]}, "self-intersection at [0.5, 0.5]"),
        ({"polygon": [[0, 0], [0.5, 0.5], [1, 1]]}, "degenerate"),
        ({"polygon": [[0, 0], [0.001, 0], [0.001, 0.001]]}, "degenerate"),
        ({"polygon": [[0, 0], [1.2, 0], [1, 1]]}, "corner 2 [1.2, 0] lies outside the image"),
        ({"polygon": [[810, 130], [950, 130], [950, 300]]}, "divide pixels"),
        ({"polygon": [[0, 0], [float("nan"), 0], [1, 1]]}, "polygon"),
        ({"polygon": [[0, 0, 0], [1, 0], [1, 1]]}, "polygon"),
        ({"rules": []}, "rules"),
        ({"rules": ["no-parking", "no-parking"]}, "two rules are called"),
        ({"rules": ["no-praking"]}, "zone west-kerb: no rule 'no-praking'; did you mean 'no-parking'?"),
        ({"rules": ["No-Parking"]}, "did you mean 'no-parking'?"),
        ({"rules": ["xyz"]}, "there is 'no-parking'"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_zone_that_cannot_be_meant_is_refused(fields: dict[str, object], expected: str) -> None:
    assert expected in zone_refusal(**fields)


def test_two_zones_of_one_id_are_refused() -> None:
    with pytest.raises(PolicyError, match="two zones are called 'west-kerb'"):
        build_camera_rules("gt-01", parse_policy(document()), [ZONE, ZONE])


def test_policy_hash_is_fixed() -> None:
    policy, zone = parse_policy(document()), Zone.model_validate(ZONE)
    # Cases name this hash for as long as they are kept: a change here is a change of the evidence format.
    assert policy_hash(policy, zone) == "4ad0ca42d3f10160c3444142ea056f4332741d398d10f45044e5b49d5910e653"


def test_two_spellings_of_one_content_hash_alike_and_any_change_differs() -> None:
    policy, zone = parse_policy(document()), Zone.model_validate(ZONE)
    closed = Zone.model_validate(ZONE | {"polygon": [*ZONE["polygon"], ZONE["polygon"][0]]})
    assert policy_hash(parse_policy(document(dwell="1m", max_unseen="PT6S")), closed) == policy_hash(policy, zone)
    others = [
        policy_hash(parse_policy(document(dwell="61s")), zone),
        policy_hash(parse_policy(document(min_overlap=0.51)), zone),
        policy_hash(parse_policy(document(schedule=None)), zone),
        policy_hash(policy, Zone.model_validate(ZONE | {"name": "x"})),
        policy_hash(policy, Zone.model_validate(ZONE | {"polygon": [[0.81, 0.13], [0.95, 0.13], [0.95, 0.31]]})),
    ]
    assert len({policy_hash(policy, zone), *others}) == 6


def test_lint_warns_of_rules_that_cannot_work_and_is_silent_otherwise() -> None:
    basis = {"statute": "道交法第93条", "competence": "事项目录第12项", "reviewed_by": "法制科"}
    assert lint(parse_policy(document(legal_basis=basis)), 2 * NS_PER_S) == ()
    slow = "\n".join(lint(parse_policy(document()), 40 * NS_PER_S))
    assert "max_unseen 6s is shorter than the sampling interval 40s" in slow
    assert "shorter than two sampling intervals of 40s" in slow
    assert "two sightings alone" in "".join(lint(parse_policy(document(max_unseen="2m")), NS_PER_S))
    nothing = lint(parse_policy(document(legal_basis={})), NS_PER_S)
    assert "not known of the legal basis is statute, competence, reviewed_by" in "".join(nothing)
    assert "no queue is recognised" in slow
    assert "before the others have come" in "".join(lint(parse_policy(document(dwell="15s")), NS_PER_S))
    assert "queue" not in "".join(lint(parse_policy(document(dwell="15s", traffic=None)), 40 * NS_PER_S))


def test_policies_from_before_the_competence_was_asked_for_keep_their_hash() -> None:
    """Stays are timed on under the same hash."""
    basis = {"id": "lb-1", "statute": "s", "reviewed_by": "r"}
    zone = Zone.model_validate(ZONE)
    content = policy_content(parse_policy(document(legal_basis=basis)), zone)
    assert content["policy"]["rules"][0]["legal_basis"] == basis
    named = policy_content(parse_policy(document(legal_basis={**basis, "competence": "c"})), zone)
    assert named["policy"]["rules"][0]["legal_basis"] == {**basis, "competence": "c"}


def test_camera_rules_come_out_of_models_too() -> None:
    policy, zone = parse_policy(document()), Zone.model_validate(ZONE)
    assert build_camera_rules("gt-01", policy, [ZONE]) == CameraRules(camera="gt-01", policy=policy, zones=(zone,))


def test_json_schema_speaks_of_text_not_of_nanoseconds() -> None:
    schema = Policy.model_json_schema()["$defs"]["NoParkingRule"]["properties"]
    assert schema["dwell"]["type"] == "string"
    assert schema["max_unseen"]["default"] == "6s"
    assert set(Policy.model_json_schema()["$defs"]["ScheduleWindow"]["properties"]) == {"days", "except", "from", "to"}
