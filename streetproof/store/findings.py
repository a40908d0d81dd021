"""Violations on their way to sealed cases. A finding and the hold on its footage come and change together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from streams.instant import NS_PER_S
from streetproof.store import holds, notices
from streetproof.store.connection import Connection
from streetproof.store.holds import Hold
from streetproof.store.live_tables import FindingRow, HoldRow
from streetproof.store.notices import Outgoing
from vision.codec import from_json, to_json
from vision.interface import Stay, Violation

_ERROR_LENGTH = 500
_AT_ONCE = 500
"""Databases take a limited number of values in one statement."""
_LONGEST_WAIT_NS = 7 * 24 * 3600 * NS_PER_S


class FindingState(StrEnum):
    """How far a finding has come."""

    WAITING = "waiting"
    SEALING = "sealing"
    SEALED = "sealed"
    FAILED = "failed"
    """Given up: a person has to look at it. Its footage stays held."""


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """A violation, and the stay behind it as it is known now."""

    id: int
    violation: Violation
    stay: Stay
    state: FindingState
    due_ns: int
    """When it is to be sealed, or tried again (UTC)."""
    attempts: int
    error: str | None
    """Why the last attempt failed."""
    case_id: str | None
    bundle: str | None
    context: dict[str, Any]
    """Whatever its sealing has to know besides, as `add` was given it: JSON."""

    @property
    def hold_id(self) -> str:
        """Under which its footage is held until it is sealed."""
        return f"finding-{self.id}"


class Findings:
    """All findings; one per camera, stay and rule."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        violation: Violation,
        *,
        due_ns: int,
        hold_from_ns: int,
        hold_to_ns: int,
        context: Mapping[str, Any] | None = None,
        telling: Outgoing | None = None,
    ) -> StoredFinding:
        """Keep a violation that fired now, hold its footage, and tell people (`telling`). One that is known already is
        returned as it is, and nobody is told again."""
        stay = violation.stay
        same = sa.select(FindingRow).where(
            FindingRow.camera == stay.camera, FindingRow.stay == stay.id, FindingRow.rule == violation.rule
        )
        with self._connection.write() as session:
            row = session.scalar(same)
            if row is None:
                row = FindingRow(
                    camera=stay.camera,
                    stay=stay.id,
                    rule=violation.rule,
                    zone=violation.zone,
                    violation_json=_dump(violation),
                    stay_json=_dump(stay),
                    context=json.dumps(dict(context or {}), ensure_ascii=False),
                    state=FindingState.WAITING,
                    due_ns=due_ns,
                    attempts=0,
                )
                session.add(row)
                session.flush()
                found = _finding(row)
                reason = f"rule {violation.rule} fired; its case is to be sealed"
                holds.place(session, Hold(found.hold_id, stay.camera, hold_from_ns, hold_to_ns, reason))
                if telling is not None:
                    notices.put(session, telling)
            return _finding(row)

    def get(self, finding: int) -> StoredFinding | None:
        """One finding by its id."""
        with self._connection.read() as session:
            row = session.get(FindingRow, finding)
            return None if row is None else _finding(row)

    def due(self, now_ns: int, limit: int) -> list[StoredFinding]:
        """Findings that are to be sealed by now, the longest due first."""
        # Nothing waits for weeks: what is due that late fired before the clock was put back.
        due = sa.or_(FindingRow.due_ns <= now_ns, FindingRow.due_ns > now_ns + _LONGEST_WAIT_NS)
        query = (
            sa.select(FindingRow)
            .where(FindingRow.state == FindingState.WAITING, due)
            .order_by(FindingRow.due_ns, FindingRow.id)
            .limit(limit)
        )
        with self._connection.read() as session:
            return [_finding(row) for row in session.scalars(query)]

    def stay_ended(self, stay: Stay, *, due_ns: int, hold_to_ns: int) -> int:
        """The vehicle has left: every finding of it has the stay as it was at the end. What waits is due at `due_ns` at
        the latest, with footage held up to `hold_to_ns`. Returns how many findings wait."""
        with self._connection.write() as session:
            found = list(session.scalars(_of(stay)))
            rows = [row for row in found if row.state == FindingState.WAITING]
            for row in found:
                row.stay_json = _dump(stay)
            for row in rows:
                row.due_ns = min(row.due_ns, due_ns)
                reason = f"the vehicle of rule {row.rule} left; its case is to be sealed"
                start_ns = min(stay.last_seen.utc_ns, hold_to_ns)
                holds.place(session, Hold(_finding(row).hold_id, stay.camera, start_ns, hold_to_ns, reason))
        return len(rows)

    def departed(self, stay: Stay, departure: Mapping[str, Any]) -> int:
        """A look back has narrowed when the vehicle left: `departure`, JSON, stands in the context of every finding of
        it, sealed or not. Returns how many that are."""
        with self._connection.write() as session:
            rows = list(session.scalars(_of(stay)))
            for row in rows:
                row.context = json.dumps({**json.loads(row.context), "departure": dict(departure)}, ensure_ascii=False)
        return len(rows)

    def sealed_since(self, camera: str, since_ns: int) -> list[str]:
        """Cases of `camera` made from footage of the time since `since_ns`, in the order they were sealed."""
        query = (
            sa.select(FindingRow.case_id)
            .join(HoldRow, sa.and_(HoldRow.case_id == FindingRow.case_id, HoldRow.camera == FindingRow.camera))
            .where(FindingRow.camera == camera, FindingRow.state == FindingState.SEALED, HoldRow.end_ns >= since_ns)
            .group_by(FindingRow.id)
            .order_by(FindingRow.id)
        )
        with self._connection.read() as session:
            return [case_id for case_id in session.scalars(query) if case_id is not None]

    def of_cases(self, case_ids: Sequence[str]) -> dict[str, StoredFinding]:
        """The findings that these cases were made of, by case; those of a batch have none."""
        found: dict[str, StoredFinding] = {}
        with self._connection.read() as session:
            for start in range(0, len(case_ids), _AT_ONCE):
                chosen = FindingRow.case_id.in_(case_ids[start : start + _AT_ONCE])
                found |= {
                    str(row.case_id): _finding(row) for row in session.scalars(sa.select(FindingRow).where(chosen))
                }
        return found

    def begin(self, finding: int) -> None:
        """It is being sealed."""
        with self._connection.write() as session:
            row = session.get_one(FindingRow, finding)
            row.state, row.attempts = FindingState.SEALING, row.attempts + 1

    def sealed(
        self,
        finding: int,
        case_id: str,
        bundle: str,
        used: Iterable[tuple[int, int]],
        telling: Outgoing | None = None,
    ) -> None:
        """It is a case now, of which people are told (`telling`). Said again of the same case it changes nothing: a
        server that has it may have gone before it could answer.

        The footage that its bundle was made from (`used`: start and end in ns UTC) stays held for the case, until
        `Holds.release(case_id)`; what was held beyond that is let go."""
        with self._connection.write() as session:
            row = session.get_one(FindingRow, finding)
            if row.state == FindingState.SEALED and row.case_id == case_id:
                return
            row.state, row.case_id, row.bundle, row.error = FindingState.SEALED, case_id, bundle, None
            # The new hold first: no moment without one, not even inside the transaction.
            for start_ns, end_ns in holds.merged(used):
                holds.place(session, Hold(case_id, row.camera, start_ns, end_ns, "original of a sealed case"))
            holds.release(session, _finding(row).hold_id)
            if telling is not None:
                notices.put(session, telling)

    def failed(self, finding: int, error: str, *, retry_ns: int | None) -> None:
        """Sealing it failed: it is due again at `retry_ns`, or given up (None). Its footage stays held."""
        with self._connection.write() as session:
            row = session.get_one(FindingRow, finding)
            row.error = error[:_ERROR_LENGTH]
            row.state = FindingState.FAILED if retry_ns is None else FindingState.WAITING
            row.due_ns = row.due_ns if retry_ns is None else retry_ns

    def resume(self) -> int:
        """At the start: what was being sealed when the process ended is to be sealed again. Returns how many."""
        under_way = sa.update(FindingRow).where(FindingRow.state == FindingState.SEALING)
        with self._connection.write() as session:
            count = session.scalar(
                sa.select(sa.func.count()).select_from(FindingRow).where(FindingRow.state == FindingState.SEALING)
            )
            session.execute(under_way.values(state=FindingState.WAITING))
        return count or 0

    def counts(self) -> dict[FindingState, int]:
        """How many findings there are in each state."""
        query = sa.select(FindingRow.state, sa.func.count()).group_by(FindingRow.state)
        with self._connection.read() as session:
            found = {FindingState(state): count for state, count in session.execute(query)}
        return {state: found.get(state, 0) for state in FindingState}


def _of(stay: Stay) -> sa.Select[FindingRow]:
    return sa.select(FindingRow).where(FindingRow.camera == stay.camera, FindingRow.stay == stay.id)


def _dump(value: Violation | Stay) -> str:
    return json.dumps(to_json(value), ensure_ascii=False, separators=(",", ":"))


def _finding(row: FindingRow) -> StoredFinding:
    return StoredFinding(
        row.id,
        from_json(Violation, json.loads(row.violation_json)),
        from_json(Stay, json.loads(row.stay_json)),
        FindingState(row.state),
        row.due_ns,
        row.attempts,
        row.error,
        row.case_id,
        row.bundle,
        json.loads(row.context),
    )
