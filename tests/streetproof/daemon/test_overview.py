"""What a person should see to: one sentence each, and none where all is well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence_export.words import Said
from models.errors import InferenceError
from streams.instant import NS_PER_S
from streams.live.hostclock import REFERENCE_VALID_NS, ReferenceLine
from streetproof.daemon.overview import Overview, Room, overview
from streetproof.daemon.reference_time import ReferenceUnknown
from streetproof.daemon.retention import Concern, ConcernKind
from streetproof.daemon.snapshot import CameraState, DaemonSnapshot
from streetproof.store.findings import FindingState
from tests.streetproof.daemon import sites
from tests.streetproof.daemon.hubs import Centre, connected, report
from tests.streetproof.daemon.sites import parked
from tests.vision.byhand import T0


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    made = Centre(tmp_path, sites.load(tmp_path / "site.yaml"))
    yield made
    made.store.close()


def of(centre: Centre, known: Overview | None = None) -> DaemonSnapshot:
    return overview(centre.hub, centre.fleet, centre.host, known or Overview(Room(100, 40)), 0)  # type: ignore[arg-type]


def measured(centre: Centre, offset_ns: int) -> None:
    """The reference says that this machine is so far ahead."""
    centre.host.note_reference(ReferenceLine(centre.host.line_ns - offset_ns, 1_000_000, centre.mono_ns()))


def test_where_all_is_well_there_is_nothing_to_see_to(centre: Centre) -> None:
    measured(centre, 2_000_000)
    snapshot = of(centre)
    assert snapshot.problems == ()
    assert snapshot.ready
    assert snapshot.server_offset_s == 0.002
    assert (snapshot.disk_total_bytes, snapshot.disk_free_bytes) == (100, 40)
    assert [camera.id for camera in snapshot.cameras] == ["gate-1", "gate-2"]
    assert DaemonSnapshot.from_json(snapshot.to_json()) == snapshot


def test_each_camera_is_shown_as_it_is(centre: Centre) -> None:
    centre.say(connected())
    centre.say(report(100))
    centre.play(parked(6, 999), 0, 20)
    first, second = of(centre).cameras
    assert (first.state, first.packets, first.looks, first.standing) == (CameraState.RECORDING, 100, 11, 1)
    assert (first.level, first.pid, first.violations) == ("sampled", 4711, 0)
    assert (second.state, second.looks, second.standing) == (CameraState.CONNECTING, 0, 0)
    centre.play(parked(6, 999), 22, 80)
    assert of(centre).cameras[0].violations == 1


def test_a_model_that_failed(centre: Centre) -> None:
    centre.hub.broken = InferenceError("numbers that are none", where="yolo")
    snapshot = of(centre)
    assert not snapshot.ready
    assert "The model failed" in snapshot.problems[0].en
    assert "numbers that are none" in snapshot.problems[0].en


def test_a_database_that_does_not_answer(centre: Centre) -> None:
    with sites.kept(centre.database):
        centre.play(parked(6, 999), 0, 10)
        snapshot = of(centre)
        assert not snapshot.ready
        assert "The database does not answer" in snapshot.problems[0].en
        assert "recording goes on" in snapshot.problems[0].en
    centre.second += 3
    centre.hub.keep()
    assert of(centre).ready


def test_a_process_that_is_not_there_yet(centre: Centre) -> None:
    centre.fleet.all_alive = False
    assert not of(centre).ready


def test_what_other_parts_have_found(centre: Centre) -> None:
    known = Overview(
        Room(100, 1),
        config_error="site.yaml:3: a mistake",
        house_error=Said("录像无法删除", "Footage cannot be deleted"),
        index_problem=Said("录像索引无法写入", "The index of recordings cannot be written"),
        concerns=(Concern(ConcernKind.LOW, Said("磁盘空间不足", "Only 1 GiB is free")),),
        findings={FindingState.FAILED: 2, FindingState.WAITING: 3, FindingState.SEALING: 1},
        notices=4,
    )
    snapshot = of(centre, known)
    told = "\n".join(f"{problem.zh}\n{problem.en}" for problem in snapshot.problems)
    for words in (
        "not in force: site.yaml:3: a mistake",
        "Footage cannot be deleted",
        "The index of recordings cannot be written",
        "Only 1 GiB is free",
        "2 findings could not be sealed",
        "新的站点配置有误，未生效，系统按原配置继续运行；请更正后重新保存。详情：site.yaml:3: a mistake",
        "录像无法删除",
        "录像索引无法写入",
        "磁盘空间不足",
        "有 2 条线索封存失败",
    ):
        assert told.count(words) == 1
    assert len(snapshot.problems) == 5
    assert (snapshot.sealing_waiting, snapshot.sealing_failed, snapshot.notices_waiting) == (4, 2, 4)
    assert snapshot.config_error == "site.yaml:3: a mistake"


def test_a_clock_that_is_off_and_one_that_nobody_knows_of(centre: Centre) -> None:
    measured(centre, 1_500_000_000)
    (problem,) = of(centre).problems
    assert "+1.500 s off" in problem.en and "+1.500 秒" in problem.zh
    unknown = Overview(
        Room(1, 1), measured=ReferenceUnknown(Said("chrony 未运行", "chrony does not run"), Said("请启动", "Start it"))
    )
    (problem,) = of(centre, unknown).problems
    assert "off" in problem.en, "what was measured an hour ago still holds"
    centre.second += REFERENCE_VALID_NS / NS_PER_S + 1
    (problem,) = of(centre, unknown).problems
    assert "Nobody knows" in problem.en and "偏差未知" in problem.zh
    assert "chrony does not run" in problem.en and "Start it" in problem.en
    assert "chrony 未运行。请启动" in problem.zh
    assert of(centre).server_offset_s is None


def test_a_clock_that_was_set(centre: Centre) -> None:
    measured(centre, 0)
    centre.stepped_ns = -3 * NS_PER_S
    assert centre.host.check() is not None
    (problem,) = of(centre).problems
    assert "-3.000 s" in problem.en and "-3.000 秒" in problem.zh
    assert of(centre).server_offset_s == 0, "times on the line are as right as before"
    assert of(centre).started_ns == T0
