"""The cameras' footage: a still street in sensor noise, at the constant bit rate that cameras are usually set to."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.stream import VideoStream

from tests.scenes.cutouts import CLIP

SIZE = (1920, 1080)
FPS = 25
GOP_S = 2
LAP_S = 20
"""So much is encoded; the rest repeats its packets."""
_NOISES = 16


def footage(folder: Path, *, minutes: int, kbit_s: int) -> Path:
    """An H.264 file of `minutes`, made in about ten seconds where it is not there yet."""
    source = Path(__file__).read_bytes() + CLIP.read_bytes()
    key = hashlib.sha256(source + av.__version__.encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    lap = folder / f"still-{kbit_s}k-{key}.mp4"
    out = folder / f"still-{kbit_s}k-{minutes}min-{key}.mp4"
    if not lap.exists():
        _encode(lap, kbit_s)
    if not out.exists():
        _repeat(lap, out, minutes * 60 // LAP_S)
    return out


def _encode(out: Path, kbit_s: int) -> None:
    width, height = SIZE
    street = _street()
    # int16: sums below zero and above 255 are cut, not wrapped around.
    dice = np.random.default_rng(1)
    noises = [np.rint(dice.normal(0, 2, (height, width, 1))).astype(np.int16) for _ in range(_NOISES)]
    partial = out.with_suffix(".partial.mp4")
    with av.open(str(partial), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = FPS * GOP_S
        stream.codec_context.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",  # no B-frames, as cameras send it
            "b": f"{kbit_s}k",
            "maxrate": f"{kbit_s}k",
            "bufsize": f"{kbit_s * GOP_S}k",
            "x264-params": "scenecut=0",
        }
        for number in range(LAP_S * FPS):
            picture = np.clip(street + noises[number * 7 % _NOISES], 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    partial.replace(out)


def _street() -> npt.NDArray[np.int16]:
    with av.open(str(CLIP)) as container:
        first = next(container.decode(video=0)).to_ndarray(format="bgr24")
    return cv2.resize(first, SIZE, interpolation=cv2.INTER_CUBIC).astype(np.int16)


def _repeat(lap: Path, out: Path, times: int) -> None:
    partial = out.with_suffix(".partial.mp4")
    with av.open(str(partial), "w", options={"movflags": "+faststart"}) as target:
        copy = None
        for number in range(times):
            with av.open(str(lap)) as source:
                given = source.streams.video[0]
                copy = copy or target.add_stream_from_template(given, opaque=True)
                assert given.time_base is not None
                shift = int(number * LAP_S / Fraction(given.time_base))
                for packet in source.demux(given):
                    if packet.dts is not None and packet.pts is not None:
                        packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, copy
                        target.mux(packet)
    partial.replace(out)
