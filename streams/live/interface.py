"""What the rest of the project may know of live cameras: packets with the time they came, and faults with a cause."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from types import TracebackType
from typing import Protocol, Self

from av.video.stream import VideoStream

from streams.errors import StreamsError
from streams.packets import VideoPacket


class FaultKind(StrEnum):
    """Why a camera gives no packets. Part of gaps, metrics and notices: names are stable."""

    REFUSED = "refused"
    """Nobody listens there, or the host cannot be reached."""
    NAME = "name"
    """The host name is not known."""
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    """The server knows no such stream, or the file or device is not there."""
    TIMEOUT = "timeout"
    """Connecting took too long."""
    STALLED = "stalled"
    """Connected, but no packet of video came for too long."""
    ENDED = "ended"
    """The other side closed the stream: for a live camera that is a fault."""
    NO_VIDEO = "no_video"
    """Connected, but there is no video in it, or none that is supported."""
    NO_PARAMETERS = "no_parameters"
    """Video without the parameter sets or the picture size that decoding needs."""
    NO_KEYFRAME = "no_keyframe"
    """Packets came, but not one picture that decoding can begin with."""
    CHANGED = "changed"
    """Codec, picture size or frame rate changed in the middle of a stream."""
    TIMESTAMPS = "timestamps"
    """The camera's timestamps jumped: its stream has begun anew."""
    PROTOCOL = "protocol"
    """The other side answered what is no valid stream."""
    CRASHED = "crashed"
    """The worker process of the camera died."""
    DISK = "disk"
    """What came could not be written."""


class LiveError(StreamsError):
    """A live stream that could not be opened, or that ended. Its text never holds a password."""

    def __init__(self, kind: FaultKind, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.kind = kind

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.kind, self.what, self.where, self.remedy)


def _rebuild(kind: FaultKind, what: str, where: str, remedy: str) -> LiveError:
    return LiveError(kind, what, where=where, remedy=remedy)


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a live stream is, as far as its first packets tell. Two streams with equal info continue each other."""

    codec: str
    """libav's canonical name, for example `h264` or `hevc`."""
    width: int
    height: int
    time_base: Fraction
    rate: Fraction | None
    """Frames per second as announced; None where nothing is."""
    protocol: str
    """For people: `rtsp/tcp`, `rtsp/udp`, `rtsps`, `http`, `srt`, `device`, `file`."""


@dataclass(slots=True)
class LivePacket:
    """One packet of video as it came.

    `pts` and `dts` are in ticks of the stream's time base, unwrapped, counted on one line from the beginning of this
    connection on; dts rises strictly and never passes pts. The packet's own stamps are left as they were.
    """

    packet: VideoPacket
    pts: int
    dts: int
    key: bool
    arrived_ns: int
    """`time.monotonic_ns()` taken when the read that brought it returned, before it waited in any queue of ours."""
    reference_ns: int | None
    """UTC (ns since 1970) at which the camera says it was captured: RTCP sender report, or the container's producer
    reference time. None: not told, as before the first sender report."""


class LiveStream(Protocol):
    """One connection. A context manager; iterate once."""

    @property
    def info(self) -> StreamInfo: ...

    @property
    def template(self) -> VideoStream:
        """The libav stream, to make decoders and muxers from. Valid while the connection is open."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __iter__(self) -> Iterator[LivePacket]:
        """Every packet of video that arrives. Never returns by itself: raises LiveError where the stream ends."""


class LiveSource(Protocol):
    """A camera that can be connected to, again and again."""

    @property
    def label(self) -> str:
        """The address without credentials, for logs and errors."""

    def connect(self) -> LiveStream:
        """Open a connection, within the time allowed for it. Raises LiveError."""
