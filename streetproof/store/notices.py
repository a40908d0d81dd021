"""Notices that wait for their targets, oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from streams.instant import NS_PER_S
from streetproof.store.connection import Connection
from streetproof.store.live_tables import DeliveryRow, NoticeRow

_ERROR_LENGTH = 200
_LONGEST_PAUSE_NS = 24 * 3600 * NS_PER_S


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """A notice as it waits: `body` is JSON."""

    id: str
    kind: str
    body: str
    created_ns: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A notice and everybody who is to have it."""

    notice: StoredNotice
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice that is due at a target, after so many attempts."""

    notice: StoredNotice
    attempts: int


def put(session: Session, outgoing: Outgoing) -> None:
    """Put a notice in the very transaction in which that happens which it tells of, so that neither is without the
    other. One whose id is known is left as it is."""
    notice, targets = outgoing.notice, outgoing.targets
    if not targets or session.get(NoticeRow, notice.id) is not None:
        return
    session.add(NoticeRow(id=notice.id, kind=notice.kind, body=notice.body, created_ns=notice.created_ns))
    session.flush()
    session.add_all(
        DeliveryRow(notice=notice.id, target=target, created_ns=notice.created_ns, attempts=0, not_before_ns=0)
        for target in targets
    )


class NoticeRows:
    """Waiting notices, and for each of them the targets that do not have it yet."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, notices: Sequence[StoredNotice], targets: Sequence[str]) -> None:
        """Keep notices for targets, all or none. A notice whose id is known is left as it is."""
        with self._connection.write() as session:
            for notice in notices:
                put(session, Outgoing(notice, tuple(targets)))

    def due(self, target: str, now_ns: int, limit: int) -> list[Waiting]:
        """The oldest notices that may be tried at `target` now."""
        query = (
            sa.select(NoticeRow, DeliveryRow.attempts)
            .join(DeliveryRow, DeliveryRow.notice == NoticeRow.id)
            .where(
                DeliveryRow.target == target,
                # A pause that reaches beyond reason was set before the clock was put back.
                sa.or_(DeliveryRow.not_before_ns <= now_ns, DeliveryRow.not_before_ns > now_ns + _LONGEST_PAUSE_NS),
            )
            .order_by(DeliveryRow.created_ns, DeliveryRow.notice)
            .limit(limit)
        )
        with self._connection.read() as session:
            return [Waiting(_stored(row), attempts) for row, attempts in session.execute(query)]

    def delivered(self, notice: str, target: str) -> None:
        """The target has it."""
        with self._connection.write() as session:
            session.execute(sa.delete(DeliveryRow).where(DeliveryRow.notice == notice, DeliveryRow.target == target))
            _drop_finished(session, [notice])

    def failed(self, notice: str, target: str, error: str, not_before_ns: int) -> None:
        """An attempt failed, with why; the next one comes not before `not_before_ns`."""
        with self._connection.write() as session:
            session.execute(
                sa.update(DeliveryRow)
                .where(DeliveryRow.notice == notice, DeliveryRow.target == target)
                .values(attempts=DeliveryRow.attempts + 1, error=error[:_ERROR_LENGTH], not_before_ns=not_before_ns)
            )

    def drop(self, target: str, *, before_ns: int | None = None, beyond: int | None = None, limit: int = 500) -> int:
        """Give up deliveries to `target`: those created before `before_ns`, the oldest `beyond` a number, or all.
        Returns how many; at most `limit` at a time."""
        query = sa.select(DeliveryRow.notice).where(DeliveryRow.target == target)
        query = query.order_by(DeliveryRow.created_ns, DeliveryRow.notice)
        with self._connection.write() as session:
            if before_ns is not None:
                query = query.where(DeliveryRow.created_ns < before_ns)
            if beyond is not None:
                count = sa.select(sa.func.count()).select_from(DeliveryRow).where(DeliveryRow.target == target)
                limit = min(limit, max(0, (session.scalar(count) or 0) - beyond))
            ids = list(session.scalars(query.limit(limit)))
            session.execute(sa.delete(DeliveryRow).where(DeliveryRow.target == target, DeliveryRow.notice.in_(ids)))
            _drop_finished(session, ids)
        return len(ids)

    def waiting(self) -> dict[str, int]:
        """How many notices wait, per target."""
        query = sa.select(DeliveryRow.target, sa.func.count()).group_by(DeliveryRow.target)
        with self._connection.read() as session:
            return {target: count for target, count in session.execute(query)}


def _drop_finished(session: Session, ids: Sequence[str]) -> None:
    wanted = sa.exists().where(DeliveryRow.notice == NoticeRow.id)
    session.execute(sa.delete(NoticeRow).where(NoticeRow.id.in_(ids), sa.not_(wanted)))


def _stored(row: NoticeRow) -> StoredNotice:
    return StoredNotice(row.id, row.kind, row.body, row.created_ns)
