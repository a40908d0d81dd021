"""Which cases the output folder holds already. Bundles are the truth; the database is brought into line with them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from evidence_export.case import CaseRequest
from evidence_export.sealer import SealedCase
from streetproof.batch.judge import Finding
from streetproof.bundles import IMPORTS, case_row, parsed, read_bytes, row_of
from streetproof.store.database import Store
from streetproof.store.tables import CaseRow
from streetproof.store.tombstones import Tombstone
from vision.boxes import iou
from vision.interface import Box

_SAME_PLACE = 0.4
"""Two boxes of one standing vehicle overlap more than this, also where two different models drew them."""


class CaseRegister:
    """The cases of one output folder."""

    def __init__(self, store: Store, out: Path, run: int) -> None:
        self._store = store
        self._out = out
        self._run = run
        self._rows = {
            row.id: row
            for row in store.cases()
            if (out / row.bundle).exists() and not row.bundle.startswith(f"{IMPORTS}/")
        }
        self._gone = store.tombstones.all()
        for bundle in sorted((out / "cases").iterdir()):
            if bundle.suffix != ".partial" and bundle.name.removesuffix(".zip") not in self._rows:
                self._take_up(bundle)

    def case_of(self, finding: Finding) -> CaseRow | None:
        """The case sealed before for this stay and rule, else None.

        Another model or another tuning draws another box, and with it gives the stay another id. A vehicle that stood
        on the same spot of the same camera at the same time is the same vehicle: it gets no second case.
        """
        return next((row for row in self._rows.values() if _is_of(row, finding)), None)

    def was_deleted(self, finding: Finding) -> bool:
        """Whether this stay and rule had a case whose time was up: it gets no second one."""
        return any(_is_of(stone, finding) for stone in self._gone)

    def add(self, sealed: SealedCase, request: CaseRequest) -> None:
        """Keep a case that was sealed now."""
        row = case_row(sealed.case_id, str(sealed.path.relative_to(self._out)), request, self._run)
        self._keep(row, sealed.manifest_sha256)

    def _take_up(self, bundle: Path) -> None:
        """A bundle that the database does not know: made by a run that was killed then, or the database was lost."""
        data = read_bytes(bundle)
        case = None if data is None else parsed(data)
        if data is None or case is None:
            return
        self._keep(row_of(case, str(bundle.relative_to(self._out))), hashlib.sha256(data).hexdigest())

    def _keep(self, row: CaseRow, manifest_sha256: str) -> None:
        self._store.remember_case(row, manifest_sha256)
        self._rows[row.id] = row


def _is_of(row: CaseRow | Tombstone, finding: Finding) -> bool:
    stay = finding.stay
    return (row.camera, row.rule) == (stay.camera, finding.violation.rule) and (
        row.stay == stay.id
        or (
            row.arrived_ns <= stay.last_seen.utc_ns
            and row.last_seen_ns >= stay.arrived[1].utc_ns
            and iou(_box(row.place), stay.place) >= _SAME_PLACE
        )
    )


def _box(text: str) -> Box:
    x1, y1, x2, y2 = json.loads(text)
    return x1, y1, x2, y2
