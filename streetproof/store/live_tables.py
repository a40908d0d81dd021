"""The tables of the daemon. Times are integer nanoseconds UTC. Footage and what it says of itself live in files; these
rows find them. A row's `record` is JSON that only the class of its topic reads and writes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from streetproof.store.tables import Base

_NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by themselves, in 64 bits, only where the column is of its type INTEGER."""


class SegmentRow(Base):
    """One segment: recorded, about to be deleted, or deleted and then a tombstone."""

    __tablename__ = "segment"
    __table_args__ = (
        Index("ix_segment_start", "camera", "start_ns"),
        # Deletable footage, oldest first: of one camera, and of all.
        Index("ix_segment_camera_age", "state", "held", "camera", "start_ns"),
        Index("ix_segment_age", "state", "held", "start_ns"),
    )

    camera: Mapped[str] = mapped_column(String(64), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    session: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(Text)
    """Relative to the folder of recordings."""
    start_ns: Mapped[int] = mapped_column(BigInteger)
    end_ns: Mapped[int] = mapped_column(BigInteger)
    first_pts: Mapped[int] = mapped_column(BigInteger)
    last_pts: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    sm3: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(20))
    record: Mapped[str | None] = mapped_column(Text)
    """The whole SegmentRecord; None once deleted, except of a camera's newest segment, which the next one names."""
    state: Mapped[str] = mapped_column(String(10))
    """`present`, `deleting` (decided, the file may still be there) or `deleted`."""
    held: Mapped[bool] = mapped_column(Boolean)
    """Whether a hold touches it. Follows from the holds; kept here so that held footage costs a search nothing."""
    deleted_ns: Mapped[int | None] = mapped_column(BigInteger)
    deleted_why: Mapped[str | None] = mapped_column(String(40))


class FootageRow(Base):
    """How much of a camera is on disk: what summing up its segments would give."""

    __tablename__ = "footage"

    camera: Mapped[str] = mapped_column(String(64), primary_key=True)
    segments: Mapped[int] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)


