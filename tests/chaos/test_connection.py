"""The connection to a camera breaks, in each of the ways in which connections do, and comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.conftest import GOP
from tests.chaos.daemon import Daemon, faulty, recording
from tests.chaos.evidence import breaks, records
from tests.chaos.packets import check_sessions
from tests.chaos.site import camera
from tests.rtsp.server import RtspServer, requires_gstreamer

pytestmark = [requires_gstreamer, pytest.mark.timeout(120)]


def test_server_killed_and_back(tmp_path: Path, film: Path, real_model: str) -> None:
    with (
        RtspServer({"/cam": film}) as server,
        Daemon(tmp_path, [camera("gate-1", server.url("/cam"))], real_model) as daemon,
    ):
        daemon.until_camera(recording)
        server.kill()
        daemon.until_camera(faulty("refused"))
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
