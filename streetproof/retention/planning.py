"""Judges every case of a data folder by its bundle, the ledger and the holds."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from evidence_export.errors import EvidenceError
from evidence_export.ledger.entry import Happening, Kind, read_entry
from evidence_export.procedure.steps import Exhibit, Step, read_step
from evidence_export.words import Said
from streams.instant import from_iso
from streetproof.bundles import parsed, read_bytes
from streetproof.procedures.taking import replayed
from streetproof.retention.judging import History, Judgement, RetentionClass, in_doubt, judge
from streetproof.settings.case_retention import CaseRetention
from streetproof.settings.periods import Period
from streetproof.store.database import Store, StoreError
from streetproof.store.ledger.database import SqlLedger
from streetproof.store.rechecks import RecheckState
from streetproof.store.tables import CaseRow

_BEGINNINGS = (Kind.CASE_SEALED, Kind.CASE_IMPORTED)


@dataclass(frozen=True, slots=True)
class Planned:
    """A case, what was decided, and what its removal needs. `exhibits`: SHA-256 of those that its steps name."""

    row: CaseRow
    judgement: Judgement
    manifest_sha256: str | None
    exhibits: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """All cases, oldest first. `ledger_size`: entries from there on were not looked at."""

    cases: tuple[Planned, ...]
    ledger_size: int

    @property
    def going(self) -> tuple[Planned, ...]:
        return tuple(one for one in self.cases if one.judgement.goes)


@dataclass(slots=True)
class _Told:
    """What the ledger tells of one case, since it came here last."""

    begun_ns: int | None = None
    manifest_sha256: str | None = None
    steps: list[tuple[str, Any]] = field(default_factory=list)


def plan(data: Path, store: Store, ledger: SqlLedger, retention: CaseRetention, now_ns: int) -> Plan:
    """Judge every case now. Bring what waits into the ledger before. Raises StoreError."""
    size = ledger.size()
    told = _told(ledger)
    holds = Counter(hold.case_id for hold in store.case_holds.all())
    waiting = Counter(one.asked.case_id for one in store.rechecks.all() if one.state is RecheckState.WAITING)
    periods = periods_of(retention)
    found = []
    for row in store.cases():
        counts = (holds[row.id], waiting[row.id])
        found.append(_planned(data, row, told.get(row.id, _Told()), counts, periods, now_ns))
    return Plan(tuple(found), size)


def periods_of(retention: CaseRetention) -> dict[RetentionClass, Period | None]:
    """The periods by class."""
    return {cls: getattr(retention, cls.value) for cls in RetentionClass}


def exhibits_named(ledger: SqlLedger, besides: str) -> set[str]:
    """SHA-256 of the exhibits that any other case names which was not deleted."""
    return {
        value["sha256"]
        for case_id, told in _told(ledger).items()
        if case_id != besides
        for _, value in told.steps
        if isinstance(value, dict) and value.get("step") == "exhibit"
    }


def _planned(
    data: Path, row: CaseRow, told: _Told, counts: tuple[int, int], periods: Mapping[RetentionClass, Period | None],
    now_ns: int,
) -> Planned:  # fmt: skip
    manifest = read_bytes(data / row.bundle)
    case = None if manifest is None else parsed(manifest)
    if manifest is None or case is None:
        return Planned(
            row, in_doubt(row.id, Said("证据包缺失或不可读", "its bundle is missing, or cannot be read")), None
        )
    sha256 = hashlib.sha256(manifest).hexdigest()
    if told.begun_ns is None or told.manifest_sha256 != sha256:
        said = Said("证据包与存证日志不符", "its bundle is not the one that the ledger tells of")
        return Planned(row, in_doubt(row.id, said), sha256)
    try:
        steps: list[Step] = []
        for about, value in told.steps:
            if about != sha256:
                raise ValueError("a step is about another bundle")
            steps.append(read_step(value))
        procedure = replayed(case, steps)
        begun_ns = max(told.begun_ns, from_iso(case["seal"]["sealed_at"]))
        zone = ZoneInfo(case["site"]["timezone"])
    except (EvidenceError, ValueError, KeyError, TypeError) as error:
        said = Said("办案记录不可读", f"its steps cannot be read: {str(error).splitlines()[0][:200]}")
        return Planned(row, in_doubt(row.id, said), sha256)
    history = History(row.id, begun_ns, procedure.state, steps, zone, *counts)
    exhibits = frozenset(step.sha256 for step in steps if isinstance(step, Exhibit))
    return Planned(row, judge(history, periods, now_ns), sha256, exhibits)


def _told(ledger: SqlLedger) -> dict[str, _Told]:
    found: dict[str, _Told] = {}
    for row in ledger.about_cases():
        try:
            one = read_entry(row.entry).happening
        except ValueError as error:
            raise StoreError(
                f"entry {row.seq} of the ledger cannot be read, so nothing is deleted",
                where=ledger.origin,
                remedy="`streetproof ledger check` says what is wrong with it",
            ) from error
        told = found.setdefault(one.about, _Told())
        if one.kind in _BEGINNINGS:
            _begin(told, one)
        elif one.kind is Kind.CASE_STEP:
            told.steps.append((str(one.data.get("manifest_sha256")), json.loads(json.dumps(one.data.get("step")))))
        elif one.kind is Kind.CASE_DELETED:
            found[one.about] = _Told()
    return found


def _begin(told: _Told, one: Happening) -> None:
    """Told again of the same bundle it began then already; of another one, the case is in doubt by its steps."""
    sha256 = str(one.data.get("manifest_sha256"))
    if told.manifest_sha256 != sha256:
        told.begun_ns, told.manifest_sha256 = from_iso(one.at), sha256
