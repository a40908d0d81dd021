"""The server of the database goes and comes back: recording goes on, what cannot be written is said and not lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evidence_export.ledger.entry import Kind, read_entry
from streetproof.databases.opening import ledger_of
from tests.chaos.daemon import Daemon, Status, recording
from tests.chaos.evidence import breaks, check_ledger, gaps, records
from tests.chaos.packets import check_sessions
from tests.chaos.site import camera
from tests.postgres import PASSWORD, Cluster, cluster, requires_postgres
from tests.rtsp.server import RtspServer, requires_gstreamer

pytestmark = [requires_gstreamer, requires_postgres]

VARIABLE = "STREETPROOF_DATABASE_PASSWORD"
_AWAY_S = 20.0
_REFUSED = ["database_refused", "housekeeping_failed", "ledger_behind"]


@pytest.fixture
def own() -> Iterator[Cluster]:
    """A server that may be stopped."""
    with cluster() as running:
        yield running


@pytest.fixture
def database(own: Cluster, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the site file says of it."""
    monkeypatch.setenv(VARIABLE, PASSWORD)
    return {"url": own.guarded(), "username": "streetproof", "password_env": VARIABLE}


def test_a_server_that_stops_and_comes_back(
    tmp_path: Path, street: Path, real_model: str, own: Cluster, database: dict[str, Any]
) -> None:
    with (
        RtspServer({"/cam": street}) as server,
        Daemon(
            tmp_path,
            [camera("gate-1", server.url("/cam"))],
            real_model,
            dwell="30s",
            database=database,
            secrets=[PASSWORD],
            expected=_REFUSED,
        ) as daemon,
    ):
        # Gone long before there is a violation to be written down.
        daemon.until_camera(lambda one: one["standing"] >= 1)
        own.stop()
        gone = time.monotonic()
        refused = daemon.until(lambda status: not status["ready"])
        assert any("PostgreSQL does not answer" in problem["en"] for problem in refused["problems"])
        assert any("数据库" in problem["zh"] for problem in refused["problems"])
        files = len(list(daemon.data.rglob("*.mp4")))
        daemon.until_camera(lambda one: one["violations"] == 1 and time.monotonic() - gone > _AWAY_S)
        assert len(list(daemon.data.rglob("*.mp4"))) >= files + 4, "recording must not wait for the database"
        own.start()
        daemon.until(lambda status: status["ready"])
        daemon.until(lambda status: status["cases"] == 1, within_s=180)
        daemon.stop()
        assert [finding["state"] for finding in daemon.findings()] == ["sealed"]
        found = records(daemon.data)
        assert [gap.cause for gap in breaks(found)] == ["started"]
        check_sessions(daemon.data, found, street)
        check_ledger(daemon.data, found)


def test_a_server_that_stands_still_with_its_connections_open(
    tmp_path: Path, street: Path, real_model: str, own: Cluster, database: dict[str, Any]
) -> None:
    """It never says that it is away: only that it does not answer tells."""
    with (
        RtspServer({"/cam": street}) as server,
        Daemon(
            tmp_path,
            [camera("gate-1", server.url("/cam"))],
            real_model,
            dwell="20s",
            database=database,
            expected=_REFUSED,
        ) as daemon,
    ):
        daemon.until_camera(lambda one: one["standing"] >= 1)
        own.freeze()
        try:
            files = len(list(daemon.data.rglob("*.mp4")))
            refused = daemon.until(lambda status: not status["ready"], within_s=120)
            assert any("PostgreSQL does not answer" in problem["en"] for problem in refused["problems"])
            daemon.until_camera(lambda one: one["violations"] == 1)
            assert len(list(daemon.data.rglob("*.mp4"))) >= files + 4, "recording must not wait for the database"
        finally:
            own.thaw()
        daemon.until(lambda status: status["ready"], within_s=120)
        daemon.until(lambda status: status["cases"] == 1, within_s=180)
        daemon.stop()
        assert [finding["state"] for finding in daemon.findings()] == ["sealed"]
        found = records(daemon.data)
        assert [gap.cause for gap in breaks(found)] == ["started"]
        check_sessions(daemon.data, found, street)
        check_ledger(daemon.data, found)


