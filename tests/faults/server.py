"""The PostgreSQL server of a scenario: a database as it was prepared, and one that is worked in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "FAULTS_POSTGRESQL"
"""Where the server listens: PORT:FOLDER."""
_WORK, _PREPARED = "faults", "prepared"


@dataclass(frozen=True, slots=True)
class Server:
    """One that the process above has started, and ends."""

    folder: Path
    port: int

    @staticmethod
    def given() -> Server:
        port, _, folder = os.environ[VARIABLE].partition(":")
        return Server(Path(folder), int(port))

    @property
    def database(self) -> dict[str, str]:
        """The one that is worked in, as a site file names it."""
        return {"url": f"postgresql:///{_WORK}?host={self.folder}&port={self.port}", "username": "postgres"}

    def begin(self) -> None:
        """An empty one."""
        self._do(f"CREATE DATABASE {_WORK} ENCODING 'UTF8' TEMPLATE template0")

    def keep(self) -> None:
        """It is prepared. Nobody has it open."""
        self._do(f"ALTER DATABASE {_WORK} RENAME TO {_PREPARED}")

    def reset(self) -> None:
        """It is as it was prepared, whoever had it open."""
        self._do(f"DROP DATABASE IF EXISTS {_WORK} WITH (FORCE)")
        self._do(f"CREATE DATABASE {_WORK} TEMPLATE {_PREPARED}")

    def _do(self, statement: str) -> None:
        import psycopg

        how = {"host": str(self.folder), "port": self.port, "user": "postgres", "dbname": "postgres"}
        with psycopg.connect(**how, autocommit=True) as connection:  # type: ignore[arg-type]
            connection.execute(statement.encode())
