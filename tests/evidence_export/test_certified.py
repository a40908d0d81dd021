"""Bundles whose keys have certificates, and bundles with two signatures: what holds, and everything that must not."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_export.bag import certificate, layout
from evidence_export.bag.curve import Curve
from evidence_export.bag.pem import pem_of
from evidence_export.case import CaseRequest
from evidence_export.errors import NotABundleError, SealError, SigningKeyError
from evidence_export.keys import Ed25519Signer, KeySpec, SealingKeys, load_key, open_keys
from evidence_export.keys.management import HANDOVER, NewKey, Secrets, init, revoke, rotate
from evidence_export.keys.opening import own_of
from evidence_export.keys.ring import CA_CERTIFICATE, CA_CRL, RECORD, Role
from evidence_export.sealer import seal
from evidence_export.verifier import Outcome, VerificationReport, verify
from evidence_export.verifier.__main__ import as_text, main
from tests.evidence_export.conftest import SEALED_AT
from tests.evidence_export.helpers import files_of, flip, reseal, resign, tiny
from tests.evidence_export.opensslcheck import openssl
from tests.streetproof.commands import inside

pytest.importorskip("gmssl", reason="needs gmssl: pip install 'streetproof[sm2]'")

MADE = datetime(2026, 3, 1, tzinfo=UTC)
SEALED = datetime(2026, 3, 3, 1, 6, 40, tzinfo=UTC)
BOTH = (NewKey(Role.SEAL), NewKey(Role.SECOND, layout.SM2))


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("密钥 环") / "demo"
    init(folder, "demo", BOTH, Secrets(), MADE)
    return folder


@pytest.fixture
def own_ring(ring: Path, tmp_path: Path) -> Path:
    """A ring to change."""
    return Path(shutil.copytree(ring, tmp_path / "ring"))


@pytest.fixture(scope="module")
def keys(ring: Path) -> SealingKeys:
    return open_keys(ring)


@pytest.fixture(scope="module")
def sealed(request_: CaseRequest, keys: SealingKeys, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seal(request_, tmp_path_factory.mktemp("双签 案"), keys, SEALED_AT).path


@pytest.fixture(scope="module")
def small(
    sealed_folder: Path, signer: Ed25519Signer, keys: SealingKeys, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same, with media of a few bytes."""
    return reseal(tiny(sealed_folder, tmp_path_factory.mktemp("小") / sealed_folder.name, signer), keys)


@pytest.fixture
def copy(small: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small, tmp_path / small.name))


def last(report: VerificationReport) -> tuple[Outcome, str]:
    step = report.steps[11]
    return step.outcome, "; ".join((step.detail, *(finding.what for finding in step.findings)))


def test_the_sealer_writes_what_it_is_given(sealed: Path, ring: Path, keys: SealingKeys) -> None:
    report = verify(sealed, trusted_key=ring / CA_CERTIFICATE, crl=ring / CA_CRL)
    assert report.ok, as_text(report)
    case = json.loads((sealed / layout.CASE).read_bytes())
    assert keys.second is not None
    assert case["seal"]["second"] == {"algorithm": "SM2-SM3", "key_fingerprint": keys.second.fingerprint}
    assert {layout.SECOND_SIGNATURE, *layout.KEY_FILES} <= set(files_of(sealed))
    assert report.second_key_fingerprint == keys.second.fingerprint
    assert "second key, SM2-SM3" in report.steps[2].detail
    assert report.authority_fingerprint in as_text(report)


def test_as_a_zip(request_: CaseRequest, ring: Path, keys: SealingKeys, tmp_path: Path) -> None:
    packed = seal(request_, tmp_path, keys, SEALED_AT, as_zip=True).path
    assert verify(packed, trusted_key=ring / CA_CERTIFICATE, crl=ring / CA_CRL).ok
    assert seal(request_, tmp_path, keys, SEALED_AT, as_zip=True).path == packed, "sealing twice makes one case"


def test_a_bare_key_seals_as_ever(sealed_folder: Path) -> None:
    case = json.loads((sealed_folder / layout.CASE).read_bytes())
    assert "second" not in case["seal"]
    assert not (sealed_folder / layout.KEYS).exists()
    assert last(verify(sealed_folder)) == (Outcome.PASSED, "none: the key stands by itself")


