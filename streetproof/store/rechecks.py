"""Re-checks (复查) that are to be done, and what came of them. Each comes with the hold on its footage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from evidence_export.ledger.entry import Kind
from streetproof.store import holds
from streetproof.store.connection import Connection, StoreError
from streetproof.store.happenings import Fact, note
from streetproof.store.holds import Hold
from streetproof.store.live_tables import RecheckRow

_ERROR_LENGTH = 500


class RecheckState(StrEnum):
    """How far a re-check has come."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    """Given up: a person has to look."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """When the place of a case is to be looked at again, and for how long; UTC, ns. Paths are below the data folder."""

    case_id: str
    camera: str
    bundle: str
    config: str
    due_ns: int
    window_ns: int

    @property
    def end_ns(self) -> int:
        """Footage is needed up to then."""
        return self.due_ns + self.window_ns


@dataclass(frozen=True, slots=True)
class StoredRecheck:
    """One re-check as the database knows it."""

    id: int
    asked: Appointment
    state: RecheckState
    attempts: int
    verdict: str | None
    reason: str | None
    folder: str | None
    error: str | None

    @property
    def hold_id(self) -> str:
        """Under which its footage is held until it is done."""
        return f"recheck-{self.id}"


class Rechecks:
    """All re-checks; one per case and time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, asked: Appointment, *, try_ns: int) -> StoredRecheck:
        """Keep an appointment, to be done at `try_ns`, and hold its footage. One that is known is returned as it is."""
        same = sa.select(RecheckRow).where(RecheckRow.case_id == asked.case_id, RecheckRow.due_ns == asked.due_ns)
        with self._connection.write() as session:
            row = session.scalar(same)
            if row is None:
                row = _row(asked, try_ns=try_ns)
                session.add(row)
                session.flush()
                reason = f"the place of {asked.case_id} is to be looked at again"
                holds.place(session, Hold(_stored(row).hold_id, asked.camera, asked.due_ns, asked.end_ns, reason))
            return _stored(row)

    def due(self, now_ns: int) -> StoredRecheck | None:
        """The one that is to be done by now and has waited longest."""
        query = (
            sa.select(RecheckRow)
            .where(RecheckRow.state == RecheckState.WAITING, RecheckRow.try_ns <= now_ns)
            .order_by(RecheckRow.try_ns, RecheckRow.id)
            .limit(1)
        )
        with self._connection.read() as session:
            row = session.scalar(query)
            return None if row is None else _stored(row)

    def done(
        self, recheck: int, verdict: str, reason: str | None, folder: str, told: Mapping[str, Fact] | None = None
    ) -> None:
        """It was done; its footage is held no longer, and its evidence lies in `folder`, below the data folder.

        `told`: what the ledger has to say of it, noted with this; None: nothing. Where somebody has recorded it
        meanwhile, nothing changes.
        """
        with self._connection.write() as session:
            row = session.get_one(RecheckRow, recheck)
            if row.state == RecheckState.DONE:
                return
            _set_done(session, row, verdict, reason, folder)
            if told is not None:
                note(session, Kind.CASE_RECHECKED, row.case_id, told)

    def record(self, asked: Appointment, verdict: str, reason: str | None, folder: str) -> None:
        """Write down what somebody did by hand: an appointment for that time is kept with it. Twice is once.

        The ledger is told by whoever did it. Raises StoreError where another one of this case and time was done.
        """
        same = sa.select(RecheckRow).where(RecheckRow.case_id == asked.case_id, RecheckRow.due_ns == asked.due_ns)
        with self._connection.write() as session:
            row = session.scalar(same)
            if row is None:
                row = _row(asked, try_ns=asked.end_ns)
                session.add(row)
                session.flush()
            elif row.state == RecheckState.DONE:
                if row.folder != folder:
                    raise StoreError(
                        f"another re-check of this case and time was done: {row.folder}",
                        where=asked.case_id,
                        remedy="Take that one, or look at another time (`streetproof recheck --at`)",
                    )
                return
            _set_done(session, row, verdict, reason, folder)

    def failed(self, recheck: int, error: str, *, retry_ns: int | None) -> None:
        """It could not be done: it is tried again at `retry_ns`, or given up (None), and its footage let go."""
        with self._connection.write() as session:
            row = session.get_one(RecheckRow, recheck)
            row.error, row.attempts = error[:_ERROR_LENGTH], row.attempts + 1
            if retry_ns is None:
                row.state = RecheckState.FAILED
                holds.release(session, _stored(row).hold_id)
            else:
                row.try_ns = retry_ns

    def all(self, case_id: str | None = None) -> list[StoredRecheck]:
        """All of them, or those of one case, by time."""
        query = sa.select(RecheckRow).order_by(RecheckRow.due_ns, RecheckRow.id)
        if case_id is not None:
            query = query.where(RecheckRow.case_id == case_id)
        with self._connection.read() as session:
            return [_stored(row) for row in session.scalars(query)]


def _row(asked: Appointment, *, try_ns: int) -> RecheckRow:
    return RecheckRow(
        case_id=asked.case_id,
        camera=asked.camera,
        bundle=asked.bundle,
        config=asked.config,
        due_ns=asked.due_ns,
        window_ns=asked.window_ns,
        state=RecheckState.WAITING,
        try_ns=try_ns,
        attempts=0,
    )


def _set_done(session: Session, row: RecheckRow, verdict: str, reason: str | None, folder: str) -> None:
    row.state, row.verdict, row.reason, row.folder = RecheckState.DONE, verdict, reason, folder
    row.error, row.attempts = None, row.attempts + 1
    holds.release(session, _stored(row).hold_id)


def _stored(row: RecheckRow) -> StoredRecheck:
    asked = Appointment(row.case_id, row.camera, row.bundle, row.config, row.due_ns, row.window_ns)
    state = RecheckState(row.state)
    return StoredRecheck(row.id, asked, state, row.attempts, row.verdict, row.reason, row.folder, row.error)
