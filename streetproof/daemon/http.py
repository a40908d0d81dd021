"""Answers over HTTP how the daemon is: /healthz, /readyz, /metrics and /status. It changes nothing and serves no files.

Whoever reaches the port may be slow, many or malicious: one request per connection, small requests only, a deadline for
each connection as a whole, and a bounded number of them, of which the oldest goes when a new one comes. An honest
request takes milliseconds, so it is never the oldest for long.
"""

from __future__ import annotations

import contextlib
import errno
import json
import socket
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Protocol, Self

import structlog

from streetproof.daemon.metrics import CONTENT_TYPE, exposition
from streetproof.daemon.snapshot import DaemonSnapshot
from streetproof.errors import StreetproofError

_MAX_CONNECTIONS = 16
_MAX_THREADS = 2 * _MAX_CONNECTIONS
_MAX_REQUEST = 16 * 1024
_READ_TIMEOUT_S = 5.0
_DEADLINE_S = 10.0
_LINGER_S = 2.0
_MAX_LINGER = 256 * 1024
_POLL_S = 0.1
_STOP_S = 0.8
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}
_TEXT, _JSON = "text/plain; charset=utf-8", "application/json"
_WHY = {
    errno.EADDRINUSE: (
        "another program listens on this port",
        "It may be a `streetproof run` that is running already; else choose another port in `live.listen`",
    ),
    errno.EACCES: ("this user may not listen on this port", "Choose a port above 1023 in `live.listen`"),
    errno.EADDRNOTAVAIL: ("this machine has no such address", "Write an address of this machine in `live.listen`"),
}


class StatusServerError(StreetproofError):
    """The status server could not begin to listen."""


