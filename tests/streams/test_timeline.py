"""Unwrapping of timestamps: properties over made-up clocks."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.timeline import Kind, Stamp, Timeline, to_ns, to_pts

TS = Fraction(1, 90000)
BASES = st.builds(Fraction, st.integers(1, 10_000), st.integers(1, 1_000_000_000)).filter(
    lambda base: base >= Fraction(1, 1_000_000_000)
)


def run(timeline: Timeline, stamps: list[Stamp]):
    """As a reader does: a doubtful stamp is judged with the one behind it."""
    for k, stamp in enumerate(stamps):
        following = stamps[k + 1] if timeline.doubtful(stamp) and k + 1 < len(stamps) else None
        yield timeline.place(stamp, following)


def both(values) -> list[Stamp]:
    return [Stamp(v, v) for v in values]


@given(st.integers(-(1 << 62), 1 << 62), BASES)
def test_nanoseconds_lead_back_to_the_tick(pts, base):
    assert to_pts(to_ns(pts, base), base) == pts


@given(st.integers(-(1 << 40), 1 << 40), BASES)
def test_nanoseconds_are_the_nearest(pts, base):
    assert abs(to_ns(pts, base) - pts * base * 1_000_000_000) <= Fraction(1, 2)


@given(st.integers(0, (1 << 33) - 1), st.lists(st.integers(900, 9000), min_size=1, max_size=200))
def test_a_wrapping_counter_unwraps_to_its_steps(start, steps):
    line = [start]
    for step in steps:
        line.append(line[-1] + step)
    placed = list(run(Timeline(TS, wrap_bits=33), both(v % (1 << 33) for v in line)))
    assert [p.pts - placed[0].pts for p in placed] == [v - start for v in line]
    assert all(p.broke is None for p in placed)


def test_many_turns_of_the_counter():
    # 60 hours at one frame in 20 s: more than two turns of 33 bits.
    line = [k * 20 * 90000 for k in range(60 * 180)]
    placed = list(run(Timeline(TS, wrap_bits=33, rate=Fraction(1, 20)), both(v % (1 << 33) for v in line)))
    assert [p.pts for p in placed] == line


def test_pts_that_wraps_before_its_dts():
    top = 1 << 33
    stamps = [Stamp((top - 3600 + k * 3600 + 7200) % top, (top - 3600 + k * 3600) % top) for k in range(5)]
    placed = list(run(Timeline(TS, wrap_bits=33), stamps))
    assert [p.pts - p.dts for p in placed] == [7200] * 5
    assert [p.dts for p in placed] == [top - 3600 + k * 3600 for k in range(5)]


@given(st.lists(st.one_of(st.none(), st.integers(-(1 << 63), (1 << 63) - 1)), max_size=60), st.booleans())
def test_no_stamps_break_the_line(values, wraps):
    """Whatever comes, decoding time never steps back by more than half a second."""
    timeline = Timeline(TS, wrap_bits=33 if wraps else None)
    placed = list(run(timeline, [Stamp(v, v) for v in values]))
    assert len(placed) == len(values)
    for a, b in itertools.pairwise(placed):
        assert b.dts - a.dts >= -45000


def test_restart_goes_on_one_frame_later():
    placed = list(run(Timeline(TS), both([*range(900_000, 990_000, 3600), *range(0, 36_000, 3600)])))
    broke = [p.broke for p in placed if p.broke]
    assert [b.kind for b in broke] == [Kind.RESTART]
    assert broke[0].before_pts - broke[0].after_pts == 3600
    assert [b.pts - a.pts for a, b in itertools.pairwise(placed)] == [3600] * (len(placed) - 1)


def test_jump_ahead_is_a_gap_of_its_true_length():
    placed = list(run(Timeline(TS), both([0, 3600, 7200, 7200 + 90000 * 600, 10800 + 90000 * 600])))
    assert [p.broke and p.broke.kind for p in placed] == [None, None, None, Kind.GAP, None]
    assert placed[-1].pts == 10800 + 90000 * 600


def test_jump_of_days_is_no_time():
    placed = list(run(Timeline(TS), both([0, 3600, 90000 * 86400 * 30, 90000 * 86400 * 30 + 3600])))
    assert [p.broke and p.broke.kind for p in placed] == [None, None, Kind.RESTART, None]
    assert [p.pts for p in placed] == [0, 3600, 7200, 10800]


@pytest.mark.parametrize("wrong", [5, 1 << 31, -(1 << 31), (1 << 33) - 1])
def test_one_wrong_stamp_is_put_right(wrong):
    line = list(range(9_000_000, 9_000_000 + 36_000, 3600))
    stamps = both([*line[:5], wrong, *line[6:]])
    placed = list(run(Timeline(TS), stamps))
    assert [p.dts for p in placed] == line
    assert [p.broke.kind for p in placed if p.broke] == [Kind.OUTLIER]


def test_irregular_frames_of_a_smart_codec_are_no_gaps():
    steps = [3600] * 20 + [36_000] * 3 + [3600] * 10 + [44_000]
    line = [sum(steps[:k]) for k in range(len(steps) + 1)]
    assert all(p.broke is None for p in run(Timeline(TS), both(line)))


def test_missing_stamps_are_filled_at_the_usual_step():
    stamps = [Stamp(0, 0), Stamp(3600, 3600), *[Stamp(None, None)] * 3, Stamp(18000, 18000)]
    placed = list(run(Timeline(TS), stamps))
    assert [p.dts for p in placed] == [0, 3600, 7200, 10800, 14400, 18000]
    assert [p.pts for p in placed] == [0, 3600, None, None, None, 18000]