def test_what_happens_while_the_server_is_away_is_in_the_ledger_afterwards(
    tmp_path: Path, film: Path, real_model: str, own: Cluster, database: dict[str, Any]
) -> None:
    """A camera's process dies, a site file is taken over, a camera is added: none of that waits, and all is entered."""
    with (
        RtspServer({"/cam": film, "/two": film}) as server,
        Daemon(
            tmp_path,
            [camera("gate-1", server.url("/cam"))],
            real_model,
            database=database,
            expected=[*_REFUSED, "camera_process_died"],
        ) as daemon,
    ):
        before = daemon.until_camera(recording)
        own.stop()
        daemon.until(lambda status: not status["ready"])
        daemon.kill_camera("gate-1")
        daemon.until_camera(lambda one: one["pid"] not in (None, before["pid"]) and recording(one))
        daemon.write_site([camera("gate-1", server.url("/cam")), camera("gate-2", server.url("/two"))])
        taken = daemon.wait_for_log("config_taken_over", added=["gate-2"])
        daemon.until_camera(recording, "gate-2")
        own.start()
        daemon.until(lambda status: status["ready"])
        daemon.stop()
        found = records(daemon.data)
        assert [gap.cause for gap in breaks(found)] == ["started", "crashed"]
        assert gaps(daemon.data)[-1].cause == "stopped"
        check_ledger(daemon.data, [*found, *records(daemon.data, "gate-2")])
        with ledger_of(daemon.data) as ledger:
            entries = [read_entry(row.entry).happening for row in ledger.rows()]
        used = [one.data["sha256"] for one in entries if one.kind is Kind.CONFIGURATION_USED]
        assert used[-1] == taken["config"] and len(used) == 2


def _records_without_database(status: Status) -> bool:
    """Whether it waits for its database, and something of its camera is on disk meanwhile."""
    waits = any("is waited for" in problem["en"] for problem in status["problems"])
    return waits and not status["ready"] and all(recording(one) for one in status["cameras"])


def _files(daemon: Daemon) -> list[Path]:
    """The segments that are there."""
    return list(daemon.data.rglob("*.mp4"))


def test_a_start_before_the_server_is_up_waits_for_it_and_records_meanwhile(
    tmp_path: Path, film: Path, real_model: str, own: Cluster, database: dict[str, Any]
) -> None:
    """While it waits it is told to stop; started again, a camera's process is killed, and then all of it."""
    with (
        RtspServer({"/cam": film}) as server,
        Daemon(
            tmp_path,
            [camera("gate-1", server.url("/cam"))],
            real_model,
            database=database,
            secrets=[PASSWORD],
            expected=["database_awaited", "camera_process_died"],
        ) as daemon,
    ):
        daemon.until_camera(recording)
        daemon.stop()
        own.stop()
        known, starts = len(_files(daemon)), daemon.logs("started")
        daemon.start(_records_without_database)
        daemon.stop()
        daemon.start(_records_without_database)
        before = daemon.camera()
        daemon.kill_camera("gate-1")
        again = daemon.until_camera(lambda one: one["gaps"] > before["gaps"])
        daemon.until_camera(lambda one: one["segments"] > again["segments"])
        daemon.kill()
        daemon.start(_records_without_database)
        assert daemon.logs("started") == starts, "the test is none: the database has answered"
        assert any("数据库" in problem["zh"] for problem in daemon.status()["problems"])
        meanwhile = len(_files(daemon))
        assert meanwhile >= known + 3
        own.start()
        daemon.until(lambda status: status["ready"])
        daemon.until_camera(recording)
        daemon.stop()
        found = records(daemon.data)
        assert len(found) > meanwhile
        causes = ["started", "stopped", "stopped", "crashed", "crashed", "handover"]
        assert [gap.cause for gap in breaks(found)] == causes
        check_sessions(daemon.data, found, film)
        check_ledger(daemon.data, found)


def test_a_daemon_that_is_restarted_while_the_server_is_away_loses_no_violation(
    tmp_path: Path, street: Path, real_model: str, own: Cluster, database: dict[str, Any]
) -> None:
    with (
        RtspServer({"/cam": street}) as server,
        Daemon(
            tmp_path,
            [camera("gate-1", server.url("/cam"))],
            real_model,
            dwell="20s",
            database=database,
            expected=[*_REFUSED, "database_awaited", "not_noted"],
        ) as daemon,
    ):
        daemon.until_camera(lambda one: one["standing"] >= 1)
        own.stop()
        daemon.until_camera(lambda one: one["violations"] == 1)
        daemon.stop()
        assert (daemon.data / "unkept.json").exists()
        own.start()
        assert daemon.findings() == [], "the test is none: the database has taken it"
        daemon.start()
        assert daemon.wait_for_log("unkept_taken_back")["findings"] >= 1
        daemon.until(lambda status: status["cases"] == 1, within_s=180)
        daemon.until(lambda status: status["ready"])
        daemon.stop()
        assert not (daemon.data / "unkept.json").exists()
        assert [finding["state"] for finding in daemon.findings()] == ["sealed"]
        assert len(daemon.logs("violation")) == 1, "it was found once, and not again after the restart"
        found = records(daemon.data)
        assert [gap.cause for gap in breaks(found)] == ["started", "stopped"]
        check_ledger(daemon.data, found)
