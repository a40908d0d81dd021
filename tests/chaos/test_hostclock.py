"""Somebody sets the clock of the server, while something is being timed and while nothing is."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import pytest

from streams.instant import NS_PER_S
from tests.chaos.conftest import GOP
from tests.chaos.daemon import Daemon, recording
from tests.chaos.evidence import breaks, records, sessions
from tests.chaos.packets import check_sessions
from tests.chaos.site import camera
from tests.rtsp.server import RtspServer, requires_gstreamer

pytestmark = requires_gstreamer

_DWELL_S = 14


class SystemClock:
    """The clock of the daemon's processes: see `tests/chaos/preload`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._file.write_bytes(bytes(8))
        self.environ = {
            "PYTHONPATH": str(Path(__file__).with_name("preload")),
            "STREETPROOF_TEST_CLOCK": str(self._file),
        }

    def set(self, ahead_s: float) -> None:
        """So far ahead of the real one from now on."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("=q", int(ahead_s * NS_PER_S)))


@pytest.fixture
def clock(tmp_path: Path) -> SystemClock:
    return SystemClock(tmp_path)


def test_a_clock_set_while_something_stands(tmp_path: Path, street: Path, real_model: str, clock: SystemClock) -> None:
    with (
        RtspServer({"/cam": street}) as server,
        Daemon(
            tmp_path, [camera("gate-1", server.url("/cam"))], real_model, dwell=f"{_DWELL_S}s", environ=clock.environ
        ) as daemon,
    ):
        daemon.until_camera(lambda one: recording(one) and one["standing"] >= 1)
        clock.set(3600)
        seen = daemon.until_camera(lambda one: "host_clock_stepped" in one["clock_flags"])
        assert [round(line["by_s"]) for line in daemon.logs("host_clock_stepped")] == [3600]
        fired = daemon.until_camera(lambda one: one["violations"] >= 1)
        # Something is recorded that was begun after the step.
        daemon.until_camera(lambda one: one["segments"] >= max(seen["segments"], fired["segments"]) + 2)
        assert daemon.camera()["reconnects"] == 0
        daemon.stop()
        (finding,) = daemon.findings()
        # A busy machine may look late, but the hour has not passed.
        assert _DWELL_S * NS_PER_S <= finding["fired_ns"] - finding["arrived_ns"] < 600 * NS_PER_S
        found = records(daemon.data)
        # One line through all of it: nothing is missing, nothing is told twice (`evidence.check` compares the borders).
        assert [gap.cause for gap in breaks(found)] == ["started"] and len(sessions(found)) == 1
        assert "host_clock_stepped" in found[-1].opening.clock.flags
        check_sessions(daemon.data, found, street)


def test_a_clock_set_while_nothing_stands(tmp_path: Path, film: Path, real_model: str, clock: SystemClock) -> None:
    with (
        RtspServer({"/cam": film}) as server,
        Daemon(tmp_path, [camera("gate-1", server.url("/cam"))], real_model, environ=clock.environ) as daemon,
    ):
        daemon.until_camera(recording)
        clock.set(60)
        daemon.wait(lambda: len(daemon.logs("host_clock_stepped")) == 1)
        count = daemon.camera()["segments"]
        daemon.until_camera(lambda one: one["segments"] >= count + 3 and "host_clock_stepped" not in one["clock_flags"])
        ahead = records(daemon.data)
        clock.set(0)
        back = daemon.until_camera(lambda one: one["gaps"] == 2)
        daemon.until_camera(lambda one: one["segments"] >= back["segments"] + 1)
        daemon.stop()
        assert [gap.cause for gap in breaks(ahead)] == ["started"]
        steps = [two.opening.start.utc_ns - one.closing.end.utc_ns for one, two in pairwise(ahead)]
        assert sum(abs(step - 60 * NS_PER_S) < NS_PER_S for step in steps) == 1
        # A line never goes back: another one begins, and what lies between the two is stated.
        found = records(daemon.data)
        assert [gap.cause for gap in breaks(found)] == ["started", "clock"]
        check_sessions(daemon.data, found, film, every=GOP)
