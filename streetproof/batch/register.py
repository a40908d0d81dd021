"""Which cases the output folder holds already. Bundles are the truth; the database is brought into line with them."""

from __future__ import annotations

import hashlib
import json
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

from evidence_export.case import CaseRequest
from evidence_export.sealer import SealedCase
from streams.instant import from_datetime
from streetproof.batch.judge import Finding
from streetproof.store.database import Store
from streetproof.store.tables import CaseRow
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
        self._rows = {row.id: row for row in store.cases() if (out / row.bundle).exists()}
        for bundle in sorted((out / "cases").iterdir()):
            if bundle.suffix != ".partial" and bundle.name.removesuffix(".zip") not in self._rows:
                self._take_up(bundle)

    def case_of(self, finding: Finding) -> CaseRow | None:
        """The case sealed before for this stay and rule, else None.

        Another model or another tuning draws another box, and with it gives the stay another id. A vehicle that stood
        on the same spot of the same camera at the same time is the same vehicle: it gets no second case.
        """
        stay, rule = finding.stay, finding.violation.rule
        for row in self._rows.values():
            if (row.camera, row.rule) == (stay.camera, rule) and (
                row.stay == stay.id
                or (
                    row.arrived_ns <= stay.last_seen.utc_ns
                    and row.last_seen_ns >= stay.arrived[1].utc_ns
                    and iou(_box(row.place), stay.place) >= _SAME_PLACE
                )
            ):
                return row
        return None

    def add(self, sealed: SealedCase, request: CaseRequest) -> None:
        """Keep a case that was sealed now."""
        row = case_row(sealed.case_id, str(sealed.path.relative_to(self._out)), request, self._run)
        self._keep(row, sealed.manifest_sha256)

    def _take_up(self, bundle: Path) -> None:
        """A bundle that the database does not know: made by a run that was killed then, or the database was lost."""
        data = read_bytes(bundle)
        case = None if data is None else _manifest(data)
        if data is None or case is None:
            return
        violation, stay = case["violation"], case["violation"]["stay"]
        self._keep(
            CaseRow(
                id=case["case"]["id"],
                site=case["site"]["id"],
                camera=case["camera"]["id"],
                rule=violation["rule"],
                zone=violation["zone"],
                stay=stay["id"],
                place=json.dumps([float(value) for value in stay["place"]]),
                arrived_ns=_ns(stay["arrived"]["by"]),
                last_seen_ns=_ns(stay["last_seen"]),
                bundle=str(bundle.relative_to(self._out)),
                run=None,
            ),
            hashlib.sha256(data).hexdigest(),
        )

    def _keep(self, row: CaseRow, manifest_sha256: str) -> None:
        self._store.remember_case(row, manifest_sha256)
        self._rows[row.id] = row


def case_row(case_id: str, bundle: str, request: CaseRequest, run: int | None) -> CaseRow:
    """The row of a case that was sealed now; `bundle` is relative to the folder of the database."""
    stay = request.stay
    return CaseRow(
        id=case_id,
        site=request.site.id,
        camera=stay.camera,
        rule=request.violation.rule,
        zone=request.violation.zone,
        stay=stay.id,
        place=json.dumps(stay.place),
        arrived_ns=stay.arrived[1].utc_ns,
        last_seen_ns=stay.last_seen.utc_ns,
        bundle=bundle,
        run=run,
    )


def read_manifest(bundle: Path) -> dict[str, Any] | None:
    """The manifest of a bundle; None where there is none to read: `verify` is what judges bundles."""
    data = read_bytes(bundle)
    return None if data is None else _manifest(data)


def read_bytes(bundle: Path) -> bytes | None:
    """The `case.json` of a bundle; None where there is none to read."""
    try:
        if bundle.is_dir():
            return (bundle / "case.json").read_bytes()
        with zipfile.ZipFile(bundle) as archive:
            return archive.read(f"{bundle.stem}/case.json")
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None


def _manifest(data: bytes) -> dict[str, Any] | None:
    try:
        case: dict[str, Any] = json.loads(data)
        return case if case["format"] == "streetproof-case" else None
    except (KeyError, TypeError, ValueError):
        return None


def _box(text: str) -> Box:
    x1, y1, x2, y2 = json.loads(text)
    return x1, y1, x2, y2


def _ns(iso: str) -> int:
    return from_datetime(datetime.fromisoformat(iso[:-1][:26] + "+00:00")) + int(iso[26:29])
