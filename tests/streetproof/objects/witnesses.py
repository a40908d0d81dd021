"""Witnesses of the tests' own: the receiver and the nginx that docs/ledger.md prints, and one that answers as told."""

from __future__ import annotations

import http.client
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import SSLContext
from typing import Any

from tests.conftest import ROOT
from tests.ports import reserved_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
_DOCUMENT = (ROOT / "docs/ledger.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", _DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@contextmanager
def process(arguments: list[str], port: int, folder: Path) -> Iterator[None]:
    with (folder.parent / "witness.log").open("ab") as log:
        running = subprocess.Popen(arguments, cwd=folder, stdout=log, stderr=log)
    try:
        _until_it_answers(running, port)
        yield
    finally:
        running.terminate()
        running.wait(60)


@contextmanager
def receiver(folder: Path) -> Iterator[str]:
    """The ten lines of the document, in a process of their own; the URL."""
    with reserved_port() as port, process([sys.executable, "-c", block("python"), str(port)], port, folder):
        yield f"http://127.0.0.1:{port}/"


@contextmanager
def nginx(folder: Path, user: str, hashed: str) -> Iterator[str]:
    """nginx with the lines of the document, for whoever has that password; the URL."""
    assert NGINX is not None
    place = folder.parent / "nginx"
    place.mkdir()
    (place / "passwords").write_text(f"{user}:{hashed}\n")
    told = (
        block("nginx")
        .replace("/srv/witness", str(folder.parent / "root"))
        .replace("/etc/nginx/witness.htpasswd", str(place / "passwords"))
    )
    (folder.parent / "root").mkdir()
    (folder.parent / "root" / "streetproof").symlink_to(folder)
    temporary = "".join(
        f"{one}_temp_path {place}/{one};" for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    with reserved_port() as port:
        (place / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {place}/pid; error_log stderr; events {{}}\n"
            f"http {{ access_log off; {temporary} server {{ listen 127.0.0.1:{port}; {told} }} }}\n"
        )
        arguments = [NGINX, "-p", str(place), "-e", "stderr", "-c", str(place / "nginx.conf")]
        with process(arguments, port, folder):
            yield f"http://127.0.0.1:{port}/streetproof"


def _until_it_answers(running: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(6000):
        assert running.poll() is None, "it ended"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.01)
        finally:
            connection.close()
    raise AssertionError("it never answered")


Answer = Callable[[Any], None]
"""Given the `BaseHTTPRequestHandler`, whose `body` has been read."""


@contextmanager
def answering(answer: Answer, tls: SSLContext | None = None) -> Iterator[str]:
    """A server that answers every request as told; the URL."""

    class Handler(BaseHTTPRequestHandler):
        body = b""

        def do_GET(self) -> None:
            self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer(self)

        do_PUT = do_GET

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that left is no news
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http{'' if tls is None else 's'}://127.0.0.1:{server.server_address[1]}/x"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def reply(status: int, body: bytes = b"", **headers: str) -> Answer:
    def answer(handler: Any) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


class Shelf:
    """A witness in memory, which a test bends."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.puts: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.instead: dict[str, Answer] = {}
        """`PUT`, `GET`, `LIST` -> what is answered instead."""

    def __call__(self, handler: Any) -> None:
        name = handler.path.rpartition("/")[2]
        what = handler.command if name else "LIST"
        self.headers.append(dict(handler.headers))
        if what == "PUT":
            self.puts.append(name)
        if what in self.instead:
            self.instead[what](handler)
        elif what == "LIST":
            reply(200, "\n".join(self.kept).encode())(handler)
        elif what == "GET":
            reply(200, self.kept[name])(handler) if name in self.kept else reply(404)(handler)
        elif name in self.kept:
            reply(412)(handler)
        else:
            self.kept[name] = handler.body
            reply(201)(handler)
