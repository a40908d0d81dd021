"""The one place where libav opens files: hostile names, playlists and network addresses end here."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import av.logging
from av.container import InputContainer
from av.stream import Discard, Disposition
from av.video.stream import VideoStream

from streams.errors import MediaError
from streams.interface import MediaInfo
from streams.sniff import explain

FORMATS = ("mov", "matroska", "mpegts", "mpeg", "avi", "flv", "dhav", "nut")
"""Demuxers that may look at a file. None of them opens a second file or an address."""
CODECS = frozenset(
    {"h264", "hevc", "mpeg4", "mjpeg", "mpeg1video", "mpeg2video", "h263", "vp8", "vp9", "av1", "libdav1d"}
    | {"msmpeg4v1", "msmpeg4v2", "msmpeg4"}
)
MAX_PIXELS = 64_000_000
_MAX_STREAMS = 16
"""So many get options of their own; the others are opened as ever."""
MAX_TICKS_PER_S = 1_000_000_000
"""A finer time base could not be told apart in nanoseconds, so a position would not survive the way there and back."""

# libav writes to stderr by itself unless told not to; what matters comes back as return codes.
av.logging.set_level(None)


def check_readable(path: Path) -> int:
    """Size in bytes of a regular, non-empty, readable file; raises MediaError for anything else."""
    where = str(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise MediaError("is a folder, not a recording", where=where, remedy="Name the files in it")
        if not stat.S_ISREG(status.st_mode):
            raise MediaError("is not a regular file", where=where, remedy="Copy the recording to a disk first")
        if status.st_size == 0:
            raise MediaError("is empty (0 bytes)", where=where, remedy="Export the recording again")
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise MediaError(
            f"cannot be read: {reason}", where=where, remedy="Check that it exists and who may read it"
        ) from error
    return status.st_size


@contextmanager
def opened(path: Path, *, undecoded: bool = False) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The container and its first real video stream, every other stream switched off; closed on leaving.

    `undecoded`: for reading packets only, where the container states codec and size. Nothing is decoded on opening,
    which takes a tenth of the time; what only a decoder finds out, such as the form of the pixels, is not known then.
    Raises MediaError, saying what the file is instead, where it cannot be opened or holds no video we decode.
    """
    check_readable(path)
    with _open(path, undecoded) as container:
        yield container, _video_stream(container, path)


def _open(path: Path, undecoded: bool) -> InputContainer:
    options = {"protocol_whitelist": "file", "format_whitelist": _whitelist()}
    # PyAV's annotations call them texts; it wants mappings.
    streams: Any = [{"skip_frame": "all"}] * _MAX_STREAMS if undecoded else None
    if undecoded:
        options |= {"fpsprobesize": "0", "analyzeduration": "1"}  # 0 would be the default of seconds
    try:
        return av.open(
            f"file:{path.absolute()}",
            "r",
            options=options,
            stream_options=streams,
            metadata_errors="replace",
        )
    except (av.error.FFmpegError, OSError, ValueError, OverflowError) as error:
        reason = explain(path) or f"is no recording of a known kind, or damaged beyond opening ({_short(error)})"
        raise MediaError(
            reason, where=str(path), remedy="Export the recording again, or convert it without re-encoding to MP4 or TS"
        ) from error


def _whitelist() -> str:
    # A demuxer is matched by its whole name list ("mov,mp4,m4a,..."), and any one of the names suffices.
    return ",".join(FORMATS)


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    where = str(path)
    videos = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not videos:
        kinds = sorted({s.type for s in container.streams})
        what = f"holds no video, only {', '.join(kinds)}" if kinds else "holds no streams at all"
        raise MediaError(what, where=where, remedy="Export the picture as well as the sound")
    stream = videos[0]
    # PyAV leaves the context out where it has no decoder, whatever its annotations say.
    context = getattr(stream, "codec_context", None)
    name = context.codec.name if context is not None else "unknown"
    if context is None or name not in CODECS:
        raise MediaError(
            f"its video is coded as {name}, which is not supported", where=where, remedy="Export as H.264 or H.265"
        )
    base = stream.time_base
    if base is None or base <= 0 or base.denominator > MAX_TICKS_PER_S * base.numerator:
        raise MediaError(f"its time base {base} is unusable", where=where, remedy="Remux it with a sane time base")
    if context.width <= 0 or context.height <= 0:
        raise MediaError(
            "the size of its picture could not be found: no decodable frame near the beginning",
            where=where,
            remedy="Export the recording again",
        )
    if context.width * context.height > MAX_PIXELS:
        raise MediaError(
            f"its picture of {context.width}x{context.height} is larger than {MAX_PIXELS} pixels", where=where
        )
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    context.thread_count = 1
    return stream


def media_info(container: InputContainer, stream: VideoStream, path: Path) -> MediaInfo:
    """What the container says before anything is decoded."""
    rate = stream.average_rate
    return MediaInfo(
        path=path,
        container=container.format.name,
        codec=stream.codec_context.codec.canonical_name,
        width=stream.codec_context.width,
        height=stream.codec_context.height,
        time_base=Fraction(stream.time_base or 0),
        average_rate=Fraction(rate) if rate else None,
        size_bytes=path.stat().st_size,
    )


def _short(error: BaseException) -> str:
    if isinstance(error, av.error.FFmpegError):
        return (error.strerror or str(error)).lower()
    return str(error)