@pytest.mark.parametrize("first", layout.ALGORITHMS)
@pytest.mark.parametrize("authority", [layout.ED25519, layout.ECDSA])
def test_every_algorithm_seals(first: str, authority: str, copy: Path, tmp_path: Path) -> None:
    second = layout.ED25519 if first == layout.SM2 else layout.SM2
    folder = tmp_path / "ring"
    new = (NewKey(Role.SEAL, first), NewKey(Role.SECOND, second))
    init(folder, "demo", new, Secrets(), MADE, authority_algorithm=authority)
    reseal(copy, open_keys(folder))
    report = verify(copy, trusted_key=folder / CA_CERTIFICATE, crl=folder / CA_CRL)
    assert report.ok, as_text(report)
    for name in ("key-1", "key-2"):
        openssl("verify", "-no_check_time", "-CAfile", folder / CA_CERTIFICATE, folder / f"{name}.cert.pem")
    openssl("crl", "-in", folder / CA_CRL, "-CAfile", folder / CA_CERTIFICATE, "-noout")


@pytest.mark.parametrize("algorithm", layout.ALGORITHMS)
def test_a_bare_key_of_any_algorithm_seals(algorithm: str, copy: Path, tmp_path: Path) -> None:
    from evidence_export.keys.files import generate, write_key

    write_key(tmp_path / "k" / "site.pem", generate(algorithm))
    signer = load_key(tmp_path / "k" / "site.pem")
    reseal(copy, SealingKeys(signer))
    report = verify(copy, trusted_key=signer.fingerprint)
    assert report.ok and algorithm in report.steps[1].detail


def test_whom_to_trust(small: Path, ring: Path, keys: SealingKeys, tmp_path: Path) -> None:
    authority = certificate.load((ring / CA_CERTIFICATE).read_bytes()).fingerprint
    printed = openssl("x509", "-in", ring / CA_CERTIFICATE, "-noout", "-fingerprint", "-sha256").decode()
    pem = tmp_path / "key.pem"
    pem.write_bytes(keys.first.public_key_pem)
    for trusted in (
        keys.first.fingerprint, pem, ring / CA_CERTIFICATE, authority, printed.split("=")[1], ring / "key-1.cert.pem"
    ):  # fmt: skip
        report = verify(small, trusted_key=trusted)
        assert report.ok and not any("belongs to the authority" in line for line in report.cannot_know), trusted
    assert "belongs to the authority" in verify(small).cannot_know[0]
    with pytest.raises(NotABundleError, match="trusted key"):
        verify(small, trusted_key=ring / CA_CRL)
    with pytest.raises(NotABundleError, match="revocation list"):
        verify(small, crl=ring / CA_CERTIFICATE)


def test_another_authority_is_not_trusted(copy: Path, signer: Ed25519Signer, tmp_path: Path) -> None:
    """A forger makes an authority of the same name, and keys, and seals what he likes."""
    init(tmp_path / "forged", "demo", BOTH, Secrets(), MADE)
    init(tmp_path / "true", "demo", BOTH, Secrets(), MADE)
    reseal(copy, open_keys(tmp_path / "forged"))
    assert verify(copy).ok
    for trusted in (tmp_path / "true" / CA_CERTIFICATE, open_keys(tmp_path / "true").first.fingerprint):
        report = verify(copy, trusted_key=trusted)
        assert not report.ok and layout.SITE_KEY in report.culprits
    report = verify(copy, crl=tmp_path / "true" / CA_CRL)
    assert not report.ok and report.culprits == (CA_CRL,)


def test_the_true_certificates_do_not_help_a_forger(copy: Path, keys: SealingKeys, ring: Path, tmp_path: Path) -> None:
    """He puts the true authority's papers beside a key of his own."""
    init(tmp_path / "forged", "demo", BOTH, Secrets(), MADE)
    forged = open_keys(tmp_path / "forged")
    papers = replace(forged, certificate=keys.certificate, authority=keys.authority)
    for shown in (papers, replace(papers, second_certificate=keys.second_certificate)):
        reseal(copy, shown)
        report = verify(copy, trusted_key=ring / CA_CERTIFICATE)
        assert not report.ok and layout.SITE_CERTIFICATE in report.culprits
        assert "another key than the one that signed" in last(report)[1]
    mixed = replace(forged, authority=keys.authority)
    reseal(copy, mixed)
    assert "did not sign it" in last(verify(copy, trusted_key=ring / CA_CERTIFICATE))[1]
    reseal(copy, SealingKeys(forged.first))
    report = verify(copy, trusted_key=ring / CA_CERTIFICATE)
    assert not report.ok and "no certificate of the trusted authority" in as_text(report)


