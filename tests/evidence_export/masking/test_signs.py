"""The pictures of signs and obstruction of a case are masked like its panoramas."""

from __future__ import annotations

import copy
import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import rfc8785
from PIL import ExifTags
from PIL import Image as Picture

from evidence_export.case import CaseRequest
from evidence_export.errors import MaskError
from evidence_export.keys import Ed25519Signer
from evidence_export.masking.case import mask_case
from evidence_export.masking.interface import Scope
from evidence_export.sealer import seal
from tests.evidence_export.conftest import POLICY, SEALED_AT, moment
from tests.evidence_export.masking.test_case import FAST, STREET, case_of, grey
from vision.interface import Hindrance, RoadUser

PHOTO_SIZE = (320, 180)
SIGN = {"kind": "sign", "name": "禁停", "place": [[0.1, 0.2], [0.25, 0.2], [0.25, 0.4], [0.1, 0.4]]}
"""Before it stands whom the masking finds, and the sealer did not."""


def photo_of(file: Path) -> dict[str, str]:
    """A photograph that lies on its side, as telephones write them, and says where it was taken."""
    upright = Picture.fromarray(np.full((PHOTO_SIZE[1], PHOTO_SIZE[0], 3), (40, 60, 200), np.uint8))
    tags = Picture.Exif()
    tags[ExifTags.Base.Orientation] = 6
    tags[ExifTags.Base.Make] = "a telephone"
    upright.transpose(Picture.Transpose.ROTATE_90).save(file, quality=95, exif=tags)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    return {"file": file.name, "sha256": sha256, "taken_by": "张三", "taken_on": "2026-02-01"}


@pytest.fixture(scope="module")
def sealed(request_: CaseRequest, signer: Ed25519Signer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("照片") / "标志.jpg"
    photo = photo_of(file)
    policy: dict[str, Any] = {**POLICY, "zone": {**POLICY["zone"], "signs": [{**SIGN, "photo": photo}]}}
    seen = replace(moment(10), others=(RoadUser("bicycle", (0.62, 0.5, 0.66, 0.76), 0.75, came=True),))
    violation = replace(
        request_.violation,
        policy_hash=hashlib.sha256(rfc8785.dumps(policy)).hexdigest(),
        hindrance=Hindrance(7, 1, seen),
    )
    request = replace(request_, policy=policy, violation=violation, sign_photos={photo["sha256"]: file})
    return seal(request, tmp_path_factory.mktemp("标志 案"), signer, SEALED_AT).path


def test_each_has_its_masked_copy(sealed: Path, tmp_path: Path) -> None:
    case = case_of(sealed)
    made = mask_case(sealed, case, tmp_path / "out", detector=STREET, settings=FAST)
    names = {one.path: (one.role, one.parent) for one in made.files}
    assert names["obstruction.png"] == ("obstruction", "data/stills/obstruction.png")
    assert names["obstruction-overlay.png"] == ("overlay", "data/overlay/obstruction.png")
    assert names["sign-1.png"] == ("sign_close_up", "data/signs/sign-1.png")
    shown = {role for role, _ in names.values()}
    assert shown == {"panorama", "overlay", "obstruction", "sign_close_up", "sign_photo", "clip"}
    still = cv2.imread(str(tmp_path / "out/obstruction.png"))
    assert still is not None and grey(still, 0.17, 0.22) and grey(still, 0.8, 0.75)
    masked, original = (
        cv2.imread(str(path)) for path in (tmp_path / "out/sign-1.png", sealed / "data/signs/sign-1.png")
    )
    assert masked is not None and original is not None and masked.shape == original.shape
    assert (masked == 114).all(axis=2).mean() > 0.05 > (original == 114).all(axis=2).mean(), "the head before the sign"


def test_in_a_photograph_of_a_sign_every_vehicle_is_another(sealed: Path, tmp_path: Path) -> None:
    case = case_of(sealed)
    made = mask_case(sealed, case, tmp_path / "out", detector=STREET, settings=FAST)
    (one,) = [one for one in made.files if one.role == "sign_photo"]
    assert (one.path, one.parent) == ("photo-1.png", "data/signs/photo-1.jpg")
    assert (one.counts.people, one.counts.vehicles) == (2, 2), "the case's own vehicle is not in it"
    data = (tmp_path / "out/photo-1.png").read_bytes()
    assert b"telephone" not in data and b"telephone" in (sealed / one.parent).read_bytes()
    picture = cv2.imread(str(tmp_path / "out/photo-1.png"))
    assert picture is not None and (picture.shape[1], picture.shape[0]) == PHOTO_SIZE, "upright"
    assert grey(picture, 0.17, 0.22) and grey(picture, 0.8, 0.75) and grey(picture, 0.5, 0.7)
    assert (np.abs(picture[5, 5].astype(int) - (200, 60, 40)) < 12).all(), "what is nobody stays"


def test_without_a_model_nothing_of_a_photograph_is_shown(sealed: Path, tmp_path: Path) -> None:
    case = case_of(sealed)
    mask_case(sealed, case, tmp_path / "out", detector=None, scope=Scope.ALL_BUT_VEHICLE)
    picture = cv2.imread(str(tmp_path / "out/photo-1.png"))
    assert picture is not None and len(np.unique(picture.reshape(-1, 3), axis=0)) <= 4


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"0" * 40])
def test_what_is_no_photograph_stops_it(sealed: Path, tmp_path: Path, data: bytes) -> None:
    copied = Path(shutil.copytree(sealed, tmp_path / "案"))
    (copied / "data/signs/photo-1.jpg").write_bytes(data)
    case: Any = copy.deepcopy(case_of(sealed))
    (listed,) = [one for one in case["files"] if one["path"] == "data/signs/photo-1.jpg"]
    listed["sha256"] = hashlib.sha256(data).hexdigest()
    with pytest.raises(MaskError, match="PNG or JPEG"):
        mask_case(copied, case, tmp_path / "out", detector=STREET, settings=FAST)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("close_up", [{"panorama": "data/stills/none.png"}, {"cut": [300, 100, 90, 90]}, {"cut": "x"}])
def test_a_close_up_that_cannot_be_cut_stops_it(sealed: Path, tmp_path: Path, close_up: dict[str, Any]) -> None:
    case: Any = copy.deepcopy(case_of(sealed))
    case["images"]["signs"][0]["close_up"] |= close_up
    with pytest.raises(MaskError):
        mask_case(sealed, case, tmp_path / "out", detector=STREET, settings=FAST)
    assert not (tmp_path / "out").exists()
