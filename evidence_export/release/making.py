"""Makes a release out of a sealed case and whatever goes with it.

It appears under its name only when it is complete, on disk, and has passed the verifier. What a killed run leaves
behind ends in `.partial`, and is replaced by the next one.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from evidence_export.bag import forms, releases
from evidence_export.bagging import BagDraft, Part, must_verify
from evidence_export.drafts import discard, pack, sync
from evidence_export.errors import SealError
from evidence_export.keys import SealingKeys
from evidence_export.keys.sealing import check_valid
from evidence_export.release.carried import CarriedCase, opened
from evidence_export.release.interface import ReleaseRequest
from evidence_export.release.manifest import build
from evidence_export.release.readme import readme
from evidence_export.texts import bag_info_text
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
        sha256 = _make(request, name, case, draft, keys)
        sync(draft)
        must_verify(draft, keys)
        if as_zip:
            pack(draft, packed, name)
            must_verify(packed, keys)
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


def _make(request: ReleaseRequest, name: str, case: CarriedCase, folder: Path, keys: SealingKeys) -> str:
    """Write every file and return the SHA-256 of release.json."""
    draft = BagDraft(folder, name, _FORM)
    withheld = case.withheld(request.profile)
    for path in case.names(frozenset(withheld)):
        case.copy(path, folder / releases.CASE / path)
        draft.note(f"{releases.CASE}{path}", "case")
    draft.add(request.parts)
    draft.add_keys(keys)
    software = f"{request.software.name} {request.software.version}"
    info = bag_info_text(request.site, name, draft.files, "Streetproof release", releases.FORMAT_VERSION, software)
    paths = sorted(file.path for file in draft.files)
    return draft.seal(
        keys,
        request.made_at,
        lambda files, seal: build(request, name, case, withheld, files, seal),
        info=info,
        readme=readme(request, name, case.case_id, withheld, paths, keys),
        pages=[Part(path, "verifier", request.pages[path]) for path in _FORM.pages],
    )
