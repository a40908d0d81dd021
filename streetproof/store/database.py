"""Opens the database, brings its schema up to date, and answers the few questions a batch asks of it."""

from __future__ import annotations

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
from streetproof.store.tables import CaseRow, RecordingRow, RunRow


class StoreError(StreetproofError):
    """The database cannot be opened, read or written."""


class Store:
    """One open database. Use as a context manager; raises StoreError and nothing of SQLAlchemy's."""

    def __init__(self, url: str) -> None:
        try:
            self._engine = sa.create_engine(url)
        except (ArgumentError, ImportError) as error:
            # Neither the URL nor the driver's words: a password may stand in them.
            raise StoreError(
                "no database can be meant by the URL",
                remedy="Write for example sqlite:////var/lib/streetproof/state.db",
            ) from error
        self._where = self._engine.url.render_as_string(hide_password=True)
        if self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine, "connect", _sqlite_pragmas)
        self._sessions = sessionmaker(self._engine, expire_on_commit=False)
        try:
            with self._engine.begin() as connection:
                config = Config()
                config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
                config.set_main_option("path_separator", "os")
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except (DatabaseError, CommandError) as error:
            self._engine.dispose()
            raise StoreError(
                f"the state database cannot be opened or brought up to date: {_first_line(error)}",
                where=self._where,
                remedy="If it was made by a newer version, use that version; if it is damaged, move it away: it is "
                "rebuilt from the recordings and the bundles on the next run",
            ) from error

    @classmethod
    def open_file(cls, path: Path) -> Store:
        """The embedded SQLite database at `path`, created where it does not exist."""
        return cls(str(sa.URL.create("sqlite", database=str(path))))

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _session(self) -> Iterator[Session]:
        try:
            with self._sessions.begin() as session:
                yield session
        except DatabaseError as error:
            raise StoreError(
                f"the state database refused: {_first_line(error)}", where=self._where, remedy="Check disk and rights"
            ) from error

    def recording_sha256(self, path: Path, size_bytes: int, changed_ns: int) -> str | None:
        """The hash of an unchanged file that was read before, else None."""
        with self._session() as session:
            row = session.get(RecordingRow, str(path))
            if row is None or (row.size_bytes, row.changed_ns) != (size_bytes, changed_ns):
                return None
            return row.sha256

    def remember_recording(self, path: Path, size_bytes: int, changed_ns: int, sha256: str) -> None:
        """Keep the hash of a file together with the size and time that tell whether it changed since."""
        with self._session() as session:
            session.merge(RecordingRow(path=str(path), size_bytes=size_bytes, changed_ns=changed_ns, sha256=sha256))

    def begin_run(self, started_ns: int, config_sha256: str) -> int:
        """Start a run and return its id."""
        with self._session() as session:
            row = RunRow(started_ns=started_ns, config_sha256=config_sha256)
            session.add(row)
            session.flush()
            return row.id

    def end_run(self, run: int, finished_ns: int, exit_code: int) -> None:
        """Write down how a run ended."""
        with self._session() as session:
            row = session.get_one(RunRow, run)
            row.finished_ns, row.exit_code = finished_ns, exit_code

    def remember_case(self, row: CaseRow) -> None:
        """Keep a sealed case; the same id again replaces it."""
        with self._session() as session:
            session.merge(row)

    def cases(self) -> list[CaseRow]:
        """All cases, oldest arrival first."""
        with self._session() as session:
            return list(session.scalars(sa.select(CaseRow).order_by(CaseRow.arrived_ns, CaseRow.id)))


def _sqlite_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).splitlines()[0] if str(cause) else type(cause).__name__
