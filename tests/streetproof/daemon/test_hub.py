"""Where everything comes together: nothing is lost while the database is away, and what is said is true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evidence_export.words import Said
from models.errors import InferenceError
from streams.instant import NS_PER_S
from streams.interface import DecodeLevel
from streams.live.interface import FaultKind
from streams.recorder.interface import GapStatement
from streetproof.daemon import announce, hub, inference, undone
from streetproof.daemon.fleet import Died
from streetproof.daemon.inference import Broken, Seen, SeenBack
from streetproof.daemon.messages import (
    Connecting,
    Faulted,
    Fit,
    Gapped,
    Look,
    LookBack,
    LookedBack,
    Segmented,
    SizeAsked,
    StreamRole,
    Viewed,
    Watch,
)
from streetproof.daemon.notices.interface import Notice, NoticeKind
from streetproof.daemon.snapshot import CameraState
from streetproof.daemon.words import FAULTS_ZH, VIEWS
from streetproof.settings.load import LoadedSite
from streetproof.store.database import StoreError
from streetproof.store.findings import FindingState
from tests.streetproof.daemon import sites
from tests.streetproof.daemon.hubs import SIZE, Centre, connected, report
from tests.streetproof.daemon.sites import parked, segments
from tests.vision.byhand import at, detections
from vision.codec_lookback import pinned_of
from vision.integrity.interface import ViewChange, ViewEvent, ViewFault

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


def findings(centre: Centre) -> int:
    return sum(centre.store.findings.counts().values())


def faulted(kind: FaultKind = FaultKind.ENDED, role: StreamRole = StreamRole.MAIN) -> Faulted:
    return Faulted(role, kind, f"it is {kind.value}", "Look at it", S)


# -- the database is away -----------------------------------------------------------------------------------------


def test_what_happens_while_the_database_is_away_is_written_when_it_is_back(centre: Centre) -> None:
    centre.play(parked(6, 999), 0, 60)
    before = centre.store.states.states()["gate-1"]
    with sites.kept(centre.database):
        centre.play(parked(6, 70), 62, 120)
        assert centre.hub.store_error is not None
        assert "locked" in centre.hub.store_error
        assert centre.hub.stations["gate-1"].desk.standing() == (), "it goes on with what it knows"
        assert centre.store.states.states()["gate-1"] == before
    assert findings(centre) == 0
    centre.second += 3
    centre.hub.keep()
    assert centre.hub.store_error is None
    (finding,) = centre.store.findings.due(at(10_000).utc_ns, 10)
    assert finding.stay.departed == (at(70), at(72)), "the end came after the finding, and was written after it"
    assert centre.store.states.states()["gate-1"].at_ns == at(120).utc_ns


def test_a_database_that_is_away_is_not_asked_again_at_once(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(states: object) -> None:
        asked.append(centre.second)
        raise StoreError("no")

    monkeypatch.setattr(centre.store.states, "save_states", refuse)
    centre.play(parked(6, 999), 0, 0)
    for tenth in range(1, 40):
        centre.second = tenth / 10
        centre.hub.keep()
    assert asked == [0, 2.0]
    centre.hub.keep(last=True)
    assert len(asked) == 3, "but before the end it is asked once more"


def test_a_finding_is_written_before_the_state_that_says_it_has_fired(
    centre: Centre, loaded: LoadedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the two, the next run fires it again, and it is known."""
    centre.play(parked(6, 999), 0, 66)
    save = centre.store.states.save_states

    def killed(states: object) -> None:
        raise StoreError("killed here")

    monkeypatch.setattr(centre.store.states, "save_states", killed)
    centre.play(parked(6, 999), 68, 68)
    assert findings(centre) == 1
    monkeypatch.setattr(centre.store.states, "save_states", save)
    centre.start(loaded)
    centre.play(parked(6, 999), 68, 70)
    assert centre.hub.stations["gate-1"].desk.violations == 1, "it has fired again"
    assert findings(centre) == 1


