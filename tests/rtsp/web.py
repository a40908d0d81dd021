"""A camera that speaks HTTP: files are sent at the pace they were recorded, and other answers as they are.

    with WebCamera({"/live.flv": Paced(clip(folder, suffix=".flv"), seconds=4), "/list": Answer(b"#EXTM3U...")}) as web:
        web.url("/live.flv")

With `user` and `password` it asks for basic authentication, with a `certificate` it speaks HTTPS. Anything
not named is a 404.
"""

from __future__ import annotations

import base64
import ssl
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

_PIECES_PER_S = 25


@dataclass(frozen=True)
class Paced:
    """A file, spread evenly over `seconds`. After it the connection stays, silent, for `hold_s`."""

    path: Path
    seconds: float
    hold_s: float = 0.0


@dataclass(frozen=True)
class Answer:
    """A body as it is, or with `status` and `headers` some other answer."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hold_s: float = 0.0


class WebCamera:
    """See the module. A context manager; no thread is left behind."""

    def __init__(
        self,
        pages: Mapping[str, Paced | Answer],
        *,
        user: str | None = None,
        password: str | None = None,
        certificate: Path | None = None,
    ) -> None:
        self._ending = threading.Event()
        expected = f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}" if user else None
        ending = self._ending

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = pages.get(self.path)
                if expected is not None and self.headers.get("Authorization") != expected:
                    page = Answer(status=401, headers={"WWW-Authenticate": 'Basic realm="camera"'})
                if page is None:
                    page = Answer(status=404)
                self.close_connection = True
                try:
                    self.send_response(page.status if isinstance(page, Answer) else 200)
                    for name, value in page.headers.items() if isinstance(page, Answer) else ():
                        self.send_header(name, value)
                    self.end_headers()
                    self._send(page)
                except (BrokenPipeError, ConnectionResetError):
                    return
                ending.wait(page.hold_s)

            def _send(self, page: Paced | Answer) -> None:
                if isinstance(page, Answer):
                    self.wfile.write(page.body)
                    return
                body = page.path.read_bytes()
                pieces = max(1, round(page.seconds * _PIECES_PER_S))
                began = time.monotonic()
                for k in range(pieces):
                    if ending.wait(max(0.0, began + k / _PIECES_PER_S - time.monotonic())):
                        return
                    self.wfile.write(body[len(body) * k // pieces : len(body) * (k + 1) // pieces])

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                if not isinstance(sys.exception(), OSError):  # who has left before the end is no news
                    super().handle_error(request, client_address)  # type: ignore[arg-type]

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._scheme = "http" if certificate is None else "https"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="web camera")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, page: str) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}{page}"
