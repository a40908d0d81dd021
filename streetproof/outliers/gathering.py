"""What became of each case, from bundles, tombstones and the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from evidence_export.ledger.entry import Kind, read_entry
from streetproof.bundles import read_manifest
from streetproof.store.database import Store, StoreError
from streetproof.store.ledger.database import SqlLedger


class Outcome(StrEnum):
    """How a case was judged by people."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class CaseFact:
    """One case. Of a deleted one, blockers and plate are not known any more (None)."""

    case_id: str
    camera: str
    camera_name: str | None
    rule: str
    kind: str | None
    arrived_ns: int
    zone: str | None
    outcome: Outcome
    reason: str | None
    """Of the rejection."""
    blockers: frozenset[str] | None
    plate: str | None
    """`certain`, `uncertain`, `none_found`, or `not_asked`."""


@dataclass(slots=True)
class Ways:
    """What the ledger tells of cases: how they were judged, and how often each officer looked at one."""

    outcomes: dict[str, tuple[Outcome, str | None]] = field(default_factory=dict)
    views: Counter[str] = field(default_factory=Counter)


def ways(ledger: SqlLedger, since: str, until: str) -> Ways:
    """What the ledger tells of cases; views only from `since` to before `until` (ISO 8601, UTC). Raises StoreError."""
    told = Ways()
    for row in ledger.about_cases():
        try:
            one = read_entry(row.entry).happening
        except ValueError as error:
            raise StoreError(f"entry {row.seq} of the ledger cannot be read", where=ledger.origin) from error
        if one.kind is Kind.CASE_VIEWED and since <= one.at < until:
            told.views[one.by] += 1
        step = one.data.get("step") if one.kind is Kind.CASE_STEP else None
        if isinstance(step, dict) and step.get("step") == "reject":
            told.outcomes[one.about] = (Outcome.REJECTED, str(step.get("reason")))
        elif isinstance(step, dict) and step.get("step") == "confirm":
            told.outcomes[one.about] = (Outcome.CONFIRMED, None)
    return told


def facts(data: Path, store: Store, told: Ways, from_ns: int, to_ns: int) -> Iterator[CaseFact]:
    """Cases that arrived from `from_ns` to before `to_ns`, those that were deleted since as well."""
    seen = set()
    for row in store.cases():
        if from_ns <= row.arrived_ns < to_ns:
            seen.add(row.id)
            manifest = read_manifest(data / row.bundle)
            outcome, reason = told.outcomes.get(row.id, (Outcome.OPEN, None))
            where = (row.id, row.camera, None if manifest is None else str(manifest["camera"]["name"]), row.rule)
            if manifest is None:
                yield CaseFact(*where, None, row.arrived_ns, None, outcome, reason, None, None)
                continue
            kind, zone = manifest["violation"]["kind"], str(manifest["site"]["timezone"])
            blockers = frozenset(manifest["case"]["approval_blocked_by"]) - {"not_reviewed"}
            shown = kind if isinstance(kind, str) else None
            yield CaseFact(*where, shown, row.arrived_ns, zone, outcome, reason, blockers, _plate(manifest))
    for stone in store.tombstones.all():
        if from_ns <= stone.arrived_ns < to_ns and stone.case_id not in seen:
            seen.add(stone.case_id)
            outcome, reason = told.outcomes.get(stone.case_id, (Outcome.OPEN, None))
            where = (stone.case_id, stone.camera, None, stone.rule)
            yield CaseFact(*where, None, stone.arrived_ns, None, outcome, reason, None, None)


def _plate(manifest: dict[str, Any]) -> str:
    plate = manifest["plate"]
    return str(plate.get("status", "not_asked"))
