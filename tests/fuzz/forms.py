"""What is tampered with: real bundles of every form. A form says how to make one, and how to sign it anew."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence_export.bag import forms, layout
from evidence_export.bag.digest import digest_file
from evidence_export.bag.zipform import write_zip
from evidence_export.bagging import Part
from evidence_export.case import CaseRequest
from evidence_export.keys import Ed25519Signer, SealingKeys, open_keys
from evidence_export.keys.management import NewKey, Secrets, init
from evidence_export.keys.ring import CA_CERTIFICATE, Role
from evidence_export.ledger.entry import Kind
from evidence_export.ledger.log import Ledger
from evidence_export.plates.looks import PlateEyes
from evidence_export.release.carried import opened
from evidence_export.sealer import seal
from evidence_export.verifier import verify
from models.plates.loading import load_plate_reader
from models.plates.reader import ReaderSettings
from models.store import ModelStore
from streetproof.errors import StreetproofError
from streetproof.store.ledger.database import SqlLedger
from tests.evidence_export import helpers, segments
from tests.evidence_export import rechecks as rechecking
from tests.evidence_export.conftest import POLICY, SEALED_AT, make_request, write_recording
from tests.evidence_export.imagesets import LINE, SIGN, policy_of, street_request, write_street
from tests.evidence_export.platefilm import TEXT, Shown, Told, about, film
from tests.evidence_export.release import conftest as releasing
from tests.evidence_export.test_kinds import of_kind
from tests.tsa import Tsa

_MADE = datetime(2026, 3, 1, tzinfo=UTC)
Edit = Callable[[dict[str, Any]], object]


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of bundle. `whole` is a valid one, which nobody changes."""

    name: str
    whole: Path
    keys: SealingKeys
    trusted: str | Path
    """What whoever receives it was told to trust."""
    kind: forms.Form = forms.CASE
    as_zip: bool = False
    spare: dict[str, bytes] = field(default_factory=dict)
    """Genuine parts of other bundles, to put in the place of its own."""

    def sign_anew(self, bundle: Path, keys: SealingKeys, edit: Edit | None = None) -> None:
        """Make everything fit its files again, after `edit` has had its way with the manifest. Raises ValueError for
        what cannot be written as canonical JSON."""
        if self.kind is forms.RELEASE:
            releasing.resign(bundle, keys, edit)
        elif self.kind is forms.RECHECK:
            rechecking.resign(bundle, keys, edit)
        elif keys.certificate is None and keys.second is None and not (bundle / layout.KEYS).exists():
            helpers.resign(bundle, keys, edit)
        else:
            helpers.reseal(bundle, keys, edit)

    def sign_bytes(self, bundle: Path, keys: SealingKeys, data: bytes) -> None:
        """Sign any bytes as the manifest."""
        from evidence_export.bag.digest import digest_bytes
        from evidence_export.keys.sealing import signatures_of

        outside = {self.kind.manifest: data, **signatures_of(keys, data, self.kind)}
        for name, content in outside.items():
            (bundle / name).write_bytes(content)
        names = {*self.kind.tag_files, *outside}
        tags = {name: digest_bytes((bundle / name).read_bytes()).sha256 for name in names}
        (bundle / layout.TAG_MANIFEST).write_bytes(layout.manifest_bytes(tags))

    def packed(self, bundle: Path, to: Path) -> Path:
        """The zip of a folder as it is now: right as a zip, whatever is in it."""
        digests = {name: digest_file(bundle / name, with_crc32=True) for name in helpers.files_of(bundle)}
        with to.open("wb") as out:
            write_zip(out, bundle, bundle.name, digests)
        return to


def stranger() -> SealingKeys:
    """A key that nobody knows. Always the same, so that a run can be repeated."""
    return SealingKeys(Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"\x42" * 32)))


def owner() -> SealingKeys:
    return SealingKeys(Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32)))))


def make(folder: Path, wanted: Iterable[str] | None = None) -> list[Form]:
    """All forms, each as a folder and as a zip, below `folder`; or those of the `wanted` names."""
    source = folder / "录像" / "东门 20260302_080000.mp4"
    source.parent.mkdir(parents=True)
    write_recording(source, 30)
    request = make_request(source)
    made = [*_bare(folder, request), *_plate(folder), *_certified(folder, request), _release(folder, request)]
    made.append(_recheck(folder))
    for one in made:
        report = verify(one.whole, trusted_key=one.trusted)
        assert report.ok, f"{one.name}: {report.culprits}"
    both = [replace(one, as_zip=as_zip) for one in made for as_zip in (False, True)]
    return [one for one in both if wanted is None or one.name in wanted]


def _recheck(folder: Path) -> Form:
    """Of the place of a case, which was not corrected."""
    keys = owner()
    about = ("SP-20260302-ABCDEFGHIJKL", "12" * 32)
    whole = rechecking.make_recheck(folder / "recheck", keys, about, "not_corrected")
    return Form("recheck", whole, keys, keys.first.fingerprint, kind=forms.RECHECK)


def _bare(folder: Path, request: CaseRequest) -> list[Form]:
    """Sealed by one key without certificate."""
    chain = segments.record(request.recordings[0].path, folder / "live", change=segments.reconnect(6, 3))
    street = request.recordings[0].path.with_name("street.mp4")
    write_street(street)
    requests = {
        "lead": request,
        "image set": street_request(street, policy_of(SIGN, LINE)),
        "case": _with_basis(request),
        "occupation": of_kind(request, "occupation", occupied=_occupied()),
        "live": segments.live(request, segments.recordings_of(chain, folder / "live")),
    }
    keys = owner()
    return [
        Form(name, _small(seal(one, folder / name, keys.first, SEALED_AT).path, keys), keys, keys.first.fingerprint)
        for name, one in requests.items()
    ]


