"""The index of the recordings: follows the files, and is made again from them where it was lost.

The files are the truth. So recording never waits for the database: what is reported is kept in memory until it is
written, and where that becomes too much, it is dropped and read from the files later.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import structlog

from evidence_export.words import Said
from streams.recorder.chain import Damaged, scan
from streams.recorder.durable import write_whole
from streams.recorder.errors import RecorderError
from streams.recorder.interface import GapStatement, SegmentRecord
from streams.recorder.names import cameras, listed
from streams.recorder.recovery import NotRecovered, partials, recover
from streams.recorder.tombstones import tombstones
from streetproof.daemon.backlog import Backlog
from streetproof.daemon.endings import gap_after
from streetproof.daemon.problems import index_behind
from streetproof.errors import StreetproofError
from streetproof.store.connection import StoreError
from streetproof.store.database import Store
from streetproof.store.holds import Hold

_log = structlog.get_logger(__name__)

HOLDS = "holds.json"
_BATCH = 200
_STEP = 10
"""Files read per flush: hashing them takes about a quarter of a second."""
_MAX_TOLD = 20


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was found after the last end of the recorder."""

    recovered: tuple[SegmentRecord, ...]
    given_up: tuple[NotRecovered, ...]
    failed: tuple[str, ...]
    """Files that could not be worked on now, one sentence each."""


@dataclass(frozen=True, slots=True)
class Rebuild:
    """What putting the index together from the files came to."""

    found: int
    """Segments that are there."""
    added: int
    """... of which the index did not know so many."""
    lost: int
    """Segments that the index knew, that are gone, and that no tombstone speaks of."""
    damaged: tuple[Damaged, ...]
    """The first of the files that are not what they should be."""
    damaged_count: int


