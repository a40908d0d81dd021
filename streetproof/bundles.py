"""Bundles of cases in a data folder: what they say, and the rows that find them. The bundle is the truth."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from evidence_export.bag import layout, releases
from evidence_export.case import CaseRequest
from streams.instant import from_datetime
from streetproof.databases.opening import has_ledger, has_state
from streetproof.store.tables import CaseRow

IMPORTS = "imports"
"""Folder of releases that came from other departments, and are cases here as well."""
_DEPTH = 4
"""Folders from a bundle up to the data folder: imported releases have the case deepest within."""


def data_of(bundle: Path) -> Path | None:
    """The data folder that a bundle lies in, by its path or by where links lead; None: it lies in none.

    A folder with one of the two databases is one: that the other is missing has to be told, not passed over. Raises
    PlaceError.
    """
    for path in (bundle.absolute(), bundle.resolve()):
        for folder in list(path.parents)[:_DEPTH]:
            if has_ledger(folder) or has_state(folder):
                return folder
    return None


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


def row_of(case: Mapping[str, Any], bundle: str) -> CaseRow:
    """The row of a case by what its manifest says. Raises KeyError, TypeError or ValueError where it is none."""
    violation, stay = case["violation"], case["violation"]["stay"]
    return CaseRow(
        id=case["case"]["id"],
        site=case["site"]["id"],
        camera=case["camera"]["id"],
        rule=violation["rule"],
        zone=violation["zone"],
        stay=stay["id"],
        place=json.dumps([float(value) for value in stay["place"]]),
        arrived_ns=_ns(stay["arrived"]["by"]),
        last_seen_ns=_ns(stay["last_seen"]),
        bundle=bundle,
        run=None,
    )


def read_manifest(bundle: Path) -> dict[str, Any] | None:
    """The manifest of a bundle; None where there is none to read: `verify` is what judges bundles."""
    data = read_bytes(bundle)
    return None if data is None else parsed(data)


def read_bytes(bundle: Path) -> bytes | None:
    """The `case.json` of a sealed case, or of the one within a release; None where there is none to read."""
    try:
        if bundle.is_dir():
            inside = releases.CASE if (bundle / layout.RELEASE).is_file() else ""
            return (bundle / inside / layout.CASE).read_bytes()
        with zipfile.ZipFile(bundle) as archive:
            inside = releases.CASE if f"{bundle.stem}/{layout.RELEASE}" in archive.namelist() else ""
            return archive.read(f"{bundle.stem}/{inside}{layout.CASE}")
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None


def parsed(data: bytes) -> dict[str, Any] | None:
    """The manifest in the bytes of a `case.json`; None where they are none."""
    try:
        case: dict[str, Any] = json.loads(data)
        return case if case["format"] == "streetproof-case" else None
    except (KeyError, TypeError, ValueError):
        return None


def _ns(iso: str) -> int:
    return from_datetime(datetime.fromisoformat(iso[:-1][:26] + "+00:00")) + int(iso[26:29])
