"""A PostgreSQL server of the tests' own: Debian's programs, a cluster in a folder of its own."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.ports import reserved_port

_BIN = next((path for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
_MISSING = (
    "no PostgreSQL server is installed (Debian: postgresql)"
    if _BIN is None
    else "psycopg is not installed (the extra `postgres`)"
    if importlib.util.find_spec("psycopg") is None
    else None
)
requires_postgres = pytest.mark.skipif(_MISSING is not None, reason=str(_MISSING))


PASSWORD = "geheim/密码@7#"
"""Of `streetproof`, with characters that addresses use themselves."""


class Cluster:
    """A server: the superuser comes in by its socket, `streetproof` by its port and with `PASSWORD`."""

    def __init__(self, folder: Path, user: str, port: int) -> None:
        self.folder, self._user, self.port = folder, user, port
        self._data = folder / "data"

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = self._new("postgres")
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}&port={self.port}"

    def guarded(self) -> str:
        """The URL of a new, empty database of `streetproof`, as a site file names it."""
        return f"postgresql://127.0.0.1:{self.port}/{self._new('streetproof')}"

    def sql(self, url: str, statement: str) -> str:
        """What the superuser is answered in the database of `url`."""
        name = url.partition("?")[0].rpartition("/")[2]
        return self._run("psql", *self._socket(), "-d", name, "-At", "-v", "ON_ERROR_STOP=1", "-c", statement)

    def start(self) -> None:
        """Start it, or start it again."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{self.folder}' -c fsync=off"
        )
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", log, "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it, as a crash does, or in another mode of pg_ctl's."""
        if (self._data / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", str(self._data), "-w", "-m", mode, "stop")

    def freeze(self) -> None:
        """Let it stand still with its connections open, as a machine does whose disk hangs."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        first = int((self._data / "postmaster.pid").read_text().split()[0])
        os.kill(first, number)  # it starts no other from here on
        for child in Path(f"/proc/{first}/task/{first}/children").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(child), number)

    def make(self) -> None:
        """Begin it."""
        how = ("--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8")
        self._run("initdb", "-D", str(self._data), "-U", "postgres", *how)
        self.start()
        self.sql("/postgres", f"CREATE ROLE streetproof LOGIN PASSWORD '{PASSWORD}'")

    def _new(self, owner: str) -> str:
        name = f"t{uuid.uuid4().hex[:12]}"
        self._run("createdb", *self._socket(), "-E", "UTF8", "-T", "template0", "-O", owner, name)
        return name

    def _socket(self) -> tuple[str, ...]:
        return "-h", str(self.folder), "-p", str(self.port), "-U", "postgres"

    def _run(self, program: str, *arguments: str) -> str:
        return _run(self._user, program, *arguments)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Start a server, and stop it."""
    # The server refuses to run as root, and its socket's path has to be short.
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    shutil.chown(folder, user)
    with reserved_port() as port:
        running = Cluster(folder, user, port)
        try:
            running.make()
            yield running
        finally:
            running.stop()
            shutil.rmtree(folder, ignore_errors=True)


def _run(user: str, program: str, *arguments: str) -> str:
    assert _BIN is not None
    done = subprocess.run(
        [str(_BIN / program), *arguments],
        user=user if os.geteuid() == 0 else None,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()
