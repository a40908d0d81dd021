"""The rows of one database into another one of the same tables: copied as they are, and compared one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa

from streetproof.store.live_tables import HappeningSourceRow

_AT_ONCE = 1_000
_BEGUN_WITH = frozenset({HappeningSourceRow.__tablename__})
"""These have a row from the beginning."""
Told = Callable[[int], None]


def is_unused(connection: sa.Connection, tables: sa.MetaData) -> bool:
    """Whether nobody has written anything since the tables were made."""
    return all(
        connection.scalar(sa.select(sa.literal(1)).select_from(table).limit(1)) is None
        for table in tables.sorted_tables
        if table.name not in _BEGUN_WITH
    )


def count(connection: sa.Connection, tables: sa.MetaData) -> int:
    """How many rows there are in all."""
    counts = (sa.select(sa.func.count()).select_from(table) for table in tables.sorted_tables)
    return sum(connection.scalar(one) or 0 for one in counts)


def copy(source: sa.Connection, target: sa.Connection, tables: sa.MetaData, told: Told) -> None:
    """Out of SQLite into tables of PostgreSQL that nobody has used. `told` is called with how many rows were copied
    since it was called last.

    Numbers that the source gave out are not given out again, not even those of rows that are gone: the ledger goes by
    them.
    """
    for table in tables.sorted_tables:
        if table.name in _BEGUN_WITH:
            target.execute(sa.delete(table))
        for rows in _pages(source, table):
            target.execute(sa.insert(table), [row._asdict() for row in rows])
            told(len(rows))
        counted = table.autoincrement_column
        if counted is not None and (last := _last_given_out(source, table, counted)):
            sequence = sa.func.pg_get_serial_sequence(table.name, counted.name)
            target.execute(sa.select(sa.func.setval(sequence, last)))


def first_difference(one: sa.Connection, other: sa.Connection, tables: sa.MetaData, told: Told) -> str | None:
    """The name of a table that is not the same in both; None: all rows are. `told`: as in `copy`."""
    for table in tables.sorted_tables:
        for rows, same in zip_longest(_pages(one, table), _pages(other, table), fillvalue=()):
            if [tuple(row) for row in rows] != [tuple(row) for row in same]:
                return table.name
            told(len(rows))
    return None


def close_for_good(connection: sa.Connection, tables: sa.MetaData, why: str) -> None:
    """Let an SQLite database refuse whatever is written from now on, also by who has it open. It can still be read."""
    words = why.replace("'", "''")
    for table in tables.sorted_tables:
        for what in ("INSERT", "UPDATE", "DELETE"):
            connection.exec_driver_sql(
                f'CREATE TRIGGER IF NOT EXISTS "closed_{table.name}_{what.lower()}" BEFORE {what} ON "{table.name}" '
                f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
            )


def _pages(connection: sa.Connection, table: sa.Table) -> Iterator[Sequence[sa.Row[Any]]]:
    """The rows in the order of their keys, some at a time, never all in memory."""
    # Without it, each database sorts text by rules of its own.
    by_bytes = "C" if connection.dialect.name == "postgresql" else "BINARY"
    keys = (sa.collate(key, by_bytes) if isinstance(key.type, sa.String) else key for key in table.primary_key)
    wanted = sa.select(table).order_by(*keys).execution_options(yield_per=_AT_ONCE)
    yield from connection.execute(wanted).partitions()


def _last_given_out(source: sa.Connection, table: sa.Table, column: sa.Column[Any]) -> int:
    highest = source.scalar(sa.select(sa.func.coalesce(sa.func.max(column), 0))) or 0
    if not table.dialect_options["sqlite"].get("autoincrement"):
        return int(highest)
    kept = sa.text("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = :name")
    return max(int(highest), int(source.scalar(kept, {"name": table.name}) or 0))
