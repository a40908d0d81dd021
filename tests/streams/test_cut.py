"""Clips: packet by packet what the source holds, in every codec and container, and the same bytes every time."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import pytest

from streams.archive.reader import open_archive
from streams.cut import Framing, Timing, cut
from streams.cut_plan import plan
from streams.digest import payload_digest
from streams.errors import CutError, MediaError
from streams.interface import DecodeLevel
from streams.packets import probe
from tests.streams.media import LEGAL, make, number_of

EVERY = DecodeLevel.EVERY_FRAME
CASES = [(codec, suffix, b) for codec, suffix in LEGAL for b in ((0,) if codec == "mjpeg" else (0, 2))]
N = 50


def payloads(path: Path) -> list[bytes]:
    """Read by libav alone, without this project's reader."""
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(video=0) if p.size]


def line_of(path: Path, rules) -> list[int]:
    return [f.pts for f in open_archive(path, "gate", rules).frames(EVERY)]


@pytest.mark.parametrize(("codec", "suffix", "bframes"), CASES)
def test_packets_are_identical(recording, rules, tmp_path, codec, suffix, bframes):
    path = recording(codec, suffix, frames=N, bframes=bframes)
    line = line_of(path, rules)
    made = cut(path, line[13], line[24], tmp_path / "证据 片段")
    assert made.framing is Framing.IDENTICAL and made.timing is Timing.EXACT
    assert made.payload_sha256 == made.source_payload_sha256
    whole, clip = payloads(path), payloads(made.path)
    at = next(k for k in range(N) if whole[k : k + len(clip)] == clip)
    assert made.packets == len(clip) and at <= 13 and at + len(clip) > 24
    digest = hashlib.sha256(b"".join(len(p).to_bytes(8, "big") + p for p in clip)).hexdigest()
    assert made.payload_sha256 == digest == payload_digest(made.path).sha256
    assert payload_digest(path, (line[13], line[24])).sha256 == digest
    # What it shows: every frame of the range, at the same distances, from a keyframe on.
    shown = list(open_archive(made.path, "gate", rules).frames(EVERY))
    numbers = [number_of(f.luma()) for f in shown]
    assert set(range(13, 25)) <= set(numbers)
    for frame, number in zip(shown, numbers, strict=True):
        mapped = made.out_first_pts + (line[number] - made.first_pts) * made.source_time_base / made.time_base
        assert frame.pts == mapped
    assert line[13] >= made.first_pts and line[24] <= made.last_pts
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize(("codec", "suffix"), LEGAL)
def test_the_same_cut_gives_the_same_bytes(recording, rules, tmp_path, codec, suffix):
    path = recording(codec, suffix, frames=N)
    line = line_of(path, rules)
    first = cut(path, line[3], line[30], tmp_path / "one")
    time.sleep(0.01)
    second = cut(path, line[3], line[30], tmp_path / "two.mp4")
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.path.suffix == second.path.suffix and second.path.stem == "two"


def test_container_follows_the_framing(recording, rules, tmp_path):
    expected = {".mp4": ".mp4", ".mkv": ".mp4", ".flv": ".mp4", ".ts": ".ts", ".mpg": ".mpg", ".avi": ".avi"}
    for suffix, clip in expected.items():
        path = recording("h264", suffix, frames=N)
        line = line_of(path, rules)
        assert cut(path, line[0], line[9], tmp_path / f"c{suffix[1:]}").path.suffix == clip


def test_a_range_takes_whole_groups_and_what_its_last_frame_needs(recording, rules, tmp_path):
    path = recording("h264", ".mp4", frames=N, bframes=2)
    line = line_of(path, rules)
    made = cut(path, line[10], line[19], tmp_path / "a")
    assert made.first_pts == line[10] and made.packets == 10
    made = cut(path, line[9], line[11], tmp_path / "b")
    assert made.first_pts == line[0]
    made = cut(path, line[0], line[49], tmp_path / "c")
    assert made.packets == N and made.last_pts == line[49]
    made = cut(path, -(10**9), 10**9, tmp_path / "d")
    assert made.packets == N


