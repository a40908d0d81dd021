"""The connection to a camera breaks, in each of the ways in which connections do, and comes back."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.chaos.conftest import GOP
from tests.chaos.daemon import Daemon, faulty, recording
from tests.chaos.evidence import breaks, gaps, records, sessions
from tests.chaos.interleaved import Interleaved
from tests.chaos.packets import check_sessions, recorded, slices
from tests.chaos.site import camera
from tests.rtsp.proxy import Proxy
from tests.rtsp.server import RtspServer, requires_gstreamer

pytestmark = requires_gstreamer

_ATTEMPTS = 60
_RECONNECTS = 100
_SPARE = 4
"""A second connection to the database, a thread more in a pool: once, and not with each attempt."""


def test_server_killed_and_back(tmp_path: Path, film: Path, real_model: str) -> None:
    with (
        RtspServer({"/cam": film}) as server,
        Daemon(tmp_path, [camera("gate-1", server.url("/cam"))], real_model) as daemon,
    ):
        daemon.until_camera(recording)
        server.kill()
        came = daemon.until_camera(lambda one: one["fault"] == "refused" and one["state"] == "waiting")["packets"]
        assert daemon.metrics()["camera_up"] == 0
        written = sum(one.closing.packets for one in records(daemon.data))
        assert written == came, "packets that came are not on disk"
        server.start()
        after = daemon.until_camera(lambda one: recording(one) and one["gaps"] == 2)
        assert after["fault"] is None and after["reconnects"] == 1
        assert daemon.metrics()["camera_reconnects_total"] == 1
        daemon.stop()
        found = records(daemon.data)
        assert [gap.cause for gap in breaks(found)] == ["started", "ended"]
        assert len(check_sessions(daemon.data, found, film, every=GOP)) == 2


def test_server_frozen_and_back_and_frozen_at_the_end(tmp_path: Path, film: Path, real_model: str) -> None:
    with (
        RtspServer({"/cam": film}) as server,
        Daemon(
            tmp_path,
            [camera("gate-1", server.url("/cam"), connect_timeout="6s", stall_timeout="6s")],
            real_model,
        ) as daemon,
    ):
        daemon.until_camera(recording)
        server.freeze()
        daemon.wait_for_log("camera_fault", fault="stalled")
        stalled = daemon.until_camera(lambda one: one["fault"] in ("stalled", "timeout"))
        assert stalled["last_packet_age_s"] >= 5
        daemon.wait_for_log("camera_fault", fault="timeout")
        server.thaw()
        daemon.until_camera(lambda one: recording(one) and one["gaps"] == 2)
        # Now its reader sits in a read that will not come back: the end must not wait for it.
        server.freeze()
        daemon.until_camera(lambda one: one["last_packet_age_s"] > 1)
        daemon.stop()
        found = records(daemon.data)
        assert [gap.cause for gap in breaks(found)] == ["started", "stalled"]
        assert gaps(daemon.data)[-1].cause in ("stopped", "stalled")
        check_sessions(daemon.data, found, film, every=GOP)


def test_refused_for_a_long_time_costs_nothing(tmp_path: Path, film: Path, real_model: str) -> None:
    with (
        RtspServer({"/cam": film}) as server,
        Proxy(server.port) as proxy,
        Daemon(tmp_path, [camera("gate-1", f"rtsp://127.0.0.1:{proxy.port}/cam")], real_model) as daemon,
    ):
        daemon.until_camera(recording)
        proxy.refuse()
        daemon.until_camera(faulty("refused"))
        _until_refused(10)
        before, lines, began = daemon.load(), len(daemon.logs()), time.monotonic()
        _until_refused(_ATTEMPTS)
        after = daemon.load()
        for name in before:
            assert after[name].handles <= before[name].handles + _SPARE, name
            assert after[name].threads <= before[name].threads + _SPARE, name
            assert after[name].resident - before[name].resident < 8 << 20, name
        # One line a minute of what repeats, at first.
        assert len(daemon.logs()) - lines <= 4 + (time.monotonic() - began) / 60
        proxy.accept()
        daemon.until_camera(lambda one: recording(one) and one["gaps"] == 2)
        daemon.stop()
        found = records(daemon.data)
        assert [gap.cause for gap in breaks(found)] == ["started", "ended"], "the first cause of a gap is its cause"
        check_sessions(daemon.data, found, film, every=GOP)


def test_a_hundred_reconnects(tmp_path: Path, film: Path, real_model: str) -> None:
    with (
        RtspServer({"/cam": film}) as server,
        Interleaved(server.port) as proxy,
        Daemon(tmp_path, [camera("gate-1", proxy.url("/cam"))], real_model) as daemon,
    ):
        daemon.until_camera(recording)
        _cut_again_and_again(proxy, 10)
        before, lines = daemon.load(), len(daemon.logs())
        _cut_again_and_again(proxy, _RECONNECTS - 10)
        daemon.until_camera(lambda one: one["reconnects"] >= _RECONNECTS and one["gaps"] == one["reconnects"] + 1)
        after = daemon.load()
        for name in before:
            assert after[name].handles <= before[name].handles + _SPARE, name
            assert after[name].threads <= before[name].threads + _SPARE, name
        # Each gap is news and has a line; what else repeats has few.
        assert len([one for one in daemon.logs()[lines:] if one["event"] != "gap"]) < 40
        daemon.stop()
        found = records(daemon.data)
        written = [
            [unit for picture in recorded(daemon.data, segments) for unit in slices(picture)]
            for segments in sessions(found).values()
        ]
        came = [slices(units) for units in proxy.units]
        # The last connection was ended by the daemon, which leaves what it has not read.
        assert written[:-1] == [units for units in came if units][:-1]


def _cut_again_and_again(proxy: Interleaved, times: int) -> None:
    """Cut each connection as soon as a few pictures have come through."""
    for _ in range(times):
        _wait_for(lambda: len(proxy.units[-1]) >= 6)
        count = len(proxy.units)
        proxy.cut()
        _wait_for(lambda count=count: len(proxy.units) > count)  # type: ignore[misc]


def _until_refused(times: int) -> None:
    """Wait until so many connections were refused on this machine (counted by Linux), or more."""
    first, began = _refused(), time.monotonic()
    # Other programs are refused as well; with pauses of half a second on average, this many take so long at least.
    _wait_for(lambda: _refused() - first >= times and time.monotonic() - began > times * 0.35)


def _refused() -> int:
    lines = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Tcp:")]
    return int(dict(zip(*lines, strict=True))["AttemptFails"])


def _wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 180
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
