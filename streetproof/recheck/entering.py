"""Enters re-checks that lie in a data folder in its ledger: each once, and only those that are believed."""

from __future__ import annotations

import json
from pathlib import Path

from evidence_export.drafts import discard
from evidence_export.ledger.entry import Happening, Kind
from evidence_export.ledger.log import Ledger
from streams.instant import iso_utc
from streetproof.clock import now
from streetproof.errors import StreetproofError
from streetproof.ledgers.bookkeeping import Bookkeeper
from streetproof.procedures.taking import OpenCase, is_deleted
from streetproof.recheck.keeping import FOLDER, KeptRecheckError, entered, for_ledger, manifest_of
from streetproof.recheck.vouching import believed
from streetproof.store.database import Store
from streetproof.store.ledger.database import SqlLedger
from streetproof.store.rechecks import Appointment


class _ThereError(StreetproofError):
    """The ledger has it."""


class _DeletedError(KeptRecheckError):
    """The case is gone."""


def enter(data: Path, store: Store, ledger: SqlLedger, case: OpenCase, folder: Path, by: str) -> bool:
    """Enter a re-check that is kept in the data folder, and write down where it lies; whether it is new to the ledger.

    `by`: who, as the ledger names them. Exactly once, also beside a daemon that did it, and after a crash anywhere.
    Raises what `believed` does, StoreError where another one of this case and time was done, and KeptRecheckError where
    the case was deleted meanwhile: then the folder goes with it.
    """
    found = believed(folder, case, ledger)
    row = next((row for row in store.cases() if row.id == found.case_id), None)
    where = f"{FOLDER}/{folder.name}"
    told = for_ledger(json.loads(manifest_of(folder)), found.sha256, where)
    assert told is not None, "it was read"
    gone = _DeletedError("it was deleted meanwhile, as its time was up", where=found.case_id)

    def still_to_be_told() -> None:
        if is_deleted(ledger, found.case_id):
            raise gone
        if found.sha256 in entered(ledger, found.case_id, found.case_sha256):
            raise _ThereError("the ledger has it", where=found.case_id)

    happening = Happening(Kind.CASE_RECHECKED, iso_utc(now().utc_ns), by, found.case_id, {**told})
    try:
        if row is None:
            raise gone
        asked = Appointment(found.case_id, found.camera, row.bundle, found.config, found.due_ns, found.window_ns)
        store.rechecks.record(asked, found.verdict, found.reason, where)
        # From here on no daemon notes it any more; what one has noted before comes into the ledger first.
        Bookkeeper(store, ledger).enter()
        Ledger(ledger).add([happening], provided=still_to_be_told)
    except _ThereError:
        return False
    except _DeletedError:
        if folder.parent.resolve() == (data / FOLDER).resolve():
            discard(folder)
        raise
    return True
