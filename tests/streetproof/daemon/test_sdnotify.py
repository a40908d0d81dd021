"""What the service manager hears, over real sockets."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from streetproof.daemon.sdnotify import Notifier


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    name = str(tmp_path / "通知 1") if request.param == "path" else f"@streetproof-{uuid.uuid4()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name.replace("@", "\0") if request.param == "abstract" else name)
        listening.settimeout(10)
        yield name, listening


def heard(listening: socket.socket) -> dict[str, str]:
    lines = listening.recv(65536).decode().split("\n")
    return dict(line.split("=", 1) for line in lines)


def test_what_the_manager_hears(manager: tuple[str, socket.socket]) -> None:
    address, listening = manager
    notifier = Notifier(address)
    assert notifier.active
    assert notifier.ready("64 cameras")
    assert heard(listening) == {"READY": "1", "STATUS": "64 cameras"}
    assert notifier.watchdog()
    assert heard(listening) == {"WATCHDOG": "1"}
    assert notifier.status("路口 1: refused")
    assert heard(listening) == {"STATUS": "路口 1: refused"}
    before = time.monotonic_ns() // 1000
    assert notifier.reloading()
    reloading = heard(listening)
    assert reloading["RELOADING"] == "1"
    assert before <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    assert notifier.stopping("stopping")
    assert heard(listening) == {"STOPPING": "1", "STATUS": "stopping"}


def test_a_camera_name_cannot_say_something_else(manager: tuple[str, socket.socket]) -> None:
    address, listening = manager
    assert Notifier(address).status("gate\nMAINPID=1\nWATCHDOG=trigger" + "x" * 100_000)
    said = heard(listening)
    assert set(said) == {"STATUS"}
    assert len(said["STATUS"]) <= 500


def test_the_environment_is_read_once_and_not_handed_on(manager: tuple[str, socket.socket]) -> None:
    address, listening = manager
    environ = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid()), "HOME": "/"}
    notifier = Notifier.from_environment(environ)
    assert environ == {"HOME": "/"}
    assert notifier.watchdog_interval_ns == 30 * 10**9
    assert notifier.ready() and heard(listening) == {"READY": "1"}


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        ({}, None),
        ({"NOTIFY_SOCKET": "", "WATCHDOG_USEC": ""}, None),
        ({"NOTIFY_SOCKET": "vsock:2:1", "WATCHDOG_USEC": "-1"}, None),
        ({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "2000000"}, 10**9),
        ({"WATCHDOG_USEC": "²"}, None),
    ],
)
def test_nothing_happens_where_nobody_asked(environ: dict[str, str], interval: int | None) -> None:
    notifier = Notifier.from_environment(dict(environ))
    assert not notifier.active
    assert notifier.watchdog_interval_ns == interval
    assert not any(
        (notifier.ready(), notifier.watchdog(), notifier.reloading(), notifier.stopping(), notifier.status("x"))
    )


def test_a_manager_that_is_gone_or_does_not_listen_holds_nobody_up(tmp_path: Path) -> None:
    assert not Notifier(str(tmp_path / "gone")).watchdog()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(tmp_path / "deaf"))
        notifier = Notifier(str(tmp_path / "deaf"))
        began = time.monotonic()
        while notifier.watchdog():  # until its queue is full
            assert time.monotonic() - began < 30
