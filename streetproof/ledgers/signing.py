"""Signs checkpoints, and keeps the last one beside the data: whoever writes to the database alone does not reach it.

What is signed has to go on from what was signed before. The database cannot vouch for that: somebody who takes its
newest checkpoints away and writes entries anew would get the key's signature over them with the next checkpoint.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evidence_export.bag import pubkey
from evidence_export.bag.canonical import JsonObject
from evidence_export.keys import Signer
from evidence_export.ledger.checkpoint import MAX_NOTE_BYTES, Checkpoint, read_note
from evidence_export.ledger.entry import Happening, Kind
from evidence_export.ledger.log import Ledger
from streams.instant import iso_utc
from streams.recorder.durable import sync_folder
from streetproof.clock import now
from streetproof.ledgers.reading import LedgerError
from streetproof.store.ledger.database import SqlLedger

NAME = "last-checkpoint.txt"
_LOCK = ".signing.lock"


def sign(data: Path, ledger: SqlLedger, signer: Signer) -> bytes:
    """Sign what the ledger holds now and return the note. Raises LedgerError where it does not go on from the one that
    was signed last, or that cannot be kept; SigningKeyError."""
    with _alone(data):
        return _sign(data, ledger, signer, _known(data))


def is_signed(data: Path, ledger: SqlLedger, signer: Signer) -> bool:
    """Whether the newest checkpoint of the database is of this key and covers all that the ledger holds.

    It is kept then, where none or an older one is: as after an upgrade, or a run that died between the two. Raises
    LedgerError where the ledger does not go on from what was signed last, or that cannot be kept.
    """
    note = ledger.last_checkpoint()
    try:
        found = None if note is None else read_note(note)
    except ValueError:  # whoever writes to the database can put anything there; `check` tells
        return False
    if note is None or found is None or found.checkpoint.size != ledger.size():
        return False
    if not found.signed_by(pubkey.from_pem(signer.public_key_pem)):
        return False
    with _alone(data):
        known = _known(data)
        if known is not None and not Ledger(ledger).continues(known):
            raise _does_not_go_on(data, ledger, known)
        if known is None or known.size < found.checkpoint.size:
            _keep(data, note)
    return True


def sign_restored(data: Path, ledger: SqlLedger, signer: Signer, why: str, by: str) -> bytes:
    """Sign a ledger that was brought back from a backup, or begun anew. What was signed last, and is lost, is entered
    first.

    Raises LedgerError where nothing is lost; as `sign` else.
    """
    with _alone(data):
        old = _known(data)
        if old is None or Ledger(ledger).continues(old):
            raise LedgerError(
                "the ledger goes on from what was signed last: nothing is lost",
                where=ledger.origin,
                remedy="Leave --restored out",
            )
        lost: JsonObject = {"reason": why, "ledger": old.origin, "size": old.size, "root": old.root.hex()}
        lost["signed_at"] = old.at
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


def _known(data: Path) -> Checkpoint | None:
    note = kept_at(data)
    if note is None:
        return None
    try:
        return read_note(note).checkpoint
    except ValueError as error:
        raise LedgerError(
            f"the checkpoint that was signed last cannot be read ({error})",
            where=str(data / NAME),
            remedy="Bring the file back from a backup. Without it nobody can tell whether the ledger was rewritten: "
            "remove it only if a witness holds a checkpoint that `ledger check --witness` agrees with",
        ) from error


def _sign(data: Path, ledger: SqlLedger, signer: Signer, known: Checkpoint | None) -> bytes:
    try:
        note = Ledger(ledger).checkpoint(signer, iso_utc(now().utc_ns), known)
    except (ValueError, LookupError) as error:
        if known is None:
            raise
        raise _does_not_go_on(data, ledger, known) from error
    _keep(data, note)
    return note


def _does_not_go_on(data: Path, ledger: SqlLedger, old: Checkpoint) -> LedgerError:
    what = f"the ledger of {ledger.size()} entries is not signed: it does not begin with the {old.size} of {old.at}"
    if old.origin != ledger.origin:
        what = f"the ledger {ledger.origin} is not signed: what was signed last is {old.origin}, of {old.size} entries"
    return LedgerError(
        what,
        where=str(data / NAME),
        remedy="Run `streetproof ledger check`. Where its database was brought back from a backup, or the ledger begun "
        "anew, say so with `streetproof ledger sign --restored WHY`; else keep all as it is for inquiry",
    )


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Of two that sign at once, one waits for the other: what is kept never goes back."""
    try:
        file = (data / _LOCK).open("a")
    except OSError as error:
        raise _cannot_keep(data, error) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _keep(data: Path, note: bytes) -> None:
    draft = data / f"{NAME}.partial"
    try:
        with draft.open("wb") as stream:
            stream.write(note)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(data / NAME)
        sync_folder(data)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise _cannot_keep(data, error) from error


def _cannot_keep(data: Path, error: OSError) -> LedgerError:
    return LedgerError(
        f"the checkpoint cannot be kept ({error.strerror})",
        where=str(data / NAME),
        remedy="Check the free space of the disk, and who may write to the data folder",
    )
