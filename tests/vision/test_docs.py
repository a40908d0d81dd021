"""The examples in docs/policies.md are what the code accepts, and its numbers are what the engine does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.instant import NS_PER_S
from tests.vision.byhand import PARKED, SHANGHAI, play, rules
from vision import backdrop
from vision.engine import Engine
from vision.errors import PolicyError
from vision.footprint import CONTACT_SHARE
from vision.ground import MIN_AREA_M2, READING
from vision.interface import ViolationFired
from vision.judges import around
from vision.judges.parked import STAND_NS, STAND_SIGHTINGS
from vision.lint import COARSE_M
from vision.policy import BikeClutterRule, IntrusionRule, OccupationRule, build_camera_rules, parse_policy
from vision.rules.interface import CLEAR_OF
from vision.tuning import Tuning

TEXT = (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8")
EXAMPLES = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)]


@pytest.mark.parametrize("example", EXAMPLES, ids=["smallest", "every field", "other kinds", "occupation"])
def test_examples_are_valid(example: dict[str, Any]) -> None:
    policies = {one["id"]: parse_policy(one) for one in example["policies"]}
    for camera in example["cameras"]:
        built = build_camera_rules(
            camera["id"], policies[camera["policy"]], camera["zones"], camera.get("ground"), camera.get("shops", ())
        )
        Engine([built], SHANGHAI)


def test_the_full_example_shows_every_field_and_the_true_defaults() -> None:
    smallest, full = (parse_policy(example["policies"][0]) for example in EXAMPLES[:2])
    assert set(EXAMPLES[1]["policies"][0]["rules"][0]) == set(type(full.rules[0]).model_fields)
    assert (smallest.rules[0].min_score, smallest.rules[0].min_overlap) == (0.3, 0.5)
    assert smallest.rules[0].max_unseen == 6 * NS_PER_S
    assert (smallest.rules[0].grace, smallest.rules[0].min_size, smallest.rules[0].exemptions) == (0, None, ())
    assert full.rules[0].exemptions[0].allowed == 900 * NS_PER_S


def test_the_quoted_refusal_is_the_real_one() -> None:
    zone = EXAMPLES[0]["cameras"][0]["zones"][0] | {"rules": ["no-praking"]}
    with pytest.raises(PolicyError) as caught:
        build_camera_rules("gt-01", parse_policy(EXAMPLES[0]["policies"][0]), [zone])
    quoted = re.search(r"`(camera gt-01: zone .*?)`", TEXT)
    assert quoted is not None
    assert str(caught.value).startswith(quoted[1])


def test_the_numbers_told_are_the_numbers_used() -> None:
    tuning = Tuning()
    assert (tuning.stand_sightings, tuning.stand_ns, CONTACT_SHARE) == (3, 2 * NS_PER_S, 0.2)
    assert (tuning.gap_ns, tuning.gap_intervals, tuning.identity_ns) == (10 * NS_PER_S, 5, 60 * NS_PER_S)
    assert (tuning.absence_ns, tuning.absence_samples, tuning.absence_fired_ns) == (10 * NS_PER_S, 3, 30 * NS_PER_S)
    assert tuning.forget_ns == 1800 * NS_PER_S
    assert (STAND_SIGHTINGS, STAND_NS, BikeClutterRule.model_fields["max_unseen"].default) == (3, 5 * NS_PER_S, "10s")
    assert IntrusionRule.model_fields["min_sightings"].default == 3
    assert (CLEAR_OF, MIN_AREA_M2, COARSE_M, READING) == (10, 1, 0.5, 1 / 500)
    engine = Engine([rules()], SHANGHAI)
    (fired,) = [e for e in play(engine, lambda t: [("car", 0.9, PARKED)], 100) if isinstance(e, ViolationFired)]
    assert (fired.violation.stay.sightings, fired.violation.dwell_lower_bound_ns) == (32, 62 * NS_PER_S)


def test_the_numbers_of_occupation_are_the_numbers_used() -> None:
    fields = OccupationRule.model_fields
    assert [fields[name].default for name in ("min_area", "reach", "linger", "max_unseen")] == [0.5, 0.8, 0.25, "20s"]
    assert (backdrop._STAYS_NS, backdrop._STAYS_LOOKS) == (6 * NS_PER_S, 3)
    assert around._EXPLAINED == 0.4
