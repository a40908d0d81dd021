"""The one way to the pictures of a case: who looks and why is in the ledger first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence_export.ledger.entry import Happening, Kind
from evidence_export.ledger.log import Ledger
from evidence_export.procedure.procedure import Procedure
from streams.instant import iso_utc
from streetproof.access.purposes import Purpose
from streetproof.bundles import read_bytes
from streetproof.clock import now
from streetproof.errors import StreetproofError
from streetproof.ledgers.bookkeeping import Bookkeeper
from streetproof.procedures.taking import is_deleted, open_case
from streetproof.store.database import Store
from streetproof.store.ledger.database import SqlLedger

PICTURES = frozenset(
    {"panorama", "overlay", "before", "obstruction", "plate_close_up", "sign_close_up", "sign_photo", "clip"}
)
"""Roles of files that show people and vehicles."""


class ViewError(StreetproofError):
    """A case that nobody can look at."""


@dataclass(frozen=True, slots=True)
class Viewed:
    """A case that somebody looks at. `entry`: the number of that in the ledger. `pictures`: paths within the bundle."""

    bundle: Path
    manifest: dict[str, Any]
    procedure: Procedure
    pictures: tuple[str, ...]
    entry: int


def view(
    data: Path, store: Store, ledger: SqlLedger, case_id: str, purpose: Purpose, by: tuple[str, str]
) -> Viewed:  # fmt: skip
    """Look at a case. `by`: name and licence of the officer. The ledger says so when this returns, and on disk.

    Raises CaseError where there is no such case or its bundle does not verify, ViewError for an officer without name or
    licence, StoreError: then nothing is shown.
    """
    name, licence = (" ".join(part.split()) for part in by)
    if not name or not licence:
        raise ViewError("who looks needs a name and the number of a licence", where=case_id)
    # What happened before comes before it in the ledger, too.
    Bookkeeper(store, ledger).enter()
    case = open_case(data, store, ledger, case_id)
    data_of = read_bytes(case.bundle)
    if data_of is None:
        raise ViewError("its bundle cannot be read", where=str(case.bundle))
    manifest: dict[str, Any] = json.loads(data_of)

    def still_there() -> None:
        if is_deleted(ledger, case_id):
            raise ViewError("it was deleted meanwhile, as its time was up", where=case_id)

    happening = Happening(
        Kind.CASE_VIEWED,
        iso_utc(now().utc_ns),
        f"{name} {licence}",
        case_id,
        {"manifest_sha256": case.manifest_sha256, "purpose": str(purpose.reason), "text": purpose.text},
    )
    entry = Ledger(ledger).add([happening], provided=still_there).start
    pictures = tuple(sorted(one["path"] for one in manifest["files"] if one["role"] in PICTURES))
    return Viewed(case.bundle, manifest, case.procedure, pictures, entry)
