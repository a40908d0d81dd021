"""Takes what comes of the recorded stream, writes it down, and keeps account of what is missing."""

from __future__ import annotations

import os
import secrets
import time
from bisect import bisect_right
from collections import deque
from contextlib import suppress
from dataclasses import replace

from streams.instant import NS_PER_S, Instant
from streams.live.clock import CameraClock
from streams.live.hostclock import LIMIT_NS, HostClock
from streams.live.interface import FaultKind, LiveError, LivePacket
from streams.live.looking import LiveDecoder, instant_on
from streams.live.ring import PreRoll
from streams.recorder.errors import RecorderError
from streams.recorder.interface import ClockStatement, CloseReason, GapStatement, Opening, SegmentRecord
from streams.recorder.recorder import Recorder
from streetproof.daemon.intake import Begun, Ended, Item, Overflowed, Trying
from streetproof.daemon.looker import Looker
from streetproof.daemon.messages import (
    Connected,
    Connecting,
    Faulted,
    Gapped,
    LookBack,
    Report,
    Segmented,
    StreamRole,
    WorkerSpec,
)
from streetproof.daemon.outbox import Outbox
from streetproof.daemon.process import resident_bytes

_DISK_PAUSE_NS = 5 * NS_PER_S
_RATE_WINDOW_NS = 10 * NS_PER_S
_ANCHORS = 64
"""Segments whose instants are remembered: more than fit into what is held for looking back."""
_WHY_STOPPED = {
    "stopped": "the daemon was stopped",
    "reload": "its settings were changed",
    "crashed": "the daemon ended unexpectedly",
    "handover": "the database answered, and recording began anew together with the analysis",
    "disk": "the disk was nearly full, and no footage could be deleted without the database",
}
_MAX_UNSETTLED = 500
"""Packets held back, at most, until the first instant of a connection can be trusted."""


