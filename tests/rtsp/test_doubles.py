"""The stand-ins themselves: what they promise to the tests that lean on them."""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
import pytest

from tests.rtsp.fixtures import clips
from tests.rtsp.media import clip, loop
from tests.rtsp.proxy import Proxy
from tests.rtsp.server import RtspServer, requires_gstreamer

__all__ = ["clips"]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def echo() -> Iterator[int]:
    """A port that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer:
                    try:
                        while piece := peer.recv(65536):
                            peer.sendall(piece)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def exactly(peer: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        piece = peer.recv(size - len(got))
        if not piece:
            break
        got += piece
    return got


def test_the_proxy_passes_holds_delays_cuts_and_refuses(echo):
    threads = set(threading.enumerate())
    with Proxy(echo) as proxy:
        payload = os.urandom(3_000_000)
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as peer:
            sender = threading.Thread(target=peer.sendall, args=(payload,))
            sender.start()
            assert exactly(peer, len(payload)) == payload
            sender.join()

            proxy.pause()
            peer.sendall(b"held")
            peer.settimeout(0.3)
            with pytest.raises(TimeoutError):
                peer.recv(10)
            peer.settimeout(20)
            proxy.resume()
            assert exactly(peer, 4) == b"held"

            proxy.delay(0.2)
            began = time.monotonic()
            peer.sendall(b"late")
            assert exactly(peer, 4) == b"late"
            # Once there, and once back.
            assert time.monotonic() - began >= 0.4
            proxy.delay(0)

            proxy.cut()
            assert peer.recv(10) == b""
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as peer:
            peer.sendall(b"again")
            assert exactly(peer, 5) == b"again"
            proxy.refuse()
            assert peer.recv(10) == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", proxy.port), timeout=20)
        proxy.accept()
        socket.create_connection(("127.0.0.1", proxy.port), timeout=20).close()
        assert proxy.connections >= 2
    assert set(threading.enumerate()) <= threads


def test_loops_are_steady_and_nothing_is_made_twice(clips):
    source = clip(clips, seconds=1, bframes=3)
    long = loop(source, 3)
    made = long.stat().st_mtime_ns
    assert (loop(source, 3), clip(clips, seconds=1, bframes=3)) == (long, source)
    assert long.stat().st_mtime_ns == made
    with av.open(str(source)) as once, av.open(str(long)) as thrice:
        wanted = [bytes(p) for p in once.demux(video=0) if p.size] * 3
        packets = [p for p in thrice.demux(video=0) if p.size]
        assert [bytes(p) for p in packets] == wanted
        assert len({b.dts - a.dts for a, b in pairwise(packets)}) == 1
        shown = sorted(p.pts for p in packets)
        assert len({b - a for a, b in pairwise(shown)}) == 1


@requires_gstreamer
def test_no_server_is_left_behind(clips):
    source = clip(clips, seconds=1)
    with RtspServer({"/cam": source}) as server:
        pid = server._running().pid
        server.freeze()
    assert not Path(f"/proc/{pid}").exists()
    # Also where whoever started it is killed: its stdin ends.
    script = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from tests.rtsp.server import RtspServer
        server = RtspServer({"/cam": Path(sys.argv[1])})
        server.start()
        print(server._running().pid, flush=True)
        time.sleep(600)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(source)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        try:
            watched = os.pidfd_open(int(parent.stdout.readline()))
        finally:
            parent.kill()
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(watched, selectors.EVENT_READ)
            assert selector.select(60), "the server outlived who started it"
    finally:
        os.close(watched)
