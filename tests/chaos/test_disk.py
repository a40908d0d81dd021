"""The disk is full, or the database is kept by somebody else: what can go on goes on, and what cannot is said."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from tests.chaos import processes
from tests.chaos.conftest import GOP
from tests.chaos.daemon import Daemon, faulty, recording
from tests.chaos.disk import SmallDisk
from tests.chaos.evidence import breaks, check_ledger, gaps, records
from tests.chaos.packets import check_sessions
from tests.chaos.site import camera
from tests.rtsp.server import RtspServer, requires_gstreamer

pytestmark = requires_gstreamer

_LOCKED_S = 20.0


def test_a_full_disk_and_room_again(tmp_path: Path, film: Path, real_model: str) -> None:
    running: list[Daemon] = []
    with (
        RtspServer({"/cam": film}) as server,
        SmallDisk(tmp_path, lambda: processes.of_session(running[0].pid)) as disk,
        Daemon(
            tmp_path,
            [camera("gate-1", server.url("/cam"))],
            real_model,
            data=disk.path / "data",
            expected=["database_refused", "housekeeping_failed", "ledger_behind"],
            min_free_gib=0.0001,
            warn_free_gib=0.0001,
        ) as daemon,
    ):
        running.append(daemon)
        daemon.until_camera(recording)
        disk.fill()
        full = daemon.until_camera(faulty("disk"))
        assert full["state"] == "waiting"
        assert daemon.metrics()["camera_up"] == 0
        # It goes on trying, and says so, for as long as it takes.
        packets = full["packets"]
        daemon.until_camera(lambda one: one["packets"] > packets + 8 * GOP)
        assert daemon.camera()["fault"] == "disk" and daemon.camera()["reconnects"] == 0
        disk.make_room()
        count = daemon.until_camera(lambda one: recording(one) and one["fault"] is None)["segments"]
        daemon.until_camera(lambda one: one["segments"] > count)
        daemon.until(lambda status: status["ready"])
        daemon.stop()
        found = records(daemon.data)
        assert [gap.cause for gap in breaks(found)] == ["started", "disk"]
        check_sessions(daemon.data, found, film, every=GOP)
        check_ledger(daemon.data, found)
        assert not list(daemon.data.rglob("*.damaged*"))


def test_a_database_that_is_locked(tmp_path: Path, street: Path, real_model: str) -> None:
    with (
        RtspServer({"/cam": street}) as server,
        Daemon(
            tmp_path,
            [camera("gate-1", server.url("/cam"))],
            real_model,
            dwell="30s",
            expected=["database_refused", "housekeeping_failed", "notices_failed", "ledger_behind"],
        ) as daemon,
    ):
        # Locked long before there is a violation to be written down.
        daemon.until_camera(lambda one: one["standing"] >= 1)
        locker = sqlite3.connect(daemon.data / "state.db", isolation_level=None, timeout=60)
        try:
            locker.execute("BEGIN EXCLUSIVE")
            locked = time.monotonic()
            refused = daemon.until(lambda status: not status["ready"])
            assert any("database" in problem["en"] for problem in refused["problems"])
            files = len(list(daemon.data.rglob("*.mp4")))
            daemon.until_camera(lambda one: one["violations"] == 1 and time.monotonic() - locked > _LOCKED_S)
            assert daemon.findings() == [], "the test is none: the database has taken it"
            assert len(list(daemon.data.rglob("*.mp4"))) >= files + 4, "recording must not wait for the database"
            fluent = daemon.until_camera(lambda one: (one["fps"] or 0) > 8)
            assert fluent["reconnects"] == 0
            assert daemon.findings() == []
        finally:
            locker.close()
        daemon.until(lambda status: status["ready"])
        daemon.until(lambda status: status["cases"] == 1, within_s=180)
        daemon.stop()
        assert [finding["state"] for finding in daemon.findings()] == ["sealed"]
        found = records(daemon.data)
        assert [gap.cause for gap in breaks(found)] == ["started"]
        check_sessions(daemon.data, found, street)
        check_ledger(daemon.data, found)


def test_a_process_that_dies_while_the_database_is_locked(tmp_path: Path, film: Path, real_model: str) -> None:
    with (
        RtspServer({"/cam": film}) as server,
        Daemon(
            tmp_path,
            [camera("gate-1", server.url("/cam"))],
            real_model,
            expected=["database_refused", "housekeeping_failed", "camera_process_died", "ledger_behind"],
        ) as daemon,
    ):
        before = daemon.until_camera(recording)
        locker = sqlite3.connect(daemon.data / "state.db", isolation_level=None, timeout=60)
        try:
            locker.execute("BEGIN EXCLUSIVE")
            daemon.kill_camera("gate-1")
            # What the database cannot tell is known otherwise: nobody waits for it.
            daemon.until_camera(lambda one: one["pid"] not in (None, before["pid"]) and recording(one))
            daemon.until(lambda status: not status["ready"])
        finally:
            locker.close()
        daemon.until(lambda status: status["ready"])
        daemon.stop()
        found = records(daemon.data)
        assert [gap.cause for gap in breaks(found)] == ["started", "crashed"]
        assert gaps(daemon.data)[-1].cause == "stopped"
        check_sessions(daemon.data, found, film, every=GOP)
        check_ledger(daemon.data, found)
