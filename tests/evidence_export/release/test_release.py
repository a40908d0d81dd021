"""A release carries a sealed case with its proofs: made whole, verified whole, and every lie about it is found."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence_export.bag import layout, releases
from evidence_export.bag.releases import Profile
from evidence_export.bagging import Part
from evidence_export.errors import SealError
from evidence_export.keys import Ed25519Signer, SealingKeys, open_keys
from evidence_export.keys.management import NewKey, Secrets, init, revoke
from evidence_export.keys.ring import CA_CERTIFICATE, CA_CRL, Role
from evidence_export.ledger.entry import Kind
from evidence_export.release.carried import opened
from evidence_export.release.making import release
from evidence_export.verifier import VerificationReport, verify
from evidence_export.verifier.__main__ import as_text
from evidence_export.verifier.report import UNSTAMPED
from tests.evidence_export.helpers import files_of, flip, reseal, tiny
from tests.evidence_export.helpers import resign as reseal_case
from tests.evidence_export.release.conftest import (
    OFFICERS,
    PHOTO,
    Office,
    copied,
    resign,
    stamped_office,
    with_wrong_sm3,
)
from tests.tsa import Tsa

Edit = Callable[[dict[str, Any]], object]


def failed(report: VerificationReport) -> dict[int, list[str]]:
    """Number of each step that did not pass, and the culprits."""
    return {step.number: [one.culprit for one in step.findings] for step in report.steps if not step.ok}


def said(report: VerificationReport) -> str:
    return "\n".join(f"{one.culprit}: {one.what}" for step in report.steps for one in step.findings)


# -- what is made --------------------------------------------------------------------------------------------------


def test_a_full_release_verifies_with_all_that_it_carries(full: Path, office: Office) -> None:
    report = verify(full, trusted_key=office.keys.first.fingerprint, tsa_ca=office.tsa.ca)
    assert failed(report) == {}
    assert (report.case_id, report.release_id) == (office.case_id, full.name)
    details = {step.number: step.detail for step in report.steps}
    assert details[8].startswith("12 of 12 steps")
    assert details[10].startswith("8 entries about the case")
    assert "the trusted root" in details[11]
    assert details[12].startswith("6 steps")
    assert UNSTAMPED not in report.cannot_know


def test_the_case_within_is_the_sealed_one_byte_for_byte(full: Path, office: Office) -> None:
    inside = full / releases.CASE
    assert files_of(inside) == files_of(office.bundle)
    assert all((inside / name).read_bytes() == (office.bundle / name).read_bytes() for name in files_of(inside))
    assert verify(inside, trusted_key=office.keys.first.fingerprint).ok


def test_a_zip_holds_the_same(office: Office, tmp_path: Path) -> None:
    path = office.released(tmp_path / "out", office.request(), as_zip=True)
    report = verify(path)
    assert failed(report) == {}
    assert path.name == f"{report.release_id}.zip"
    assert os.listdir(tmp_path / "out") == [path.name]


def test_a_case_that_is_a_zip_is_carried_as_files(sealed_zip: Path, office: Office, tmp_path: Path) -> None:
    path = release(replace(office.request(), case=sealed_zip), tmp_path / "out", office.keys).path
    assert failed(verify(path)) == {}
    assert (path / releases.CASE / layout.CASE).is_file()


def test_an_outgoing_release_keeps_what_shows_the_street_at_home(office: Office, tmp_path: Path) -> None:
    masked = Part(f"{releases.MASKED}panorama-1.png", "masked", b"masked", "case:data/stills/panorama-1.png", "masked")
    request = replace(office.request(Profile.OUTGOING), parts=(masked,), masking={"model": "some"})
    path = office.released(tmp_path / "out", request)
    report = verify(path)
    assert failed(report) == {}
    case = opened(office.bundle)
    shown = {one["path"]: one["sha256"] for one in case.manifest["files"]}
    root = json.loads((path / layout.RELEASE).read_bytes())
    withheld = {one["path"]: one["sha256"] for one in root["withheld"]}
    assert {"data/clip.mp4", "data/stills/panorama-1.png", "data/overlay/panorama-1.png"} <= set(withheld)
    assert all(shown[name] == value for name, value in withheld.items())
    assert not {one["sha256"] for one in root["files"]} & set(withheld.values())
    # The signed case goes along, so that each masked copy can be tied to the hash of its original.
    assert (path / releases.CASE / layout.CASE).read_bytes() == (office.bundle / layout.CASE).read_bytes()
    assert "every bystander is masked" in " ".join(report.cannot_know)


def test_without_ledger_and_stamp_it_says_so(office: Office, tmp_path: Path) -> None:
    path = office.released(tmp_path / "out", office.request(), ledger=False)
    report = verify(path)
    details = {step.number: step.detail for step in report.steps}
    assert failed(report) == {}
    assert details[10].startswith("none:")
    assert details[11].startswith("none:")
    assert UNSTAMPED in report.cannot_know


def test_a_case_that_does_not_verify_is_not_released(office: Office, tmp_path: Path) -> None:
    flip(office.bundle / "data/clip.mp4", 3, 1)
    with pytest.raises(SealError, match=r"does not verify \(data/clip.mp4\)"):
        release(office.request(), tmp_path / "out", office.keys)
    assert not list(tmp_path.glob("out/*"))


def test_a_release_is_never_replaced(office: Office, tmp_path: Path) -> None:
    release(office.request(), tmp_path / "out", office.keys)
    with pytest.raises(SealError, match="there is a release of this name"):
        release(office.request(), tmp_path / "out", office.keys)


def test_a_lie_among_the_parts_is_never_finished(office: Office, tmp_path: Path) -> None:
    """What the verifier would refuse does not appear under its name, and leaves no draft."""
    wrong = Part("data/sheet.png", "sheet", b"sheet", "case:data/stills/of-another-case.png", "drawn")
    with pytest.raises(SealError, match="its parent is neither in the release nor a file of the case"):
        release(replace(office.request(), parts=(wrong,)), tmp_path / "out", office.keys)
    assert not list((tmp_path / "out").iterdir())


# -- by hand, as its README says ---------------------------------------------------------------------------------------


def test_the_commands_of_its_readme_hold(full: Path) -> None:
    text = (full / "README.txt").read_text(encoding="utf-8").split("-----\n")[1].replace("\\\n", "")
    commands = [line.strip() for line in text.splitlines() if line.strip().startswith(("sha256sum", "openssl"))]
    assert len(commands) == 5
    for command in commands:
        done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], cwd=full, capture_output=True, check=False)
        assert done.returncode == 0, (command, done.stderr)


# -- without the key -------------------------------------------------------------------------------------------------


def test_every_changed_file_is_named(full: Path, tmp_path: Path) -> None:
    names = files_of(full)
    assert len(names) > 30
    for number, name in enumerate(names):
        bundle = copied(full, tmp_path / str(number))
        flip(bundle / name, (bundle / name).stat().st_size // 2, number % 8)
        report = verify(bundle)
        assert not report.ok, name
        assert any(name in culprit for culprit in report.culprits), (name, report.culprits)
        shutil.rmtree(bundle)


def test_files_taken_away_or_added_are_named(full: Path, tmp_path: Path) -> None:
    for number, name in enumerate([releases.TOKEN, releases.ENTRIES, "verify.html", "data/case/case.json.sig"]):
        bundle = copied(full, tmp_path / str(number))
        (bundle / name).unlink()
        assert any(name in culprit for culprit in verify(bundle).culprits)
    bundle = copied(full, tmp_path / "added")
    (bundle / "data/case/data/new.png").write_bytes(b"new")
    assert "data/case/data/new.png" in verify(bundle).culprits


# -- with the key: whoever signs anew cannot make it say other things --------------------------------------------------

OTHER_KEY = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))


def test_signed_anew_with_another_key_it_is_not_the_sites(full: Path, office: Office, tmp_path: Path) -> None:
    bundle = resign(copied(full, tmp_path / "x"), SealingKeys(OTHER_KEY))
    assert 2 in failed(verify(bundle, trusted_key=office.keys.first.fingerprint))
    # Nobody vouches for the new key; what the ledger's checkpoint says is under the old one, which sealed the case.
    report = verify(bundle)
    assert "no trusted key was given" in report.steps[1].detail


def entries(edit: Callable[[list[Any]], object]) -> Callable[[Path], None]:
    def apply(bundle: Path) -> None:
        path = bundle / releases.ENTRIES
        root = json.loads(path.read_bytes())
        edit(root["entries"])
        from evidence_export.bag import canonical

        path.write_bytes(canonical.dumps(root))

    return apply


def swap(items: list[Any]) -> None:
    items[1], items[2] = items[2], items[1]


def edited(items: list[Any]) -> None:
    items[1]["entry"] = items[1]["entry"].replace("李明", "王五")


@pytest.mark.parametrize(
    ("tamper", "culprit", "what"),
    [
        (entries(swap), releases.ENTRIES, "stands behind entry"),
        (entries(lambda items: items.pop(0)), releases.ENTRIES, "the seal of this case is not among them"),
        (entries(lambda items: items.pop(-1)), releases.ENTRIES, "this release is not among them"),
        (entries(lambda items: items.pop(3)), layout.RELEASE, "what it says of the ledger is not what it carries"),
        (entries(edited), releases.ENTRIES, "do not lead to the root"),
        (entries(lambda items: items[2].update(seq=4)), releases.ENTRIES, "says that it is"),
        (entries(lambda items: items[2]["proof"].pop()), releases.ENTRIES, "do not lead to the root"),
    ],
)  # fmt: skip
def test_what_the_ledger_tells_cannot_be_told_otherwise(
    full: Path, office: Office, tmp_path: Path, tamper: Callable[[Path], None], culprit: str, what: str
) -> None:
    bundle = copied(full, tmp_path / "x")
    tamper(bundle)
    report = verify(resign(bundle, office.keys))
    assert what in said(report)
    assert culprit in report.culprits


def restated(**changes: Any) -> Edit:
    return lambda root: root["release"].update(changes)


@pytest.mark.parametrize(
    ("edit", "what"),
    [
        (restated(recipient="somebody else"), "its release id does not follow from its content"),
        (restated(profile="outgoing"), "its release id does not follow from its content"),
        (restated(profile="secret"), "release.profile is none of"),
        (lambda root: root["case"].update(manifest_sha256="0" * 64), "it names another case.json"),
        (lambda root: root["case"].update(key_fingerprint="0" * 64), "another key than the one that sealed the case"),
        (lambda root: root["ledger"].update(size=3), "what it says of the ledger is not what it carries"),
        (lambda root: root["ledger"].update(time_stamp=None), "what it says of the ledger does not fit"),
        (lambda root: root.update(ledger=None), "what it says of the ledger does not fit"),
        (lambda root: root["exhibits"].pop(), "its exhibits are not those that the ledger tells of"),
        (lambda root: root["exhibits"][1].update(after_decision=False), "its exhibits are not those"),
        (lambda root: root["exhibits"][0].update(path="data/sheet.png"), "it is not the exhibit"),
        (lambda root: root["recordings"][0].update(sha256="1" * 64), "it is no recording of the case"),
        (lambda root: root["recordings"][0].update(path="data/sheet.png"), "it is not the recording"),
        (
            lambda root: root["withheld"].append({"path": "data/clip.mp4", "sha256": "0" * 64, "why": "x"}),
            "it is called withheld, and is none of the files of the case",
        ),
    ],
)  # fmt: skip
def test_what_the_release_says_must_fit(full: Path, office: Office, tmp_path: Path, edit: Edit, what: str) -> None:
    assert what in said(verify(resign(copied(full, tmp_path / "x"), office.keys, edit)))


def test_a_recording_of_which_the_case_tells_another_sm3(office: Office, recording: Path, tmp_path: Path) -> None:
    """The sealer takes the SM3 of a segment from its index: where that was wrong, no release passes it on unseen."""
    what = "its SM3 is not the one that the case tells"
    assert what in said(verify(with_wrong_sm3(office, recording, tmp_path / "out")))
    reseal_case(office.bundle, office.keys, lambda root: root["recordings"][0].update(sm3="0" * 64))
    part = Part(f"{releases.RECORDINGS}01.mp4", "recording", recording)
    with pytest.raises(SealError, match=what):
        office.released(tmp_path / "anew", replace(office.request(), parts=(part,)), ledger=False)


def test_the_purpose_that_the_ledger_tells_counts(full: Path, office: Office, tmp_path: Path) -> None:
    """Even with an id that follows from the new content."""

    def edit(root: dict[str, Any]) -> None:
        root["release"]["purpose"] = "press"
        root["release"]["id"] = releases.release_id(
            root["case"]["id"],
            manifest_sha256=root["case"]["manifest_sha256"],
            profile="full",
            recipient=root["release"]["recipient"],
            purpose="press",
            made_at=root["seal"]["sealed_at"],
        )

    assert "this release is not among them" in said(verify(resign(copied(full, tmp_path / "x"), office.keys, edit)))


def test_a_withheld_file_cannot_come_in_under_another_name(office: Office, tmp_path: Path) -> None:
    path = office.released(tmp_path / "out", office.request(Profile.OUTGOING))
    shutil.copy(office.bundle / "data/clip.mp4", path / "data/harmless.mp4")
    report = verify(resign(path, office.keys))
    assert "data/harmless.mp4: it is a file of the case that the release says it withholds" in said(report)


def test_a_file_missing_from_the_case_that_is_not_withheld(full: Path, office: Office, tmp_path: Path) -> None:
    bundle = copied(full, tmp_path / "x")
    (bundle / "data/case/data/clip.mp4").unlink()
    report = verify(resign(bundle, office.keys))
    assert failed(report)[8] == ["data/case/data/clip.mp4"]


# -- time stamps ----------------------------------------------------------------------------------------------------


def test_a_token_over_something_else_is_refused(full: Path, office: Office, tmp_path: Path) -> None:
    bundle = copied(full, tmp_path / "x")
    (bundle / releases.TOKEN).write_bytes(office.stamped().token)
    report = verify(resign(bundle, office.keys))
    assert failed(report)[11] == [releases.TOKEN]
    assert "it is over something else" in said(report)


def test_a_root_that_is_not_trusted_is_refused(full: Path, office: Office, tmp_path: Path) -> None:
    other = Tsa(tmp_path / "other")
    report = verify(full, tsa_ca=other.ca)
    assert failed(report)[11] == [releases.TOKEN]
    assert "does not lead to a root that is trusted" in said(report)


def test_a_root_of_its_own_making_says_that_nobody_compared_it(full: Path, office: Office, tmp_path: Path) -> None:
    """Whoever has the site's key can bring an authority of their own: only its fingerprint tells."""
    report = verify(full)
    assert report.ok
    assert "root not compared" in report.steps[10].detail
    assert any("compare its root's fingerprint" in text for text in report.cannot_know)


