"""What operators do while it runs: passwords, site files with mistakes, cameras that change, come and go."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

from tests.chaos.conftest import GOP
from tests.chaos.daemon import Daemon, faulty, recording
from tests.chaos.evidence import breaks, gaps, records, sessions
from tests.chaos.packets import check_sessions
from tests.chaos.site import camera, site, write
from tests.rtsp.proxy import Proxy
from tests.rtsp.server import RtspServer, requires_gstreamer

pytestmark = requires_gstreamer

USER, WRONG, RIGHT = "监控 user", "wr0ng:Geheim@7", "r1ght/Geheim#8"


def test_a_wrong_password_and_then_the_right_one(tmp_path: Path, film: Path, real_model: str) -> None:
    password = tmp_path / "password of gate-1"
    _write_secret(password, WRONG)
    with (
        RtspServer({"/cam": film}, user=USER, password=RIGHT) as server,
        Proxy(server.port) as proxy,
        Daemon(
            tmp_path,
            [
                camera(
                    "gate-1",
                    f"rtsp://127.0.0.1:{proxy.port}/cam",
                    username=USER,
                    password_file=str(password),
                    retry_max="60s",
                )
            ],
            real_model,
            secrets=[WRONG, RIGHT],
        ) as daemon,
    ):
        refused = daemon.until_camera(faulty("unauthorized"))
        assert "password" in refused["fault_detail"]["en"]
        before, began = proxy.connections, time.monotonic()
        _write_secret(password, RIGHT)
        # The file alone changes nothing, and the camera is not hammered meanwhile: many lock a user out.
        daemon.until(lambda status: time.monotonic() - began > 8)
        assert proxy.connections - before <= 4
        assert daemon.camera()["fault"] == "unauthorized"
        daemon.reload()
        daemon.until_camera(lambda one: recording(one) and one["fault"] is None)
        daemon.stop()
        found = records(daemon.data)
        assert [gap.cause for gap in breaks(found)] == ["started"]
        check_sessions(daemon.data, found, film, every=GOP)


def test_changed_site_files(tmp_path: Path, film: Path, real_model: str) -> None:
    names = ("gate-1", "gate-2", "gate-3")
    with RtspServer({f"/{name}": film for name in names}) as server:
        one, two, three = (camera(name, server.url(f"/{name}")) for name in names)
        with Daemon(tmp_path, [one, two], real_model, expected=["config_refused"]) as daemon:
            for name in ("gate-1", "gate-2"):
                daemon.until_camera(recording, name)
            in_force = daemon.status()["config_sha256"]
            broken = site([one, two], port=1, model=real_model)
            broken["cameras"][1]["policy"] = "none-such"
            write(daemon.site_file, broken)
            refused = daemon.until(lambda status: status["config_error"])
            assert "none-such" in refused["config_error"] and refused["config_sha256"] == in_force
            assert any("not in force" in problem["en"] for problem in refused["problems"])
            assert daemon.metrics()["config_ok"] == 0
            # Now one camera is changed, and another comes: the first has nothing to do with it.
            pids = {one["id"]: one["pid"] for one in refused["cameras"]}
            two["stream"]["stall_timeout"] = "21s"
            daemon.write_site([one, two, three])
            daemon.until_camera(lambda one: one["pid"] != pids["gate-2"] and one["gaps"] == 2, "gate-2")
            daemon.until_camera(recording, "gate-3")
            assert daemon.status()["config_error"] is None and daemon.metrics()["config_ok"] == 1
            assert daemon.camera("gate-1")["pid"] == pids["gate-1"]
            # And one goes.
            daemon.write_site([one, three])
            daemon.reload()
            daemon.until(lambda status: {one["id"] for one in status["cameras"]} == {"gate-1", "gate-3"})
            assert gaps(daemon.data, "gate-2")[-1].cause == "reload"
            daemon.stop()
            found = {name: records(daemon.data, name) for name in names}
            assert [len(sessions(found[name])) for name in names] == [1, 2, 1]
            assert [gap.cause for gap in breaks(found["gate-2"])] == ["started", "reload"]
            for name in names:
                check_sessions(daemon.data, found[name], film, every=GOP)
            numbers = [segment.opening.sequence for segment in found["gate-1"]]
            assert numbers == list(itertools.islice(itertools.count(1), len(numbers)))


def _write_secret(path: Path, value: str) -> None:
    path.write_text(value + "\n", encoding="utf-8")
    path.chmod(0o600)
