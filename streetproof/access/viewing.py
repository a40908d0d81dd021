"""The one way to the pictures of a case: who looks and why is in the ledger first."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence_export.bag.canonical import JsonObject
from evidence_export.ledger.entry import Happening, Kind
from evidence_export.ledger.log import Ledger
from evidence_export.procedure.procedure import Procedure
from streams.instant import iso_utc
from streetproof.access.looker import Looker, ViewError
from streetproof.bundles import read_bytes
from streetproof.clock import now
from streetproof.ledgers.bookkeeping import Bookkeeper
from streetproof.procedures.taking import OpenCase, is_deleted, open_case
from streetproof.store.database import Store
from streetproof.store.ledger.database import SqlLedger

PICTURES = frozenset(
    {"panorama", "overlay", "before", "obstruction", "plate_close_up", "sign_close_up", "sign_photo", "clip"}
)
"""Roles of files that show people and vehicles."""


@dataclass(frozen=True, slots=True)
class Viewed:
    """A case that somebody looks at. `entry`: the number of that in the ledger. `pictures`: paths within the bundle."""

    bundle: Path
    manifest: dict[str, Any]
    procedure: Procedure
    pictures: tuple[str, ...]
    entry: int


def view(data: Path, store: Store, ledger: SqlLedger, case_id: str, looker: Looker) -> Viewed:
    """Look at a case. The ledger says so when this returns, and on disk. Raises what `enter` does."""
    case, entry = enter(data, store, ledger, case_id, looker)
    manifest: dict[str, Any] = json.loads(_manifest(case.bundle))
    pictures = tuple(sorted(one["path"] for one in manifest["files"] if one["role"] in PICTURES))
    return Viewed(case.bundle, manifest, case.procedure, pictures, entry)


def enter(
    data: Path,
    store: Store,
    ledger: SqlLedger,
    case_id: str,
    looker: Looker,
    *,
    kind: Kind = Kind.CASE_VIEWED,
    more: JsonObject | None = None,
    sealed_as: str | None = None,
) -> tuple[OpenCase, int]:
    """Enter that somebody looks at a case, or has masked copies made of it; returns the case and the entry's number.

    `more`: what the entry says besides. `sealed_as`: SHA-256 of the `case.json` that is at hand. Raises CaseError where
    there is no such case or its bundle does not verify, ViewError where the folder holds another bundle of it, or it
    was deleted meanwhile, StoreError: then nothing may be shown.
    """
    case = open_case(data, store, ledger, case_id)
    if sealed_as is not None and hashlib.sha256(_manifest(case.bundle)).hexdigest() != sealed_as:
        raise ViewError(
            "the data folder holds another bundle of this case",
            where=str(case.bundle),
            remedy="Look at that one, or give the data folder that this one is from with --data",
        )
    told: JsonObject = {"manifest_sha256": case.manifest_sha256, **looker.told(), **(more or {})}
    happening = Happening(kind, iso_utc(now().utc_ns), looker.by, case_id, told)
    return case, add(store, ledger, [happening], provided=still_there(ledger, [case_id])).start


def add(
    store: Store, ledger: SqlLedger, happenings: Sequence[Happening], provided: Callable[[], None] | None = None
) -> range:
    """Enter what somebody is about to see; on disk when this returns. Raises StoreError, and what `provided` does."""
    # What happened before comes before it in the ledger, too.
    Bookkeeper(store, ledger).enter()
    return Ledger(ledger).add(happenings, provided=provided)


def still_there(ledger: SqlLedger, case_ids: Sequence[str]) -> Callable[[], None]:
    """Raises ViewError, when it is called, where one of them was deleted."""

    def check() -> None:
        for case_id in case_ids:
            if is_deleted(ledger, case_id):
                raise ViewError("it was deleted meanwhile, as its time was up", where=case_id)

    return check


def _manifest(bundle: Path) -> bytes:
    found = read_bytes(bundle)
    if found is None:
        raise ViewError("its bundle cannot be read", where=str(bundle))
    return found