@pytest.mark.parametrize("suffix", [".mp4", ".ts", ".mkv"])
def test_cut_far_inside_a_long_recording(recording, rules, tmp_path, suffix):
    path = recording("h264", suffix, frames=1000, gop=50, bframes=2)
    source = open_archive(path, "gate", rules)
    tick = source.pts_of(source.start.utc_ns + 40_000_000) - source.first_pts
    first = source.first_pts
    made = cut(path, first + 720 * tick, first + 780 * tick, tmp_path / "a")
    assert payloads(path)[700 : 700 + made.packets] == payloads(made.path)
    numbers = [number_of(f.luma()) for f in open_archive(made.path, "gate", rules).frames(EVERY)]
    assert numbers[0] == 700 and numbers[:81] == list(range(700, 781))


def test_variable_rate_and_fractional_time_bases_stay_exact(tmp_path, rules):
    steps = [1, 1, 5, 1, 9, 1, 1, 3, 7, 2] * 4
    pts = [sum(steps[:k]) for k in range(len(steps))]
    for name, base in (("a.mp4", Fraction(1001, 30000)), ("b.mkv", Fraction(1, 25)), ("c.ts", Fraction(1, 25))):
        path = make(tmp_path / name, frames=len(pts), pts=pts, time_base=base, bframes=2)
        line = line_of(path, rules)
        made = cut(path, line[15], line[30], tmp_path / "out")
        assert (made.framing, made.timing) == (Framing.IDENTICAL, Timing.EXACT), name


def test_across_a_restart_and_a_wrap(tmp_path, rules):
    one, two = make(tmp_path / "1.ts", frames=50), make(tmp_path / "2.ts", frames=30, first_number=100)
    both = tmp_path / "both.ts"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    line = line_of(both, rules)
    made = cut(both, line[45], line[65], tmp_path / "clip")
    assert (made.framing, made.timing) == (Framing.IDENTICAL, Timing.EXACT)
    numbers = [number_of(f.luma()) for f in open_archive(made.path, "gate", rules).frames(EVERY)]
    assert numbers == [*range(40, 50), *range(100, 116)]


def test_without_a_keyframe_before_the_range_the_next_one_serves(tmp_path, rules):
    path = make(tmp_path / "whole.ts", frames=60, gop=20)
    with av.open(str(path)) as container:
        places = [p.pos for p in container.demux(video=0) if p.size]
    late = tmp_path / "late.ts"
    late.write_bytes(path.read_bytes()[places[5] :])
    source = open_archive(late, "gate", rules)
    line = line_of(late, rules)
    made = cut(late, source.first_pts, line[5], tmp_path / "clip")
    assert made.first_pts == line[0] > source.first_pts
    with pytest.raises(CutError, match="no keyframe"):
        cut(late, source.first_pts, source.first_pts + 1, tmp_path / "clip")


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_start_codes_become_lengths_only_where_nothing_else_is_left(recording, rules, tmp_path, monkeypatch, codec):
    path = recording(codec, ".ts", frames=N)
    line = line_of(path, rules)
    monkeypatch.setitem(sys.modules["streams.cut"].CANDIDATES, "mpegts", ("mp4",))
    made = cut(path, line[0], line[30], tmp_path / "clip")
    assert made.framing is Framing.NAL_IDENTICAL
    assert made.payload_sha256 != made.source_payload_sha256
    assert (
        payload_digest(path, (line[0], line[30])).nal_sha256 == payload_digest(made.path).nal_sha256 == made.nal_sha256
    )


