"""Writes a masked clip: H.264 in MP4, each frame at exactly the time of the original's, and nothing else in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import av.error
from av.video.frame import VideoFrame

from evidence_export.errors import MaskError
from evidence_export.masking.frames import Planes
from streams.errors import MediaError
from streams.packets import PacketStream, probe

CRF = "20"
PRESET = "fast"
ENCODER = f"H.264 (libx264, crf {CRF}, {PRESET})"


class Painted(NamedTuple):
    """One frame to be written."""

    pts: int
    planes: Planes
    pixels: str
    """Format of the planes: yuv420p or yuvj420p."""


class Colour(NamedTuple):
    """How the original says its numbers are to be read."""

    space: int
    range: int
    primaries: int
    transfer: int


def colour_of(picture: VideoFrame) -> Colour:
    """Of a decoded frame."""
    return Colour(
        int(picture.colorspace), int(picture.color_range), int(picture.color_primaries), int(picture.color_trc)
    )


def write_clip(
    out: Path,
    frames: Iterable[Painted],
    *,
    size: tuple[int, int],
    time_base: Fraction,
    rate: Fraction | None,
    pixels: str,
    colour: Colour,
) -> int:
    """Encode frames in order of time; returns how many. The same frames give the same bytes on the same machine.

    Neither sound nor tags nor side data of the original get in: frames are made anew of bare planes. The file is read
    back, and must hold exactly the times that went in. Raises MaskError where it does not, or cannot be written.
    """
    written: list[int] = []
    # One thread, so that the bytes do not depend on who was first; no frames out of order, so that times need no edits.
    parameters = f"threads=1:lookahead-threads=1:sliced-threads=0:bframes=0:keyint={_keyint(rate)}"
    options = {"crf": CRF, "preset": PRESET, "x264-params": parameters}
    try:
        with av.open(
            f"file:{out.absolute()}",
            "w",
            format="mp4",
            container_options={"fflags": "+bitexact", "video_track_timescale": str(time_base.denominator)},
        ) as target:
            stream = target.add_stream("libx264", rate=rate or Fraction(25), options=options)
            stream.width, stream.height = size
            stream.pix_fmt = pixels
            context = stream.codec_context
            context.time_base = time_base
            stream.time_base = time_base
            context.thread_count = 1
            context.colorspace, context.color_range = colour.space, colour.range
            context.color_primaries, context.color_trc = colour.primaries, colour.transfer
            for one in frames:
                frame = VideoFrame.from_ndarray(one.planes, format=one.pixels)
                if one.pixels != pixels:
                    frame = frame.reformat(format=pixels)
                frame.pts, frame.time_base = one.pts, time_base
                written.append(one.pts)
                target.mux(stream.encode(frame))
            target.mux(stream.encode(None))
    except (av.error.FFmpegError, OSError) as error:
        raise MaskError(
            f"cannot be written: {error}", where=str(out), remedy="Check the folder and free space"
        ) from error
    _check(out, written, time_base)
    return len(written)


def _keyint(rate: Fraction | None) -> int:
    return max(1, round(2 * (rate or Fraction(25))))


def _check(out: Path, written: Sequence[int], time_base: Fraction) -> None:
    """Raises MaskError unless the file shows its frames at exactly the times given."""
    try:
        probed = probe(out)
        with PacketStream(out, ordinal=probed.ordinal) as packets:
            read = [timed.pts for timed in packets]
    except MediaError as error:
        raise MaskError(f"cannot be read back: {error.what}", where=str(out)) from error
    base = probed.info.time_base
    if [pts * base for pts in read] != [pts * time_base for pts in written]:
        raise MaskError("does not show its frames at the times of the original", where=str(out))
