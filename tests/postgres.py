"""A PostgreSQL server of the tests' own: Debian's programs, a cluster in a folder of its own, on a local socket."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_BIN = next((path for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
_MISSING = (
    "no PostgreSQL server is installed (Debian: postgresql)"
    if _BIN is None
    else "psycopg is not installed (the extra `postgres`)"
    if importlib.util.find_spec("psycopg") is None
    else None
)
requires_postgres = pytest.mark.skipif(_MISSING is not None, reason=str(_MISSING))


class Cluster:
    """A running server."""

    def __init__(self, socket: Path, user: str) -> None:
        self._socket, self._user = socket, user

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"t{uuid.uuid4().hex[:12]}"
        _run(self._user, "createdb", "-h", str(self._socket), "-U", "postgres", "-E", "UTF8", "-T", "template0", name)
        return f"postgresql+psycopg://postgres@/{name}?host={self._socket}"


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Start a server without a port, and stop it."""
    # The server refuses to run as root, and its socket's path has to be short.
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    shutil.chown(folder, user)
    data = folder / "data"
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    try:
        _run(user, "initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        _run(user, "pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        yield Cluster(folder, user)
    finally:
        if (data / "postmaster.pid").exists():
            _run(user, "pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _run(user: str, program: str, *arguments: str) -> None:
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
