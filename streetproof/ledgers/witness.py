"""Checkpoints in somebody else's hands: whoever has one can tell later whether history was rewritten."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evidence_export.ledger import tree
from evidence_export.ledger.checkpoint import MAX_NOTE_BYTES, Note, read_note
from evidence_export.ledger.log import Ledger
from streams.recorder.durable import sync_folder
from streetproof.ledgers.reading import LedgerError, newest_checkpoint
from streetproof.objects.interface import ObjectStore
from streetproof.store.ledger.database import SqlLedger

SUFFIX = ".checkpoint"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}\.checkpoint")
_CREDENTIALS = {"access_key_env": "AWS_ACCESS_KEY_ID", "secret_key_env": "AWS_SECRET_ACCESS_KEY"}
"""Variables that an S3 store needs; a folder (`file:///...`) needs none."""


def hand_over_to(store: SqlLedger, where: str) -> str:
    """Hand the newest checkpoint over to a folder, or to an object store (`s3://bucket/prefix`); where it is now.

    Raises LedgerError as `hand_over` does, ObjectError where the store refuses.
    """
    if "://" not in where:
        return str(hand_over(store, Path(where)))
    from streetproof.objects.stores import store_at

    objects = store_at(where, os.environ, _CREDENTIALS)
    with _fetched(objects) as folder:
        path = hand_over(store, folder)
        objects.put(path.name, path)
    return f"{objects.label}/{path.name}"


def witnessed_at(store: SqlLedger, where: str) -> list[bytes]:
    """The checkpoints of this ledger that a folder or an object store holds. Raises as `hand_over_to` does."""
    if "://" not in where:
        return witnessed(store, Path(where))
    from streetproof.objects.stores import store_at

    with _fetched(store_at(where, os.environ, _CREDENTIALS)) as folder:
        return witnessed(store, folder)


@contextmanager
def _fetched(objects: ObjectStore) -> Iterator[Path]:
    """The checkpoints of a store, in a folder for as long as that is needed."""
    with tempfile.TemporaryDirectory(prefix="streetproof-witness-") as scratch:
        folder = Path(scratch)
        for kept in objects.all():
            if _NAME.fullmatch(kept.key) and kept.size <= MAX_NOTE_BYTES:
                objects.fetch(kept.key, folder / kept.key)
        yield folder


def hand_over(store: SqlLedger, folder: Path) -> Path:
    """Write the newest checkpoint into a folder, if the ledger still begins with all that the folder holds of it.

    Raises LedgerError where it does not: history was rewritten, or the folder is another ledger's; and where there is
    nothing to hand over, or the folder refuses.
    """
    note = newest_checkpoint(store)
    newest = read_note(note)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, kept in _of(store, folder):
            _must_continue(store, path, kept, newest)
        return _write(folder, newest, note)
    except OSError as error:
        raise LedgerError(
            f"the checkpoint cannot be written ({error.strerror})",
            where=str(error.filename or folder),
            remedy="Give a folder that this user may write to",
        ) from error


def witnessed(store: SqlLedger, folder: Path) -> list[bytes]:
    """The checkpoints of this ledger that a folder holds. Raises LedgerError where it holds none."""
    try:
        found = [path.read_bytes() for path, _ in _of(store, folder)]
    except OSError as error:
        raise LedgerError(
            f"the witness's folder cannot be read ({error.strerror})", where=str(folder), remedy="Check the path"
        ) from error
    if not found:
        raise LedgerError(
            "the witness's folder holds no checkpoint of this ledger",
            where=str(folder),
            remedy=f"Name the folder that `streetproof ledger witness` wrote to; this is {store.origin}",
        )
    return found


def _of(store: SqlLedger, folder: Path) -> Iterator[tuple[Path, Note]]:
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with path.open("rb") as stream:
            data = stream.read(MAX_NOTE_BYTES + 1)
        try:
            note = read_note(data)
        except ValueError as error:
            raise LedgerError(str(error), where=str(path), remedy="Move it away if it is not meant for this") from error
        if note.checkpoint.origin == store.origin:
            yield path, note


def _must_continue(store: SqlLedger, path: Path, kept: Note, newest: Note) -> None:
    old, new = kept.checkpoint, newest.checkpoint
    ledger = Ledger(store)
    if old.size <= new.size:
        proof = ledger.consistency(old.size, new.size) if old.size else ()
        if tree.is_consistent(old.size, old.root, new.size, new.root, proof):
            return
    raise LedgerError(
        f"the ledger of {new.size} entries does not begin with the {old.size} that were witnessed at {old.at}",
        where=str(path),
        remedy="Entries were changed or removed since: keep that file, and run `streetproof ledger check --witness`",
    )


def _write(folder: Path, newest: Note, note: bytes) -> Path:
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", newest.checkpoint.origin)
    path = folder / f"{name}-{newest.checkpoint.size:012d}{SUFFIX}"
    draft = path.with_suffix(".partial")
    with draft.open("wb") as stream:
        stream.write(note)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
    sync_folder(folder)
    return path
