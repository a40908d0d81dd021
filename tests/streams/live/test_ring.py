"""The pre-roll in memory."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.instant import NS_PER_S
from streams.live.address import CameraAddress
from streams.live.interface import LivePacket
from streams.live.ring import PreRoll
from streams.live.source import open_source
from tests.rtsp.media import clip

BASE = Fraction(1, 1000)


def packet(pts: int, *, key: bool, size: int = 100) -> LivePacket:
    return LivePacket(av.Packet(bytes(size)), pts, pts, key, pts * 1_000_000, None)


def feed(ring: PreRoll, kinds: list[tuple[bool, int]]) -> None:
    for k, (key, size) in enumerate(kinds):
        ring.add(packet(k * 40, key=key, size=size))


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 3000)), max_size=60),
    st.integers(1, 2000),
    st.integers(1, 20_000),
)
def test_bounds_and_whole_groups(kinds, duration_ms, max_bytes):
    duration_ns = duration_ms * 1_000_000
    ring = PreRoll(BASE, duration_ns=duration_ns, max_bytes=max_bytes)
    feed(ring, kinds)
    held = list(ring)
    assert ring.size <= max_bytes
    assert len(ring) == len(held)
    assert sum(p.packet.size for p in held) <= ring.size
    if held:
        # From a keyframe to the very last packet that came, without a hole.
        assert held[0].key
        assert [p.pts for p in held] == list(range(held[0].pts, len(kinds) * 40, 40))
    # Without a bound on bytes, everything of the last `duration_ns` is there if a keyframe came before.
    wide = PreRoll(BASE, duration_ns=duration_ns, max_bytes=1 << 40)
    feed(wide, kinds)
    keys = [k * 40 for k, (key, _) in enumerate(kinds) if key]
    if keys:
        wanted = max(keys[0], (len(kinds) - 1) * 40 - duration_ms)
        # ... and no group more than that needs.
        assert next(iter(wide)).pts == max(key for key in keys if key <= wanted)


def test_since():
    ring = PreRoll(BASE, duration_ns=60 * NS_PER_S, max_bytes=1 << 20)
    feed(ring, [(k % 10 == 0, 10) for k in range(35)])
    for wanted, first in [(0, 0), (399, 0), (400, 400), (799, 400), (10_000, 1200), (-5, 0)]:
        got = ring.since(wanted)
        assert (got[0].pts, got[-1].pts) == (first, 34 * 40)
    assert PreRoll(BASE, duration_ns=1, max_bytes=1).since(0) == ()


def test_a_group_too_large_is_dropped_whole_and_counted():
    ring = PreRoll(BASE, duration_ns=NS_PER_S, max_bytes=5000)
    feed(ring, [(k == 0, 600) for k in range(20)])
    assert (len(ring), ring.size, ring.oversized, ring.missed) == (0, 0, 1, 20)
    ring.add(packet(800, key=True))
    assert (len(ring), ring.oversized) == (1, 1)


def test_a_long_group_is_kept_beyond_the_duration():
    ring = PreRoll(BASE, duration_ns=NS_PER_S, max_bytes=1 << 20)
    feed(ring, [(k == 0, 10) for k in range(200)])
    assert len(ring) == 200


def test_nothing_before_the_first_keyframe():
    ring = PreRoll(BASE, duration_ns=NS_PER_S, max_bytes=1 << 20)
    feed(ring, [(False, 10)] * 5)
    assert (len(ring), ring.missed) == (0, 5)


def test_what_is_held_outlives_the_connection_and_its_writers(clips):
    source = clip(clips, seconds=2, bframes=3)
    with open_source(CameraAddress(f"file:{source}"), speed=None).connect() as stream:
        base = stream.info.time_base
        ring = PreRoll(base, duration_ns=60 * NS_PER_S, max_bytes=1 << 24)
        decoder = av.CodecContext.create("h264", "r")
        decoder.extradata = stream.template.codec_context.extradata
        stamps = []
        for live, _ in zip(stream, range(40), strict=False):
            ring.add(live)
            stamps.append((live.pts, live.dts))
            live.packet.pts = live.packet.dts = 0
    assert [(p.packet.pts, p.packet.dts) for p in ring] == stamps
    frames = [frame for p in ring for frame in decoder.decode(p.packet)] + decoder.decode(None)
    shown = [frame.pts for frame in frames]
    assert len(shown) == 40
    assert all(a < b for a, b in pairwise(shown))


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="max_bytes"):
        PreRoll(BASE, duration_ns=1, max_bytes=0)
