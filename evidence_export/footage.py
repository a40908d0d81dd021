"""The seam to the recordings: exact pictures, and ranges of original packets."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median_low
from typing import Protocol

from evidence_export.case import Recording, SegmentFacts
from evidence_export.errors import SealError
from streams.archive.clock import TimeRules
from streams.archive.reader import open_archive
from streams.cut import Cut, cut, cut_joined
from streams.cut_source import Part
from streams.instant import NS_PER_S, Instant, TimeSource
from streams.interface import DecodeLevel, Gap, Image, MediaInfo, Problem
from streams.packets import PacketStream, Probe, survey
from streams.timeline import GAP_FACTOR, ticks, to_ns


@dataclass(frozen=True, slots=True)
class Contents:
    """What the packets of a recording tell when all are read, undecoded. `last_pts` is the highest."""

    packets: int
    last_pts: int
    gaps: tuple[Gap, ...]
    problems: tuple[Problem, ...]


class Footage(Protocol):
    """One recording, on the clock that it was observed with. No file is held open between calls.

    pts are those of the recording; of a segment those on the line of its session.
    """

    @property
    def info(self) -> MediaInfo: ...

    @property
    def first_pts(self) -> int: ...

    @property
    def part(self) -> Part:
        """The file, and what is added to its own pts."""

    def instant_of(self, pts: int) -> Instant: ...

    def pts_of(self, utc_ns: int) -> int: ...

    def nearest(self, pts: int, within: int, *, keyframe: bool = False) -> int | None:
        """The pts of the frame nearest to `pts`, at most `within` ticks away; the earlier one of two.

        `keyframe`: only such as decode alone, which costs a small part of decoding any other.
        """

    def picture(self, pts: int) -> Image:
        """The frame of exactly that pts, H x W x 3 BGR uint8. Raises SealError where there is none."""

    def contents(self) -> Contents | None:
        """What its packets tell; None where a pass over the recording has told it before."""


class ArchiveFootage:
    """An archived file."""

    def __init__(self, recording: Recording, camera: str, *, known: Probe | None = None) -> None:
        """Raises StreamsError where the file cannot be read. `known`: what was read of it already."""
        rules = TimeRules(order=(TimeSource.OPERATOR,), start=recording.start)
        self._file = open_archive(recording.path, camera, rules, known=known)
        self._shift = 0

    @property
    def info(self) -> MediaInfo:
        return self._file.info

    @property
    def first_pts(self) -> int:
        return self._file.first_pts + self._shift

    @property
    def part(self) -> Part:
        return Part(self._file.path, self._shift, self._file.probed)

    def instant_of(self, pts: int) -> Instant:
        return self._file.instant_of(pts - self._shift)

    def pts_of(self, utc_ns: int) -> int:
        return self._file.pts_of(utc_ns) + self._shift

    def nearest(self, pts: int, within: int, *, keyframe: bool = False) -> int | None:
        best: int | None = None
        wanted = pts - self._shift
        near, probed = max(self._file.first_pts, wanted - within), self._file.probed
        with PacketStream(self._file.path, ordinal=probed.ordinal, near=near, known=probed) as packets:
            for timed in packets:
                distance = abs(timed.pts - wanted)
                if timed.packet.is_discard or distance > within:
                    if timed.key and timed.dts > wanted + within:
                        break
                elif keyframe and not timed.key:
                    continue
                elif best is None or (distance, timed.pts) < (abs(best - wanted), best):
                    best = timed.pts
        return None if best is None else best + self._shift

    def picture(self, pts: int) -> Image:
        own = pts - self._shift
        for frame in self._file.frames(self._level(own), pts_range=(own, own)):
            if frame.pts == own:
                return frame.image
        raise SealError(
            f"there is no frame with pts {pts}, though something was seen in it",
            where=str(self._file.path),
            remedy="Observe the recording again: it is not the one that was looked at, or its start was another",
        )

    def contents(self) -> Contents | None:
        return None

    def _level(self, own_pts: int) -> DecodeLevel:
        """How a frame is decoded; of a keyframe it takes a third, where it is known to be one."""
        return DecodeLevel.EVERY_FRAME


class SegmentFootage(ArchiveFootage):
    """A segment of a live camera's recording, on the line of its session."""

    def __init__(self, recording: Recording, camera: str, segment: SegmentFacts) -> None:
        """Raises StreamsError where the file cannot be read, SealError where it is not what the segment says."""
        # Read once, for all that is asked afterwards: the sealer compares the file with its hash at the end.
        self._read = survey(recording.path)
        super().__init__(recording, camera, known=self._read.probed)
        opening = segment.opening
        found = (self.info.codec, self.info.width, self.info.height, self.info.time_base)
        if found != (opening.codec, opening.width, opening.height, opening.time_base):
            raise SealError(
                "the segment holds another stream than it was opened for",
                where=str(recording.path),
                remedy="Keep the file for inquiry: it is not what was recorded",
            )
        self._segment = segment
        self._shift = opening.first_pts - self._file.first_pts
        self._shown = tuple(sorted(one.pts for one in self._read.shown))
        self._keys = tuple(sorted(one.pts for one in self._read.shown if one.key))

    @property
    def part(self) -> Part:
        return Part(self._file.path, self._shift, self._read.probed, self._read.stamps)

    def nearest(self, pts: int, within: int, *, keyframe: bool = False) -> int | None:
        line = self._keys if keyframe else self._shown
        wanted = pts - self._shift
        place = bisect_left(line, wanted)
        best = min(line[max(0, place - 1) : place + 1], key=lambda one: (abs(one - wanted), one), default=None)
        return None if best is None or abs(best - wanted) > within else best + self._shift

    def _level(self, own_pts: int) -> DecodeLevel:
        return DecodeLevel.KEYFRAMES if own_pts in self._keys else DecodeLevel.EVERY_FRAME

    def contents(self) -> Contents:
        base, faults = self.info.time_base, self._read.faults
        line = [pts + self._shift for pts in self._shown]
        steps = [later - earlier for earlier, later in pairwise(line)]
        floor = max(ticks(NS_PER_S // 2, base), GAP_FACTOR * median_low(steps) if steps else 0)
        gaps = tuple(
            Gap(earlier, later, to_ns(later - earlier, base), "no frames were received")
            for earlier, later in pairwise(line)
            if later - earlier > floor
        )
        said = self._segment.closing
        checks = (
            (faults.packets != said.packets, f"{faults.packets} packets, where {said.packets} were recorded"),
            (not line or line[-1] != said.last_pts, f"its last pts is another than {said.last_pts}"),
            (faults.corrupt, f"{faults.corrupt} packets are marked as damaged"),
            (faults.unreadable, f"{faults.unreadable} reads failed inside the file"),
            (faults.outliers, f"{faults.outliers} timestamps are far from their neighbours"),
        )
        problems = tuple(Problem(what, self._file.path.name, "stated as found") for holds, what in checks if holds)
        return Contents(faults.packets, line[-1] if line else self.first_pts, gaps, problems)


def open_footage(recording: Recording, camera: str) -> Footage:
    """An archived file or a segment. Raises StreamsError where it cannot be read, SealError as `SegmentFootage`."""
    if recording.segment is not None:
        return SegmentFootage(recording, camera, recording.segment)
    return ArchiveFootage(recording, camera)


def cut_run(run: Sequence[Footage], first_pts: int, last_pts: int, out: Path) -> Cut:
    """Stream-copy what shows that range of recordings that follow on each other, from the keyframe it needs.

    pts are those of the recordings. Raises StreamsError.
    """
    parts = [footage.part for footage in run]
    if len(parts) == 1 and parts[0].shift == 0:
        return cut(parts[0].path, first_pts, last_pts, out)
    return cut_joined(parts, first_pts, last_pts, out)
