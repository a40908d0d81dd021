"""`verify.pyz` on a machine that has Python and nothing else, and on one that has `cryptography`."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evidence_export.bag import certificate, layout, sm3
from evidence_export.keys import Ed25519Signer, SealingKeys, open_keys
from evidence_export.keys.files import generate, signer_of
from evidence_export.keys.management import NewKey, Secrets, init
from evidence_export.keys.ring import CA_CERTIFICATE, CA_CRL, Role
from evidence_export.standalone.pyz import pyz_bytes
from evidence_export.verifier import Outcome, Verdict, verify
from evidence_export.verifier.chinese import SENTENCES, chinese
from evidence_export.verifier.text import EN, ZH, as_text
from tests.conftest import ROOT
from tests.evidence_export.helpers import flip, reseal
from tests.spoken import sentences


@pytest.fixture(scope="module")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("法院 电脑") / "verify.pyz"
    path.write_bytes(pyz_bytes())
    return path


def run(pyz: Path, *arguments: object, bare: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    """`bare`: without site packages, so without `cryptography`, and with no folder of this project in reach."""
    options = ("-I", "-S") if bare else ()
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environment
    command = [sys.executable, *options, str(pyz), *map(str, arguments)]
    return subprocess.run(command, cwd=pyz.parent, env=env, capture_output=True, text=True, check=False)


def report(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    [found] = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_it_is_the_same_byte_for_byte_in_another_process_and_place(tmp_path: Path) -> None:
    program = "import sys; from evidence_export.standalone.pyz import pyz_bytes; sys.stdout.buffer.write(pyz_bytes())"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7", "TZ": "Asia/Shanghai", "LC_ALL": "C"}
    other = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=env, capture_output=True, check=True)
    assert other.stdout == pyz_bytes()
    with zipfile.ZipFile(io.BytesIO(pyz_bytes())) as archive:
        assert archive.testzip() is None
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.namelist() == sorted(archive.namelist())


@pytest.mark.parametrize("bare", [True, False], ids=["python alone", "with cryptography"])
@pytest.mark.parametrize("algorithm", layout.ALGORITHMS)
def test_every_algorithm_with_and_without_cryptography(pyz: Path, bundle: Path, algorithm: str, bare: bool) -> None:
    pytest.importorskip("gmssl")
    second = signer_of(generate(layout.ED25519 if algorithm == layout.SM2 else layout.SM2))
    keys = SealingKeys(signer_of(generate(algorithm)), second=second)
    reseal(bundle, keys)
    done = run(pyz, bundle, "--key", keys.first.fingerprint, "--json", bare=bare)
    assert done.returncode == 0, done.stdout + done.stderr
    assert report(done)["verdict"] == "verified"
    assert ("not installed" in done.stderr) is bare
    assert run(pyz, bundle, "--key", "0" * 64, bare=bare).returncode == 1
    for name in (layout.CASE, layout.SIGNATURE, layout.SECOND_SIGNATURE, "data/clip.mp4"):
        flip(bundle / name, 9, 1)
        done = run(pyz, bundle, "--json", bare=bare)
        assert done.returncode == 1 and report(done)["culprits"] == list(verify(bundle).culprits)
        flip(bundle / name, 9, 1)


def test_certificates_are_not_passed_over_in_silence(pyz: Path, bundle: Path, tmp_path: Path) -> None:
    ring = tmp_path / "ring"
    init(ring, "demo", (NewKey(Role.SEAL),), Secrets(), datetime(2026, 3, 1, tzinfo=UTC))
    reseal(bundle, open_keys(ring))
    authority = certificate.load((ring / CA_CERTIFICATE).read_bytes()).fingerprint
    for trusted in ((), ("--key", authority), ("--key", open_keys(ring).first.fingerprint)):
        done = run(pyz, bundle, *trusted, "--json")
        assert done.returncode == 3, done.stdout + done.stderr
        found = report(done)
        assert (found["ok"], found["verdict"], found["culprits"]) == (False, "incomplete", [])
        assert [step["number"] for step in found["steps"] if step["outcome"] != "passed"] == [12]
        assert report(run(pyz, bundle, *trusted, "--json", bare=False))["verdict"] == "verified"
    assert run(pyz, bundle, "--key", "ab" * 32).returncode == 1
    for option, file in (("--crl", CA_CRL), ("--key", CA_CERTIFICATE)):
        done = run(pyz, bundle, option, ring / file)
        assert done.returncode == 2 and "not installed" in done.stderr
    said = run(pyz, bundle, "--lang", "zh").stdout
    assert said.startswith("本机未安装") and "[未验] 密钥证书" in said and "未发现问题，但有步骤未能核验" in said


def test_where_openssl_has_no_sm3_it_says_so(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sm3, "new", None)
    found = verify(bundle)
    assert found.verdict is Verdict.INCOMPLETE and not found.ok
    assert found.steps[5].outcome is Outcome.NOT_CHECKED and "SM3 is not checked" in found.steps[5].detail
    assert "SM3 未核对" in as_text(found, ZH)
    flip(bundle / "data/clip.mp4", 5, 1)
    assert verify(bundle).culprits == ("data/clip.mp4",)


def test_its_exit_codes_and_languages(pyz: Path, bundle: Path, signer: Ed25519Signer) -> None:
    both, zh, en = (run(pyz, bundle, "--lang", one) for one in ("both", "zh", "en"))
    assert {both.returncode, zh.returncode, en.returncode} == {0}
    assert "验证通过  VERIFIED" in both.stdout and "VERIFIED" not in zh.stdout
    assert all(one.isascii() for one in en.stdout.replace(str(bundle), ""))
    assert run(pyz, bundle / "none").returncode == 2
    assert run(pyz).returncode == 2
    plain = run(pyz, bundle, bare=False, PYTHONIOENCODING="ascii:strict")
    assert plain.returncode == 0 and "VERIFIED" in plain.stdout, "a terminal without Chinese"
    (bundle / layout.README).unlink()
    assert run(pyz, bundle).returncode == 1


def test_an_older_python_is_told_so(pyz: Path) -> None:
    with zipfile.ZipFile(pyz) as archive:
        source = archive.read("__main__.py").decode()
    checked = source.split("from evidence_export", maxsplit=1)[0].replace("sys.version_info", "(3, 8)")
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer; this is 3\.8"):
        exec(checked, {})


WITH_THEIR_CHINESE = {
    "__main__.py": "made for the file: it tells an older Python so, in both languages",
    "evidence_export/verifier/__main__.py": "options and exit codes, in both languages at once",
    "evidence_export/verifier/chinese.py": "the Chinese itself",
    "evidence_export/verifier/chinese_images.py": "the Chinese itself",
    "evidence_export/verifier/chinese_ledger.py": "the Chinese itself",
    "evidence_export/verifier/chinese_recheck.py": "the Chinese itself",
    "evidence_export/verifier/chinese_release.py": "the Chinese itself",
    "evidence_export/verifier/report.py": "what no verifier can know, in pairs of names",
}
"""Modules of the verifier that need no look: their Chinese stands in them."""
OTHERWISE = {
    "an anti-forgery code is made of a SHA-256": "a mistake of the program",
    "X, sealed at X, X files listed": "begins with `case` or `release`; see the table",
}
"""Sentences that are not told as they stand, and why."""


def modules() -> list[str]:
    """All that the single file is made of."""
    with zipfile.ZipFile(io.BytesIO(pyz_bytes())) as archive:
        names = [name for name in archive.namelist() if name.endswith(".py")]
    assert set(WITH_THEIR_CHINESE) < set(names)
    return sorted(set(names) - set(WITH_THEIR_CHINESE))


def test_every_sentence_has_its_chinese() -> None:
    """Read from the source of every module that the verifier is made of, whichever come to be."""
    said = {one: path for path in modules() for one in sentences(path)}
    assert {path.rpartition("/")[2] for path in said.values()} >= {
        "bagsteps.py", "checkpoint.py", "code.py", "entries.py", "key.py", "proceeding.py", "release.py",
        "releasemanifest.py", "steps.py", "timestamp.py", "zipcontainer.py",
    }  # fmt: skip
    # A gap that begins the sentence may be the name of a place, or a sentence of its own.
    lacking = {one for one in said if chinese(one) == one and chinese(f"violation: {one}") == f"violation: {one}"}
    assert {f"{said[one]}: {one}" for one in lacking - set(OTHERWISE)} == set()
    assert set(OTHERWISE) <= lacking, "one is told as it stands"


def test_no_part_of_a_sentence_stays_english() -> None:
    """A looser sentence of the table could swallow the words of another, and leave them as they are."""
    told = {chinese(one) for path in modules() for one in sentences(path) if chinese(one) != one}
    assert not {one for one in told if re.search(r"\b(the|a|an|is|are|was|not|no|it|its|with|has|be|must)\b", one)}


def test_json_has_the_chinese_beside_each_sentence(pyz: Path, bundle: Path) -> None:
    flip(bundle / "data/clip.mp4", 9, 1)
    (bundle / "more.txt").write_bytes(b"x")
    done = run(pyz, bundle, "--json")
    found = report(done)
    for step in found["steps"]:
        assert step["detail_zh"] == chinese(step["detail"]) != step["detail"]
        for one in step["findings"]:
            assert set(one) == {"culprit", "what", "what_zh"} and one["what_zh"] == chinese(one["what"]) != one["what"]
    told = {one["culprit"]: one["what_zh"] for step in found["steps"] for one in step["findings"]}
    assert told["more.txt"].startswith("不属于证据包") and told["data/clip.mp4"].startswith("其 SHA-256 为")
    assert found["cannot_know_zh"] and found["steps"][0]["title_zh"]


def test_what_cannot_be_verified_at_all_is_told_in_chinese_with_what_to_do(pyz: Path, tmp_path: Path) -> None:
    said = run(pyz, tmp_path / "none", "--lang", "zh").stderr
    assert "错误：没有这样的文件或文件夹" in said and "请指定含有 bagit.txt 和 case.json 的文件夹，或其 zip" in said


def test_gaps_of_translations_are_the_same() -> None:
    for english, translated in SENTENCES.items():
        gaps = english.count("{}")
        assert translated.format(*(f"<{number}>" for number in range(gaps))).count("<") == gaps, english


def test_a_failed_report_is_chinese_throughout(bundle: Path) -> None:
    (bundle / "more.txt").write_bytes(b"x")
    flip(bundle / layout.CASE, 30, 0)
    told = as_text(verify(bundle), ZH)
    assert "没有有效签名，case.json 不可信" in told and "case.json is" not in told
    assert "FAILED" in as_text(verify(bundle), EN)


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_bundle_brings_the_verifier_that_verifies_it(
    form: str, sealed_folder: Path, sealed_zip: Path, tmp_path: Path, signer: Ed25519Signer
) -> None:
    """It is what the authority hands out, so that whoever doubts it can compare; running it changes nothing."""
    if form == "zip":
        with zipfile.ZipFile(sealed_zip) as archive:
            archive.extractall(tmp_path)
    else:
        shutil.copytree(sealed_folder, tmp_path / sealed_folder.name)
    inside = tmp_path / sealed_folder.name
    own = inside / layout.OWN_VERIFIER
    assert own.read_bytes() == pyz_bytes()
    options = ["-I", "-S", layout.OWN_VERIFIER, "--key", signer.fingerprint]
    done = subprocess.run([sys.executable, *options, "."], cwd=inside, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and sealed_folder.name in done.stdout, done.stdout + done.stderr
    assert verify(inside, trusted_key=signer.fingerprint).ok, "it left something behind"
    flip(own, 9_000, 1)
    assert verify(inside).culprits == (layout.OWN_VERIFIER,)
