"""Checkpoints in somebody else's hands: whoever has one can tell later whether history was rewritten."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from evidence_export.ledger import tree
from evidence_export.ledger.checkpoint import MAX_NOTE_BYTES, Checkpoint, Note, read_note
from evidence_export.ledger.log import Ledger
from streams.recorder.durable import sync_folder
from streetproof.ledgers.reading import LedgerError, newest_checkpoint
from streetproof.ledgers.witness_http import ASK, HttpWitness, is_http, witness_at
from streetproof.objects.interface import ObjectStore
from streetproof.store.ledger.database import SqlLedger

SUFFIX = ".checkpoint"
_NEWEST = 50
"""How many checkpoints of a web server a hand-over asks for: it costs the same after years. `check` asks for all."""
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}\.checkpoint")
_CREDENTIALS = {"access_key_env": "AWS_ACCESS_KEY_ID", "secret_key_env": "AWS_SECRET_ACCESS_KEY"}
"""Variables that an S3 store needs; a folder (`file:///...`) needs none."""


class _Elsewhere(Protocol):
    """Where checkpoints lie that is no folder of this machine."""

    @property
    def label(self) -> str: ...

    def fetch(self, folder: Path, newest: int | None) -> None:
        """The checkpoints that are there, as files. `newest`: so many are enough, where asking for each costs time."""

    def put(self, path: Path) -> None: ...


def hand_over_to(store: SqlLedger, where: str, *, plain: bool = False) -> str:
    """Hand the newest checkpoint over to a folder, an object store (`s3://bucket/prefix`) or an HTTP server
    (`https://host/folder/`; `plain`: also `http://`); where it is now.

    Raises LedgerError as `hand_over` does and where the server refuses, ObjectError where the store does.
    """
    if "://" not in where:
        return str(hand_over(store, Path(where)))
    with _elsewhere(store, where, plain) as there, _fetched(there, _NEWEST) as folder:
        known = {path.name for path in folder.iterdir()}
        path = hand_over(store, folder)
        if path.name not in known:  # else it is the same again, signed later: what is there is never replaced
            there.put(path)
    return f"{there.label}/{path.name}"


def witnessed_at(store: SqlLedger, where: str, *, plain: bool = False) -> list[bytes]:
    """The checkpoints of this ledger that are at `where`, see `hand_over_to`, which raises the same."""
    if "://" not in where:
        return witnessed(store, Path(where))
    with _elsewhere(store, where, plain) as there, _fetched(there, None) as folder:
        return witnessed(store, folder, there.label)


@contextmanager
def _elsewhere(store: SqlLedger, where: str, plain: bool) -> Iterator[_Elsewhere]:
    if is_http(where):
        with witness_at(where, os.environ, plain=plain) as witness:
            yield _Http(witness, _prefix(store.origin))
        return
    from streetproof.objects.stores import store_at

    yield _Objects(store_at(where, os.environ, _CREDENTIALS))


@dataclass(frozen=True, slots=True)
class _Objects:
    store: ObjectStore

    @property
    def label(self) -> str:
        return self.store.label

    def fetch(self, folder: Path, newest: int | None) -> None:
        for kept in self.store.all():
            if _NAME.fullmatch(kept.key) and kept.size <= MAX_NOTE_BYTES:
                self.store.fetch(kept.key, folder / kept.key)

    def put(self, path: Path) -> None:
        self.store.put(path.name, path)


@dataclass(frozen=True, slots=True)
class _Http:
    witness: HttpWitness
    prefix: str
    """Of names in this ledger's: what others keep there is not asked for."""

    @property
    def label(self) -> str:
        return self.witness.label

    def fetch(self, folder: Path, newest: int | None) -> None:
        # In the order of their names, which is that of their sizes.
        names = [one for one in self.witness.names(SUFFIX) if _NAME.fullmatch(one) and one.startswith(self.prefix)]
        for name in names[-newest:] if newest is not None else names:
            note = self.witness.fetch(name)
            where = f"{self.label}/{name}"
            if note is None:
                raise LedgerError("the witness lists a checkpoint that it does not have", where=where, remedy=ASK)
            if _name(read_note(note).checkpoint) != name:
                raise LedgerError("the witness has another checkpoint under this name", where=where, remedy=ASK)
            (folder / name).write_bytes(note)

    def put(self, path: Path) -> None:
        self.witness.put(path.name, path.read_bytes())


@contextmanager
def _fetched(there: _Elsewhere, newest: int | None) -> Iterator[Path]:
    """The checkpoints that are there, in a folder for as long as that is needed."""
    with tempfile.TemporaryDirectory(prefix="streetproof-witness-") as scratch:
        there.fetch(Path(scratch), newest)
        yield Path(scratch)


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


def witnessed(store: SqlLedger, folder: Path, label: str | None = None) -> list[bytes]:
    """The checkpoints of this ledger that a folder holds. `label`: for people. Raises LedgerError: none."""
    try:
        found = [path.read_bytes() for path, _ in _of(store, folder)]
    except OSError as error:
        raise LedgerError(
            f"the witness's folder cannot be read ({error.strerror})", where=str(folder), remedy="Check the path"
        ) from error
    if not found:
        raise LedgerError(
            "the witness holds no checkpoint of this ledger",
            where=label or str(folder),
            remedy=f"Name the place that `streetproof ledger witness` wrote to; this is {store.origin}",
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
    path = folder / _name(newest.checkpoint)
    draft = path.with_suffix(".partial")
    with draft.open("wb") as stream:
        stream.write(note)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
    sync_folder(folder)
    return path


def _name(checkpoint: Checkpoint) -> str:
    return f"{_prefix(checkpoint.origin)}{checkpoint.size:012d}{SUFFIX}"


def _prefix(origin: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "_", origin) + "-"
