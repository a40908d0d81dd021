"""One open database: transactions with a stated purpose, waited for, and never an error of the driver's outside.

SQLite allows one writer at a time. A transaction that means to write says so when it begins, so that it waits for its
turn instead of failing half way; and it says whether it must survive a power cut (`durable`) or only the end of this
process. Everything that must not be lost is durable.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy.exc import ArgumentError, DatabaseError
from sqlalchemy.orm import Session, sessionmaker

from streetproof.errors import StreetproofError
from streetproof.store.tables import Base

BUSY_S = 5.0
"""So long another process may keep the database to itself before a transaction gives up."""


BY = "by"
"""Under this a session says who writes."""
_MIGRATIONS = Path(__file__).parent / "migrations"
_REBUILT = "move it away, it is rebuilt from the recordings and the bundles on the next run"


class StoreError(StreetproofError):
    """The database cannot be opened, read or written."""


class Connection:
    """Sessions on one database, for any number of threads. Raises StoreError and nothing of SQLAlchemy's."""

    def __init__(
        self,
        url: str,
        *,
        by: str = "",
        busy_s: float = BUSY_S,
        migrations: Path = _MIGRATIONS,
        remedy: str = _REBUILT,
    ) -> None:
        """`by`: who writes, for the ledger; `migrations`: the folder of those that bring it up to date; `remedy`: what
        to do where it is damaged."""
        try:
            self._engine = sa.create_engine(url)
        except (ArgumentError, ImportError) as error:
            # Neither the URL nor the driver's words: a password may stand in them.
            raise StoreError(
                "no database can be meant by the URL",
                remedy="Write for example sqlite:////var/lib/streetproof/state.db",
            ) from error
        self.where = self._engine.url.render_as_string(hide_password=True)
        self._busy_s = busy_s
        # Threads of this process queue here, in order and without polling; other processes are waited for by SQLite.
        self._writer = threading.Lock()
        if self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine, "connect", _sqlite_connect(busy_s))
            sa.event.listen(self._engine, "begin", _sqlite_begin)
        self._sessions = sessionmaker(self._engine, expire_on_commit=False, autoflush=False, info={BY: by})
        try:
            self._upgrade(migrations)
        except (DatabaseError, CommandError) as error:
            self._engine.dispose()
            if isinstance(error, DatabaseError) and _is_lock(error):
                raise self._locked() from error
            raise StoreError(
                f"the state database cannot be opened or brought up to date: {_first_line(error)}",
                where=self.where,
                remedy=f"If it was made by a newer version, use that version; if it is damaged: {remedy}",
            ) from error

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only reads, from one state of the database."""
        with self._translated(), self._sessions.begin() as session:
            yield session

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Session]:
        """A session that writes, committed at the end. Not to be nested.

        `durable=False` spares waiting for the disk: the end of the process loses nothing, a power cut the last seconds.
        """
        if not self._writer.acquire(timeout=2 * self._busy_s):
            raise self._locked()
        try:
            with self._translated(), self._sessions.begin() as session:
                session.connection(execution_options={"writes": True, "durable": durable})
                yield session
        finally:
            self._writer.release()

    def _upgrade(self, migrations: Path) -> None:
        config = Config()
        config.set_main_option("script_location", str(migrations))
        config.set_main_option("path_separator", "os")
        with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            if _is_lock(error):
                raise self._locked() from error
            raise StoreError(
                f"the state database refused: {_first_line(error)}", where=self.where, remedy="Check disk and rights"
            ) from error
        except OverflowError as error:
            raise StoreError(f"a number is too large for the state database: {error}", where=self.where) from error

    def _locked(self) -> StoreError:
        return StoreError(
            f"the database is locked, also after {self._busy_s:g} s of waiting",
            where=self.where,
            remedy="Another program keeps it: one daemon or batch per database, and no shell left in a transaction",
        )


def upsert(session: Session, table: type[Base], rows: list[dict[str, Any]]) -> None:
    """Insert rows, or bring those with the same primary key up to date; every row names the same columns."""
    if not rows:
        return
    if session.get_bind().dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as pg_insert

        _run_upsert(session, table, rows, pg_insert(table))
    else:
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        _run_upsert(session, table, rows, sqlite_insert(table))


def _run_upsert(session: Session, table: type[Base], rows: list[dict[str, Any]], statement: Any) -> None:
    keys = [column.name for column in sa.inspect(table).primary_key]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    # On the connection: the session would take each row for an object of its own.
    session.connection().execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)


def _sqlite_connect(busy_s: float) -> Any:
    def connect(connection: Any, _record: object) -> None:
        # The driver's own BEGIN comes late and takes no lock; `_sqlite_begin` says when and what for.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={int(busy_s * 1000)}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    return connect


def _sqlite_begin(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("writes", False):
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options.get('durable', True) else 'NORMAL'}")
    # Without IMMEDIATE, a transaction that reads first and then writes fails at once where another one wrote between.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _is_lock(error: DatabaseError) -> bool:
    return getattr(error.orig, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).splitlines()[0] if str(cause) else type(cause).__name__
