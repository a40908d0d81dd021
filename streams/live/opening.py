"""The one place where libav opens an address: per scheme, exactly the protocols and formats it needs and no others.

A hostile server can answer with a redirection, a playlist, or a session description that names other addresses; none of
them leads to a protocol or demuxer that is not on the list of its scheme. Encrypted transports (RTSPS, HTTPS) hide the
stream from others, but cameras sign their own certificates: who answers is not verified.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction

import av
import av.error
from av.container import InputContainer
from av.stream import Discard, Disposition
from av.video.stream import VideoStream

from streams.errors import MediaError
from streams.instant import NS_PER_S
from streams.libav import MAX_PIXELS, MAX_TICKS_PER_S, check_readable
from streams.live.address import CameraAddress
from streams.live.faults import fault, on_opening
from streams.live.interface import FaultKind, LiveError, StreamInfo

CODECS = ("h264", "hevc")
"""What the recorder writes. libav's canonical names."""
WRAP_BITS = {"mpegts": 33, "flv": 32}
"""Widths of the counters that containers keep timestamps in. RTP's is unwrapped by libav."""
_MAX_RATE = 1000
_PROBE_BYTES = 5_000_000
_PROBE_NS = 5 * NS_PER_S
# PyAV notes which streams are wanted in one byte each, for those known at the start. A stream that turns up later is
# looked up behind them, which is harmless only within the block that malloc rounds up to.
_MAX_STREAMS = 16


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait for what, in nanoseconds, each at least 1. Looking up a host name is bounded by the system only.

    `connect_ns`: for connecting, and once more for the first packets to tell what the stream is. `stall_ns`: without a
    packet of video. `keyframe_ns`: without a keyframe.
    """

    connect_ns: int = 10 * NS_PER_S
    stall_ns: int = 10 * NS_PER_S
    keyframe_ns: int = 60 * NS_PER_S

    def __post_init__(self) -> None:
        if min(self.connect_ns, self.stall_ns, self.keyframe_ns) < 1:
            raise ValueError(f"timeouts must be positive: {self}")


@dataclass(frozen=True, slots=True)
class Opened:
    """A container that plays, and its first video stream; whoever has it closes it."""

    container: InputContainer
    stream: VideoStream
    info: StreamInfo


def open_address(address: CameraAddress, timeouts: Timeouts) -> Opened:
    """Connect, and read as many packets as it takes to know what the stream is. Raises LiveError."""
    began = time.monotonic_ns()
    container = _open(address, timeouts)
    trouble: LiveError | None = None
    if isinstance(container, av.error.HTTPOtherClientError) and _plays_no_video(address, timeouts):
        trouble = fault(FaultKind.NO_VIDEO, address.label)
    elif isinstance(container, MediaError):
        trouble = fault(FaultKind.NOT_FOUND, address.label, container.what, remedy=container.remedy)
    elif not isinstance(container, InputContainer):
        took = time.monotonic_ns() - began
        trouble = on_opening(
            container, where=address.label, host=address.host, took_ns=took, allowed_ns=timeouts.connect_ns
        )
    else:
        try:
            return _chosen(container, address)
        except LiveError as error:
            trouble = error
        container.close()
    # Nothing that repeats the address in full is left where a traceback that prints variables would find it.
    del container
    raise trouble


def _open(address: CameraAddress, timeouts: Timeouts, *, everything: bool = False) -> InputContainer | Exception:
    """The container, or what went wrong: returned, so that it is no part of what is raised."""
    format_name, options = _how(address, timeouts)
    if everything:
        options.pop("allowed_media_types", None)
    try:
        if address.scheme == "file":
            check_readable(address.path)
        return av.open(
            address.opening_url(),
            "r",
            format=format_name,
            options=options,
            timeout=(timeouts.connect_ns / NS_PER_S, timeouts.stall_ns / NS_PER_S),
            metadata_errors="replace",
        )
    except (av.error.FFmpegError, MediaError, OSError, ValueError, OverflowError) as error:
        return error


def _plays_no_video(address: CameraAddress, timeouts: Timeouts) -> bool:
    """Whether the server plays when it is not asked for pictures alone: one that has none cannot play nothing, and says
    so with one of many codes."""
    if address.scheme not in ("rtsp", "rtsps"):
        return False
    for _ in range(2):
        # A server may still be busy with the session that has just failed: once more, then.
        container = _open(address, timeouts, everything=True)
        if isinstance(container, InputContainer):
            silent = not container.streams.video
            container.close()
            return silent
    return False


def _how(address: CameraAddress, timeouts: Timeouts) -> tuple[str | None, dict[str, str]]:
    """Name of the demuxer (None: one of `format_whitelist`) and libav's options."""
    # Probing ends by itself as soon as enough is known. RTSP sends pictures only, and may wait long for the first
    # keyframe to tell their size; other protocols may announce sound that never comes.
    patience = timeouts.connect_ns * 4 // 5
    probing = patience if address.scheme in ("rtsp", "rtsps") else min(patience, _PROBE_NS)
    options = {
        "analyzeduration": str(max(1, probing // 1000)),
        "probesize": str(_PROBE_BYTES),
        "fpsprobesize": "0",
        "max_streams": str(_MAX_STREAMS),
    }
    # No `fflags=nobuffer` anywhere: it throws away what was read while probing, the first keyframe among it.
    match address.scheme:
        case "rtsp" | "rtsps":
            udp = address.scheme == "rtsp" and address.transport == "udp"
            below = "tls,tcp" if address.scheme == "rtsps" else "tcp,rtp,udp" if udp else "tcp"
            options |= {
                "protocol_whitelist": f"rtsp,{below}",
                "rtsp_transport": "udp" if udp else "tcp",
                "allowed_media_types": "video",
                # Bounds single socket operations; the deadlines are PyAV's.
                "timeout": str(max(timeouts.connect_ns, timeouts.stall_ns) // 1000),
            }
            if udp:
                options["rtsp_flags"] = "filter_src"
            return "rtsp", options
        case "http" | "https":
            options |= {
                "protocol_whitelist": "http,https,tls,tcp",
                "format_whitelist": "flv,live_flv,mpegts",
                "seekable": "0",
            }
            return None, options
        case "srt":
            options["protocol_whitelist"] = "srt"
            if address.password is not None:
                options["passphrase"] = address.password
            return "mpegts", options
        case "v4l2":
            return "video4linux2", options | {"input_format": "h264"}
        case _:
            return None, options | {"protocol_whitelist": "file", "format_whitelist": "mov,matroska,mpegts,flv"}


def _chosen(container: InputContainer, address: CameraAddress) -> Opened:
    where = address.label
    videos = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not videos:
        raise fault(FaultKind.NO_VIDEO, where)
    stream = videos[0]
    # PyAV leaves the context out where it has no decoder, whatever its annotations say.
    context = getattr(stream, "codec_context", None)
    codec = context.codec.canonical_name if context is not None else "unknown"
    if context is None or codec not in CODECS:
        raise fault(FaultKind.NO_VIDEO, where, f"its video is coded as {codec}, which is not supported")
    if context.width <= 0 or context.height <= 0:
        raise fault(FaultKind.NO_PARAMETERS, where)
    if context.width * context.height > MAX_PIXELS:
        raise fault(FaultKind.NO_VIDEO, where, f"its picture of {context.width}x{context.height} is too large")
    base = stream.time_base
    if base is None or base <= 0 or base.denominator > MAX_TICKS_PER_S * base.numerator:
        raise fault(FaultKind.PROTOCOL, where, f"its time base {base} is unusable")
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    context.thread_count = 1
    info = StreamInfo(
        codec=codec,
        width=context.width,
        height=context.height,
        time_base=Fraction(base),
        rate=_rate(context.framerate),
        protocol=_protocol(address),
    )
    return Opened(container, stream, info)


def _rate(announced: Fraction | None) -> Fraction | None:
    # Only what the stream says of itself: libav's average is an estimate that differs from one connection to the next.
    return Fraction(announced) if announced and 0 < announced <= _MAX_RATE else None


def _protocol(address: CameraAddress) -> str:
    if address.scheme == "rtsp":
        return f"rtsp/{address.transport}"
    return {"v4l2": "device"}.get(address.scheme, address.scheme)
