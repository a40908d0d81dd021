"""What other programs say of the same bundles: `bagit.py`, `sha256sum` and `openssl`, who owe this project nothing.

They agree with the verifier on what is whole. Of what was tampered with, each finds what it looks for, and the verifier
finds all of it; what they cannot find stands in docs/evidence-format.md, which is compared with what happens here.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_export.bag import canonical, layout, releases
from evidence_export.bag.digest import digest_file
from evidence_export.keys import Ed25519Signer, SealingKeys, open_keys
from evidence_export.keys.management import NewKey, Secrets, init
from evidence_export.keys.ring import Role
from evidence_export.readme_keys import check_of
from evidence_export.verifier import verify
from tests.conftest import ROOT
from tests.evidence_export.helpers import files_of, flip, renew_oxum, reseal, resign, sign_bytes
from tests.evidence_export.opensslcheck import without_openssl_sm2
from tests.fuzz.forms import Form, make

OURS, BAGIT, SUMS, SIGNATURE = "verifier", "bagit.py", "sha256sum", "openssl"
CLIP, STILL = "data/clip.mp4", "data/stills/panorama-1.png"
ALL = frozenset({OURS, BAGIT, SUMS, SIGNATURE})
Tamper = Callable[[Path, Ed25519Signer], object]


def bagit(bundle: Path) -> bool:
    """A process of its own: the tool changes into the folder that it validates."""
    command = [sys.executable, "-m", "bagit", "--quiet", "--validate", str(bundle)]
    return succeeds(ROOT, *command)


def succeeds(folder: Path, *command: str) -> bool:
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def sums(bundle: Path) -> bool:
    lists = (layout.MANIFEST, layout.TAG_MANIFEST)
    return all(succeeds(bundle, "sha256sum", "--strict", "-c", name) for name in lists)


def signature(bundle: Path, algorithm: str = layout.ED25519) -> bool:
    return succeeds(bundle, "sh", "-c", check_of(algorithm, layout.SITE_KEY, layout.SIGNATURE))


def lists_fitted(bundle: Path) -> None:
    """What whoever tampers does who knows BagIt: every list that nobody signs says what is there now."""
    payload = {one: digest_file(bundle / one).sha256 for one in files_of(bundle) if one.startswith(layout.PAYLOAD)}
    (bundle / layout.MANIFEST).write_bytes(layout.manifest_bytes(payload))
    renew_oxum(bundle)
    tags = [one for one in files_of(bundle) if not one.startswith(layout.PAYLOAD) and one != layout.TAG_MANIFEST]
    sums_of = {one: digest_file(bundle / one).sha256 for one in tags}
    (bundle / layout.TAG_MANIFEST).write_bytes(layout.manifest_bytes(sums_of))


def stranger() -> Ed25519Signer:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"\x17" * 32))


def replaced(bundle: Path, name: str) -> None:
    (bundle / name).write_bytes(b"forged")


def linked(bundle: Path) -> None:
    (bundle / CLIP).rename(bundle.parent / "moved")
    (bundle / CLIP).symlink_to(bundle.parent / "moved")


def edited(bundle: Path) -> None:
    case = bundle / layout.CASE
    case.write_bytes(case.read_bytes().replace(b'"lead"', b'"case"'))


def wrong_sum(bundle: Path, signer: Ed25519Signer) -> None:
    """Whatever made this bundle had the key, and a mistake."""
    info = (bundle / layout.BAG_INFO).read_bytes().replace(b"Payload-Oxum: ", b"Payload-Oxum: 1")
    (bundle / layout.BAG_INFO).write_bytes(info)
    found = digest_file(bundle / layout.BAG_INFO)
    case = json.loads((bundle / layout.CASE).read_bytes())
    listed = next(one for one in case["files"] if one["path"] == layout.BAG_INFO)
    listed.update(size=found.size, sha256=found.sha256, sm3=found.sm3)
    sign_bytes(bundle, signer, canonical.dumps(case))


TAMPERED: dict[str, tuple[Tamper, frozenset[str]]] = {
    "a bit of a clip": (lambda b, s: flip(b / CLIP, 300, 2), frozenset({OURS, BAGIT, SUMS})),
    "a bit of `case.json`": (lambda b, s: flip(b / layout.CASE, 40, 1), ALL),
    "a bit of the signature": (lambda b, s: flip(b / layout.SIGNATURE, 5, 1), ALL),
    "a bit of a manifest": (lambda b, s: flip(b / layout.MANIFEST, 5, 0), frozenset({OURS, BAGIT, SUMS})),
    "a still removed": (lambda b, s: (b / STILL).unlink(), frozenset({OURS, BAGIT, SUMS})),
    "a file added in `data/`": (lambda b, s: (b / "data/more.png").write_bytes(b"x"), frozenset({OURS, BAGIT})),
    "a file added beside `data/`": (lambda b, s: (b / "note.txt").write_bytes(b"x"), frozenset({OURS})),
    "an empty folder added": (lambda b, s: (b / "data/empty").mkdir(), frozenset({OURS})),
    "a file replaced by a link to its own bytes": (
        lambda b, s: linked(b),
        frozenset({OURS, BAGIT}),
    ),
    "a clip replaced, all lists made to fit": (
        lambda b, s: (replaced(b, CLIP), lists_fitted(b)),
        frozenset({OURS}),
    ),
    "`case.json` edited, all lists made to fit": (
        lambda b, s: (edited(b), lists_fitted(b)),
        frozenset({OURS, SIGNATURE}),
    ),
    "all of it signed by another key": (
        lambda b, s: resign(b, stranger(), lambda c: c["case"].update(status="case")),
        frozenset({OURS}),
    ),
    "a sum in `bag-info.txt` that is wrong, signed by the site": (wrong_sum, frozenset({OURS, BAGIT})),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_who_finds_what(bundle: Path, signer: Ed25519Signer, what: str) -> None:
    assert verify(bundle, trusted_key=signer.fingerprint).ok
    assert bagit(bundle) and sums(bundle) and signature(bundle), "they agree on what is whole"
    tamper, expected = TAMPERED[what]
    tamper(bundle, signer)
    found = {
        OURS: not verify(bundle, trusted_key=signer.fingerprint).ok,
        BAGIT: not bagit(bundle),
        SUMS: not sums(bundle),
        SIGNATURE: not signature(bundle),
    }
    assert {name for name, finds in found.items() if finds} == expected


def test_the_table_in_the_format_says_the_same() -> None:
    text = (ROOT / "docs/evidence-format.md").read_text(encoding="utf-8")
    rows = dict.fromkeys(TAMPERED)
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] in rows:
            rows[cells[0]] = cells[1:]
    for what, (_, expected) in TAMPERED.items():
        wanted = ["found" if name in expected else "no" for name in (OURS, BAGIT, SUMS, SIGNATURE)]
        assert rows[what] == wanted, what


@without_openssl_sm2
@pytest.mark.parametrize("algorithm", layout.ALGORITHMS)
def test_bundles_of_every_algorithm(bundle: Path, algorithm: str, tmp_path: Path) -> None:
    second = layout.ED25519 if algorithm == layout.SM2 else layout.SM2
    new = (NewKey(Role.SEAL, algorithm), NewKey(Role.SECOND, second))
    init(tmp_path / "ring", "demo", new, Secrets(), datetime(2026, 3, 1, tzinfo=UTC))
    keys: SealingKeys = open_keys(tmp_path / "ring")
    reseal(bundle, keys)
    other = check_of(second, layout.SECOND_KEY, layout.SECOND_SIGNATURE)

    def said() -> tuple[bool, bool, bool, bool]:
        also = succeeds(bundle, "sh", "-c", other)
        return verify(bundle, trusted_key=keys.first.fingerprint).ok, bagit(bundle), signature(bundle, algorithm), also

    assert said() == (True, True, True, True)
    flip(bundle / layout.CASE, 60, 3)
    assert said() == (False, False, False, False)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Form:
    return next(form for form in make(tmp_path_factory.mktemp("移送"), ["release"]) if not form.as_zip)


def test_a_release_is_a_bag_and_openssl_takes_its_token(release: Form, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(release.whole, tmp_path / release.whole.name))

    def stamped() -> bool:
        names = ("-data", releases.STAMPED_CHECKPOINT, "-in", releases.TOKEN, "-CAfile", releases.TSA_ROOTS)
        return succeeds(bundle, "openssl", "ts", "-verify", *names)

    def said() -> tuple[bool, bool, bool]:
        return verify(bundle, trusted_key=release.trusted).ok, bagit(bundle), stamped()

    assert said() == (True, True, True)
    place = bundle / releases.TOKEN
    genuine = place.read_bytes()
    for name in ("token", "token of another"):
        place.write_bytes(release.spare[name])
        release.sign_anew(bundle, release.keys)
        assert said() == (False, True, False), "signed anew by the site: a bag without fault, and no such stamp"
    place.write_bytes(genuine)
    release.sign_anew(bundle, release.keys)
    assert said() == (True, True, True)
    flip(bundle / releases.STAMPED_CHECKPOINT, 3, 1)
    release.sign_anew(bundle, release.keys)
    assert said() == (False, True, False)
