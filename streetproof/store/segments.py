"""Which segments exist, which are held, which were deleted and why. The files are the truth; this finds them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.orm import Session, aliased

from evidence_export.ledger.entry import Kind
from streams.instant import iso_utc
from streams.recorder.interface import SegmentRecord
from streams.recorder.missing import missing_in
from streetproof.store import gaps, holds
from streetproof.store.connection import Connection
from streetproof.store.happenings import Fact, note
from streetproof.store.live_tables import FootageRow, SegmentRow

_RECORD = TypeAdapter(SegmentRecord)
_PRUNE = 5000


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """What deleting a segment, or having deleted it, needs to know of it. Times in ns UTC, size in bytes."""

    camera: str
    sequence: int
    path: Path
    """Relative to the folder of recordings."""
    start_ns: int
    end_ns: int
    size: int
    sha256: str

    @property
    def key(self) -> tuple[str, int]:
        return self.camera, self.sequence


@dataclass(frozen=True, slots=True)
class Deletion:
    """A segment that is deleted, or about to be: when that was decided (ns UTC), and why."""

    segment: StoredSegment
    deleted_ns: int
    why: str
    record: SegmentRecord | None
    """None where only the tombstone is left."""


@dataclass(frozen=True, slots=True)
class Footage:
    """How much of a camera is on disk."""

    segments: int
    bytes: int


class Segments:
    """The segments of all cameras, several million of them: every question is answered by an index."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, records: Sequence[SegmentRecord]) -> int:
        """Enter finished segments and the gaps before them, in one transaction; returns how many were new.

        Entering a segment again changes nothing. Where the index knows another one under its number, the file counts.
        """
        with self._connection.write() as session:
            return sum(_add(session, record) for record in records)

    def between(self, camera: str, from_ns: int, to_ns: int) -> list[SegmentRecord]:
        """Segments on disk that hold anything from `from_ns` to `to_ns` (ns UTC), in order of their numbers."""
        query = (
            sa.select(SegmentRow.record)
            .where(*holds.touched(camera, from_ns, to_ns), SegmentRow.state == "present")
            .order_by(SegmentRow.sequence)
        )
        with self._connection.read() as session:
            return [_RECORD.validate_json(text) for text in session.scalars(query) if text is not None]

    def deleted_between(self, camera: str, from_ns: int, to_ns: int) -> list[Deletion]:
        """The tombstones of that time that are still remembered."""
        query = (
            sa.select(SegmentRow)
            .where(*holds.touched(camera, from_ns, to_ns), SegmentRow.state != "present")
            .order_by(SegmentRow.sequence)
        )
        with self._connection.read() as session:
            return [_deletion(row) for row in session.scalars(query)]

    def last(self, camera: str) -> SegmentRecord | None:
        """The newest segment of a camera, also where it was deleted since: the next one names its hash."""
        query = (
            sa.select(SegmentRow.record)
            .where(SegmentRow.camera == camera)
            .order_by(SegmentRow.sequence.desc())
            .limit(1)
        )
        with self._connection.read() as session:
            text = session.scalar(query)
        return None if text is None else _RECORD.validate_json(text)

    def last_number(self, camera: str) -> int:
        """The highest sequence number that is known of a camera; 0 where there is none."""
        query = sa.select(SegmentRow.sequence).where(SegmentRow.camera == camera)
        with self._connection.read() as session:
            return session.scalar(query.order_by(SegmentRow.sequence.desc()).limit(1)) or 0

    def footage(self) -> dict[str, Footage]:
        """What is on disk, per camera."""
        with self._connection.read() as session:
            return {row.camera: Footage(row.segments, row.bytes) for row in session.scalars(sa.select(FootageRow))}

    def oldest(
        self, limit: int, *, camera: str | None = None, besides: Iterable[str] = (), before_ns: int | None = None
    ) -> list[StoredSegment]:
        """The oldest segments that no hold touches, of one camera or of all `besides` some, begun before `before_ns`
        or ever."""
        query = sa.select(SegmentRow).where(SegmentRow.state == "present", SegmentRow.held == sa.false())
        left_out = list(besides)
        if left_out:
            query = query.where(SegmentRow.camera.not_in(left_out))
        if camera is not None:
            query = query.where(SegmentRow.camera == camera)
        if before_ns is not None:
            query = query.where(SegmentRow.start_ns < before_ns)
        with self._connection.read() as session:
            return [_stored(row) for row in session.scalars(query.order_by(SegmentRow.start_ns).limit(limit))]

    def numbers(self, camera: str) -> list[int]:
        """The numbers of all segments of a camera that should be on disk, in order."""
        query = sa.select(SegmentRow.sequence).where(SegmentRow.camera == camera, SegmentRow.state == "present")
        with self._connection.read() as session:
            return list(session.scalars(query.order_by(SegmentRow.sequence)))

    def begin_deletion(self, doomed: Iterable[tuple[StoredSegment, str]], now_ns: int) -> list[Deletion]:
        """Decide that segments go, each with why. Returns those that do: what is held by now, or gone, does not.

        From here on they count as deleted: nothing is cut from them, and no new hold can touch them.
        """
        decided: list[Deletion] = []
        with self._connection.write() as session:
            for segment, why in doomed:
                row = session.get(SegmentRow, segment.key)
                if row is None or row.state != "present" or row.sha256 != segment.sha256:
                    continue
                if row.held or holds.held(session, row.camera, row.start_ns, row.end_ns):
                    continue
                row.state, row.deleted_ns, row.deleted_why = "deleting", now_ns, why
                note(session, Kind.SEGMENT_DELETED, _named(row), {"sha256": row.sha256, "why": why})
                _count(session, row.camera, -1, -row.size)
                decided.append(_deletion(row))
        return decided

    def finish_deletion(self, gone: Iterable[StoredSegment]) -> None:
        """Their files are gone. Of a camera's newest segment the whole record is kept: the next one follows on it."""
        newer = aliased(SegmentRow)
        is_not_newest = sa.exists().where(newer.camera == SegmentRow.camera, newer.sequence > SegmentRow.sequence)
        with self._connection.write() as session:
            for segment in gone:
                mine = (SegmentRow.camera == segment.camera, SegmentRow.sequence == segment.sequence)
                session.execute(sa.update(SegmentRow).where(*mine, is_not_newest).values(record=None))
                session.execute(
                    sa.update(SegmentRow).where(*mine, SegmentRow.state == "deleting").values(state="deleted")
                )

    def unfinished(self, limit: int) -> list[Deletion]:
        """Segments that were decided to go and whose files may still be there: a crash came between."""
        query = (
            sa.select(SegmentRow)
            .where(SegmentRow.state == "deleting", SegmentRow.held == sa.false())
            .order_by(SegmentRow.start_ns)
            .limit(limit)
        )
        with self._connection.read() as session:
            return [_deletion(row) for row in session.scalars(query)]

    def lost(self, camera: str, numbers: Iterable[int], now_ns: int) -> None:
        """Their files are missing, and nothing here removed them."""
        with self._connection.write() as session:
            for number in numbers:
                row = session.get(SegmentRow, (camera, number))
                if row is not None and row.state == "present":
                    row.state, row.deleted_ns, row.deleted_why, row.held = "deleted", now_ns, "missing", False
                    note(session, Kind.SEGMENT_MISSING, _named(row), {"sha256": row.sha256})
                    _count(session, row.camera, -1, -row.size)

    def forget(self, before_ns: int) -> int:
        """Drop some of the tombstones of footage from before `before_ns`; returns how many. The tombstone files keep
        them. The newest segment of a camera stays."""
        newer = aliased(SegmentRow)
        doomed = (
            sa.select(SegmentRow.camera, SegmentRow.sequence)
            .where(
                SegmentRow.state == "deleted",
                SegmentRow.held == sa.false(),
                SegmentRow.start_ns < before_ns,
                sa.exists().where(newer.camera == SegmentRow.camera, newer.sequence > SegmentRow.sequence),
            )
            .order_by(SegmentRow.start_ns)
            .limit(_PRUNE)
        )
        with self._connection.write() as session:
            keys = list(session.execute(doomed))
            if keys:
                one = sa.delete(SegmentRow).where(
                    SegmentRow.camera == sa.bindparam("of"), SegmentRow.sequence == sa.bindparam("number")
                )
                session.connection().execute(one, [{"of": camera, "number": number} for camera, number in keys])
        return len(keys)

    def recount(self) -> None:
        """Sum up anew what is on disk and which segments are held: after the database was put together from files."""
        sums = sa.select(SegmentRow.camera, sa.func.count(), sa.func.sum(SegmentRow.size)).where(
            SegmentRow.state == "present"
        )
        with self._connection.write() as session:
            session.execute(sa.delete(FootageRow))
            for camera, segments, size in session.execute(sums.group_by(SegmentRow.camera)):
                session.add(FootageRow(camera=camera, segments=segments, bytes=size))
            session.execute(sa.update(SegmentRow).where(SegmentRow.state == "present").values(held=holds.held_by_any()))


