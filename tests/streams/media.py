"""Small recordings made on the spot: every frame carries its own number as black and white blocks."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT = 160, 96
BLOCK = 16
ENCODERS = {"h264": "libx264", "hevc": "libx265", "mpeg4": "mpeg4", "mjpeg": "mjpeg"}
MUXERS = {
    ".mp4": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".ts": "mpegts",
    ".avi": "avi",
    ".flv": "flv",
    ".mpg": "vob",
}
LEGAL = [
    (codec, suffix)
    for codec, suffixes in {
        "h264": (".mp4", ".mov", ".mkv", ".ts", ".avi", ".flv", ".mpg"),
        "hevc": (".mp4", ".mkv", ".ts"),
        "mpeg4": (".mp4", ".mkv", ".ts", ".avi"),
        "mjpeg": (".mp4", ".mkv", ".avi"),
    }.items()
    for suffix in suffixes
]


def picture(number: int) -> np.ndarray:
    """A grey ramp with ten blocks in the top row that spell `number` in binary, and a block that moves."""
    ramp = np.linspace(60, 180, WIDTH, dtype=np.uint8)
    image = np.repeat(np.repeat(ramp[None, :, None], HEIGHT, 0), 3, 2)
    for bit in range(10):
        image[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 235 if number >> bit & 1 else 16
    left = number * 3 % (WIDTH - BLOCK)
    image[48:80, left : left + BLOCK] = (40, 60, 200)
    return image


def number_of(luma: np.ndarray) -> int:
    """The number that `picture` wrote, read back from a luma plane of any size."""
    h, w = luma.shape
    ys = round(BLOCK / 2 * h / HEIGHT)
    return sum(1 << bit for bit in range(10) if luma[ys, round((bit + 0.5) * BLOCK * w / WIDTH)] > 128)


def make(
    path: Path,
    codec: str = "h264",
    *,
    frames: int = 50,
    fps: int = 25,
    gop: int = 10,
    bframes: int = 0,
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    options: dict[str, str] | None = None,
    mux: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
    audio: bool = False,
    video: bool = True,
    muxer: str | None = None,
    first_number: int = 0,
) -> Path:
    """Encode `frames` numbered pictures; `pts` (in `time_base`, default 1/fps) may be irregular but must increase."""
    base = time_base or Fraction(1, fps)
    own = {
        "h264": {"preset": "ultrafast", "crf": "20", "x264-params": f"scenecut=0:open-gop=0:bframes={bframes}:log=-1"},
        "hevc": {
            "preset": "ultrafast",
            "x265-params": f"bframes={bframes}:open-gop=0:scenecut=0:keyint={gop}:min-keyint={gop}"
            ":log-level=none:pools=1",
        },
        "mpeg4": {"qscale": "3"},
        "mjpeg": {"qmin": "2", "qmax": "3"},
    }[codec]
    with av.open(str(path), "w", format=muxer or MUXERS[path.suffix], options=mux or {}) as out:
        out.metadata.update(metadata or {})
        stream = sound = None
        if video:
            stream = out.add_stream(ENCODERS[codec], rate=fps, options={**own, **(options or {})})
            stream.width, stream.height = WIDTH, HEIGHT
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            stream.codec_context.time_base = base
            stream.codec_context.thread_count = 1
            stream.codec_context.gop_size = gop
            if codec == "mpeg4":
                stream.codec_context.max_b_frames = bframes
        if audio:
            sound = out.add_stream("aac" if path.suffix != ".mpg" else "mp2", rate=48000)
        if sound is not None:
            for k in range(frames * 48000 // fps // 1152):
                block = av.AudioFrame.from_ndarray(np.zeros((1, 1152), np.int16), format="s16", layout="mono")
                block.sample_rate, block.pts, block.time_base = 48000, k * 1152, Fraction(1, 48000)
                out.mux(sound.encode(block))
        if stream is not None:
            for k in range(frames):
                frame = av.VideoFrame.from_ndarray(picture(first_number + k), format="bgr24")
                frame.pts, frame.time_base = (pts[k] if pts is not None else k), base
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        if sound is not None:
            out.mux(sound.encode(None))
    return path
