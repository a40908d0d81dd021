"""An unreachable camera costs nothing that grows: no handle, no thread, no memory."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from streams.instant import NS_PER_S
from streams.live.address import CameraAddress
from streams.live.interface import FaultKind
from streams.live.source import Timeouts
from tests.ports import reserved_port
from tests.rtsp.media import clip
from tests.rtsp.server import RtspServer, requires_gstreamer
from tests.rtsp.web import Answer, WebCamera
from tests.streams.live.watch import watch

MIB = 1 << 20
QUICK = Timeouts(2 * NS_PER_S, NS_PER_S, 60 * NS_PER_S)


def held() -> tuple[int, int, int]:
    """Open handles, threads, and threads with those of libraries."""
    return len(os.listdir("/proc/self/fd")), threading.active_count(), len(os.listdir("/proc/self/task"))


def until(holds: Callable[[], bool]) -> None:
    """What is given back may be so a moment later; what leaks never is."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, held()
        time.sleep(0.05)


def until_given_back(before: tuple[int, int, int]) -> None:
    until(lambda: all(now <= then for now, then in zip(held(), before, strict=True)))


def resident() -> int:
    """Bytes of memory in use."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_two_hundred_refusals():
    with reserved_port() as port:
        address = CameraAddress(f"rtsp://127.0.0.1:{port}/cam", "admin", "geheim")
        for _ in range(20):
            assert watch(address).kind is FaultKind.REFUSED
        before, memory = held(), resident()
        for _ in range(200):
            watch(address)
        until_given_back(before)
    assert resident() - memory < 4 * MIB


def test_answers_that_lead_nowhere(clips):
    broken = clip(clips, seconds=2, suffix=".ts").read_bytes()[:20_000]
    pages = {"/text": Answer(b"no" * 10_000), "/broken": Answer(broken), "/401": Answer(status=401)}
    already = set(threading.enumerate())
    with WebCamera(pages) as web:
        addresses = [web.url(page) for page in (*pages, "/404")]
        for address in addresses * 5:
            watch(address, QUICK)
        before, memory = held(), resident()
        for address in addresses * 25:
            watch(address, QUICK)
        # The server's own ends are closed by its threads, a moment later.
        until(lambda: held()[0] <= before[0] + 2)
        assert resident() - memory < 8 * MIB
    assert not [thread for thread in threading.enumerate() if thread not in already and thread.is_alive()]


@requires_gstreamer
def test_connections_that_come_and_go(clips):
    with RtspServer({"/cam": clip(clips, seconds=8)}) as server:
        for _ in range(3):
            watch(server.url("/cam"), at_most=3)
        before, memory = held(), resident()
        for _ in range(10):
            watch(server.url("/cam"), at_most=3)
        until_given_back(before)
        assert resident() - memory < 8 * MIB