def test_a_restart_at_any_time_loses_no_stay(centre: Centre, loaded: LoadedSite) -> None:
    for start in range(0, 100, 20):
        centre.start(loaded)
        centre.play(parked(6, 999), start, start + 18)
    assert findings(centre) == 1
    (stay,) = centre.hub.stations["gate-1"].desk.standing()
    assert stay.arrived == (at(4), at(6))
    assert stay.seen_ns == 92 * S


def test_a_finding_keeps_the_site_file_it_fired_under_though_the_database_came_back_after_a_reload(
    centre: Centre, loaded: LoadedSite, tmp_path: Path
) -> None:
    with sites.kept(centre.database):
        centre.play(parked(6, 999), 0, 70)
        other = sites.load(tmp_path / "site.yaml", sites.site("gate-2", evidence={"post_roll": "99s"}))
        centre.reload(other)
    centre.second += 3
    centre.hub.keep()
    (finding,) = centre.store.findings.due(at(10_000).utc_ns, 10)
    assert finding.context["config"] == loaded.sha256
    assert finding.stay.departed == (at(70), None), "leaving the site ended it"
    centre.store.segments.add(segments(1, 30))
    centre.second = 400
    centre.hub.keep()
    assert centre.sealing.busy
    assert centre.sealing.request.config_sha256 == loaded.sha256


def test_memory_is_bounded_while_the_database_is_away_and_findings_go_last(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undone, "_MOST", 5)
    monkeypatch.setattr(hub, "_RETRY_STORE_NS", 100 * S)
    with sites.kept(centre.database):
        for start in range(0, 600, 200):  # three that break the rule
            centre.play(parked(start + 6, start + 80), start, start + 120)
        for start in range(600, 1000, 50):  # eight that do not
            centre.play(parked(start + 4, start + 14), start, start + 48)
        assert len(centre.hub.unkept()[0]) <= 5
    centre.second += 101
    centre.hub.keep()
    assert findings(centre) == 3


def test_a_sealed_case_is_counted_once_the_database_has_it(centre: Centre) -> None:
    centre.play(parked(6, 80), 0, 120)
    centre.store.segments.add(segments(1, 12))
    centre.second = 122
    centre.hub.keep()
    assert centre.sealing.busy
    with sites.kept(centre.database):
        centre.hub.tell_sealing(centre.sealing.answer())
        centre.hub.work(0)
        centre.hub.keep()
        assert centre.hub.cases == 0
    centre.second += 3
    centre.hub.keep()
    assert (centre.hub.cases, centre.tally().cases) == (1, 1)
    assert centre.store.findings.counts()[FindingState.SEALED] == 1
    assert [notice.data for notice in centre.notices][-1]["case"] == "SP-1"


# -- views --------------------------------------------------------------------------------------------------------


def viewed(*faults: ViewFault, begun: ViewFault | None = None, ended: ViewFault | None = None, t: float = 0) -> Viewed:
    events = [ViewEvent(one, ViewChange.BEGUN, at(t - 10), at(t)) for one in (begun,) if one is not None]
    events += [ViewEvent(one, ViewChange.ENDED, at(t - 10), at(t)) for one in (ended,) if one is not None]
    return Viewed(faults, tuple(events), b"{}")


