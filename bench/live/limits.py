"""The limits: what less than a camera's process costs, with PyAV alone. `python -m bench.live.limits WHAT ADDRESS`.

`demux`: packets are read and thrown away; `copy`: they are also muxed into files of ten seconds, without a hash and
without waiting for the disk; `keyframes`: and keyframes are decoded. A recording is read in real time, like a camera.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
from av.codec.context import CodecContext
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from bench.live.footage import FPS

WHAT = ("demux", "copy", "keyframes")
_SEGMENT_S = 10
_FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof+skip_trailer", "frag_duration": "1000000"}


def watch(what: str, address: str, folder: Path) -> None:
    """Do it until the stream ends."""
    live = address.startswith("rtsp:")
    options = {"rtsp_transport": "tcp", "allowed_media_types": "video"} if live else {}
    with av.open(address, options=options) as container:
        stream = container.streams.video[0]
        packets = _counted(container.demux(stream)) if live else _paced(container.demux(stream))
        writer = _Writer(stream, folder) if what in ("copy", "keyframes") else None
        decoder = CodecContext.create(stream.codec_context.name, "r") if what == "keyframes" else None
        if decoder is not None:
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
        at_s = float(packet.dts * packet.time_base)
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


def _paced(packets: Iterator[Packet[Any]]) -> Iterator[Packet[Any]]:
    began = time.monotonic()
    for packet in packets:
        if packet.dts is not None:
            time.sleep(max(0.0, began + float(packet.dts * packet.time_base) - time.monotonic()))
            yield packet


def _counted(packets: Iterator[Packet[Any]]) -> Iterator[Packet[Any]]:
    """RTSP leaves stamps out at the beginning, and a muxer wants them. Without B-frames counting gives the same ones."""
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
