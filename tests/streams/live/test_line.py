"""Placing packets on one line of time, and noticing stamps that do not belong there."""

from __future__ import annotations

import struct
from fractions import Fraction
from itertools import pairwise

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.instant import NS_PER_S
from streams.live.interface import LivePacket
from streams.live.line import MAX_HELD, Line, LineBrokenError
from streams.live.pace import Pace
from streams.live.parameters import ParameterWatch
from streams.live.reference import ReferenceReader

TS = Fraction(1, 90_000)
STEP = 3600
STAMPS = st.one_of(st.none(), st.integers(-(1 << 62), 1 << 62), st.integers(-200_000, 200_000))


def packet(pts: int | None, dts: int | None, payload: bytes = b"x", key: bool = False) -> av.Packet:
    made = av.Packet(payload)
    made.pts, made.dts, made.is_keyframe = pts, dts, key
    return made


def line(wrap_bits: int | None = None, pace: Pace | None = None) -> Line:
    return Line(TS, wrap_bits=wrap_bits, rate=Fraction(25), reference=lambda _: None, pace=pace)


def place(target: Line, stamps: list[tuple[int | None, int | None]]) -> tuple[list[LivePacket], bool]:
    placed: list[LivePacket] = []
    broke = False
    for k, (pts, dts) in enumerate(stamps):
        try:
            placed += target.add(packet(pts, dts, b"x" * (k % 1000 + 1)), k)
        except LineBrokenError:
            broke = True
            break
    placed += target.flush()
    return placed, broke


def coded(groups: int, depth: int) -> list[tuple[int, int]]:
    """(pts, dts) of pictures in the order of decoding: each P is followed by `depth` B-frames shown before it."""
    stamps = [(0, -depth * STEP)]
    for group in range(groups):
        first = 1 + group * (depth + 1)
        order = [first + depth, *range(first, first + depth)]
        stamps += [(shown * STEP, (first + k - depth) * STEP) for k, shown in enumerate(order)]
    return stamps


def holds(placed: list[LivePacket]) -> bool:
    return all(p.dts <= p.pts for p in placed) and all(a.dts < b.dts for a, b in pairwise(placed))


@given(groups=st.integers(6, 12), depth=st.integers(0, 3), start=st.integers(-(1 << 40), 1 << 40), data=st.data())
def test_stamps_that_are_left_out_at_the_beginning_are_found_again(groups, depth, start, data):
    truth = [(pts + start, dts + start) for pts, dts in coded(groups, depth)]
    # As libav does it over RTSP: the first picture has nothing, the next few no dts.
    without = data.draw(st.integers(1, depth + 1))
    stamps = [(None if k == 0 else p, None if k < without else d) for k, (p, d) in enumerate(truth)]
    placed, broke = place(line(), stamps)
    assert not broke and len(placed) == len(truth) and holds(placed)
    assert [p.pts - placed[0].pts for p in placed] == [p - truth[0][0] for p, _ in truth]
    assert placed[0].dts == 0
    assert [p.packet.size for p in placed] == [k % 1000 + 1 for k in range(len(truth))]


@given(st.lists(st.tuples(STAMPS, STAMPS), max_size=80), st.sampled_from([None, 32, 33]))
def test_no_stamps_break_what_is_promised(stamps, wrap_bits):
    placed, broke = place(line(wrap_bits, Pace()), stamps)
    assert holds(placed)
    assert broke or len(placed) == len(stamps)
    assert [p.arrived_ns for p in placed] == list(range(len(placed)))


@given(groups=st.integers(10, 20), depth=st.integers(0, 3))
def test_a_stream_that_never_tells_dts(groups, depth):
    truth = coded(groups, depth)
    placed, broke = place(line(), [(pts, None) for pts, _ in truth])
    assert not broke and holds(placed)
    assert [p.pts - placed[0].pts for p in placed] == [pts for pts, _ in truth]


def test_no_stamps_at_all_and_no_more_is_held_than_said():
    target = line()
    counts = [len(target.add(packet(None, None), k)) for k in range(MAX_HELD + 5)]
    assert counts == [0] * (MAX_HELD - 1) + [MAX_HELD] + [1] * 5
    assert target.flush() == []


@pytest.mark.parametrize("bits", [32, 33])
def test_a_counter_that_wraps_between_pts_and_dts_and_many_times(bits):
    top, step = 1 << bits, 1 << 28
    stamps = [((top - 2 + k) * step, (top - 3 + k) * step) for k in range(200)]
    placed, broke = place(line(bits), [(pts % top, dts % top) for pts, dts in stamps])
    assert not broke
    assert [p.pts - p.dts for p in placed] == [step] * 200
    assert [b.dts - a.dts for a, b in pairwise(placed)] == [step] * 199


