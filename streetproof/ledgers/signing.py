"""Signs checkpoints, and keeps the last one beside the data: whoever writes to the database alone does not reach it.

What is signed has to go on from what was signed before. The database cannot vouch for that: somebody who takes its
newest checkpoints away and writes entries anew would get the key's signature over them with the next checkpoint.
"""

from __future__ import annotations

import os
from pathlib import Path

from evidence_export.bag.canonical import JsonObject
from evidence_export.keys import Signer
from evidence_export.ledger.checkpoint import MAX_NOTE_BYTES, Note, read_note
from evidence_export.ledger.entry import Happening, Kind
from evidence_export.ledger.log import Ledger
from streams.instant import iso_utc
from streams.recorder.durable import sync_folder
from streetproof.clock import now
from streetproof.ledgers.reading import LedgerError
from streetproof.store.ledger.database import SqlLedger

NAME = "last-checkpoint.txt"


def sign(data: Path, ledger: SqlLedger, signer: Signer) -> bytes:
    """Sign what the ledger holds now and return the note. Raises LedgerError where it does not go on from the one that
    was signed last, or that cannot be kept; SigningKeyError."""
    return _sign(data, ledger, signer, must_go_on(data, ledger))


def must_go_on(data: Path, ledger: SqlLedger) -> Note | None:
    """The checkpoint that was signed last, where the ledger begins with it; None: none was. Raises LedgerError."""
    known = _known(data, ledger)
    if known is not None and not begins_with(ledger, known):
        old = known.checkpoint
        raise LedgerError(
            f"the ledger of {ledger.size()} entries is not signed: it does not begin with the {old.size} of {old.at}",
            where=str(data / NAME),
            remedy="Run `streetproof ledger check`. Where its database was brought back from a backup, say so with "
            "`streetproof ledger sign --restored WHY`; else keep all as it is for inquiry",
        )
    return known


def sign_restored(data: Path, ledger: SqlLedger, signer: Signer, why: str, by: str) -> bytes:
    """Sign a ledger that was brought back from a backup. What was signed last, and is lost, is entered first.

    Raises LedgerError where nothing is lost; as `sign` else.
    """
    known = _known(data, ledger)
    if known is None or begins_with(ledger, known):
        raise LedgerError(
            "the ledger goes on from what was signed last: nothing is lost",
            where=ledger.origin,
            remedy="Leave --restored out",
        )
    old = known.checkpoint
    lost: JsonObject = {"reason": why, "size": old.size, "root": old.root.hex(), "signed_at": old.at}
    Ledger(ledger).add([Happening(Kind.LEDGER_RESTORED, iso_utc(now().utc_ns), by, ledger.origin, lost)])
    return _sign(data, ledger, signer, None)


def kept_at(data: Path) -> bytes | None:
    """The checkpoint that was signed last by this machine; None: none was. Raises LedgerError."""
    try:
        with (data / NAME).open("rb") as stream:
            return stream.read(MAX_NOTE_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LedgerError(
            f"the checkpoint that was signed last cannot be read ({error.strerror})",
            where=str(data / NAME),
            remedy="Check who may read the data folder",
        ) from error


def begins_with(ledger: SqlLedger, known: Note) -> bool:
    """Whether the hashes of the ledger begin with those that a checkpoint has signed."""
    old, log = known.checkpoint, Ledger(ledger)
    try:
        return old.size <= log.size() and log.root(old.size) == old.root
    except LookupError:  # hashes are gone
        return False


def _known(data: Path, ledger: SqlLedger) -> Note | None:
    """None also where it is of another ledger: one that was lost is begun anew, under another name."""
    note = kept_at(data)
    if note is None:
        return None
    try:
        found = read_note(note)
    except ValueError as error:
        raise LedgerError(
            f"the checkpoint that was signed last cannot be read ({error})",
            where=str(data / NAME),
            remedy="Bring the file back from a backup. Without it nobody can tell whether the ledger was rewritten: "
            "remove it only if a witness holds a checkpoint that `ledger check --witness` agrees with",
        ) from error
    return found if found.checkpoint.origin == ledger.origin else None


def _sign(data: Path, ledger: SqlLedger, signer: Signer, known: Note | None) -> bytes:
    note = Ledger(ledger).checkpoint(signer, iso_utc(now().utc_ns))
    if known is None or read_note(note).checkpoint.size > known.checkpoint.size:
        _keep(data, note)
    return note


def _keep(data: Path, note: bytes) -> None:
    draft = data / f"{NAME}.{os.getpid()}.partial"
    try:
        with draft.open("wb") as stream:
            stream.write(note)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(data / NAME)
        sync_folder(data)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise LedgerError(
            f"the checkpoint cannot be kept ({error.strerror})",
            where=str(data / NAME),
            remedy="Check the free space of the disk, and who may write to the data folder",
        ) from error
