"""`streetproof mask`: from a bundle to masked copies, as a user runs it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence_export.bag.digest import digest_file
from evidence_export.keys import Ed25519Signer
from evidence_export.sealer import seal
from tests.evidence_export.conftest import SEALED_AT, make_request, write_recording
from tests.evidence_export.helpers import files_of
from tests.streetproof.commands import streetproof

LI = ("--purpose", "release", "--officer", "李明", "--licence", "33010001")


@pytest.fixture(scope="module")
def sealed_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("案件 库")
    recording = folder / "东门 20260302_080000.mp4"
    write_recording(recording, 30)
    signer = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    return seal(make_request(recording), folder / "cases", signer, SEALED_AT).path


def test_the_vehicles_place_alone_needs_no_model(sealed_folder: Path, tmp_path: Path) -> None:
    before = {name: digest_file(sealed_folder / name).sha256 for name in files_of(sealed_folder)}
    out = tmp_path / "副本 一"
    ran = streetproof(
        "mask", sealed_folder, "--out", out, "--scope", "all-but-vehicle", "--store", tmp_path / "none", *LI, "--json"
    )
    assert ran.code == 0, ran.err
    told = ran.json
    assert told.pop("entry") is None, "this bundle lies in no data folder"
    assert told["must_be_looked_at"] is True and told["models"] == [] and told["scope"] == "all-but-vehicle"
    assert {"masked.json", *(one["path"] for one in told["files"])} == {path.name for path in out.iterdir()}
    assert json.loads((out / "masked.json").read_bytes()) == told
    for one in told["files"]:
        assert one["sha256"] == digest_file(out / one["path"]).sha256
        assert one["derived_from"]["parent_sha256"] == before[one["derived_from"]["parent"]]
    assert {name: digest_file(sealed_folder / name).sha256 for name in files_of(sealed_folder)} == before


def test_what_a_person_has_to_know_is_said_in_both_languages(sealed_folder: Path, tmp_path: Path) -> None:
    for lang, words, none in (
        ("zh", "必须由人员逐一查看", "未记入存证日志"),
        ("en", "a person must look at each", "Entered in no ledger"),
    ):
        arguments = ("--scope", "all-but-vehicle", "--store", tmp_path / "none", "--lang", lang)
        ran = streetproof("mask", sealed_folder, "--out", tmp_path / lang, *arguments, *LI, width=200)
        assert ran.code == 0 and words in ran.out, ran.err
        assert none in ran.out, "nothing is left out in silence"


def test_a_model_that_is_not_here_is_named(sealed_folder: Path, tmp_path: Path) -> None:
    ran = streetproof("mask", sealed_folder, "--out", tmp_path / "out", "--store", tmp_path / "none", *LI)
    assert ran.code == 4 and "streetproof models pull yolov3-tiny" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_bundle_that_does_not_verify_is_not_masked(sealed_folder: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(sealed_folder, tmp_path / sealed_folder.name))
    (bundle / "README.txt").write_text("other words\n", encoding="utf-8")
    ran = streetproof("mask", bundle, "--out", tmp_path / "out", "--scope", "all-but-vehicle", *LI)
    assert ran.code == 1 and "does not verify" in ran.err and not (tmp_path / "out").exists()


@pytest.mark.parametrize("existing", [True, False])
def test_wrong_usage(sealed_folder: Path, tmp_path: Path, existing: bool) -> None:
    if existing:
        (tmp_path / "out").mkdir()
        ran = streetproof("mask", sealed_folder, "--out", tmp_path / "out", "--scope", "all-but-vehicle", *LI)
    else:
        ran = streetproof("mask", tmp_path, "--out", tmp_path / "out", "--scope", "all-but-vehicle", *LI)
    assert ran.code == 2