def test_a_forged_authority_listed_beside_the_true_fingerprint(copy: Path, ring: Path, tmp_path: Path) -> None:
    """The bundle carries the true authority's certificate as an unused file, and its own chain is another."""
    init(tmp_path / "forged", "demo", BOTH, Secrets(), MADE)
    forged = open_keys(tmp_path / "forged")
    reseal(copy, replace(forged, certificate=None, authority=None, second=None, second_certificate=None))
    true = (ring / CA_CERTIFICATE).read_bytes()
    (copy / layout.KEYS).mkdir()
    (copy / layout.CA_CERTIFICATE).write_bytes(true)
    resign(
        copy, forged.first,
        lambda case: case["files"].insert(
            next(n for n, one in enumerate(case["files"]) if one["path"] > layout.CA_CERTIFICATE),
            {"path": layout.CA_CERTIFICATE, "role": "x", **_digests(copy / layout.CA_CERTIFICATE)},
        ),
    )  # fmt: skip
    # The BagIt manifest was made before the file was listed.
    resign(copy, forged.first)
    report = verify(copy, trusted_key=ring / CA_CERTIFICATE)
    assert last(report)[0] is Outcome.FAILED and layout.SITE_CERTIFICATE in last(report)[1]


def _digests(path: Path) -> dict[str, Any]:
    from evidence_export.bag.digest import digest_file

    found = digest_file(path)
    return {"size": found.size, "sha256": found.sha256, "sm3": found.sm3}


def test_a_key_of_another_site(copy: Path, tmp_path: Path) -> None:
    init(tmp_path / "ring", "elsewhere", BOTH, Secrets(), MADE)
    reseal(copy, open_keys(tmp_path / "ring"))
    report = verify(copy, trusted_key=tmp_path / "ring" / CA_CERTIFICATE)
    assert not report.ok and "'elsewhere'" in last(report)[1] and "'demo'" in last(report)[1]
    with pytest.raises(SigningKeyError, match="'elsewhere'"):
        open_keys(KeySpec(tmp_path / "ring", site="demo"))


def test_validity_counts_at_the_time_of_sealing(copy: Path, tmp_path: Path) -> None:
    """Certificates of one day in March 2026 are long expired today: what was sealed on that day is valid for ever."""
    init(tmp_path / "ring", "demo", BOTH, Secrets(), MADE, key_days=1)
    keys = open_keys(tmp_path / "ring")
    reseal(copy, keys, sealed_at="2026-03-01T12:00:00.000000000Z")
    assert verify(copy, trusted_key=tmp_path / "ring" / CA_CERTIFICATE).ok
    for sealed_at in ("2026-03-02T00:00:01.000000000Z", "2026-02-28T23:59:59.999999999Z"):
        reseal(copy, keys, sealed_at=sealed_at)
        report = verify(copy)
        assert not report.ok and "it is valid from 2026-03-01T00:00:00Z to 2026-03-02T00:00:00Z only" in last(report)[1]
        assert set(report.culprits) >= {layout.SITE_CERTIFICATE, layout.SECOND_CERTIFICATE}


def test_from_a_bare_key_to_an_authority(request_: CaseRequest, tmp_path: Path) -> None:
    """The folder SITE comes beside the file SITE.pem: what that one sealed is still known as the site's own."""
    bare = open_keys(tmp_path / "keys" / "demo.pem")
    first = seal(request_, tmp_path / "out", bare, SEALED_AT)
    init(tmp_path / "keys" / "demo", "demo", BOTH, Secrets(), MADE)
    keys = open_keys(tmp_path / "keys" / "demo")
    assert bare.first.fingerprint in own_of(tmp_path / "keys" / "demo")
    assert seal(request_, tmp_path / "out", keys, SEALED_AT).manifest_sha256 == first.manifest_sha256
    (tmp_path / "keys" / "demo.pem").rename(tmp_path / "keys" / "away.pem")
    with pytest.raises(SealError, match="exists"):
        seal(request_, tmp_path / "out", open_keys(tmp_path / "keys" / "demo"), SEALED_AT)


