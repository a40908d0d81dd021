"""The ledger's database, as `evidence_export.ledger` asks for it: SQLite embedded, PostgreSQL beyond."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from evidence_export.ledger.interface import Row
from evidence_export.ledger.tree import Hash, Lookup
from streetproof.store.connection import BUSY_S, Connection, Sort, StoreError, url_of_file
from streetproof.store.ledger import lookup
from streetproof.store.ledger.tables import CheckpointRow, EntryRow, HeadRow, NodeRow, SourceRow

_HEAD = 1
_AT_ONCE = 2_000
"""Rows that are read at a time."""
_ENTRY = sa.select(EntryRow.seq, EntryRow.entry, EntryRow.leaf)
_LEAF = sa.select(EntryRow.leaf).where(EntryRow.seq == sa.bindparam("number"))
_NODE = sa.select(NodeRow.hash).where(NodeRow.level == sa.bindparam("level"), NodeRow.number == sa.bindparam("number"))
LEDGER = Sort(
    "ledger",
    Path(__file__).parent / "migrations",
    "ledger_alembic_version",
    2,
    "restore the ledger from a backup: nothing else has it",
)


class SqlLedger:
    """One ledger in a database. Use as a context manager; raises StoreError and nothing of SQLAlchemy's."""

    def __init__(
        self,
        url: str | sa.URL,
        site: str | None = None,
        *,
        busy_s: float = BUSY_S,
        begins: bool = True,
        answers_s: float | None = None,
    ) -> None:
        """Opens the ledger at `url`, begun with a name of its own where there is none and it `begins`.

        `site`: the id of the site, part of that name; None: whatever site's it is, and none is begun. `answers_s`: see
        `Connection`. Raises StoreError for the ledger of another site, and where there is none to open.
        """
        self._connection = Connection(url, busy_s=busy_s, sort=LEDGER, begins=begins, answers_s=answers_s)
        with self._connection.write() as session:
            head = session.get(HeadRow, _HEAD)
            if head is None and site is not None and begins:
                head = HeadRow(id=_HEAD, origin=f"streetproof/{site}/{secrets.token_hex(4)}", size=0)
                session.add(head)
            self.origin = "" if head is None else head.origin
        if not self.origin or site not in (None, self.site):
            where, whose = self._connection.where, f"that of the site {self.site}, not of {site}"
            self.close()
            raise StoreError(
                f"the ledger is {whose if self.origin else 'empty: it was never begun'}",
                where=where,
                remedy="Give the ledger of this site, or another path for a new one",
            )

    @classmethod
    def open_file(cls, path: Path, site: str | None = None, *, busy_s: float = BUSY_S) -> SqlLedger:
        """The embedded SQLite database at `path`, created where it does not exist."""
        return cls(url_of_file(path), site, busy_s=busy_s)

    def __enter__(self) -> SqlLedger:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._connection.close()

    @property
    def site(self) -> str:
        """The id of the site whose ledger it is."""
        return self.origin.removeprefix("streetproof/").rpartition("/")[0]

    def numbers_about(self, about: str, since: int = 0) -> list[int]:
        """The numbers of the entries about something, in order, from entry `since` on."""
        return self._numbers(lookup.about(about), since)

    def numbers_about_what_begins(self, so: str) -> list[int]:
        """The numbers of the entries about anything that begins so, in order."""
        return self._numbers(lookup.about_what_begins(so))

    def rows_about(self, about: str) -> Iterator[Row]:
        """The entries about something, in order."""
        return self._rows(self.numbers_about(about))

    def about_cases(self) -> Iterator[Row]:
        """The entries about cases, in order."""
        return self._rows(self.numbers_about_what_begins("SP-"))

    def hidden(self, rows: Sequence[Row]) -> list[int] | None:
        with self._connection.read() as session:
            return lookup.hidden(session, rows)

    def _numbers(self, wanted: sa.Select[int], since: int = 0) -> list[int]:
        with self._connection.read() as session:
            # Sorted and cut here: a database that is asked to might go by the numbers, and read all there are.
            return sorted(number for number in session.scalars(wanted) if number >= since)

    def _rows(self, numbers: Sequence[int]) -> Iterator[Row]:
        for first in range(0, len(numbers), _AT_ONCE):
            wanted = EntryRow.seq.in_(numbers[first : first + _AT_ONCE])
            with self._connection.read() as session:
                found = session.execute(_ENTRY.where(wanted).order_by(EntryRow.seq)).all()
            for seq, entry, leaf in found:
                yield Row(seq, bytes(entry), bytes(leaf))

    def size(self) -> int:
        with self._connection.read() as session:
            return session.get_one(HeadRow, _HEAD).size

    @contextmanager
    def appending(self) -> Iterator[_Appending]:
        with self._connection.write() as session:
            head = session.get_one(HeadRow, _HEAD, with_for_update=True)
            yield _Appending(session, head)

    def row(self, seq: int) -> Row | None:
        with self._connection.read() as session:
            found = session.get(EntryRow, seq)
            return None if found is None else Row(found.seq, bytes(found.entry), bytes(found.leaf))

    def rows(self, first: int = 0) -> Iterator[Row]:
        after = first - 1
        while True:
            with self._connection.read() as session:
                wanted = _ENTRY.where(EntryRow.seq > after)
                found = session.execute(wanted.order_by(EntryRow.seq).limit(_AT_ONCE)).all()
            if not found:
                return
            for seq, entry, leaf in found:
                yield Row(seq, bytes(entry), bytes(leaf))
            after = found[-1].seq

    @contextmanager
    def looking(self) -> Iterator[Lookup]:
        with self._connection.read() as session:
            yield partial(_node, session)

    def nodes(self, level: int) -> Iterator[tuple[int, Hash]]:
        after = -1
        while True:
            with self._connection.read() as session:
                wanted = sa.select(NodeRow.number, NodeRow.hash).where(NodeRow.level == level, NodeRow.number > after)
                found = session.execute(wanted.order_by(NodeRow.number).limit(_AT_ONCE)).all()
            if not found:
                return
            for number, value in found:
                yield number, bytes(value)
            after = found[-1].number

    def add_checkpoint(self, size: int, note: bytes) -> None:
        with self._connection.write() as session:
            session.add(CheckpointRow(size=size, note=note))

    def last_checkpoint(self) -> bytes | None:
        """The newest one; None: there is none."""
        with self._connection.read() as session:
            note = session.scalar(sa.select(CheckpointRow.note).order_by(CheckpointRow.id.desc()).limit(1))
        return None if note is None else bytes(note)

    def checkpoints(self) -> Iterator[bytes]:
        return self.checkpoints_from(0)

    def checkpoints_from(self, size: int) -> Iterator[bytes]:
        """Those of a ledger that had `size` entries at least, oldest first."""
        wanted = sa.select(CheckpointRow.note).where(CheckpointRow.size >= size)
        with self._connection.read() as session:
            notes = session.scalars(wanted.order_by(CheckpointRow.id)).all()
        yield from map(bytes, notes)

    def stamps(self) -> Iterator[tuple[bytes, bytes]]:
        """All checkpoints that were stamped, oldest first, with their tokens."""
        wanted = sa.select(CheckpointRow.note, CheckpointRow.token).where(CheckpointRow.token.is_not(None))
        with self._connection.read() as session:
            found = session.execute(wanted.order_by(CheckpointRow.id)).all()
        yield from ((bytes(note), bytes(token or b"")) for note, token in found)

    def last_stamped(self) -> tuple[bytes, bytes] | None:
        """The newest checkpoint that was stamped, with its token; None: there is none."""
        wanted = sa.select(CheckpointRow.note, CheckpointRow.token).where(CheckpointRow.token.is_not(None))
        with self._connection.read() as session:
            found = session.execute(wanted.order_by(CheckpointRow.id.desc()).limit(1)).first()
        return None if found is None else (bytes(found.note), bytes(found.token or b""))

    def add_stamp(self, note: bytes, token: bytes) -> None:
        """Keep the time stamp over a checkpoint; one that has one keeps the first."""
        mine = sa.update(CheckpointRow).where(CheckpointRow.note == note, CheckpointRow.token.is_(None))
        with self._connection.write() as session:
            session.execute(mine.values(token=token))

    def unstamped(self) -> int:
        """How many checkpoints came after the newest that was stamped."""
        stamped = sa.select(sa.func.coalesce(sa.func.max(CheckpointRow.id), 0)).where(CheckpointRow.token.is_not(None))
        wanted = sa.select(sa.func.count()).where(CheckpointRow.id > stamped.scalar_subquery())
        with self._connection.read() as session:
            return session.scalar(wanted) or 0