def _add(session: Session, record: SegmentRecord) -> int:
    opening, closing = record.opening, record.closing
    row = session.get(SegmentRow, (record.camera, opening.sequence))
    if row is not None and row.sha256 == record.sha256:
        if row.state == "deleted":
            # It was deleted, yet the file is there, perhaps from a backup: what was decided is carried out again.
            row.state, row.record = "deleting", _RECORD.dump_json(record).decode()
        return 0
    if row is None:
        row = SegmentRow(camera=record.camera, sequence=opening.sequence)
        session.add(row)
    elif row.state == "present":
        _count(session, record.camera, -1, -row.size)
    row.session, row.path = opening.session, record.path.as_posix()
    row.start_ns, row.end_ns = opening.start.utc_ns, closing.end.utc_ns
    row.first_pts, row.last_pts = opening.first_pts, closing.last_pts
    row.size, row.sha256, row.sm3, row.previous = record.size, record.sha256, record.sm3, opening.previous
    row.reason = closing.reason.value
    row.record = _RECORD.dump_json(record).decode()
    row.state, row.deleted_ns, row.deleted_why = "present", None, None
    row.held = holds.held(session, record.camera, row.start_ns, row.end_ns)
    session.flush()
    _count(session, record.camera, 1, record.size)
    closed: dict[str, Fact] = {
        "sha256": record.sha256,
        "sm3": record.sm3,
        "bytes": record.size,
        "previous": opening.previous,
        "path": row.path,
        "start": iso_utc(row.start_ns),
        "end": iso_utc(row.end_ns),
    }
    note(session, Kind.SEGMENT_CLOSED, _named(row), closed)
    if opening.gap_before is not None:
        gaps.note(session, opening.gap_before)
    for missing in missing_in(record):
        gaps.note(session, missing)
    gaps.close_open(session, record.camera, opening.start)
    return 1


def _count(session: Session, camera: str, segments: int, size: int) -> None:
    row = session.get(FootageRow, camera)
    if row is None:
        row = FootageRow(camera=camera, segments=0, bytes=0)
        session.add(row)
        session.flush()
    row.segments += segments
    row.bytes += size


def _named(row: SegmentRow) -> str:
    return f"{row.camera}/{row.sequence}"


def _stored(row: SegmentRow) -> StoredSegment:
    return StoredSegment(
        row.camera,
        row.sequence,
        Path(row.path),
        row.start_ns,
        row.end_ns,
        row.size,
        row.sha256,
    )


def _deletion(row: SegmentRow) -> Deletion:
    record = None if row.record is None else _RECORD.validate_json(row.record)
    return Deletion(_stored(row), row.deleted_ns or 0, row.deleted_why or "", record)
