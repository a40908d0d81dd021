"""One connection to a camera: packets as they arrive, until something ends it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import av.error
from av.packet import Packet
from av.video.stream import VideoStream

from streams.live.address import CameraAddress
from streams.live.faults import fault, on_reading
from streams.live.interface import FaultKind, LiveError, LivePacket, StreamInfo
from streams.live.line import Line, LineBrokenError
from streams.live.opening import WRAP_BITS, Opened, Timeouts
from streams.live.pace import Pace
from streams.live.parameters import ParameterWatch
from streams.live.reference import ReferenceReader
from streams.packets import VideoPacket


class Connection:
    """A LiveStream over a network or from a device. Opened and closed in one thread.

    `arrived_ns` is never early, and is late in two cases: packets that libav read while it found out what the stream is
    come in one burst after the opening; and where libav has to join the units of a picture (RTSP, MPEG-TS), it hands a
    picture out when the next one begins, so that every arrival is late by one frame interval.
    """

    def __init__(self, opened: Opened, address: CameraAddress, timeouts: Timeouts) -> None:
        self._container = opened.container
        self._stream = opened.stream
        self._info = opened.info
        self._where = address.label
        self._timeouts = timeouts
        self._opened_ns = time.monotonic_ns()
        self._demux: Iterator[Packet[Any]] = opened.container.demux()
        self._closed = False

    @property
    def info(self) -> StreamInfo:
        return self._info

    @property
    def template(self) -> VideoStream:
        return self._stream

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        # First the reader, which stands on the container.
        self._demux = iter(())
        self._container.close()

    def __iter__(self) -> Iterator[LivePacket]:
        """See LiveStream. What was held to be placed is still yielded before a fault is raised."""
        rate = self._info.rate or self._stream.average_rate
        line = Line(
            self._info.time_base,
            wrap_bits=WRAP_BITS.get(self._container.format.name),
            rate=rate,
            reference=ReferenceReader(),
            pace=Pace(),
        )
        watch = ParameterWatch(self._info.codec, self._stream.codec_context.extradata)
        trouble: LiveError | None = None
        for arrival in self._arrivals():
            if isinstance(arrival, LiveError):
                trouble = arrival
                break
            packet, arrived_ns = arrival
            if watch.changed(packet):
                trouble = fault(FaultKind.CHANGED, self._where)
                break
            try:
                placed = line.add(packet, arrived_ns)
            except LineBrokenError as error:
                trouble = fault(FaultKind.TIMESTAMPS, self._where, str(error))
                break
            yield from placed
        yield from line.flush()
        assert trouble is not None
        raise trouble

    def _arrivals(self) -> Iterator[tuple[VideoPacket, int] | LiveError]:
        """Packets of video with the time they came, and last the fault that ended them."""
        last_video = last_key = self._opened_ns
        while True:
            began = time.monotonic_ns()
            packet = self._read(began)
            arrived = time.monotonic_ns()
            if isinstance(packet, LiveError):
                yield packet
                return
            if packet is not None and packet.stream_index == self._stream.index:
                last_video = arrived
                last_key = arrived if packet.is_keyframe else last_key
                yield packet, arrived
            # A camera may go on sending sound, or pictures that nothing can begin with.
            if arrived - last_video > self._timeouts.stall_ns:
                yield fault(FaultKind.STALLED, self._where)
                return
            if arrived - last_key > self._timeouts.keyframe_ns:
                yield fault(FaultKind.NO_KEYFRAME, self._where)
                return

    def _read(self, began: int) -> Packet[Any] | LiveError | None:
        """The next packet of any stream, None for an empty one, or the fault that ended the stream."""
        if self._closed:
            raise ValueError("the connection is closed")
        try:
            packet = next(self._demux, None)
        except av.error.FFmpegError as error:
            took = time.monotonic_ns() - began
            return on_reading(error, where=self._where, took_ns=took, allowed_ns=self._timeouts.stall_ns)
        except IndexError:
            # PyAV's flush at the end stumbles over streams that turned up on the way.
            return fault(FaultKind.ENDED, self._where)
        if packet is None:
            return fault(FaultKind.ENDED, self._where)
        return packet if packet.size else None
