"""What the daemon left on disk, put to the questions that a court would ask: is it whole, and is what is missing said?

- every file is what it says it is, and the chain of each camera is unbroken;
- nothing overlaps; where one segment does not begin where the one before it ends, a gap is stated with start, end and
  cause, in the file and in the database alike, and the database states no others;
- the database knows the segments that are there, and no others.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import sqlalchemy as sa

from evidence_export.ledger import check as ledger_check
from evidence_export.ledger.entry import Kind, read_entry
from streams.instant import NS_PER_S
from streams.live.interface import FaultKind
from streams.recorder.chain import check_chain, scan
from streams.recorder.interface import GapStatement, SegmentRecord
from streams.recorder.missing import missing_in
from streams.recorder.names import cameras
from streams.recorder.tombstones import tombstones
from streams.timeline import to_ns
from streetproof.databases.opening import ledger_of, state_of, url_of
from streetproof.databases.place import read_place

CAUSES = frozenset(FaultKind) | {
    "started",
    "stopped",
    "crashed",
    "overflow",
    "clock",
    "reload",
    "frames_missing",
    "handover",
}
_SLEW_NS = 12_000_000
"""A line may move so much between two segments (docs/time.md)."""
_STALL_NS = 2 * NS_PER_S
"""Without a picture for longer, a stream has stalled, and that is a gap."""


@dataclass(frozen=True)
class Gap:
    """A row of the database."""

    start_ns: int | None
    end_ns: int | None
    cause: str


def check(data: Path) -> None:
    """All of it, for every camera."""
    folder = data / "recordings"
    for camera in cameras(folder):
        found = records(data, camera)
        stones = tombstones(folder, camera)
        assert check_chain(found, stones) == []
        assert _indexed(data, camera) == {(one.opening.sequence, one.sha256) for one in found}, "the index is wrong"
        stated = _stated(found)
        noted = gaps(data, camera)
        over = {one for one in noted if one.end_ns is not None}
        assert over == stated, f"files and database state different gaps: {sorted(map(str, over ^ stated))}"
        _check_last(found, [one for one in noted if one.end_ns is None])


def records(data: Path, camera: str = "gate-1") -> list[SegmentRecord]:
    """The segments of a camera, in the order of the chain, read from the files alone."""
    found: list[SegmentRecord] = []
    for one in scan(data / "recordings", camera=camera):
        assert isinstance(one, SegmentRecord), one
        found.append(one)
    return found


def gaps(data: Path, camera: str = "gate-1") -> list[Gap]:
    """What the database says was missed, oldest first."""
    query = "SELECT start_ns, end_ns, cause FROM gap WHERE camera = ? ORDER BY coalesce(start_ns, -1), id"
    return [Gap(*row) for row in rows(data, query, camera)]


def breaks(found: list[SegmentRecord]) -> list[GapStatement]:
    """The gaps that the files state."""
    return [one.opening.gap_before for one in found if one.opening.gap_before is not None]


def sessions(found: list[SegmentRecord]) -> dict[str, list[SegmentRecord]]:
    """Segments by connection, in order."""
    by: dict[str, list[SegmentRecord]] = {}
    for one in found:
        by.setdefault(one.opening.session, []).append(one)
    return by


def _stated(found: list[SegmentRecord]) -> set[Gap]:
    """The gaps that the files state, each of which must be exactly what lies between two segments."""
    stated = {
        Gap(gap.start.utc_ns, gap.end.utc_ns, gap.cause)
        for one in found
        for gap in missing_in(one)
        if gap.start is not None and gap.end is not None
    }
    if found and found[0].opening.sequence == 1:
        first = found[0].opening.gap_before
        assert first is not None and first.start is None, "nothing is said of the time before the first segment"
        stated.add(Gap(None, found[0].opening.start.utc_ns, first.cause))
    for one, two in pairwise(found):
        start, end = one.closing.end, two.opening.start
        gap = two.opening.gap_before
        where = f"between {one.path.name} and {two.path.name}"
        if gap is None:
            assert one.opening.session == two.opening.session, f"two sessions, and no gap, {where}"
            step_ns = to_ns(two.opening.first_pts - one.closing.last_pts, two.opening.time_base)
            assert 0 < step_ns < _STALL_NS, f"{step_ns} ns of the line are missing {where}"
            media_ns = to_ns(two.opening.first_pts - one.opening.first_pts, one.opening.time_base)
            moved_ns = two.opening.start.utc_ns - one.opening.start.utc_ns - media_ns
            # A line may go ahead where a clock was set while nothing was timed; its first segment says so.
            put_right = moved_ns > 0 and "host_clock_stepped" in two.opening.clock.flags
            assert abs(moved_ns) <= _SLEW_NS or put_right, f"the line moves by {moved_ns} ns {where}"
            continue
        assert (gap.start, gap.end) == (start, end), f"the gap is not what lies {where}: {gap}"
        assert gap.cause in CAUSES and gap.detail, gap
        assert gap.cause == "clock" or start.utc_ns <= end.utc_ns, f"segments overlap {where}"
        stated.add(Gap(start.utc_ns, end.utc_ns, gap.cause))
    return stated


def _check_last(found: list[SegmentRecord], lasting: list[Gap]) -> None:
    """After the end, one gap lasts: since the last picture."""
    assert len(lasting) == 1, f"after the end one gap lasts, not {lasting}"
    assert lasting[0].start_ns == (found[-1].closing.end.utc_ns if found else None), "it lasts since another time"


def _indexed(data: Path, camera: str) -> set[tuple[int, str]]:
    query = "SELECT sequence, sha256 FROM segment WHERE camera = ? AND state = 'present'"
    return {(int(sequence), str(sha256)) for sequence, sha256 in rows(data, query, camera)}


def rows(data: Path, query: str, *values: object) -> list[tuple[object, ...]]:
    """What the state database answers."""
    place = read_place(data)
    if place is None:
        engine = sa.create_engine(sa.URL.create("sqlite", database=str(data / "state.db")))
    else:
        engine, query = sa.create_engine(url_of(place.database, data)), query.replace("?", "%s")
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query, values)]
    finally:
        engine.dispose()


def check_ledger(data: Path, found: list[SegmentRecord]) -> None:
    """Whatever stood in its way, the ledger has every segment by the end, and is in order."""
    with state_of(data) as store, ledger_of(data) as ledger:
        assert store.happenings.waiting() == 0
        entries = [read_entry(row.entry).happening for row in ledger.rows()]
        closed = {one.data["sha256"] for one in entries if one.kind is Kind.SEGMENT_CLOSED}
        assert {one.sha256 for one in found} <= closed
        signed = {ledger_check.Fault.UNSIGNED}  # the site's key is not looked for here
        assert {finding.fault for finding in ledger_check.check(ledger, [])} <= signed
