"""Clips for cameras that are files: made once per test session, with exactly the traits a test asks for.

`clip(folder, codec="h264", seconds=4, bframes=3, ...)` encodes numbered pictures (`tests.streams.media.number_of` reads
them back); asked again with the same traits it returns the file it made before. `loop(path, times)` writes the same
packets several times in a row by stream copy, for streams longer than one would like to encode: an RTSP server that
repeats a file by itself makes breaks that no camera makes. `change(folder, ...)` makes a stream whose picture size
changes on the way.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

from tests.streams.media import picture

ENCODERS = {"h264": "libx264", "hevc": "libx265"}
_MUXERS = {".mp4": "mp4", ".ts": "mpegts", ".flv": "flv"}
_TICKS = 90_000


def clip(
    folder: Path,
    codec: str = "h264",
    *,
    seconds: int = 4,
    rate: int = 25,
    gop: int = 25,
    bframes: int = 0,
    size: tuple[int, int] = (320, 192),
    suffix: str = ".mp4",
    audio: bool = False,
) -> Path:
    """A file of `seconds` at `rate` pictures per second, a closed GOP every `gop` pictures, first picture number 0.

    `suffix` is `.mp4`, `.ts` or `.flv`. The name tells the traits; nothing is made twice in a folder.
    """
    width, height = size
    name = f"{codec} {width}x{height} {seconds}s {rate}fps gop{gop} b{bframes}{' sound' if audio else ''}{suffix}"
    path = folder / name
    if path.exists():
        return path
    partial = path.with_name("." + name)
    with av.open(str(partial), "w", format=_MUXERS[suffix]) as out:
        sound = out.add_stream("aac", rate=48000) if audio else None
        stream = _encoder(out, codec, rate, gop, bframes, size)
        for number in range(seconds * rate):
            out.mux(stream.encode(_frame(number, rate, size)))
            if sound is not None and number % rate == 0:
                out.mux(_silence(sound, number // rate))
        out.mux(stream.encode(None))
        if sound is not None:
            out.mux(sound.encode(None))
    partial.rename(path)
    return path


def loop(path: Path, times: int) -> Path:
    """The packets of an MP4 file, `times` over, on one line of time, beside it."""
    target = path.with_name(f"{path.stem} x{times}.mp4")
    if target.exists():
        return target
    partial = target.with_name("." + target.name)
    with av.open(str(partial), "w", format="mp4") as out:
        copy = None
        shift = 0
        for _ in range(times):
            with av.open(str(path)) as source:
                stream = source.streams.video[0]
                copy = copy or out.add_stream_from_template(stream, opaque=True)
                length = stream.duration or 0
                for packet in source.demux(stream):
                    if packet.dts is None or packet.pts is None:
                        continue
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = copy
                    out.mux(packet)
                shift += length
    partial.rename(target)
    return target


def change(
    folder: Path,
    codec: str = "h264",
    *,
    seconds: int = 2,
    rate: int = 25,
    first: tuple[int, int] = (320, 192),
    then: tuple[int, int] = (640, 384),
    pause: int = 0,
) -> Path:
    """An MPEG-TS file: `seconds` of one picture size, and then as many of another (or the same).

    Timestamps go on, or leave out `pause` seconds between the two.
    """
    path = folder / f"{codec} {first[0]}x{first[1]} to {then[0]}x{then[1]} {seconds}s {rate}fps pause{pause}.ts"
    if path.exists():
        return path
    parts = [clip(folder, codec, seconds=seconds, rate=rate, size=size, suffix=".ts") for size in (first, then)]
    partial = path.with_name("." + path.name)
    with av.open(str(partial), "w", format="mpegts") as out:
        copy = None
        for place, part in enumerate(parts):
            with av.open(str(part)) as source:
                stream = source.streams.video[0]
                copy = copy or out.add_stream_from_template(stream, opaque=True)
                for packet in source.demux(stream):
                    if packet.dts is None or packet.pts is None:
                        continue
                    shift = place * (seconds + pause) * _TICKS
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = copy
                    out.mux(packet)
    partial.rename(path)
    return path


def _encoder(out, codec: str, rate: int, gop: int, bframes: int, size: tuple[int, int]):
    own = {
        "h264": {"preset": "ultrafast", "crf": "28", "x264-params": f"scenecut=0:open-gop=0:bframes={bframes}:log=-1"},
        "hevc": {
            "preset": "ultrafast",
            "x265-params": f"bframes={bframes}:open-gop=0:scenecut=0:keyint={gop}:min-keyint={gop}"
            ":log-level=none:pools=1",
        },
    }[codec]
    stream = out.add_stream(ENCODERS[codec], rate=rate, options=own)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.codec_context.gop_size = gop
    stream.codec_context.thread_count = 1
    return stream


def _frame(number: int, rate: int, size: tuple[int, int]) -> av.VideoFrame:
    width, height = size
    frame = av.VideoFrame.from_ndarray(picture(number % 1024), format="bgr24").reformat(width, height, "yuv420p")
    frame.pts, frame.time_base = number, Fraction(1, rate)
    return frame


def _silence(stream, second: int):
    packets = []
    for k in range(48000 // 1000):
        block = av.AudioFrame(format="s16", layout="mono", samples=1000)
        for plane in block.planes:
            plane.update(bytes(plane.buffer_size))
        block.sample_rate, block.pts, block.time_base = 48000, second * 48000 + k * 1000, Fraction(1, 48000)
        packets += stream.encode(block)
    return packets
