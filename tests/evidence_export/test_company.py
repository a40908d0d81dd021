"""A case of what was held back as possible traffic: what it says, what it leaves to the reviewer, what is refused."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evidence_export.case import CaseRequest
from evidence_export.keys import Ed25519Signer
from evidence_export.kinds import members_at, told
from evidence_export.reasons import why_lines
from evidence_export.sealer import seal
from evidence_export.traffic import BLOCKER
from evidence_export.verifier import verify
from evidence_export.verifier.company import company_faults
from evidence_export.verifier.report import Outcome
from streetproof.batch.report import BLOCKERS
from streetproof.batch.why import why_json
from tests.evidence_export.conftest import SEALED_AT, S, at
from tests.evidence_export.helpers import resign
from vision.interface import Companion, Company
from vision.reasons import Held, Part, Reckoning, Released, Shown, Step, Trace

OTHERS = (
    Companion((0.1, 0.4, 0.2, 0.5), (at(0), at(2)), True),
    Companion((0.25, 0.45, 0.35, 0.55), (at(2), at(4)), True),
    Companion((0.65, 0.55, 0.85, 0.8), (at(4), at(6)), False),
)


def held_back(request: CaseRequest, why: Released) -> CaseRequest:
    """Passed its limit at 17 s, seen so at 17.5 s, and established at 18 s."""
    others = OTHERS if why is Released.HOLD_PASSED else tuple(replace(one, stands=False) for one in OTHERS)
    company = Company(at(17.5), why, 20 * S, others)
    held = Held("no-parking", at(17.5), at(18), why, 3, company.standing)
    reckoning = Reckoning(12 * S, 0, 14 * S, 0, 0, 14 * S, at(17))
    trace = Trace((Step((Part(Shown.SEEN, 16 * S, 8),)),), None, (held,))
    stay = replace(request.stay, departed=None, trace=trace)
    return replace(
        request,
        stay=stay,
        violation=replace(request.violation, company=company, reckoning=reckoning),
        still_standing=True,
    )


@pytest.fixture(scope="module")
def sealed(request_: CaseRequest, signer: Ed25519Signer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    request = held_back(request_, Released.HOLD_PASSED)
    return seal(request, tmp_path_factory.mktemp("堵车 案"), signer, SEALED_AT).path


@pytest.fixture(scope="module")
def case(sealed: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((sealed / "case.json").read_bytes())
    return loaded


def test_the_company_is_stated_and_for_the_reviewer_to_decide(
    sealed: Path, case: dict[str, Any], signer: Ed25519Signer
) -> None:
    report = verify(sealed, trusted_key=signer.fingerprint)
    assert report.ok and report.steps[10].outcome is Outcome.PASSED
    assert BLOCKER in case["case"]["approval_blocked_by"]
    company = case["violation"]["company"]
    assert (company["why"], company["came"], company["standing"]) == ("hold_passed", 3, 2)
    assert (company["since"], company["within_ns"]) == (at(17.5).isoformat(), 20 * S)
    assert company["others"][1] == {
        "place": ["0.25", "0.45", "0.35", "0.55"],
        "arrived": {"after": at(2).isoformat(), "by": at(4).isoformat()},
        "stands": True,
    }
    assert case["violation"]["stay"]["trace"]["held"] == [
        {
            "rule": "no-parking", "since": at(17.5).isoformat(), "until": at(18).isoformat(), "why": "hold_passed",
            "others": 3, "standing": 2,
        }
    ]  # fmt: skip


def test_the_readme_and_the_report_say_so_in_both_languages(sealed: Path, case: dict[str, Any]) -> None:
    zh, en = (sealed / "README.txt").read_text("utf-8").split("-" * 100)
    assert "可能是排队车流，须由复核人员判断是停放还是排队：另有 3 辆与其同处一线、先后停下" in zh
    assert "其中 2 辆仍未移动" in zh and "（03-02 08:00:02.0 至 03-02 08:00:06.0）" in zh
    flat = " ".join(en.split())
    assert "It may be standing traffic, and the reviewer has to decide whether it was parked or in a queue" in flat
    assert "3 others came to stand in one line with it" in flat and "2 of them stood there still" in flat
    why = why_json(case)
    assert why is not None
    assert [said for said in why["said"] if said["zh"].startswith("可能是排队车流")]
    assert BLOCKER in BLOCKERS


def test_what_stayed_on_after_the_others_says_so_and_nothing_bars_it(
    request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path
) -> None:
    request = held_back(request_, Released.COMPANY_LEFT)
    bundle = seal(request, tmp_path, signer, SEALED_AT).path
    assert verify(bundle, trusted_key=signer.fingerprint).ok
    sealed_case = json.loads((bundle / "case.json").read_bytes())
    assert BLOCKER not in sealed_case["case"]["approval_blocked_by"]
    assert any("此后其余大部驶离（仍停 0 辆）而该车未走" in said.zh for said in why_lines(request))
    assert "queue" not in told("no_parking", request.violation).en


def test_a_notice_says_that_it_may_be_traffic(request_: CaseRequest) -> None:
    said = told("no_parking", held_back(request_, Released.HOLD_PASSED).violation)
    assert said.zh == "已停留至少0分14秒，另有 3 辆与其先后停下，可能是排队车流"
    assert said.en == "it has stood for at least 0 min 14 s; 3 others came with it, so it may be standing traffic"


def test_what_was_not_held_back_is_as_it_was(request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    bundle = seal(request_, tmp_path, signer, SEALED_AT).path
    plain = json.loads((bundle / "case.json").read_bytes())
    assert "company" not in plain["violation"]
    assert BLOCKER not in plain["case"]["approval_blocked_by"]


def company(case: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = case["violation"]["company"]
    return found


def held(case: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = case["violation"]["stay"]["trace"]["held"][0]
    return found


LIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "the decision is taken from the reviewer": lambda c: c["case"]["approval_blocked_by"].remove(BLOCKER),
    "the company is left out": lambda c: c["violation"].pop("company"),
    "fewer came": lambda c: company(c).update(came=2),
    "more stood": lambda c: company(c).update(standing=3),
    "one is left out": lambda c: company(c)["others"].pop(),
    "another reason": lambda c: company(c).update(why="company_left"),
    "no reason": lambda c: company(c).update(why="ended"),
    "they came later": lambda c: company(c)["others"][0]["arrived"].update(by=at(18).isoformat()),
    "they came before they came": lambda c: company(c)["others"][0]["arrived"].update(after=at(3).isoformat()),
    "held back before the limit": lambda c: company(c).update(since=at(16.5).isoformat()),
    "held back after it fired": lambda c: company(c).update(since=at(19).isoformat()),
    "within no time": lambda c: company(c).update(within_ns=0),
    "the trace says less": lambda c: held(c).update(others=2),
    "the trace says otherwise": lambda c: held(c).update(why="ended"),
    "the trace is of another rule": lambda c: held(c).update(rule="other"),
    "the trace does not say": lambda c: c["violation"]["stay"]["trace"].pop("held"),
    "decided without a reason": lambda c: held(c).update(why=None),
    "over before it began": lambda c: held(c).update(until=at(17).isoformat()),
    "no list": lambda c: company(c).update(others={}),
    "no number": lambda c: held(c).update(standing="2"),
}


@pytest.mark.parametrize("name", LIES)
def test_what_contradicts_itself_is_refused(case: dict[str, Any], name: str) -> None:
    told_otherwise = copy.deepcopy(case)
    LIES[name](told_otherwise)
    try:
        faults = list(company_faults(told_otherwise))
    except ValueError as error:
        faults = [str(error)]
    assert faults
    assert not list(company_faults(case))


def test_the_verifier_names_it(sealed: Path, signer: Ed25519Signer, tmp_path: Path) -> None:
    bundle = tmp_path / sealed.name
    shutil.copytree(sealed, bundle)
    resign(bundle, signer, LIES["the decision is taken from the reviewer"])
    report = verify(bundle, trusted_key=signer.fingerprint)
    assert not report.ok and report.steps[10].outcome is Outcome.FAILED
    assert "approval_blocked_by" in report.steps[10].findings[0].what


def test_the_picture_shows_who_came_with_it(request_: CaseRequest) -> None:
    violation = held_back(request_, Released.HOLD_PASSED).violation
    assert members_at(violation, at(18).utc_ns) == (OTHERS[0].place, OTHERS[1].place), "those that stand there still"
    assert members_at(violation, at(4).utc_ns) == ()
    assert members_at(held_back(request_, Released.COMPANY_LEFT).violation, at(18).utc_ns) == ()
