"""Processes of the daemon are killed, or hang, in the middle of a segment and of a stay."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from streams.recorder.boxes import CLOSING, walk
from streams.recorder.interface import CloseReason
from tests.chaos import processes
from tests.chaos.conftest import GOP
from tests.chaos.daemon import Daemon, Status, recording
from tests.chaos.evidence import breaks, gaps, records, sessions
from tests.chaos.packets import check_sessions
from tests.chaos.site import camera
from tests.rtsp.server import RtspServer, requires_gstreamer

pytestmark = requires_gstreamer


def test_a_cameras_process_killed_in_mid_segment(tmp_path: Path, film: Path, real_model: str) -> None:
    cameras = ("gate-1", "gate-2")
    with (
        RtspServer({f"/{name}": film for name in cameras}) as server,
        Daemon(
            tmp_path,
            [camera(name, server.url(f"/{name}")) for name in cameras],
            real_model,
            expected=["camera_process_died"],
        ) as daemon,
    ):
        for name in cameras:
            daemon.until_camera(recording, name)
        before = _held_in_mid_segment(daemon, "gate-1")
        daemon.kill_camera("gate-1")
        assert "signal 9" in daemon.wait_for_log("camera_process_died", camera="gate-1")["why"]
        after = daemon.until_camera(lambda one: recording(one) and one["gaps"] == 2)
        assert after["pid"] != before["pid"] and after["packets"] >= before["packets"]
        assert after["fault"] is None
        daemon.stop()
        found = records(daemon.data, "gate-1")
        assert [gap.cause for gap in breaks(found)] == ["started", "crashed"]
        cut_off = next(iter(sessions(found).values()))[-1]
        assert cut_off.closing.reason is CloseReason.RECOVERED and cut_off.closing.packets >= GOP
        check_sessions(daemon.data, found, film, every=GOP)
        # The other camera has not noticed.
        other = records(daemon.data, "gate-2")
        assert len(sessions(other)) == 1
        check_sessions(daemon.data, other, film, every=GOP)


def test_a_cameras_process_that_hangs(tmp_path: Path, film: Path, real_model: str) -> None:
    with (
        RtspServer({"/cam": film}) as server,
        Daemon(
            tmp_path, [camera("gate-1", server.url("/cam"))], real_model, expected=["camera_process_died"]
        ) as daemon,
    ):
        before = daemon.until_camera(recording)["pid"]
        os.kill(before, signal.SIGSTOP)
        assert "said nothing" in daemon.wait_for_log("camera_process_died")["why"]
        after = daemon.until_camera(lambda one: recording(one) and one["gaps"] == 2)
        assert after["pid"] != before
        daemon.stop()
        found = records(daemon.data)
        assert [gap.cause for gap in breaks(found)] == ["started", "crashed"]
        check_sessions(daemon.data, found, film, every=GOP)


def test_a_hub_that_does_not_listen_for_a_while(tmp_path: Path, film: Path, real_model: str) -> None:
    with (
        RtspServer({"/cam": film}) as server,
        Daemon(tmp_path, [camera("gate-1", server.url("/cam"))], real_model) as daemon,
    ):
        daemon.until_camera(recording)
        count = len(list(daemon.data.rglob("*.mp4")))
        os.kill(daemon.pid, signal.SIGSTOP)
        try:
            daemon.wait(lambda: len(list(daemon.data.rglob("*.mp4"))) >= count + 3)
        finally:
            os.kill(daemon.pid, signal.SIGCONT)
        daemon.until_camera(lambda one: one["segments"] >= count + 4)
        assert daemon.camera()["reconnects"] == 0
        daemon.stop()
        found = records(daemon.data)
        assert [gap.cause for gap in breaks(found)] == ["started"]
        assert len(check_sessions(daemon.data, found, film, every=GOP)) == 1


@pytest.mark.parametrize("everything", [True, False], ids=["all processes", "the main process"])
def test_the_daemon_killed_and_started_again(tmp_path: Path, street: Path, real_model: str, everything: bool) -> None:
    with (
        RtspServer({"/cam": street}) as server,
        Daemon(tmp_path, [camera("gate-1", server.url("/cam"))], real_model, dwell="30s") as daemon,
    ):
        daemon.until_camera(lambda one: one["standing"] >= 1 and one["segments"] >= 1)
        # A crash may cost the last sample, and with it a stay that this very sample opened.
        looks = daemon.camera()["looks"]
        daemon.until_camera(lambda one: one["looks"] >= looks + 2)
        assert daemon.findings() == [], "the test is none: it was not quick enough"
        if everything:
            _held_in_mid_segment(daemon, "gate-1")
        daemon.kill(everything=everything)
        assert bool(list(daemon.data.rglob("*.partial"))) is everything, "who is orphaned closes what is open"
        daemon.start()
        # The stay goes on where it was.
        daemon.until_camera(lambda one: one["standing"] >= 1 and one["violations"] >= 1)
        daemon.stop()
        found = records(daemon.data)
        assert [gap.cause for gap in breaks(found)] == ["started", "crashed"]
        reasons = [segments[-1].closing.reason for segments in sessions(found).values()]
        assert reasons[0] is (CloseReason.RECOVERED if everything else CloseReason.FAULT)
        check_sessions(daemon.data, found, street)
        # The camera was seen standing before the daemon died, and the finding says so.
        gap = gaps(daemon.data)[1]
        (finding,) = daemon.findings()
        assert gap.start_ns is not None and finding["arrived_ns"] < gap.start_ns


def _held_in_mid_segment(daemon: Daemon, name: str) -> Status:
    """Stop a camera's process where some, but not all, of a segment is on disk. Returns the camera as it was before."""
    before = daemon.camera(name)

    def is_held() -> bool:
        os.kill(before["pid"], signal.SIGSTOP)
        daemon.wait(lambda: processes.is_stopped(before["pid"]))
        if any(_is_open(one) for one in (daemon.data / "recordings" / name).rglob("*.partial")):
            return True
        os.kill(before["pid"], signal.SIGCONT)
        return False

    daemon.wait(is_held)
    return before


def _is_open(partial: Path) -> bool:
    """A group of pictures is in it, and no end."""
    with partial.open("rb") as file:
        found = list(walk(file, partial.stat().st_size))
    return any(one.kind == b"mdat" for one in found) and all(one.extended != CLOSING for one in found)
