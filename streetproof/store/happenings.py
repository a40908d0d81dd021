"""What happened, on its way into the ledger: noted in the transaction in which it happened, so that neither is without
the other, and taken out once the ledger has it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from evidence_export.ledger.entry import Happening, Kind
from streams.instant import iso_utc
from streetproof.store.connection import BY, Connection, StoreError
from streetproof.store.live_tables import HappeningRow, HappeningSourceRow
from streetproof.store.postgres import shown

_SOURCE = 1
_AT_ONCE = 500
"""Databases take a limited number of values in one statement."""
Fact = bool | int | str | None


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that waits for the ledger. Numbers grow, and none is used twice."""

    id: int
    happening: Happening


def note(session: Session, kind: Kind, about: str, data: Mapping[str, Fact], at_ns: int | None = None) -> None:
    """Note what happens in this very transaction, by the clock of the server; `at_ns`: what happened then (UTC)."""
    text = json.dumps(dict(data), ensure_ascii=False, sort_keys=True)
    when = time.time_ns() if at_ns is None else at_ns
    session.add(HappeningRow(kind=str(kind), at_ns=when, by=session.info[BY], about=about, data=text))


def settle(name: str, connection: sa.Connection, new: bool) -> None:
    """Give a new database its name, or see that it has that one. In the transaction that makes it: of two folders that
    begin one at the same time, the second is told. Raises StoreError."""
    if new:
        connection.execute(sa.update(HappeningSourceRow).values(name=name))
    elif connection.scalar(sa.select(HappeningSourceRow.name)) != name:
        raise StoreError(
            "the database belongs to another data folder",
            where=shown(connection.engine.url),
            remedy="Give each data folder a database of its own; a folder that was restored needs the file "
            "`database.json` that it had as well (docs/storage.md)",
        )


class Happenings:
    """Those that the ledger does not have yet."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, kind: Kind, about: str, data: Mapping[str, Fact], at_ns: int | None = None) -> None:
        """Note something that changes nothing else in this database; `at_ns`: what happened then (UTC), else now."""
        with self._connection.write() as session:
            note(session, kind, about, data, at_ns)

    def source(self) -> str:
        """The name of this database, under which the ledger remembers how far it has come."""
        with self._connection.read() as session:
            return session.get_one(HappeningSourceRow, _SOURCE).name

    def oldest(self, limit: int) -> list[Noted]:
        """Some of them, the oldest first."""
        with self._connection.read() as session:
            rows = session.scalars(sa.select(HappeningRow).order_by(HappeningRow.id).limit(limit)).all()
        return [
            Noted(row.id, Happening(Kind(row.kind), iso_utc(row.at_ns), row.by, row.about, json.loads(row.data)))
            for row in rows
        ]

    def waiting(self) -> int:
        """How many there are."""
        with self._connection.read() as session:
            return session.scalar(sa.select(sa.func.count()).select_from(HappeningRow)) or 0

    def entered(self, ids: Sequence[int]) -> None:
        """The ledger has them."""
        with self._connection.write(durable=False) as session:
            for start in range(0, len(ids), _AT_ONCE):
                chosen = HappeningRow.id.in_(ids[start : start + _AT_ONCE])
                session.execute(sa.delete(HappeningRow).where(chosen))
