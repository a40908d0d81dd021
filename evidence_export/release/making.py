"""Makes a release out of a sealed case and whatever goes with it.

It appears under its name only when it is complete, on disk, and has passed the verifier. What a killed run leaves
behind ends in `.partial`, and is replaced by the next one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from evidence_export.bag import canonical, forms, layout, releases
from evidence_export.bag.digest import digest_file
from evidence_export.drafts import discard, pack, sync
from evidence_export.errors import SealError
from evidence_export.keys import SealingKeys
from evidence_export.keys.sealing import check_valid, key_files, seal_of, signatures_of
from evidence_export.made import BagFile
from evidence_export.release.carried import CarriedCase, opened
from evidence_export.release.interface import Part, ReleaseRequest
from evidence_export.release.manifest import build
from evidence_export.release.readme import readme
from evidence_export.texts import bag_info_text
from evidence_export.verifier import verify
from streams.recorder.durable import sync_folder

_FORM = forms.RELEASE


@dataclass(frozen=True, slots=True)
class Release:
    """A finished one. `sha256`: of its `release.json`."""

    id: str
    path: Path
    sha256: str


def id_of(request: ReleaseRequest, case: CarriedCase) -> str:
    """The id that the release will have: the ledger names it before it is made."""
    return releases.release_id(
        case.case_id,
        manifest_sha256=case.manifest_sha256,
        profile=str(request.profile),
        recipient=request.recipient,
        purpose=request.purpose,
        made_at=request.made_at.isoformat(),
    )


def release(request: ReleaseRequest, out_dir: Path, keys: SealingKeys, *, as_zip: bool = False) -> Release:
    """Make `request` into `out_dir/RELEASE-ID`, or `out_dir/RELEASE-ID.zip`.

    Raises SealError where the case does not verify, where parts do not fit each other, where there is a release of that
    name, and where the disk refuses; SigningKeyError where a key does not sign or its certificate is not valid.
    """
    case = opened(request.case)
    name = id_of(request, case)
    final = out_dir / (f"{name}.zip" if as_zip else name)
    if os.path.lexists(final):
        raise SealError("there is a release of this name", where=str(final), remedy="Give another folder")
    check_valid(keys, request.made_at)
    draft, packed = out_dir / f"{name}.partial", out_dir / f"{name}.zip.partial"
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        discard(draft)
        discard(packed)
        draft.mkdir()
        sha256 = _Draft(request, name, case, draft).make(keys)
        sync(draft)
        _must_verify(draft, keys)
        if as_zip:
            pack(draft, packed, name)
            _must_verify(packed, keys)
        (packed if as_zip else draft).rename(final)
        sync_folder(out_dir)
    except OSError as error:
        raise SealError(
            f"the release cannot be written ({error.strerror or error})",
            where=str(error.filename or out_dir),
            remedy="Check the free space of the disk and who may write there, then run again",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        with suppress(OSError):
            packed.unlink()
    return Release(name, final, sha256)


class _Draft:
    """One release in the making."""

    def __init__(self, request: ReleaseRequest, name: str, case: CarriedCase, folder: Path) -> None:
        self._request = request
        self._name = name
        self._case = case
        self._folder = folder
        self._files: list[BagFile] = []

    def make(self, keys: SealingKeys) -> str:
        """Write every file and return the SHA-256 of release.json."""
        request, case = self._request, self._case
        withheld = case.withheld(request.profile)
        for path in case.names(frozenset(withheld)):
            case.copy(path, self._folder / releases.CASE / path)
            self._note(f"{releases.CASE}{path}", "case")
        self._parts(request.parts)
        self._parts([Part(path, role, data) for path, (role, data) in key_files(keys).items()])
        payload = list(self._files)
        sha256 = {file.path: file.digests.sha256 for file in payload}
        software = f"{request.software.name} {request.software.version}"
        info = bag_info_text(
            request.site, self._name, payload, "Streetproof release", releases.FORMAT_VERSION, software
        )
        text = readme(request, self._name, case.case_id, withheld, sorted(sha256), keys)
        self._parts(
            [
                Part(layout.BAGIT, "bagit", layout.BAGIT_TEXT),
                Part(layout.BAG_INFO, "bagit", info),
                Part(layout.MANIFEST, "bagit", layout.manifest_bytes(sha256)),
                Part(layout.README, "readme", text),
                Part(layout.SITE_KEY, "public_key", keys.first.public_key_pem),
                *(Part(path, "verifier", request.pages[path]) for path in _FORM.pages),
            ]
        )
        try:
            seal = seal_of(keys, request.made_at)
            manifest = canonical.dumps(build(request, self._name, case, withheld, self._files, seal))
        except ValueError as error:
            raise SealError(f"the release cannot be written as canonical JSON ({error})", where=self._name) from error
        outside = {_FORM.manifest: manifest, **signatures_of(keys, manifest, _FORM)}
        for path, data in outside.items():
            (self._folder / path).write_bytes(data)
        tags = {file.path: file.digests.sha256 for file in self._files if file.path in _FORM.tag_files}
        tags |= {path: digest_file(self._folder / path).sha256 for path in outside}
        (self._folder / layout.TAG_MANIFEST).write_bytes(layout.manifest_bytes(tags))
        return hashlib.sha256(manifest).hexdigest()

    def _parts(self, parts: Sequence[Part]) -> None:
        for part in parts:
            to = self._folder / part.path
            if not layout.is_path(part.path) or to.exists():
                raise SealError(f"{part.path} cannot be a part of a release, or stands there twice", where=self._name)
            to.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(part.content, bytes):
                to.write_bytes(part.content)
            else:
                shutil.copyfile(part.content, to)
            self._note(part.path, part.role, part.parent, part.transform)

    def _note(self, path: str, role: str, parent: str | None = None, transform: str | None = None) -> None:
        self._files.append(BagFile(path, role, digest_file(self._folder / path), parent, transform))


def _must_verify(path: Path, keys: SealingKeys) -> None:
    report = verify(path, trusted_key=keys.first.fingerprint, made_here=True)
    if not report.ok:
        findings = "; ".join(f"{one.culprit}: {one.what}" for step in report.steps for one in step.findings)
        raise SealError(f"the new release does not verify ({findings})", where=str(path), remedy="Check the disk")