def test_a_stamp_over_another_ledger_is_refused(full: Path, office: Office, tmp_path: Path) -> None:
    from evidence_export.ledger.log import Ledger
    from evidence_export.timestamp import rfc3161
    from streetproof.store.ledger.database import SqlLedger

    bundle = copied(full, tmp_path / "x")
    with SqlLedger.open_file(tmp_path / "other.db", "west") as store:
        other = Ledger(store)
        other.add([])
        office.ledger = other
        office.enter(Kind.TIME_CHECKED, about="clock")
        note = other.checkpoint(office.keys.first, "2026-03-04T08:00:00Z")
    (bundle / releases.STAMPED_CHECKPOINT).write_bytes(note)
    (bundle / releases.TOKEN).write_bytes(office.tsa.stamp(rfc3161.question(note).der))
    assert failed(verify(resign(bundle, office.keys)))[11] == [releases.STAMPED_ENTRY]


def test_a_stamp_from_before_the_time_of_the_seal_tells_that_a_clock_ran_ahead(
    sealed_folder: Path, signer: Ed25519Signer, tsa: Tsa, tmp_path: Path
) -> None:
    bundle = tiny(sealed_folder, tmp_path / sealed_folder.name, signer)
    reseal_case(bundle, signer, lambda root: root["seal"].update(sealed_at="2099-01-01T00:00:00.000000000Z"))
    with stamped_office(bundle, SealingKeys(signer), tsa, tmp_path) as office:
        report = verify(office.released(tmp_path / "out", office.request()), tsa_ca=tsa.ca)
    assert failed(report) == {}
    assert "the clock that named it ran ahead" in report.steps[10].detail and "时钟偏快" in as_text(report)


