"""When a camera's view could not be trusted: moved, blocked, frozen and the like."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from streetproof.store.connection import Connection
from streetproof.store.live_tables import ViewFaultRow

_PRUNE = 5000


@dataclass(frozen=True, slots=True)
class ViewFaultSpan:
    """One fault of a view, from `since_ns` to `until_ns` (UTC); None while it lasts."""

    camera: str
    kind: str
    since_ns: int
    until_ns: int | None


class ViewFaults:
    """The faults of all views."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, camera: str, kind: str, since_ns: int) -> None:
        """A fault was confirmed. Saying it again changes nothing."""
        same = sa.select(ViewFaultRow.id).where(
            ViewFaultRow.camera == camera, ViewFaultRow.kind == kind, ViewFaultRow.since_ns == since_ns
        )
        with self._connection.write() as session:
            if session.scalar(same) is None:
                session.add(ViewFaultRow(camera=camera, kind=kind, since_ns=since_ns, until_ns=None))

    def end(self, camera: str, kind: str, until_ns: int) -> None:
        """The fault is over; nothing happens where there is none."""
        lasting = (ViewFaultRow.camera == camera, ViewFaultRow.kind == kind, ViewFaultRow.until_ns.is_(None))
        with self._connection.write() as session:
            session.execute(sa.update(ViewFaultRow).where(*lasting).values(until_ns=until_ns))

    def between(self, camera: str, from_ns: int, to_ns: int) -> list[ViewFaultSpan]:
        """Faults that touch the time from `from_ns` to `to_ns`, oldest first."""
        query = (
            sa.select(ViewFaultRow)
            .where(
                ViewFaultRow.camera == camera,
                ViewFaultRow.since_ns <= to_ns,
                sa.or_(ViewFaultRow.until_ns.is_(None), ViewFaultRow.until_ns >= from_ns),
            )
            .order_by(ViewFaultRow.since_ns, ViewFaultRow.kind)
        )
        with self._connection.read() as session:
            return [_span(row) for row in session.scalars(query)]

    def lasting(self) -> list[ViewFaultSpan]:
        """Every fault that is not over."""
        query = sa.select(ViewFaultRow).where(ViewFaultRow.until_ns.is_(None)).order_by(ViewFaultRow.since_ns)
        with self._connection.read() as session:
            return [_span(row) for row in session.scalars(query)]

    def forget(self, camera: str, before_ns: int) -> int:
        """Drop some of the faults that were over before `before_ns`; returns how many."""
        doomed = (
            sa.select(ViewFaultRow.id)
            .where(ViewFaultRow.camera == camera, ViewFaultRow.until_ns < before_ns)
            .limit(_PRUNE)
        )
        with self._connection.write() as session:
            ids = list(session.scalars(doomed))
            session.execute(sa.delete(ViewFaultRow).where(ViewFaultRow.id.in_(ids)))
        return len(ids)


def _span(row: ViewFaultRow) -> ViewFaultSpan:
    return ViewFaultSpan(row.camera, row.kind, row.since_ns, row.until_ns)
