"""Finished segments as the rest of the project takes footage: parts of a clip, and what a record tells of coverage."""

from __future__ import annotations

from pathlib import Path

from streams.cut_source import Part
from streams.interface import Coverage, Problem
from streams.packets import probe
from streams.recorder.interface import CloseReason, SegmentRecord
from streams.timeline import to_ns


def part_of(folder: Path, record: SegmentRecord) -> Part:
    """For `streams.cut.cut_joined`: puts the segment's pictures on the line of its session.

    Segments of one session share that line; those of another need a further shift. Raises MediaError where the file
    cannot be read.
    """
    path = folder / record.path
    return Part(path, record.opening.first_pts - probe(path).first_pts)


def coverage_of(record: SegmentRecord) -> Coverage:
    """What the record says, without opening the file: first and last picture, and how it ended. Nothing is decoded."""
    opening, closing = record.opening, record.closing
    problems: tuple[Problem, ...] = ()
    if closing.reason is CloseReason.RECOVERED:
        problems = (Problem(f"it was cut off: {closing.detail}", str(record.path), f"{closing.packets} packets"),)
    last = opening.start.shifted(to_ns(closing.last_pts - opening.first_pts, opening.time_base))
    return Coverage(opening.start, last, packets=closing.packets, frames=0, gaps=(), problems=problems)