class MainStream:
    """One camera's recording. Called by one thread."""

    def __init__(self, spec: WorkerSpec, host: HostClock, looker: Looker, outbox: Outbox) -> None:
        self._spec = spec
        self._host = host
        self._looker = looker
        self._outbox = outbox
        self._send = outbox.put
        self._recorder = Recorder(
            spec.recordings, site=spec.site, camera=spec.camera, segment_ns=spec.segment_ns, previous=spec.previous
        )
        self._ring: PreRoll | None = None
        self._begun: Begun | None = None
        self._extradata: bytes | None = None
        self._clock: CameraClock | None = None
        self._unsettled: list[LivePacket] = []
        self._end: Instant | None = spec.gap.start if spec.gap is not None else None
        self._gap: GapStatement | None = None
        self._disk_again_ns = 0
        self._failed: RecorderError | None = None
        """A write that failed, until what it left is finished and it is known from where on footage is missing."""
        self._moved: str | None = None
        """The line was put right, and for this flag; the next segment states it."""
        self._anchors: list[tuple[int, Instant]] = []
        self._unplaced: list[LivePacket] = []
        self._recording = False
        self._packets = self._bytes = self._overflow_ns = 0
        self._last_ns: int | None = None
        self._arrivals: deque[int] = deque(maxlen=1500)
        self.idle = True

    def start(self) -> None:
        """State the gap that lies between what was recorded before and what will be."""
        self._gap = self._spec.gap or GapStatement(self._spec.camera, None, None, "started", "recording begins")
        self._send(Gapped(self._gap))

    def take(self, item: Item) -> None:
        """One item of the inbox, in order."""
        match item:
            case Trying():
                self._send(Connecting())
            case Begun():
                self._begin(item)
            case LivePacket():
                self._packet(item)
            case Overflowed(packets):
                self._finish(
                    "overflow",
                    f"{packets} packets could not be written in time: the disk or the machine was too slow",
                    CloseReason.FAULT,
                )
            case Ended(error, retry_ns):
                self._finish(error.kind.value, error.what, _reason(error))
                # Whoever is told of the fault finds all that came before it counted.
                self._send(self.report(time.monotonic_ns()))
                self._begun = self._clock = None
                self._send(Faulted(StreamRole.MAIN, error.kind, error.what, error.remedy, retry_ns))

    def stop(self, cause: str) -> None:
        """Close the open segment and state the gap that begins; `cause`: one of `_WHY_STOPPED`."""
        # Neither was asked for by anybody: the next run must not take it for an orderly end.
        reason = CloseReason.FAULT if cause in ("crashed", "disk") else CloseReason.STOPPED
        self._finish(cause, _WHY_STOPPED[cause], reason)

    def look_back(self, asked: LookBack) -> None:
        """Hand what is still held of the range to the looker."""
        begun, ring = self._begun, self._ring
        # Without a connection nobody knows the line that the held packets' times stand on.
        held = ring if ring is not None and begun is not None else ()
        packets = [(p, at) for p in held if (at := self._at(p.pts)) is not None]
        first = max((k for k, (p, at) in enumerate(packets) if p.key and at.utc_ns <= asked.from_ns), default=0)
        wanted = [(p, at) for p, at in packets[first:] if at.utc_ns <= asked.to_ns]
        if begun is None or not wanted:
            self._looker.look_back(asked, None, ())
            return
        decoder = LiveDecoder(self._spec.camera, begun.info, self._extradata, rate=self._spec.rate)
        self._looker.look_back(asked, decoder, wanted)

    def report(self, now_ns: int) -> Report:
        """Counters and readings."""
        while self._arrivals and now_ns - self._arrivals[0] > _RATE_WINDOW_NS:
            self._arrivals.popleft()
        span_ns = self._arrivals[-1] - self._arrivals[0] if len(self._arrivals) > 1 else 0
        counts, clock = self._looker.counts, self._clock
        return Report(
            packets=self._packets,
            bytes=self._bytes,
            fps=round((len(self._arrivals) - 1) * NS_PER_S / span_ns, 2) if span_ns else None,
            last_packet_age_ns=None if self._last_ns is None else now_ns - self._last_ns,
            decoded=counts.decoded,
            decode_ns=counts.decode_ns,
            unsent=counts.unsent + self._outbox.unsent,
            overflow_ns=self._overflow_ns,
            offset_ns=clock.offset_ns if clock is not None else None,
            drift_ppb=clock.drift_ppb if clock is not None else None,
            clock_flags=clock.flags if clock is not None else (),
            resident_bytes=resident_bytes(os.getpid()) or 0,
        )

    # -- one connection --------------------------------------------------------------------------------------------

    def _begin(self, begun: Begun) -> None:
        self._begun = begun
        self._extradata = begun.template.codec_context.extradata
        self._clock = CameraClock(begun.info.time_base, self._host, after=self._end)
        self._unsettled = []
        self._ring = PreRoll(begun.info.time_base, duration_ns=self._spec.ring_ns, max_bytes=self._spec.ring_bytes)
        self._anchors.clear()
        self._looker.begin(
            StreamRole.MAIN, LiveDecoder(self._spec.camera, begun.info, self._extradata, rate=self._spec.rate)
        )
        self._send(Connected(StreamRole.MAIN, begun.info))

    def _packet(self, packet: LivePacket) -> None:
        assert self._clock is not None
        self._packets += 1
        self._bytes += packet.packet.size
        self._last_ns = packet.arrived_ns
        self._arrivals.append(packet.arrived_ns)
        self._clock.observe(packet.pts, packet.arrived_ns, packet.reference_ns)
        if self._unsettled or not self._anchors:
            # What was read while probing came late and together: the first instant is better a second later.
            self._unsettled.append(packet)
            if not self._clock.settled and len(self._unsettled) < _MAX_UNSETTLED:
                return
            self._release()
            return
        self._write(packet)

    def _release(self) -> None:
        held, self._unsettled = self._unsettled, []
        for packet in held:
            self._write(packet)

    def _write(self, packet: LivePacket) -> None:
        """Record, keep for looking back, and offer to the looker, in this order: recording makes the instants."""
        if not self._record(packet):
            return
        self._unplaced.append(packet)
        opening, clock = self._recorder.opening, self._clock
        if opening is None or clock is None:
            return  # a segment's instant is known once its first pictures are sorted
        if not self._anchors or self._anchors[-1][0] != opening.first_pts:
            self._anchors.append((opening.first_pts, opening.start))
            del self._anchors[:-_ANCHORS]
            self._opened(opening)
        for placed in self._unplaced:
            if self._ring is not None:
                self._ring.add(placed)
            self._looker.offer(StreamRole.MAIN, placed, clock.at(placed.pts))
        self._unplaced.clear()

    def _record(self, packet: LivePacket) -> bool:
        """Hand the packet to the recorder; whether it has it now."""
        try:
            if not self._recording and not self._begin_recording(packet):
                return False
            closed = self._recorder.add(packet)
        except RecorderError as error:
            self._disk_failed(error, packet.arrived_ns)
            return False
        if closed is not None:
            self._closed(closed)
            self._put_right()
        return True

    def _begin_recording(self, packet: LivePacket) -> bool:
        begun, clock = self._begun, self._clock
        if begun is None or clock is None or not packet.key or packet.arrived_ns < self._disk_again_ns:
            return False
        self._salvage()
        session = f"{self._host.now_ns() // NS_PER_S}-{secrets.token_hex(4)}"
        self._recorder.begin(
            begun.info,
            begun.template,
            session,
            anchor=clock.anchor,
            clock=self._statement,
            gap_before=self._gap,
        )
        self._recording = True
        return True

    def _disk_failed(self, error: RecorderError, now_ns: int) -> None:
        self._recording = False
        self._disk_again_ns = now_ns + _DISK_PAUSE_NS
        self._unplaced.clear()
        self._failed = error
        with suppress(RecorderError):
            self._salvage()
        self._send(Faulted(StreamRole.MAIN, FaultKind.DISK, error.what, error.remedy, _DISK_PAUSE_NS))

    def _salvage(self) -> None:
        """Finish what a failed write left, and state the gap that begins behind it. Raises RecorderError."""
        if self._failed is None:
            return
        record = self._recorder.salvage()
        if record is not None:
            self._opened(record.opening)
            self._closed(record)
        failed, self._failed = self._failed, None
        self._open_gap(FaultKind.DISK.value, failed.what)

    def _opened(self, opening: Opening) -> None:
        """A segment has begun; if a gap came before it, that is over."""
        if opening.gap_before is not None:
            self._send(Gapped(opening.gap_before))
        if self._gap is not None and opening.gap_before is not None:
            if self._gap.cause == "overflow" and opening.gap_before.start is not None:
                self._overflow_ns += max(0, opening.start.utc_ns - opening.gap_before.start.utc_ns)
            if self._gap.cause == FaultKind.DISK.value and self._begun is not None:
                self._send(Connected(StreamRole.MAIN, self._begun.info, again=True))
            self._gap = None

    def _closed(self, record: SegmentRecord) -> None:
        self._end = record.closing.end
        self._send(Segmented(record))

    def _finish(self, cause: str, detail: str, reason: CloseReason) -> None:
        """The connection, or the work, ends: close what is open, and say what is missing from here on."""
        self._release()
        with suppress(RecorderError):
            self._salvage()
        if self._recording:
            self._recording = False
            try:
                closed = self._recorder.close(reason, detail)
            except RecorderError as error:
                self._disk_failed(error, time.monotonic_ns())
                return
            if closed is not None:
                # A connection that ended before its first segment had an instant is in that segment now.
                if not self._anchors or self._anchors[-1][0] != closed.opening.first_pts:
                    self._opened(closed.opening)
                self._closed(closed)
        self._unplaced.clear()
        self._open_gap(cause, detail)

    def _open_gap(self, cause: str, detail: str) -> None:
        """From the end of what is recorded on; the first cause of a gap stays its cause."""
        if self._gap is None and self._failed is None:
            self._gap = GapStatement(self._spec.camera, self._end, None, cause, detail)
            self._send(Gapped(self._gap))

    def _put_right(self) -> None:
        """Between two segments, while nothing is timed: take the clocks as they are now."""
        clock, begun = self._clock, self._begun
        if not self.idle or clock is None or begun is None:
            return
        difference = clock.difference_ns
        stepped = "host_clock_stepped" in clock.flags
        if difference is None or not (stepped or abs(difference) > LIMIT_NS):
            return
        if clock.reanchor():
            self._moved = "host_clock_stepped" if stepped else "camera_clock_jumped"
            return
        # The line would have to go back: only a new line may, and between two lines there is a stated gap.
        self._finish("clock", f"a clock was set back by {difference / NS_PER_S:.1f} s", CloseReason.CHANGED)
        self._begin(begun)

    def _statement(self) -> ClockStatement:
        """What is known of the clock when a segment begins; the first one on a line that was put right says so."""
        assert self._clock is not None
        stated, moved = self._clock.statement(), self._moved
        self._moved = None
        if moved is None or moved in stated.flags:
            return stated
        return replace(stated, flags=(*stated.flags, moved))

    def _at(self, pts: int) -> Instant | None:
        """The instant of a packet that is held; None where its segment is no longer known."""
        assert self._begun is not None
        place = bisect_right(self._anchors, pts, key=lambda anchor: anchor[0])
        if place == 0:
            return None
        first_pts, start = self._anchors[place - 1]
        return instant_on(start, first_pts, pts, self._begun.info.time_base)


def _reason(error: LiveError) -> CloseReason:
    return CloseReason.CHANGED if error.kind is FaultKind.CHANGED else CloseReason.FAULT
