"""Every codec in every container: the same frame has the same pts, time and content at every decode level."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from streams.archive.reader import open_archive
from streams.archive.still import still
from streams.instant import NS_PER_S, TimeSource
from streams.interface import DecodeLevel, Source
from tests.streams.media import HEIGHT, LEGAL, WIDTH, make, number_of

CASES = [(codec, suffix, b) for codec, suffix in LEGAL for b in ((0,) if codec == "mjpeg" else (0, 2))]
N = 30


def numbers(frames):
    return [number_of(frame.luma()) for frame in frames]


@pytest.mark.parametrize(("codec", "suffix", "bframes"), CASES)
def test_levels_agree(recording, rules, codec, suffix, bframes):
    source: Source = open_archive(recording(codec, suffix, frames=N, bframes=bframes), "gate", rules)
    every = list(source.frames(DecodeLevel.EVERY_FRAME))
    assert numbers(every) == list(range(N))
    assert [f.at.utc_ns - source.start.utc_ns for f in every] == [k * 40_000_000 for k in range(N)]
    assert source.start.isoformat() == "2026-11-02T00:00:00.000000000Z"
    assert source.start.source is TimeSource.OPERATOR
    number_at = {f.pts: number for number, f in enumerate(every)}
    keys = list(source.frames(DecodeLevel.KEYFRAMES))
    assert all(f.key for f in keys)
    assert numbers(keys) == [number_at[f.pts] for f in keys] == [k for k, f in enumerate(every) if f.key]
    sampled = list(source.frames(DecodeLevel.SAMPLED, rate=Fraction(5)))
    assert numbers(sampled) == [number_at[f.pts] for f in sampled] == [0, 5, 10, 15, 20, 25]
    coverage = source.coverage()
    assert (coverage.packets, coverage.frames) == (N, N)
    assert coverage.gaps == () and coverage.problems == ()
    assert coverage.start == every[0].at and coverage.end == every[-1].at
    assert source.info.codec == codec and (source.info.width, source.info.height) == (WIDTH, HEIGHT)


@pytest.mark.parametrize(("codec", "suffix", "bframes"), CASES)
def test_ranges_start_inside_a_group(recording, rules, codec, suffix, bframes):
    source = open_archive(recording(codec, suffix, frames=N, bframes=bframes), "gate", rules)
    pts = [f.pts for f in source.frames(DecodeLevel.EVERY_FRAME)]
    assert numbers(source.frames(DecodeLevel.EVERY_FRAME, pts_range=(pts[12], pts[17]))) == list(range(12, 18))
    assert numbers(source.frames(DecodeLevel.EVERY_FRAME, pts_range=(pts[29], pts[29] + 10**9))) == [29]
    assert numbers(source.frames(DecodeLevel.EVERY_FRAME, pts_range=(-(10**9), pts[0]))) == [0]
    assert numbers(source.frames(DecodeLevel.EVERY_FRAME, pts_range=(pts[29] + 1, pts[29] + 2))) == []
    assert numbers(source.frames(DecodeLevel.SAMPLED, rate=Fraction(5), pts_range=(pts[10], pts[20]))) == [10, 15, 20]
    keys = {f.pts for f in source.frames(DecodeLevel.KEYFRAMES)}
    inside = source.frames(DecodeLevel.KEYFRAMES, pts_range=(pts[5], pts[25]))
    assert [f.pts for f in inside] == sorted(p for p in keys if pts[5] <= p <= pts[25])


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".avi"])
def test_long_recordings_are_sought_to_the_right_frame(recording, rules, suffix):
    source = open_archive(recording("h264", suffix, frames=1000, gop=50, bframes=2), "gate", rules)
    tick = source.pts_of(source.start.utc_ns + 40_000_000) - source.first_pts
    for number in (0, 49, 50, 51, 499, 777, 999):
        pts = source.first_pts + number * tick
        assert numbers(source.frames(DecodeLevel.EVERY_FRAME, pts_range=(pts, pts))) == [number]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_sampling_keeps_pictures_shown_before_an_open_groups_keyframe(tmp_path, rules, codec):
    name, extra = ("x264-params", "open-gop=1:bframes=3:b-adapt=0:scenecut=0:log=-1")
    if codec == "hevc":
        name, extra = (
            "x265-params",
            "open-gop=1:bframes=3:b-adapt=0:scenecut=0:keyint=10:min-keyint=10:log-level=none:pools=1",
        )
    path = make(tmp_path / "open.mp4", codec, frames=60, gop=10, bframes=3, options={name: extra})
    source = open_archive(path, "gate", rules)
    assert numbers(source.frames(DecodeLevel.EVERY_FRAME)) == list(range(60))
    for rate in (Fraction(1), Fraction(2), Fraction(25, 7), Fraction(5), Fraction(12), Fraction(25)):
        expected = sorted({-(-k * 25 * rate.denominator // rate.numerator) for k in range(200)} & set(range(60)))
        assert numbers(source.frames(DecodeLevel.SAMPLED, rate=rate)) == expected


def test_variable_rate_is_kept_as_stored(tmp_path, rules):
    steps = [40, 40, 200, 40, 333, 40, 40, 120, 400, 40] * 3
    pts = [sum(steps[:k]) for k in range(len(steps))]
    path = make(tmp_path / "vfr.mkv", frames=len(pts), pts=pts, time_base=Fraction(1, 1000))
    source = open_archive(path, "gate", rules)
    frames = list(source.frames(DecodeLevel.EVERY_FRAME))
    assert [(f.at.utc_ns - source.start.utc_ns) // 1_000_000 for f in frames] == pts
    assert source.coverage().gaps == ()
    # The first frame of each half second, and none for half seconds without one.
    slots: dict[int, int] = {}
    for number, at in enumerate(pts):
        slots.setdefault(at // 500, number)
    assert numbers(source.frames(DecodeLevel.SAMPLED, rate=Fraction(2))) == list(slots.values())


def test_instants_are_exact_after_a_million_frames(recording, rules):
    source = open_archive(recording("h264", ".mp4"), "gate", rules)
    pts = source.first_pts + 512 * 10_000_019
    assert source.instant_of(pts).utc_ns - source.start.utc_ns == 40_000_000 * 10_000_019
    assert source.pts_of(source.instant_of(pts).utc_ns) == pts


def test_rate_with_a_fraction_rounds_to_the_nearest_nanosecond(tmp_path, rules):
    path = make(tmp_path / "ntsc.mp4", frames=10, time_base=Fraction(1001, 30000))
    source = open_archive(path, "gate", rules)
    frames = list(source.frames(DecodeLevel.EVERY_FRAME))
    exact = [Fraction(k * 1001 * NS_PER_S, 30000) for k in range(10)]
    assert [f.at.utc_ns - source.start.utc_ns for f in frames] == [int(e + Fraction(1, 2)) for e in exact]


def test_edit_list_hides_what_comes_before_it(tmp_path, rules):
    # A pts that begins late is written as an edit list, and shows again as it was.
    path = make(tmp_path / "late.mp4", frames=20, bframes=2, pts=range(100, 120))
    source = open_archive(path, "gate", rules)
    frames = list(source.frames(DecodeLevel.EVERY_FRAME))
    assert numbers(frames) == list(range(20))
    assert frames[0].at == source.start
    assert all(b.at.utc_ns - a.at.utc_ns == 40_000_000 for a, b in pairwise(frames))


def test_pictures_are_converted_on_demand(recording, rules):
    source = open_archive(recording("h264", ".mp4"), "gate", rules)
    frame = next(iter(source.frames(DecodeLevel.KEYFRAMES)))
    assert frame.size == (WIDTH, HEIGHT)
    luma, image, small = frame.luma(), frame.image, frame.scaled(80, 48)
    assert luma.shape == (HEIGHT, WIDTH) and luma.dtype == np.uint8 and not luma.flags.writeable
    assert image.shape == (HEIGHT, WIDTH, 3) and image is frame.image and not image.flags.writeable
    assert small.shape == (48, 80, 3) and small.flags.writeable and frame.scaled(80, 48) is not small
    # The moving block is (b, g, r) = (40, 60, 200): channels stand in the order promised.
    b, g, r = image[64, 8].astype(int)
    assert r > 150 > 100 > b and abs(b - 40) < 30 and abs(g - 60) < 30
    assert np.abs(small[32, 4].astype(int) - image[64, 8].astype(int)).max() < 25
    with pytest.raises(ValueError, match="positive"):
        frame.scaled(0, 10)


def test_frames_outlive_their_pass_and_passes_overlap(recording, rules):
    source = open_archive(recording("h264", ".mp4"), "gate", rules)
    left, right = source.frames(DecodeLevel.EVERY_FRAME), source.frames(DecodeLevel.EVERY_FRAME)
    kept = [next(left), next(right), next(left), next(right)]
    left.close()
    right.close()
    assert numbers(kept) == [0, 0, 1, 1]


def test_two_passes_give_the_same_pixels(recording, rules):
    source = open_archive(recording("hevc", ".mkv"), "gate", rules)
    first, second = (next(iter(source.frames(DecodeLevel.KEYFRAMES))).scaled(101, 63) for _ in range(2))
    assert np.array_equal(first, second)


def test_wrong_requests_are_refused_at_once(recording, rules):
    source = open_archive(recording("h264", ".mp4"), "gate", rules)
    with pytest.raises(ValueError, match="rate"):
        source.frames(DecodeLevel.SAMPLED)
    with pytest.raises(ValueError, match="rate"):
        source.frames(DecodeLevel.SAMPLED, rate=Fraction(0))
    with pytest.raises(ValueError, match="DecodeLevel"):
        source.frames("some")
    with pytest.raises(ValueError, match="range"):
        source.frames(DecodeLevel.EVERY_FRAME, pts_range=(2, 1))


def test_sound_beside_the_video_changes_nothing(tmp_path, rules):
    for suffix in (".mp4", ".ts", ".mkv", ".mpg"):
        source = open_archive(make(tmp_path / f"a{suffix}", frames=25, audio=True), "gate", rules)
        assert numbers(source.frames(DecodeLevel.EVERY_FRAME)) == list(range(25))


def test_still_needs_no_time(recording):
    path = recording("h264", ".mp4")
    assert number_of(still(path)[:, :, 1]) == 0
    assert number_of(still(path, Fraction(9, 10))[:, :, 1]) == 20
    assert number_of(still(path, Fraction(100))[:, :, 1]) == 40
