"""What a verdict stood on beside one plain limit stands in the case, and in no other case."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from evidence_export.case import CaseRequest
from evidence_export.keys import Ed25519Signer
from evidence_export.sealer import seal
from evidence_export.verifier import verify
from tests.evidence_export.conftest import SEALED_AT, S
from vision.interface import CalendarFacts, DayFact, Grounds

DAYS = (
    DayFact("2026-03-01", "sun", "restday", True, None),
    DayFact("2026-03-02", "mon", "workday", True, None),
)
GROUNDS = Grounds(
    grace_ns=S,
    exemption="装卸",
    ordinary_ns=0,
    exempt_ns=(("装卸", 14 * S),),
    sightings=(("car", 1), ("小货车", 7)),
    classes=("car", "小货车"),
    calendar=CalendarFacts("chinesecalendar", "1.11.0", "ef" * 32, DAYS),
)


def sealed(request: CaseRequest, grounds: Grounds | None, folder: Path, signer: Ed25519Signer) -> Path:
    return seal(replace(request, violation=replace(request.violation, grounds=grounds)), folder, signer, SEALED_AT).path


def read(bundle: Path) -> dict[str, object]:
    return json.loads((bundle / "case.json").read_bytes())


def test_the_case_states_the_grounds_and_verifies(request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    bundle = sealed(request_, GROUNDS, tmp_path, signer)
    assert verify(bundle, trusted_key=signer.fingerprint).ok
    case = read(bundle)
    assert case["violation"]["grounds"] == {
        "grace_ns": S,
        "exemption": "装卸",
        "ordinary_ns": 0,
        "exempt": [{"exemption": "装卸", "counted_ns": 14 * S}],
        "sightings": [{"cls": "car", "count": 1}, {"cls": "小货车", "count": 7}],
        "classes": ["car", "小货车"],
        "calendar": {
            "source": "chinesecalendar",
            "version": "1.11.0",
            "sha256": "ef" * 32,
            "days": [
                {"date": "2026-03-01", "weekday": "sun", "kind": "restday", "known": True, "name": None},
                {"date": "2026-03-02", "weekday": "mon", "kind": "workday", "known": True, "name": None},
            ],
        },
    }
    assert "calendar_year_unknown" not in case["case"]["approval_blocked_by"]


def test_a_day_that_nobody_knows_blocks_approval(request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    calendar = GROUNDS.calendar
    assert calendar is not None
    guessed = replace(calendar, days=(DAYS[0], replace(DAYS[1], known=False)))
    bundle = sealed(request_, replace(GROUNDS, calendar=guessed), tmp_path, signer)
    assert verify(bundle, trusted_key=signer.fingerprint).ok
    assert "calendar_year_unknown" in read(bundle)["case"]["approval_blocked_by"]


def test_a_case_of_one_plain_limit_has_no_grounds(sealed_folder: Path) -> None:
    assert "grounds" not in read(sealed_folder)["violation"]
