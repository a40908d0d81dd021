"""What segments are called: FOLDER/CAMERA/YYYY-MM-DD/CAMERA_YYYYMMDDTHHMMSS.mmmZ_SEQUENCE.mp4, in UTC."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from streams.instant import Instant, to_datetime
from streams.recorder.record_json import CAMERA

SUFFIX = ".mp4"
PARTIAL = ".mp4.partial"
DAMAGED = ".damaged"
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NAME = re.compile(
    r"(?P<camera>.+)_\d{8}T\d{6}\.\d{3}Z_(?P<sequence>\d{8,12})(?P<suffix>\.mp4|\.mp4\.partial)", re.ASCII
)


class Listed(NamedTuple):
    """A file by its name alone; sorts in the order of the chain."""

    sequence: int
    path: Path


def check_camera(camera: str) -> str:
    """The id itself; raises ValueError for one that would not be safe as the name of a folder."""
    if not CAMERA.fullmatch(camera):
        raise ValueError(f"{camera!r} is no camera id: letters, digits, '.', '_' and '-', not beginning with '.'")
    return camera


def relative_path(camera: str, start: Instant, sequence: int) -> Path:
    """Of a finished segment, below the folder of recordings. The time is there for people; the record decides."""
    at = to_datetime(start.utc_ns)
    stamp = f"{at:%Y%m%dT%H%M%S}.{at.microsecond // 1000:03d}Z"
    return Path(check_camera(camera), f"{at:%Y-%m-%d}", f"{camera}_{stamp}_{sequence:08d}{SUFFIX}")


def partial_of(path: Path) -> Path:
    """The name while a segment is being written."""
    return path.with_name(path.name.removesuffix(SUFFIX) + PARTIAL)


def relative_of(path: Path) -> Path:
    """A segment's path below the folder of recordings, from its whole path."""
    return Path(*path.parts[-3:])


def sequence_of(name: str) -> int | None:
    """From the name of a finished or partial segment; None for any other name."""
    match = _NAME.fullmatch(name)
    return None if match is None else int(match["sequence"])


def cameras(folder: Path) -> list[str]:
    """Cameras with a folder of their own, sorted. Raises OSError."""
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if CAMERA.fullmatch(e.name) and e.is_dir(follow_symlinks=False))


def listed(folder: Path, camera: str, suffix: str = SUFFIX) -> list[Listed]:
    """A camera's files that end in `suffix` (SUFFIX or PARTIAL), in the order of the chain. Raises OSError."""
    return sorted(_files(folder / check_camera(camera), camera, suffix))


def _files(folder: Path, camera: str, suffix: str) -> Iterator[Listed]:
    with os.scandir(folder) as days:
        for day in days:
            if not _DAY.fullmatch(day.name) or not day.is_dir(follow_symlinks=False):
                continue
            with os.scandir(day.path) as entries:
                for entry in entries:
                    match = _NAME.fullmatch(entry.name)
                    # Never through a link: what it points at was not written here.
                    ours = match is not None and match["suffix"] == suffix and match["camera"] == camera
                    if match is not None and ours and entry.is_file(follow_symlinks=False):
                        yield Listed(int(match["sequence"]), Path(entry.path))
