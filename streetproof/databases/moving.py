"""Moves the databases of a data folder from SQLite files into PostgreSQL, where all that was written goes on.

Wherever it is interrupted, nothing is lost and nothing is written twice: the files are current until `database.json` is
there. From then on nobody takes either for current until the files were put aside, and calling it again does that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from evidence_export.ledger.entry import Kind
from streams.recorder.durable import sync_folder
from streetproof.databases.opening import asked_for, check_database, url_of
from streetproof.databases.place import FILE, LEDGER, STATE, Place, read_place_alone, write_place
from streetproof.errors import StreetproofError
from streetproof.lock import only_one
from streetproof.settings.database import Database
from streetproof.settings.load import LoadedSite
from streetproof.store import copying, postgres
from streetproof.store.connection import STATE as STATE_SORT
from streetproof.store.connection import Connection, Sort, url_of_file
from streetproof.store.happenings import note
from streetproof.store.ledger.database import LEDGER as LEDGER_SORT
from streetproof.store.ledger.tables import HeadRow, LedgerBase
from streetproof.store.live_tables import HappeningRow, HappeningSourceRow
from streetproof.store.tables import Base

ASIDE = "sqlite-before-postgresql"
"""The folder into which the files go, readable as ever."""
_CLOSED = "the databases of this folder were moved to PostgreSQL; run it again"
Told = Callable[[str, int, int], None]
"""Which of the two is moved, how many rows of it are done, and of how many: each is copied and compared."""


class MoveError(StreetproofError):
    """The databases cannot be moved. They are where they were, unless it says so."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved. `rows`: of both databases, each of them compared afterwards."""

    database: str
    """The address without a password."""
    rows: int
    aside: Path


@dataclass(frozen=True, slots=True)
class _Half:
    """One of the two databases of a folder."""

    file: str
    sort: Sort
    tables: sa.MetaData


_HALVES = (_Half(STATE, STATE_SORT, Base.metadata), _Half(LEDGER, LEDGER_SORT, LedgerBase.metadata))


def move(data: Path, loaded: LoadedSite, *, by: str, told: Told = lambda which, done, of: None) -> Moved:
    """Move them into the database that the site file names, which nobody else uses. `by`: who does, for the ledger.

    Raises MoveError, PlaceError, SecretError and StoreError.
    """
    asked = asked_for(loaded)
    if asked is None:
        raise MoveError("it names no `database` to move to", where=str(loaded.path), remedy="See docs/storage.md")
    check_database(loaded)
    if not data.is_dir():
        raise MoveError("there is no such folder", where=str(data), remedy="Name the data folder with --data")
    busy = MoveError(
        "a daemon or a batch works in this folder", where=str(data), remedy="Stop it first, and start it afterwards"
    )
    with only_one(data, busy, MoveError, "--data"):
        halves, place = _to_move(data, asked)
        url = url_of(asked, loaded.path)
        if place is None and _is_unused(url):
            _note(data / STATE, by, postgres.shown(url))
        with ExitStack() as stack:
            files = {
                half.file: stack.enter_context(_carried(data / half.file, half, url, place is None, told))
                for half in halves
            }
            if place is None:
                write_place(data, _place(files, asked))
            for half in halves:
                copying.close_for_good(files[half.file], half.tables, _CLOSED)
            rows = sum(copying.count(files[half.file], half.tables) for half in halves)
        _put_aside(data, [half.file for half in halves])
    return Moved(postgres.shown(url), rows, data / ASIDE)


def _to_move(data: Path, asked: Database) -> tuple[list[_Half], Place | None]:
    """What lies there in files, and where a call that was interrupted had got to. Raises MoveError, PlaceError."""
    place = read_place_alone(data)
    halves = [half for half in _HALVES if (data / half.file).exists()]
    if place is None and not (data / STATE).exists():
        raise MoveError(
            "there are no databases in files here",
            where=str(data),
            remedy="Name the folder that the batch or the daemon wrote to with --data",
        )
    if place is None and (data / ASIDE).exists():
        raise MoveError(
            "there are files of an earlier move here", where=str(data / ASIDE), remedy="Move that folder away"
        )
    if not halves:
        raise MoveError("its databases are in PostgreSQL already", where=str(data), remedy="Nothing has to be done")
    if place is not None and place.database != asked:
        raise MoveError(
            f"they were moved to another database than the site file names ({FILE} says to which)",
            where=str(data),
            remedy="Name that one in the site file",
        )
    return halves, place


def _is_unused(url: sa.URL) -> bool:
    """Whether it answers, and is empty. Raises StoreError."""
    with _opened(url, STATE_SORT) as there, there.read() as reading:
        return copying.is_unused(reading.connection(), Base.metadata)


def _note(file: Path, by: str, where: str) -> None:
    """Once, also where it is tried again: what is in both databases is compared."""
    with _opened(url_of_file(file), STATE_SORT, by) as here, here.write() as session:
        mine = sa.select(HappeningRow.id).where(HappeningRow.kind == str(Kind.DATABASE_MOVED))
        if session.scalar(mine) is None:
            note(session, Kind.DATABASE_MOVED, "databases", {"from": "sqlite", "to": where})


@contextmanager
def _carried(file: Path, half: _Half, url: sa.URL, fills: bool, told: Told) -> Iterator[sa.Connection]:
    """A file, once PostgreSQL has all of it, and nobody can write to it until the context ends. `fills`: whether what
    nobody has used may be filled. Raises MoveError and StoreError."""
    with _opened(url_of_file(file), half.sort) as here, here.write() as session:
        mine, done = session.connection(), 0
        of = 2 * copying.count(mine, half.tables)

        def more(rows: int) -> None:
            nonlocal done
            done += rows
            told(half.sort.name, done, of)

        with _opened(url, half.sort) as there:
            with there.write() as writing:
                if fills and copying.is_unused(writing.connection(), half.tables):
                    copying.copy(mine, writing.connection(), half.tables, more)
            with there.read() as reading:
                different = copying.first_difference(mine, reading.connection(), half.tables, more)
        if different is not None:
            raise MoveError(
                f"that database is not empty, and holds something else than {file.name} (table {different})",
                where=there.where,
                remedy="Make a new one for this folder, and name it in the site file (docs/storage.md)",
            )
        yield mine


@contextmanager
def _opened(url: sa.URL, sort: Sort, by: str = "") -> Iterator[Connection]:
    connection = Connection(url, by=by, sort=sort)
    try:
        yield connection
    finally:
        connection.close()


def _place(files: dict[str, sa.Connection], asked: Database) -> Place:
    name = files[STATE].execute(sa.select(HappeningSourceRow.name)).scalar_one()
    ledger = files[LEDGER].scalar(sa.select(HeadRow.origin)) if LEDGER in files else None
    return Place(database=asked, name=name, begun=True, ledger=ledger)


def _put_aside(data: Path, names: list[str]) -> None:
    """Raises MoveError."""
    try:
        (data / ASIDE).mkdir(exist_ok=True)
        for name in names:
            for path in (data / f"{name}{beside}" for beside in ("", "-wal", "-shm")):
                if path.exists():
                    path.replace(data / ASIDE / path.name)
        sync_folder(data / ASIDE)
        sync_folder(data)
    except OSError as error:
        raise MoveError(
            f"all is in PostgreSQL, and the files cannot be put aside: {error.strerror}",
            where=str(error.filename or data),
            remedy="Check who may write to the data folder, then run it again",
        ) from error