def test_rules_are_suspended_while_anything_is_wrong_with_the_view(centre: Centre) -> None:
    desk = centre.hub.stations["gate-1"].desk
    centre.play(parked(6, 999), 0, 40)
    centre.say(viewed(ViewFault.MOVED, begun=ViewFault.MOVED, t=40))
    centre.say(viewed(ViewFault.MOVED, ViewFault.BLOCKED, begun=ViewFault.BLOCKED, t=45))
    assert centre.tally().integrity == ("moved", "blocked")
    centre.play(parked(6, 999), 42, 200)
    assert findings(centre) == 0
    centre.say(viewed(ViewFault.BLOCKED, ended=ViewFault.MOVED, t=200))
    assert desk.suspended
    centre.say(viewed(ended=ViewFault.BLOCKED, t=210))
    assert not desk.suspended
    centre.hub.keep()
    spans = centre.store.views.between("gate-1", 0, 1 << 62)
    assert [(span.kind, span.since_ns, span.until_ns) for span in spans] == [
        ("moved", at(30).utc_ns, at(190).utc_ns),
        ("blocked", at(35).utc_ns, at(200).utc_ns),
    ]
    told = [notice for notice in centre.notices if notice.kind is NoticeKind.VIEW]
    assert [notice.data["suspended"] for notice in told] == [True, True, True, False]
    assert "in force again" in told[3].en and "规则恢复" in told[3].zh
    assert "in force" not in told[2].en and "恢复" not in told[2].zh


def test_people_are_told_of_cases_that_were_sealed_before_a_fault_of_their_view_was_confirmed(centre: Centre) -> None:
    centre.play(parked(6, 80), 0, 120)
    centre.store.segments.add(segments(1, 12))
    centre.second = 122
    centre.hub.keep()
    centre.hub.tell_sealing(centre.sealing.answer())
    centre.hub.work(0)
    centre.hub.keep()
    centre.say(viewed(ViewFault.BLACK, begun=ViewFault.BLACK, t=180))
    centre.hub.keep()
    assert not [one for one in centre.notices if "cases" in one.data], "it began after what the case shows"
    centre.say(viewed(ViewFault.BLACK, ViewFault.BLOCKED, begun=ViewFault.BLOCKED, t=70))
    centre.hub.keep()
    (told_of,) = [notice for notice in centre.notices if "cases" in notice.data]
    assert (told_of.kind, told_of.data["cases"], told_of.data["view"]) == (NoticeKind.VIEW, ["SP-1"], "blocked")


def test_a_view_that_was_bad_before_a_restart_is_bad_after_it(centre: Centre, loaded: LoadedSite) -> None:
    """The camera's process says so before the first look, and no event comes again."""
    centre.play(parked(6, 999), 0, 40)
    centre.start(loaded)
    centre.say(viewed(ViewFault.BLOCKED))
    assert centre.hub.stations["gate-1"].desk.suspended
    centre.play(parked(6, 999), 42, 100)
    assert findings(centre) == 0
    centre.say(viewed())
    centre.play(parked(6, 999), 102, 110)
    assert findings(centre) == 0, "and the time in between is a gap"


def test_other_rules_make_no_better_view(centre: Centre, tmp_path: Path) -> None:
    centre.play(parked(6, 999), 0, 40)
    centre.say(viewed(ViewFault.MOVED, begun=ViewFault.MOVED, t=40))
    content = sites.site()
    content["policies"][0]["rules"][0]["dwell"] = "30s"
    centre.reload(sites.load(tmp_path / "site.yaml", content))
    centre.play(parked(6, 999), 42, 120)
    assert findings(centre) == 0
    centre.say(viewed(ended=ViewFault.MOVED, t=120))
    centre.play(parked(6, 999), 122, 160)
    assert findings(centre) == 1


def test_a_disk_that_does_not_take_what_is_known_of_a_view_ends_nothing(centre: Centre) -> None:
    (centre.folder / "views").write_text("in the way")
    centre.say(viewed(ViewFault.BLACK, begun=ViewFault.BLACK, t=0))
    assert centre.hub.stations["gate-1"].desk.suspended
    assert centre.hub.stations["gate-1"].view == b"{}"


# -- what cameras say ---------------------------------------------------------------------------------------------


def test_facts_on_disk_count_whoever_tells_them_and_readings_only_of_the_living(centre: Centre) -> None:
    centre.say(report(), generation=0)
    assert centre.tally().report is None
    (record,) = segments(1, 1)
    centre.say(Segmented(record), generation=0)
    gap = GapStatement("gate-1", at(10), at(14), "ended", "it ended")
    centre.say(Gapped(gap), generation=0)
    centre.hub.keep()
    assert [one.path for one in centre.store.segments.between("gate-1", 0, 1 << 62)] == [record.path]
    assert (centre.tally().segments, centre.tally().gaps, centre.tally().gap_ns) == (1, 1, 4 * S)
    centre.say(report(), camera="of-nobody")