def test_a_small_step_back_is_flattened_and_caught_up():
    stamps = [k * STEP for k in range(20)] + [k * STEP for k in range(15, 40)]
    placed, broke = place(line(), [(s, s) for s in stamps])
    assert not broke and holds(placed) and len(placed) == 45
    assert placed[-1].pts == 39 * STEP


def test_a_larger_one_breaks_the_line():
    stamps = [k * STEP for k in range(50)] + [k * STEP for k in range(50)]
    placed, broke = place(line(), [(s, s) for s in stamps])
    assert broke and len(placed) == 50


def pace(steps: list[tuple[float, float]]) -> str | None:
    """(seconds of media, seconds of arrival) per packet, each since the one before."""
    judge, position, arrived = Pace(), 0, 0
    for media_s, arrival_s in steps:
        position, arrived = position + round(media_s * NS_PER_S), arrived + round(arrival_s * NS_PER_S)
        trouble = judge.check(position, arrived)
        if trouble is not None:
            return trouble
    return None


STEADY = [(0.04, 0.04)] * 1000


@pytest.mark.parametrize(
    "steps",
    [
        STEADY,
        [*STEADY, (8, 8), *STEADY],  # packets lost, or the camera paused
        [*STEADY, (0.04, 8), *[(0.04, 0)] * 200, *STEADY],  # held up by the network, then all at once
        [*STEADY, (0.04, 8), *[(0.04, 0)] * 50, (6, 0), *STEADY],  # ... and the server threw the rest away
        [*[(0.04, 0)] * 500, *STEADY],  # a server that first sends what it has stored
        [*STEADY, (4.5, 0.04), *STEADY],
    ],
)
def test_networks_are_no_jumps(steps):
    assert pace(steps) is None


@pytest.mark.parametrize("jump", [6, 60, 86400, 1e9])
def test_jumps_ahead(jump):
    assert "ahead" in (pace([*STEADY, (jump, 0.04)]) or "")
    assert "ahead" in (pace([*STEADY * 20, (jump, 0.04)]) or "")
    # Also right after a pause that was longer than the tolerance, if it goes beyond.
    assert "ahead" in (pace([*STEADY, (0.04, 8), (jump + 8, 0.04)]) or "")


@pytest.mark.parametrize("ppm", [-500, 500])
def test_crystals_drift_for_a_month_and_are_no_jumps(ppm):
    assert pace([(20, 20 * (1 + ppm / 1e6))] * (30 * 86400 // 20)) is None


@pytest.mark.parametrize(("speed", "words"), [(0.5, "fell behind"), (0.0, "fell behind"), (2, "ahead")])
def test_clocks_that_run_at_another_speed(speed, words):
    assert words in (pace([(0.04 * speed, 0.04)] * 25 * 400) or "")


def test_parameter_sets():
    one, two, delimiter = b"\x67\x42\xc0\x0c\xaa", b"\x67\x42\xc0\x1f\xaa", b"\x09\x10"
    start = b"\0\0\0\1"

    def key(*units: bytes) -> av.Packet:
        return packet(0, 0, b"".join(start + unit for unit in (*units, b"\x65" + bytes([7]) * 50)), key=True)

    watch = ParameterWatch("h264", None)
    assert not watch.changed(key(one, b"\x68\x01"))
    assert not watch.changed(key(delimiter, one, b"\x68\x02"))
    assert not watch.changed(key())
    assert not watch.changed(packet(0, 0, start + two))
    assert watch.changed(key(two, b"\x68\x01"))


class Told:
    """A packet with the side data of a producer reference time; PyAV cannot make one."""

    def __init__(self, data: bytes | None) -> None:
        self._data = data

    def has_sidedata(self, kind: str) -> bool:
        return kind == "prft" and self._data is not None

    def get_sidedata(self, kind: str) -> bytes:
        assert self._data is not None
        return self._data


def test_references_that_cannot_be_are_unknown():
    def told(microseconds: int) -> Told:
        return Told(struct.pack("=qi4x", microseconds, 24))

    now = 1_795_383_996_030_691
    read = ReferenceReader()
    assert read(Told(None)) is None
    # The first is hung on the wrong picture.
    assert read(told(now)) is None
    assert read(told(now)) == now * 1000
    for nonsense in (
        0,
        -1,
        -(1 << 63),
        (1 << 63) - 1,
        -2_208_988_800_000_000,
        946_684_799_999_999,
        4_102_444_800_000_000,
    ):
        assert read(told(nonsense)) is None
    assert read(Told(b"short")) is None
    assert read(Told(b"")) is None
    assert read(packet(0, 0)) is None
