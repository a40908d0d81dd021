"""A camera that stands out is marked, an even field is not, and too few is said to be too few."""

from __future__ import annotations

import random
from dataclasses import replace
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_export.words import Said
from streetproof.outliers import exact
from streetproof.outliers.gathering import CaseFact, Outcome
from streetproof.outliers.judging import Mark, Row, judge

RULE = "no-parking"
CAMERAS = [(f"cam-{number}", RULE) for number in range(8)]


def case(camera: str, outcome: Outcome = Outcome.OPEN, number: int = 0) -> CaseFact:
    return CaseFact(
        case_id=f"SP-{camera}-{number}",
        camera=camera,
        camera_name=f"{camera} 号机",
        rule=RULE,
        kind="no_parking",
        arrived_ns=number,
        zone="kerb",
        outcome=outcome,
        reason="not_a_violation" if outcome is Outcome.REJECTED else None,
        blockers=frozenset(),
        plate="certain",
    )


def many(camera: str, count: int, outcome: Outcome = Outcome.OPEN) -> list[CaseFact]:
    return [case(camera, outcome, number) for number in range(count)]


def row_of(rows: list[Row], camera: str) -> Row:
    return next(row for row in rows if row.camera == camera)


@given(st.integers(0, 40), st.integers(0, 40), st.floats(0.01, 0.99))
def test_binomial_tails_are_sums_of_their_terms(count: int, trials: int, share: float) -> None:
    told = sum(comb(trials, k) * share**k * (1 - share) ** (trials - k) for k in range(count, trials + 1))
    assert exact.binomial_upper(count, trials, share) == pytest.approx(told, abs=1e-12)


@given(st.integers(0, 30), st.integers(1, 30), st.integers(0, 30), st.integers(0, 30))
def test_fishers_tail_is_a_sum_of_its_terms(count: int, drawn: int, marked: int, rest: int) -> None:
    total = max(drawn, marked + rest)
    ways = [
        comb(marked, k) * comb(total - marked, drawn - k) for k in range(count, min(drawn, marked) + 1) if drawn >= k
    ]
    told = sum(ways) / comb(total, drawn)
    assert exact.hypergeometric_upper(count, drawn, marked, total) == pytest.approx(told, abs=1e-12)


@given(st.integers(1, 60), st.data())
def test_limits_hold_the_share_and_are_exact(trials: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, trials))
    low, high = exact.limits(count, trials)
    assert 0 <= low <= count / trials <= high <= 1
    if count:
        assert exact.binomial_upper(count, trials, low) == pytest.approx(0.025, abs=1e-6)
    if count < trials:
        assert 1 - exact.binomial_upper(count + 1, trials, high) == pytest.approx(0.025, abs=1e-6)
    assert exact.limits(0, 0) == (0.0, 1.0)


def test_a_camera_that_makes_many_times_as_many_is_marked() -> None:
    now = [one for camera, _ in CAMERAS[1:] for one in many(camera, 4)] + many("cam-0", 40)
    rows = judge(now, [], CAMERAS)
    assert row_of(rows, "cam-0").marks == (Mark.MANY,)
    assert rows[0].camera == "cam-0", "those with marks come first"
    assert all(not row.marks for row in rows[1:])


def test_even_streets_are_hardly_ever_marked() -> None:
    """By chance, at most one report in a hundred has a mark; here 400 reports of eight even cameras."""
    dice, marked = random.Random(1), 0
    for _ in range(400):
        now = [one for camera, _ in CAMERAS for one in many(camera, sum(dice.random() < 0.1 for _ in range(60)))]
        before = [one for camera, _ in CAMERAS for one in many(camera, sum(dice.random() < 0.1 for _ in range(60)))]
        marked += any(row.marks for row in judge(now, before, CAMERAS))
    assert marked <= 12


def test_a_camera_whose_cases_are_rejected_is_marked() -> None:
    now = [one for camera, _ in CAMERAS[1:] for one in many(camera, 20, Outcome.CONFIRMED)]
    now += many("cam-0", 20, Outcome.REJECTED)
    row = row_of(judge(now, [], CAMERAS), "cam-0")
    assert set(row.marks) == {Mark.REJECTED, Mark.MOSTLY_REJECTED}
    assert row.decided.reasons == {"not_a_violation": 20}


def test_one_that_rose_against_its_own_past_is_marked() -> None:
    row = row_of(judge(many("cam-0", 40), many("cam-0", 4), CAMERAS[:2]), "cam-0")
    assert row.marks == (Mark.RISEN,)


def test_what_is_too_few_to_tell_is_said() -> None:
    row = row_of(judge(many("cam-0", 3, Outcome.REJECTED), [], CAMERAS[:2]), "cam-0")
    assert row.marks == () and row.median is None
    told = " ".join(said.en for said in row.untold)
    assert "1 other cameras" in told and "3 decided by people" in told
    assert all(isinstance(said, Said) and said.zh for said in row.untold)


def test_cameras_without_a_case_are_others_too() -> None:
    quiet = judge(many("cam-0", 9), [], CAMERAS)
    assert row_of(quiet, "cam-0").median == 0 and Mark.MANY in row_of(quiet, "cam-0").marks


def test_what_is_blocked_and_uncertain_is_counted() -> None:
    facts = [replace(one, blockers=frozenset({"plate_unknown"}), plate="uncertain") for one in many("cam-0", 2)]
    facts += [replace(case("cam-0", number=9), blockers=None, plate=None)]
    row = row_of(judge(facts, [], CAMERAS), "cam-0")
    assert (row.cases, row.known, row.blocked, row.uncertain) == (3, 2, 2, 2)
