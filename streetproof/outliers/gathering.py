"""What became of each case, from bundles, tombstones and the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

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
            outcome, reason = told.outcomes.get(row.id, (Outcome.OPEN, None))
            bundle = _told(data / row.bundle) or _Bundle(None, None, None, None, None)
            yield CaseFact(
                row.id, row.camera, bundle.camera_name, row.rule, bundle.kind, row.arrived_ns, bundle.zone, outcome,
                reason, bundle.blockers, bundle.plate,
            )  # fmt: skip
    for stone in store.tombstones.all():
        if from_ns <= stone.arrived_ns < to_ns and stone.case_id not in seen:
            seen.add(stone.case_id)
            outcome, reason = told.outcomes.get(stone.case_id, (Outcome.OPEN, None))
            where = (stone.case_id, stone.camera, None, stone.rule)
            yield CaseFact(*where, None, stone.arrived_ns, None, outcome, reason, None, None)


@dataclass(frozen=True, slots=True)
class _Bundle:
    camera_name: str | None
    kind: str | None
    zone: str | None
    blockers: frozenset[str] | None
    plate: str | None


def _told(path: Path) -> _Bundle | None:
    """What a bundle tells; None where it is missing or says something else than a case does: its row still counts."""
    manifest = read_manifest(path)
    if manifest is None:
        return None
    try:
        kind, blockers = manifest["violation"]["kind"], frozenset(map(str, manifest["case"]["approval_blocked_by"]))
        return _Bundle(
            str(manifest["camera"]["name"]),
            kind if isinstance(kind, str) else None,
            str(manifest["site"]["timezone"]),
            blockers - {"not_reviewed"},
            str(manifest["plate"].get("status", "not_asked")),
        )
    except (AttributeError, KeyError, TypeError):
        return None
