"""Legal holds on whole cases. Placing and lifting one is noted for the ledger, with who did it and why."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from evidence_export.ledger.entry import Kind
from streetproof.store.connection import BY, Connection, StoreError
from streetproof.store.happenings import note
from streetproof.store.live_tables import CaseHoldRow, DeletedCaseRow
from streetproof.store.tables import CaseRow


@dataclass(frozen=True, slots=True)
class CaseHold:
    """A hold on a case: its number, why, who placed it, and when (ns UTC)."""

    number: int
    case_id: str
    reason: str
    by: str
    placed_ns: int


class CaseHolds:
    """All of them. Who writes is whom the database was opened by."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def place(self, case_id: str, reason: str) -> CaseHold:
        """Hold a case. Raises StoreError where there is no such case, or it is being deleted."""
        with self._connection.write() as session:
            going = sa.select(DeletedCaseRow.id).where(
                DeletedCaseRow.case_id == case_id, DeletedCaseRow.state != "deleted"
            )
            if session.get(CaseRow, case_id) is None or session.scalar(going) is not None:
                raise StoreError(
                    "there is no such case to hold",
                    where=case_id,
                    remedy="`streetproof cases` lists those there are, with --deleted those that were",
                )
            row = CaseHoldRow(case_id=case_id, reason=reason, by=session.info[BY], placed_ns=time.time_ns())
            session.add(row)
            session.flush()
            note(session, Kind.HOLD_PLACED, case_id, {"of": "case", "number": row.id, "why": reason})
            return _hold(row)

    def lift(self, case_id: str, number: int | None, reason: str) -> CaseHold:
        """Lift a hold; `number` may be left out where there is one. Raises StoreError where there is none, or it is not
        clear which."""
        with self._connection.write() as session:
            found = list(session.scalars(_of(case_id)))
            if not found:
                raise StoreError(
                    "no hold is on this case",
                    where=case_id,
                    remedy="`streetproof retention holds` lists those there are; one that was lifted is gone",
                )
            chosen = [row for row in found if number in (None, row.id)]
            if len(chosen) != 1:
                numbers = ", ".join(str(row.id) for row in found)
                raise StoreError(
                    f"it is not clear which hold is meant (there are: {numbers})",
                    where=case_id,
                    remedy="Name one of them with --number; `streetproof retention holds` shows why each is there",
                )
            lifted = _hold(chosen[0])
            session.delete(chosen[0])
            note(session, Kind.HOLD_LIFTED, case_id, {"of": "case", "number": lifted.number, "why": reason})
            return lifted

    def all(self, case_ids: Iterable[str] | None = None) -> list[CaseHold]:
        """Every hold, oldest first; only of some cases where those are given."""
        wanted = None if case_ids is None else set(case_ids)
        with self._connection.read() as session:
            rows = session.scalars(sa.select(CaseHoldRow).order_by(CaseHoldRow.id))
            return [_hold(row) for row in rows if wanted is None or row.case_id in wanted]


def is_held(session: Session, case_id: str) -> bool:
    """Whether any hold is on a case, inside a transaction."""
    return session.scalar(_of(case_id).limit(1)) is not None


def _of(case_id: str) -> sa.Select[CaseHoldRow]:
    return sa.select(CaseHoldRow).where(CaseHoldRow.case_id == case_id).order_by(CaseHoldRow.id)


def _hold(row: CaseHoldRow) -> CaseHold:
    return CaseHold(row.id, row.case_id, row.reason, row.by, row.placed_ns)
