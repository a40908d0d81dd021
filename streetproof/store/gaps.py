"""Stretches without recording, from when they begin until they are over."""

from __future__ import annotations

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from streams.instant import Instant
from streams.recorder.interface import GapStatement
from streetproof.store.connection import Connection
from streetproof.store.live_tables import GapRow

_STATEMENT = TypeAdapter(GapStatement)
_PRUNE = 5000


class Gaps:
    """The gaps of all cameras. Of each camera and start there is one; the latest statement about it counts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, statement: GapStatement) -> None:
        """Write down a gap that began, ended, or is known better now."""
        with self._connection.write() as session:
            note(session, statement)

    def open(self, camera: str) -> GapStatement | None:
        """The gap that lasts now; where there are several rows, the one that began last."""
        query = sa.select(GapRow).where(GapRow.camera == camera, GapRow.end_ns.is_(None))
        with self._connection.read() as session:
            rows = list(session.scalars(query))
        newest = max(rows, key=lambda row: -1 if row.start_ns is None else row.start_ns, default=None)
        return None if newest is None else _statement(newest)

    def between(self, camera: str, from_ns: int, to_ns: int) -> list[GapStatement]:
        """Gaps that touch the time from `from_ns` to `to_ns`, oldest first; an unknown start touches everything."""
        query = (
            sa.select(GapRow)
            .where(
                GapRow.camera == camera,
                sa.or_(GapRow.start_ns.is_(None), GapRow.start_ns <= to_ns),
                sa.or_(GapRow.end_ns.is_(None), GapRow.end_ns >= from_ns),
            )
            .order_by(sa.func.coalesce(GapRow.start_ns, -1), GapRow.id)
        )
        with self._connection.read() as session:
            return [_statement(row) for row in session.scalars(query)]

    def forget(self, camera: str, before_ns: int) -> int:
        """Drop some of the gaps that were over before `before_ns`; returns how many."""
        doomed = (
            sa.select(GapRow.id)
            .where(GapRow.camera == camera, GapRow.end_ns < before_ns)
            .order_by(GapRow.end_ns)
            .limit(_PRUNE)
        )
        with self._connection.write() as session:
            ids = list(session.scalars(doomed))
            session.execute(sa.delete(GapRow).where(GapRow.id.in_(ids)))
        return len(ids)


def note(session: Session, statement: GapStatement) -> None:
    """Write down a gap inside a transaction."""
    start_ns = None if statement.start is None else statement.start.utc_ns
    same_start = GapRow.start_ns.is_(None) if start_ns is None else GapRow.start_ns == start_ns
    row = session.scalars(sa.select(GapRow).where(GapRow.camera == statement.camera, same_start)).first()
    if row is None:
        row = GapRow(camera=statement.camera, start_ns=start_ns)
        session.add(row)
    elif row.end_ns is not None and statement.end is None:
        # It is over, and this says less: a statement that was made before the end came late.
        return
    row.end_ns = None if statement.end is None else statement.end.utc_ns
    row.cause, row.detail = statement.cause, statement.detail
    row.record = _STATEMENT.dump_json(statement).decode()
    session.flush()


def close_open(session: Session, camera: str, end: Instant) -> None:
    """End what still counts as a gap of `camera` although it records again since `end`."""
    query = sa.select(GapRow).where(
        GapRow.camera == camera,
        GapRow.end_ns.is_(None),
        sa.or_(GapRow.start_ns.is_(None), GapRow.start_ns <= end.utc_ns),
    )
    for row in list(session.scalars(query)):
        gap = _statement(row)
        note(session, GapStatement(gap.camera, gap.start, end, gap.cause, gap.detail))


def _statement(row: GapRow) -> GapStatement:
    return _STATEMENT.validate_json(row.record)
