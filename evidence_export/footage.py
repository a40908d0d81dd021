"""The seam to the recordings: exact pictures, and ranges of original packets."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from evidence_export.case import Recording
from evidence_export.errors import SealError
from streams.archive.clock import TimeRules
from streams.archive.reader import open_archive
from streams.cut import Cut, cut
from streams.instant import Instant, TimeSource
from streams.interface import DecodeLevel, Image, MediaInfo


class Footage(Protocol):
    """One recording, on the clock that it was observed with. pts are those of the recording."""

    @property
    def info(self) -> MediaInfo: ...

    @property
    def first_pts(self) -> int: ...

    def instant_of(self, pts: int) -> Instant: ...

    def pts_of(self, utc_ns: int) -> int: ...

    def picture(self, pts: int) -> Image:
        """The frame of exactly that pts, H x W x 3 BGR uint8. Raises SealError where there is none."""

    def cut(self, first_pts: int, last_pts: int, out: Path) -> Cut:
        """Stream-copy what shows that range, from the keyframe it needs. Raises StreamsError."""


class ArchiveFootage:
    """An archived file."""

    def __init__(self, recording: Recording, camera: str) -> None:
        """Raises StreamsError where the file cannot be read."""
        self._file = open_archive(
            recording.path, camera, TimeRules(order=(TimeSource.OPERATOR,), start=recording.start)
        )

    @property
    def info(self) -> MediaInfo:
        return self._file.info

    @property
    def first_pts(self) -> int:
        return self._file.first_pts

    def instant_of(self, pts: int) -> Instant:
        return self._file.instant_of(pts)

    def pts_of(self, utc_ns: int) -> int:
        return self._file.pts_of(utc_ns)

    def picture(self, pts: int) -> Image:
        for frame in self._file.frames(DecodeLevel.EVERY_FRAME, pts_range=(pts, pts)):
            if frame.pts == pts:
                return frame.image
        raise SealError(
            f"there is no frame with pts {pts}, though something was seen in it",
            where=str(self._file.path),
            remedy="Observe the recording again: it is not the one that was looked at, or its start was another",
        )

    def cut(self, first_pts: int, last_pts: int, out: Path) -> Cut:
        return cut(self._file.path, first_pts, last_pts, out)
