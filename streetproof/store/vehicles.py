"""The ledger of vehicles (违停车辆台账): one entry per case whose plate was looked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from streetproof.store.connection import Connection
from streetproof.store.tables import VehicleRow

_AT_ONCE = 2000
_NAMED = 500
"""Databases take a limited number of values in one statement."""
_KEY = (VehicleRow.arrived_ns, VehicleRow.case_id)


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
        if "?" in plate:
            # `_` is SQL's own sign for any one character; it and `%` cannot occur otherwise, and are taken literally.
            pattern = "".join("_" if one == "?" else f"\\{one}" if one in "\\%_" else one for one in plate)
            wanted = [VehicleRow.length == len(plate), VehicleRow.plate.like(pattern, escape="\\")]
        else:
            wanted = [VehicleRow.plate == plate]
        query = sa.select(VehicleRow).where(*_within(span), *wanted).order_by(*_KEY)
        with self._connection.read() as session:
            return list(session.scalars(query))

    def all(self, span: Span) -> Iterator[VehicleRow]:
        """Entries, oldest first, in portions: memory does not grow with the ledger."""
        for page in self._pages(_within(span)):
            yield from self.of([case_id for _, case_id, _ in page])

    def plates(self, span: Span, lengths: range) -> Iterator[tuple[str, str]]:
        """Case and plate of each entry in which something so long was read; cheap beside whole entries."""
        long = [VehicleRow.length >= max(1, lengths.start), VehicleRow.length < lengths.stop]
        for page in self._pages([*_within(span), *long]):
            yield from ((case_id, plate) for _, case_id, plate in page)

    def of(self, case_ids: Sequence[str]) -> list[VehicleRow]:
        """The entries of these cases, oldest first."""
        rows: list[VehicleRow] = []
        with self._connection.read() as session:
            for start in range(0, len(case_ids), _NAMED):
                chosen = VehicleRow.case_id.in_(case_ids[start : start + _NAMED])
                rows += session.scalars(sa.select(VehicleRow).where(chosen))
        return sorted(rows, key=lambda row: (row.arrived_ns, row.case_id))

    def _pages(self, wanted: Sequence[sa.ColumnElement[bool]]) -> Iterator[Sequence[Any]]:
        """Arrival, case and plate of all that is wanted, oldest first."""
        query = sa.select(*_KEY, VehicleRow.plate).where(*wanted).order_by(*_KEY).limit(_AT_ONCE)
        page = query
        while True:
            with self._connection.read() as session:
                rows = session.execute(page).all()
            yield rows
            if len(rows) < _AT_ONCE:
                return
            page = query.where(sa.tuple_(*_KEY) > sa.tuple_(sa.literal(rows[-1][0]), sa.literal(rows[-1][1])))


def _within(span: Span) -> list[sa.ColumnElement[bool]]:
    wanted = []
    if span.since_ns is not None:
        wanted.append(VehicleRow.arrived_ns >= span.since_ns)
    if span.until_ns is not None:
        wanted.append(VehicleRow.arrived_ns < span.until_ns)
    return wanted
