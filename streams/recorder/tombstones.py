"""What a camera's chain says of footage that was deleted: CAMERA/tombstones.jsonl, one line for each stretch.

A line is canonical JSON. It names the segments by number, the hash that the first of them followed on, and the hash of
the last: so the chain can be checked across the hole. Lines are only ever added.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from streams.instant import Instant
from streams.recorder.durable import make_folder, sync_folder
from streams.recorder.errors import RecorderError, from_os
from streams.recorder.interface import SegmentRecord
from streams.recorder.names import check_camera
from streams.recorder.record_json import (
    canonical,
    decimal,
    digest,
    instant_fields,
    integer,
    parse_instant,
    parse_object,
    sentence,
    text,
)

NAME = "tombstones.jsonl"
FORMAT = "streetproof-tombstone/1"
_MAX_LINE = 8 << 10
_MAX_SEQUENCE = 10**12


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Segments `first`..`last` of a camera (both included), deleted together, one following on the other."""

    camera: str
    first: int
    last: int
    previous: str | None
    """SHA-256 that the first one named; None where it was the camera's very first."""
    sha256: str
    """Of the last one: what the segment after it names."""
    start: Instant
    end: Instant
    deleted_ns: int
    """UTC."""
    reason: str


def tombstone(records: Sequence[SegmentRecord], deleted_ns: int, reason: str) -> Tombstone:
    """For consecutive segments of one camera. Raises ValueError where they do not follow on each other."""
    for one, two in pairwise(records):
        follows = two.opening.sequence == one.opening.sequence + 1 and two.opening.previous == one.sha256
        if one.camera != two.camera or not follows:
            raise ValueError(f"{two.path} does not follow on {one.path}")
    first, last = records[0], records[-1]
    return Tombstone(
        camera=first.camera,
        first=first.opening.sequence,
        last=last.opening.sequence,
        previous=first.opening.previous,
        sha256=last.sha256,
        start=first.opening.start,
        end=last.closing.end,
        deleted_ns=deleted_ns,
        reason=sentence(reason),
    )


def bury(folder: Path, stone: Tombstone) -> None:
    """Append a tombstone and bring it to the disk. Do this before the files are removed: a crash between the two leaves
    footage that is said to be deleted, which the next deletion run can see and finish. Raises RecorderError."""
    place = folder / check_camera(stone.camera) / NAME
    line = _line(stone)
    try:
        make_folder(place.parent)
        fresh = not place.exists()
        handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
        with os.fdopen(handle, "r+b") as file:
            fcntl.flock(handle, fcntl.LOCK_EX)
            file.truncate(_whole_lines(file))
            file.seek(0, os.SEEK_END)
            file.write(line)
            file.flush()
            os.fsync(handle)
        if fresh:
            sync_folder(place.parent)
    except OSError as error:
        raise from_os(error, place) from error


def tombstones(folder: Path, camera: str) -> Iterator[Tombstone]:
    """A camera's tombstones in the order in which they were written. A line that was cut off by a crash is left out.

    Raises RecorderError where the file cannot be read or a whole line is damaged.
    """
    place = folder / check_camera(camera) / NAME
    try:
        with place.open("rb") as file:
            number = 0
            while line := file.readline(_MAX_LINE):
                number += 1
                if not line.endswith(b"\n"):
                    if file.read(1):
                        raise _damaged(place, number, "it is too long")
                    return
                try:
                    yield _parse(line)
                except ValueError as error:
                    raise _damaged(place, number, str(error)) from error
    except FileNotFoundError:
        return
    except OSError as error:
        raise from_os(error, place, "read") from error


def _damaged(place: Path, number: int, why: str) -> RecorderError:
    return RecorderError(
        f"line {number} is damaged: {why}", where=str(place), remedy="Restore it from a backup; keep the damaged file"
    )


def _whole_lines(file: BinaryIO) -> int:
    """The length up to the last line end: a line that a crash cut off was never acted upon."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - _MAX_LINE)
    file.seek(start)
    end = file.read().rfind(b"\n")
    return start + end + 1 if end >= 0 else (0 if start == 0 else size)


def _line(stone: Tombstone) -> bytes:
    fields = {
        "format": FORMAT,
        "camera": stone.camera,
        "first": stone.first,
        "last": stone.last,
        "previous": stone.previous,
        "sha256": stone.sha256,
        "start": instant_fields(stone.start),
        "end": instant_fields(stone.end),
        "deleted_ns": str(stone.deleted_ns),
        "reason": stone.reason,
    }
    return canonical(fields) + b"\n"


def _parse(line: bytes) -> Tombstone:
    fields = parse_object(line, FORMAT)
    first = integer(fields, "first", 1, _MAX_SEQUENCE)
    return Tombstone(
        camera=check_camera(text(fields, "camera")),
        first=first,
        last=integer(fields, "last", first, _MAX_SEQUENCE),
        previous=None if fields.get("previous") is None else digest(fields, "previous"),
        sha256=digest(fields, "sha256"),
        start=parse_instant(fields.get("start")),
        end=parse_instant(fields.get("end")),
        deleted_ns=decimal(fields, "deleted_ns"),
        reason=text(fields, "reason"),
    )
