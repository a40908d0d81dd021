"""What the hub and the cameras' processes say to each other. Plain values that can be pickled; nothing is shared."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from streams.instant import Instant
from streams.interface import DecodeLevel, Image
from streams.live.address import CameraAddress
from streams.live.hostclock import ReferenceLine
from streams.live.interface import FaultKind, StreamInfo
from streams.live.source import Timeouts
from streams.recorder.interface import GapStatement, Link, SegmentRecord
from vision.integrity.interface import ViewEvent, ViewFault


class StreamRole(StrEnum):
    """A camera's streams: the one that is recorded, and a smaller one that may be looked at instead."""

    MAIN = "main"
    SUB = "sub"


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """All that the process of one camera is told when it starts. Holds passwords: it is sent through a pipe only."""

    site: str
    camera: str
    main: CameraAddress
    sub: CameraAddress | None
    timeouts: Timeouts
    retry_max_ns: int
    recordings: Path
    segment_ns: int
    ring_ns: int
    ring_bytes: int
    rate: Fraction
    """Looks per second while something is timed."""
    max_interval_ns: int
    skip_unchanged: bool
    max_reuse_ns: int
    previous: Link | None
    """The last segment of this camera; the chain goes on behind it."""
    gap: GapStatement | None
    """The gap that lasts since then; None: nothing was recorded before."""
    view: bytes | None
    """What the view monitor saved."""
    line_ns: int
    """The server's line of time, see `HostClock`."""
    reference: ReferenceLine | None


# -- to a camera -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Watch:
    """How closely to look from now on."""

    level: DecodeLevel
    idle: bool
    """Nothing is being timed: the line of time may be put right now."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Pictures of `size` (width, height) are wanted scaled to `scaled`, and to `ground` where the ground is watched."""

    size: tuple[int, int]
    scaled: tuple[int, int]
    ground: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class LookBack:
    """Decode every frame from `from_ns` to `to_ns` (UTC) that is still held, at most `limit` of them."""

    token: str
    from_ns: int
    to_ns: int
    limit: int


@dataclass(frozen=True, slots=True)
class ServerClock:
    """The server's line of time, and what was measured against a reference; None: the measurement failed."""

    line_ns: int
    reference: ReferenceLine | None


@dataclass(frozen=True, slots=True)
class Stop:
    """Close the open segment and end."""

    cause: str


ToCamera = Watch | Fit | LookBack | ServerClock | Stop

# -- from a camera ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Connecting:
    """An attempt to connect begins."""


@dataclass(frozen=True, slots=True)
class Connected:
    """Packets are coming; `again`: over the connection that was there before, and are written once more."""

    role: StreamRole
    info: StreamInfo
    again: bool = False


@dataclass(frozen=True, slots=True)
class Faulted:
    """A stream ended or could not be opened; the next attempt follows after `retry_ns`."""

    role: StreamRole
    kind: FaultKind
    what: str
    remedy: str
    retry_ns: int


@dataclass(frozen=True, slots=True)
class Segmented:
    """A segment stands finished on disk."""

    record: SegmentRecord


@dataclass(frozen=True, slots=True)
class Gapped:
    """A gap has begun (`end` is None), or is now known whole."""

    gap: GapStatement


@dataclass(frozen=True, slots=True)
class SizeAsked:
    """Pictures have this size: how large are they wanted?"""

    size: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One looked-at picture. `image` is scaled, H x W x 3 BGR uint8; None: unchanged since the last that was sent.

    `ground`: the same picture at another scale, for `vision.backdrop`; None as well where nobody watches the ground.
    """

    role: StreamRole
    at: Instant
    pts: int
    size: tuple[int, int]
    image: Image | None
    ground: Image | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LookedBack:
    """One picture of a look back, or its end (`at` is None)."""

    token: str
    at: Instant | None
    size: tuple[int, int]
    image: Image | None


@dataclass(frozen=True, slots=True)
class Viewed:
    """What is wrong with the view now, what has just changed about that, and what the monitor wants kept."""

    faults: tuple[ViewFault, ...]
    events: tuple[ViewEvent, ...]
    saved: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """Counters since the process began, and readings of now. Sent about every second; its absence is an alarm."""

    packets: int
    bytes: int
    fps: float | None
    last_packet_age_ns: int | None
    decoded: int
    decode_ns: int
    unsent: int
    """Looks left out because the hub had not taken the ones before."""
    overflow_ns: int
    offset_ns: int | None
    drift_ppb: int | None
    clock_flags: tuple[str, ...]
    resident_bytes: int


FromCamera = Connecting | Connected | Faulted | Segmented | Gapped | SizeAsked | Look | LookedBack | Viewed | Report
