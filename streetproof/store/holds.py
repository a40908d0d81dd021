"""Legal holds: time of a camera that is not deleted until whoever needs it lets go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from evidence_export.ledger.entry import Kind
from streams.instant import NS_PER_S, iso_utc
from streetproof.store.case_holds import is_held
from streetproof.store.connection import Connection, StoreError
from streetproof.store.happenings import Fact, note
from streetproof.store.live_tables import HoldRow, SegmentRow

LONGEST_NS = 24 * 3600 * NS_PER_S
"""No segment is longer. The recorder closes one after some minutes, whatever comes."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Footage of `camera` from `start_ns` to `end_ns` (UTC, both included) that `case_id` needs."""

    case_id: str
    camera: str
    start_ns: int
    end_ns: int
    reason: str

    def __post_init__(self) -> None:
        if self.end_ns < self.start_ns:
            raise ValueError(f"a hold ends before it begins: {self.start_ns} to {self.end_ns}")

    def touches(self, camera: str, start_ns: int, end_ns: int) -> bool:
        """Whether footage of that time belongs to it; also where they only meet."""
        return self.camera == camera and self.start_ns <= end_ns and self.end_ns >= start_ns


class Holds:
    """All holds. Placing and releasing them marks the segments they touch."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def place(self, hold: Hold) -> int:
        """Hold footage, also such that is still to be recorded. Returns how many segments are there now.

        Placing the same hold again changes nothing. What was deleted before stays deleted.
        """
        with self._connection.write() as session:
            return place(session, hold)

    def release(self, case_id: str, why: str | None = None) -> int:
        """Let go of everything held for `case_id`; returns how many holds that were. Footage becomes deletable where
        no other hold touches it. `why`: as the ledger will say it.

        Raises StoreError while a legal hold is on the case.
        """
        with self._connection.write() as session:
            if is_held(session, case_id):
                raise StoreError(
                    "a legal hold is on this case, which keeps its footage as well",
                    where=case_id,
                    remedy="Lift it with `streetproof retention lift` once it is over",
                )
            return release(session, case_id, why)

    def of(self, case_id: str) -> list[Hold]:
        """What is held for a case, oldest first."""
        query = sa.select(HoldRow).where(HoldRow.case_id == case_id).order_by(HoldRow.start_ns, HoldRow.camera)
        with self._connection.read() as session:
            return [_hold(row) for row in session.scalars(query)]

    def all(self) -> list[Hold]:
        """Every hold."""
        with self._connection.read() as session:
            return [_hold(row) for row in session.scalars(sa.select(HoldRow).order_by(HoldRow.id))]


def place(session: Session, hold: Hold) -> int:
    """Place a hold inside a transaction; see `Holds.place`."""
    same = sa.select(HoldRow.id).where(
        HoldRow.case_id == hold.case_id,
        HoldRow.camera == hold.camera,
        HoldRow.start_ns == hold.start_ns,
        HoldRow.end_ns == hold.end_ns,
    )
    if session.scalar(same) is None:
        session.add(
            HoldRow(
                case_id=hold.case_id,
                camera=hold.camera,
                start_ns=hold.start_ns,
                end_ns=hold.end_ns,
                reason=hold.reason,
            )
        )
        session.flush()
        span = {"camera": hold.camera, "from": iso_utc(hold.start_ns), "to": iso_utc(hold.end_ns), "why": hold.reason}
        note(session, Kind.HOLD_PLACED, hold.case_id, span)
    there = sa.and_(*touched(hold.camera, hold.start_ns, hold.end_ns), SegmentRow.state == "present")
    session.execute(sa.update(SegmentRow).where(there).values(held=True))
    return session.scalar(sa.select(sa.func.count()).select_from(SegmentRow).where(there)) or 0


def release(session: Session, case_id: str, why: str | None = None) -> int:
    """Release holds inside a transaction, whatever else holds the case; see `Holds.release`."""
    rows = list(session.scalars(sa.select(HoldRow).where(HoldRow.case_id == case_id)))
    session.execute(sa.delete(HoldRow).where(HoldRow.case_id == case_id))
    if rows:
        told: dict[str, Fact] = {"holds": len(rows)}
        note(session, Kind.HOLD_LIFTED, case_id, told if why is None else {**told, "why": why})
    for row in rows:
        session.execute(
            sa.update(SegmentRow)
            .where(*touched(row.camera, row.start_ns, row.end_ns), sa.not_(held_by_any()))
            .values(held=False)
        )
    return len(rows)


def held(session: Session, camera: str, start_ns: int, end_ns: int) -> bool:
    """Whether any hold touches footage of that time."""
    query = sa.select(HoldRow.id).where(
        HoldRow.camera == camera, HoldRow.start_ns <= end_ns, HoldRow.end_ns >= start_ns
    )
    return session.scalar(query.limit(1)) is not None


def held_by_any() -> sa.Exists:
    """The condition that a hold touches the segment of an enclosing statement: from the holds, not from its mark."""
    return sa.exists().where(
        HoldRow.camera == SegmentRow.camera,
        HoldRow.start_ns <= SegmentRow.end_ns,
        HoldRow.end_ns >= SegmentRow.start_ns,
    )


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans of time as few as cover the same, in order; spans that meet become one."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out


def touched(camera: str, start_ns: int, end_ns: int) -> tuple[sa.ColumnElement[bool], ...]:
    """The conditions for segments of `camera` that reach into the time from `start_ns` to `end_ns`."""
    return (
        SegmentRow.camera == camera,
        # The index knows starts: without a lower bound it would be read from the camera's first day on.
        SegmentRow.start_ns >= start_ns - LONGEST_NS,
        SegmentRow.start_ns <= end_ns,
        SegmentRow.end_ns >= start_ns,
    )


def _hold(row: HoldRow) -> Hold:
    return Hold(row.case_id, row.camera, row.start_ns, row.end_ns, row.reason)
