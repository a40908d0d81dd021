"""A recording played as if it were a camera: for trials without one, for tests, and for soaks at other speeds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from types import TracebackType
from typing import Self

import av.error
from av.video.stream import VideoStream

from streams.instant import NS_PER_S
from streams.live.address import CameraAddress
from streams.live.faults import fault
from streams.live.interface import FaultKind, LiveError, LivePacket, StreamInfo
from streams.live.line import Line, LineBrokenError
from streams.live.opening import WRAP_BITS, Opened, Timeouts, open_address
from streams.live.parameters import ParameterWatch
from streams.live.reference import ReferenceReader
from streams.packets import VideoPacket
from streams.timeline import to_ns


class FileStream:
    """A LiveStream out of a file, in real time or `speed` times as fast; None: as fast as it is read.

    It ends like a camera that is switched off (ENDED), or with `loop` begins again on the same line of time, one frame
    interval after the last packet. A hole in the recording is a hole here: one longer than the stall timeout ends it.

    At real time `arrived_ns` is the time of arrival. At any other speed it is the one that real time would have given,
    counted from the opening, so that whoever follows clocks sees a camera and not one whose clock runs wild; then it is
    not to be compared with the present.
    """

    def __init__(
        self,
        opened: Opened,
        address: CameraAddress,
        timeouts: Timeouts,
        *,
        loop: bool,
        speed: Fraction | int | None,
        now: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._opened = opened
        self._address = address
        self._timeouts = timeouts
        self._loop = loop
        self._speed = speed
        self._now = now
        self._sleep = sleep
        self._began = now()
        self._closed = False
        # The first container stays open to the end: the template stands on it.
        self._stack = ExitStack()
        self._stack.callback(opened.container.close)
        self._lap = self._stack.enter_context(ExitStack())

    @property
    def info(self) -> StreamInfo:
        return self._opened.info

    @property
    def template(self) -> VideoStream:
        return self._opened.stream

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        self._stack.close()

    def __iter__(self) -> Iterator[LivePacket]:
        """See LiveStream."""
        opened, shift, last = self._opened, 0, 0
        last_key: int | None = None
        interval = 1
        self._began = self._now()
        while True:
            packets = 0
            for placed in self._placed(opened):
                if isinstance(placed, LiveError):
                    raise placed
                placed.pts, placed.dts = placed.pts + shift, placed.dts + shift
                if packets:
                    interval = placed.dts - last
                self._bound(placed, last, last_key)
                last = placed.dts
                last_key = placed.dts if placed.key or last_key is None else last_key
                packets += 1
                placed.arrived_ns = self._arrive(to_ns(placed.dts, self.info.time_base))
                yield placed
            if not self._loop or not packets:
                raise fault(FaultKind.ENDED, self._address.label, "the recording has ended", remedy="")
            shift = last + interval
            self._lap.close()
            opened = open_address(self._address, self._timeouts)
            self._lap.callback(opened.container.close)
            if opened.info != self.info:
                raise fault(FaultKind.CHANGED, self._address.label)

    def _placed(self, opened: Opened) -> Iterator[LivePacket | LiveError]:
        """One lap, on a line that begins at 0; a fault comes last."""
        where = self._address.label
        line = Line(
            opened.info.time_base,
            wrap_bits=WRAP_BITS.get(opened.container.format.name),
            rate=opened.info.rate or opened.stream.average_rate,
            reference=ReferenceReader(),
            pace=None,
        )
        watch = ParameterWatch(opened.info.codec, opened.stream.codec_context.extradata)
        trouble: LiveError | None = None
        try:
            for packet in self._read(opened):
                if watch.changed(packet):
                    trouble = fault(FaultKind.CHANGED, where)
                    break
                yield from line.add(packet, 0)
        except av.error.FFmpegError:
            trouble = fault(FaultKind.PROTOCOL, where, "the recording is damaged here", remedy="Play another")
        except IndexError:
            # PyAV's flush at the end stumbles over streams that a damaged table announced on the way.
            pass
        except LineBrokenError as error:
            trouble = fault(FaultKind.TIMESTAMPS, where, str(error), remedy="Play another")
        yield from line.flush()
        if trouble is not None:
            yield trouble

    def _read(self, opened: Opened) -> Iterator[VideoPacket]:
        packets = opened.container.demux(opened.stream)
        while not self._closed:
            packet = next(packets, None)
            if packet is None:
                return
            if packet.size:
                yield packet
        raise ValueError("the connection is closed")

    def _bound(self, placed: LivePacket, last: int, last_key: int | None) -> None:
        base = self.info.time_base
        if to_ns(placed.dts - last, base) > self._timeouts.stall_ns:
            self._arrive(to_ns(last, base) + self._timeouts.stall_ns)
            raise fault(FaultKind.STALLED, self._address.label, "the recording has a hole here", remedy="")
        if last_key is not None and to_ns(placed.dts - last_key, base) > self._timeouts.keyframe_ns and not placed.key:
            raise fault(FaultKind.NO_KEYFRAME, self._address.label)

    def _arrive(self, position_ns: int) -> int:
        """Wait until the packet is due; its time of arrival."""
        due = self._began + position_ns
        if self._speed is None:
            return due
        wait = self._began + int(position_ns / Fraction(self._speed)) - self._now()
        if wait > 0:
            self._sleep(wait / NS_PER_S)
        return self._now() if self._speed == 1 else due
