"""The limits: what less than a camera's process costs. `python -m bench.live.limits WHAT ADDRESS FOLDER`.

With PyAV alone: `demux` reads packets and throws them away; `copy` also muxes them into files of ten seconds, without a
hash and without waiting for the disk; `copy-keyframes` also decodes keyframes. With the library, in one thread:
`record` is our source and our recorder (SHA-256 and SM3 of the file, SHA-256 of the payload, fsync), `record-keyframes`
also decodes. A recording is read in real time, like a camera.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.codec.context import CodecContext
from av.container import OutputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from bench.live.footage import FPS
from streams.instant import NS_PER_S, Instant, TimeSource
from streams.interface import DecodeLevel
from streams.live.address import CameraAddress
from streams.live.looking import LiveDecoder
from streams.live.source import open_source
from streams.recorder.interface import ClockStatement
from streams.recorder.recorder import Recorder
from streams.timeline import to_ns

WHAT = ("demux", "copy", "copy-keyframes", "record", "record-keyframes")
_SEGMENT_S = 10
_FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof+skip_trailer", "frag_duration": "1000000"}


def watch(what: str, address: str, folder: Path) -> None:
    """Do it until the stream ends."""
    if what.startswith("record"):
        _record(address, folder, looking=what == "record-keyframes")
    else:
        _plain(what, address, folder)


def _record(address: str, folder: Path, *, looking: bool) -> None:
    with open_source(CameraAddress(address)).connect() as stream:
        base = stream.info.time_base
        recorder = Recorder(folder, "bench", "limit", segment_ns=_SEGMENT_S * NS_PER_S)
        recorder.begin(
            stream.info,
            stream.template,
            "limit",
            anchor=lambda pts: Instant(to_ns(pts, base) // 1000 * 1000, TimeSource.ARRIVAL, 0),
            clock=lambda: ClockStatement(None, None, None, None, ()),
        )
        extradata = stream.template.codec_context.extradata
        decoder = LiveDecoder("limit", stream.info, extradata, rate=Fraction(2))
        for packet in stream:
            recorder.add(packet)
            if looking and packet.key:
                for frame in decoder.feed(packet, Instant(0, TimeSource.ARRIVAL, 0), DecodeLevel.KEYFRAMES):
                    frame.luma()


def _plain(what: str, address: str, folder: Path) -> None:
    live = address.startswith("rtsp:")
    options = {"rtsp_transport": "tcp", "allowed_media_types": "video"} if live else {}
    with av.open(address, options=options) as container:
        stream = container.streams.video[0]
        packets = _counted(container.demux(stream)) if live else _paced(container.demux(stream))
        writer = _Writer(stream, folder) if what != "demux" else None
        decoder: VideoCodecContext | None = None
        if what == "copy-keyframes":
            made = CodecContext.create(stream.codec_context.name, "r")
            assert isinstance(made, VideoCodecContext)
            decoder = made
            decoder.extradata, decoder.thread_count = stream.codec_context.extradata, 1
        for packet in packets:
            if decoder is not None and packet.is_keyframe:
                decoder.decode(packet)
                decoder.decode(None)
                decoder.flush_buffers()
            if writer is not None:
                writer.add(packet)


class _Writer:
    """Stream copy into one file after the other; the one before is removed."""

    def __init__(self, template: VideoStream, folder: Path) -> None:
        self._template = template
        self._path = folder / "copy.mp4"
        self._out: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._began_s = 0.0

    def add(self, packet: Packet[Any]) -> None:
        at_s = _seconds(packet)
        if packet.is_keyframe and (self._out is None or at_s - self._began_s >= _SEGMENT_S):
            if self._out is not None:
                self._out.close()
            self._path.unlink(missing_ok=True)
            self._out = av.open(str(self._path), "w", container_options=_FRAGMENTED)
            self._stream = self._out.add_stream_from_template(self._template, opaque=True)
            self._began_s = at_s
        if self._out is not None and self._stream is not None:
            packet.stream = self._stream
            self._out.mux(packet)


def _seconds(packet: Packet[Any]) -> float:
    assert packet.dts is not None and packet.time_base is not None
    return float(packet.dts * packet.time_base)


def _paced(packets: Iterator[Packet[Any]]) -> Iterator[Packet[Any]]:
    began = time.monotonic()
    for packet in packets:
        if packet.dts is not None:
            time.sleep(max(0.0, began + _seconds(packet) - time.monotonic()))
            yield packet


def _counted(packets: Iterator[Packet[Any]]) -> Iterator[Packet[Any]]:
    """RTSP leaves stamps out at first, and a muxer wants them. Without B-frames, counting gives the same ones."""
    number = 0
    for packet in packets:
        if packet.size:
            assert packet.time_base is not None
            packet.pts = packet.dts = round(number / FPS / packet.time_base)
            number += 1
            yield packet


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="streetproof-bench-", dir=sys.argv[3]))
    try:
        watch(sys.argv[1], sys.argv[2], folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
