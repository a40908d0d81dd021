"""A release carries the re-checks of its case: each verifies by itself, and says what the procedure says of it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence_export.bag import layout, releases
from evidence_export.bag.releases import Profile
from evidence_export.errors import SealError
from evidence_export.keys import Ed25519Signer, SealingKeys
from evidence_export.ledger.entry import Kind
from evidence_export.release.carried import opened
from evidence_export.release.interface import RecheckFact, ReleaseRequest
from evidence_export.release.rechecks import opened_recheck
from evidence_export.verifier import VerificationReport, verify
from evidence_export.verifier.chinese import chinese
from tests.evidence_export.browser import Browser, agree
from tests.evidence_export.browser import opened as opened_page
from tests.evidence_export.helpers import files_of, flip
from tests.evidence_export.rechecks import DUE, make_recheck
from tests.evidence_export.rechecks import resign as resign_recheck
from tests.evidence_export.release.conftest import Office, copied, resign
from tests.evidence_export.release.test_schema import VALIDATOR

Edit = Callable[[dict[str, Any]], object]
FOLDER = f"{releases.RECHECKS}01/"
SEEN = "2026-03-03T09:00:00+08:00"


def sha256_of(folder: Path) -> str:
    return hashlib.sha256((folder / layout.RECHECK).read_bytes()).hexdigest()


def seen(office: Office, out: Path, verdict: str = "not_corrected", due: str = DUE, edit: Edit | None = None) -> Path:
    """A re-check that the ledger tells of."""
    about = (office.case_id, opened(office.bundle).manifest_sha256)
    folder = make_recheck(out, office.keys, about, verdict, due, edit)
    office.enter(
        Kind.CASE_RECHECKED,
        "daemon",
        manifest_sha256=opened(office.bundle).manifest_sha256,
        recheck_sha256=sha256_of(folder),
        verdict=verdict,
        due=due,
        key_fingerprint=office.keys.first.fingerprint,
        folder=f"rechecks/{folder.name}",
    )
    return folder


def stepped(office: Office, sha256: str, verdict: str = "not_corrected", seen_at: str = SEEN) -> None:
    told = {"verdict": verdict, "seen_at": seen_at, "evidence_sha256": sha256}
    office.step("甲", "recheck", "2026-03-03T10:00:00+08:00", **told)


def asked(office: Office, *folders: Path, profile: Profile = Profile.FULL) -> ReleaseRequest:
    request = office.request(profile)
    for number, folder in enumerate(folders, start=1):
        place, carried = f"{releases.RECHECKS}{number:02d}/", opened_recheck(folder, sha256_of(folder))
        parts = (*request.parts, *carried.parts(place, profile))
        request = replace(request, parts=parts, rechecks=(*request.rechecks, carried.fact(place, profile)))
    return request


@pytest.fixture
def folder(office: Office, tmp_path: Path) -> Path:
    """A re-check that a step of the procedure stands on."""
    made = seen(office, tmp_path / "复查")
    stepped(office, sha256_of(made))
    return made


@pytest.fixture
def full(office: Office, folder: Path, tmp_path: Path) -> Path:
    return office.released(tmp_path / "移送 包", asked(office, folder))


def said(report: VerificationReport) -> str:
    return "\n".join(f"{one.culprit}: {one.what}" for step in report.steps for one in step.findings)


def root_of(path: Path) -> dict[str, Any]:
    root: dict[str, Any] = json.loads((path / layout.RELEASE).read_bytes())
    return root


def test_a_full_release_carries_each_whole(full: Path, folder: Path, office: Office) -> None:
    report = verify(full, trusted_key=office.keys.first.fingerprint)
    assert report.ok, said(report)
    assert [step.number for step in report.steps] == list(range(1, 15))
    assert report.steps[13].detail == (
        "of 1 re-checks 1 whole, 0 without pictures, 0 named only; what is carried passed all its steps"
    )
    inside = full / FOLDER
    assert files_of(inside) == files_of(folder)
    assert all((inside / name).read_bytes() == (folder / name).read_bytes() for name in files_of(inside))
    assert verify(inside, trusted_key=office.keys.first.fingerprint).ok
    root = root_of(full)
    assert root["revision"] == 1
    assert root["rechecks"] == [
        {
            "folder": FOLDER,
            "sha256": sha256_of(folder),
            "key_fingerprint": office.keys.first.fingerprint,
            "withheld": [],
        }
    ]
    assert [one.message for one in VALIDATOR.iter_errors(root)] == []
    assert "data/rechecks/ " in (full / "README.txt").read_text("utf-8")


def test_an_outgoing_release_leaves_the_pictures_at_home(office: Office, folder: Path, tmp_path: Path) -> None:
    path = office.released(tmp_path / "out", asked(office, folder, profile=Profile.OUTGOING))
    report = verify(path)
    assert report.ok, said(report)
    assert "0 whole, 1 without pictures, 0 named only" in report.steps[13].detail
    (told,) = root_of(path)["rechecks"]
    pictures = {name for name in files_of(folder) if name.endswith(".png")}
    assert {one["path"] for one in told["withheld"]} == pictures and len(pictures) == 6
    assert set(files_of(folder)) - set(files_of(path / FOLDER)) == pictures
    carried = {hashlib.sha256(one.read_bytes()).hexdigest() for one in path.rglob("*") if one.is_file()}
    assert not carried & {one["sha256"] for one in told["withheld"]}
    assert "未随附的复查图片：6 张" in (path / "README.txt").read_text("utf-8")
    assert [one.message for one in VALIDATOR.iter_errors(root_of(path))] == []
    still = "data/stills/look-1.png"
    smuggled = copied(path, tmp_path / "1")
    shutil.copy(folder / still, smuggled / "data/harmless.png")
    assert "data/harmless.png: it is a picture of a re-check" in said(verify(resign(smuggled, office.keys)))
    whole = copied(path, tmp_path / "2")

    def nothing_held(root: dict[str, Any]) -> None:
        root["rechecks"][0]["withheld"].pop()

    assert f"{FOLDER}data/stills/look-3.png: step 5: it is missing" in said(
        verify(resign(whole, office.keys, nothing_held))
    )


def test_every_changed_file_of_one_is_named(full: Path, office: Office, tmp_path: Path) -> None:
    """Without the key, and by somebody who has the release's key and signs it anew."""
    for number, name in enumerate(files_of(full / FOLDER)):
        bundle = copied(full, tmp_path / str(number))
        flip(bundle / FOLDER / name, 0, 1)
        assert f"{FOLDER}{name}" in verify(bundle).culprits
        report = verify(resign(bundle, office.keys))
        assert any(name in one for step in report.steps[13:] for one in [f.culprit for f in step.findings]), name
        shutil.rmtree(bundle)


