"""A ledger that holds a case, an authority that stamped it, and releases of it to tamper with."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from evidence_export.bag import canonical, forms, layout, releases
from evidence_export.bag.digest import digest_file
from evidence_export.bag.releases import Profile
from evidence_export.bagging import Part
from evidence_export.case import Software
from evidence_export.keys import Ed25519Signer, SealingKeys
from evidence_export.keys.sealing import signatures_of
from evidence_export.ledger.entry import Happening, Kind
from evidence_export.ledger.log import Ledger
from evidence_export.release.carried import opened
from evidence_export.release.interface import ExhibitFact, ReleaseRequest
from evidence_export.release.making import id_of, release
from evidence_export.release.proofs import Stamp, ledger_parts
from evidence_export.timestamp import rfc3161
from streams.instant import Instant, TimeSource
from streetproof.store.ledger.database import SqlLedger
from tests.evidence_export.helpers import renew_oxum, tiny
from tests.evidence_export.helpers import resign as reseal_case
from tests.tsa import Tsa

MADE_AT = Instant(1_772_600_000_000_000_000, TimeSource.ARRIVAL, 0)
OFFICERS = {"甲": {"name": "李明", "licence": "33010012"}, "乙": {"name": "王芳", "licence": "33010027"}}
PHOTO = b"a photograph by an officer"
LATE = b"a letter that came after the decision"
RECIPIENT, PURPOSE = "杭州市西湖区人民法院", "行政诉讼举证 evidence in court"


@dataclass
class Office:
    """Whoever keeps the ledger, with a case in it."""

    bundle: Path
    keys: SealingKeys
    tsa: Tsa
    ledger: Ledger
    store: SqlLedger
    stamp: Stamp | None = None

    @property
    def case_id(self) -> str:
        return opened(self.bundle).case_id

    def enter(self, kind: Kind | str, by: str = "batch", about: str | None = None, **data: object) -> int:
        happening = Happening(kind, "2026-03-03T00:00:00Z", by, about or self.case_id, data)  # type: ignore[arg-type]
        return self.ledger.add([happening]).start

    def step(self, who: str, step: str, at: str, **fields: object) -> int:
        content = {"step": step, "at": at, "by": OFFICERS[who], **fields}
        return self.enter(Kind.CASE_STEP, who, manifest_sha256=opened(self.bundle).manifest_sha256, step=content)

    def checkpoint(self) -> bytes:
        return self.ledger.checkpoint(self.keys.first, "2026-03-04T08:00:00Z")

    def stamped(self) -> Stamp:
        note = self.checkpoint()
        token = self.tsa.stamp(rfc3161.question(note).der)
        return Stamp(note, token, self.tsa.ca.read_bytes())

    def request(self, profile: Profile = Profile.FULL) -> ReleaseRequest:
        return ReleaseRequest(
            case=self.bundle,
            profile=profile,
            recipient=RECIPIENT,
            purpose=PURPOSE,
            by=("李明", "33010012"),
            made_at=MADE_AT,
            software=Software("streetproof", "0"),
            site=("west", "西湖区综合行政执法局"),
            pages={"verify.pyz": b"a program", "verify.html": b"a page"},
        )

    def released(self, out: Path, request: ReleaseRequest, *, ledger: bool = True, as_zip: bool = False) -> Path:
        """Enter the release, and make it."""
        if ledger:
            exported = {
                "release": id_of(request, opened(self.bundle)),
                "recipient": request.recipient,
                "purpose": request.purpose,
                "profile": str(request.profile),
            }
            self.enter(Kind.CASE_EXPORTED, "李明 33010012", **exported)
            numbers = self.store.numbers_about(self.case_id)
            facts, parts = ledger_parts(self.ledger, numbers, numbers[0], self.checkpoint(), self.stamp)
            request = replace(request, ledger=facts, parts=(*request.parts, *parts))
        return release(request, out, self.keys, as_zip=as_zip).path


@pytest.fixture(scope="session")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Tsa:
    return Tsa(tmp_path_factory.mktemp("tsa") / "authority")


@pytest.fixture
def office(sealed_folder: Path, signer: Ed25519Signer, tsa: Tsa, tmp_path: Path) -> Iterator[Office]:
    """Strangers' entries before, between and behind those of the case."""
    bundle = tiny(sealed_folder, tmp_path / "案件 1" / sealed_folder.name, signer)
    with SqlLedger.open_file(tmp_path / "ledger.db", "west") as store:
        office = Office(bundle, SealingKeys(signer), tsa, Ledger(store), store)
        case = opened(bundle)
        for number in range(5):
            office.enter(Kind.TIME_CHECKED, about=f"clock {number}")
        office.enter(Kind.CASE_SEALED, manifest_sha256=case.manifest_sha256, bundle="cases/x", camera="gate")
        office.enter(Kind.TIME_CHECKED, about="clock")
        office.stamp = office.stamped()
        for number in range(3):
            office.enter(Kind.TIME_CHECKED, about=f"clock {number}")
        yield office