@pytest.mark.parametrize(("since", "said"), [("2026-03-05", "which is later"), ("2098-01-01", "the case existed at")])
def test_what_a_stamp_proves_of_a_case_whose_key_was_compromised_later(
    sealed_folder: Path, signer: Ed25519Signer, tsa: Tsa, tmp_path: Path, since: str, said: str
) -> None:
    ring, made = tmp_path / "ring", datetime(2026, 3, 1, tzinfo=UTC)
    init(ring, "demo", (NewKey(Role.SEAL),), Secrets(), made)
    keys = open_keys(ring)
    bundle = reseal(tiny(sealed_folder, tmp_path / sealed_folder.name, signer), keys)
    with stamped_office(bundle, keys, tsa, tmp_path) as office:
        path = office.released(tmp_path / "out", replace(office.request(), site=("demo", "示范区")))
    withdrawn = datetime.fromisoformat(f"{since}T00:00:00+00:00")
    revoke(ring, "key-1", "compromise", withdrawn, Secrets(), None, withdrawn)
    report = verify(path, trusted_key=ring / CA_CERTIFICATE, crl=ring / CA_CRL, tsa_ca=tsa.ca)
    assert failed(report) == {}
    assert any(said in line for line in report.cannot_know) and len(report.cannot_know) == len(report.cannot_know_zh)


