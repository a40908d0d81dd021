"""A live camera's recording for tests: one file cut into fragmented MP4 segments by stream copy, chained by hash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av

from evidence_export.bag.digest import digest_file
from evidence_export.case import CaseRequest, Recording, recording_of
from streams.instant import NS_PER_S, Instant, TimeSource
from streams.recorder.interface import (
    ClockStatement,
    CloseReason,
    Closing,
    GapStatement,
    Opening,
    SegmentRecord,
)
from streams.timeline import to_ns
from tests.evidence_export.conftest import FPS, START

LINE = 7_000_000
"""Where the session's line of pts stands when the camera's first picture comes."""
GOOD_CLOCK = ClockStatement(120_000_000, 4_000, -3_000_000, START.utc_ns - 60 * NS_PER_S, ())
Change = Callable[[int, Opening], Opening]


def live_start() -> Instant:
    return Instant(START.utc_ns, TimeSource.ARRIVAL, 20_000_000)


def record(
    source: Path, folder: Path, *, gops: int = 1, clock: ClockStatement = GOOD_CLOCK, change: Change | None = None
) -> list[SegmentRecord]:
    """Segments of `gops` groups of pictures each. `change` may rewrite what the n-th says when it opens; a later
    `start` moves it in time as a reconnect does, and all after it."""
    folder.mkdir(parents=True, exist_ok=True)
    records: list[SegmentRecord] = []
    moved_ns = 0
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        base = Fraction(stream.time_base or 1)
        frame = round(1 / (FPS * base))
        packets = [packet for packet in container.demux(stream) if packet.size]
        keys = [index for index, packet in enumerate(packets) if packet.is_keyframe]
        zero = min(packet.pts for packet in packets if packet.pts is not None)
        for number, begin in enumerate(keys[::gops]):
            end = [*keys[::gops], len(packets)][number + 1]
            group = packets[begin:end]
            shown = [packet.pts for packet in group if packet.pts is not None]
            first, last = min(shown), max(shown)
            path = folder / f"段 {number:03d}.mp4"
            options = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "fflags": "+bitexact"}
            with av.open(
                str(path), "w", format="mp4", container_options={**options, "video_track_timescale": str(1 / base)}
            ) as out:
                copy = out.add_stream_from_template(stream, opaque=True)
                copy.time_base = base
                for packet in group:
                    assert packet.dts is not None and packet.pts is not None
                    packet.pts, packet.dts = packet.pts - first, packet.dts - first
                    packet.stream = copy
                    out.mux_one(packet)
            opening = Opening(
                site="demo",
                camera="cam-1",
                session="s1",
                sequence=100 + number,
                previous=records[-1].sha256 if records else "ee" * 32,
                start=live_start().shifted(moved_ns + to_ns(first - zero, base)),
                first_pts=LINE + first - zero,
                time_base=base,
                codec="h264",
                width=stream.width,
                height=stream.height,
                protocol="rtsp/tcp",
                clock=clock,
                gap_before=None,
            )
            if change is not None:
                changed = change(number, opening)
                moved_ns += changed.start.utc_ns - opening.start.utc_ns
                opening = changed
            last_pts = opening.first_pts + last - first
            ends = opening.start.shifted(to_ns(last - first + frame, base))
            closing = Closing(CloseReason.FULL, len(group), last_pts, ends, None, "")
            found = digest_file(path)
            records.append(SegmentRecord(Path(path.name), opening, closing, found.size, found.sha256, found.sm3))
    return records


def recordings_of(records: list[SegmentRecord], folder: Path) -> tuple[Recording, ...]:
    return tuple(recording_of(one, folder) for one in records)


def live(request: CaseRequest, recordings: tuple[Recording, ...]) -> CaseRequest:
    """The request about the same stay, as a live camera would have recorded it."""

    def told(at: Instant) -> Instant:
        return Instant(at.utc_ns, TimeSource.ARRIVAL, 20_000_000)

    def stay_of(stay):
        after, by = stay.arrived
        gone = stay.departed
        return replace(
            stay,
            arrived=(told(after) if after else None, told(by)),
            last_seen=told(stay.last_seen),
            departed=(told(gone[0]), told(gone[1]) if gone[1] else None) if gone else None,
        )

    violation = replace(
        request.violation,
        stay=stay_of(request.violation.stay),
        fired_at=told(request.violation.fired_at),
        moments=tuple(replace(moment, at=told(moment.at)) for moment in request.violation.moments),
    )
    return replace(request, recordings=recordings, violation=violation, stay=stay_of(request.stay))


def reconnect(at_number: int, seconds: int, cause: str = "ended") -> Change:
    """A session that ends before the segment of that number, and another that begins `seconds` later."""

    def change(number: int, opening: Opening) -> Opening:
        if number < at_number:
            return opening
        session = replace(opening, session="s2", first_pts=opening.first_pts - LINE)
        if number > at_number:
            return session
        resumed = opening.start.shifted(seconds * NS_PER_S)
        gap = GapStatement("cam-1", opening.start, resumed, cause, "The camera closed the stream.")
        return replace(session, start=resumed, gap_before=gap)

    return change
