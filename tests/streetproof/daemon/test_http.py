"""The status server, asked by honest clients and by the other kind, over real sockets."""

from __future__ import annotations

import http.client
import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import structlog

from evidence_export.words import Said
from streetproof.daemon import http as served
from streetproof.daemon.http import StatusServer, StatusServerError
from streetproof.daemon.logs import configure, reset
from streetproof.daemon.snapshot import DaemonSnapshot
from streetproof.errors import StreetproofError
from tests.ports import reserved_port
from tests.streetproof.daemon.snapshots import camera, daemon, troubled


class Daemon:
    """What the server asks; a test changes it."""

    def __init__(self) -> None:
        self.now: Callable[[], DaemonSnapshot] = lambda: daemon(camera(1), camera(2))
        self.alive = True


@pytest.fixture
def asked() -> Daemon:
    return Daemon()


@pytest.fixture
def server(asked: Daemon) -> Iterator[StatusServer]:
    with StatusServer(("127.0.0.1", 0), lambda: asked.now(), lambda: asked.alive) as running:
        yield running
    until(lambda: not threads("status-http"))


def threads(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith(name)]


def until(holds: Callable[[], bool]) -> None:
    """Wait for what may be so a moment later."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, threading.enumerate()
        time.sleep(0.02)


def get(server: StatusServer, path: str, method: str = "GET") -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read(), {name.lower(): value for name, value in response.getheaders()}
    finally:
        connection.close()


def answered(server: StatusServer, path: str) -> bool:
    """False: it was turned away."""
    try:
        return get(server, path)[0] == 200
    except (ConnectionError, http.client.HTTPException):
        return False


def raw(server: StatusServer, data: bytes) -> bytes:
    """What comes back for exactly these bytes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


def test_status_is_the_snapshot_as_json(server: StatusServer, asked: Daemon) -> None:
    snapshot = daemon(*troubled())
    asked.now = lambda: snapshot
    status, body, headers = get(server, "/status")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert DaemonSnapshot.from_json(json.loads(body)) == snapshot


def test_health_follows_the_heartbeat_and_asks_for_nothing_else(server: StatusServer, asked: Daemon) -> None:
    def stuck() -> DaemonSnapshot:
        raise AssertionError("health must not ask the hub")

    asked.now = stuck
    assert get(server, "/healthz")[0] == 200
    asked.alive = False
    assert get(server, "/healthz")[0] == 503


def test_readiness_says_what_is_missing(server: StatusServer, asked: Daemon) -> None:
    assert get(server, "/readyz")[:2] == (200, b"ready\n")
    asked.now = lambda: daemon(ready=False, problems=(Said("模型缺失", "The model is missing"),))
    status, body, _ = get(server, "/readyz")
    assert status == 503
    assert body.decode() == "not ready\n模型缺失\nThe model is missing\n"


def test_metrics_are_prometheus_text(server: StatusServer) -> None:
    status, body, headers = get(server, "/metrics?collect[]=x")
    assert status == 200
    assert headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert b'streetproof_camera_up{camera="gate-2"} 1.0' in body


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/status", "/", "/none"])
def test_every_answer_is_guarded_and_head_has_no_body(server: StatusServer, path: str) -> None:
    status, body, headers = get(server, path)
    again, nothing, same = get(server, path, "HEAD")
    assert (again, nothing) == (status, b"")
    assert abs(int(same["content-length"]) - len(body)) < 20  # the age of things goes on between the two
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["server"] == "streetproof", "no version to look up weaknesses for"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("path", ["/../../etc/passwd", "/status/", "/%2e%2e/", "/index.html", "/STATUS"])
def test_there_is_nothing_else(server: StatusServer, path: str) -> None:
    assert get(server, path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"])
def test_only_reading_is_possible(server: StatusServer, method: str) -> None:
    answer = raw(
        server, f"{method} /status HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n".encode() + b"x" * 60_000
    )
    assert answer.startswith(b"HTTP/1.0 405 ")
    assert b"\r\nAllow: GET, HEAD\r\n" in answer


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /status HTTP/9.9\r\n\r\n", b"505"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"<script>alert(1)</script>\r\n\r\n", b"400"),
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"4"),
        (b"GET /status HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n", b"431"),
        (b"GET /status HTTP/1.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", b"431"),
    ],
)
def test_odd_requests_are_refused_and_not_repeated(server: StatusServer, request_: bytes, status: bytes) -> None:
    answer = raw(server, request_)
    assert answer.split(b" ", 2)[1].startswith(status)
    assert b"script" not in answer and b"aaaa" not in answer and len(answer) < 1000
    assert get(server, "/healthz")[0] == 200