class StatusServer:
    """Serves `snapshot()` on `address` (host or IP, port; port 0 takes a free one) from `start()` until `stop()`.

    `liveness()` says whether the hub's heartbeat is fresh; it and `snapshot()` are called from several threads at once
    and must not wait for the hub.
    """

    def __init__(
        self,
        address: tuple[str, int],
        snapshot: Callable[[], DaemonSnapshot],
        liveness: Callable[[], bool],
    ) -> None:
        self._address = address
        self._pages = _Pages(snapshot, liveness)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen and answer, in threads of its own. Raises StatusServerError where the address cannot be had."""
        host, port = self._address
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            family, _, _, _, found = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
            )[0]
            self._server = _Server(family, found, self._pages)
        except socket.gaierror as error:
            raise StatusServerError(
                "the host name is not known", where=where, remedy="Write an IP address of this machine in `live.listen`"
            ) from error
        except OSError as error:
            what, remedy = _WHY.get(error.errno or 0, (f"cannot listen: {error.strerror}", "Change `live.listen`"))
            raise StatusServerError(what, where=where, remedy=remedy) from error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_S,), name="status-http")
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, end every connection, leave no thread behind. Within a second; does nothing when stopped."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        self._server = self._thread = None
        server.shutdown()
        thread.join()
        server.server_close()
        server.connections.end_all()

    @property
    def port(self) -> int:
        """The port that is listened on. Only after `start()`."""
        if self._server is None:
            raise RuntimeError("the server is not running")
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Pages:
    """What each path answers: status, content type, body."""

    def __init__(self, snapshot: Callable[[], DaemonSnapshot], liveness: Callable[[], bool]) -> None:
        self._snapshot = snapshot
        self._liveness = liveness

    def answer(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        match path:
            case "/healthz":
                alive = self._liveness()
                body = "ok\n" if alive else "the hub does not answer\n"
                return HTTPStatus.OK if alive else HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, body.encode()
            case "/readyz":
                snapshot = self._snapshot()
                why = "".join(f"{problem.zh}\n{problem.en}\n" for problem in snapshot.problems)
                body = "ready\n" if snapshot.ready else f"not ready\n{why}"
                return HTTPStatus.OK if snapshot.ready else HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, body.encode()
            case "/metrics":
                return HTTPStatus.OK, CONTENT_TYPE, exposition(self._snapshot())
            case "/status":
                document = json.dumps(self._snapshot().to_json(), ensure_ascii=False, allow_nan=False)
                return HTTPStatus.OK, _JSON, document.encode()
            case _:
                return HTTPStatus.NOT_FOUND, _TEXT, b"/healthz /readyz /metrics /status\n"


class _Connections:
    """Open connections, oldest first, with the threads that serve them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[socket.socket, tuple[threading.Thread, float]] = {}

    def admit(self, connection: socket.socket, thread: threading.Thread) -> bool:
        """Take one more, at the cost of the oldest. False: too many threads have not ended yet."""
        with self._lock:
            if len(self._open) >= _MAX_THREADS:
                return False
            surplus = len(self._open) - _MAX_CONNECTIONS + 1
            for oldest in list(self._open)[: max(0, surplus)]:
                _cut(oldest)
            self._open[connection] = (thread, time.monotonic())
            return True

    def done(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.pop(connection, None)
            connection.close()

    def end_overdue(self) -> None:
        with self._lock:
            for connection, (_, since) in self._open.items():
                if time.monotonic() - since > _DEADLINE_S:
                    _cut(connection)

    def end_all(self) -> None:
        with self._lock:
            threads = [thread for thread, _ in self._open.values()]
            for connection in self._open:
                _cut(connection)
        # Daemon threads: one that hangs in a snapshot must not hold up the stop of the whole.
        until = time.monotonic() + _STOP_S
        for thread in threads:
            if thread.ident is not None:
                thread.join(max(0.0, until - time.monotonic()))


class _Server(ThreadingHTTPServer):
    """Listens; a thread per connection, counted."""

    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, family: int, address: Any, pages: _Pages) -> None:
        self.address_family = family
        self.pages = pages
        self.connections = _Connections()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # HTTPServer would ask the DNS for this machine's name here, and may wait long for the answer.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def get_request(self) -> tuple[socket.socket, Any]:
        try:
            return super().get_request()
        except OSError:
            # Out of file handles: the connection stays in the queue, and accepting again at once would spin.
            time.sleep(_POLL_S)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self._serve, args=(request, client_address), name="status-http-request", daemon=True
        )
        if not self.connections.admit(request, thread):
            request.close()
            return
        try:
            thread.start()
        except RuntimeError:  # no more threads for this user
            self.connections.done(request)

    def _serve(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            pass  # the client went, or was made to go
        except Exception:
            structlog.get_logger().exception("a status request could not be answered")
        finally:
            self.connections.done(request)

    def service_actions(self) -> None:
        self.connections.end_overdue()


class _Readable(Protocol):
    def readline(self, limit: int = -1, /) -> bytes: ...

    def close(self) -> None: ...


class _Bounded:
    """A stream that ends after `left` bytes, and then tells that it was cut."""

    def __init__(self, stream: _Readable, left: int) -> None:
        self._stream, self._left = stream, left

    @property
    def spent(self) -> bool:
        return self._left <= 0

    def readline(self, limit: int = -1) -> bytes:
        if self.spent:
            return b""
        line = self._stream.readline(self._left if limit < 0 else min(limit, self._left))
        self._left -= len(line)
        return line

    def close(self) -> None:
        self._stream.close()


class _Handler(BaseHTTPRequestHandler):
    """One request, then the connection ends."""

    server: _Server
    timeout = _READ_TIMEOUT_S
    protocol_version = default_request_version = "HTTP/1.0"

    def setup(self) -> None:
        super().setup()
        self._request = _Bounded(self.rfile, _MAX_REQUEST)
        self.rfile = self._request  # type: ignore[assignment]

    def handle(self) -> None:
        self.close_connection = True
        self.requestline, self.request_version, self.command = "", self.protocol_version, ""
        self.raw_requestline = self._request.readline()
        if not self.raw_requestline:
            return
        if not self.parse_request():
            pass  # it has answered what is wrong
        elif self._request.spent:
            self.send_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self.command not in ("GET", "HEAD"):
            self.send_error(HTTPStatus.METHOD_NOT_ALLOWED)
        else:
            self._get()
        self._linger()

    def _get(self) -> None:
        try:
            status, kind, body = self.server.pages.answer(self.path.partition("?")[0])
        except StreetproofError as error:
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, f"{error}\n".encode())
        except Exception:
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, _TEXT, b"the daemon could not say how it is; see its log\n")
            raise
        else:
            self._send(status, kind, body)

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _linger(self) -> None:
        """Read away what the client still sends: closing over unread bytes would reset the connection too early."""
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(_LINGER_S)
        until, left = time.monotonic() + _LINGER_S, _MAX_LINGER
        while left > 0 and time.monotonic() < until:
            data = self.connection.recv(_MAX_REQUEST)
            if not data:
                return
            left -= len(data)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Plain, and without repeating what was sent to us."""
        status = HTTPStatus(code)
        self._send(status, _TEXT, f"{status.value} {status.phrase}\n".encode())

    def version_string(self) -> str:
        return "streetproof"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a log line per scrape would be all that the log holds."""


def _cut(connection: socket.socket) -> None:
    """End a connection under the thread that serves it, whatever it waits for."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
