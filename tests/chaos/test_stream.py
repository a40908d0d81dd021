"""The stream itself is not what it was, or not what one would wish: other pictures, no keyframes, another clock."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from streams.recorder.interface import CloseReason
from streams.timeline import to_ns
from tests.chaos.conftest import GOP
from tests.chaos.daemon import Daemon
from tests.chaos.evidence import breaks, records, sessions
from tests.chaos.interleaved import Interleaved
from tests.chaos.packets import check_sessions
from tests.chaos.site import camera
from tests.rtsp.media import change, clip, loop
from tests.rtsp.server import RtspServer, requires_gstreamer

pytestmark = requires_gstreamer

_RATE = 10
_SLOW_GOP = 80
"""Eight seconds without a keyframe."""
_TURN_S = 15


def test_another_picture_size_on_the_way(tmp_path: Path, clips: Path, real_model: str) -> None:
    turning = change(clips, seconds=_TURN_S, rate=_RATE)
    large = loop(clip(clips, seconds=60, rate=_RATE, gop=GOP, size=(640, 384)), 4)
    with (
        RtspServer({"/cam": turning}) as server,
        Daemon(tmp_path, [camera("gate-1", server.url("/cam"))], real_model) as daemon,
    ):
        # Well before the change: whoever connects after it finds the large one.
        daemon.wait_for_log("connected")
        server.add("/cam", large)  # who is connected keeps what it has
        daemon.until_camera(lambda one: one["stream"] == "h264 320x192 rtsp/tcp")
        daemon.until_camera(lambda one: one["stream"] == "h264 640x384 rtsp/tcp" and one["gaps"] == 2)
        daemon.stop()
        found = records(daemon.data)
        assert [gap.cause for gap in breaks(found)] == ["started", "changed"]
        assert {(one.opening.width, one.opening.height) for one in found} == {(320, 192), (640, 384)}
        small = [one for one in found if one.opening.width == 320]
        assert small[-1].closing.reason is CloseReason.CHANGED
        assert sum(one.closing.packets for one in small) == _TURN_S * _RATE, "what came before the change is all there"
        check_sessions(daemon.data, [one for one in found if one.opening.width == 640], large, every=GOP)


def test_keyframes_that_seldom_come(tmp_path: Path, clips: Path, real_model: str) -> None:
    slow = loop(clip(clips, seconds=96, rate=_RATE, gop=_SLOW_GOP), 4)
    with (
        RtspServer({"/cam": slow}) as server,
        Daemon(tmp_path, [camera("gate-1", server.url("/cam"), keyframe_timeout="3s")], real_model) as daemon,
    ):
        daemon.wait_for_log("camera_fault", fault="no_keyframe")
        first = daemon.camera()["pid"]
        # An operator gives it more time: now each group is recorded whole, though it is longer than a segment.
        daemon.write_site([camera("gate-1", server.url("/cam"), keyframe_timeout="60s")])
        patient = daemon.until_camera(
            lambda one: one["pid"] not in (None, first) and one["fault"] is None and one["state"] == "recording"
        )
        daemon.until_camera(lambda one: one["segments"] >= patient["segments"] + 2)
        daemon.stop()
        found = records(daemon.data)
        assert breaks(found)[1].cause == "no_keyframe"
        check_sessions(daemon.data, found, slow, every=_SLOW_GOP)
        last = list(sessions(found).values())[-1]
        assert [one.closing.packets for one in last[:-1]] == [_SLOW_GOP] * (len(last) - 1) and len(last) >= 2


def test_the_cameras_clock_is_set(tmp_path: Path, film: Path, real_model: str) -> None:
    with (
        RtspServer({"/cam": film}) as server,
        Interleaved(server.port) as proxy,
        Daemon(tmp_path, [camera("gate-1", proxy.url("/cam"))], real_model) as daemon,
    ):
        # What is known of it at first may hold the delay of a busy machine.
        right = daemon.until_camera(lambda one: one["offset_s"] is not None and abs(one["offset_s"]) < 1)
        assert "camera_clock_jumped" not in right["clock_flags"]
        for ahead_s in (5.0, 8 * 3600.0):
            proxy.set_clock(ahead_s)
            seen = daemon.until_camera(lambda one, ahead_s=ahead_s: abs((one["offset_s"] or 0) - ahead_s) < 1)  # type: ignore[misc]
            assert {"camera_clock_jumped", "camera_offset_over_1s"} <= set(seen["clock_flags"])
            assert daemon.metrics()["camera_clock_offset_seconds"] == pytest.approx(ahead_s, abs=1)
            before = seen["segments"]
            daemon.until_camera(lambda one, before=before: one["segments"] >= before + 2)  # type: ignore[misc]
        assert daemon.camera()["reconnects"] == 0
        daemon.stop()
        found = records(daemon.data)
        check_sessions(daemon.data, found, film, every=GOP)
        offsets = [one.opening.clock.camera_offset_ns for one in found]
        assert any(ns is not None and abs(ns - 5_000_000_000) < 1_000_000_000 for ns in offsets)
        flags = found[-1].opening.clock.flags
        assert {"camera_clock_jumped", "camera_offset_over_1s"} <= set(flags)
        assert not {"camera_clock_jumped", "camera_offset_over_1s"} & set(found[0].opening.clock.flags)
        # Nothing is bent by it: between two segments passes what the pictures say, and no more than 0.05 % beside it.
        for one, two in pairwise(found):
            media_ns = to_ns(two.opening.first_pts - one.opening.first_pts, one.opening.time_base)
            assert abs(two.opening.start.utc_ns - one.opening.start.utc_ns - media_ns) <= media_ns * 5 // 10_000 + 1000
