"""Cuts a camera's packets into segments at keyframes and links each to the one before it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from statistics import median_low

from av.video.stream import VideoStream

from streams.instant import Instant
from streams.live.interface import LivePacket, StreamInfo
from streams.recorder.errors import RecorderError
from streams.recorder.interface import (
    FRAMES_MISSING,
    ClockStatement,
    CloseReason,
    GapStatement,
    Link,
    Opening,
    SegmentRecord,
)
from streams.recorder.missing import Missing
from streams.recorder.names import check_camera
from streams.recorder.recovery import quarantine, recover
from streams.recorder.segment import Segment
from streams.timeline import to_ns

STRETCH = 10
"""Without a keyframe, a segment grows to this many times its length, and is then closed between two pictures."""
MAX_BYTES = 512 << 20
"""... or to this size."""
_REORDER_DEPTH = 16
_HISTORY = 15
_FALLBACK_RATE = 25


@dataclass(slots=True)
class _Session:
    info: StreamInfo
    template: VideoStream
    name: str
    anchor: Callable[[int], Instant]
    clock: Callable[[], ClockStatement]
    gap: GapStatement | None
    recorded: bool = False
    """A segment of it was begun, so that another may begin without a keyframe."""
    waiting: list[LivePacket] = field(default_factory=list)
    """The first packets of a segment, until it is known which of their pictures is shown first."""
    last_dts: int | None = None
    steps: deque[int] = field(default_factory=lambda: deque(maxlen=_HISTORY))


class Recorder:
    """Records one camera, one session after the other. Not thread-safe; finishing a segment waits for the disk.

    A segment is closed at the first keyframe after `segment_ns`; where no keyframe comes, after ten times as long or
    `max_bytes`. Then the next one begins without a keyframe: it shows pictures only together with the one before it,
    but no packet is lost for that.
    """

    def __init__(
        self,
        folder: Path,
        site: str,
        camera: str,
        *,
        segment_ns: int,
        previous: SegmentRecord | Link | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """`previous`: the camera's last segment, see `chain.last_link`; None only where there never was one.

        Raises ValueError for an id that cannot name a folder and for a length that is not positive.
        """
        if segment_ns <= 0 or max_bytes <= 0:
            raise ValueError(f"a segment needs a length above 0, got {segment_ns} ns and {max_bytes} bytes")
        self._folder = folder
        self._site = site
        self._camera = check_camera(camera)
        self._segment_ns = segment_ns
        self._max_bytes = max_bytes
        self._link = previous.link if isinstance(previous, SegmentRecord) else previous
        self._session: _Session | None = None
        self._segment: Segment | None = None
        self._broken: Path | None = None
        self.left_out = 0
        """Packets of this session that came before its first keyframe. They are not recorded: state a gap for them."""

    @property
    def link(self) -> Link | None:
        """What the next segment will follow on."""
        return self._link

    @property
    def opening(self) -> Opening | None:
        """Of the segment that is being written."""
        return None if self._segment is None else self._segment.opening

    def begin(
        self,
        info: StreamInfo,
        template: VideoStream,
        session: str,
        *,
        anchor: Callable[[int], Instant],
        clock: Callable[[], ClockStatement],
        gap_before: GapStatement | None = None,
    ) -> SegmentRecord | None:
        """Begin a session: one connection, one line of pts. `template` must stay valid until `close`.

        `anchor(pts)` is asked once per segment for the instant of its first picture, `clock()` for what is known of
        the clock. `gap_before` stands in the session's first segment; where it has no end, that segment's start is it.

        Where a write had failed, what it left is recovered first, and returned: the chain goes on from there.
        Raises RecorderError where that cannot be done yet, or the stream's ticks cannot be kept.
        """
        if self._session is not None:
            raise RuntimeError("the session before has not been closed")
        base = info.time_base
        if base.numerator != 1:
            raise RecorderError(
                f"ticks of {base} s cannot be kept exactly in a segment",
                where=self._camera,
                remedy="Let the camera send RTSP, whose ticks are 1/90000 s",
            )
        record = self.salvage()
        self._session = _Session(info, template, session, anchor, clock, gap_before)
        self.left_out = 0
        return record

    def add(self, packet: LivePacket) -> SegmentRecord | None:
        """Record a packet; returns the segment that was closed in front of it, if one was.

        Raises RecorderError where the disk does not take it. The session is over then, and the file is left as it is:
        `begin` anew, and state a gap from the end of what `begin` recovers.
        """
        session = self._running()
        if session.last_dts is not None:
            session.steps.append(packet.dts - session.last_dts)
        session.last_dts = packet.dts
        if session.waiting and _settled(session.waiting, packet):
            self._open()
        record = None
        if self._segment is not None:
            why = self._why_full(self._segment, packet)
            if why is None:
                self._write(self._segment, packet)
                return None
            record = self._finish(CloseReason.FULL, why, packet.pts)
        if packet.key or session.waiting or session.recorded:
            session.waiting.append(packet)
        else:
            self.left_out += 1
        return record

    def close(self, reason: CloseReason, detail: str = "") -> SegmentRecord | None:
        """End the session; returns its last segment, None where nothing was open. `detail` must hold no secret.

        Raises RecorderError as `add` does. Closing what is not open does nothing.
        """
        session = self._session
        try:
            if session is not None and session.waiting:
                self._open()
            return None if self._segment is None else self._finish(reason, detail, None)
        finally:
            self._session = None

    def _running(self) -> _Session:
        if self._session is None:
            raise RuntimeError("no session was begun")
        return self._session

    def _open(self) -> None:
        """Begin a segment with the packets that waited."""
        session = self._running()
        first_pts = min(packet.pts for packet in session.waiting)
        start = session.anchor(first_pts)
        gap = session.gap
        opening = Opening(
            site=self._site,
            camera=self._camera,
            session=session.name,
            sequence=1 if self._link is None else self._link.sequence + 1,
            previous=None if self._link is None else self._link.sha256,
            start=start,
            first_pts=first_pts,
            time_base=session.info.time_base,
            codec=session.info.codec,
            width=session.info.width,
            height=session.info.height,
            protocol=session.info.protocol,
            clock=session.clock(),
            gap_before=replace(gap, end=start) if gap is not None and gap.end is None else gap,
        )
        waiting, session.waiting = session.waiting, []
        try:
            self._segment = Segment(
                self._folder, opening, session.template, first_dts=waiting[0].dts, interval=_interval(session)
            )
        except RecorderError:
            self._session = None
            raise
        session.gap = None
        session.recorded = True
        for packet in waiting:
            self._write(self._segment, packet)

    def _write(self, segment: Segment, packet: LivePacket) -> None:
        try:
            segment.add(packet)
        except RecorderError:
            self._give_up(segment)
            raise

    def _finish(self, reason: CloseReason, detail: str, next_pts: int | None) -> SegmentRecord:
        segment, session = self._segment, self._running()
        assert segment is not None
        interval = _interval(session)
        end_pts = segment.highest + interval
        # Where the next picture is known to come a little earlier or later than usual, that is the end.
        if next_pts is not None and 0 < next_pts - segment.highest <= interval * 3 // 2:
            end_pts = next_pts
        try:
            record = segment.finish(reason, detail, end_pts)
        except RecorderError:
            self._give_up(segment)
            raise
        if next_pts is not None and Missing(session.info.time_base).is_gap(next_pts - segment.highest, interval):
            session.gap = GapStatement(
                self._camera,
                record.closing.end,
                None,
                FRAMES_MISSING,
                "no packet came between two segments, though the connection stood",
            )
        self._segment = None
        self._link = record.link
        return record

    def _give_up(self, segment: Segment) -> None:
        self._broken = segment.partial
        self._segment = None
        self._session = None

    def salvage(self) -> SegmentRecord | None:
        """Finish what a failed write left, so that it is known where the recording ends; `begin` does it by itself.

        Returns the segment that was recovered, if there was anything in it. Raises RecorderError where the disk does
        not even take that; then do it again later.
        """
        if self._broken is None:
            return None
        try:
            found = recover(self._broken, detail="the disk did not take more of it")
        except RecorderError as error:
            if error.disk_full:
                raise
            # A file that cannot even be recovered must not stop the camera for ever.
            with suppress(OSError):
                quarantine(self._broken)
            found = None
        self._broken = None
        if not isinstance(found, SegmentRecord):
            return None
        self._link = found.link
        return found

    def _why_full(self, segment: Segment, packet: LivePacket) -> str | None:
        """Why the segment ends in front of `packet`, empty where it is simply long enough; None: it does not."""
        opening = segment.opening
        elapsed = to_ns(packet.pts - opening.first_pts, opening.time_base)
        if packet.key and elapsed >= self._segment_ns:
            return ""
        # Between two pictures only where no picture that comes later is shown before this border.
        if packet.pts > segment.highest:
            if elapsed >= STRETCH * self._segment_ns:
                return f"no keyframe came for {STRETCH} times the length of a segment"
            if segment.size >= self._max_bytes:
                return f"it grew beyond {self._max_bytes} bytes"
        return None


def _settled(waiting: list[LivePacket], packet: LivePacket) -> bool:
    """Whether nothing that follows is shown before the first of the waiting: its leading pictures are over."""
    return packet.key or packet.pts > waiting[0].pts or len(waiting) > _REORDER_DEPTH


def _interval(session: _Session) -> int:
    """How long a picture is shown, in ticks: the median of the latest steps, else as announced."""
    if session.steps:
        return median_low(session.steps)
    rate = session.info.rate
    return max(1, round(1 / ((rate if rate else Fraction(_FALLBACK_RATE)) * session.info.time_base)))
