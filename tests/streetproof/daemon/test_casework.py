"""From a finding to a case: nothing is lost or sealed twice, and what cannot be sealed is given up in the end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from evidence_export.case import CaseRequest
from evidence_export.sealer import SealedCase
from streetproof.batch.work import Seal
from streetproof.daemon.casework import CaseMade, CaseWork
from streetproof.daemon.desk import Desk, Ended, Fired, Outcome
from streetproof.daemon.index import RecordingIndex
from streetproof.daemon.messages import StreamRole
from streetproof.daemon.reload import kept_copy
from streetproof.daemon.sealing import NotSealed, Sealed, SealingDiedError, SealingProcess
from streetproof.errors import StreetproofError
from streetproof.settings.load import LoadedSite
from streetproof.store.database import Store, StoreError
from streetproof.store.findings import FindingState
from tests.streetproof.daemon import sites
from tests.streetproof.daemon.sites import parked, play, segments
from tests.vision.byhand import MODEL, at

S = 10**9


@dataclass
class FakeSealing:
    """Takes tasks, and never answers by itself."""

    tasks: list[tuple[str, Seal]] = field(default_factory=list)
    busy: bool = False

    def seal(self, finding: str, task: Seal) -> None:
        assert not self.busy
        self.busy = True
        self.tasks.append((finding, task))

    def answer(self, error: StreetproofError | None = None) -> Sealed | NotSealed:
        self.busy = False
        finding, task = self.tasks[-1]
        if error is not None:
            return NotSealed(finding, error)
        return Sealed(finding, SealedCase(f"SP-{finding}", task.folder / f"SP-{finding}", "0" * 64))

    @property
    def request(self) -> CaseRequest:
        return self.tasks[-1][1].request


class Work:
    """A camera's desk, the case work behind it, and a database, without anything that runs."""

    def __init__(self, folder: Path, loaded: LoadedSite) -> None:
        self.folder, self.loaded = folder, loaded
        self.database = folder / "state.db"
        self.store = Store.open_file(self.database, busy_s=0.05)
        self.index = RecordingIndex(self.store, folder / "recordings")
        self.desk: Desk = sites.desk_of(loaded)
        kept_copy(folder / "configs", loaded)
        self.start()

    def start(self) -> None:
        """The daemon starts, or starts again."""
        self.sealing = FakeSealing()
        self.casework = CaseWork(
            self.store,
            self.index,
            self.folder / "recordings",
            self.sealing,  # type: ignore[arg-type]
            self.folder,
            self.folder / "key.pem",
            lambda camera, stay: self.desk.stay(stay) if camera == "gate-1" else None,
        )

    def take(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            match outcome:
                case Fired(violation, role, model):
                    self.casework.fired(self.loaded, violation, role, model)
                case Ended(stay):
                    self.casework.ended(self.loaded, stay)

    def work(self, second: float) -> bool:
        """Whether a case is being sealed now."""
        self.casework.work(at(second).utc_ns)
        return self.sealing.busy

    def done(self, second: float, error: StreetproofError | None = None) -> CaseMade | None:
        return self.casework.done(self.sealing.answer(error), at(second).utc_ns)

    def count(self, state: FindingState) -> int:
        return self.store.findings.counts()[state]


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    folder = tmp_path / "数据 一"
    folder.mkdir()
    made = Work(folder, sites.load(tmp_path / "site.yaml"))
    yield made
    made.store.close()


def test_a_case_waits_for_its_footage_and_shows_the_stay_as_it_was_when_it_became_due(work: Work) -> None:
    work.take(play(work.desk, parked(6, 999), 0, 126))
    assert work.count(FindingState.WAITING) == 1, "it fired at 68 s and is due a minute later"
    work.store.segments.add(segments(1, 13))
    assert not work.work(127)
    work.take(play(work.desk, parked(6, 999), 128, 128))
    assert not work.work(129), "it stood there at 128 s, and ten seconds after that have not been recorded"
    work.take(play(work.desk, parked(6, 999), 130, 150))
    assert not work.work(151)
    work.store.segments.add(segments(14, 16))
    assert work.work(152)
    request = work.sealing.request
    assert request.stay.last_seen == at(128), "waiting for footage moves nothing"
    assert request.still_standing
    assert request.stay.departed is None
    assert [recording.start for recording in request.recordings] == [record.opening.start for record in segments(1, 14)]
    assert request.detector == MODEL
    assert request.view_faults == ()
    assert (request.moment_tolerance_ns, request.seen_in) == (0, "main")
    assert work.count(FindingState.SEALING) == 1
    assert not work.casework.work(at(153).utc_ns)
    made = work.done(160)
    assert made is not None
    assert (made.case_id, made.bundle) == ("SP-1", work.folder / "cases" / "SP-1")
    assert work.count(FindingState.SEALED) == 1
    (row,) = work.store.cases()
    assert (row.camera, row.rule, row.bundle) == ("gate-1", "no-parking", "cases/SP-1")
    assert not work.work(500), "it is sealed once"
    assert {hold.case_id for hold in work.store.holds.all()} == {"SP-1"}, "its footage is held for the case from now on"


def test_a_database_that_goes_away_behind_the_case_has_nothing_done_again(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case stands in it, and people are told: only the copy of the holds in the folder waits for the next time."""
    work.take(play(work.desk, parked(6, 80), 0, 120))
    work.store.segments.add(segments(1, 9))
    assert work.work(121)

    def away() -> None:
        raise StoreError("the server does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(work.store.holds, "all", away)
        made = work.done(122)
    assert made is not None and made.case_id == "SP-1"
    assert work.count(FindingState.SEALED) == 1 and work.casework._under_way is None
    assert work.done(123) is None, "what was answered once is not done again"


def test_a_vehicle_that_leaves_is_not_waited_for(work: Work) -> None:
    work.take(play(work.desk, parked(6, 80), 0, 120))
    work.store.segments.add(segments(1, 9))
    assert work.work(121)
    request = work.sealing.request
    assert not request.still_standing
    assert request.stay.departed == (at(80), at(82))


def test_footage_that_never_comes_is_not_waited_for_without_end(work: Work) -> None:
    work.take(play(work.desk, parked(6, 999), 0, 130))
    work.store.segments.add(segments(1, 9))
    assert not work.work(131)
    assert not work.work(131 + 44)
    assert work.work(131 + 46)
    assert len(work.sealing.request.recordings) == 9


def test_without_any_footage_it_is_tried_eight_times_and_given_up(work: Work) -> None:
    work.take(play(work.desk, parked(6, 80), 0, 120))
    second, tried = 121.0, 0
    work.work(second)
    second += 46
    while work.count(FindingState.WAITING) and tried < 50:
        before = work.store.findings.get(1)
        assert not work.work(second)
        after = work.store.findings.get(1)
        assert before is not None and after is not None
        tried += after.attempts - before.attempts
        second += 60 * 8 + 1
    assert (tried, work.count(FindingState.FAILED)) == (8, 1)
    finding = work.store.findings.get(1)
    assert finding is not None
    assert "no footage" in (finding.error or "")
    assert work.casework._frozen == {}, "what was given up takes no memory"


def test_what_fails_to_be_sealed_is_tried_later_and_later_and_holds_up_nothing(work: Work) -> None:
    work.take(play(work.desk, parked(6, 80), 0, 120))
    work.store.segments.add(segments(1, 12))
    second, pauses = 121.0, []
    for _ in range(8):
        assert work.work(second)
        assert work.done(second, StreetproofError("the key is gone")) is None
        finding = work.store.findings.get(1)
        assert finding is not None
        pauses.append((finding.due_ns - at(second).utc_ns) / S if finding.state is FindingState.WAITING else None)
        assert not work.work(second + 59)
        second += 60 * 8
    assert pauses == [60, 120, 180, 240, 300, 360, 420, None]
    assert work.count(FindingState.FAILED) == 1
    assert work.casework._frozen == {}


def test_what_was_being_sealed_when_the_daemon_died_is_sealed_by_the_next(work: Work) -> None:
    work.take(play(work.desk, parked(6, 80), 0, 120))
    work.store.segments.add(segments(1, 12))
    assert work.work(121)
    first = work.sealing.request
    work.start()
    assert work.count(FindingState.WAITING) == 1
    assert work.work(122)
    assert work.sealing.request.violation == first.violation
    assert work.sealing.request.stay == first.stay


def test_the_same_violation_fired_again_after_a_crash_is_one_finding(work: Work) -> None:
    outcomes = play(work.desk, parked(6, 80), 0, 120)
    work.take(outcomes)
    work.start()
    work.take(outcomes)
    assert sum(work.store.findings.counts().values()) == 1


def test_what_was_seen_in_the_smaller_stream_says_so(work: Work) -> None:
    work.take(play(work.desk, parked(6, 80), 0, 120, StreamRole.SUB))
    work.store.segments.add(segments(1, 12))
    assert work.work(121)
    assert work.sealing.request.seen_in == "sub"
    assert work.sealing.request.moment_tolerance_ns == S // 2


def test_faults_of_the_view_stand_in_the_request(work: Work) -> None:
    work.take(play(work.desk, parked(6, 80), 0, 120))
    work.store.segments.add(segments(1, 12))
    work.store.views.begin("gate-1", "blocked", at(30).utc_ns)
    work.store.views.end("gate-1", "blocked", at(40).utc_ns)
    work.store.views.begin("gate-1", "moved", at(500).utc_ns)
    work.store.views.begin("gate-2", "black", at(30).utc_ns)
    assert work.work(121)
    (fault,) = work.sealing.request.view_faults or ()
    assert fault.until is not None
    assert (fault.kind, fault.since.utc_ns, fault.until.utc_ns) == ("blocked", at(30).utc_ns, at(40).utc_ns)


def test_a_case_is_made_under_the_site_file_that_was_in_force(work: Work, tmp_path: Path) -> None:
    fired_under = work.loaded
    work.take(play(work.desk, parked(6, 80), 0, 76))
    work.loaded = sites.load(tmp_path / "site.yaml", sites.site("gate-2", evidence={"post_roll": "30s"}))
    kept_copy(work.folder / "configs", work.loaded)
    work.take(play(work.desk, parked(6, 80), 78, 120))
    work.store.segments.add(segments(1, 12))
    assert work.work(140)
    assert work.sealing.request.config_sha256 == fired_under.sha256
    assert work.sealing.request.camera.name == "古塔路 gate-1"
    assert work.sealing.request.limits.post_roll_ns == 10 * S


def test_a_lost_copy_of_the_site_file_fails_that_finding_and_no_other(work: Work, tmp_path: Path) -> None:
    work.take(play(work.desk, parked(6, 80), 0, 120))
    lost = work.folder / "configs" / f"{work.loaded.sha256}.yaml"
    work.loaded = sites.load(tmp_path / "site.yaml", sites.site(evidence={"post_roll": "5s"}))
    kept_copy(work.folder / "configs", work.loaded)
    work.desk = sites.desk_of(work.loaded)
    work.take(play(work.desk, parked(206, 280), 200, 320))
    work.store.segments.add(segments(1, 32))
    lost.unlink()
    assert work.work(330)
    assert work.sealing.request.config_sha256 == work.loaded.sha256
    finding = work.store.findings.get(1)
    assert finding is not None
    assert finding.attempts == 1
    assert "cannot be read" in (finding.error or "")


def test_a_database_that_refuses_in_the_middle_stops_nothing_for_good(work: Work) -> None:
    work.take(play(work.desk, parked(6, 80), 0, 120))
    work.store.segments.add(segments(1, 12))
    with sites.kept(work.database), pytest.raises(StoreError):
        work.work(121)
    assert not work.sealing.busy
    assert work.work(122), "what could not be begun is begun later"
    answer = work.sealing.answer()
    with sites.kept(work.database), pytest.raises(StoreError):
        work.casework.done(answer, at(123).utc_ns)
    made = work.casework.done(answer, at(124).utc_ns)
    assert made is not None
    assert work.count(FindingState.SEALED) == 1
    assert len(work.store.cases()) == 1


# -- the process --------------------------------------------------------------------------------------------------


def test_a_sealing_process_that_is_killed_fails_one_case_and_is_followed_by_another(work: Work) -> None:
    work.take(play(work.desk, parked(6, 80), 0, 120))
    work.store.segments.add(segments(1, 12))
    assert work.work(121)
    _, task = work.sealing.tasks[-1]
    told: list[Sealed | NotSealed] = []
    heard = threading.Semaphore(0)

    def tell(outcome: Sealed | NotSealed) -> None:
        told.append(outcome)
        heard.release()

    process = SealingProcess(tell)
    try:
        process.seal("1", task)
        assert process.busy
        assert heard.acquire(timeout=240)
        assert not process.busy
        first = told[0]
        assert isinstance(first, NotSealed), "there are no such files"
        assert not isinstance(first.error, SealingDiedError)
        assert first.error.remedy
        # Killed while idle, as the kernel does when memory runs out.
        (worker,) = process._pool._processes.values()  # type: ignore[union-attr]
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        for number in ("2", "3"):
            process.seal(number, task)
            assert heard.acquire(timeout=240)
        assert [outcome.finding for outcome in told] == ["1", "2", "3"]
        last = told[-1]
        assert isinstance(last, NotSealed) and not isinstance(last.error, SealingDiedError)
        # An orderly end finds a case half made, in either form, and another that is whole.
        task.folder.mkdir(parents=True, exist_ok=True)
        for name in ("SP-1", "SP-2.partial"):
            (task.folder / name / "data").mkdir(parents=True)
        (task.folder / "SP-3.zip.partial").write_bytes(b"PK")
    finally:
        process.stop()
    assert sorted(path.name for path in task.folder.iterdir()) == ["SP-1"]