def test_a_container_that_would_change_packets_is_not_used(recording, rules, tmp_path, monkeypatch):
    path = recording("h264", ".mp4", frames=N)
    line = line_of(path, rules)
    monkeypatch.setitem(sys.modules["streams.cut"].CANDIDATES, "mov", ("mpegts", "vob"))
    with pytest.raises(CutError, match="unchanged"):
        cut(path, line[0], line[30], tmp_path / "clip")
    assert list(tmp_path.iterdir()) == []


def test_ranges_that_hold_nothing(recording, rules, tmp_path):
    path = recording("h264", ".mp4", frames=N)
    line = line_of(path, rules)
    with pytest.raises(CutError, match="back to"):
        cut(path, line[5], line[4], tmp_path / "a")
    with pytest.raises(CutError, match="ends before"):
        cut(path, line[-1] + 1, line[-1] + 10**6, tmp_path / "a")
    with pytest.raises(CutError, match="no keyframe"):
        cut(path, line[0] - 10, line[0] - 1, tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_sources_and_targets_that_do_not_work(recording, tmp_path):
    with pytest.raises(MediaError):
        cut(tmp_path / "none.mp4", 0, 1, tmp_path / "a")
    path = recording("h264", ".mp4", frames=N)
    with pytest.raises(CutError, match="cannot be written"):
        cut(path, 0, 10000, tmp_path / "no such folder" / "a")
    (tmp_path / "a.mp4").mkdir()
    with pytest.raises(CutError, match="cannot be written"):
        cut(path, 0, 10000, tmp_path / "a")
    assert not list(tmp_path.glob("*.partial"))


def test_a_flipped_bit_shows_in_the_digest(recording, rules, tmp_path):
    path = recording("h264", ".mp4", frames=N)
    line = line_of(path, rules)
    made = cut(path, line[0], line[30], tmp_path / "a")
    data = bytearray(made.path.read_bytes())
    place = data.find(b"mdat") + 500
    data[place] ^= 1
    made.path.write_bytes(data)
    assert payload_digest(made.path).sha256 != made.payload_sha256


def test_damaged_source_is_cut_as_it_is(tmp_path, rules):
    path = make(tmp_path / "a.ts", frames=100)
    data = bytearray(path.read_bytes())
    for k in range(len(data) // 2, len(data) // 2 + 188 * 4, 188):
        data[k + 60] ^= 0xFF
    path.write_bytes(data)
    source = open_archive(path, "gate", rules)
    last = [f.pts for f in source.frames(EVERY)][-1]
    made = cut(path, source.first_pts, last, tmp_path / "clip")
    assert payloads(made.path) == payloads(path)


def test_killed_in_the_middle_and_made_again(recording, rules, tmp_path):
    path = recording("h264", ".mp4", frames=1000, gop=50, bframes=2)
    line = [0, probe(path).declared_duration]
    reference = cut(path, *line, tmp_path / "reference").path.read_bytes()
    script = (
        "import sys\nfrom pathlib import Path\nfrom streams.cut import cut\nprint('go', flush=True)\n"
        "while True: cut(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))\n"
    )
    target = tmp_path / "clip"
    for wait in (0.003, 0.02, 0.05):
        with subprocess.Popen(
            [sys.executable, "-c", script, str(path), *map(str, line), str(target)], stdout=subprocess.PIPE
        ) as process:
            try:
                assert process.stdout is not None and process.stdout.readline() == b"go\n"
                time.sleep(wait)
            finally:
                process.kill()
        clip = tmp_path / "clip.mp4"
        assert not clip.exists() or clip.read_bytes() == reference
    assert cut(path, *line, target).path.read_bytes() == reference
    assert not list(tmp_path.glob("*.partial"))


def test_plan_makes_decoding_times_that_any_container_takes(recording):
    for codec, suffix, bframes in CASES:
        taken = plan(probe(recording(codec, suffix, frames=N, bframes=bframes)), 0, 10**9)
        assert all(a < b for a, b in zip(taken.dts, taken.dts[1:], strict=False))
        assert all(d <= p for d, p in zip(taken.dts, taken.pts, strict=True))
