"""The state database: migrations make exactly the tables, and nothing of the driver leaks out."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from streams.instant import NS_PER_S
from streams.recorder.interface import GapStatement, SegmentRecord
from streetproof.store import database
from streetproof.store.database import Store, StoreError
from streetproof.store.holds import Hold
from streetproof.store.notices import Outgoing, StoredNotice
from streetproof.store.segments import Footage, StoredSegment
from streetproof.store.states import SavedState
from streetproof.store.tables import Base, CaseRow
from streetproof.store.views import ViewFaultSpan
from tests.streetproof.daemon.footage import LENGTH_NS, T0, at, chain, segment
from tests.vision.test_codec import events


def stored(record: SegmentRecord) -> StoredSegment:
    start, end = record.opening.start.utc_ns, record.closing.end.utc_ns
    return StoredSegment(record.camera, record.opening.sequence, record.path, start, end, record.size, record.sha256)


def case(number: int, stay: str = "s1") -> CaseRow:
    return CaseRow(
        id=f"SP-{number}",
        site="x",
        camera="c",
        rule="r",
        zone="z",
        place="[0, 0, 1, 1]",
        stay=stay,
        arrived_ns=10**18 + number,
        last_seen_ns=10**18 + 60,
        bundle=f"cases/SP-{number}",
        run=None,
    )


def test_migrations_make_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    path = tmp_path / "状态 1.db"
    Store.open_file(path).close()
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


def test_a_changed_file_is_not_taken_for_the_known_one(tmp_path: Path) -> None:
    with Store.open_file(tmp_path / "a.db") as store:
        store.remember_recording(Path("/r.mp4"), 10, 20, "a" * 64)
        assert store.recording_sha256(Path("/r.mp4"), 10, 20) == "a" * 64
        assert store.recording_sha256(Path("/r.mp4"), 10, 21) is None
        assert store.recording_sha256(Path("/r.mp4"), 11, 20) is None
        assert store.recording_sha256(Path("/other.mp4"), 10, 20) is None


def test_a_case_is_kept_once(tmp_path: Path) -> None:
    with Store.open_file(tmp_path / "a.db") as store:
        store.remember_case(case(1), "c" * 64)
        store.remember_case(case(1), "c" * 64)
        assert [row.id for row in store.cases()] == ["SP-1"]
        store.remember_case(case(0), "c" * 64)
        assert [row.id for row in store.cases()] == ["SP-0", "SP-1"]


def test_what_was_written_is_there_when_opened_again(tmp_path: Path) -> None:
    with Store.open_file(tmp_path / "a.db") as store:
        run = store.begin_run(1, "f" * 64)
        store.remember_case(case(1), "c" * 64)
    with Store.open_file(tmp_path / "a.db") as store:
        store.end_run(run, 2, 0)
        assert len(store.cases()) == 1
        assert store.begin_run(3, "f" * 64) == run + 1


def test_a_damaged_database_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="cannot be opened") as caught:
        Store.open_file(path)
    assert "rebuilt" in caught.value.remedy


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Store.open_file(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match="9999"):
        Store.open_file(path)


def test_a_password_in_the_url_is_not_shown() -> None:
    with pytest.raises(StoreError) as caught:
        Store("sqlite://user:geheim@nowhere/x.db")
    assert "geheim" not in str(caught.value)


# -- live footage --------------------------------------------------------------------------------------------------


def test_a_database_of_the_first_version_keeps_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "旧 状态.db"
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(sa.text("INSERT INTO run VALUES (7, 1, NULL, 'f', NULL)"))
        values = "'SP-1','x','c','r','z','s','[0,0,1,1]',1,2,'cases/SP-1',7"
        connection.execute(sa.text(f'INSERT INTO "case" VALUES ({values})'))
    engine.dispose()
    with Store.open_file(path) as store:
        assert [row.id for row in store.cases()] == ["SP-1"]
        store.segments.add([segment()])
        assert store.begin_run(3, "f" * 64) == 8
    with Store.open_file(path) as store:
        assert store.segments.last("gate-1") == segment()


def test_going_back_to_the_first_version_works(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Store.open_file(path).close()
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        tables = set(sa.inspect(connection).get_table_names())
    engine.dispose()
    assert tables == {"alembic_version", "recording", "run", "case"}


LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
"""


