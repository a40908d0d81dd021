"""What is deleted and what never is: the plan, and carrying it out with a kill at every step."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.recorder.chain import check_chain
from streams.recorder.errors import RecorderError
from streams.recorder.interface import SegmentRecord
from streams.recorder.tombstones import tombstones
from streetproof.daemon import housekeeping
from streetproof.daemon.housekeeping import Housekeeper, Report
from streetproof.daemon.index import load_holds
from streetproof.daemon.retention import DAY_NS, ConcernKind, Disk, Limits, Plan, Trend, Why, plan
from streetproof.store.database import Store
from streetproof.store.holds import Hold
from streetproof.store.segments import Footage, Segments, StoredSegment
from tests.streetproof.daemon.footage import LENGTH_NS, T0, chain, segment, write

ROOMY = Disk(free=1000, min_free=10, warn_free=20)
FOREVER = Limits(keep_ns=2**62)


def row(sequence: int, camera: str = "c", size: int = 100) -> StoredSegment:
    start = sequence * 10
    return StoredSegment(camera, sequence, Path(f"{camera}/{sequence}"), start, start + 10, size, "")


def decide(segments: list[StoredSegment], now_ns: int = 0, **given: object) -> Plan:
    used: dict[str, int] = {}
    for one in segments:
        used[one.camera] = used.get(one.camera, 0) + one.size
    facts: dict[str, object] = {"holds": (), "limits": {}, "default": FOREVER, "used": used, "disk": ROOMY}
    return plan(segments, now_ns=now_ns, **{**facts, **given})  # type: ignore[arg-type]


def gone(plan: Plan) -> list[tuple[int, Why]]:
    return [(one.segment.sequence, one.why) for one in plan.decisions]


def kinds(plan: Plan | Report) -> list[ConcernKind]:
    return [one.kind for one in plan.concerns]


def test_nothing_goes_while_there_is_room_and_time() -> None:
    assert decide([row(i) for i in range(5)]) == Plan((), ())
    assert decide([]) == Plan((), ())


def test_footage_goes_when_all_of_it_is_older_than_it_is_kept() -> None:
    found = decide([row(i) for i in range(5)], now_ns=130, default=Limits(keep_ns=100))
    # The third ends at 30: exactly as old as it is kept.
    assert gone(found) == [(0, Why.EXPIRED), (1, Why.EXPIRED)]


def test_each_camera_has_its_own_limits_and_those_no_longer_configured_the_common_ones() -> None:
    segments = [row(i, camera) for i in range(3) for camera in "ab"]
    found = decide(segments, now_ns=115, limits={"a": Limits(1000)}, default=Limits(100))
    assert [one.segment.key for one in found.decisions] == [("b", 0)]


def test_a_camera_over_its_quota_loses_its_own_oldest() -> None:
    segments = [row(i, camera) for i in range(4) for camera in "ab"]
    found = decide(segments, limits={"a": Limits(2**62, quota_bytes=250)})
    assert [(one.segment.key, one.why) for one in found.decisions] == [(("a", 0), "quota"), (("a", 1), "quota")]


def test_a_disk_that_fills_loses_the_oldest_of_all_and_says_what_that_means() -> None:
    segments = [row(i, "ab"[i % 2]) for i in range(10)]
    found = decide(segments, now_ns=100 + 3 * DAY_NS, disk=Disk(free=50, min_free=200, warn_free=500))
    assert gone(found) == [(0, Why.DISK), (1, Why.DISK)]
    assert kinds(found) == [ConcernKind.LOW, ConcernKind.SHORTENED]
    assert "after 3.0 days" in found.concerns[1].said.en


def test_when_everything_is_held_that_is_said_before_the_disk_is_full() -> None:
    segments = [row(i) for i in range(5)]
    held = [Hold("SP-1", "c", 0, 1000, "")]
    found = decide(segments, holds=held, disk=Disk(free=50, min_free=200, warn_free=500))
    assert (gone(found), kinds(found)) == ([], [ConcernKind.NOTHING_LEFT])
    assert "held for cases" in found.concerns[0].said.en
    over = decide(segments, holds=held, default=Limits(2**62, quota_bytes=10))
    assert (gone(over), kinds(over)) == ([], [ConcernKind.QUOTA_HELD])


def test_a_clock_in_doubt_makes_nothing_old() -> None:
    segments = [row(i) for i in range(5)]
    doubt = decide(segments, now_ns=10**18, default=Limits(100), clock_in_doubt=True)
    assert (gone(doubt), kinds(doubt)) == ([], [ConcernKind.CLOCK])
    full = Disk(free=50, min_free=100, warn_free=100)
    # Room is counted without a clock.
    assert gone(decide(segments, now_ns=10**18, default=Limits(100), clock_in_doubt=True, disk=full)) == [(0, Why.DISK)]


def test_a_run_is_bounded_and_does_not_complain_of_what_it_has_not_come_to_yet() -> None:
    found = decide([row(i) for i in range(50)], disk=Disk(0, 10_000, 10_000), most=7)
    assert len(found.decisions) == 7
    assert ConcernKind.NOTHING_LEFT not in kinds(found)


SEGMENTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 60), st.integers(1, 50)), max_size=40, unique_by=lambda s: s[:2]
)
HOLDS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 700), st.integers(0, 200)), max_size=4)


@given(
    SEGMENTS,
    HOLDS,
    st.integers(0, 900),
    st.integers(0, 800),
    st.none() | st.integers(0, 500),
    st.integers(0, 300),
    st.integers(0, 300),
    st.integers(1, 50),
)
def test_whatever_comes_the_rules_of_deleting_hold(
    segments: list[tuple[str, int, int]],
    holds: list[tuple[str, int, int]],
    now_ns: int,
    keep_ns: int,
    quota: int | None,
    free: int,
    min_free: int,
    most: int,
) -> None:
    rows = sorted((row(s, c, size) for c, s, size in segments), key=lambda one: (one.start_ns, one.key))
    held = [Hold("x", camera, start, start + length, "") for camera, start, length in holds]
    disk = Disk(free, min_free, min_free)
    limits = Limits(keep_ns, quota)
    found = decide(rows, now_ns=now_ns, holds=held, default=limits, disk=disk, most=most)
    doomed = [one.segment for one in found.decisions]
    protected = {one.key for one in rows if any(h.touches(one.camera, one.start_ns, one.end_ns) for h in held)}
    assert not protected & {one.key for one in doomed}
    assert len(doomed) <= most
    assert doomed == sorted(doomed, key=lambda one: (one.start_ns, one.key))
    left = [one for one in rows if one not in doomed]
    for camera in "abc":
        # Within a camera nothing younger goes before something older that could have gone.
        newest_gone = max((one.start_ns for one in doomed if one.camera == camera), default=-1)
        older = [one for one in left if one.camera == camera and one.start_ns < newest_gone]
        assert all(one.key in protected for one in older)
    if len(doomed) < most:
        free_now = free + sum(one.size for one in doomed)
        loose = [one for one in left if one.key not in protected]
        assert not [one for one in loose if one.end_ns < now_ns - keep_ns]
        if loose:
            assert free_now >= min_free
        if free_now < min_free:
            assert ConcernKind.NOTHING_LEFT in kinds(found)
        for camera in "abc":
            mine = [one for one in left if one.camera == camera]
            if quota is not None and [one for one in mine if one in loose]:
                assert sum(one.size for one in mine) <= quota
    # What one run leaves for the next is what a longer run would have done.
    rest = decide(rows, now_ns=now_ns, holds=held, default=limits, disk=disk, most=10**6)
    assert rest.decisions[: len(doomed)] == found.decisions


def test_the_trend_counts_what_was_deleted_as_filled() -> None:
    trend = Trend()
    minute = 60 * 10**9
    assert trend.hours_until(0, 1000, 100) is None
    assert trend.hours_until(5 * minute, 990, 100) is None
    # A hundred in an hour, of which fifty were deleted again: nine hundred last nine hours.
    trend.freed(50)
    assert trend.hours_until(60 * minute, 950, 50) == pytest.approx(9.0)
    assert Trend().hours_until(0, 5, 10) is None
    for turn in range(1000):
        trend.hours_until((60 + turn) * minute, 950, 50)
    assert len(trend._samples) <= 61


# -- carrying it out -----------------------------------------------------------------------------------------------


class Place:
    """A folder of recordings with its database, and a clock that is set by hand."""

    def __init__(self, path: Path) -> None:
        self.folder = path / "录像 一"
        self.folder.mkdir()
        self.database = path / "a.db"
        self.now_ns = T0 + 100 * DAY_NS
        self.free = 10**12

    def add(self, records: list[SegmentRecord]) -> list[SegmentRecord]:
        write(self.folder, records)
        with Store.open_file(self.database) as store:
            store.segments.add(records)
        return records

    def hold(self, *holds: Hold) -> None:
        with Store.open_file(self.database) as store:
            for one in holds:
                store.holds.place(one)

    def run(
        self,
        default: Limits = FOREVER,
        *,
        min_free: int = 0,
        most: int = 500,
        wanted_from: Mapping[str, int] | None = None,
    ) -> Report:
        with Store.open_file(self.database) as store:
            keeper = Housekeeper(
                store,
                self.folder,
                now_ns=lambda: self.now_ns,
                mono_ns=lambda: 0,
                free_bytes=lambda _: self.free,
            )
            return keeper.run({}, default, min_free=min_free, warn_free=min_free, most=most, wanted_from=wanted_from)

    def files(self) -> list[str]:
        return sorted(path.name.rpartition("_")[2] for path in self.folder.rglob("*.mp4"))

    def buried(self, camera: str = "gate-1") -> list[tuple[int, int, str]]:
        return [(one.first, one.last, one.reason) for one in tombstones(self.folder, camera)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    yield Place(tmp_path)


def test_expired_footage_leaves_one_tombstone_and_no_empty_folder(place: Place) -> None:
    records = place.add(chain(6))
    place.now_ns = T0 + 40 * DAY_NS
    later = place.add([segment(sequence=7, start_ns=place.now_ns - LENGTH_NS)])
    report = place.run(Limits(30 * DAY_NS))
    assert (report.deleted, report.freed, report.more, report.concerns) == (6, 6000, False, ())
    assert place.files() == ["00000007.mp4"]
    assert place.buried() == [(1, 6, "expired")]
    assert sorted(p.name for p in (place.folder / "gate-1").iterdir()) == ["2026-12-11", "tombstones.jsonl"]
    assert check_chain(later, tombstones(place.folder, "gate-1")) == []
    assert not (place.folder / records[0].path).parent.exists()
    with Store.open_file(place.database) as store:
        assert store.segments.footage()["gate-1"] == Footage(1, 1000)
    assert place.run(Limits(30 * DAY_NS)).deleted == 0


def test_a_folder_of_today_stays_though_it_is_empty(place: Place) -> None:
    (record,) = place.add([segment()])
    place.now_ns = T0 + DAY_NS
    place.run(Limits(1))
    assert place.files() == []
    assert (place.folder / record.path).parent.is_dir()
    # Later it goes with whatever goes then.
    place.now_ns = T0 + 9 * DAY_NS
    (later,) = place.add([segment(sequence=2, start_ns=T0 + 5 * DAY_NS)])
    place.run(Limits(1))
    assert not (place.folder / record.path).parent.exists()
    assert not (place.folder / later.path).parent.exists()


def test_what_is_held_splits_the_tombstones_and_stays(place: Place) -> None:
    records = place.add(chain(10))
    place.hold(Hold("SP-1", "gate-1", T0 + 45 * 10**9, T0 + 46 * 10**9, "原件"))
    report = place.run(Limits(DAY_NS))
    assert report.deleted == 9
    assert place.files() == ["00000005.mp4"]
    assert place.buried() == [(1, 4, "expired"), (6, 10, "expired")]
    assert check_chain([records[4]], tombstones(place.folder, "gate-1")) == []
    assert [hold.case_id for hold in load_holds(place.folder)] == ["SP-1"]
    assert place.run(Limits(DAY_NS), min_free=2 * 10**12).concerns[0].kind is ConcernKind.NOTHING_LEFT
    assert place.files() == ["00000005.mp4"]
    with Store.open_file(place.database) as store:
        store.holds.release("SP-1")
    assert place.run(Limits(DAY_NS)).deleted == 1


def test_a_hold_that_is_placed_between_plan_and_deletion_still_counts(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.add(chain(3))
    real = housekeeping.plan

    def late(*args: object, **kwargs: object) -> Plan:
        found = real(*args, **kwargs)  # type: ignore[arg-type]
        place.hold(Hold("SP-1", "gate-1", T0, T0, ""))
        return found

    monkeypatch.setattr(housekeeping, "plan", late)
    assert place.run(Limits(DAY_NS)).deleted == 2
    assert place.files() == ["00000001.mp4"]
    assert place.buried() == [(2, 3, "expired")]


def test_a_full_disk_takes_the_oldest_of_all_cameras_a_few_at_a_time(place: Place) -> None:
    for camera in ("a", "b"):
        place.add(chain(10, camera))
    place.free = 0
    report = place.run(min_free=7_500, most=5)
    assert (report.deleted, report.more) == (5, True)
    assert place.buried("a") == [(1, 3, "disk")]
    assert place.buried("b") == [(1, 2, "disk")]
    place.free = 5_000
    report = place.run(min_free=7_500, most=5)
    assert (report.deleted, report.more) == (3, False)


def test_footage_of_what_is_being_timed_stays_and_younger_footage_of_others_goes_instead(place: Place) -> None:
    for camera in ("a", "b"):
        place.add(chain(10, camera))
    place.free = 0
    third_ns = chain(10)[2].opening.start.utc_ns
    wanted = {"a": third_ns + LENGTH_NS // 2}
    # More is asked of the disk than may go; and the candidates of one run are fewer than what is wanted.
    for _ in range(10):
        report = place.run(min_free=10**6, most=3, wanted_from=wanted)
    assert place.buried("a") == [(1, 2, "disk")]
    assert sum(last - first + 1 for first, last, _ in place.buried("b")) == 10
    assert kinds(report) == [ConcernKind.NOTHING_LEFT]
    place.free = 10**12
    over = Limits(DAY_NS, quota_bytes=1)
    assert place.run(over, wanted_from=wanted).deleted == 0, "neither age nor quota takes it"
    # What stood there has gone: nothing of it is kept any longer.
    assert place.run(over).deleted == 8


def test_a_file_that_cannot_be_removed_is_said_and_tried_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.add(chain(3))
    real = Path.unlink

    def stubborn(self: Path, missing_ok: bool = False) -> None:
        if "00000002" in self.name:
            raise PermissionError(1, "Operation not permitted")
        real(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", stubborn)
    report = place.run(Limits(DAY_NS))
    assert (report.deleted, kinds(report)) == (2, [ConcernKind.UNDELETABLE])
    assert place.files() == ["00000002.mp4"]
    monkeypatch.setattr(Path, "unlink", real)
    assert place.run(Limits(DAY_NS)).deleted == 1
    assert place.files() == []
    assert place.buried() == [(1, 3, "expired")]


class Killed(BaseException):
    """Not caught by anything."""


@pytest.mark.parametrize("step", range(12))
def test_killed_anywhere_nothing_is_gone_without_a_tombstone_and_the_next_run_finishes(
    place: Place, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Before, between and after each thing that is done to the database, the tombstones and the files."""
    for camera in ("a", "b"):
        place.add(chain(3, camera))
    count = 0

    def checkpoint() -> None:
        nonlocal count
        count += 1
        if count > step:
            raise Killed

    with monkeypatch.context() as patch:
        for owner, name in (
            (Segments, "begin_deletion"),
            (Segments, "finish_deletion"),
            (housekeeping, "bury"),
            (Path, "unlink"),
        ):
            real = getattr(owner, name)

            def stepped(*args: object, _real: Callable[..., object] = real, **kwargs: object) -> object:
                checkpoint()
                result = _real(*args, **kwargs)
                checkpoint()
                return result

            patch.setattr(owner, name, stepped)
        with pytest.raises(Killed):
            place.run(Limits(DAY_NS))
    for camera in ("a", "b"):
        there = [r for r in chain(3, camera) if (place.folder / r.path).exists()]
        covered = {n for first, last, _ in place.buried(camera) for n in range(first, last + 1)}
        assert {1, 2, 3} - {r.opening.sequence for r in there} <= covered
        assert check_chain(there, tombstones(place.folder, camera)) == []
    place.run(Limits(DAY_NS))
    assert place.files() == []
    for camera in ("a", "b"):
        assert place.buried(camera) == [(1, 3, "expired")]
    with Store.open_file(place.database) as store:
        assert store.segments.unfinished(10) == []
        assert {c: f.segments for c, f in store.segments.footage().items()} == {"a": 0, "b": 0}


def test_rows_of_long_ago_are_forgotten(place: Place) -> None:
    place.add(chain(5))
    place.run(Limits(DAY_NS))
    with Store.open_file(place.database) as store:
        # 100 days: gone longer than it is remembered, but for the newest, on which the chain goes on.
        assert len(store.segments.deleted_between("gate-1", 0, 2**62)) == 1
        assert store.segments.last("gate-1") == chain(5)[4]


def test_a_folder_that_is_not_there_is_one_clear_error(place: Place) -> None:
    with Store.open_file(place.database) as store:
        os.rmdir(place.folder)
        keeper = Housekeeper(store, place.folder, now_ns=lambda: 0, mono_ns=lambda: 0)
        with pytest.raises(RecorderError, match="录像 一"):
            keeper.run({}, FOREVER, min_free=0, warn_free=0)
