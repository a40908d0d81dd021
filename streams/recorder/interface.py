"""What a segment says of itself. It says it inside its own file, so that an index can always be made again from files.

A segment is a fragmented MP4 file (ISO/IEC 14496-12). Behind its `moov` box stands a `uuid` box with the *opening* as
JSON; behind its last fragment one with the *closing*. A file without a closing was cut by a crash.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from streams.instant import Instant


@dataclass(frozen=True, slots=True)
class GapStatement:
    """A stretch of time for which a camera has no recording, and why. `end` is None while it lasts."""

    camera: str
    start: Instant | None
    """The end of what was recorded before; None: nothing was recorded before."""
    end: Instant | None
    cause: str
    """A `FaultKind`, or `started`, `stopped`, `crashed`, `overflow`, `clock`, `reload`, `handover`,
    `frames_missing`."""
    detail: str
    """One sentence for people, without secrets."""


@dataclass(frozen=True, slots=True)
class ClockStatement:
    """What is known of the clock that a segment's start was read from. None is unknown, and never taken for zero."""

    camera_offset_ns: int | None
    """The camera's clock minus the server's; positive where the camera is ahead."""
    camera_drift_ppb: int | None
    """How much faster the camera's media clock runs than the server's, in parts per billion."""
    server_offset_ns: int | None
    """The server's clock minus a reference (NTP)."""
    server_checked_ns: int | None
    """UTC of that check."""
    flags: tuple[str, ...]
    """Of `camera_offset_over_1s`, `camera_offset_unknown`, `server_offset_over_1s`, `server_offset_unknown`,
    `camera_clock_jumped`, `host_clock_stepped`."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Known when a segment begins."""

    site: str
    camera: str
    session: str
    """One connection with one line of pts; segments of a session follow on each other without a hole."""
    sequence: int
    """Counts the camera's segments, without a hole, over all sessions and restarts."""
    previous: str | None
    """SHA-256 of the segment before it; None for the very first."""
    start: Instant
    """Of the picture with `first_pts`. The instant of any other is `start + (pts - first_pts) * time_base`."""
    first_pts: int
    """On the session's line. The file's own first pts may be another; distances are the same."""
    time_base: Fraction
    codec: str
    width: int
    height: int
    protocol: str
    clock: ClockStatement
    gap_before: GapStatement | None
    """None: it follows on the segment before it."""


class CloseReason(StrEnum):
    """Why a segment ended where it ends."""

    FULL = "full"
    FAULT = "fault"
    CHANGED = "changed"
    STOPPED = "stopped"
    RECOVERED = "recovered"
    """The recorder died; the file was cut back to its last whole fragment."""


MAX_MISSING = 200
"""Missing stretches that a closing names; a segment with more is hardly footage."""
FRAMES_MISSING = "frames_missing"
"""The cause of such gaps."""


@dataclass(frozen=True, slots=True)
class Closing:
    """Known when it ends."""

    reason: CloseReason
    packets: int
    last_pts: int
    """The highest, on the session's line."""
    end: Instant
    """Of the picture with `last_pts`, plus one frame interval: where the next segment of the session begins."""
    nal_sha256: str | None
    """See `streams.digest.PayloadDigest`: over the packets exactly as they arrived. None where recovered."""
    detail: str
    """Why, in one sentence, where `reason` alone does not say it."""
    missing: tuple[tuple[int, int], ...] = ()
    """Stretches inside for which no packet came though the connection stood, as a network that loses packets leaves
    them: pts of the last picture before and of the first one after, on the session's line. The first `MAX_MISSING`."""


@dataclass(frozen=True, slots=True)
class Link:
    """What the next segment of a camera follows on."""

    sequence: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """A finished segment: what the index holds. `path` is relative to the folder of recordings."""

    path: Path
    opening: Opening
    closing: Closing
    size: int
    sha256: str
    sm3: str

    @property
    def camera(self) -> str:
        return self.opening.camera

    @property
    def link(self) -> Link:
        """For the segment after it."""
        return Link(self.opening.sequence, self.sha256)