def test_slow_clients_in_any_number_keep_nobody_out(server: StatusServer) -> None:
    with ExitStack() as slow:
        for number in range(200):
            client = slow.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=60))
            client.sendall(b"GET /status HTTP/1.1\r\nX: " if number % 2 else b"")
            if number % 50 == 49:
                # Those who were made to go have to be gone: until then some who come may be turned away.
                until(lambda: answered(server, "/status"))
        until(lambda: len(threads("status-http-request")) <= served._MAX_CONNECTIONS)


def test_a_client_that_never_finishes_is_cut_off(server: StatusServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "_DEADLINE_S", 0.5)
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(b"GET /sta")
        stop = threading.Event()

        def drip() -> None:  # a byte now and then, so that no single wait is long
            while not stop.wait(0.05):
                try:
                    client.send(b"x")
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            assert client.recv(1000) == b""
        except ConnectionResetError:
            pass  # also an end
        finally:
            stop.set()
            dripping.join()


def test_a_reader_that_takes_nothing_is_cut_off(
    server: StatusServer, asked: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "_DEADLINE_S", 0.5)
    huge = daemon(*(camera(number, fault_detail=Said.quoted("x" * 10_000)) for number in range(1500)))
    asked.now = lambda: huge
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(b"GET /status HTTP/1.1\r\n\r\n")
        until(lambda: bool(threads("status-http-request")))
        until(lambda: not threads("status-http-request"))


def test_stop_ends_open_connections_and_waits_for_no_client(asked: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "_DEADLINE_S", 600)
    monkeypatch.setattr(served._Handler, "timeout", 600)
    server = StatusServer(("127.0.0.1", 0), asked.now, lambda: True)
    server.start()
    with ExitStack() as clients:
        for _ in range(10):
            clients.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=60))
        assert get(server, "/healthz")[0] == 200
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 20  # a second, on a machine that has nothing else to do
        until(lambda: not threads("status-http"))
    server.stop()


def test_what_cannot_be_told_is_an_error_that_the_log_explains(server: StatusServer, asked: Daemon) -> None:
    def unready() -> DaemonSnapshot:
        raise StreetproofError("the hub is starting", remedy="Ask again in a second")

    def broken() -> DaemonSnapshot:
        raise ZeroDivisionError("rtsp://admin:word@host")

    asked.now = unready
    assert get(server, "/status")[:2] == (503, b"the hub is starting. Ask again in a second\n")
    written = io.StringIO()
    configure("hub", stream=written)
    try:
        asked.now = broken
        status, body, _ = get(server, "/metrics")
        until(lambda: "ZeroDivisionError" in written.getvalue())
    finally:
        reset()
    assert status == 500
    assert b"word" not in body and "word" not in written.getvalue()
    assert structlog.get_config()["processors"]


def test_a_port_that_is_taken_is_explained(server: StatusServer, asked: Daemon) -> None:
    with pytest.raises(StatusServerError, match="another program listens") as refused:
        StatusServer(("127.0.0.1", server.port), asked.now, lambda: True).start()
    assert refused.value.where == f"127.0.0.1:{server.port}"
    assert "live.listen" in refused.value.remedy


@pytest.mark.parametrize(
    ("address", "why"),
    [(("203.0.113.7", 0), "no such address"), (("no-such-host.invalid", 8750), "not known")],
)
def test_an_address_that_cannot_be_had_is_explained(asked: Daemon, address: tuple[str, int], why: str) -> None:
    with pytest.raises(StatusServerError, match=why):
        StatusServer(address, asked.now, lambda: True).start()


def test_ipv6(asked: Daemon) -> None:
    if not socket.has_ipv6:
        return
    try:
        server = StatusServer(("::1", 0), asked.now, lambda: True)
        server.start()
    except StatusServerError as error:
        assert "no such address" in error.what, "a machine without IPv6"
        return
    try:
        with socket.create_connection(("::1", server.port), timeout=60) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.0 200 ")
    finally:
        server.stop()


def test_a_start_follows_a_stop_on_the_same_port(asked: Daemon) -> None:
    with reserved_port() as port:
        for _ in range(2):
            with StatusServer(("127.0.0.1", port), asked.now, lambda: True) as server:
                assert get(server, "/healthz")[0] == 200
