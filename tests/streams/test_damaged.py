"""Bad input: one clear line each, everything that can be saved is saved, and nothing runs without bound."""

from __future__ import annotations

import os
import random
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from streams.archive.account import MISSING, NO_KEYFRAME, RESTARTED
from streams.archive.reader import open_archive
from streams.errors import MediaError
from streams.interface import DecodeLevel
from tests.streams.media import make, number_of

EVERY = DecodeLevel.EVERY_FRAME
TS = 188


def numbers(frames):
    return [number_of(frame.luma()) for frame in frames]


def refusal(path: Path, rules) -> str:
    with pytest.raises(MediaError) as caught:
        list(open_archive(path, "gate", rules).frames(EVERY))
    line = str(caught.value)
    assert str(path) in line and "\n" not in line
    return line


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.mp4", b"", "empty"),
        ("note.mp4", "只是文字\n".encode() * 50, "text file"),
        ("zeros.mp4", bytes(5000), "zero bytes"),
        ("noise.ts", random.Random(1).randbytes(20_000), "no recording of a known kind"),
        ("list.m3u8", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n", "playlist"),
        ("list.mp4", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n", "playlist"),
        ("list.ffconcat", b"ffconcat version 1.0\nfile '/etc/passwd'\n", "playlist"),
        ("call.sdp", b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nt=0 0\nm=video 5004 RTP/AVP 96\n", "playlist"),
        ("dash.mpd", b'<?xml version="1.0"?>\n<MPD><Period/></MPD>', "playlist"),
        ("photo.mp4", b"\xff\xd8\xff\xe0" + bytes(100), "JPEG picture"),
        ("photo.png", b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG picture"),
        ("bare.h264", b"\x00\x00\x00\x01\x67\x42\x00\x0a" + bytes(range(1, 200)), "without timestamps"),
        ("pack.zip", b"PK\x03\x04" + bytes(100), "ZIP archive"),
    ],
)
def test_files_that_are_no_recording(tmp_path, rules, name, content, words):
    path = tmp_path / f"录像 {name}"
    path.write_bytes(content)
    assert words in refusal(path, rules)


def test_real_pictures_are_refused(tmp_path, rules):
    cv2 = pytest.importorskip("cv2")
    for suffix in (".jpg", ".png", ".bmp", ".webp"):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(cv2.imencode(suffix, np.zeros((64, 64, 3), np.uint8))[1].tobytes())
        assert "picture" in refusal(path, rules)


def test_folders_devices_and_absent_files(tmp_path, rules):
    assert "folder" in refusal(tmp_path, rules)
    assert "regular file" in refusal(Path("/dev/zero"), rules)
    assert "cannot be read" in refusal(tmp_path / "none.mp4", rules)
    loop = tmp_path / "loop.mp4"
    loop.symlink_to(loop)
    assert "cannot be read" in refusal(loop, rules)


def test_files_without_permission(tmp_path, rules):
    path = make(tmp_path / "secret.mp4")
    path.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        assert "cannot be read: Permission denied" in refusal(path, rules)
    finally:
        os.seteuid(user)


def test_names_that_look_like_addresses_are_files(tmp_path, rules, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = make(tmp_path / "a.ts", frames=10)
    path.rename(tmp_path / "concat:b|c%03d.ts")
    assert numbers(open_archive("concat:b|c%03d.ts", "gate", rules).frames(EVERY)) == list(range(10))
    with pytest.raises(MediaError, match="cannot be read"):
        open_archive("http://127.0.0.1:9/a.ts", "gate", rules)


def test_sound_only(tmp_path, rules):
    path = make(tmp_path / "sound.mp4", audio=True, video=False)
    assert "no video, only audio" in refusal(path, rules)


def test_cover_picture_of_a_song_is_no_video(tmp_path, rules):
    path = tmp_path / "song.mkv"
    with av.open(str(path), "w") as out:
        sound = out.add_stream("aac", rate=48000)
        out.add_attachment("cover.png", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(64))
        block = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.int16), format="s16", layout="mono")
        block.sample_rate = 48000
        out.mux(sound.encode(block))
        out.mux(sound.encode(None))
    assert "no video" in refusal(path, rules)


def test_unfinished_mp4_says_that_its_index_is_missing(recording, tmp_path, rules):
    whole = recording("h264", ".mp4").read_bytes()
    path = tmp_path / "cut.mp4"
    for share in (0.2, 0.5, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert "index (moov)" in refusal(path, rules)


def test_a_box_longer_than_any_file(tmp_path, rules):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x08ftyp" + b"\0\0\0\x01moov" + b"\xff" * 8 + bytes(100))
    assert "index (moov) is cut off" in refusal(path, rules)


@pytest.mark.parametrize(("suffix", "mux"), [(".mp4", {"movflags": "faststart"}), (".mkv", None), (".avi", None)])
def test_truncated_recordings_give_what_they_hold(tmp_path, rules, suffix, mux):
    path = make(tmp_path / f"a{suffix}", frames=250, gop=25, mux=mux)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    source = open_archive(path, "gate", rules)
    got = numbers(source.frames(EVERY))
    assert 60 < len(got) < 220 and got[:60] == list(range(60))
    problems = source.coverage().problems
    told = "marked as damaged" if suffix == ".avi" else "before its header says"
    assert any(told in p.what for p in problems), problems
    assert all(p.where == str(path) and p.what and p.salvaged for p in problems)


@pytest.mark.parametrize("suffix", [".ts", ".flv", ".mpg"])
def test_truncated_streams_give_what_they_hold(tmp_path, rules, suffix):
    path = make(tmp_path / f"a{suffix}", frames=100)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    got = numbers(open_archive(path, "gate", rules).frames(EVERY))
    assert 40 < len(got) < 80 and got[:40] == list(range(40))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".avi", ".flv", ".mpg"])