@contextmanager
def stamped_office(bundle: Path, keys: SealingKeys, tsa: Tsa, folder: Path) -> Iterator[Office]:
    """One whose ledger holds nothing but the case, under a stamped checkpoint."""
    with SqlLedger.open_file(folder / "ledger.db", "west") as store:
        office = Office(bundle, keys, tsa, Ledger(store), store)
        office.enter(Kind.CASE_SEALED, manifest_sha256=opened(bundle).manifest_sha256)
        office.stamp = office.stamped()
        yield office


@pytest.fixture
def full(office: Office, tmp_path: Path) -> Path:
    """A full release, with a procedure, two exhibits, and everything else that one may carry."""
    office.step("甲", "review", "2026-03-03T09:00:00+08:00", checks=["genuine"])
    office.step("乙", "confirm", "2026-03-03T10:00:00+08:00", checks=["genuine"], answers={})
    photo, late = _sha256(PHOTO), _sha256(LATE)
    exhibit = {"origin": "执法记录仪", "relation": "现场照片"}
    office.step("甲", "exhibit", "2026-03-03T11:00:00+08:00", sha256=photo, **exhibit)
    office.step("甲", "notice", "2026-03-04T11:00:00+08:00", served_at="2026-03-04T11:00:00+08:00", document="告知书")
    office.step("甲", "decide", "2026-03-20T11:00:00+08:00", second=OFFICERS["乙"], document="决定书")
    office.step("甲", "exhibit", "2026-03-21T11:00:00+08:00", sha256=late, origin="当事人", relation="来信")
    request = replace(
        office.request(),
        parts=(
            Part("data/sheet.png", "sheet", b"a sheet", "case:data/stills/panorama-1.png", "drawn"),
            Part("data/exhibits/01.jpg", "exhibit", PHOTO),
        ),
        exhibits=(
            ExhibitFact("data/exhibits/01.jpg", photo, "执法记录仪", "现场照片", "李明 33010012", "2026", False),
            ExhibitFact(None, late, "当事人", "来信", "李明 33010012", "2026", True),
        ),
    )
    return office.released(tmp_path / "移送 包", request)


def with_wrong_sm3(office: Office, recording: Path, out: Path) -> Path:
    """A release that carries its recording, of a case that tells another SM3 of it: signed throughout, as by an office
    whose index of recordings was damaged."""
    part = Part(f"{releases.RECORDINGS}01.mp4", "recording", recording)
    path = office.released(out, replace(office.request(), parts=(part,)), ledger=False)
    case = path / releases.CASE
    reseal_case(case, office.keys, lambda root: root["recordings"][0].update(sm3="0" * 64))
    sha256 = hashlib.sha256((case / layout.CASE).read_bytes()).hexdigest()

    def edit(root: dict[str, Any]) -> None:
        root["case"]["manifest_sha256"] = sha256
        about = root["release"]
        about["id"] = releases.release_id(
            root["case"]["id"],
            manifest_sha256=sha256,
            profile=about["profile"],
            recipient=about["recipient"],
            purpose=about["purpose"],
            made_at=root["seal"]["sealed_at"],
        )

    resign(path, office.keys, edit)
    return path


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def copied(path: Path, to: Path) -> Path:
    """A copy to tamper with."""
    return Path(shutil.copytree(path, to / path.name))


def resign(bundle: Path, keys: SealingKeys, edit: Callable[[dict[str, Any]], object] | None = None) -> Path:
    """Sign the release anew as it lies there, as somebody with the site's key could: files that came are listed, files
    that went are not, and `edit` has its way with release.json."""
    root = json.loads((bundle / layout.RELEASE).read_bytes())
    known = {one["path"]: one for one in root["files"]}
    (bundle / layout.SITE_KEY).write_bytes(keys.first.public_key_pem)
    payload = {
        str(path.relative_to(bundle)): digest_file(path).sha256
        for path in (bundle / "data").rglob("*")
        if path.is_file()
    }
    (bundle / layout.MANIFEST).write_bytes(layout.manifest_bytes(payload))
    renew_oxum(bundle)
    pages = [name for name in forms.RELEASE.tag_files if name not in forms.RELEASE.unlisted]
    root["files"] = []
    for name in sorted([*payload, *pages]):
        found = digest_file(bundle / name)
        listed = known.get(name, {"path": name, "role": "other"})
        root["files"].append({**listed, "size": found.size, "sha256": found.sha256, "sm3": found.sm3})
    root["seal"] |= {"key_fingerprint": keys.first.fingerprint, "algorithm": keys.first.algorithm}
    if edit is not None:
        edit(root)
    data = canonical.dumps(root)
    outside = {layout.RELEASE: data, **signatures_of(keys, data, forms.RELEASE)}
    for name, content in outside.items():
        (bundle / name).write_bytes(content)
    tags = {name: digest_file(bundle / name).sha256 for name in {*forms.RELEASE.tag_files, *outside}}
    (bundle / layout.TAG_MANIFEST).write_bytes(layout.manifest_bytes(tags))
    return bundle