def test_a_flapping_camera_is_told_of_at_once_and_then_with_a_count(centre: Centre) -> None:
    for second in range(0, 40, 2):
        centre.second = float(second)
        centre.say(faulted())
        centre.second += 1
        centre.say(connected())
        centre.hub.alarms.tell_due()
    assert [notice.kind for notice in centre.notices] == [NoticeKind.FAULT]
    centre.second = 301.0
    centre.hub.alarms.tell_due()
    assert [notice.kind for notice in centre.notices] == [NoticeKind.FAULT, NoticeKind.RECOVERED]
    assert centre.tally().reconnects == 19
    centre.second = 302.0
    for _ in range(3):
        centre.say(faulted(FaultKind.REFUSED))
        centre.say(connected())
    centre.say(faulted(FaultKind.REFUSED))
    centre.second = 700.0
    centre.hub.alarms.tell_due()
    last = centre.notices[-1]
    assert (last.kind, last.data) == (NoticeKind.FAULT, {"fault": "refused", "times": 4})


def test_a_fault_of_the_smaller_stream_is_no_fault_of_the_camera(centre: Centre) -> None:
    centre.say(connected())
    centre.say(faulted(role=StreamRole.SUB))
    assert centre.tally().state is CameraState.RECORDING
    assert centre.notices == []


def test_a_process_that_dies_is_told_of_and_asked_anew_how_closely_to_look(centre: Centre) -> None:
    centre.say(connected())
    centre.play(parked(6, 999), 0, 20)
    (asked,) = centre.sent(LookBack)
    watches = centre.sent(Watch)
    assert [watch.level for watch in watches] == [DecodeLevel.KEYFRAMES, DecodeLevel.SAMPLED]
    centre.hub.died("gate-1", Died(Said("进程被信号 9 终止", "it was ended by signal 9")))
    assert (centre.tally().state, centre.tally().fault) == (CameraState.DEAD, "crashed")
    assert centre.notices[-1].data == {"fault": "crashed", "times": 1}
    centre.say(Connecting())
    assert centre.tally().state is CameraState.CONNECTING
    centre.say(connected())
    assert centre.sent(Watch)[-1] == watches[-1]
    assert len(centre.sent(Watch)) == len(watches) + 1
    centre.say(LookedBack(asked.token, None, (0, 0), None))
    centre.hub.died("of-nobody", Died(Said.quoted("x")))


def test_pictures_go_to_the_model_and_an_end_that_finds_no_room_comes_all_the_same(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inference, "BACK_LIMIT", 0)
    centre.play(parked(6, 999), 0, 20)
    (asked,) = centre.sent(LookBack)
    desk = centre.hub.stations["gate-1"].desk
    assert len(desk._backs) == 1
    picture: Any = object()
    centre.say(LookedBack(asked.token, at(5), SIZE, picture))
    centre.say(LookedBack(asked.token, None, (0, 0), None))
    assert desk._backs == {}
    centre.say(Look(StreamRole.MAIN, at(30), 30, SIZE, picture))
    assert centre.pictures.waiting("gate-1") == 1


