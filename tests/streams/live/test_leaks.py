"""An unreachable camera costs nothing that grows: no handle, no thread, no memory."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from streams.instant import NS_PER_S
from streams.live.address import CameraAddress
from streams.live.interface import FaultKind
from streams.live.source import Timeouts
from tests.ports import free_port
from tests.rtsp.media import clip
from tests.rtsp.server import RtspServer, requires_gstreamer
from tests.rtsp.web import Answer, WebCamera
from tests.streams.live.watch import watch

MIB = 1 << 20
QUICK = Timeouts(2 * NS_PER_S, NS_PER_S, 60 * NS_PER_S)


def held() -> tuple[int, int]:
    """Open handles and threads."""
    return len(os.listdir("/proc/self/fd")), threading.active_count()


def resident() -> int:
    """Bytes of memory in use."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def native_threads() -> int:
    return len(os.listdir("/proc/self/task"))


def test_two_hundred_refusals():
    address = CameraAddress(f"rtsp://127.0.0.1:{free_port()}/cam", "admin", "geheim")
    for _ in range(20):
        assert watch(address).kind is FaultKind.REFUSED
    before, memory, native = held(), resident(), native_threads()
    for _ in range(200):
        watch(address)
    assert held() == before
    assert native_threads() == native
    assert resident() - memory < 4 * MIB


def test_answers_that_lead_nowhere(clips):
    broken = clip(clips, seconds=2, suffix=".ts").read_bytes()[:20_000]
    pages = {"/text": Answer(b"no" * 10_000), "/broken": Answer(broken), "/401": Answer(status=401)}
    already = set(threading.enumerate())
    with WebCamera(pages) as web:
        addresses = [web.url(page) for page in (*pages, "/404")]
        for address in addresses * 5:
            watch(address, QUICK)
        before, memory = held()[0], resident()
        for address in addresses * 25:
            watch(address, QUICK)
        # The server's own ends are closed by its threads, a moment later.
        assert held()[0] - before <= 2
        assert resident() - memory < 8 * MIB
    assert not [thread for thread in threading.enumerate() if thread not in already and thread.is_alive()]


@requires_gstreamer
def test_connections_that_come_and_go(clips):
    with RtspServer({"/cam": clip(clips, seconds=8)}) as server:
        for _ in range(3):
            watch(server.url("/cam"), at_most=3)
        before, memory, native = held(), resident(), native_threads()
        for _ in range(10):
            watch(server.url("/cam"), at_most=3)
        assert held() == before
        assert native_threads() == native
        assert resident() - memory < 8 * MIB
