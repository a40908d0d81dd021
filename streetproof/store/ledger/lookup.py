"""Finding entries by what they are about, without reading them all: an index over the first bytes of what was hashed.

The index is made of the entries themselves and kept by the database: there is no second copy of what an entry is about
that could be changed alone. Whoever bends the index in the file of the database hides entries from who looks them up,
so `ledger check` looks up every entry that it reads (`hidden`).
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from evidence_export.bag import canonical
from evidence_export.ledger.interface import Row
from streetproof.store.ledger.tables import EntryRow

NAME = "ix_ledger_entry_about"
_HEAD = b'{"about":"'
"""What every entry begins with: its keys are in the order of their names."""
_LENGTH = 40
"""Bytes that are indexed: the whole id of a case, the quotation mark after it, and more."""
EXPRESSION = f"substr(entry, {len(_HEAD) + 1}, {_LENGTH})"
"""Databases know the index by this very text, numbers and all."""
_indexed: sa.ColumnElement[bytes] = sa.literal_column(EXPRESSION, sa.LargeBinary)
_IN_SQLITE, _IN_POSTGRESQL = (
    sa.text(
        f"SELECT seq FROM ledger_entry {which} WHERE {EXPRESSION} IN :keys AND {number} BETWEEN :first AND :last"
    ).bindparams(sa.bindparam("keys", expanding=True))
    for which, number in ((f"INDEXED BY {NAME}", "seq"), ("", "seq + 0"))
)
"""By this index and no other: SQLite refuses where it cannot, and to PostgreSQL numbers do not offer themselves."""
_SEGMENT = b'"kind":"segment.'


def about(what: str) -> sa.Select[int]:
    """The numbers of the entries about that, in no order."""
    asked = canonical.dumps(what)[1:] + b","
    if len(asked) < _LENGTH:
        return _beginning(asked)
    whole = _HEAD[:-1] + canonical.dumps(what) + b","
    exactly = sa.func.substr(EntryRow.entry, 1, len(whole)) == whole
    return sa.select(EntryRow.seq).where(_indexed == asked[:_LENGTH], exactly)


def about_what_begins(so: str) -> sa.Select[int]:
    """The numbers of the entries about anything that begins so (short, and no quotation mark), in no order."""
    return _beginning(canonical.dumps(so)[1:-1])


def hidden(session: Session, rows: Sequence[Row]) -> list[int] | None:
    """Which of these entries looking them up would not find; None: there is no such index, and all are read.

    `rows` follow on each other. Segments are left out: they make up nearly all of a ledger, and nothing is decided by
    looking them up.
    """
    wanted = {row.seq: _key(row.entry) for row in rows if _SEGMENT not in row.entry}
    if not wanted:
        return []
    postgresql = session.get_bind().dialect.name == "postgresql"
    if postgresql:
        if session.scalar(sa.select(sa.func.to_regclass(NAME))) is None:
            return None
        session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    by = _IN_POSTGRESQL if postgresql else _IN_SQLITE
    given = {"keys": sorted(set(wanted.values())), "first": min(wanted), "last": max(wanted)}
    try:
        found = set(session.scalars(by, given))
    except DatabaseError:
        return None
    return sorted(set(wanted) - found)


def _key(entry: bytes) -> bytes:
    return entry[len(_HEAD) :][:_LENGTH]


def _beginning(so: bytes) -> sa.Select[int]:
    after = so[:-1] + bytes([so[-1] + 1])
    return sa.select(EntryRow.seq).where(_indexed >= so, _indexed < after)