@pytest.mark.parametrize("start", [DUE, None, "its own"])
def test_one_that_looked_at_the_case_itself_is_told(office: Office, tmp_path: Path, start: str | None) -> None:
    """Renamed to after the deadline, the recording of the violation would show that nothing was corrected. A long one
    may show both: under its own time it is what it says."""
    mine = opened(office.bundle).manifest["recordings"][0]
    told = {
        "name": "门.mp4",
        "size": 1,
        "sha256": mine["sha256"],
        "start": mine["start"] if start == "its own" else start,
    }
    folder = seen(office, tmp_path / "复查", edit=lambda root: root["recordings"].append(told))
    if start == "its own":
        assert verify(office.released(tmp_path / "out", asked(office, folder))).ok
        return
    with pytest.raises(SealError, match="it looked at a recording of the case, under another time"):
        office.released(tmp_path / "out", asked(office, folder))
    assert chinese(f"it looked at a recording of the case, under another time: {mine['sha256']}").startswith("所看的")


def test_a_file_that_belongs_to_none_is_named(full: Path, office: Office, tmp_path: Path) -> None:
    for number, name in enumerate((f"{FOLDER}data/more.png", f"{releases.RECHECKS}02/recheck.json")):
        bundle = copied(full, tmp_path / str(number))
        (bundle / name).parent.mkdir(exist_ok=True)
        (bundle / name).write_bytes(b"x")
        report = verify(resign(bundle, office.keys))
        assert [one.culprit for one in report.steps[13].findings] == [name]


def test_one_of_another_case_or_by_a_stranger(office: Office, folder: Path, tmp_path: Path) -> None:
    path = office.released(tmp_path / "out", asked(office, folder))
    other = copied(path, tmp_path / "1")
    edited = resign_recheck(other / FOLDER, office.keys, lambda root: root["original"].update(case_sha256="0" * 64))
    sha256 = sha256_of(edited)
    resign(other, office.keys, lambda root: root["rechecks"][0].update(sha256=sha256))
    assert f"{FOLDER}{layout.RECHECK}: it is a re-check of another case" in said(verify(other))
    stranger = SealingKeys(Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))))
    theirs = copied(path, tmp_path / "2")
    sha256 = sha256_of(resign_recheck(theirs / FOLDER, stranger))

    def vouched(root: dict[str, Any]) -> None:
        root["rechecks"][0].update(sha256=sha256, key_fingerprint=stranger.first.fingerprint)

    # Whoever has the release's key may vouch for any: what the ledger tells is another one.
    told = said(verify(resign(theirs, office.keys, vouched)))
    assert "the ledger tells of a re-check that it does not name" in told


def named(**changes: object) -> Edit:
    return lambda root: root["rechecks"][0].update(changes)


