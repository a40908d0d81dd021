"""Pictures of cases that go into a data set: entered in the ledger of each data folder that they are from."""

from __future__ import annotations

from collections.abc import Sequence

from evidence_export.bag.canonical import JsonObject
from evidence_export.ledger.entry import Happening, Kind
from streams.instant import iso_utc
from streetproof.access.looker import Looker
from streetproof.access.viewing import add, still_there
from streetproof.clock import now
from streetproof.store.database import Store
from streetproof.store.ledger.database import SqlLedger

ABOUT = "dataset"
"""What such entries are about; the cases stand within."""
AT_ONCE = 1000
"""Ids in one entry, which is no longer than 64 KiB."""


def enter_dataset(store: Store, ledger: SqlLedger, looker: Looker, case_ids: Sequence[str]) -> range:
    """Enter that pictures of these cases are about to go into a data set; returns the numbers of the entries, of which
    there is one for each thousand cases. On disk when this returns.

    Raises ViewError where a case was deleted, StoreError: then nothing may be written.
    """
    ids, at = sorted(case_ids), iso_utc(now().utc_ns)
    happenings = []
    for first in range(0, len(ids), AT_ONCE):
        told: JsonObject = {**looker.told(), "cases": len(ids), "ids": ids[first : first + AT_ONCE]}
        happenings.append(Happening(Kind.DATASET_EXPORTED, at, looker.by, ABOUT, told))
    return add(store, ledger, happenings, provided=still_there(ledger, ids))
