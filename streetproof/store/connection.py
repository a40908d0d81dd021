"""One open database: transactions with a stated purpose, waited for, and never an error of the driver's outside.

SQLite allows one writer at a time, and PostgreSQL is made to (see `postgres`). A transaction that means to write says
so when it begins, so that it waits for its turn instead of failing half way; and it says whether it must survive a
power cut (`durable`) or only the end of this process. Everything that must not be lost is durable.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session, sessionmaker

from streetproof.errors import StreetproofError
from streetproof.store import postgres
from streetproof.store.tables import Base

BUSY_S = 5.0
"""So long another process may keep the database to itself before a transaction gives up."""


BY = "by"
"""Under this a session says who writes."""
_UPGRADE_WAIT_S = 30.0
"""So long a start waits for another one that brings the same server's tables up to date."""


class StoreError(StreetproofError):
    """The database cannot be opened, read or written."""


class StoreAwayError(StoreError):
    """The server of the database does not answer. It may later."""


@dataclass(frozen=True, slots=True)
class Sort:
    """Which of the two databases it is."""

    name: str
    """As errors call it."""
    migrations: Path
    """The folder of those that bring it up to date."""
    versions: str
    """The table that says how far they have come."""
    queue: int
    """Its writers wait for each other, and not for those of the other one."""
    remedy: str
    """What to do where it is damaged."""


STATE = Sort(
    "state database",
    Path(__file__).parent / "migrations",
    "alembic_version",
    1,
    "move it away, it is rebuilt from the recordings and the bundles on the next run",
)
Settle = Callable[[sa.Connection, bool], None]
"""What to do in the transaction that brings a database up to date; whether it was empty before."""


def url_of_file(path: Path) -> sa.URL:
    """The URL of an SQLite database, whatever characters its path has."""
    return sa.URL.create("sqlite", database=str(path))


