"""The pictures of signs and obstruction of a case are masked like its panoramas."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import pytest
import rfc8785

from evidence_export.case import CaseRequest
from evidence_export.errors import MaskError
from evidence_export.keys import Ed25519Signer
from evidence_export.masking.case import mask_case
from evidence_export.sealer import seal
from tests.evidence_export.conftest import POLICY, SEALED_AT, moment
from tests.evidence_export.masking.test_case import FAST, STREET, case_of, grey
from vision.interface import Hindrance, RoadUser

SIGN = {"kind": "sign", "name": "禁停", "place": [[0.1, 0.2], [0.25, 0.2], [0.25, 0.4], [0.1, 0.4]]}
"""Before it stands whom the masking finds, and the sealer did not."""


@pytest.fixture(scope="module")
def sealed(request_: CaseRequest, signer: Ed25519Signer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    policy: dict[str, Any] = {**POLICY, "zone": {**POLICY["zone"], "signs": [SIGN]}}
    seen = replace(moment(10), others=(RoadUser("bicycle", (0.62, 0.5, 0.66, 0.76), 0.75, came=True),))
    violation = replace(
        request_.violation,
        policy_hash=hashlib.sha256(rfc8785.dumps(policy)).hexdigest(),
        hindrance=Hindrance(7, 1, seen),
    )
    request = replace(request_, policy=policy, violation=violation)
    return seal(request, tmp_path_factory.mktemp("标志 案"), signer, SEALED_AT).path


def test_each_has_its_masked_copy(sealed: Path, tmp_path: Path) -> None:
    case = case_of(sealed)
    made = mask_case(sealed, case, tmp_path / "out", detector=STREET, settings=FAST)
    names = {one.path: (one.role, one.parent) for one in made.files}
    assert names["obstruction.png"] == ("obstruction", "data/stills/obstruction.png")
    assert names["obstruction-overlay.png"] == ("overlay", "data/overlay/obstruction.png")
    assert names["sign-1.png"] == ("sign_close_up", "data/signs/sign-1.png")
    shown = {role for role, _ in names.values()}
    assert shown == {"panorama", "overlay", "obstruction", "sign_close_up", "clip"}
    still = cv2.imread(str(tmp_path / "out/obstruction.png"))
    assert still is not None and grey(still, 0.17, 0.22) and grey(still, 0.8, 0.75)
    masked, original = (
        cv2.imread(str(path)) for path in (tmp_path / "out/sign-1.png", sealed / "data/signs/sign-1.png")
    )
    assert masked is not None and original is not None and masked.shape == original.shape
    assert (masked == 114).all(axis=2).mean() > 0.05 > (original == 114).all(axis=2).mean(), "the head before the sign"


@pytest.mark.parametrize("close_up", [{"panorama": "data/stills/none.png"}, {"cut": [300, 100, 90, 90]}, {"cut": "x"}])
def test_a_close_up_that_cannot_be_cut_stops_it(sealed: Path, tmp_path: Path, close_up: dict[str, Any]) -> None:
    case: Any = copy.deepcopy(case_of(sealed))
    case["images"]["signs"][0]["close_up"] |= close_up
    with pytest.raises(MaskError):
        mask_case(sealed, case, tmp_path / "out", detector=STREET, settings=FAST)
    assert not (tmp_path / "out").exists()
