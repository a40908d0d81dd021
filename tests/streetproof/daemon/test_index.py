"""The index of recordings: what is reported and what the files say come to the same, whatever the database did."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from streams.instant import NS_PER_S
from streams.recorder.chain import Damaged
from streams.recorder.errors import RecorderError
from streams.recorder.interface import CloseReason, GapStatement
from streams.recorder.recorder import Recorder
from streetproof.daemon.backlog import Backlog
from streetproof.daemon.housekeeping import Housekeeper
from streetproof.daemon.index import HOLDS, RecordingIndex, load_holds, save_holds
from streetproof.daemon.retention import Limits
from streetproof.ledgers.bookkeeping import ledger_of
from streetproof.store.connection import StoreError
from streetproof.store.database import Store
from streetproof.store.holds import Hold
from tests.streams.media import make
from tests.streams.recorder.feeding import CLOCK, START_NS, anchor_on, camera, record
from tests.streetproof.commands import Ran, inside
from tests.streetproof.daemon.footage import T0, at, chain, segment

ALWAYS = 2**62
ROW = (
    "SELECT camera, sequence, session, path, start_ns, end_ns, first_pts, last_pts, size, sha256, sm3, previous, "
    "reason, record, state, held FROM segment ORDER BY camera, sequence"
)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds with a keyframe every second."""
    return make(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=60, gop=10, fps=10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "人民路 录像"
    place.mkdir()
    return place


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open_file(tmp_path / "a.db", busy_s=0.1) as opened:
        yield opened


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """As if another process were writing. It is another connection: what SQLite sees is the same."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def rows(path: Path) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(ROW).fetchall()
    finally:
        connection.close()


def unfinished(folder: Path, clip: Path, recorder: Recorder, gap: GapStatement | None, start_ns: int) -> None:
    """Record, and end without closing, as a process that is killed does."""
    with camera(clip) as (info, template, packets):
        recorder.begin(
            info,
            template,
            "cut",
            anchor=anchor_on(info.time_base, start_ns),
            clock=lambda: CLOCK,
            gap_before=gap,
        )
        for number, packet in enumerate(packets):
            if number == 35:
                break
            recorder.add(packet)
        segment = recorder._segment
        assert segment is not None
        data = segment.partial.read_bytes()
        recorder.close(CloseReason.STOPPED, "")
        (final,) = [p for p in segment.partial.parent.glob("*.mp4") if p.stem in segment.partial.name]
        final.unlink()
        segment.partial.write_bytes(data)


def test_an_index_made_again_from_the_files_is_the_one_that_was_kept(
    tmp_path: Path, folder: Path, clip: Path, store: Store
) -> None:
    live = RecordingIndex(store, folder)
    first, recorder = record(clip, folder)
    gap = GapStatement("gate-1", first[-1].closing.end, None, "ended", "对方关闭 the server closed")
    live.add_gap(gap)
    over = replace(gap, end=at(START_NS + 60 * NS_PER_S))
    second, _ = record(clip, folder, session="s2", recorder=recorder, start_ns=START_NS + 60 * NS_PER_S, gap=over)
    other, _ = record(clip, folder, name="gate-2")
    for one in (*first, *second, *other):
        live.add_segment(one)
    assert live.flush()
    store.holds.place(Hold("SP-1", "gate-1", START_NS, START_NS + NS_PER_S, "原件"))
    save_holds(folder, store.holds.all())

    lost = tmp_path / "new.db"
    with Store.open_file(lost) as fresh:
        again = RecordingIndex(fresh, folder)
        report = again.rebuild(T0)
        assert (report.found, report.added, report.lost, report.damaged) == (len(rows(lost)), len(rows(lost)), 0, ())
        assert rows(lost) == rows(tmp_path / "a.db")
        assert fresh.segments.footage() == store.segments.footage()
        assert fresh.holds.all() == store.holds.all()
        for name in ("gate-1", "gate-2"):
            assert again.gaps(name, 0, ALWAYS) == live.gaps(name, 0, ALWAYS)
            assert again.between(name, 0, ALWAYS) == live.between(name, 0, ALWAYS)
        assert again.gaps("gate-1", 0, ALWAYS) == [over]
        assert again.rebuild(T0).added == 0


def test_a_locked_database_costs_nothing_but_time(tmp_path: Path, folder: Path, store: Store) -> None:
    index = RecordingIndex(store, folder)
    records = chain(5)
    with locked(tmp_path / "a.db"):
        for one in records:
            index.add_segment(one)
        assert not index.flush()
        assert index.problem is not None and "locked" in index.problem.en
        with pytest.raises(StoreError, match="locked"):
            index.between("gate-1", 0, ALWAYS)
    assert index.between("gate-1", 0, ALWAYS) == records
    assert index.flush()
    assert index.problem is None


def test_what_cannot_be_kept_in_memory_is_read_from_the_files(
    tmp_path: Path, folder: Path, clip: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = RecordingIndex(store, folder, backlog := Backlog(3))
    records, _ = record(clip, folder)
    assert len(records) > 4
    lasting = GapStatement("gate-2", None, None, "refused", "")
    with locked(tmp_path / "a.db"):
        index.add_gap(lasting)
        for one in records:
            index.add_segment(one)
            index.flush()
        assert len(backlog._items) <= 3
    # A few files at a time, and nothing newer before them.
    monkeypatch.setattr("streetproof.daemon.index._STEP", 2)
    numbers = []
    while not index.flush():
        assert index.problem is not None and "catching up" in index.problem.en
        numbers.append(store.segments.last_number("gate-1"))
    assert numbers == [2, 4, len(records)][: len(numbers)]
    assert len(numbers) > 1
    assert index.between("gate-1", 0, ALWAYS) == records
    assert index.open_gap("gate-2") == lasting


def test_at_the_start_partial_segments_are_recovered_and_the_gap_is_stated(
    folder: Path, clip: Path, store: Store
) -> None:
    whole, recorder = record(clip, folder, segment_ns=10 * NS_PER_S)
    store.segments.add(whole)
    begin = START_NS + 100 * NS_PER_S
    gap = GapStatement("gate-1", whole[-1].closing.end, None, "ended", "")
    unfinished(folder, clip, recorder, gap, begin)
    stopped, _ = record(clip, folder, name="gate-2")
    (folder / "gate-3" / "2026-11-02").mkdir(parents=True)
    empty = folder / "gate-3" / "2026-11-02" / "gate-3_20261102T000000.000Z_00000001.mp4.partial"
    empty.write_bytes(b"\0" * 20)

    index = RecordingIndex(store, folder)
    found = index.recover_all()
    (recovered,) = found.recovered
    assert recovered.closing.reason is CloseReason.RECOVERED
    assert [one.path for one in found.given_up] == [empty]
    assert found.failed == ()
    assert index.between("gate-1", 0, ALWAYS) == [*whole, recovered]
    assert index.between("gate-2", 0, ALWAYS) == stopped
    over, lasting = index.gaps("gate-1", 0, ALWAYS)
    assert (over.cause, over.end) == ("ended", recovered.opening.start)
    assert (lasting.cause, lasting.start, lasting.end) == ("crashed", recovered.closing.end, None)
    assert index.open_gap("gate-1") == lasting
    stated = index.open_gap("gate-2")
    assert stated is not None
    assert (stated.cause, stated.start) == ("stopped", stopped[-1].closing.end)
    assert index.open_gap("gate-3") is None

    again = index.recover_all()
    assert (again.recovered, again.given_up) == ((), ())
    assert index.gaps("gate-1", 0, ALWAYS) == [over, lasting]


def test_files_that_are_gone_without_a_tombstone_are_called_missing(folder: Path, clip: Path, store: Store) -> None:
    records, _ = record(clip, folder)
    index = RecordingIndex(store, folder)
    index.catch_up()
    keeper = Housekeeper(store, folder, now_ns=lambda: records[1].closing.end.utc_ns, mono_ns=lambda: 0)
    # The first by the rules; the third by somebody's hand; the fourth is no longer what it was.
    done = keeper.run({}, Limits(keep_ns=NS_PER_S // 2), min_free=0, warn_free=0)
    assert done.deleted == 1
    (folder / records[2].path).unlink()
    bad = folder / records[3].path
    bad.chmod(0o600)
    os.truncate(bad, 100)
    report = index.rebuild(T0)
    assert report.lost == 2
    assert report.damaged_count == 1
    assert isinstance(report.damaged[0], Damaged)
    why = {d.segment.sequence: d.why for d in store.segments.deleted_between("gate-1", 0, ALWAYS)}
    assert why == {1: "expired", 3: "missing", 4: "missing"}
    assert [r.opening.sequence for r in index.between("gate-1", 0, ALWAYS)] == [2, *range(5, len(records) + 1)]


def test_a_lost_database_does_not_cost_what_cases_need(tmp_path: Path, folder: Path, clip: Path, store: Store) -> None:
    """A daemon that just starts again, without anybody asking for the index to be rebuilt."""
    records, _ = record(clip, folder)
    store.segments.add(records)
    store.holds.place(Hold("SP-1", "gate-1", START_NS, START_NS, "原件"))
    later = START_NS + 10**18

    def run(opened: Store) -> None:
        keeper = Housekeeper(opened, folder, now_ns=lambda: later, mono_ns=lambda: 0)
        keeper.run({}, Limits(keep_ns=1), min_free=0, warn_free=0)

    save_holds(folder, store.holds.all())
    for name in ("new 1.db", "new 2.db"):
        with Store.open_file(tmp_path / name) as fresh:
            RecordingIndex(fresh, folder).recover_all()
            run(fresh)
            run(fresh)
        assert [path.name[-12:] for path in folder.rglob("*.mp4")] == ["00000001.mp4"]
        assert [hold.case_id for hold in load_holds(folder)] == ["SP-1"]
    with Store.open_file(tmp_path / "new 2.db") as known:
        known.holds.release("SP-1")
        RecordingIndex(known, folder).recover_all()
        # Released is released, though the file still says otherwise.
        assert known.holds.all() == []


def test_a_camera_without_a_folder_and_a_folder_without_a_camera(tmp_path: Path, store: Store) -> None:
    index = RecordingIndex(store, tmp_path / "not there")
    assert index.recover_all().recovered == ()
    assert index.rebuild(T0).found == 0
    store.segments.add([segment()])
    assert index.rebuild(T0).lost == 1


def test_reporting_while_another_thread_writes_loses_nothing(folder: Path, store: Store) -> None:
    index = RecordingIndex(store, folder)
    records = chain(300)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            index.flush()

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number, one in enumerate(records):
        index.add_segment(one)
        if number % 50 == 0:
            index.add_gap(GapStatement("gate-2", at(T0 + number), at(T0 + number + 1), "ended", ""))
    stop.set()
    for thread in threads:
        thread.join()
    assert index.flush()
    assert index.between("gate-1", 0, ALWAYS) == records
    assert len(index.gaps("gate-2", 0, ALWAYS)) == 6


def test_a_list_of_holds_that_cannot_be_read_is_not_taken_for_an_empty_one(folder: Path, store: Store) -> None:
    assert load_holds(folder) == []
    holds = [Hold("SP-1", "gate-1", 1, 2**62, "原件 一")]
    save_holds(folder, holds)
    stamp = (folder / HOLDS).stat().st_mtime_ns
    save_holds(folder, holds)
    assert ((folder / HOLDS).stat().st_mtime_ns, load_holds(folder)) == (stamp, holds)
    data = (folder / HOLDS).read_bytes()
    for broken in (data[:-3], b"", b"[]", data.replace(b'"1"', b'"x"'), data.replace(b"holds/1", b"holds/9")):
        (folder / HOLDS).write_bytes(broken)
        with pytest.raises(RecorderError, match="holds"):
            RecordingIndex(store, folder).rebuild(T0)


def test_what_was_recorded_before_there_was_a_database_is_entered_without_being_read_again(
    folder: Path, clip: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, recorder = record(clip, folder)
    store.segments.add(known)
    gap = GapStatement("gate-1", known[-1].closing.end, None, "stopped", "the recorder was stopped")
    store.gaps.note(gap)
    more, _ = record(clip, folder, session="s2", recorder=recorder, start_ns=START_NS + 60 * NS_PER_S, gap=gap)
    lasting = GapStatement("gate-1", more[-1].closing.end, None, "handover", "the database answered")
    backlog = Backlog()
    for one in (*more, lasting):
        backlog.add(one)
    monkeypatch.setattr("streetproof.daemon.index.scan", lambda *_, **__: pytest.fail("a file is read"))
    index = RecordingIndex(store, folder, backlog)
    index.recover_all()
    assert index.problem is None
    assert index.between("gate-1", 0, ALWAYS) == [*known, *more]
    assert index.gaps("gate-1", 0, ALWAYS) == [more[0].opening.gap_before, lasting]


def test_footage_that_nobody_reported_comes_before_what_was_recorded_without_a_database(
    folder: Path, clip: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier daemon was killed before the database took it: its numbers are lower, and must not be passed over."""
    monkeypatch.setattr("streetproof.daemon.index._STEP", 2)
    unknown, recorder = record(clip, folder)
    begin = START_NS + 60 * NS_PER_S
    gap = GapStatement("gate-1", unknown[-1].closing.end, None, "crashed", "")
    more, _ = record(clip, folder, session="s2", recorder=recorder, start_ns=begin, gap=gap)
    lasting = GapStatement("gate-1", more[-1].closing.end, None, "handover", "the database answered")
    backlog = Backlog()
    for one in (*more, lasting):
        backlog.add(one)
    index = RecordingIndex(store, folder, backlog)
    index.recover_all()
    assert index.problem is not None, "recording goes on while files are read"
    assert index.reported_gap("gate-1") == lasting
    while not index.flush():
        pass
    assert index.between("gate-1", 0, ALWAYS) == [*unknown, *more]
    assert index.gaps("gate-1", 0, ALWAYS)[-1] == lasting
    assert index.open_gap("gate-1") == lasting


def test_the_commands_tell_of_the_recordings_in_the_language_that_is_asked_for(
    tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings = tmp_path / "data" / "recordings"
    recordings.mkdir(parents=True)
    first, *_, last = record(clip, recordings)[0]

    def run(*arguments: object) -> Ran:
        return inside(capsys, monkeypatch, "recordings", *arguments, width=200)

    whole = run("check", recordings, "--lang", "zh")
    assert whole.code == 0 and "✓ gate-1：" in whole.out and "个片段" in whole.out and "segment" not in whole.out
    assert "segments" in run("check", recordings, "--lang", "en").out
    (recordings / first.path).unlink()
    damaged = (recordings / last.path).read_bytes()[:-9]
    (recordings / last.path).write_bytes(damaged)
    broken = run("check", recordings, "--lang", "zh").out
    assert "✗ gate-1：第 2 号之前有 1 个片段缺失，且没有删除记录" in broken and "已损坏：" in broken
    assert not any(word in broken for word in ("segments", "deleted", "damaged"))
    assert "找到" in run("rebuild", tmp_path / "data", "--lang", "zh").out
    ledger_of(tmp_path / "data", "west").close()
    why = ("--reason", "结案", "--officer", "李明", "--licence", "33010001")
    nothing = run("release", tmp_path / "data", "SP-1", *why, "--lang", "zh")
    assert (
        nothing.code == 4
        and "没有为 'SP-1' 保留录像" in nothing.err
        and "请填写本守护进程封存的案件编号" in nothing.err
    )
