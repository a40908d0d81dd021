"""What is PostgreSQL's own about a connection: how it is opened, how writers queue, and what its errors mean."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Generator
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

SCHEME = "postgresql"
_LOCKS = 0x53545250
"""Under this number the locks of this software are kept, apart from those of whatever else lives in the database."""
_SLOW_S = 0.5
_SPARED = 4
"""So many times as long as it was waited for in vain, nobody tries again."""
_SECRET = frozenset({"password", "sslpassword", "passfile"})
# Unless it is `off`, the server's own setting stays: with a standby it may ask for more than `on`.
_DURABLE = (
    "CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END"
)
_QUEUED = "SELECT set_config('lock_timeout', %s, true), set_config('synchronous_commit', {}, true)"
_LOCK = (
    "SELECT pg_advisory_xact_lock(%s, coalesce(oid::int, 0)) "
    "FROM (SELECT 1) one LEFT JOIN pg_namespace ON nspname = current_schema()"
)
READING = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""Options of a transaction that reads one state, as it does of SQLite."""


def is_postgres(url: sa.URL) -> bool:
    """Whether a URL means a server of PostgreSQL."""
    return url.get_backend_name() == SCHEME


def arguments(url: sa.URL, busy_s: float) -> dict[str, Any]:
    """How to connect: a server that went away without a word is noticed in about ten seconds, one that never answers
    in a few. What the URL says goes before."""
    told = {
        "connect_timeout": max(2, math.ceil(busy_s)),
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
        "application_name": "streetproof",
        "client_encoding": "utf8",
    }
    return {name: value for name, value in told.items() if name not in url.query}


def listen(engine: sa.Engine, busy_s: float, queue: int, answers_s: float | None) -> None:
    """Make writers wait for each other, in all processes, as SQLite does: `queue` says which of them.

    Numbers that the database gives out are then committed in their order, which the ledger stands on. `answers_s`: so
    long a server may take for one answer, before its connection is given up; None: as long as it likes.
    """

    def begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if "wait_s" in options:  # it makes tables, which may take long where there is much in them
            connection.connection.dbapi_connection.answers_s = None  # type: ignore[union-attr]
        if not options.get("writes", False):
            return
        wait_ms = int(options.get("wait_s", busy_s) * 1000)
        commit = _DURABLE if options.get("durable", True) else "'off'"
        connection.exec_driver_sql(_QUEUED.format(commit), (str(wait_ms),))
        connection.exec_driver_sql(_LOCK, (_LOCKS + queue,))

    def back(connection: Any, _record: object) -> None:
        if connection is not None:
            connection.answers_s = answers_s

    sa.event.listen(engine, "begin", begin)
    sa.event.listen(engine, "checkin", back)
    sa.event.listen(engine, "do_connect", _Silence(answers_s).connect)


class _UnansweredError(Exception):
    """Never leaves this module."""


@cache
def _patient() -> Any:
    """The connections of psycopg, with a limit to how long the server may be silent while it owes an answer.

    One whose machine stands still keeps its connections open, and nothing else would ever end the waiting for it.
    """
    import psycopg

    class Patient(psycopg.Connection[Any]):
        answers_s: float | None = None

        def wait(self, gen: Any, *arguments: Any, **named: Any) -> Any:
            if self.answers_s is None:
                return super().wait(gen, *arguments, **named)
            try:
                return super().wait(_limited(gen, time.monotonic() + self.answers_s), *arguments, **named)
            except _UnansweredError:
                # What it would still say belongs to nobody: whether it committed, the next connection sees.
                self.pgconn.finish()
                raise psycopg.OperationalError(f"no answer within {self.answers_s:g} s") from None

    return Patient


def _limited(gen: Any, until: float) -> Generator[Any, Any, Any]:
    """`gen`, which waits for a socket, and which is told now and then that nothing came."""
    try:
        wanted = next(gen)
        while True:
            came = yield wanted
            if not came and time.monotonic() > until:
                raise _UnansweredError
            wanted = gen.send(came)
    except StopIteration as done:
        return done.value


class _Silence:
    """Spares waiting for a server that has not answered a moment ago: who waits also looks after cameras."""

    def __init__(self, answers_s: float | None) -> None:
        self._answers_s = answers_s
        self._lock = threading.Lock()
        self._until = 0.0
        self._said = ""

    def connect(self, dialect: Any, _record: object, given: Any, named: Any) -> Any:
        with self._lock:
            if time.monotonic() < self._until:
                raise dialect.loaded_dbapi.OperationalError(self._said)
        began = time.monotonic()
        try:
            connection = _patient().connect(*given, **named)
        except dialect.loaded_dbapi.OperationalError as error:
            now = time.monotonic()
            # One that refuses at once costs nothing, and may be back at once.
            if now - began > _SLOW_S:
                with self._lock:
                    self._until, self._said = now + _SPARED * (now - began), str(error)
            raise
        connection.answers_s = self._answers_s
        return connection


def shown(url: sa.URL) -> str:
    """A URL as it may be shown: no password, wherever it stands."""
    query = {name: "***" if name.lower() in _SECRET else value for name, value in url.query.items()}
    plain = url.set(query=query)
    if is_postgres(url):
        plain = plain.set(drivername=SCHEME)
    return plain.render_as_string()


def is_lock(error: DBAPIError) -> bool:
    """Whether it waited for other writers in vain."""
    return getattr(error.orig, "sqlstate", None) == "55P03"


def is_away(error: DBAPIError) -> bool:
    """Whether there is no connection: the server is away, was stopped, or lets nobody in."""
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        # What happens before there is a connection has no code at all, nor has a value that the driver refuses.
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return error.connection_invalidated or state[:2] == "08" or state in ("57P01", "57P02", "57P03")


def refusal(error: DBAPIError) -> str | None:
    """What to do about a server that answers and lets nobody in; None: it does not answer.

    By what the connection knows, not by the words of the server, which are in its own language.
    """
    connection = getattr(error.orig, "pgconn", None)
    if connection is None:
        return None
    if connection.needs_password:
        return "It asks for a password: give `username`, and `password_env` or `password_file`"
    if connection.used_password:
        return (
            "Check user name, password and database, whichever the server names; what `password_env` or "
            "`password_file` names is what was tried"
        )
    return None