def test_a_departure_that_a_look_back_has_narrowed_goes_into_the_record_though_the_case_is_sealed(
    centre: Centre,
) -> None:
    centre.say(connected())
    centre.play(parked(6, 100), 0, 112)
    (asked,) = [one for one in centre.sent(LookBack) if one.from_ns > at(90).utc_ns]
    (finding,) = centre.store.findings.due(at(1000).utc_ns, 9)
    centre.store.findings.begin(finding.id)
    centre.store.findings.sealed(finding.id, "SP-1", "cases/SP-1", [])
    for tenth in range(970, 1040):
        moved_off = tenth >= 1012
        seen = detections([]) if moved_off else detections(parked(6, 999)(tenth / 10))
        centre.hub.tell([SeenBack("gate-1", LookedBack(asked.token, at(tenth / 10), SIZE, None), seen)])
    centre.hub.tell([SeenBack("gate-1", LookedBack(asked.token, None, (0, 0), None), None)])
    centre.hub.drain()
    centre.play(parked(6, 100), 114, 160)
    known = centre.store.findings.get(finding.id)
    assert known is not None and known.case_id == "SP-1"
    assert known.stay.departed == (at(100), at(102))
    pinned = pinned_of(known.context["departure"], known.stay)
    assert pinned is not None and pinned.narrowed and pinned.earliest is not None
    assert at(100).utc_ns < pinned.earliest.utc_ns < at(101.2).utc_ns


def test_a_camera_asks_how_large_its_pictures_shall_be(centre: Centre) -> None:
    centre.say(SizeAsked((640, 360)))
    assert centre.sent(Fit) == [Fit((640, 360), (640, 360))]


def test_what_the_model_saw_on_a_camera_that_is_gone_is_nothing(centre: Centre, tmp_path: Path) -> None:
    centre.play(parked(6, 999), 0, 20)
    centre.reload(sites.load(tmp_path / "site.yaml", sites.site("gate-2")))
    assert "gate-1" not in centre.hub.stations
    look = Look(StreamRole.MAIN, at(22), 22, SIZE, None)
    centre.hub.tell([Seen("gate-1", look, detections([]), False, 1)])
    centre.say(connected())
    centre.hub.keep()
    assert json.loads(centre.store.states.states()["gate-1"].state), "its last state is one in which nothing stands"


def test_a_model_that_fails_is_remembered(centre: Centre) -> None:
    centre.hub.tell([Broken(InferenceError("numbers that are none"))])
    centre.hub.work(0)
    assert isinstance(centre.hub.broken, InferenceError)


# -- what people are told -----------------------------------------------------------------------------------------


def assert_speaks_both(notice: Notice) -> None:
    for text in (notice.zh, notice.en):
        assert text
        assert not {"{", "}", "None", "_"} & set(text.split() + list(text)), text
    assert any("\u4e00" <= sign <= "\u9fff" for sign in notice.zh)
    english = notice.en.replace("古塔路", "")
    assert english.isascii(), english


def test_every_notice_is_whole_in_both_languages(centre: Centre, loaded: LoadedSite) -> None:
    site, camera = loaded.site, loaded.site.cameras[0]
    centre.play(parked(6, 999), 0, 70)
    (lead,) = centre.notices
    assert "至少1分2秒" in lead.zh and "1 min 2 s" in lead.en
    assert "违法停车线索（小型车）" in lead.zh, "no names of programs in a sentence for people"
    assert lead.data["rule"] == "no-parking" and lead.data["class"] == "car"
    assert_speaks_both(lead)
    assert_speaks_both(announce.sealed(site, "gate-1", "SP-1", "/x/SP-1", 0))
    assert_speaks_both(announce.recovered(site, camera, 0))
    for kind in FaultKind:
        assert kind.value in FAULTS_ZH
        for times in (1, 3):
            assert_speaks_both(announce.fault(site, camera, kind.value, "it does not answer", times, 0))
    for fault in ViewFault:
        assert fault.value in VIEWS
        for begun, suspended in ((True, True), (False, True), (False, False)):
            assert_speaks_both(announce.view(site, camera, fault.value, begun, suspended, 0))
        for many in (1, 9):
            told = announce.doubted(site, camera, fault.value, at(0), [f"SP-{n}" for n in range(many)], 0)
            assert_speaks_both(told)
            assert "16:00:00" in told.zh and "16:00:00" in told.en, "in the site's time"
    for off in (True, False):
        for offset_ns in (None, -1_500_000_000):
            assert_speaks_both(announce.clock(site, camera, off, offset_ns, 0))
