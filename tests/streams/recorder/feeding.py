"""Live packets out of a file, and a recorder that takes them: what a camera's worker does, without the camera."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from av.video.stream import VideoStream

from streams.cut_plan import plan
from streams.instant import NS_PER_S, Instant, TimeSource
from streams.live.interface import LivePacket, StreamInfo
from streams.packets import PacketStream, probe
from streams.recorder.interface import ClockStatement, CloseReason, GapStatement, SegmentRecord
from streams.recorder.recorder import Recorder
from streams.timeline import to_ns

START_NS = 1_793_577_600 * NS_PER_S
"""2026-11-02T00:00:00Z."""
CLOCK = ClockStatement(125_000_000, -3_000, 2**60, START_NS, ("camera_offset_unknown",))
PTS_0 = 2**40
"""Where the session's line begins: far from the file's."""


@contextmanager
def camera(path: Path) -> Iterator[tuple[StreamInfo, VideoStream, Iterator[LivePacket]]]:
    """A recording as if a camera sent it."""
    probed = probe(path)
    info = StreamInfo(
        probed.info.codec,
        probed.info.width,
        probed.info.height,
        probed.info.time_base,
        probed.info.average_rate,
        "file",
    )
    # The decoding times that ingest would make where the container has none.
    taken = plan(probed, probed.first_pts, 2**60)
    with PacketStream(path, ordinal=False) as stream:
        yield (
            info,
            stream.stream,
            (
                LivePacket(timed.packet, PTS_0 + pts, PTS_0 + dts, timed.key, 0, None)
                for timed, pts, dts in zip(stream, taken.pts, taken.dts, strict=True)
            ),
        )


def anchor_on(base: Fraction, start_ns: int = START_NS):
    """A line of time that is the same for all segments of a session."""
    return lambda pts: Instant(start_ns + to_ns(pts - PTS_0, base), TimeSource.RTCP_SR, 2_000_000)


def record(
    path: Path,
    folder: Path,
    *,
    name: str = "gate-1",
    session: str = "s1",
    segment_ns: int = NS_PER_S,
    recorder: Recorder | None = None,
    start_ns: int = START_NS,
    gap: GapStatement | None = None,
    clock: ClockStatement = CLOCK,
    **options: int,
) -> tuple[list[SegmentRecord], Recorder]:
    """Record a whole file as one session."""
    taker = recorder or Recorder(folder, "hangzhou", name, segment_ns=segment_ns, **options)
    records: list[SegmentRecord | None] = []
    with camera(path) as (info, template, packets):
        before = taker.begin(
            info,
            template,
            session,
            anchor=anchor_on(info.time_base, start_ns),
            clock=lambda: clock,
            gap_before=gap,
        )
        assert before is None
        records = [taker.add(packet) for packet in packets]
        records.append(taker.close(CloseReason.STOPPED, "测试结束"))
    return [r for r in records if r is not None], taker
