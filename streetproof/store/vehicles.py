"""The ledger of vehicles (违停车辆台账): one entry per case whose plate was looked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from streetproof.store.connection import Connection
from streetproof.store.tables import VehicleRow

_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Span:
    """Arrivals from `since_ns` on and before `until_ns` (UTC); None: no limit on that side."""

    since_ns: int | None = None
    until_ns: int | None = None


class Vehicles:
    """All entries. Rows are plain values outside of a session: nothing written to them reaches the database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, row: VehicleRow) -> None:
        """Enter a case; the same case again replaces its entry."""
        with self._connection.write() as session:
            session.merge(row)

    def count(self) -> int:
        """How many entries there are."""
        with self._connection.read() as session:
            return session.scalar(sa.select(sa.func.count()).select_from(VehicleRow)) or 0

    def timezone(self) -> str | None:
        """The zone of the newest entry; None where there is none."""
        with self._connection.read() as session:
            return session.scalar(sa.select(VehicleRow.timezone).order_by(VehicleRow.arrived_ns.desc()).limit(1))

    def exactly(self, plate: str, span: Span) -> list[VehicleRow]:
        """Entries whose plate was read as exactly `plate`, in which `?` stands for any one character; oldest first."""
        query = _within(sa.select(VehicleRow), span)
        if "?" in plate:
            # `_` is SQL's own sign for any one character; it and `%` cannot occur otherwise, and are taken literally.
            pattern = "".join("_" if one == "?" else f"\\{one}" if one in "\\%_" else one for one in plate)
            query = query.where(VehicleRow.length == len(plate), VehicleRow.plate.like(pattern, escape="\\"))
        else:
            query = query.where(VehicleRow.plate == plate)
        with self._connection.read() as session:
            return list(session.scalars(query.order_by(VehicleRow.arrived_ns, VehicleRow.case_id)))

    def readings(self, span: Span, lengths: range | None = None) -> Iterator[VehicleRow]:
        """Entries, oldest first, in portions: memory does not grow with the ledger. `lengths`: only plates so long."""
        query = _within(sa.select(VehicleRow), span)
        if lengths is not None:
            query = query.where(VehicleRow.length >= max(1, lengths.start), VehicleRow.length < lengths.stop)
        last: VehicleRow | None = None
        while True:
            page = query
            if last is not None:
                after = sa.tuple_(VehicleRow.arrived_ns, VehicleRow.case_id)
                page = query.where(after > sa.tuple_(sa.literal(last.arrived_ns), sa.literal(last.case_id)))
            with self._connection.read() as session:
                ordered = page.order_by(VehicleRow.arrived_ns, VehicleRow.case_id).limit(_AT_ONCE)
                rows: list[VehicleRow] = list(session.scalars(ordered))
            yield from rows
            if len(rows) < _AT_ONCE:
                return
            last = rows[-1]


def _within(query: sa.Select[tuple[VehicleRow]], span: Span) -> sa.Select[tuple[VehicleRow]]:
    if span.since_ns is not None:
        query = query.where(VehicleRow.arrived_ns >= span.since_ns)
    if span.until_ns is not None:
        query = query.where(VehicleRow.arrived_ns < span.until_ns)
    return query
