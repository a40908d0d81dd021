"""Copies of sealed cases in object stores: each once, never replaced, entered in the ledger, caught up after a failure.

What was copied is known by an empty file per case and store in the data folder; lost, the copies are compared again and
found to be there. A run that was killed between the copy and that file repeats the comparison, and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence_export.bag import zipform
from evidence_export.bag.digest import digest_file
from evidence_export.errors import EvidenceError
from evidence_export.ledger.entry import Kind
from evidence_export.verifier import verify
from streetproof.bundles import read_bytes
from streetproof.objects.interface import ObjectError, ObjectStore
from streetproof.store.database import Store
from streetproof.store.tables import CaseRow

FOLDER = "copies"
"""Of the empty files, in the data folder."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A case that is in a store now. `new` False: it was there."""

    case_id: str
    store: str
    new: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """A copy that is not there, or not what it must be."""

    case_id: str
    store: str
    what: str


def waiting(data: Path, store: Store, targets: Sequence[ObjectStore]) -> int:
    """How many copies are still to be made."""
    rows = _rows(data, store)
    return sum(not _mark(data, target, row).exists() for target in targets for row in rows)


def make(data: Path, store: Store, targets: Sequence[ObjectStore]) -> Iterator[Copied]:
    """Make the copies that are missing, oldest case first. Raises ObjectError where a store refuses: then that store's
    copies wait, and the next run goes on."""
    for row in _rows(data, store):
        due = [target for target in targets if not _mark(data, target, row).exists()]
        if not due:
            continue
        with tempfile.TemporaryDirectory(prefix=".copy-", dir=data) as scratch:
            packed = _packed(data / row.bundle, Path(scratch))
            for target in due:
                new = target.put(key_of(data, row), packed)
                told = {"store": target.label, "sha256": digest_file(packed).sha256}
                store.happenings.note(Kind.CASE_COPIED, row.id, told)
                _set(_mark(data, target, row))
                yield Copied(row.id, target.label, new)


def check(data: Path, store: Store, targets: Sequence[ObjectStore], *, deep: bool = False) -> Iterator[Fault]:
    """What is wrong with the copies. `deep`: each is fetched, and verified like any bundle."""
    for target in targets:
        there = {kept.key for kept in target.all("cases")}
        for row in _rows(data, store):
            key = key_of(data, row)
            if key not in there:
                yield Fault(row.id, target.label, "it is not there")
            elif deep and (what := _wrong(target, key, data / row.bundle, data)) is not None:
                yield Fault(row.id, target.label, what)


def key_of(data: Path, row: CaseRow) -> str:
    """Where a case lies in a store: another bundle under the same id has another name."""
    manifest = read_bytes(data / row.bundle)
    if manifest is None:
        raise ObjectError(
            "the bundle cannot be read", where=str(data / row.bundle), remedy="`streetproof verify` says more"
        )
    name = Path(row.bundle).name.removesuffix(".zip")
    return f"cases/{hashlib.sha256(manifest).hexdigest()[:16]}/{name}.zip"


def _rows(data: Path, store: Store) -> list[CaseRow]:
    return [row for row in store.cases() if os.path.lexists(data / row.bundle)]


def _packed(bundle: Path, scratch: Path) -> Path:
    """The bundle as the one zip that it can become."""
    if bundle.is_file():
        return bundle
    packed = scratch / f"{bundle.name}.zip"
    digests = zipform.digests_of(bundle)
    try:
        with packed.open("wb") as out:
            zipform.write_zip(out, bundle, bundle.name, digests)
    except (OSError, ValueError) as error:
        raise ObjectError(f"the bundle cannot be packed ({error})", where=str(bundle)) from error
    return packed


def _wrong(target: ObjectStore, key: str, bundle: Path, data: Path) -> str | None:
    with tempfile.TemporaryDirectory(prefix=".copy-", dir=data) as scratch:
        fetched = Path(scratch) / Path(key).name
        target.fetch(key, fetched)
        try:
            report = verify(fetched)
        except EvidenceError as error:
            return error.what
        if not report.ok:
            return f"it does not verify ({', '.join(report.culprits[:3])})"
        manifest = read_bytes(bundle)
        same = manifest is not None and hashlib.sha256(manifest).hexdigest() == report.manifest_sha256
        return None if same else "it is another case than the one here"


def _mark(data: Path, target: ObjectStore, row: CaseRow) -> Path:
    return data / FOLDER / hashlib.sha256(target.label.encode()).hexdigest()[:16] / row.id


def _set(mark: Path) -> None:
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