def _plate(folder: Path) -> list[Form]:
    """A case whose plate was read, where the models for that are at hand."""
    try:
        reader = load_plate_reader(store=ModelStore.default(), settings=ReaderSettings(side=480, second_side=0))
    except StreetproofError:
        return []
    keys = owner()
    request = about(film(folder / "录像" / "plate.mp4", Shown(TEXT)))
    bundle = seal(request, folder / "plate", keys.first, SEALED_AT, eyes=PlateEyes(reader, Told())).path
    return [Form("plate", _small(bundle, keys), keys, keys.first.fingerprint)]


def _certified(folder: Path, request: CaseRequest) -> list[Form]:
    """Of each algorithm, with certificates, the last one with two signatures."""
    both = (NewKey(Role.SEAL), NewKey(Role.SECOND, layout.SM2))
    sets = {
        "ecdsa": (NewKey(Role.SEAL, layout.ECDSA),),
        "sm2": (NewKey(Role.SEAL, layout.SM2),),
        "second": both,
    }
    init(folder / "ring-other", "demo", both, Secrets(), _MADE)
    other = seal(request, folder / "other", open_keys(folder / "ring-other"), SEALED_AT).path
    spare = {name: (other / name).read_bytes() for name in layout.KEY_FILES}
    found = []
    for name, new in sets.items():
        ring = folder / f"ring-{name}"
        init(ring, "demo", new, Secrets(), _MADE)
        keys = open_keys(ring)
        bundle = seal(request, folder / name, keys, SEALED_AT).path
        found.append(Form(name, _small(bundle, keys), keys, ring / CA_CERTIFICATE, spare=spare))
    return found


def _release(folder: Path, request: CaseRequest) -> Form:
    """An outgoing package with ledger proofs, a procedure, exhibits, and a time stamp."""
    place = folder / "release"
    place.mkdir()
    keys = owner()
    bundle = _small(seal(request, place / "case", keys.first, SEALED_AT).path, keys)
    tsa = Tsa(place / "tsa")
    with SqlLedger.open_file(place / "ledger.db", "west") as store:
        office = releasing.Office(bundle, keys, tsa, Ledger(store), store)
        sealed = opened(bundle)
        for number in range(5):
            office.enter(Kind.TIME_CHECKED, about=f"clock {number}")
        office.enter(Kind.CASE_SEALED, manifest_sha256=sealed.manifest_sha256, bundle="cases/x", camera="gate")
        office.enter(Kind.TIME_CHECKED, about="clock")
        office.stamp = office.stamped()
        early = office.stamp
        office.step("甲", "review", "2026-03-03T09:00:00+08:00", checks=["genuine"])
        office.step("乙", "confirm", "2026-03-03T10:00:00+08:00", checks=["genuine"], answers={})
        parts = (Part("data/sheet.png", "sheet", b"a sheet", "case:data/stills/panorama-1.png", "drawn"),)
        path = office.released(place / "out", replace(office.request(), parts=parts))
        spare = {"checkpoint": early.note, "token": tsa.stamp(_question(b"something else")), "photo": releasing.PHOTO}
        others = Tsa(place / "tsa-2")
        spare["token of another"] = others.stamp(_question(early.note))
        spare["roots of another"] = others.ca.read_bytes()
    return Form("release", path, keys, keys.first.fingerprint, kind=forms.RELEASE, spare=spare)


def _question(data: bytes) -> bytes:
    from evidence_export.timestamp import rfc3161

    return rfc3161.question(data).der


def _small(bundle: Path, keys: SealingKeys) -> Path:
    """The same bundle with media of a few hundred bytes, so that thousands of it take minutes."""
    for path in sorted((bundle / "data").rglob("*")):
        if path.suffix in (".png", ".mp4", ".pyz"):
            path.write_bytes(path.name.encode() * 8)
    if keys.certificate is None:
        helpers.resign(bundle, keys)
    else:
        helpers.reseal(bundle, keys)
    return bundle


def _with_basis(request: CaseRequest) -> CaseRequest:
    policy: dict[str, Any] = copy.deepcopy(POLICY)
    policy["policy"]["rules"][0]["legal_basis"] = {
        "id": "dao-jiao-93",
        "statute": "道路交通安全法 第九十三条",
        "competence": "综合执法事项目录 第12项",
        "reviewed_by": "法制科",
    }
    digest = hashlib.sha256(rfc8785.dumps(policy)).hexdigest()
    return replace(request, policy=policy, violation=replace(request.violation, policy_hash=digest))


def _occupied() -> Any:
    from tests.evidence_export.test_kinds import OCCUPIED

    return OCCUPIED


def copied(form: Form, work: Path) -> Path:
    """A copy of its folder to tamper with, at the same place each time."""
    shutil.rmtree(work, ignore_errors=True)
    return Path(shutil.copytree(form.whole, work / form.whole.name))


def manifest_of(form: Form, bundle: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((bundle / form.kind.manifest).read_bytes())
    return found


__all__ = ["Edit", "Form", "copied", "make", "manifest_of", "owner", "stranger"]
