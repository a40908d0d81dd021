"""Deletes the footage that has to go, in an order that a crash cannot turn into a lie.

First the database says that a segment goes, then a tombstone is on the disk, then the file is removed. Killed anywhere
in between, the next run finishes. Footage is never gone without a tombstone, and held footage is never gone.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from evidence_export.words import Said
from streams.instant import NS_PER_S, to_datetime
from streams.recorder.durable import sync_folder
from streams.recorder.errors import RecorderError
from streams.recorder.interface import SegmentRecord
from streams.recorder.tombstones import bury, tombstone, tombstones
from streetproof.daemon.index import save_holds
from streetproof.daemon.retention import DAY_NS, MOST, Concern, ConcernKind, Disk, Leap, Limits, Trend, plan
from streetproof.store.database import Store
from streetproof.store.holds import Hold
from streetproof.store.segments import Deletion, StoredSegment

_log = structlog.get_logger(__name__)

_REMEMBER_NS = 30 * DAY_NS
"""So much longer than footage the database remembers what became of it; the tombstone files remember for good."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did."""

    deleted: int
    freed: int
    """Bytes."""
    more: bool
    """As many as allowed were deleted: another run soon has more to do."""
    free: int
    hours_left: float | None
    """Until `min_free` is reached if all goes on as it does; None: not known yet, or there is no end in sight."""
    concerns: tuple[Concern, ...]


_HOUR_NS = 3600 * NS_PER_S
_FOR_EVER_NS = 1 << 62


