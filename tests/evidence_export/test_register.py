"""What the camera register says against a case, as a bundle is sealed with it and a verifier reads it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from evidence_export.case import CaseRequest
from evidence_export.keys import Ed25519Signer
from evidence_export.procedure.procedure import ProcedureError
from evidence_export.procedure.states import State
from evidence_export.procedure.steps import Check, Confirm, Officer, Review
from evidence_export.sealer import seal
from evidence_export.verifier import verify
from streetproof.procedures.taking import replayed
from streetproof.settings.lint import warnings_of
from streetproof.settings.load import load_site
from tests.conftest import ROOT
from tests.evidence_export.conftest import SEALED_AT


def sealed(request: CaseRequest, signer: Ed25519Signer, folder: Path, **facts: str) -> dict[str, Any]:
    """The manifest of the case of a camera with these facts; its bundle verifies."""
    bundle = seal(replace(request, camera=replace(request.camera, **facts)), folder / "案 件", signer, SEALED_AT).path
    assert verify(bundle).ok
    case: dict[str, Any] = json.loads((bundle / "case.json").read_bytes())
    return case


@pytest.mark.parametrize(
    ("facts", "blocker"),
    [
        ({"calibration_valid_until": "2026-03-01"}, "calibration_expired"),
        ({"owner": "交警大队"}, "sharing_agreement_unknown"),
        ({"owner": None}, "owner_unknown"),
        ({"owner": " 　"}, "owner_unknown"),
    ],
)
def test_the_register_blocks(
    request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path, facts: dict[str, str], blocker: str
) -> None:
    case = sealed(request_, signer, tmp_path, **facts)
    assert blocker in case["case"]["approval_blocked_by"]
    # A version that did not judge it sealed it without: the procedure judges it all the same.
    case["case"]["approval_blocked_by"].remove(blocker)
    assert blocker in replayed(case, []).facts.blockers


def test_the_last_day_counts_at_the_site_and_changes_nothing(
    request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path
) -> None:
    fine = {"calibration_valid_until": "2026-03-02", "owner": "示范区 综合行政执法局"}
    case = sealed(request_, signer, tmp_path, **fine)
    assert not {"calibration_expired", "sharing_agreement_unknown", "owner_unknown"} & set(
        case["case"]["approval_blocked_by"]
    )


def test_what_was_confirmed_while_nobody_asked_for_the_owner_stays_confirmed(
    request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path
) -> None:
    """A case of an earlier version with its steps: they were right then, and a ledger is never rewritten."""
    policy = json.loads(json.dumps(request_.policy))
    basis = {
        "id": "dj-93",
        "statute": "道路交通安全法 第九十三条",
        "competence": "综合执法事项目录 第12项",
        "reviewed_by": "法制科",
    }
    policy["policy"]["rules"][0]["legal_basis"] = basis
    violation = replace(request_.violation, policy_hash=hashlib.sha256(rfc8785.dumps(policy)).hexdigest())
    case = sealed(replace(request_, policy=policy, violation=violation), signer, tmp_path)
    case["case"]["approval_blocked_by"] = ["not_reviewed"]
    case["camera"]["register"]["owner"] = {"known": False}
    li, wang = Officer(name="李明", licence="33010001"), Officer(name="王芳", licence="33010002")
    at = datetime(2026, 3, 3, 8, tzinfo=UTC)
    review = Review(at=at, by=li, checks=frozenset(Check))
    confirm = Confirm(at=at, by=wang, checks=frozenset(Check))
    with pytest.raises(ProcedureError, match="owner_unknown"):
        replayed(case, [review]).take(confirm)
    assert replayed(case, [review, confirm]).state is State.CONFIRMED


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"calibration_valid_until": date(2026, 5, 31)}, "calibration_expired"),
        ({"calibration_valid_until": date(2026, 6, 1)}, "ends on 2026-06-01, in 0 days"),
        ({"calibration_valid_until": date(2026, 7, 30)}, "in 59 days"),
        ({"calibration_valid_until": date(2026, 7, 31)}, None),
        ({"owner": "交警大队"}, "sharing_agreement_unknown"),
        ({"owner": "交警大队", "sharing_agreement": "协议 7"}, None),
    ],
)
def test_the_site_file_is_warned_of_what_will_block(changes: dict[str, object], told: str | None) -> None:
    site = load_site(ROOT / "configs/examples/parking.yaml").site
    register = site.cameras[0].register_.model_validate(changes)
    site = site.model_copy(update={"cameras": (site.cameras[0].model_copy(update={"register_": register}),)})
    found = [one for one in warnings_of(site, date(2026, 6, 1)) if "calibration" in one or "sharing" in one]
    assert found == [] if told is None else len(found) == 1 and told in found[0]