class GapRow(Base):
    """A stretch without recording. One per camera and start."""

    __tablename__ = "gap"
    __table_args__ = (
        UniqueConstraint("camera", "start_ns", name="uq_gap_start"),
        Index("ix_gap_end", "camera", "end_ns"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    camera: Mapped[str] = mapped_column(String(64))
    start_ns: Mapped[int | None] = mapped_column(BigInteger)
    """None: nothing was recorded before."""
    end_ns: Mapped[int | None] = mapped_column(BigInteger)
    """None while it lasts."""
    cause: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    record: Mapped[str] = mapped_column(Text)


class HoldRow(Base):
    """A legal hold: footage of a camera from `start_ns` to `end_ns`, both included, is not deleted."""

    __tablename__ = "hold"
    __table_args__ = (
        UniqueConstraint("case_id", "camera", "start_ns", "end_ns", name="uq_hold"),
        Index("ix_hold_camera", "camera", "start_ns"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    case_id: Mapped[str] = mapped_column(String(64))
    """Of the case, or `finding-N` before it is sealed."""
    camera: Mapped[str] = mapped_column(String(64))
    start_ns: Mapped[int] = mapped_column(BigInteger)
    end_ns: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)


class EngineStateRow(Base):
    """What the engine knew of a camera after its last sample."""

    __tablename__ = "engine_state"

    camera: Mapped[str] = mapped_column(String(64), primary_key=True)
    rules_sha256: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(Text)
    at_ns: Mapped[int] = mapped_column(BigInteger)


class FindingRow(Base):
    """A violation that fired, on its way to becoming a sealed case."""

    __tablename__ = "finding"
    __table_args__ = (
        UniqueConstraint("camera", "stay", "rule", name="uq_finding"),
        Index("ix_finding_due", "state", "due_ns"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    camera: Mapped[str] = mapped_column(String(64))
    stay: Mapped[str] = mapped_column(String(64))
    rule: Mapped[str] = mapped_column(String(64))
    zone: Mapped[str] = mapped_column(String(64))
    violation_json: Mapped[str] = mapped_column(Text)
    stay_json: Mapped[str] = mapped_column(Text)
    context: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))
    due_ns: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(Integer)
    error: Mapped[str | None] = mapped_column(Text)
    case_id: Mapped[str | None] = mapped_column(String(64))
    bundle: Mapped[str | None] = mapped_column(Text)


class NoticeRow(Base):
    """A notice that somebody has not taken yet."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_created", "created_ns"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    body: Mapped[str] = mapped_column(Text)
    created_ns: Mapped[int] = mapped_column(BigInteger)


class DeliveryRow(Base):
    """That a notice still has to go to a target. Gone once it is there."""

    __tablename__ = "notice_delivery"
    __table_args__ = (Index("ix_delivery_order", "target", "created_ns"),)

    notice: Mapped[str] = mapped_column(ForeignKey("notice.id", ondelete="CASCADE"), primary_key=True)
    target: Mapped[str] = mapped_column(String(80), primary_key=True)
    created_ns: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(Integer)
    not_before_ns: Mapped[int] = mapped_column(BigInteger)
    error: Mapped[str | None] = mapped_column(String(200))


class ViewFaultRow(Base):
    """A time during which a camera's view could not be trusted."""

    __tablename__ = "view_fault"
    __table_args__ = (UniqueConstraint("camera", "kind", "since_ns", name="uq_view_fault"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    camera: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(20))
    since_ns: Mapped[int] = mapped_column(BigInteger)
    until_ns: Mapped[int | None] = mapped_column(BigInteger)


class RecheckRow(Base):
    """One look at the place of a case at a given time. One per case and time."""

    __tablename__ = "recheck"
    __table_args__ = (UniqueConstraint("case_id", "due_ns"), Index("ix_recheck_state", "state", "try_ns"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    case_id: Mapped[str] = mapped_column(String(64))
    camera: Mapped[str] = mapped_column(String(64))
    bundle: Mapped[str] = mapped_column(Text)
    """Relative to the data folder."""
    config: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the site file that was in force when the rule fired."""
    due_ns: Mapped[int] = mapped_column(BigInteger)
    window_ns: Mapped[int] = mapped_column(BigInteger)
    """From `due_ns` on, for so long."""
    state: Mapped[str] = mapped_column(String(10))
    try_ns: Mapped[int] = mapped_column(BigInteger)
    """When it is to be done, or tried again."""
    attempts: Mapped[int] = mapped_column(Integer)
    verdict: Mapped[str | None] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(20))
    folder: Mapped[str | None] = mapped_column(Text)
    """Of the evidence, relative to the data folder."""
    error: Mapped[str | None] = mapped_column(Text)


class CaseHoldRow(Base):
    """A legal hold on a whole case: nothing of it is deleted until this one, and every other, is lifted."""

    __tablename__ = "case_hold"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    case_id: Mapped[str] = mapped_column(String(64), index=True)
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(500))
    placed_ns: Mapped[int] = mapped_column(BigInteger)


class DeletedCaseRow(Base):
    """The tombstone of a case: that it was, and why it is no more. Nothing of it names a vehicle or a person."""

    __tablename__ = "deleted_case"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    case_id: Mapped[str] = mapped_column(String(64), index=True)
    site: Mapped[str] = mapped_column(String(200))
    camera: Mapped[str] = mapped_column(String(200))
    rule: Mapped[str] = mapped_column(String(200))
    stay: Mapped[str] = mapped_column(String(64))
    place: Mapped[str] = mapped_column(String(200))
    arrived_ns: Mapped[int] = mapped_column(BigInteger)
    last_seen_ns: Mapped[int] = mapped_column(BigInteger)
    bundle: Mapped[str] = mapped_column(Text)
    manifest_sha256: Mapped[str] = mapped_column(String(64))
    cls: Mapped[str] = mapped_column(String(20))
    """Its retention class."""
    due: Mapped[str] = mapped_column(String(10))
    """The last day that it was to be kept, at the site."""
    by: Mapped[str] = mapped_column(String(500))
    decided_ns: Mapped[int] = mapped_column(BigInteger)
    ledger_from: Mapped[int] = mapped_column(BigInteger)
    """How long the ledger was when it was judged: what came after was not looked at."""
    exhibits: Mapped[str] = mapped_column(Text)
    """SHA-256 of its exhibits, JSON; those that no other case names go with it."""
    state: Mapped[str] = mapped_column(String(10))
    """`decided` (nothing is gone yet), `removing` (it is no case any more, files may be there) or `deleted`."""


class HappeningRow(Base):
    """Something that happened and that the ledger does not have yet. Numbers are never used again."""

    __tablename__ = "happening"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(_NUMBER, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(40))
    at_ns: Mapped[int] = mapped_column(BigInteger)
    by: Mapped[str] = mapped_column(String(500))
    about: Mapped[str] = mapped_column(Text)
    data: Mapped[str] = mapped_column(Text)
    """JSON: whatever makes it checkable."""


class HappeningSourceRow(Base):
    """The name of this database in the ledger; one row."""

    __tablename__ = "happening_source"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(32))