class RecordingIndex:
    """The segments and gaps of one folder of recordings. Reporting and flushing are safe from any thread."""

    def __init__(self, store: Store, folder: Path, backlog: Backlog | None = None) -> None:
        """`backlog`: what was recorded before there was a store."""
        self._store = store
        self.folder = folder
        self._backlog = Backlog() if backlog is None else backlog
        self._catching: Iterator[SegmentRecord | Damaged] | None = None
        self._problem: Said | None = None
        self._writing = threading.Lock()

    @property
    def problem(self) -> Said | None:
        """Why the index is behind the recordings; None: it is not."""
        return self._problem

    def add_segment(self, record: SegmentRecord) -> None:
        """A segment was closed. It is in the index after the next `flush`. Never waits, never fails."""
        self._backlog.add(record)

    def add_gap(self, statement: GapStatement) -> None:
        """A gap began or ended. As `add_segment`."""
        self._backlog.add(statement)

    def flush(self) -> bool:
        """Write what was reported; to be called every second or so. False: the database does not take it now."""
        try:
            self._write()
        except StoreError as error:
            if self._problem is None:
                _log.warning("index_behind", error=str(error))
            self._problem = index_behind(error)
            return False
        if self._problem is not None:
            _log.info("index_caught_up")
        self._problem = None
        return True

    def between(self, camera: str, from_ns: int, to_ns: int) -> list[SegmentRecord]:
        """Segments that hold anything from `from_ns` to `to_ns` (ns UTC), in order. Raises StoreError."""
        self._write()
        return self._store.segments.between(camera, from_ns, to_ns)

    def gaps(self, camera: str, from_ns: int, to_ns: int) -> list[GapStatement]:
        """Gaps that touch that time, oldest first. Raises StoreError."""
        self._write()
        return self._store.gaps.between(camera, from_ns, to_ns)

    def open_gap(self, camera: str) -> GapStatement | None:
        """The gap that lasts now: what the camera's next segment has before it. Raises StoreError."""
        self._write()
        return self._store.gaps.open(camera)

    def reported_gap(self, camera: str) -> GapStatement | None:
        """As `open_gap`, of what the database does not have yet; None: nothing that was reported last is a gap."""
        return self._backlog.lasting(camera)

    def recover_all(self) -> Recovery:
        """At the start, before anything records: finish what a crash cut off, bring the index up to the files, and say
        of every camera since when nothing is recorded.

        Raises StoreError where the database refuses, RecorderError where the folder cannot be read.
        """
        if not self._store.segments.footage():
            # A new database beside old footage: before anything may be deleted, what cases need has to be known again.
            self._place_kept_holds()
        recovered: list[SegmentRecord] = []
        given_up: list[NotRecovered] = []
        failed: list[str] = []
        for path in partials(self.folder):
            try:
                outcome = recover(path)
            except RecorderError as error:
                failed.append(str(error))
            else:
                if isinstance(outcome, SegmentRecord):
                    recovered.append(outcome)
                else:
                    given_up.append(outcome)
                    _log.warning("partial_not_recovered", path=str(outcome.path), why=outcome.what)
        if self._enter_what_is_there():
            for camera in self._cameras():
                self._state_the_end(camera)
        return Recovery(tuple(recovered), tuple(given_up), tuple(failed))

    def catch_up(self) -> int:
        """Enter the files that are newer than what the index knows; returns how many.

        Raises StoreError and RecorderError.
        """
        return self._enter(self._newer_files())[1]

    def rebuild(self, now_ns: int) -> Rebuild:
        """Put the index together from the files, all of which are read: for a database that was lost or restored.

        Holds come back as they were at the last `save_holds`. Raises StoreError and RecorderError.
        """
        self._write()
        found = added = lost = 0
        damaged: list[Damaged] = []
        self._place_kept_holds()
        for camera in self._cameras():
            known = self._store.segments.numbers(camera)
            seen, new, broken = self._enter(scan(self.folder, camera=camera))
            missing = self._unburied(camera, set(known) - seen)
            self._store.segments.lost(camera, missing, now_ns)
            found, added, lost = found + len(seen), added + new, lost + len(missing)
            damaged += broken
        self._store.segments.recount()
        return Rebuild(found, added, lost, tuple(damaged[:_MAX_TOLD]), len(damaged))

    def _enter_what_is_there(self) -> bool:
        """Whether the index has all now. What was recorded while the database was awaited is not read once more: that
        would take the longer, the longer it was away, and nothing is recorded now. What it does not tell comes from the
        files, step by step, beside the recording."""
        if self._backlog.empty:
            self.catch_up()
            return True
        for camera in self._cameras():
            known = self._store.segments.last_number(camera)
            files = listed(self.folder, camera) if (self.folder / camera).is_dir() else []
            if {one.sequence for one in files if one.sequence > known} - self._backlog.numbers(camera):
                self._backlog.drop()
                break
        return self.flush()

    def _write(self) -> None:
        with self._writing:
            self._step_from_files()
            while batch := self._backlog.front(_BATCH):
                records = [item for item in batch if isinstance(item, SegmentRecord)]
                if records:
                    self._store.segments.add(records)
                else:
                    for item in batch:
                        if isinstance(item, GapStatement):
                            self._store.gaps.note(item)
                self._backlog.entered(batch)

    def _step_from_files(self) -> None:
        """Enter a few of the files that were dropped from memory. What is newer waits until all are in: where this
        process ends before, the highest number in the index still says from where on files have to be read."""
        # What is dropped while these files are read is found by the next round.
        if self._catching is None and self._backlog.take_dropped():
            self._catching = self._newer_files()
        if self._catching is None:
            return
        try:
            few = list(islice(self._catching, _STEP))
            self._enter(iter(few))
        except StreetproofError:
            self._catching = None
            self._backlog.drop()
            raise
        if not few:
            self._catching = None
        if few or self._backlog.dropped:
            raise StoreError(
                "the index is catching up with the files", where=str(self.folder), remedy="Wait; recording goes on"
            )

    def _newer_files(self) -> Iterator[SegmentRecord | Damaged]:
        for camera in self._cameras():
            yield from scan(self.folder, camera=camera, after={camera: self._store.segments.last_number(camera)})

    def _enter(self, files: Iterator[SegmentRecord | Damaged]) -> tuple[set[int], int, list[Damaged]]:
        """Enter what a scan finds: the numbers found, how many were new, and what is damaged."""
        numbers: set[int] = set()
        new = 0
        damaged: list[Damaged] = []
        while batch := list(islice(files, _BATCH)):
            records = [item for item in batch if isinstance(item, SegmentRecord)]
            new += self._store.segments.add(records)
            numbers.update(record.opening.sequence for record in records)
            for item in batch:
                if isinstance(item, Damaged):
                    damaged.append(item)
                    _log.warning("segment_damaged", path=str(item.path), why=item.what)
        return numbers, new, damaged

    def _place_kept_holds(self) -> None:
        for hold in load_holds(self.folder):
            self._store.holds.place(hold)

    def _state_the_end(self, camera: str) -> None:
        last = self._store.segments.last(camera)
        if last is None or self._store.gaps.open(camera) is not None:
            return
        self._store.gaps.note(gap_after(camera, last.closing))

    def _unburied(self, camera: str, missing: set[int]) -> set[int]:
        if missing:
            for stone in tombstones(self.folder, camera):
                missing = {number for number in missing if not stone.first <= number <= stone.last}
        return missing

    def _cameras(self) -> list[str]:
        try:
            there = cameras(self.folder) if self.folder.is_dir() else []
        except OSError as error:
            raise RecorderError(
                f"cannot be read: {error.strerror}",
                where=str(self.folder),
                remedy="Check the disk and who may read the folder of recordings",
            ) from error
        return sorted({*there, *self._store.segments.footage()})


def save_holds(folder: Path, holds: Iterable[Hold]) -> None:
    """Keep the holds beside the footage as well: the loss of a database must not cost evidence.

    Nothing is written where nothing changed. Raises RecorderError.
    """
    rows = [[hold.case_id, hold.camera, str(hold.start_ns), str(hold.end_ns), hold.reason] for hold in holds]
    data = json.dumps({"format": "streetproof-holds/1", "holds": rows}, ensure_ascii=False, indent=0).encode()
    place = folder / HOLDS
    try:
        if place.is_file() and place.read_bytes() == data:
            return
        write_whole(place, data)
    except OSError as error:
        raise RecorderError(
            f"cannot be written: {error.strerror}",
            where=str(place),
            remedy="Check the disk and who may write to the folder of recordings",
            errno=error.errno,
        ) from error


def load_holds(folder: Path) -> list[Hold]:
    """What `save_holds` kept last; nothing where there is no such file. Raises RecorderError for anything else."""
    place = folder / HOLDS
    try:
        value = json.loads(place.read_bytes())
        if value["format"] != "streetproof-holds/1":
            raise ValueError("another format")
        return [
            Hold(str(case), str(camera), int(start), int(end), str(reason))
            for case, camera, start, end, reason in value["holds"]
        ]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecorderError(
            f"the list of holds cannot be read ({type(error).__name__})",
            where=str(place),
            remedy="Restore it from a backup before anything is deleted, or remove it if no case needs footage",
        ) from error