@pytest.mark.parametrize(
    ("edit", "what"),
    [
        (named(sha256="0" * 64), "it names another recheck.json than the one that it carries"),
        (named(key_fingerprint="0" * 64), "it names another key than the one that sealed the re-check"),
        (named(key_fingerprint=None), "it names another key than the one that sealed the re-check"),
        (named(folder=None), "it is of no re-check that the release names"),
        (named(folder="data/rechecks/../"), "is no folder for one"),
        (named(folder=1), "is no folder for one"),
        (named(withheld=[{"path": "data/x", "sha256": "0" * 64, "why": "x"}]), "it is called withheld"),
        (lambda root: root["rechecks"].append(root["rechecks"][0]), "stands twice"),
        (lambda root: root["rechecks"].clear(), "the ledger tells of a re-check that it does not name"),
        (lambda root: root["rechecks"].clear(), "what a re-check of the procedure stands on is not named"),
        (lambda root: root.pop("rechecks"), "rechecks is missing"),
        (
            lambda root: root["rechecks"].append(
                {"folder": None, "sha256": "1" * 64, "key_fingerprint": None, "withheld": []}
            ),
            "it names a re-check of which no ledger tells",
        ),
    ],
)  # fmt: skip
def test_what_the_release_says_of_it_must_fit(
    full: Path, office: Office, tmp_path: Path, edit: Edit, what: str
) -> None:
    report = verify(resign(copied(full, tmp_path / "x"), office.keys, edit))
    assert what in said(report), said(report)
    for step in report.steps:
        for one in step.findings:
            assert chinese(one.what) != one.what, one.what


@pytest.mark.parametrize(("verdict", "seen_at"), [("corrected", SEEN), ("not_corrected", "2026-03-03T09:00:01+08:00")])
def test_a_step_that_says_something_else_is_told(office: Office, tmp_path: Path, verdict: str, seen_at: str) -> None:
    folder = seen(office, tmp_path / "复查")
    stepped(office, sha256_of(folder), verdict, seen_at)
    with pytest.raises(SealError, match="a step tells another outcome or time than its re-check"):
        office.released(tmp_path / "out", asked(office, folder))


def test_a_step_on_nothing_is_told(office: Office, tmp_path: Path) -> None:
    """It has to be named at least; then nobody can know what it says, which the report says."""
    stepped(office, "ab" * 32)
    with pytest.raises(SealError, match="what a re-check of the procedure stands on is not named"):
        office.released(tmp_path / "out", office.request())
    fact = RecheckFact(None, "ab" * 32, None)
    path = office.released(tmp_path / "again", replace(office.request(), purpose="again", rechecks=(fact,)))
    report = verify(path)
    assert report.ok and report.steps[13].detail == "of 1 re-checks 0 whole, 0 without pictures, 1 named only"
    assert chinese(report.steps[13].detail) == "复查 1 次：完整随附 0 次，随附但不含图片 0 次，仅列出 1 次"
    assert any("named here, and not carried" in one for one in report.cannot_know)
    assert any("列出而未随附的复查" in one for one in report.cannot_know_zh)
    assert [one.message for one in VALIDATOR.iter_errors(root_of(path))] == []


def test_one_that_is_gone_is_still_held_against_what_the_ledger_tells(office: Office, tmp_path: Path) -> None:
    folder = seen(office, tmp_path / "复查", "corrected")
    stepped(office, sha256_of(folder), "not_corrected")
    fact = RecheckFact(None, sha256_of(folder), office.keys.first.fingerprint)
    with pytest.raises(SealError, match="a step tells another outcome or time than its re-check"):
        office.released(tmp_path / "out", replace(office.request(), rechecks=(fact,)))


def test_without_a_ledger_none_is_named(office: Office, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SealError, match="re-checks are named, and no ledger tells of them"):
        office.released(tmp_path / "out", asked(office, folder), ledger=False)


def test_a_release_of_before_verifies_as_it_did(full: Path, office: Office, tmp_path: Path) -> None:
    """Revision 0 named none, whatever the procedure stood on."""

    def before(root: dict[str, Any]) -> None:
        root["revision"] = 0
        del root["rechecks"]

    bundle = copied(full, tmp_path / "x")
    shutil.rmtree(bundle / releases.RECHECKS)
    report = verify(resign(bundle, office.keys, before))
    assert report.ok, said(report)
    assert report.steps[13].detail.startswith("not told:")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with opened_page(tmp_path_factory.mktemp("page")) as found:
        yield found
        assert found.errors == []


def test_the_page_leaves_them_to_the_verifier_for_python(browser: Browser, full: Path, office: Office) -> None:
    assert agree(browser, full, key=office.keys.first.fingerprint)["verdict"] == "verified"
    assert "所附复查：各自的核验" in browser.page.inner_text("#result")
    flip(full / FOLDER / "recheck.json", 3, 1)
    assert f"{FOLDER}recheck.json" in agree(browser, full, alike=False)["culprits"]
