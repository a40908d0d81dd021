"""The picture of ground before it was taken: which frame it is, what is said of it, and what a verifier refuses."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evidence_export.case import CaseRequest
from evidence_export.keys import Ed25519Signer
from evidence_export.plan import MAX_BEFORE_NS, clip_range, free_at
from evidence_export.sealer import seal
from evidence_export.verifier import verify
from evidence_export.verifier.before import before_faults
from streams.instant import Instant
from tests.evidence_export.conftest import SEALED_AT, at
from tests.evidence_export.test_kinds import OCCUPIED, of_kind


@pytest.fixture(scope="module")
def taking(request_: CaseRequest) -> CaseRequest:
    """Ground last seen free at 2 s, and taken from 4 s on."""
    return of_kind(request_, "occupation", occupied=OCCUPIED)


@pytest.fixture(scope="module")
def sealed(taking: CaseRequest, signer: Ed25519Signer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seal(taking, tmp_path_factory.mktemp("占道 案"), signer, SEALED_AT).path


@pytest.fixture(scope="module")
def case(sealed: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((sealed / "case.json").read_bytes())
    return loaded


def arriving(request: CaseRequest, free: Instant | None) -> CaseRequest:
    stay = replace(request.violation.stay, arrived=(free, at(4)))
    return replace(
        request, violation=replace(request.violation, stay=stay), stay=replace(request.stay, arrived=(free, at(4)))
    )


def test_the_frame_is_from_before_and_the_clip_begins_no_later(
    sealed: Path, case: dict[str, Any], signer: Ed25519Signer
) -> None:
    before = case["images"]["before"]
    assert (before["at"], before["pts"]) == (at(0).isoformat(), 0)
    still = np.asarray(Image.open(sealed / before["path"]))
    assert still[100, 160, 0] < 200, "no block stands there yet"
    shown = np.asarray(Image.open(sealed / case["images"]["panoramas"][0]["path"]))
    assert shown[100, 160, 0] > 180 and shown[100, 160, 2] < 80, "and then one does"
    assert case["clips"][0]["start"] <= before["at"]
    assert (sealed / before["overlay"]).exists()
    readme = (sealed / "README.txt").read_text("utf-8")
    assert "占用前的画面：data/stills/before.png，2026-03-02 08:00:00.0" in readme
    assert verify(sealed, trusted_key=signer.fingerprint).ok


def test_a_clip_begins_when_the_ground_was_free(taking: CaseRequest) -> None:
    later = arriving(taking, at(-100))
    assert (
        free_at(later.violation, later.limits.pre_roll_ns)
        == at(-100).utc_ns - later.limits.pre_roll_ns
        == clip_range(later).start_ns
    )
    assert free_at(arriving(taking, at(4).shifted(-MAX_BEFORE_NS - 1)).violation, 0) is None
    parked = replace(later, violation=replace(later.violation, occupied=None))
    assert clip_range(parked).start_ns == at(4).utc_ns - later.limits.pre_roll_ns


@pytest.mark.parametrize("free", [None, at(-100), at(-1000)])
def test_where_no_recording_shows_the_ground_free_that_is_said(
    taking: CaseRequest, signer: Ed25519Signer, tmp_path: Path, free: Instant | None
) -> None:
    """Nobody saw it free; it was free before the recording began; it was so too long before."""
    bundle = seal(arriving(taking, free), tmp_path, signer, SEALED_AT).path
    told = json.loads((bundle / "case.json").read_bytes())
    assert told["images"]["before"] == {"known": False} and not (bundle / "data/stills/before.png").exists()
    assert "占用前的画面：没有" in (bundle / "README.txt").read_text("utf-8")
    assert verify(bundle, trusted_key=signer.fingerprint).ok


def test_other_kinds_say_nothing_of_it(request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    bundle = seal(request_, tmp_path, signer, SEALED_AT).path
    told = json.loads((bundle / "case.json").read_bytes())
    assert "before" not in told["images"]


def _set(case: dict[str, Any], path: str, value: object) -> None:
    *keys, last = path.split(".")
    for key in keys:
        case = case[key]
    case[last] = value


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("images.before.at", at(5).isoformat(), "seen taken"),
        ("images.before.path", "data/stills/panorama-1.png", "not the file"),
        ("images.before.recording", 7, "not there"),
        ("images.before.recording", -1, "not there"),
        ("images.before", {"known": False}, "nothing is said of it"),
    ],
)
def test_what_contradicts_itself_is_found(case: dict[str, Any], path: str, value: object, words: str) -> None:
    changed = copy.deepcopy(case)
    assert list(before_faults(changed)) == []
    _set(changed, path, value)
    assert any(words in fault for fault in before_faults(changed))


def test_a_picture_of_another_recording_is_found(case: dict[str, Any]) -> None:
    changed = copy.deepcopy(case)
    listed = next(one for one in changed["files"] if one["role"] == "before")
    listed["derived_from"]["parent"] = f"recording:{'0' * 64}"
    assert any("another recording" in fault for fault in before_faults(changed))


@pytest.mark.parametrize(
    ("path", "value"), [("images.before.at", "yesterday"), ("images.before.pts", "0"), ("images.before", [])]
)
def test_what_is_malformed_is_refused(case: dict[str, Any], path: str, value: object) -> None:
    changed = copy.deepcopy(case)
    _set(changed, path, value)
    with pytest.raises(ValueError, match=r"."):
        list(before_faults(changed))
