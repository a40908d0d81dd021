"""The tables. Times are integer nanoseconds UTC. Nothing here is evidence, bundles are."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_NAME = String(200).with_variant(Text(), "postgresql")
"""Site files may give longer ones, and SQLite takes them as they are."""


class Base(DeclarativeBase):
    """Common base of all tables."""


class RecordingRow(Base):
    """One archived file as it was when it was read; spares hashing it again while it has not changed."""

    __tablename__ = "recording"

    path: Mapped[str] = mapped_column(Text, primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    changed_ns: Mapped[int] = mapped_column(BigInteger)
    """When the file system last saw it change (ctime): copying an old date onto it does not hide a change."""
    sha256: Mapped[str] = mapped_column(String(64), index=True)


class RunRow(Base):
    """One invocation of `batch`."""

    __tablename__ = "run"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    started_ns: Mapped[int] = mapped_column(BigInteger)
    finished_ns: Mapped[int | None] = mapped_column(BigInteger)
    """None while it runs, and for ever where it was killed."""
    config_sha256: Mapped[str] = mapped_column(String(64))
    exit_code: Mapped[int | None]


class CaseRow(Base):
    """One sealed case. The bundle is the truth; this row finds it."""

    __tablename__ = "case"
    __table_args__ = (Index("ix_case_camera", "camera", "rule", "arrived_ns"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    site: Mapped[str] = mapped_column(String(200))
    camera: Mapped[str] = mapped_column(String(200))
    rule: Mapped[str] = mapped_column(String(200))
    zone: Mapped[str] = mapped_column(String(200))
    stay: Mapped[str] = mapped_column(String(64))
    place: Mapped[str] = mapped_column(String(200))
    """x1, y1, x2, y2 as fractions of the image, JSON."""
    arrived_ns: Mapped[int] = mapped_column(BigInteger)
    last_seen_ns: Mapped[int] = mapped_column(BigInteger)
    bundle: Mapped[str] = mapped_column(Text)
    """Path of the bundle, relative to the output folder."""
    run: Mapped[int | None] = mapped_column(ForeignKey("run.id"))


class VehicleRow(Base):
    """What was read of the plate of one case: the ledger of vehicles (违停车辆台账).

    The bundle is the truth; this row is made from its `plate` and found by it. It names no parent row: a database that
    was lost is filled again in any order.
    """

    __tablename__ = "vehicle"
    __table_args__ = (
        Index("ix_vehicle_plate", "plate", "arrived_ns"),
        Index("ix_vehicle_arrived", "arrived_ns", "case_id"),
    )

    case_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    site: Mapped[str] = mapped_column(String(200))
    timezone: Mapped[str] = mapped_column(String(64))
    """IANA name of the site's zone, in which people are shown times."""
    camera: Mapped[str] = mapped_column(String(200))
    camera_name: Mapped[str] = mapped_column(_NAME)
    zone: Mapped[str] = mapped_column(String(200))
    zone_name: Mapped[str] = mapped_column(_NAME)
    rule: Mapped[str] = mapped_column(String(200))
    arrived_ns: Mapped[int] = mapped_column(BigInteger)
    last_seen_ns: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(20))
    """`certain`, `uncertain` or `none_found`."""
    plate: Mapped[str | None] = mapped_column(String(100))
    """As it was read, uncertain or not; None where nothing was."""
    length: Mapped[int] = mapped_column(Integer)
    """Characters of `plate`; 0 where there are none."""
    colour: Mapped[str | None] = mapped_column(String(10))
    reading: Mapped[str] = mapped_column(Text)
    """The whole statement of the bundle, JSON: characters with confidences, doubts, close-up."""
