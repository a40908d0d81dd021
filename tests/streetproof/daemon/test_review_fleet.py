"""Processes of cameras whose machine lets them down: no room for another one, and a fork server that is killed."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from streetproof.daemon.fleet import Fleet

CAMERAS = ("gate-1", "gate-2", "gate-3", "gate-4", "gate-5")


def chatty(_: Any, connection: Connection) -> None:
    """Says something ten times a second, until it is spoken to or nobody can speak to it any more."""
    over = threading.Event()

    def listen() -> None:
        with suppress(EOFError, OSError):
            connection.recv()
        over.set()

    threading.Thread(target=listen, daemon=True).start()
    while not over.wait(0.1):
        try:
            connection.send("here")
        except OSError:
            break
    os._exit(0)


class Clock:
    """CLOCK_MONOTONIC with leaps, so that no pause has to be waited for."""

    def __init__(self) -> None:
        self.ahead_ns = 0
        self.stands_at_ns: int | None = None

    def __call__(self) -> int:
        return (time.monotonic_ns() if self.stands_at_ns is None else self.stands_at_ns) + self.ahead_ns


class Ears:
    """Counts what was heard of each camera and generation."""

    def __init__(self) -> None:
        self.condition = threading.Condition()
        self.heard: dict[str, int] = {}

    def tell(self, camera: str, generation: int, _: object) -> None:
        with self.condition:
            self.heard[camera] = generation
            self.condition.notify_all()

    def wait(self, condition: Callable[[dict[str, int]], bool]) -> None:
        with self.condition:
            assert self.condition.wait_for(lambda: condition(self.heard), 120)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ears() -> Ears:
    return Ears()


@pytest.fixture
def fleet(ears: Ears, clock: Clock) -> Iterator[Fleet]:
    one = Fleet(chatty, ears.tell, clock, preload="tests.streetproof.daemon.test_review_fleet")
    yield one
    one.stop("stopped", 10)


def test_a_camera_without_room_for_a_process_is_tried_again_and_the_others_run(
    fleet: Fleet, ears: Ears, clock: Clock
) -> None:
    room = False

    def spec() -> Any:
        if not room:
            raise OSError(errno.EMFILE, "Too many open files")
        return None

    fleet.add("gate-1", spec)
    fleet.add("gate-2", lambda: None)  # type: ignore[arg-type, return-value]
    ((camera, death),) = fleet.watch()
    assert camera == "gate-1"
    assert "Too many open files" in death.why.en and "无法启动" in death.why.zh
    ears.wait(lambda heard: "gate-2" in heard)
    assert fleet.pid("gate-1") is None
    room = True
    clock.ahead_ns += 120 * 10**9
    fleet.heard("gate-2")
    assert fleet.watch() == []
    ears.wait(lambda heard: "gate-1" in heard)


def test_when_the_fork_server_is_killed_its_cameras_end_and_others_are_started(
    fleet: Fleet, ears: Ears, clock: Clock
) -> None:
    for camera in CAMERAS:
        fleet.add(camera, lambda: None)  # type: ignore[arg-type, return-value]
    assert fleet.watch() == []
    ears.wait(lambda heard: len(heard) == len(CAMERAS))
    before = {camera: fleet.pid(camera) for camera in CAMERAS}
    last = max(ears.heard.values())
    os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)  # type: ignore[attr-defined]
    clock.stands_at_ns = time.monotonic_ns()  # no pause is over before the last of them has ended
    deadline = time.monotonic() + 120
    died: list[str] = []
    began = time.monotonic()
    while len(died) < len(CAMERAS) and time.monotonic() < deadline:
        died += [camera for camera, _ in fleet.watch()]
    assert sorted(died) == sorted(CAMERAS)
    assert time.monotonic() - began < 5 * len(CAMERAS) - 3, "they are ended together, and nobody waits for each in turn"
    for pid in before.values():
        assert _gone(pid), "a process that nobody listens to would go on reading from its camera"
    clock.stands_at_ns = None
    clock.ahead_ns += 120 * 10**9
    assert fleet.watch() == []
    ears.wait(lambda heard: all(heard[camera] > last for camera in CAMERAS))


def _gone(pid: int | None) -> bool:
    """Whether it has ended, or is about to be buried by whoever inherited it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
        except OSError:
            return True
        if state in (b"Z", b"X"):
            return True
        time.sleep(0.02)
    return False