# -- procedure ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "what"),
    [
        ([("甲", "review", "09", {}), ("甲", "confirm", "10", {})], "confirmed by the officer who had reviewed it"),
        ([("乙", "confirm", "10", {})], "without a review"),
        ([("甲", "review", "09", {}), ("乙", "confirm", "08", {})], "is dated before"),
        (
            [("甲", "decide", "09", {"second": {"name": "李明", "licence": "33019999"}})],
            "it was decided by one officer alone",
        ),
        ([("甲", "decide", "09", {})], "a step cannot be read"),
        ([("甲", "exhibit", "09", {"origin": "o", "relation": "r"})], "a step cannot be read: sha256 is missing"),
        ([("甲", "exhibit", "09", {"sha256": "x"})], "a step cannot be read: sha256 is not 64"),
        ([("甲", "decide", "09", {"second": OFFICERS["乙"]})], "it was decided, and nobody had confirmed it"),
        (
            [
                ("甲", "review", "09", {}),
                ("乙", "confirm", "10", {}),
                ("甲", "reject", "11", {}),
                ("甲", "decide", "12", {"second": OFFICERS["乙"]}),
            ],
            "nobody had confirmed it",
        ),
        (
            [
                ("甲", "review", "09", {}),
                ("乙", "confirm", "10", {}),
                ("甲", "decide", "12", {"second": OFFICERS["乙"]}),
            ],
            "the party had not been given notice",
        ),
    ],
)  # fmt: skip
def test_a_procedure_that_broke_its_rules_is_told(
    office: Office, tmp_path: Path, steps: list[tuple[str, str, str, dict[str, Any]]], what: str
) -> None:
    """The ledger takes what it is given; the release is refused by the verifier when it is made."""
    for who, step, hour, fields in steps:
        office.step(who, step, f"2026-03-03T{hour}:00:00+08:00", **fields)
    with pytest.raises(SealError, match=what):
        office.released(tmp_path / "out", office.request())


def test_material_after_the_decision_is_kept_apart(full: Path) -> None:
    root = json.loads((full / layout.RELEASE).read_bytes())
    assert [one["after_decision"] for one in root["exhibits"]] == [False, True]
    assert (full / "data/exhibits/01.jpg").read_bytes() == PHOTO
