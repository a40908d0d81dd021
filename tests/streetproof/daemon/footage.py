"""Records of segments that were never recorded, chained as real ones are, and files of their size where wanted."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

from streams.instant import NS_PER_S, Instant, TimeSource
from streams.recorder.interface import ClockStatement, CloseReason, Closing, GapStatement, Opening, SegmentRecord
from streams.recorder.names import relative_path

T0 = 1_793_577_600 * NS_PER_S
"""2026-11-02T00:00:00Z."""
LENGTH_NS = 10 * NS_PER_S
CLOCK = ClockStatement(None, None, None, None, ("camera_offset_unknown", "server_offset_unknown"))


def at(ns: int) -> Instant:
    return Instant(ns, TimeSource.RTCP_SR, 1_000_000)


def content(camera: str, sequence: int, size: int = 1000) -> bytes:
    return f"{camera}/{sequence}".encode().ljust(size, b".")


def segment(
    camera: str = "gate-1",
    sequence: int = 1,
    *,
    start_ns: int | None = None,
    size: int = 1000,
    gap: GapStatement | None = None,
    reason: CloseReason = CloseReason.FULL,
) -> SegmentRecord:
    """Number `sequence` of a camera; by default each begins where the one before it ends, the first at T0."""
    start = at(T0 + (sequence - 1) * LENGTH_NS if start_ns is None else start_ns)
    digest = hashlib.sha256(content(camera, sequence, size)).hexdigest()
    previous = hashlib.sha256(content(camera, sequence - 1, size)).hexdigest() if sequence > 1 else None
    opening = Opening(
        site="site-1",
        camera=camera,
        session="s1",
        sequence=sequence,
        previous=previous,
        start=start,
        first_pts=(sequence - 1) * 900_000,
        time_base=Fraction(1, 90_000),
        codec="h264",
        width=1920,
        height=1080,
        protocol="rtsp/tcp",
        clock=CLOCK,
        gap_before=gap,
    )
    closing = Closing(reason, 250, sequence * 900_000 - 3600, start.shifted(LENGTH_NS), "0" * 64, "")
    return SegmentRecord(relative_path(camera, start, sequence), opening, closing, size, digest, "0" * 64)


def chain(count: int, camera: str = "gate-1", *, size: int = 1000) -> list[SegmentRecord]:
    return [segment(camera, number, size=size) for number in range(1, count + 1)]


def write(folder: Path, records: list[SegmentRecord]) -> None:
    """Files for them. What is in them is not footage."""
    for record in records:
        path = folder / record.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(record.camera, record.opening.sequence, record.size))
