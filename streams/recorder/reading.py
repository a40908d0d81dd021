"""Reading what a finished segment says of itself, and the same of any file that might be one."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import BinaryIO

from streams.recorder.boxes import CLOSING, MAX_HEAD, OPENING, Box, content, walk
from streams.recorder.errors import RecorderError, from_os
from streams.recorder.hashes import hash_file
from streams.recorder.interface import Closing, Opening, SegmentRecord
from streams.recorder.names import relative_of, sequence_of
from streams.recorder.record_json import parse_closing, parse_opening


def read_opening(path: Path) -> Opening | None:
    """The opening of a segment, wherever it lies and whatever it is called; None: it is none of this recorder's.

    Reads the first kilobytes only. Raises ValueError where there is an opening that cannot be believed.
    """
    try:
        with path.open("rb") as file:
            return opening_of(file, file.seek(0, 2))
    except OSError:
        return None


def opening_of(file: BinaryIO, size: int) -> Opening | None:
    """As `read_opening`, from an open file of `size` bytes."""
    box = opening_box(file, size)
    return None if box is None else parse_opening(content(file, box))


def opening_box(file: BinaryIO, size: int) -> Box | None:
    """The box behind `ftyp` and `moov`, where it is an opening."""
    seen: list[bytes] = []
    for box in walk(file, size):
        if seen == [b"ftyp", b"moov"]:
            return box if box.extended == OPENING else None
        seen.append(box.kind)
        if seen != [b"ftyp", b"moov"][: len(seen)] or box.end > MAX_HEAD:
            return None
    return None


def read_facts(path: Path) -> tuple[Opening, Closing]:
    """Opening and closing of a finished segment, without reading all of it. Raises RecorderError."""
    try:
        with path.open("rb") as file:
            return _facts(file, path)
    except OSError as error:
        raise from_os(error, path, "read") from error


def read_record(path: Path) -> SegmentRecord:
    """The record of a finished segment at FOLDER/CAMERA/DAY/NAME. Reads the whole file to hash it.

    Raises RecorderError where it cannot be read, is no segment, has no closing, or stands under another's name.
    """
    try:
        with path.open("rb") as file:
            opening, closing = _facts(file, path)
            hashed = hash_file(file)
    except OSError as error:
        raise from_os(error, path, "read") from error
    other = called_otherwise(path, opening)
    if other is not None:
        raise _unusable(path, other)
    return SegmentRecord(relative_of(path), opening, closing, hashed.size, hashed.sha256, hashed.sm3)


def called_otherwise(path: Path, opening: Opening) -> str | None:
    """What a segment says of itself, where it stands at FOLDER/CAMERA/DAY/NAME under another's name; else None."""
    relative = relative_of(path)
    if len(relative.parts) >= 3 and relative.parts[0] == opening.camera and sequence_of(path.name) == opening.sequence:
        return None
    return f"says that it is number {opening.sequence} of {opening.camera}, and is called otherwise"


def _facts(file: BinaryIO, path: Path) -> tuple[Opening, Closing]:
    size = file.seek(0, 2)
    try:
        opening = opening_of(file, size)
        if opening is None:
            raise _unusable(path, "is no segment of this recorder")
        last = deque(walk(file, size), maxlen=1)
        if not last or last[0].end != size:
            raise _unusable(path, "is damaged: its boxes do not fill it")
        if last[0].extended != CLOSING:
            raise _unusable(path, "has no closing: it was cut off")
        return opening, parse_closing(content(file, last[0]))
    except ValueError as error:
        raise _unusable(path, f"holds a record that cannot be believed ({error})") from error


def _unusable(path: Path, what: str) -> RecorderError:
    return RecorderError(what, where=str(path), remedy="Keep the file aside, and see what the log says of that time")
