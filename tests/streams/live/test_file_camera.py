"""A file played as a camera."""

from __future__ import annotations

import shutil
import time
from itertools import pairwise

import pytest

from streams.instant import NS_PER_S
from streams.live.address import CameraAddress
from streams.live.interface import FaultKind
from streams.live.source import Timeouts, open_source
from streams.timeline import to_ns
from tests.rtsp.media import change, clip, loop
from tests.streams.live.watch import pictures_of, pts_of, pts_seen, watch


@pytest.mark.parametrize(("codec", "suffix"), [("h264", ".mp4"), ("hevc", ".mp4"), ("h264", ".ts"), ("h264", ".flv")])
def test_all_of_it_unchanged_and_then_it_has_ended(clips, codec, suffix):
    source = clip(clips, codec, seconds=2, bframes=3, suffix=suffix)
    seen = watch(source.as_uri(), speed=None)
    assert seen.kind is FaultKind.ENDED
    assert seen.pictures == pictures_of(source)
    assert pts_seen(seen) == pts_of(source)
    assert seen.info.protocol == "file"


def test_at_the_pace_it_was_recorded(clips):
    seen = watch(f"file:{clip(clips, seconds=1)}")
    first, last = seen.packets[0], seen.packets[-1]
    took = last.arrived_ns - first.arrived_ns
    assert 0.9 * NS_PER_S < took < 30 * NS_PER_S
    # Never early, whatever the machine is doing.
    for packet in seen.packets:
        assert packet.arrived_ns - first.arrived_ns >= to_ns(packet.dts, seen.info.time_base) - NS_PER_S // 50


def test_faster_it_looks_like_a_camera_at_its_own_pace(clips):
    long = loop(clip(clips, seconds=4), 10)
    began = time.monotonic()
    seen = watch(f"file:{long}", speed=40)
    assert 0.9 < time.monotonic() - began < 30
    for a, b in pairwise(seen.packets):
        assert b.arrived_ns - a.arrived_ns == to_ns(b.dts, seen.info.time_base) - to_ns(a.dts, seen.info.time_base)


@pytest.mark.parametrize("bframes", [0, 3])
def test_a_loop_goes_on_without_a_seam(clips, bframes):
    source = clip(clips, seconds=1, bframes=bframes)
    seen = watch(f"file:{source}", loop=True, speed=None, at_most=90)
    assert seen.kind is None
    once = pictures_of(source)
    assert seen.pictures == (once * 4)[:90]
    shown = sorted(p.pts for p in seen.packets[:75])
    assert len({b - a for a, b in pairwise(shown)}) == 1
    assert len({b.dts - a.dts for a, b in pairwise(seen.packets)}) == 1


def test_another_picture_size_on_the_way(clips):
    seen = watch(f"file:{change(clips, seconds=1)}", speed=None)
    assert (seen.kind, len(seen.packets)) == (FaultKind.CHANGED, 25)


def test_holes_and_missing_keyframes(clips):
    hole = f"file:{change(clips, seconds=1, then=(320, 192), pause=20)}"
    seen = watch(hole, Timeouts(stall_ns=10 * NS_PER_S), speed=None)
    assert (seen.kind, len(seen.packets)) == (FaultKind.STALLED, 25)
    assert len(watch(hole, Timeouts(stall_ns=30 * NS_PER_S), speed=None).packets) == 50
    rare = f"file:{clip(clips, seconds=4, gop=100)}"
    assert watch(rare, Timeouts(keyframe_ns=2 * NS_PER_S), speed=None).kind is FaultKind.NO_KEYFRAME
    assert watch(rare, Timeouts(keyframe_ns=4 * NS_PER_S), speed=None).kind is FaultKind.ENDED


def test_what_cannot_be_played(clips, tmp_path):
    assert watch(f"file:{tmp_path}/nothing.mp4").kind is FaultKind.NOT_FOUND
    assert watch(f"file:{tmp_path}").kind is FaultKind.NOT_FOUND
    assert watch("v4l2:/dev/video-that-is-not-there").kind is FaultKind.NOT_FOUND
    text = tmp_path / "说明 1.mp4"
    text.write_text("not a recording")
    assert watch(text.as_uri()).kind is FaultKind.PROTOCOL
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXTINF:1,\n{clip(clips, seconds=1, suffix='.ts')}\n")
    assert watch(f"file:{playlist}").kind is FaultKind.PROTOCOL
    whole = clip(clips, seconds=2, suffix=".ts").read_bytes()
    cut = tmp_path / "cut.ts"
    cut.write_bytes(whole[: len(whole) // 2])
    seen = watch(f"file:{cut}", speed=None)
    assert seen.kind is FaultKind.ENDED and seen.packets
    assert watch("srt://127.0.0.1:9").kind is FaultKind.PROTOCOL


def test_a_file_that_is_replaced_while_it_loops(clips, tmp_path):
    path = tmp_path / "cam.mp4"
    shutil.copy(clip(clips, seconds=1), path)

    def swap(count: int) -> None:
        if count == 10:
            path.unlink()
            shutil.copy(clip(clips, seconds=1, size=(640, 384)), path)

    seen = watch(f"file:{path}", loop=True, speed=None, on_packet=swap)
    assert (seen.kind, len(seen.packets)) == (FaultKind.CHANGED, 25)


def test_what_is_closed_is_not_read(clips):
    with open_source(CameraAddress(f"file:{clip(clips, seconds=2)}"), speed=None).connect() as stream:
        packets = iter(stream)
        next(packets)
    with pytest.raises(ValueError, match="closed"):
        list(packets)


def test_only_files_are_looped_or_sped_up():
    with pytest.raises(ValueError, match="only a file"):
        open_source(CameraAddress("rtsp://127.0.0.1/"), loop=True)
    with pytest.raises(ValueError, match="positive"):
        open_source(CameraAddress("file:/a"), speed=0)
    with pytest.raises(ValueError, match="positive"):
        Timeouts(stall_ns=0)