def test_it_verifies_where_nothing_else_is_installed(small: Path, ring: Path) -> None:
    blocked = "gmssl pkcs11 Cryptodome asn1crypto numpy av rfc8785 pydantic streams vision models evidence_export.keys"
    code = (
        "import sys, runpy\n"
        f"for name in '{blocked}'.split(): sys.modules[name] = None\n"
        "runpy.run_module('evidence_export.verifier', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(small), "--key", str(ring / CA_CERTIFICATE), "--crl", str(ring / CA_CRL)],
        cwd=Path(__file__).parents[2], capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()


def test_openssl_refuses_what_the_authority_did_not_sign(ring: Path, tmp_path: Path) -> None:
    init(tmp_path / "forged", "demo", BOTH, Secrets(), MADE)
    for one, other in ((ring, tmp_path / "forged"), (tmp_path / "forged", ring)):
        command = ["openssl", "verify", "-no_check_time", "-CAfile", one / CA_CERTIFICATE, other / "key-1.cert.pem"]
        assert subprocess.run(command, capture_output=True, check=False).returncode != 0


@settings(max_examples=150)
@given(data=st.binary(max_size=400), label=st.sampled_from(["CERTIFICATE", "X509 CRL"]))
def test_garbage_is_neither_certificate_nor_list(data: bytes, label: str) -> None:
    for body in (data, pem_of(data, label.encode()), pem_of(b"\x30\x82\x01\x00" + data, label.encode())):
        for load in (certificate.load, certificate.load_crl):
            with pytest.raises(ValueError):
                load(body)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(format="x"), lambda d: d.update(version=2), lambda d: d.pop("site"),
        lambda d: d.update(keys=5), lambda d: d["keys"][0].update(id="../x"),
        lambda d: d["keys"][0].update(algorithm="RSA"),
        lambda d: d["keys"][0].update(state="?"), lambda d: d["keys"][0].update(made="2026-01-01T00:00:00"),
        lambda d: d["keys"][0].update(serial="?"), lambda d: d["keys"].append(None),
    ],
)  # fmt: skip
def test_a_record_that_cannot_be_understood(own_ring: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads((own_ring / RECORD).read_bytes())
    change(document)
    (own_ring / RECORD).write_text(json.dumps(document))
    with pytest.raises(SigningKeyError, match="cannot be understood"):
        open_keys(own_ring)


def test_files_that_do_not_belong_together(own_ring: Path, tmp_path: Path) -> None:
    init(tmp_path / "other", "demo", BOTH, Secrets(), MADE)
    (own_ring / "key-1.key.pem").unlink()
    shutil.copy(tmp_path / "other" / "key-1.key.pem", own_ring)
    with pytest.raises(SigningKeyError, match="not that of the key"):
        open_keys(own_ring)
    with pytest.raises(SigningKeyError, match="not the key of this site's authority"):
        rotate(own_ring, NewKey(Role.SEAL), Secrets(), tmp_path / "other" / "ca.key.pem", SEALED)


def test_the_sealer_refuses_an_expired_certificate(request_: CaseRequest, tmp_path: Path) -> None:
    init(tmp_path / "ring", "demo", BOTH, Secrets(), MADE, key_days=1)
    with pytest.raises(SigningKeyError, match="is valid from 2026-03-01 to 2026-03-02 only"):
        seal(request_, tmp_path / "out", open_keys(tmp_path / "ring"), SEALED_AT)
    assert not (tmp_path / "out").exists()


def test_rotation_leaves_old_bundles_valid(copy: Path, own_ring: Path, request_: CaseRequest, tmp_path: Path) -> None:
    old = open_keys(own_ring)
    rotated = SEALED + timedelta(hours=1)
    _, new, before = rotate(own_ring, NewKey(Role.SEAL, layout.ECDSA), Secrets(), None, rotated)
    assert before is not None and (before.id, new.id, new.algorithm) == ("key-1", "key-3", layout.ECDSA)
    keys, crl, authority = open_keys(own_ring), own_ring / CA_CRL, own_ring / CA_CERTIFICATE
    assert keys.first.fingerprint == new.fingerprint != old.first.fingerprint
    assert keys.second is not None and old.second is not None and keys.second.fingerprint == old.second.fingerprint
    report = verify(copy, trusted_key=authority, crl=crl)
    assert report.ok, as_text(report)
    assert not any("compromised" in line for line in report.cannot_know)
    reseal(copy, keys, sealed_at="2026-03-04T00:00:00.000000000Z")
    assert verify(copy, trusted_key=authority, crl=crl).ok
    # Whoever was sealing with the old key at that moment has not done wrong; whoever does so a day later has.
    handed_over = (rotated + HANDOVER).strftime("%Y-%m-%dT%H:%M:%S.000000000Z")
    for sealed_at, ok in ((handed_over, True), ("2026-03-04T00:00:00.000000000Z", False)):
        reseal(copy, old, sealed_at=sealed_at)
        report = verify(copy, trusted_key=authority, crl=crl)
        assert report.ok is ok, as_text(report)
    assert "superseded" in last(report)[1] and report.culprits == (layout.SITE_CERTIFICATE,)
    # What the old key sealed is the site's own still: sealing again makes no second case.
    first = seal(request_, tmp_path / "out", old, SEALED_AT)
    assert seal(request_, tmp_path / "out", keys, SEALED_AT).manifest_sha256 == first.manifest_sha256


@pytest.mark.parametrize(
    ("since", "ok"), [(SEALED + timedelta(hours=1), True), (SEALED, False), (SEALED - timedelta(days=1), False)]
)
def test_revoked_before_and_after(since: datetime, ok: bool, copy: Path, own_ring: Path) -> None:
    """What counts is the time from which the key is in doubt, not the one at which that was noticed."""
    revoke(own_ring, "key-1", "compromise", since, Secrets(), None, SEALED + timedelta(days=30))
    report = verify(copy, trusted_key=own_ring / CA_CERTIFICATE, crl=own_ring / CA_CRL)
    assert report.ok is ok, as_text(report)
    if ok:
        (line,) = [one for one in report.cannot_know if "compromised" in one]
        assert "RFC 3161" in line and "ledger" in line and "2026-03-03T02:06:40Z" in line
        assert any("密钥泄露" in one for one in report.cannot_know_zh)
    else:
        assert report.culprits == (layout.SITE_CERTIFICATE,) and "keyCompromise" in last(report)[1]
    unaware = verify(copy, trusted_key=own_ring / CA_CERTIFICATE)
    assert unaware.ok and any("no revocation list was given" in one for one in unaware.cannot_know)


def test_the_command_does_not_call_wrong_what_it_could_not_check(
    small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert inside(capsys, monkeypatch, "verify", small).code == 0
    monkeypatch.setattr(certificate, "AVAILABLE", False)
    ran = inside(capsys, monkeypatch, "verify", small)
    assert ran.code == 3 and "未能核验" in ran.out and "FAILED" not in ran.out and "VERIFIED" not in ran.out


def test_a_thief_cannot_leave_the_certificates_out(
    sealed_folder: Path, signer: Ed25519Signer, own_ring: Path, tmp_path: Path
) -> None:
    """Of a key that was withdrawn; without its certificate nothing tells the list's serial number."""
    stolen = open_keys(own_ring)
    revoke(own_ring, "key-1", "compromise", MADE, Secrets(), None, SEALED + timedelta(days=30))
    bare = reseal(tiny(sealed_folder, tmp_path / sealed_folder.name, signer), SealingKeys(stolen.first))
    fingerprint = stolen.first.fingerprint
    for trusted in (fingerprint, None):
        report = verify(bare, trusted_key=trusted, crl=own_ring / CA_CRL)
        assert not report.ok and report.culprits == (layout.SITE_KEY,)
        assert "may have been withdrawn" in last(report)[1] and "可能已被吊销" in as_text(report)
    assert verify(bare, trusted_key=fingerprint).ok, "who has no list is told that the key stands by itself"


def test_a_list_from_before_the_seal_clears_nothing(copy: Path, own_ring: Path) -> None:
    report = verify(copy, crl=own_ring / CA_CRL)
    assert report.ok and "is older than the seal and cannot tell" in last(report)[1]
    assert "早于封存" in as_text(report)
    revoke(own_ring, "key-2", "superseded", SEALED + timedelta(days=1), Secrets(), None, SEALED + timedelta(days=30))
    assert "not withdrawn by then" in last(verify(copy, crl=own_ring / CA_CRL))[1]


def test_a_revoked_second_key_counts_as_well(copy: Path, own_ring: Path) -> None:
    revoke(own_ring, "key-2", "compromise", MADE, Secrets(), None, SEALED + timedelta(days=30))
    report = verify(copy, crl=own_ring / CA_CRL)
    assert not report.ok and report.culprits == (layout.SECOND_CERTIFICATE,)


def test_a_revocation_moves_to_earlier_times_only(own_ring: Path) -> None:
    now = SEALED + timedelta(days=30)
    rotate(own_ring, NewKey(Role.SEAL), Secrets(), None, now)
    revoke(own_ring, "key-1", "compromise", SEALED, Secrets(), None, now + timedelta(hours=1))
    revoke(own_ring, "key-1", "compromise", MADE, Secrets(), None, now + timedelta(hours=2))
    for since, words in ((SEALED, "already"), (now + timedelta(days=9), "to come")):
        with pytest.raises(SigningKeyError, match=words):
            revoke(own_ring, "key-1", "compromise", since, Secrets(), None, now + timedelta(hours=3))
    with pytest.raises(SigningKeyError, match="key-1, key-2, key-3"):
        revoke(own_ring, "key-9", "compromise", None, Secrets(), None, now)


def test_without_a_key_in_use_nothing_is_sealed(own_ring: Path) -> None:
    revoke(own_ring, "key-1", "compromise", None, Secrets(), None, SEALED)
    with pytest.raises(SigningKeyError, match="withdrawn"):
        open_keys(own_ring)
    rotate(own_ring, NewKey(Role.SEAL), Secrets(), None, SEALED + timedelta(hours=1))
    assert open_keys(own_ring).first.fingerprint


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows from numbers alone is worked out once for the same numbers: a check of SM2 takes 10 ms."""
    monkeypatch.setattr(Curve, "combine", lru_cache(maxsize=None)(Curve.combine))


@pytest.mark.usefixtures("remembered")
def test_a_flipped_bit_names_the_one_file(copy: Path, ring: Path) -> None:
    dice = random.Random(11)
    for name in (layout.SECOND_SIGNATURE, layout.SIGNATURE, layout.SITE_KEY, *layout.KEY_FILES):
        path = copy / name
        for offset in range(path.stat().st_size):
            bit = dice.randrange(8)
            flip(path, offset, bit)
            report = verify(copy)
            assert not report.ok and report.culprits == (name,), f"{name} byte {offset} bit {bit}\n{as_text(report)}"
            flip(path, offset, bit)
    assert verify(copy, trusted_key=ring / CA_CERTIFICATE, crl=ring / CA_CRL).ok


def test_a_flipped_bit_in_a_certificate_that_was_signed_so(copy: Path, keys: SealingKeys, ring: Path) -> None:
    """The forger has the sealing key, and changes certificates: the authority's signature must catch every bit."""
    from evidence_export.keys.sealing import key_files

    dice = random.Random(5)
    good = key_files(keys)[layout.SITE_CERTIFICATE][1]
    der = certificate.load(good).der
    for offset in range(0, len(der)):
        changed = bytearray(der)
        changed[offset] ^= 1 << dice.randrange(8)
        (copy / layout.SITE_CERTIFICATE).write_bytes(pem_of(bytes(changed), b"CERTIFICATE"))
        resign(copy, keys)
        report = verify(copy, trusted_key=ring / CA_CERTIFICATE)
        assert not report.ok and report.culprits == (layout.SITE_CERTIFICATE,), f"byte {offset}\n{as_text(report)}"


def test_a_flipped_bit_in_the_revocation_list(small: Path, own_ring: Path, tmp_path: Path) -> None:
    revoke(own_ring, "key-1", "compromise", MADE, Secrets(), None, SEALED)
    body = openssl("crl", "-in", own_ring / CA_CRL, "-outform", "DER")
    crl, dice = tmp_path / "list.crl", random.Random(7)
    crl.write_bytes(body)
    assert not verify(small, crl=crl).ok
    for offset in range(len(body)):
        changed = bytearray(body)
        changed[offset] ^= 1 << dice.randrange(8)
        crl.write_bytes(changed)
        try:
            report = verify(small, crl=crl)
        except NotABundleError:
            continue
        assert not report.ok and report.culprits == ("list.crl",), f"byte {offset}\n{as_text(report)}"


@pytest.mark.parametrize(
    ("gone", "culprits"),
    [
        ((layout.SECOND_SIGNATURE,), {layout.SECOND_SIGNATURE}),
        ((layout.SECOND_KEY,), {layout.SECOND_KEY}),
        ((layout.SECOND_SIGNATURE, layout.SECOND_KEY), {layout.SECOND_SIGNATURE, layout.SECOND_KEY}),
        ((layout.SITE_CERTIFICATE,), {layout.SITE_CERTIFICATE}),
        ((layout.CA_CERTIFICATE,), {layout.CA_CERTIFICATE}),
        ((layout.SECOND_CERTIFICATE,), {layout.SECOND_CERTIFICATE}),
    ],
)
def test_what_is_removed_is_missed(copy: Path, gone: tuple[str, ...], culprits: set[str]) -> None:
    for name in gone:
        (copy / name).unlink()
    report = verify(copy)
    assert not report.ok and set(report.culprits) == culprits, as_text(report)


def test_a_second_signature_that_nobody_announced(copy: Path, keys: SealingKeys, bundle: Path) -> None:
    assert keys.second is not None
    shutil.copy(copy / layout.SECOND_SIGNATURE, bundle)
    report = verify(bundle)
    assert not report.ok and report.culprits == (layout.SECOND_KEY,)
    (bundle / layout.SECOND_SIGNATURE).write_bytes(keys.second.sign((bundle / layout.CASE).read_bytes()))
    (bundle / layout.KEYS).mkdir()
    (bundle / layout.SECOND_KEY).write_bytes(keys.second.public_key_pem)
    assert not verify(bundle).ok


def test_swapped_certificates_and_signatures(copy: Path, keys: SealingKeys) -> None:
    pairs = (
        (layout.SITE_CERTIFICATE, layout.SECOND_CERTIFICATE),
        (layout.SITE_CERTIFICATE, layout.CA_CERTIFICATE),
        (layout.SIGNATURE, layout.SECOND_SIGNATURE),
        (layout.SITE_KEY, layout.SECOND_KEY),
    )
    for one, other in pairs:
        first, second = (copy / one).read_bytes(), (copy / other).read_bytes()
        (copy / one).write_bytes(second)
        (copy / other).write_bytes(first)
        report = verify(copy)
        assert not report.ok and set(report.culprits) & {one, other}, as_text(report)
        if one == layout.SITE_CERTIFICATE:  # and with everything signed anew
            resign(copy, keys)
            report = verify(copy)
            assert not report.ok and set(report.culprits) <= {one, other, layout.CASE}, as_text(report)
        (copy / one).write_bytes(first)
        (copy / other).write_bytes(second)
        resign(copy, keys)
    assert verify(copy).ok


LIES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another algorithm": (lambda c: c["seal"].update(algorithm="ECDSA-P256-SHA256"), "another key"),
    "no algorithm that is known": (lambda c: c["seal"].update(algorithm="RSA"), "seal.algorithm"),
    "another second key": (lambda c: c["seal"]["second"].update(key_fingerprint="0" * 64), "another second key"),
    "another second algorithm": (lambda c: c["seal"]["second"].update(algorithm="Ed25519"), "another second key"),
    "the second is no object": (lambda c: c["seal"].update(second=["SM2-SM3"]), "seal.second"),
    "no second named": (lambda c: c["seal"].pop("second"), "another second key"),
    "an earlier revision": (lambda c: c.update(revision=7), "revision 7"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_a_signed_seal_that_lies(copy: Path, keys: SealingKeys, name: str) -> None:
    edit, words = LIES[name]
    resign(copy, keys, edit)
    report = verify(copy)
    assert not report.ok and words in as_text(report), as_text(report)


def test_verification_by_hand_as_the_readme_says(sealed: Path) -> None:
    text = (sealed / layout.README).read_text(encoding="utf-8")
    commands = re.findall(r"^ {5}((?:sha256sum|openssl) .*)$", text, re.MULTILINE)
    half = len(commands) // 2
    assert half == 10 and commands[:half] == commands[half:]
    for command in commands[:half]:
        done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=sealed, capture_output=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stderr.decode()}"
    spec = (Path(__file__).parents[2] / "docs/evidence-format.md").read_text(encoding="utf-8")
    assert [command for command in commands if command not in spec] == []


def test_the_standalone_verifier_takes_authority_and_list(
    small: Path, ring: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(small), "--key", str(ring / CA_CERTIFICATE), "--crl", str(ring / CA_CRL), "--json"]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert report["steps"][11]["title_zh"] == "密钥证书" and report["authority_fingerprint"]
    assert main([str(small), "--crl", str(ring / "none")]) == 2