@contextmanager
def locked(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process in the middle of a writing transaction, until a line is written to it."""
    with subprocess.Popen(
        [sys.executable, "-c", LOCK, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_database_that_stays_locked_is_one_clear_error_and_can_still_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Store.open_file(path, busy_s=0.2) as store:
        store.segments.add([segment()])
        with locked(path), pytest.raises(StoreError, match=r"locked, also after 0\.2 s") as caught:
            store.segments.add([segment(sequence=2)])
        assert "Another program" in caught.value.remedy
        with locked(path):
            assert store.segments.last("gate-1") == segment()
        store.segments.add([segment(sequence=2)])
        assert store.segments.last("gate-1") == segment(sequence=2)


def test_a_lock_that_is_given_up_in_time_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Store.open_file(path, busy_s=300) as store, locked(path) as other:
        assert other.stdin is not None
        release = threading.Timer(0.3, lambda: (other.stdin.write("\n"), other.stdin.flush()))
        release.start()
        try:
            store.segments.add([segment()])
        finally:
            release.join()
        assert store.segments.last_number("gate-1") == 1


def test_threads_that_read_and_then_write_do_not_trip_over_each_other(tmp_path: Path) -> None:
    """Begun as reading, such transactions fail at once where another one has written in between."""
    with Store.open_file(tmp_path / "a.db") as store:
        faults: list[BaseException] = []

        def work(camera: str) -> None:
            try:
                for record in chain(25, camera):
                    store.segments.add([record])
                    store.gaps.note(GapStatement(camera, record.closing.end, None, "ended", ""))
            except BaseException as error:
                faults.append(error)

        threads = [threading.Thread(target=work, args=(f"c{i}",)) for i in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert faults == []
        assert {camera: one.segments for camera, one in store.segments.footage().items()} == {
            f"c{i}": 25 for i in range(6)
        }


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with Store.open_file(tmp_path / "a.db") as store:
        huge = replace(segment(sequence=2), size=2**70)
        with pytest.raises(StoreError, match=r"too large|out of range"):
            store.segments.add([segment(), huge])
        assert store.segments.footage() == {}
        assert store.segments.last("gate-1") is None


def test_states_of_many_cameras_are_saved_at_once_and_quickly(tmp_path: Path) -> None:
    text = json.dumps({"stays": ["x" * 50] * 200})
    with Store.open_file(tmp_path / "a.db") as store:
        took = []
        for turn in range(15):
            states = {f"camera-{i}": SavedState("a" * 64, text, turn) for i in range(64)}
            began = time.thread_time()
            store.states.save_states(states)
            took.append(time.thread_time() - began)
        assert store.states.states() == states
        store.states.save_states({})
        store.states.save_states({"camera-3": SavedState("b" * 64, "{}", 99)})
        assert store.states.states()["camera-3"].at_ns == 99
        assert len(store.states.states()) == 64
        # About 4 ms; the best of a few, counted in time of this thread, tells the code from its neighbours.
        assert min(took) < 0.05


def test_what_a_killed_process_wrote_last_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    code = f"""
import os, signal
from pathlib import Path
from streetproof.store.database import Store
from streetproof.store.states import SavedState
store = Store.open_file(Path({str(path)!r}))
for turn in range(50):
    store.states.save_states({{"c": SavedState("a" * 64, "{{}}", turn)}})
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    with Store.open_file(path) as store:
        assert store.states.states()["c"].at_ns == 49


def test_segments_are_found_by_time_and_entered_once(tmp_path: Path) -> None:
    with Store.open_file(tmp_path / "a.db") as store:
        records = chain(20)
        assert store.segments.add(records) == 20
        assert store.segments.add(records[5:]) == 0
        assert store.segments.footage()["gate-1"] == Footage(20, 20_000)
        assert store.segments.between("gate-1", T0 + 25 * NS_PER_S, T0 + 45 * NS_PER_S) == records[2:5]
        # Where two meet, both are given: the picture at the boundary may be in either.
        assert store.segments.between("gate-1", T0 + 30 * NS_PER_S, T0 + 30 * NS_PER_S) == records[2:4]
        assert store.segments.between("gate-1", T0 - 10**12, T0 - 1) == []
        assert store.segments.between("gate-2", T0, T0 + 10**12) == []


def test_a_changed_file_replaces_what_the_index_knew(tmp_path: Path) -> None:
    with Store.open_file(tmp_path / "a.db") as store:
        store.segments.add([segment(size=1000)])
        assert store.segments.add([segment(size=1500)]) == 1
        assert store.segments.footage()["gate-1"] == Footage(1, 1500)


def test_gaps_begin_end_and_are_told_once(tmp_path: Path) -> None:
    with Store.open_file(tmp_path / "a.db") as store:
        begun = GapStatement("gate-1", at(T0 + LENGTH_NS), None, "ended", "the server closed")
        over = replace(begun, end=at(T0 + 3 * LENGTH_NS))
        store.segments.add([segment()])
        store.gaps.note(begun)
        assert store.gaps.open("gate-1") == begun
        store.segments.add([segment(sequence=2, start_ns=T0 + 3 * LENGTH_NS, gap=over)])
        assert store.gaps.open("gate-1") is None
        # A statement from before the end that comes late does not open it again.
        store.gaps.note(begun)
        assert store.gaps.between("gate-1", 0, 2**62) == [over]
        assert store.gaps.between("gate-1", T0 + 4 * LENGTH_NS, 2**62) == []


def test_a_camera_that_never_recorded_has_one_gap_without_a_start(tmp_path: Path) -> None:
    with Store.open_file(tmp_path / "a.db") as store:
        for cause in ("refused", "name"):
            store.gaps.note(GapStatement("gate-1", None, None, cause, ""))
        assert [gap.cause for gap in store.gaps.between("gate-1", 0, 1)] == ["name"]
        store.segments.add([segment()])
        assert store.gaps.open("gate-1") is None
        (gap,) = store.gaps.between("gate-1", 0, 2**62)
        assert gap.end == at(T0)


def test_old_gaps_are_forgotten_and_lasting_ones_are_not(tmp_path: Path) -> None:
    with Store.open_file(tmp_path / "a.db") as store:
        for i in range(10):
            store.gaps.note(GapStatement("c", at(T0 + 2 * i), at(T0 + 2 * i + 1), "ended", ""))
        store.gaps.note(GapStatement("c", at(T0), None, "ended", ""))
        store.gaps.note(GapStatement("c", at(T0 - 5), None, "ended", ""))
        assert store.gaps.forget("c", T0 + 8) == 4
        assert len(store.gaps.between("c", 0, 2**62)) == 7


def test_footage_of_a_finding_is_held_from_firing_and_afterwards_for_its_case(tmp_path: Path) -> None:
    violation, stay = events()
    fired = violation.fired_at.utc_ns
    start = violation.stay.arrived[1].utc_ns
    with Store.open_file(tmp_path / "a.db") as store:
        records = [
            segment("gt-01", number, start_ns=start - 20 * NS_PER_S + (number - 1) * LENGTH_NS)
            for number in range(1, 16)
        ]
        store.segments.add(records[:4])
        hold_to = fired + 30 * NS_PER_S
        found = store.findings.add(
            violation, due_ns=fired + 60, hold_from_ns=start, hold_to_ns=hold_to, context={"配置": "1"}
        )
        again = store.findings.add(violation, due_ns=fired + 99, hold_from_ns=0, hold_to_ns=1)
        assert again == found
        assert (found.violation, found.stay, found.context) == (violation, violation.stay, {"配置": "1"})
        # Recorded later, and held from the beginning.
        store.segments.add(records[4:])
        held = [one.key for one in map(stored, records) if one.key not in {o.key for o in store.segments.oldest(99)}]
        assert held == [("gt-01", n) for n in range(2, 13)]

        assert store.findings.due(fired + 59, 10) == []
        assert store.findings.stay_ended(stay, due_ns=fired + 1, hold_to_ns=hold_to) == 1
        (due,) = store.findings.due(fired + 1, 10)
        assert due.stay == stay
        store.findings.begin(due.id)
        assert store.findings.due(2**62, 10) == []
        assert store.findings.resume() == 1
        store.findings.failed(due.id, "the disk is full" * 100, retry_ns=fired + 500)
        assert store.findings.due(fired + 499, 10) == []
        (due,) = store.findings.due(fired + 500, 10)
        assert (due.attempts, len(due.error or "")) == (1, 500)

        used = [(r.opening.start.utc_ns, r.closing.end.utc_ns) for r in records[3:6]]
        for number in range(2):
            telling = Outgoing(StoredNotice(f"notice-{number}", "lead", "{}", 1), ("webhook",))
            store.findings.sealed(due.id, "SP-9", "cases/SP-9", used, telling)
        assert store.notices.waiting() == {"webhook": 1}, "people are told once"
        assert store.findings.counts() == {"waiting": 0, "sealing": 0, "sealed": 1, "failed": 0}
        assert store.holds.of("finding-1") == []
        (hold,) = store.holds.of("SP-9")
        assert (hold.start_ns, hold.end_ns) == (used[0][0], used[-1][1])
        assert store.findings.sealed_since("gt-01", used[-1][1]) == ["SP-9"]
        assert store.findings.sealed_since("gt-01", used[-1][1] + 1) == []
        assert store.findings.sealed_since("gt-02", 0) == []

        # It leaves, as it usually does, after its case was sealed: the record knows, the bundle stays as it is.
        later = replace(stay, last_seen=stay.last_seen.shifted(NS_PER_S))
        assert store.findings.stay_ended(later, due_ns=0, hold_to_ns=hold_to) == 0
        assert store.findings.departed(later, {"reason": "seen_moving"}) == 1
        known = store.findings.get(due.id)
        assert known is not None and (known.stay, known.state, known.case_id) == (later, "sealed", "SP-9")
        assert known.context == {"配置": "1", "departure": {"reason": "seen_moving"}}
        assert known.due_ns == fired + 500
        assert store.findings.departed(replace(later, id="other"), {}) == 0
        free = {one.sequence for one in store.segments.oldest(99)}
        # Segments that only meet the held time stay too: better one too many.
        assert free == {1, 2, *range(8, 16)}
        assert store.holds.release("SP-9") == 1
        assert len(store.segments.oldest(99)) == 15


def test_a_segment_under_two_holds_needs_both_to_be_released(tmp_path: Path) -> None:
    with Store.open_file(tmp_path / "a.db") as store:
        store.segments.add(chain(10))
        assert store.holds.place(Hold("A", "gate-1", T0 + 1, T0 + 2, "x")) == 1
        assert store.holds.place(Hold("B", "gate-1", T0, T0 + 50 * NS_PER_S, "x")) == 6
        store.holds.place(Hold("B", "gate-1", T0, T0 + 50 * NS_PER_S, "x"))
        store.holds.release("B")
        assert [one.sequence for one in store.segments.oldest(99)] == list(range(2, 11))
        assert store.holds.release("B") == 0


def test_view_faults_begin_and_end(tmp_path: Path) -> None:
    with Store.open_file(tmp_path / "a.db") as store:
        for _ in range(2):
            store.views.begin("c", "moved", 100)
        store.views.begin("c", "black", 150)
        store.views.end("c", "moved", 200)
        store.views.end("c", "frozen", 200)
        assert store.views.between("c", 0, 120) == [ViewFaultSpan("c", "moved", 100, 200)]
        assert store.views.lasting() == [ViewFaultSpan("c", "black", 150, None)]
        assert store.views.forget("c", 201) == 1
        assert store.views.between("c", 0, 999) == [ViewFaultSpan("c", "black", 150, None)]


def test_deleting_is_decided_once_and_never_of_what_is_held(tmp_path: Path) -> None:
    with Store.open_file(tmp_path / "a.db") as store:
        store.segments.add(chain(3))
        old = store.segments.oldest(99)
        store.holds.place(Hold("A", "gate-1", T0, T0, "x"))
        decided = store.segments.begin_deletion([(one, "expired") for one in old], 77)
        assert [one.segment.sequence for one in decided] == [2, 3]
        assert store.segments.begin_deletion([(one, "expired") for one in old], 78) == []
        # No hold reaches them any more, and nothing is cut from them.
        assert store.holds.place(Hold("B", "gate-1", T0, 2**62, "x")) == 1
        assert [r.opening.sequence for r in store.segments.between("gate-1", 0, 2**62)] == [1]
        assert store.segments.unfinished(99) == decided
        store.segments.finish_deletion(one.segment for one in decided)
        assert store.segments.unfinished(99) == []
        assert store.segments.footage()["gate-1"] == Footage(1, 1000)
        stones = store.segments.deleted_between("gate-1", 0, 2**62)
        assert [(s.segment.sequence, s.deleted_ns, s.why, s.record is None) for s in stones] == [
            (2, 77, "expired", True),
            (3, 77, "expired", False),
        ]
        assert store.segments.last("gate-1") == chain(3)[2]
        assert store.segments.forget(2**62) == 1
        assert store.segments.last_number("gate-1") == 3


def test_questions_about_a_million_segments_are_answered_by_indexes(tmp_path: Path) -> None:
    """The plan of every query that housekeeping and sealing ask: none reads a whole table, none sorts one."""
    path = tmp_path / "a.db"
    with Store.open_file(path) as store:
        asked: list[tuple[str, object]] = []
        engine = store._connection._engine
        sa.event.listen(engine, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
        store.segments.add(chain(3))
        asked.clear()
        store.segments.oldest(5)
        store.segments.oldest(5, camera="gate-1", before_ns=T0)
        store.segments.between("gate-1", T0, T0 + 1)
        store.segments.last("gate-1")
        store.segments.last_number("gate-1")
        store.segments.unfinished(5)
        store.segments.forget(T0)
        store.segments.begin_deletion([(stored(segment()), "disk")], 1)
        store.holds.place(Hold("A", "gate-1", T0, T0 + 1, ""))
        store.holds.release("A")
        store.gaps.open("gate-1")
        store.gaps.forget("gate-1", T0)
        with engine.connect() as connection:
            for statement, values in list(asked):
                if not statement.startswith(("SELECT", "UPDATE segment")):
                    continue
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
                said = "; ".join(row[3] for row in rows)
                assert "SCAN segment" not in said, (statement, said)
                assert "SCAN gap" not in said, (statement, said)
                if "FROM segment" in statement and "ORDER BY segment.start_ns" in statement:
                    assert "TEMP B-TREE" not in said, (statement, said)
