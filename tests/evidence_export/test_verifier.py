"""Hostile but validly signed bundles, standing alone, exit codes, finding bundles, and verification by hand."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evidence_export.bag import canonical, layout
from evidence_export.errors import NotABundleError
from evidence_export.keys import Ed25519Signer
from evidence_export.verifier import find_bundles, verify, verify_all
from evidence_export.verifier.__main__ import as_text, main
from tests.evidence_export.helpers import resign, sign_bytes

ROOT = Path(__file__).parents[2]
BLOCKED = "cv2 av numpy onnxruntime onnx sqlalchemy pydantic PIL rfc8785 yaml typer rich vision streams models shapely"


def drop(case: dict[str, Any], *keys: str) -> None:
    for key in keys[:-1]:
        case = case[key]
    del case[keys[-1]]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda c: c.update(format="other"), "format"),
        (lambda c: c.update(version=2), "version"),
        (lambda c: c.update(version=True), "version"),
        (lambda c: c["files"][0].update(path="../../etc/passwd"), "may not be listed"),
        (lambda c: c["files"][0].update(path="/etc/passwd"), "may not be listed"),
        (lambda c: c["files"][0].update(path="case.json"), "may not be listed"),
        (lambda c: c["files"][0].update(path="extra.txt"), "no place"),
        (lambda c: c["files"].reverse(), "out of order"),
        (lambda c: c["files"].append(dict(c["files"][-1])), "twice"),
        (lambda c: c["files"].clear(), "not listed"),
        (lambda c: c["files"][0].update(size=-1), "size"),
        (lambda c: c["files"][0].update(size="9"), "size"),
        (lambda c: c["files"][0].update(sha256=c["files"][0]["sha256"].upper()), "hex"),
        (lambda c: c["files"][0].update(sm3="0" * 64), "SM3"),
        (lambda c: c["files"][0].update(derived_from={"parent": "data/none", "transform": "x"}), "parent"),
        (lambda c: c["files"][0].update(derived_from={"parent": c["files"][0]["path"], "transform": "x"}), "parent"),
        (lambda c: c["case"].update(id="SP-20260302-AAAAAAAAAAAA"), "does not follow"),
        (lambda c: c["case"].update(id="\x1b[2J"), "form"),
        (lambda c: c["violation"].update(zone="another"), "does not follow"),
        (lambda c: c["recordings"][0].update(sha256="0" * 64), "does not follow"),
        (lambda c: c["recordings"][0].update(decisive="yes"), "decisive"),
        (lambda c: c["policy"].update(sha256="0" * 64), "policy"),
        (lambda c: c["seal"].update(key_fingerprint="0" * 64), "another key"),
        (lambda c: c["seal"].update(algorithm="none"), "algorithm"),
        (lambda c: c["seal"].update(sealed_at="yesterday"), "sealed_at"),
        (lambda c: drop(c, "seal"), "missing"),
        (lambda c: drop(c, "violation", "stay"), "missing"),
        (lambda c: c.update(seal=[]), "missing"),
        (lambda c: c.update(files={}), "list"),
    ],
)
def test_a_signed_manifest_that_lies_or_is_malformed(
    bundle: Path, signer: Ed25519Signer, edit: Callable[[dict[str, Any]], object], words: str
) -> None:
    resign(bundle, signer, edit)
    report = verify(bundle)
    assert not report.ok
    assert words in as_text(report)
    assert "\x1b" not in as_text(report)


@pytest.mark.parametrize(
    "case",
    [
        b"",
        b"[]",
        b"null",
        b'"x"',
        b"{",
        b"\x00" * 100,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":NaN}',
        b'{"format":"streetproof-case","format":"streetproof-case"}',
        b'{"a":1.0}',
    ],
    ids=lambda data: str(data[:20]),
)
def test_signed_garbage(bundle: Path, signer: Ed25519Signer, case: bytes) -> None:
    sign_bytes(bundle, signer, case)
    report = verify(bundle)
    assert not report.ok and layout.CASE in report.culprits


def test_signed_but_not_canonical(bundle: Path, signer: Ed25519Signer) -> None:
    case = json.loads((bundle / layout.CASE).read_bytes())
    sign_bytes(bundle, signer, json.dumps(case, ensure_ascii=False, sort_keys=True).encode())
    report = verify(bundle)
    assert not report.ok and report.culprits == (layout.CASE,) and "canonical" in as_text(report)


def test_a_huge_case_json_is_not_read(bundle: Path) -> None:
    os.truncate(bundle / layout.CASE, 40 << 30)  # sparse
    assert verify(bundle).culprits == (layout.CASE,)


@pytest.mark.parametrize("name", [layout.SIGNATURE, layout.SITE_KEY, layout.TAG_MANIFEST, layout.README])
def test_no_huge_tag_file_is_read(bundle: Path, name: str) -> None:
    os.truncate(bundle / name, 1 << 40)
    assert verify(bundle).culprits == (name,)


def test_a_huge_payload_file_is_not_read(bundle: Path) -> None:
    os.truncate(bundle / "data" / "clip.mp4", 1 << 40)
    assert verify(bundle).culprits == ("data/clip.mp4",)


def test_very_many_files(bundle: Path) -> None:
    for number in range(layout.MAX_FILES + 5):
        (bundle / "data" / f"{number}.bin").touch()
    report = verify(bundle)
    assert not report.ok and "no bundle has so many" in as_text(report)


def test_very_deep_folders(bundle: Path) -> None:
    (bundle / "/".join(["data", *"abcdefghijklmn"])).mkdir(parents=True)
    assert "nested deeper" in as_text(verify(bundle))


def test_a_folder_where_a_file_must_be(bundle: Path) -> None:
    for name in (layout.SIGNATURE, layout.BAGIT):
        (bundle / name).unlink()
        (bundle / name).mkdir()
    report = verify(bundle)
    assert {layout.BAGIT, layout.SIGNATURE} <= {culprit.rstrip("/") for culprit in report.culprits}


def test_what_is_no_bundle_raises(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("hello, this is not a bundle at all, just some words in a file")
    for path in (tmp_path, note, tmp_path / "none", Path("/dev/null")):
        with pytest.raises(NotABundleError):
            verify(path)
        with pytest.raises(NotABundleError):
            verify_all(path)


def test_what_is_locked_is_told_with_how_to_open_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    locked = tmp_path / "移送 一.zip.age"
    locked.write_bytes(b"age-encryption.org/v1\n-> scrypt")
    assert main([str(locked)]) == 2
    told = capsys.readouterr().err
    assert "age -d -o" in told and "请先用" in told
    locked.write_bytes(b"age-encryption.com/v1")
    with pytest.raises(NotABundleError, match="neither a folder nor a zip"):
        verify(locked)


@pytest.mark.parametrize("key", ["", "00", "g" * 64, "/none.pem", "/dev/null"])
def test_a_trusted_key_that_cannot_be_read_raises(sealed_folder: Path, key: str) -> None:
    with pytest.raises(NotABundleError):
        verify(sealed_folder, trusted_key=key)


def test_bundles_in_a_folder_are_found(sealed_folder: Path, sealed_zip: Path, tmp_path: Path) -> None:
    shutil.copytree(sealed_folder, tmp_path / "b" / "案件 一")
    shutil.copytree(sealed_folder, tmp_path / "a" / "x.partial")
    shutil.copy(sealed_zip, tmp_path / "c.zip")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "report.html").write_text("x")
    assert find_bundles(tmp_path) == (tmp_path / "b" / "案件 一", tmp_path / "c.zip")
    assert [report.ok for report in verify_all(tmp_path)] == [True, True]
    (tmp_path / "b" / "案件 一" / layout.BAGIT).unlink()
    assert [report.ok for report in verify_all(tmp_path)] == [False, True]


def test_exit_codes_and_output(bundle: Path, signer: Ed25519Signer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(bundle), "--key", signer.fingerprint]) == 0
    assert "VERIFIED" in capsys.readouterr().out
    assert main([str(bundle), "--json"]) == 0
    [report] = json.loads(capsys.readouterr().out)
    assert report["ok"] and [step["number"] for step in report["steps"]] == list(range(1, 13))
    (bundle / layout.README).write_text("x")
    assert main([str(bundle), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)[0]["culprits"] == [layout.README]
    assert main([str(bundle / "none")]) == 2
    assert main([str(bundle), "--key", "nonsense"]) == 2


def test_the_verifier_stands_alone(sealed_folder: Path, sealed_zip: Path, tmp_path: Path) -> None:
    """Only the verifier's own files are copied out, and everything heavy is made unimportable."""
    for name in ("evidence_export/bag", "evidence_export/ledger", "evidence_export/verifier"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "streetproof").mkdir()
    for name in ("evidence_export/__init__.py", "evidence_export/errors.py", "streetproof/__init__.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "streetproof/errors.py", tmp_path / "streetproof/errors.py")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        f"sys.modules.update(dict.fromkeys({BLOCKED.split()!r}))\n"
        "from evidence_export.verifier.__main__ import main\n"
        f"import evidence_export; assert evidence_export.__file__.startswith({str(tmp_path)!r})\n"
        f"sys.exit(main([{str(sealed_folder)!r}]) or main([{str(sealed_zip)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_run_as_a_module(sealed_folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "evidence_export.verifier", str(sealed_folder)],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not shutil.which("openssl"), reason="install it with: apt-get install -y openssl")
def test_verification_by_hand_as_the_readme_says(bundle: Path, signer: Ed25519Signer) -> None:
    text = (bundle / layout.README).read_text(encoding="utf-8")
    commands = re.findall(r"^ {5}((?:sha256sum|openssl) .*)$", text, re.MULTILINE)
    assert len(commands) == 8 and commands[:4] == commands[4:]
    spec = (ROOT / "docs/evidence-format.md").read_text(encoding="utf-8")
    assert all(command in spec for command in commands)

    def run(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, shell=True, cwd=bundle, capture_output=True, text=True, check=False)

    results = [run(command) for command in commands[:4]]
    assert [result.returncode for result in results] == [0, 0, 0, 0]
    assert results[3].stdout.split()[0] == signer.fingerprint
    case = bundle / layout.CASE
    case.write_bytes(case.read_bytes().replace(b'"lead"', b'"case"'))
    assert run(commands[2]).returncode != 0
    assert run(commands[1]).returncode != 0


def test_canonical_is_what_case_json_is(sealed_folder: Path) -> None:
    data = (sealed_folder / layout.CASE).read_bytes()
    assert canonical.dumps(canonical.loads(data)) == data