class _Appending:
    """One addition, inside its transaction."""

    def __init__(self, session: Session, head: HeadRow) -> None:
        self._session, self._head = session, head

    @property
    def size(self) -> int:
        return self._head.size

    def node(self, level: int, number: int) -> Hash:
        return _node(self._session, level, number)

    def entered(self, source: str) -> int:
        row = self._session.get(SourceRow, source)
        return 0 if row is None else row.last

    def note_entered(self, source: str, last: int) -> None:
        self._session.merge(SourceRow(name=source, last=last))

    def add(self, rows: Sequence[Row], nodes: Iterable[tuple[int, int, Hash]]) -> None:
        connection = self._session.connection()
        entries = [{"seq": row.seq, "entry": row.entry, "leaf": row.leaf} for row in rows]
        connection.execute(sa.insert(EntryRow), entries)
        above = [{"level": level, "number": number, "hash": value} for level, number, value in nodes]
        if above:
            connection.execute(sa.insert(NodeRow), above)
        self._head.size += len(rows)


def _node(session: Session, level: int, number: int) -> Hash:
    if level == 0:
        found = session.connection().execute(_LEAF, {"number": number}).scalar()
    else:
        found = session.connection().execute(_NODE, {"level": level, "number": number}).scalar()
    if found is None:
        raise LookupError(f"the ledger has no hash {level}/{number}")
    return bytes(found)
