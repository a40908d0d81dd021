"""Cameras under watch: what a process is told when it starts, and that a new site touches only what it changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.instant import NS_PER_S
from streams.recorder.interface import CloseReason
from streams.recorder.recorder import Recorder
from streams.recorder.recovery import partials
from streetproof.daemon.desk import Desk
from streetproof.daemon.messages import LookBack, ServerClock
from streetproof.daemon.specs import check_cameras
from streetproof.daemon.stations import rules_sha256
from streetproof.errors import StreetproofError
from streetproof.settings.load import LoadedSite
from tests.streams.media import make
from tests.streams.recorder import feeding
from tests.streams.recorder.feeding import record
from tests.streetproof.daemon import footage, sites
from tests.streetproof.daemon.hubs import Centre, report
from tests.streetproof.daemon.sites import parked
from tests.vision.byhand import T0, at

S = NS_PER_S


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedSite:
    return sites.load(tmp_path / "site.yaml")


@pytest.fixture
def centre(tmp_path: Path, loaded: LoadedSite) -> Iterator[Centre]:
    folder = tmp_path / "数据 一"
    folder.mkdir()
    made = Centre(folder, loaded)
    yield made
    made.store.close()


def desk(centre: Centre, camera: str = "gate-1") -> Desk:
    return centre.hub.stations[camera].desk


def findings(centre: Centre) -> int:
    return sum(centre.store.findings.counts().values())


# -- a new site ---------------------------------------------------------------------------------------------------


def test_a_change_at_one_camera_leaves_the_other_and_its_stays_alone(centre: Centre, tmp_path: Path) -> None:
    for camera in ("gate-1", "gate-2"):
        centre.play(parked(6, 999), 0, 40, camera)
    other = desk(centre, "gate-2")
    content = sites.site()
    content["cameras"][0] = sites.camera("gate-1", name="改名 1号", look={"skip_unchanged": False})
    content["cameras"][0]["zones"][0]["polygon"][0] = [0.7, 0.2]
    centre.fleet.did.clear()
    centre.reload(sites.load(tmp_path / "site.yaml", content))
    assert centre.fleet.did == [("restart", "gate-1")]
    assert desk(centre, "gate-2") is other
    assert len(other.standing()) == 1
    assert desk(centre).standing() == (), "it is timed anew under the new zone"
    assert centre.tally().name == "改名 1号"
    centre.play(parked(6, 999), 42, 70, "gate-2")
    assert findings(centre) == 1
    assert desk(centre, "gate-2").violations == 1


def test_a_new_stream_keeps_stays_and_counters(centre: Centre, tmp_path: Path) -> None:
    centre.play(parked(6, 999), 0, 40)
    centre.say(report(100))
    (asked,) = centre.sent(LookBack)
    before = desk(centre)
    content = sites.site()
    content["cameras"][0]["stream"]["main"] = "rtsp://10.0.0.9/other"
    centre.reload(sites.load(tmp_path / "site.yaml", content))
    assert desk(centre) is before
    assert before._backs == {}, f"{asked.token} will not be answered"
    assert centre.tally().address == "rtsp://10.0.0.9/other"
    assert centre.fleet.specs["gate-1"]().main.label == "rtsp://10.0.0.9/other"
    centre.say(report(10))
    assert (
        centre.tally()
        .snapshot(0, pid=None, level="", looks=0, inferred=0, shed=0, queue=0, standing=0, violations=0)
        .packets
        == 110
    )
    centre.play(parked(6, 999), 42, 70)
    assert findings(centre) == 1


def test_cameras_come_and_go(centre: Centre, tmp_path: Path) -> None:
    centre.play(parked(6, 999), 0, 70)
    centre.fleet.did.clear()
    centre.reload(sites.load(tmp_path / "site.yaml", sites.site("gate-2", "gate-3")))
    assert centre.fleet.did == [("remove", "gate-1"), ("add", "gate-3")]
    assert list(centre.hub.stations) == ["gate-2", "gate-3"]
    (finding,) = centre.store.findings.due(at(10_000).utc_ns, 9)
    assert finding.stay.departed == (at(70), None)
    centre.reload(sites.load(tmp_path / "site.yaml"))
    assert desk(centre).standing() == (), "what stood there was ended when it left"
    centre.play(parked(6, 999), 72, 120)
    assert findings(centre) == 1
    assert desk(centre).standing()[0].arrived == (None, at(72))


def test_a_camera_that_goes_leaves_nothing_half_written_though_its_process_had_to_be_killed(
    centre: Centre, tmp_path: Path
) -> None:
    source = tmp_path / "源 1.mp4"
    make(source, frames=100, fps=25, gop=25)
    recordings = centre.folder / "recordings"
    with feeding.camera(source) as (info, template, packets):
        recorder = Recorder(recordings, "hangzhou", "gate-1", segment_ns=60 * S)
        recorder.begin(info, template, "s1", anchor=feeding.anchor_on(info.time_base), clock=lambda: feeding.CLOCK)
        for packet in packets:
            recorder.add(packet)
    (partial,) = partials(recordings, camera="gate-1")
    left = partial.read_bytes()
    partial.unlink()  # a copy stands for the file that a killed process leaves: nobody holds it any more
    partial.write_bytes(left)
    centre.reload(sites.load(tmp_path / "site.yaml", sites.site("gate-2")))
    assert list(partials(recordings, camera="gate-1")) == []
    last = centre.store.segments.last("gate-1")
    assert last is not None and last.closing.reason is CloseReason.RECOVERED


def test_stays_go_on_after_a_restart_under_the_same_rules_only(
    centre: Centre, loaded: LoadedSite, tmp_path: Path
) -> None:
    centre.play(parked(6, 999), 0, 40)
    centre.start(loaded)
    assert len(desk(centre).standing()) == 1
    content = sites.site()
    content["policies"][0]["rules"][0]["dwell"] = "90s"
    centre.start(sites.load(tmp_path / "site.yaml", content))
    assert desk(centre).standing() == ()


def test_a_damaged_state_costs_the_stays_and_not_the_start(centre: Centre, loaded: LoadedSite) -> None:
    centre.play(parked(6, 999), 0, 40)
    saved = centre.store.states.states()["gate-1"]
    centre.store.states.save_states({"gate-1": type(saved)(saved.rules_sha256, '{"format": 1}', saved.at_ns)})
    centre.start(loaded)
    assert desk(centre).standing() == ()


def test_the_hash_of_rules_follows_rules_zones_and_time_zone_and_nothing_else(tmp_path: Path) -> None:
    def digest(content: dict, timezone: str = "Asia/Shanghai") -> str:
        site = sites.load(tmp_path / "x.yaml", content).site
        return rules_sha256(site.rules_of(site.cameras[0]), timezone)

    base = sites.site()
    same = sites.site(evidence={"post_roll": "3s"})
    same["cameras"][0]["name"] = "改名"
    assert digest(base) == digest(same)
    moved = sites.site()
    moved["cameras"][0]["zones"][0]["polygon"][0] = [0.7, 0.2]
    assert len({digest(base), digest(moved), digest(base, "Asia/Urumqi")}) == 3


# -- what a process is told ---------------------------------------------------------------------------------------


def test_the_first_process_of_a_camera_follows_on_nothing(centre: Centre) -> None:
    spec = centre.fleet.specs["gate-1"]()
    assert (spec.camera, spec.site, spec.previous, spec.gap, spec.view) == ("gate-1", "site-1", None, None, None)
    assert spec.main.label == "rtsp://127.0.0.1:1/gate-1"
    assert spec.sub is None
    assert (spec.segment_ns, spec.line_ns) == (10 * S, T0)


def test_a_process_follows_on_what_the_last_one_recorded_and_states_the_gap(centre: Centre, tmp_path: Path) -> None:
    source = tmp_path / "源 1.mp4"
    make(source, frames=100, fps=25, gop=25)
    records, _ = record(source, centre.folder / "recordings", name="gate-1")
    for one in records:
        centre.index.add_segment(one)
    spec = centre.fleet.specs["gate-1"]()
    assert spec.previous == records[-1].link
    assert spec.gap is not None
    assert (spec.gap.start, spec.gap.end, spec.gap.cause) == (records[-1].closing.end, None, "crashed")
    again = centre.fleet.specs["gate-1"]()
    assert again.gap == spec.gap, "it is one gap however often a process starts in vain"
    assert centre.fleet.specs["gate-2"]().gap is None


def test_a_gap_that_is_known_is_told_with_its_own_cause(centre: Centre) -> None:
    segment = footage.segment("gate-1", 1, reason=CloseReason.FAULT)
    centre.index.add_segment(segment)
    gap = footage.GapStatement("gate-1", segment.closing.end, None, "stalled", "no picture came")
    centre.index.add_gap(gap)
    assert centre.fleet.specs["gate-1"]().gap == gap


def test_passwords_are_read_when_a_process_starts_and_shown_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = sites.site("gate-1")
    content["cameras"][0]["stream"] |= {"username": "viewer", "password_env": "GATE_1"}
    loaded = sites.load(tmp_path / "site.yaml", content)
    with pytest.raises(StreetproofError, match="GATE_1"):
        check_cameras(loaded)
    monkeypatch.setenv("GATE_1", "geheim-秘密")
    check_cameras(loaded)
    made = Centre(tmp_path, loaded)
    try:
        spec = made.fleet.specs["gate-1"]()
        assert spec.main.password == "geheim-秘密"
        assert "geheim" not in repr(spec) + str(made.hub.stations["gate-1"].tally)
    finally:
        made.store.close()


def test_a_line_of_time_that_moved_is_told_to_all(centre: Centre) -> None:
    centre.stations.tell_line()
    assert [camera for camera, _ in centre.fleet.sent] == ["gate-1", "gate-2"]
    assert centre.sent(ServerClock)[0].line_ns == T0
