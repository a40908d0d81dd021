"""Segments that a crash cut off: back to the last whole fragment, closed, and marked as recovered."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low
from typing import BinaryIO

from streams.errors import MediaError
from streams.packets import PacketStream, probe
from streams.recorder.boxes import CLOSING, MAX_MOOF, Box, content, uuid_box, walk
from streams.recorder.durable import READ_ONLY, lock, publish, sync_folder
from streams.recorder.errors import RecorderError, from_os
from streams.recorder.hashes import hash_file
from streams.recorder.interface import CloseReason, Closing, Opening, SegmentRecord
from streams.recorder.missing import Missing
from streams.recorder.names import DAMAGED, PARTIAL, SUFFIX, cameras, listed, relative_of
from streams.recorder.reading import called_otherwise, opening_box, read_record
from streams.recorder.record_json import closing_bytes, parse_closing, parse_opening
from streams.timeline import to_ns

_LOST_BLOCK = bytes(512)
"""No H.264 or H.265 stream holds so many zero bytes in a row (emulation prevention): a disk lost them."""
_CHUNK = 1 << 20
_MAX_KEPT = 1000


@dataclass(frozen=True, slots=True)
class NotRecovered:
    """A partial segment of which no footage could be brought back."""

    path: Path
    """What it was called."""
    what: str
    kept: Path | None
    """Where its bytes were put aside for people; None: there was no whole fragment in it, and it was removed."""


@dataclass(frozen=True, slots=True)
class _Extent:
    """What is whole in a partial file."""

    opening: Opening
    closing: Closing | None
    end: int
    """Behind the closing, or else behind the last whole fragment."""
    beyond: int
    """Bytes behind that."""


def partials(folder: Path, *, camera: str | None = None) -> Iterator[Path]:
    """Every partial segment below the folder of recordings, each camera's in order, or those of one camera.

    Raises RecorderError.
    """
    try:
        for name in [camera] if camera is not None else cameras(folder) if folder.is_dir() else ():
            for item in listed(folder, name, PARTIAL) if (folder / name).is_dir() else ():
                yield item.path
    except OSError as error:
        raise from_os(error, folder, "read") from error


def recover(path: Path, *, detail: str = "the recorder ended without closing it") -> SegmentRecord | NotRecovered:
    """Make a finished segment of a partial one, FOLDER/CAMERA/DAY/NAME.mp4.partial.

    It is cut behind its last whole fragment, closed as RECOVERED and given its name. Killed at any moment, it can be
    done again; what is finished already is told as it is. What holds no whole fragment is removed; what holds fragments
    that cannot be understood is put aside.

    Raises RecorderError where a process still writes the file, and where the disk does not allow the work.
    """
    if not path.name.endswith(PARTIAL):
        raise ValueError(f"{path} is no partial segment")
    final = path.with_name(path.name.removesuffix(PARTIAL) + SUFFIX)
    try:
        if final.is_file() and not os.path.lexists(path):
            sync_folder(final.parent)
            final.chmod(READ_ONLY)
            return read_record(final)
        return _recover(path, final, detail)
    except OSError as error:
        raise from_os(error, path, "recovered") from error


def quarantine(path: Path) -> Path:
    """Put a file aside under a name that nothing looks for, and return that. Raises OSError."""
    for number in range(_MAX_KEPT):
        aside = path.with_name(f"{path.name}{DAMAGED}{number or ''}")
        if not os.path.lexists(aside):
            path.rename(aside)
            sync_folder(path.parent)
            return aside
    raise FileExistsError(f"{path.name}: {_MAX_KEPT} damaged files of this name are kept already")


def _recover(path: Path, final: Path, detail: str) -> SegmentRecord | NotRecovered:
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    with os.fdopen(handle, "r+b") as file:
        if not lock(handle):
            raise RecorderError(
                "is still being written by another process", where=str(path), remedy="End that process first"
            )
        try:
            extent = _measure(file)
        except ValueError as error:
            return _aside(path, f"its record cannot be believed ({error})")
        if extent is None:
            path.unlink()
            sync_folder(path.parent)
            return NotRecovered(path, "no whole fragment was written", None)
        other = called_otherwise(final, extent.opening)
        if other is not None:
            return _aside(path, f"its record cannot be believed (it {other})")
        file.truncate(extent.end)
        closing = extent.closing
        if closing is None:
            try:
                closing = _closing(
                    path, extent.opening, f"{detail}; {extent.beyond} bytes of a cut-off fragment removed"
                )
            except MediaError as error:
                return _aside(path, f"its fragments cannot be read ({error.what})")
            file.seek(extent.end)
            file.write(uuid_box(CLOSING, closing_bytes(closing)))
        file.flush()
        os.fsync(handle)
        hashed = hash_file(file)
        try:
            publish(path, final)
        except FileExistsError:
            return _aside(path, f"{final.name} exists already")
    return SegmentRecord(relative_of(final), extent.opening, closing, hashed.size, hashed.sha256, hashed.sm3)


def _aside(path: Path, what: str) -> NotRecovered:
    return NotRecovered(path, what, quarantine(path))


def _measure(file: BinaryIO) -> _Extent | None:
    """Walk the boxes. Raises ValueError where fragments follow on an opening that cannot be believed."""
    size = file.seek(0, 2)
    box = opening_box(file, size)
    doubt: ValueError | None = ValueError("there is no opening behind its head")
    opening, start = None, 0
    if box is not None:
        start = box.end
        try:
            opening, doubt = parse_opening(content(file, box)), None
        except ValueError as error:
            doubt = error
    codec_without_zeros = opening is not None and opening.codec in ("h264", "hevc")
    media_end, closing, file_end = 0, None, 0
    fragment: Box | None = None
    for at in walk(file, size):
        if at.start < start:
            continue
        if at.kind == b"moof" and fragment is None and at.size <= MAX_MOOF:
            fragment = at
        elif at.kind == b"mdat" and fragment is not None:
            if codec_without_zeros and _has_lost_block(file, at):
                break
            fragment, media_end, file_end = None, at.end, at.end
        elif at.extended == CLOSING and fragment is None and media_end:
            # Where its length fits but not its content, it was not written whole: the fragments are what counts.
            with suppress(ValueError):
                closing, file_end = parse_closing(content(file, at)), at.end
            break
        elif box is not None:
            break
    if doubt is not None and (media_end or _holds_media(file, 0)):
        raise doubt
    if not media_end and _holds_media(file, 1):
        raise ValueError("the beginning of its media is damaged")
    return _Extent(opening, closing, file_end, size - file_end) if opening is not None and media_end else None


def _holds_media(file: BinaryIO, beyond: int) -> bool:
    """Whether there are more than so many boxes of media, or what looks like it: then it is not ours to remove."""
    count, tail = 0, b""
    file.seek(0)
    while chunk := file.read(_CHUNK):
        count += (tail + chunk).count(b"mdat")
        tail = chunk[-3:]
    return count > beyond


def _has_lost_block(file: BinaryIO, box: Box) -> bool:
    position, tail = box.start + box.header, b""
    file.seek(position)
    while position < box.end:
        chunk = file.read(min(_CHUNK, box.end - position))
        if not chunk or _LOST_BLOCK in tail + chunk:
            return True
        position += len(chunk)
        tail = chunk[-len(_LOST_BLOCK) + 1 :]
    return False


def _closing(path: Path, opening: Opening, detail: str) -> Closing:
    """From the packets that are left. Raises MediaError where there are none."""
    probed = probe(path)
    shift = opening.first_pts - probed.first_pts
    packets, highest, last = 0, opening.first_pts, None
    steps: list[int] = []
    missing = Missing(opening.time_base)
    with PacketStream(path, ordinal=probed.ordinal) as stream:
        for timed in stream:
            packets += 1
            highest = max(highest, timed.pts + shift)
            # What is usual is not known yet: the floor of half a second decides.
            missing.add(timed.pts + shift, timed.dts, 0)
            if last is not None and len(steps) < _MAX_KEPT:
                steps.append(timed.dts - last)
            last = timed.dts
        interval = median_low(steps) if steps else stream.typical
    end = opening.start.shifted(to_ns(highest + max(1, interval) - opening.first_pts, opening.time_base))
    return Closing(CloseReason.RECOVERED, packets, highest, end, None, detail, missing.stretches)