class Housekeeper:
    """Keeps one folder of recordings within its limits. `run` every few minutes, from one thread."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        *,
        now_ns: Callable[[], int],
        mono_ns: Callable[[], int],
        free_bytes: Callable[[Path], int] | None = None,
    ) -> None:
        self._store = store
        self._folder = folder
        self._now_ns = now_ns
        self._mono_ns = mono_ns
        self._free_bytes = free_bytes or (lambda place: shutil.disk_usage(place).free)
        self._trend = Trend()
        self._leap = Leap()

    def run(
        self,
        limits: Mapping[str, Limits],
        default: Limits,
        *,
        min_free: int,
        warn_free: int,
        wanted_from: Mapping[str, int] | None = None,
        clock_in_doubt: bool = False,
        most: int = MOST,
    ) -> Report:
        """Delete what has to go, and say what should be known.

        `wanted_from`, per camera, ns UTC: footage that reaches into the time after it stays, as if it were held.
        Raises StoreError where the database refuses (nothing is deleted then), RecorderError where the disk does.
        """
        now_ns = self._now_ns()
        clock_in_doubt |= self._leap.in_doubt(now_ns, self._mono_ns())
        unfinished = self._store.segments.unfinished(most)
        gone = self._remove(unfinished, resumed=True)
        holds = self._store.holds.all()
        save_holds(self._folder, holds)
        wanted = dict(wanted_from or {})
        still_timed = [Hold("", camera, from_ns, _FOR_EVER_NS, "being timed") for camera, from_ns in wanted.items()]
        used = {camera: footage.bytes for camera, footage in self._store.segments.footage().items()}
        disk = Disk(self._free(), min_free, warn_free)
        hours = self._trend.hours_until(self._mono_ns(), disk.free, min_free)
        planned = plan(
            self._candidates(limits, default, used, disk, wanted, now_ns, most),
            holds=[*holds, *still_timed],
            limits=limits,
            default=default,
            used=used,
            disk=disk,
            now_ns=_in_batches(now_ns, [default, *limits.values()]),
            clock_in_doubt=clock_in_doubt,
            most=most,
        )
        doomed = self._store.segments.begin_deletion(planned.decisions, now_ns)
        gone += self._remove(doomed, resumed=False)
        freed = sum(segment.size for segment in gone)
        self._trend.freed(freed)
        self._forget(limits, default, used, now_ns)
        concerns = list(planned.concerns)
        undeletable = len(unfinished) + len(doomed) - len(gone)
        if undeletable:
            concerns.append(
                Concern(
                    ConcernKind.UNDELETABLE,
                    Said(
                        f"{undeletable} 个录像片段应删除但无法删除；请检查磁盘与权限",
                        f"{undeletable} segments should be deleted and cannot be. Check the disk and its rights.",
                    ),
                )
            )
        full = len(planned.decisions) == most
        return Report(len(gone), freed, full, self._free(), hours, tuple(concerns))

    def _free(self) -> int:
        try:
            return self._free_bytes(self._folder)
        except OSError as error:
            raise RecorderError(
                f"how much room is left cannot be asked: {error.strerror}",
                where=str(self._folder),
                remedy="Check that the disk is mounted",
                errno=error.errno,
            ) from error

    def _candidates(
        self,
        limits: Mapping[str, Limits],
        default: Limits,
        used: Mapping[str, int],
        disk: Disk,
        wanted: Mapping[str, int],
        now_ns: int,
        most: int,
    ) -> list[StoredSegment]:
        """Enough of the oldest footage for any decision, and no more: not all of it is looked through.

        What is `wanted` is not even a candidate, or a long stay would stand before all that may go.
        """
        segments, short = self._store.segments, disk.free < disk.min_free
        found = {one.key: one for one in segments.oldest(most, besides=wanted)} if short else {}
        for camera, size in used.items():
            allowed = limits.get(camera, default)
            over = allowed.quota_bytes is not None and size > allowed.quota_bytes
            bounds = [] if over or (short and camera in wanted) else [now_ns - allowed.keep_ns]
            bounds += [wanted[camera]] if camera in wanted else []
            before_ns = min(bounds, default=None)
            found.update((one.key, one) for one in segments.oldest(most, camera=camera, before_ns=before_ns))
        return sorted(found.values(), key=lambda one: (one.start_ns, one.key))

    def _remove(self, doomed: Sequence[Deletion], *, resumed: bool) -> list[StoredSegment]:
        """Bury, unlink, and tell the database; returns those whose files are gone."""
        if not doomed:
            return []
        for run in _runs(self._not_buried(doomed) if resumed else doomed):
            bury(self._folder, tombstone([_record(one) for one in run], run[0].deleted_ns, run[0].why))
        gone: list[StoredSegment] = []
        folders: set[Path] = set()
        for one in doomed:
            path = self._folder / one.segment.path
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                _log.error("segment_not_removed", path=str(one.segment.path), error=error.strerror)
                continue
            gone.append(one.segment)
            folders.add(path.parent)
        for folder in sorted(folders):
            if folder.is_dir():
                _synced(folder)
        self._store.segments.finish_deletion(gone)
        for camera in sorted({folder.parent for folder in folders}):
            self._tidy(camera)
        if gone:
            reasons = sorted({str(one.why) for one in doomed})
            _log.info("footage_deleted", segments=len(gone), bytes=sum(s.size for s in gone), why=reasons)
        return gone

    def _tidy(self, camera: Path) -> None:
        """Remove the folders of days of which nothing is left, unless the recorder may still want them."""
        wanted = f"{to_datetime(self._now_ns() - 2 * DAY_NS):%Y-%m-%d}"
        try:
            with os.scandir(camera) as entries:
                days = [Path(one.path) for one in entries if one.is_dir(follow_symlinks=False) and one.name < wanted]
            for day in days:
                if _is_empty(day):
                    day.rmdir()
            sync_folder(camera)
        except OSError as error:
            _log.warning("folder_not_tidied", path=str(camera), error=error.strerror)

    def _not_buried(self, doomed: Sequence[Deletion]) -> list[Deletion]:
        """A run that was killed has buried some of them already."""
        buried: set[tuple[str, int]] = set()
        for camera in {one.segment.camera for one in doomed}:
            numbers = [one.segment.sequence for one in doomed if one.segment.camera == camera]
            for stone in tombstones(self._folder, camera):
                buried.update((camera, number) for number in numbers if stone.first <= number <= stone.last)
        return [one for one in doomed if one.segment.key not in buried]

    def _forget(self, limits: Mapping[str, Limits], default: Limits, used: Mapping[str, int], now_ns: int) -> None:
        """Rows about times of which there is no footage any more, and none is asked for."""
        longest = max((one.keep_ns for one in (*limits.values(), default)), default=0)
        self._store.segments.forget(now_ns - longest - _REMEMBER_NS)
        for camera in used:
            before_ns = now_ns - limits.get(camera, default).keep_ns - _REMEMBER_NS
            self._store.gaps.forget(camera, before_ns)
            self._store.views.forget(camera, before_ns)


def _synced(folder: Path) -> None:
    try:
        sync_folder(folder)
    except OSError as error:
        raise RecorderError(
            f"cannot be brought to the disk: {error.strerror}",
            where=str(folder),
            remedy="Check the disk",
            errno=error.errno,
        ) from error


def _is_empty(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return next(entries, None) is None


def _in_batches(now_ns: int, limits: Sequence[Limits]) -> int:
    """The last full hour, or twenty-fourth of the shortest time that footage is kept: each batch leaves a tombstone."""
    step_ns = max(1, min(_HOUR_NS, *(one.keep_ns // 24 for one in limits)))
    return now_ns // step_ns * step_ns


def _runs(doomed: Sequence[Deletion]) -> Iterator[list[Deletion]]:
    """Segments that follow on each other and go for one reason, together: they share a tombstone."""
    run: list[Deletion] = []
    for one in sorted(doomed, key=lambda one: one.segment.key):
        if run and not _continues(run[-1], one):
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def _continues(one: Deletion, two: Deletion) -> bool:
    return (
        one.segment.camera == two.segment.camera
        and one.segment.sequence + 1 == two.segment.sequence
        and _record(two).opening.previous == one.segment.sha256
        and (one.why, one.deleted_ns) == (two.why, two.deleted_ns)
    )


def _record(one: Deletion) -> SegmentRecord:
    assert one.record is not None, "the record is kept until the deletion is finished"
    return one.record
