"""Whatever a camera sends, every packet from the first keyframe on is recorded once, at its own time."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from av.packet import Packet
from av.video.stream import VideoStream
from hypothesis import given
from hypothesis import strategies as st

from streams.instant import NS_PER_S, Instant, TimeSource
from streams.live.interface import LivePacket, StreamInfo
from streams.packets import PacketStream, probe
from streams.recorder.chain import check_chain, scan
from streams.recorder.footage import part_of
from streams.recorder.interface import CloseReason, SegmentRecord
from streams.recorder.recorder import Recorder
from streams.timeline import to_ns
from tests.streams.media import make
from tests.streams.recorder.feeding import CLOCK

BASE = Fraction(1, 90_000)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory):
    path = make(tmp_path_factory.mktemp("template") / "a.mp4", frames=5)
    with PacketStream(path, ordinal=False) as stream:
        yield stream.stream


@st.composite
def sendings(draw: st.DrawFn) -> list[tuple[int, int, bool]]:
    """pts, dts and key of packets: groups with or without reordering and leading pictures, with jitter and silences."""
    delay = draw(st.integers(0, 3))
    shown: list[tuple[int, bool]] = []
    slot = draw(st.integers(0, 2**40))
    for _ in range(draw(st.integers(1, 6))):
        for first in range(draw(st.integers(1, 5))):
            # An anchor picture, and before it in presentation those that refer to it.
            between = draw(st.integers(0, delay)) if shown else 0
            shown.append((slot + between, first == 0))
            shown += [(slot + k, False) for k in range(between)]
            slot += between + 1
            slot += draw(st.sampled_from([0, 0, 0, 0, 1, 60]))
    jitter = [draw(st.integers(-800, 800)) for _ in shown]
    pts = [s * 3600 + j for (s, _), j in zip(shown, jitter, strict=True)]
    late = 3600 * (delay + 1)
    dts = [p - late for p in sorted(pts)]
    assert all(d <= p for d, p in zip(dts, pts, strict=True)) and all(a < b for a, b in pairwise(dts))
    return [(p, d, key) for p, d, (_, key) in zip(pts, dts, shown, strict=True)]


def packet(pts: int, dts: int, key: bool, number: int, stream: VideoStream) -> LivePacket:
    unit = bytes([0x65 if key else 0x41]) + number.to_bytes(4, "big") + b"\x80"
    made = Packet(len(unit).to_bytes(4, "big") + unit)
    made.stream, made.pts, made.dts, made.time_base = stream, pts, dts, BASE
    return LivePacket(made, pts, dts, key, 0, None)


@given(sendings(), st.integers(0, 3), st.sampled_from([NS_PER_S // 25, NS_PER_S // 4, 2 * NS_PER_S]))
def test_every_packet_once(template, sending, late, segment_ns):
    info = StreamInfo("h264", 160, 96, BASE, None, "rtsp/tcp")
    origin = min(pts for pts, _, _ in sending)
    with tempfile.TemporaryDirectory(prefix="录像 ") as name:
        folder = Path(name)
        recorder = Recorder(folder, "s", "c", segment_ns=segment_ns)
        recorder.begin(
            info,
            template,
            "s1",
            anchor=lambda pts: Instant(NS_PER_S * 10**9 + to_ns(pts - origin, BASE), TimeSource.ARRIVAL, 0),
            clock=lambda: CLOCK,
        )
        records = []
        for number, (pts, dts, key) in enumerate(sending[late:], late):
            records.append(recorder.add(packet(pts, dts, key, number, template)))
        records.append(recorder.close(CloseReason.STOPPED))
        made = [r for r in records if r is not None]
        first_key = next((k for k in range(late, len(sending)) if sending[k][2]), len(sending))
        assert recorder.left_out == first_key - late if late < len(sending) else recorder.left_out == 0
        assert list(scan(folder)) == made and check_chain(made) == []
        got = [item for record in made for item in stored(folder, record)]
        expected = [(p, d, k, number) for number, (p, d, k) in enumerate(sending)][first_key:]
        assert got == expected
        for one, two in pairwise(made):
            assert one.closing.last_pts < two.opening.first_pts
            assert one.opening.start.utc_ns < two.opening.start.utc_ns


def stored(folder: Path, record: SegmentRecord) -> list[tuple[int, int, bool, int]]:
    part = part_of(folder, record)
    assert probe(part.path).info.time_base == BASE
    with PacketStream(part.path, ordinal=False) as stream:
        return [
            (t.pts + part.shift, t.dts + part.shift, t.key, int.from_bytes(bytes(t.packet)[5:9], "big")) for t in stream
        ]
