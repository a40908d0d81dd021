"""A re-check is a bundle: whatever is done to it is found and named, and signed lies about its outcome are told."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence_export.bag import forms, layout, rechecks
from evidence_export.keys import Ed25519Signer, SealingKeys, open_keys
from evidence_export.keys.files import generate, signer_of
from evidence_export.keys.management import NewKey, Secrets, init
from evidence_export.keys.ring import Role
from evidence_export.standalone.pyz import pyz_bytes
from evidence_export.verifier import find_bundles, verify
from evidence_export.verifier.__main__ import as_text
from evidence_export.verifier.chinese import chinese
from evidence_export.verifier.text import ZH
from tests.evidence_export.browser import Browser, agree, opened
from tests.evidence_export.helpers import files_of, flip
from tests.evidence_export.rechecks import DUE, make_recheck, resign
from vision import recheck as words

CASE = ("SP-20260302-ABCDEFGHIJKL", "12" * 32)
FIRST, SECOND = "data/stills/look-1.png", "data/stills/look-2.png"
Edit = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def keys(signer: Ed25519Signer) -> SealingKeys:
    return SealingKeys(signer)


@pytest.fixture(scope="module")
def made(keys: SealingKeys, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    out = tmp_path_factory.mktemp("复查 一")
    return {verdict: make_recheck(out, keys, CASE, verdict) for verdict in rechecks.VERDICTS}


@pytest.fixture
def copy(made: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made["corrected"], tmp_path / "复查"))


def said(path: Path) -> str:
    return "\n".join(f"{one.culprit}: {one.what}" for step in verify(path).steps for one in step.findings)


def test_the_words_are_those_of_whoever_judges() -> None:
    """The verifier stands alone, and cannot import them."""
    assert tuple(words.Verdict) == rechecks.VERDICTS
    assert set(words.Reason) == set(rechecks.REASONS)
    assert set(words.State) == set(rechecks.STATES)
    assert (words.ENOUGH_LOOKS, words.ENOUGH_NS) == (rechecks.ENOUGH_LOOKS, rechecks.ENOUGH_NS)


@pytest.mark.parametrize("verdict", rechecks.VERDICTS)
def test_it_verifies_and_tells_what_it_is_of(made: dict[str, Path], keys: SealingKeys, verdict: str) -> None:
    report = verify(made[verdict], trusted_key=keys.first.fingerprint)
    assert report.ok, as_text(report)
    assert [step.number for step in report.steps] == list(range(1, 10))
    assert report.recheck is not None
    told = report.recheck
    assert (told.case_id, told.case_sha256, told.verdict, told.due) == (*CASE, verdict, DUE)
    assert (report.case_id, report.manifest_sha256) == (None, None), "it is no case"
    zh = as_text(report, ZH)
    assert "复查结论" in zh and CASE[0] in zh and "案件清单" not in zh
    assert find_bundles(made[verdict].parent) == tuple(sorted(made.values()))


def test_one_of_a_stay_without_a_case(keys: SealingKeys, tmp_path: Path) -> None:
    report = verify(make_recheck(tmp_path, keys, None))
    assert report.ok and report.recheck is not None and report.recheck.case_id is None


def test_certificates_and_a_second_key_are_part_of_it(tmp_path: Path) -> None:
    ring = tmp_path / "ring"
    init(ring, "demo", (NewKey(Role.SEAL),), Secrets(), datetime(2026, 3, 1, tzinfo=UTC))
    certified = open_keys(ring)
    report = verify(make_recheck(tmp_path, certified, CASE), trusted_key=ring / "ca.cert.pem")
    assert report.ok and report.authority_fingerprint is not None, as_text(report)
    two = SealingKeys(signer_of(generate(layout.ECDSA)), second=signer_of(generate(layout.ED25519)))
    folder = make_recheck(tmp_path / "two", two, CASE)
    assert verify(folder).second_key_fingerprint == two.second.fingerprint if two.second else None
    (folder / forms.RECHECK.second_signature).unlink()
    assert verify(folder).culprits[0] == forms.RECHECK.second_signature


def positions(size: int) -> Iterator[tuple[int, int]]:
    dice = random.Random(size)
    return ((offset, dice.randrange(8)) for offset in range(dice.randrange(7), size, 7))


def test_a_flipped_bit_anywhere_names_the_one_file(copy: Path) -> None:
    names = files_of(copy)
    assert len(names) == 15
    for name in names:
        for offset, bit in positions((copy / name).stat().st_size):
            flip(copy / name, offset, bit)
            assert verify(copy).culprits == (name,), (name, offset)
            flip(copy / name, offset, bit)
    assert verify(copy).ok


def test_a_removed_file_is_named(copy: Path, made: dict[str, Path]) -> None:
    for name in files_of(copy):
        (copy / name).unlink()
        report = verify(copy)
        assert report.culprits == (name,), (name, report.culprits)
        shutil.copyfile(made["corrected"] / name, copy / name)


@pytest.mark.parametrize("name", ["data/stills/look-4.png", "note.txt", "release.txt", "data/clip.mp4"])
def test_an_added_file_is_named(copy: Path, name: str) -> None:
    (copy / name).write_bytes(b"x")
    assert verify(copy).culprits == (name,)


def test_swapped_pictures_are_both_named(copy: Path) -> None:
    first, second = (copy / FIRST).read_bytes(), (copy / SECOND).read_bytes()
    (copy / FIRST).write_bytes(second)
    (copy / SECOND).write_bytes(first)
    assert set(verify(copy).culprits) == {FIRST, SECOND}


def test_signed_anew_by_a_stranger_it_is_not_the_sites(copy: Path, keys: SealingKeys) -> None:
    stranger = SealingKeys(Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))))
    resign(copy, stranger)
    assert verify(copy).ok, "nobody vouches for its key"
    assert verify(copy, trusted_key=keys.first.fingerprint).culprits == (layout.SITE_KEY,)


def test_one_of_before_is_no_bundle_of_this_format(copy: Path, keys: SealingKeys) -> None:
    resign(copy, keys, lambda root: root.update(version=1))
    assert "format version 1, where this verifier knows 2 only" in said(copy)


def shown(number: int, **changes: object) -> Edit:
    return lambda root: root["shown"][number].update(changes)


def outcome(**changes: object) -> Edit:
    return lambda root: root["outcome"].update(changes)


def other_parent(root: dict[str, Any]) -> None:
    next(one for one in root["files"] if one["path"] == "data/overlay/look-1.png")["derived_from"]["parent"] = SECOND


def of_another_recording(root: dict[str, Any]) -> None:
    listed = next(one for one in root["files"] if one["path"] == FIRST)
    listed["derived_from"]["parent"] = f"recording:{'ef' * 32}"


def one_for_two(root: dict[str, Any]) -> None:
    root["shown"][1].update(still=root["shown"][0]["still"], overlay=root["shown"][0]["overlay"])


LIES: list[tuple[str, Edit, str]] = [
    ("corrected", outcome(verdict="perhaps"), "outcome.verdict is none of"),
    ("corrected", outcome(reason="hidden"), "a reason why nobody can tell, where somebody can"),
    ("cannot_tell", outcome(reason=None), "nobody can tell, and no known reason says why"),
    ("cannot_tell", outcome(reason="bored"), "nobody can tell, and no known reason says why"),
    ("cannot_tell", outcome(reason="no_footage"), "there were looks exactly where there was footage"),
    ("cannot_tell", outcome(verdict="corrected", reason=None), "do not show the place in order"),
    ("cannot_tell", outcome(verdict="not_corrected", reason=None), "outcome.violation"),
    ("not_corrected", outcome(verdict="corrected", violation=None), "do not show the place in order"),
    ("not_corrected", outcome(violation=None), "outcome.violation"),
    ("corrected", shown(1, state="taken"), "do not show the place in order"),
    ("not_corrected", shown(1, state="free"), "do not show the place taken"),
    ("corrected", outcome(looks={"free": 9}), "not seen in order for long enough"),
    ("corrected", outcome(free_ns=59_000_000_000), "not seen in order for long enough"),
    ("corrected", outcome(free_ns=10**15), "outcome.free_ns"),
    ("corrected", outcome(looks={"free": 600, "odd": 1}), "odd is no state of a place"),
    ("corrected", outcome(looks={}), "there were looks exactly where there was footage"),
    ("cannot_tell", outcome(looks={"hidden": 600}), "a state is shown that no look had"),
    ("cannot_tell", outcome(looks={"hidden": 1, "free": 1}), "fewer looks were taken than are shown"),
    ("not_corrected", lambda root: root["outcome"]["violation"].update(rule="another"), "another rule or zone"),
    (
        "not_corrected",
        lambda root: root["outcome"]["violation"].update(dwell_lower_bound_ns=12_000_000_000),
        "does not pass what the rule allows",
    ),
    ("not_corrected", lambda root: root["outcome"]["violation"]["moments"].pop(), "none of the violation that was"),
    ("corrected", shown(2, at="2026-03-03T01:10:00.000000001Z"), "not of the time that was asked for"),
    ("corrected", lambda root: root["shown"].reverse(), "not in order of time"),
    ("corrected", lambda root: root["asked"].update(until=DUE), "it ends before it begins"),
    ("corrected", shown(0, recording=1), "of a recording that is not there"),
    ("corrected", shown(0, recording=-1), "of a recording that is not there"),
    ("corrected", of_another_recording, "made from something else than the look"),
    ("corrected", other_parent, "made from something else than the look"),
    ("corrected", one_for_two, "one picture stands for two looks"),
    ("corrected", lambda root: root["shown"].pop(), "it is a picture of no look that is shown"),
    ("corrected", shown(0, still={"path": FIRST, "sha256": "0" * 64}), "not the picture that stands for the look"),
    ("corrected", shown(0, still={"path": "README.txt", "sha256": "0" * 64}), "not the picture that stands"),
    ("corrected", lambda root: root["original"].pop("case_sha256"), "original.case_sha256 is missing"),
    ("corrected", lambda root: root["original"].update(case="SP-1"), "original.case has no valid form"),
    ("corrected", lambda root: root["site"].pop("id"), "site.id is missing"),
    ("corrected", lambda root: root["asked"].update(due="soon"), "no UTC time with nine decimals"),
]  # fmt: skip


@pytest.mark.parametrize(("verdict", "edit", "what"), LIES)
def test_a_signed_lie_about_the_outcome_is_told(
    made: dict[str, Path], keys: SealingKeys, tmp_path: Path, verdict: str, edit: Edit, what: str
) -> None:
    """Also in Chinese."""
    folder = resign(Path(shutil.copytree(made[verdict], tmp_path / "x")), keys, edit)
    report = verify(folder)
    assert not report.ok and what in said(folder), said(folder)
    for step in report.steps:
        for one in step.findings:
            assert chinese(one.what) != one.what, one.what


def test_its_own_verifier_needs_python_alone(copy: Path, tmp_path: Path) -> None:
    pyz = tmp_path / "verify.pyz"
    pyz.write_bytes(pyz_bytes())
    command = [sys.executable, "-I", "-S", str(pyz), str(copy), "--lang", "zh"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "验证通过" in done.stdout and "所复查的案件" in done.stdout
    (copy / FIRST).write_bytes(b"another picture")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and FIRST in done.stdout


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with opened(tmp_path_factory.mktemp("页 面")) as found:
        yield found
        assert found.errors == []


def test_the_page_does_its_seven_steps_and_says_that_the_outcome_is_not_among_them(
    browser: Browser, copy: Path, keys: SealingKeys
) -> None:
    report = agree(browser, copy, key=keys.first.fingerprint)
    assert report["verdict"] == "verified" and report["isRecheck"] and report["recheckOf"] == CASE[0]
    shown_text = browser.page.inner_text("#result")
    assert "含复查结论）本页不做" in shown_text and "recheck.json 仅写明" in shown_text
    for name in files_of(copy)[::2]:
        flip(copy / name, 0, 2)
        assert name in agree(browser, copy, alike=False)["culprits"], name
        flip(copy / name, 0, 2)