class Connection:
    """Sessions on one database, for any number of threads. Raises StoreError and nothing of SQLAlchemy's."""

    def __init__(
        self,
        url: str | sa.URL,
        *,
        by: str = "",
        busy_s: float = BUSY_S,
        sort: Sort = STATE,
        begins: bool = True,
        settle: Settle | None = None,
        answers_s: float | None = None,
    ) -> None:
        """`by`: who writes, for the ledger; `begins`: whether an empty database is made one of this sort.

        `answers_s`: so long a server may take for one answer; None: as long as it likes."""
        try:
            wanted = sa.make_url(url)
            self._postgres = postgres.is_postgres(wanted)
            if self._postgres:
                how = postgres.arguments(wanted, busy_s)
                # A connection that went with the server must not cost the first transaction after it.
                self._engine = sa.create_engine(wanted, connect_args=how, pool_pre_ping=True)
            else:
                self._engine = sa.create_engine(wanted)
        except ImportError as error:
            raise StoreError(
                "the driver of this kind of database is not installed",
                remedy="For PostgreSQL: pip install 'streetproof[postgres]'",
            ) from error
        except (ArgumentError, ValueError) as error:
            # Neither the URL nor the driver's words: a password may stand in them.
            raise StoreError(
                "no database can be meant by the URL",
                remedy="Write for example sqlite:////var/lib/streetproof/state.db",
            ) from error
        self.where = postgres.shown(self._engine.url)
        self._password = self._engine.url.password
        self._busy_s = busy_s
        self._sort = sort
        # Threads of this process queue here, in order and without polling; other processes are waited for by the
        # database.
        self._writer = threading.Lock()
        if self._postgres:
            postgres.listen(self._engine, busy_s, sort.queue, answers_s)
        elif self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine, "connect", _sqlite_connect(busy_s))
            sa.event.listen(self._engine, "begin", _sqlite_begin)
        self._sessions = sessionmaker(self._engine, expire_on_commit=False, autoflush=False, info={BY: by})
        try:
            self._upgrade(begins, settle)
        except StoreError:
            self._engine.dispose()
            raise
        except (DBAPIError, CommandError) as error:
            self._engine.dispose()
            if isinstance(error, DBAPIError) and (_is_lock(error) or self._is_away(error)):
                raise self._error(error) from error
            raise StoreError(
                f"the {sort.name} cannot be opened or brought up to date: {self._first_line(error)}",
                where=self.where,
                remedy="Check that the user may make tables there (docs/storage.md)"
                if self._postgres
                else f"If it was made by a newer version, use that version; if it is damaged: {sort.remedy}",
            ) from error

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only reads, from one state of the database."""
        with self._translated(), self._sessions.begin() as session:
            if self._postgres:
                session.connection(execution_options=postgres.READING)
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

    def _upgrade(self, begins: bool, settle: Settle | None) -> None:
        scripts = _scripts(self._sort.migrations)
        how = {"writes": True, "wait_s": max(self._busy_s, _UPGRADE_WAIT_S)}
        with self._engine.connect().execution_options(**how) as connection, connection.begin():
            if self._postgres:
                self._check_server(connection)
            found = MigrationContext.configure(
                connection, opts={"version_table": self._sort.versions}
            ).get_current_revision()
            if found is None and not begins:
                raise StoreError(
                    f"the {self._sort.name} is empty, and it was not when it was opened last",
                    where=self.where,
                    remedy="Check the address; if the server lost it, restore it from its backup (docs/storage.md)",
                )
            self._check_version(scripts, found)
            if found != scripts.get_current_head():
                config = _config(self._sort.migrations)
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
            if settle is not None:
                settle(connection, found is None)

    def _check_server(self, connection: sa.Connection) -> None:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
        if encoding != "UTF8":
            raise StoreError(
                f"the database keeps text as {encoding}, which has no place for every Chinese character",
                where=self.where,
                remedy="Make it with: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0",
            )

    def _check_version(self, scripts: ScriptDirectory, found: str | None) -> None:
        try:
            scripts.get_revision(found or "base")
        except CommandError as error:
            raise StoreError(
                f"the {self._sort.name} was made by a newer version ({found} is not known here)",
                where=self.where,
                remedy="Use that version, or a newer one: nothing was changed",
            ) from error

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._error(error) from error
        except PoolTimeoutError as error:
            raise self._locked() from error
        except OverflowError as error:
            raise StoreError(f"a number is too large for the {self._sort.name}: {error}", where=self.where) from error

    def _error(self, error: DBAPIError) -> StoreError:
        if _is_lock(error):
            return self._locked()
        line = self._first_line(error)
        if not self._is_away(error):
            return StoreError(
                f"the {self._sort.name} refused: {line}", where=self.where, remedy="Check disk and rights"
            )
        refused = postgres.refusal(error)
        if refused is not None:
            return StoreError(f"PostgreSQL lets nobody in: {line}", where=self.where, remedy=refused)
        return StoreAwayError(
            f"PostgreSQL does not answer: {line}",
            where=self.where,
            remedy="Check that it runs and can be reached from here, and its address (docs/storage.md)",
        )

    def _is_away(self, error: DBAPIError) -> bool:
        return self._postgres and postgres.is_away(error)

    def _locked(self) -> StoreError:
        return StoreError(
            f"the database is locked, also after {self._busy_s:g} s of waiting",
            where=self.where,
            remedy="Another program keeps it: one daemon or batch per database, and no shell left in a transaction",
        )

    def _first_line(self, error: Exception) -> str:
        cause = getattr(error, "orig", None) or error
        line = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
        return line.replace(self._password, "***") if self._password else line


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


def _config(migrations: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.set_main_option("path_separator", "os")
    return config


@cache
def _scripts(migrations: Path) -> ScriptDirectory:
    """What is told by reading every migration, which costs more than all else where a database is up to date."""
    return ScriptDirectory.from_config(_config(migrations))


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


def _is_lock(error: DBAPIError) -> bool:
    name = str(getattr(error.orig, "sqlite_errorname", ""))
    return name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) or postgres.is_lock(error)
