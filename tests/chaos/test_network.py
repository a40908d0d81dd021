"""The network between a camera and the daemon loses, swaps and holds back packets, and the connection stands."""

from __future__ import annotations

import time
from pathlib import Path

from tests.chaos.conftest import GOP
from tests.chaos.daemon import Daemon, recording
from tests.chaos.evidence import breaks, records, sessions
from tests.chaos.interleaved import Interleaved
from tests.chaos.packets import check_sessions, recorded, slices
from tests.chaos.site import camera
from tests.rtsp.proxy import Proxy
from tests.rtsp.server import RtspServer, requires_gstreamer

pytestmark = requires_gstreamer


def test_whatever_comes_of_a_lossy_stream_is_recorded(tmp_path: Path, film: Path, real_model: str) -> None:
    with (
        RtspServer({"/cam": film}) as server,
        Interleaved(server.port) as proxy,
        Daemon(tmp_path, [camera("gate-1", proxy.url("/cam"))], real_model) as daemon,
    ):
        daemon.until_camera(recording)
        proxy.lose(lambda number: number % 13 == 5)
        _more_segments(daemon, 2)
        proxy.swap(11)
        _more_segments(daemon, 2)
        daemon.wait(lambda: proxy.lost >= 6)
        lost = proxy.lost
        proxy.lose(lambda number: 3 <= number < 13)  # a second of nothing
        daemon.wait(lambda: proxy.lost >= lost + 10)
        _more_segments(daemon, 2)
        assert daemon.camera()["reconnects"] == 0
        proxy.cut()
        daemon.until_camera(lambda one: one["reconnects"] == 1)
        first = next(iter(sessions(records(daemon.data)).values()))
        written = [unit for picture in recorded(daemon.data, first) for unit in slices(picture)]
        assert written == slices(proxy.units[0])


def test_delay_and_pauses_lose_nothing(tmp_path: Path, film: Path, real_model: str) -> None:
    with (
        RtspServer({"/cam": film}) as server,
        Proxy(server.port) as proxy,
        Daemon(tmp_path, [camera("gate-1", f"rtsp://127.0.0.1:{proxy.port}/cam")], real_model) as daemon,
    ):
        daemon.until_camera(recording)
        proxy.delay(0.4)
        _more_segments(daemon, 1)
        for _ in range(2):
            proxy.pause()
            time.sleep(1.2)
            proxy.resume()
            _more_segments(daemon, 1)
        daemon.until_camera(lambda one: one["packets"] >= 9 * GOP)
        daemon.stop()
        found = records(daemon.data)
        assert [gap.cause for gap in breaks(found)] == ["started"]
        (place,) = check_sessions(daemon.data, found, film, every=GOP).values()
        assert len(place) >= 8 * GOP
        # What waited in the network is not taken for a clock that stands still: pictures keep their distances, but for
        # the 0.05 % by which a line may move.
        length_ns = found[-1].closing.end.utc_ns - found[0].opening.start.utc_ns
        assert abs(length_ns - len(place) * 100_000_000) < 10_000_000 + length_ns * 5 // 10_000


def _more_segments(daemon: Daemon, count: int) -> None:
    """Wait for so many that end from now on: one may have ended since the status was made."""
    before = daemon.camera()["segments"]
    daemon.until_camera(lambda one: one["segments"] >= before + 1 + count)
