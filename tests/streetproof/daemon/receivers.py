"""Those who are told: an HTTP server with scripted answers, and a broker with as much MQTT 3.1.1 as is needed."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Answer = int | tuple[int, dict[str, str]] | Callable[[BaseHTTPRequestHandler], None]


class Receiver:
    """Answers each POST with the next of `answers`, and after them with the last one."""

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.answers: list[Answer] = list(answers) or [200]
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.arrived = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with outer.arrived:
                    outer.requests.append((self.path, dict(self.headers), body))
                    answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                    outer.arrived.notify_all()
                if callable(answer):
                    answer(self)
                    return
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            # The handshake comes with the first read, in the connection's own thread.
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that left is no news
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}/hook/token-in-path?key=token-in-query"

    def wait_for(self, count: int, timeout_s: float = 60) -> list[tuple[str, dict[str, str], bytes]]:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.requests) >= count, timeout_s), self.requests
            return list(self.requests)


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """For a server at 127.0.0.1: its context, and the file with the certificate that clients have to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    own, trusted = folder / "own.pem", folder / "trusted.pem"
    pem = serialization.Encoding.PEM
    trusted.write_bytes(made.public_bytes(pem))
    own.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()) + made.public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    return context, trusted


class Broker:
    """Takes connections and messages. `confirm` says whether a message is confirmed; `connack` is its return code,
    None: it never answers."""

    def __init__(
        self,
        *,
        connack: int | None = 0,
        confirm: Callable[[int], bool] = lambda number: True,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.messages: list[tuple[str, int, bytes]] = []
        self.logins: list[tuple[str | None, str | None]] = []
        self.arrived = threading.Condition()
        self.open = 0
        self._connack = connack
        self._tls = tls
        self._confirm = confirm
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._threads: list[threading.Thread] = []
        self._clients: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for client in self._clients:
            _shut(client)
        self._accepting.join()
        for thread in self._threads:
            thread.join()

    def wait_for(self, count: int, timeout_s: float = 60) -> list[tuple[str, int, bytes]]:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.messages) >= count, timeout_s), self.messages
            return list(self.messages)

    def wait_until_left(self, timeout_s: float = 60) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: self.open == 0, timeout_s)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self._clients.append(client)
            with self.arrived:
                self.open += 1
            if self._tls is not None:
                try:
                    client = self._tls.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
                except OSError:  # it has left again
                    client.close()
                    with self.arrived:
                        self.open -= 1
                        self.arrived.notify_all()
                    continue
            thread = threading.Thread(target=self._serve, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        try:
            with client, client.makefile("rb") as stream:
                for kind, flags, data in _packets(stream):
                    self._answer(client, kind, flags, data)
        except OSError:
            pass
        finally:
            with self.arrived:
                self.open -= 1
                self.arrived.notify_all()

    def _answer(self, client: socket.socket, kind: int, flags: int, data: bytes) -> None:
        if kind == 1 and data[2:6] != b"MQTT":
            _shut(client)
        elif kind == 1:
            self.logins.append(_login(data))
            if self._connack is not None:
                client.sendall(bytes((0x20, 2, 0, self._connack)))
        elif kind == 3:
            length = struct.unpack(">H", data[:2])[0]
            topic, quality = data[2 : 2 + length].decode(), flags >> 1 & 3
            identifier = data[2 + length : 4 + length]
            with self.arrived:
                self.messages.append((topic, quality, data[4 + length :]))
                number = len(self.messages)
                self.arrived.notify_all()
            if self._confirm(number):
                client.sendall(b"\x40\x02" + identifier)
            else:
                _shut(client)
        elif kind == 12:
            client.sendall(b"\xd0\x00")


def _shut(client: socket.socket) -> None:
    with suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)


def _packets(stream: object) -> Iterator[tuple[int, int, bytes]]:
    read: Callable[[int], bytes] = stream.read  # type: ignore[attr-defined]
    while head := read(1):
        length, shift = 0, 0
        while True:
            (byte,) = read(1) or b"\0"
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        yield head[0] >> 4, head[0] & 15, read(length)


def _login(data: bytes) -> tuple[str | None, str | None]:
    flags, fields, rest = data[7], [], data[10:]
    while rest:
        length = struct.unpack(">H", rest[:2])[0]
        fields.append(rest[2 : 2 + length].decode())
        rest = rest[2 + length :]
    given = fields[1:]
    user = given.pop(0) if flags & 0x80 else None
    return user, given.pop(0) if flags & 0x40 else None


@contextmanager
def receivers(*many: Receiver) -> Iterator[Sequence[Receiver]]:
    """Several at once."""
    with ExitStack() as stack:
        yield [stack.enter_context(one) for one in many]
