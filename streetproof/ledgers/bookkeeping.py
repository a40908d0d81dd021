"""Brings what happened into the ledger, and signs checkpoints of it."""

from __future__ import annotations

from pathlib import Path

from evidence_export.keys import Signer
from evidence_export.ledger.log import Ledger
from evidence_export.timestamp.interface import Authority
from streetproof.databases.opening import ledger_of
from streetproof.ledgers.signing import is_signed, sign
from streetproof.store.database import Store
from streetproof.store.ledger.database import SqlLedger

__all__ = ["Bookkeeper", "ledger_of", "stamp_newest"]

_AT_ONCE = 5_000


class Bookkeeper:
    """The ledger of one data folder, and what waits for it in the state database.

    What happens is noted there in the transaction in which it happens; here it is entered, each once, in that order.
    Killed in between, the next run goes on.
    """

    def __init__(self, store: Store, ledger: SqlLedger) -> None:
        self._store = store
        self._kept = ledger
        self._ledger = Ledger(ledger)
        self._source = store.happenings.source()

    def enter(self, most: int = 20 * _AT_ONCE) -> int:
        """Enter what waits, `most` of it at most; returns how much that was. Raises StoreError."""
        done = 0
        while done < most:
            waiting = self._store.happenings.oldest(_AT_ONCE)
            if not waiting:
                break
            self._ledger.add_from(self._source, [(one.id, one.happening) for one in waiting])
            self._store.happenings.entered([one.id for one in waiting])
            done += len(waiting)
        return done

    def checkpoint(self, data: Path, signer: Signer) -> bytes | None:
        """Sign what the ledger of the data folder holds now and return the note; None where the last one says as much.

        Raises LedgerError where it does not go on from what was signed before.
        """
        return None if is_signed(data, self._kept, signer) else sign(data, self._kept, signer)

    def stamp(self, authority: Authority) -> bool:
        """Have the newest checkpoint stamped, which covers all before it; whether there was one without. Raises
        StampError, and then it waits."""
        return stamp_newest(self._kept, authority)


def stamp_newest(ledger: SqlLedger, authority: Authority) -> bool:
    """See `Bookkeeper.stamp`. From any thread."""
    if not ledger.unstamped():
        return False
    newest = ledger.last_checkpoint()
    assert newest is not None, "there are checkpoints"
    ledger.add_stamp(newest, authority.stamp(newest))
    return True