def test_bit_flips_never_stop_the_rest(tmp_path, rules, suffix):
    whole = make(tmp_path / f"a{suffix}", frames=100).read_bytes()
    rng = random.Random(7)
    for round_ in range(6):
        damaged = bytearray(whole)
        for _ in range(1 + 4 * round_):
            damaged[rng.randrange(len(damaged) // 20, len(damaged) * 19 // 20)] ^= 1 << rng.randrange(8)
        path = tmp_path / f"b{round_}{suffix}"
        path.write_bytes(damaged)
        try:
            frames = list(open_archive(path, "gate", rules).frames(EVERY))
        except MediaError as error:
            assert str(path) in str(error)
            continue
        pts = [f.pts for f in frames]
        assert pts == sorted(set(pts))
        for level in (DecodeLevel.KEYFRAMES, DecodeLevel.SAMPLED):
            list(open_archive(path, "gate", rules).frames(level, rate=2))


def test_noise_in_the_middle_is_told(tmp_path, rules):
    path = make(tmp_path / "a.ts", frames=200, gop=10)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 60 * TS] = random.Random(3).randbytes(60 * TS)
    path.write_bytes(data)
    source = open_archive(path, "gate", rules)
    got = numbers(source.frames(EVERY))
    lost = sorted(set(range(200)) - set(got))
    assert got == sorted(got) and 20 <= len(lost) <= 45 and lost == list(range(lost[0], lost[-1] + 1))
    coverage = source.coverage()
    assert coverage.problems
    (gap,) = coverage.gaps
    assert gap.duration_ns == (len(lost) + 1) * 40_000_000
    list(source.frames(DecodeLevel.KEYFRAMES))
    assert source.coverage().gaps == (gap,)


def test_undecodable_packets_are_bounded(tmp_path, rules):
    path = make(tmp_path / "a.mp4", "mjpeg", frames=300)
    data = bytearray(path.read_bytes())
    head = data.find(b"mdat") + 4
    end = data.find(b"moov") - 4
    data[head + (end - head) // 3 : end] = bytes(end - head - (end - head) // 3)
    path.write_bytes(data)
    source = open_archive(path, "gate", rules)
    got = numbers(source.frames(EVERY))
    assert 90 <= len(got) <= 105
    assert any("decoding stopped" in p.what and "50 packets" in p.what for p in source.coverage().problems)
    data[head:end] = bytes(end - head)
    path.write_bytes(data)
    assert "not one frame" in refusal(path, rules)


def test_a_stream_that_begins_inside_a_group(tmp_path, rules):
    path = make(tmp_path / "whole.ts", frames=60, gop=20)
    data = path.read_bytes()
    with av.open(str(path)) as container:
        places = [p.pos for p in container.demux(video=0) if p.size]
    late = tmp_path / "late.ts"
    late.write_bytes(data[places[5] :])
    source = open_archive(late, "gate", rules)
    frames = list(source.frames(EVERY))
    assert numbers(frames) == list(range(20, 60))
    # The recorder's clock named the moment of the first packet, decodable or not.
    assert frames[0].at.utc_ns - source.start.utc_ns == 15 * 40_000_000
    coverage = source.coverage()
    assert [g.reason for g in coverage.gaps] == [NO_KEYFRAME]
    assert coverage.gaps[0].before_pts == frames[0].pts and coverage.gaps[0].duration_ns == 15 * 40_000_000
    assert any("15 packets at the beginning cannot be decoded" in p.what for p in coverage.problems)


def test_a_stream_without_any_keyframe(tmp_path, rules):
    path = make(tmp_path / "whole.ts", frames=40, gop=40)
    with av.open(str(path)) as container:
        places = [p.pos for p in container.demux(video=0) if p.size]
    late = tmp_path / "late.ts"
    late.write_bytes(path.read_bytes()[places[5] :])
    with pytest.raises(MediaError) as caught:
        list(open_archive(late, "gate", rules).frames(EVERY))
    assert str(late) in str(caught.value)


def test_jumps_ahead_are_gaps(tmp_path, rules):
    pts = [*range(25), *range(25 + 250, 50 + 250)]
    for suffix in (".mp4", ".mkv", ".ts"):
        source = open_archive(make(tmp_path / f"a{suffix}", frames=50, pts=pts), "gate", rules)
        frames = list(source.frames(EVERY))
        assert [(f.at.utc_ns - source.start.utc_ns) // 40_000_000 for f in frames] == pts
        (gap,) = source.coverage().gaps
        assert (gap.after_pts, gap.before_pts) == (frames[24].pts, frames[25].pts)
        assert (gap.reason, gap.duration_ns) == (MISSING, 251 * 40_000_000)


def test_clock_of_a_stream_starts_again(tmp_path, rules):
    one, two = make(tmp_path / "1.ts", frames=50), make(tmp_path / "2.ts", frames=30, first_number=100)
    both = tmp_path / "both.ts"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    source = open_archive(both, "gate", rules)
    frames = list(source.frames(EVERY))
    assert numbers(frames) == [*range(50), *range(100, 130)]
    assert [(f.at.utc_ns - source.start.utc_ns) // 40_000_000 for f in frames] == list(range(80))
    coverage = source.coverage()
    assert [g.reason for g in coverage.gaps] == [RESTARTED]
    assert any("start again at 2026-11-02T00:00:02" in p.what for p in coverage.problems)
    # A range behind the restart means the same frames.
    assert numbers(source.frames(EVERY, pts_range=(frames[60].pts, frames[62].pts))) == [110, 111, 112]


def test_streams_that_appear_on_the_way(tmp_path, rules):
    """A table that announces more streams later on: PyAV's demuxer may fail at the very end."""
    one = make(tmp_path / "1.ts", frames=50)
    both = tmp_path / "both.ts"
    rest = b"".join(
        make(
            tmp_path / f"{k}.ts", frames=25, first_number=100 * k, audio=True, mux={"mpegts_start_pid": f"0x{k}00"}
        ).read_bytes()
        for k in (2, 3, 4)
    )
    both.write_bytes(one.read_bytes() + rest)
    got = numbers(open_archive(both, "gate", rules).frames(EVERY))
    assert got[:50] == list(range(50))


def test_counter_of_33_bits_wraps(tmp_path, rules):
    for bframes in (0, 2):
        start = (1 << 33) - 25 * 3600
        pts = [start + k * 3600 for k in range(100)]
        path = tmp_path / f"{bframes}.ts"
        make(
            path,
            frames=100,
            pts=pts,
            time_base=Fraction(1, 90000),
            bframes=bframes,
            mux={"mpegts_copyts": "1", "avoid_negative_ts": "disabled"},
        )
        with av.open(str(path)) as container:
            raw = [p.pts for p in container.demux(video=0) if p.size]
        assert max(raw) - min(raw) <= 100 * 3600, "libav unwraps the first turn by itself"
        source = open_archive(path, "gate", rules)
        frames = list(source.frames(EVERY))
        assert numbers(frames) == list(range(100))
        assert [(f.at.utc_ns - source.start.utc_ns) // 40_000_000 for f in frames] == list(range(100))
        assert source.coverage().gaps == ()


def test_coverage_grows_with_passes(recording, rules):
    source = open_archive(recording("h264", ".mp4"), "gate", rules)
    assert source.coverage().packets == 0 and source.coverage().start is None
    first = source.frames(EVERY)
    next(first)
    first.close()
    assert 0 < source.coverage().packets < 50
    list(source.frames(DecodeLevel.KEYFRAMES))
    assert source.coverage().packets == 50
