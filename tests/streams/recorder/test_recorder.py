"""Segments: every packet once, in order, unchanged; each names its predecessor; nothing is overwritten."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes

from streams.digest import payload_digest
from streams.instant import NS_PER_S, Instant, TimeSource
from streams.nal import length_size, units
from streams.packets import PacketStream, probe
from streams.recorder.chain import check_chain, last_link, scan, verify
from streams.recorder.errors import RecorderError
from streams.recorder.interface import CloseReason, GapStatement
from streams.recorder.recorder import Recorder
from streams.timeline import to_ns
from tests.streams.media import make
from tests.streams.recorder.feeding import CLOCK, PTS_0, START_NS, anchor_on, camera, record

OPEN_GOP = "bframes=3:open-gop=1:keyint=10:min-keyint=10:scenecut=0:log-level=none:pools=1"
SOURCES = [
    ("h264", ".mp4", {}),
    ("h264", ".mp4", {"bframes": 3}),
    ("h264", ".ts", {"bframes": 2}),
    ("hevc", ".mp4", {}),
    ("hevc", ".mkv", {"bframes": 3}),
    ("hevc", ".ts", {"bframes": 3, "options": {"x265-params": OPEN_GOP}}),
    ("mjpeg", ".mp4", {}),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "人民路 录像"


def nal_units(*paths: Path) -> list[tuple[bytes, ...]]:
    """Of each packet, file after file."""
    found = []
    for path in paths:
        with PacketStream(path, ordinal=False) as stream:
            size = length_size(stream.stream.codec_context.extradata)
            found += [tuple(units(bytes(timed.packet), size)) for timed in stream]
    return found


def sent(path: Path) -> list[tuple[int, int, bool]]:
    """What a camera sends of a file: pts, dts, whether it is a keyframe."""
    with camera(path) as (_, _, packets):
        return [(p.pts, p.dts, p.key) for p in packets]


def times(path: Path, shift: int) -> list[tuple[int, int, bool]]:
    with PacketStream(path, ordinal=False) as stream:
        return [(timed.pts + shift, timed.dts + shift, timed.key) for timed in stream]


@pytest.mark.parametrize(("codec", "suffix", "options"), SOURCES, ids=lambda v: str(v)[:24])
def test_every_packet_once_and_unchanged(recording, folder, codec, suffix, options):
    source = recording(codec, suffix, frames=65, gop=10, **options)
    records, _ = record(source, folder, segment_ns=NS_PER_S * 7 // 10)
    assert len(records) == 4
    expected = sent(source)
    got = []
    for item in records:
        path = folder / item.path
        assert probe(path).info.time_base == probe(source).info.time_base == item.opening.time_base
        shift = item.opening.first_pts - probe(path).first_pts
        own = times(path, shift)
        got += own
        assert own[0][2], "a segment begins with a keyframe"
        assert item.closing.packets == len(own)
        assert (item.opening.first_pts, item.closing.last_pts) == (min(own)[0], max(own)[0])
        if codec != "mjpeg":
            assert item.closing.nal_sha256 == payload_digest(path).nal_sha256 is not None
        data = path.read_bytes()
        sm3 = hashes.Hash(hashes.SM3())
        sm3.update(data)
        assert (item.size, item.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert item.sm3 == sm3.finalize().hex()
        assert stat.S_IMODE(path.stat().st_mode) == 0o440
    assert got == expected
    if codec != "mjpeg":
        assert nal_units(*(folder / item.path for item in records)) == nal_units(source)
    # One line of time, and each segment ends where the next one begins: leading pictures count as the next one's.
    for one, two in pairwise(records):
        assert one.closing.end == two.opening.start and one.closing.reason is CloseReason.FULL
    base = records[0].opening.time_base
    assert all(r.opening.start.utc_ns == START_NS + to_ns(r.opening.first_pts - PTS_0, base) for r in records)
    assert records[-1].closing.detail == "测试结束"
    assert check_chain(records) == [] and list(scan(folder)) == records
    assert not list(folder.rglob("*.partial"))


def test_sessions_continue_the_chain(recording, folder):
    first, recorder = record(recording(frames=65), folder)
    gap = GapStatement("gate-1", first[-1].closing.end, None, "ended", "摄像机断开")
    second, _ = record(
        recording(frames=65), folder, session="s2", recorder=recorder, start_ns=START_NS + 86_400 * NS_PER_S, gap=gap
    )
    assert second[0].opening.gap_before == replace(gap, end=second[0].opening.start)
    assert second[1].opening.gap_before is None
    assert [r.opening.sequence for r in first + second] == list(range(1, len(first + second) + 1))
    assert second[0].opening.previous == first[-1].sha256 and first[0].opening.previous is None
    # A recorder after a restart knows the same from the files.
    assert last_link(folder, "gate-1") == recorder.link == second[-1].link
    again = Recorder(folder, "hangzhou", "gate-1", segment_ns=NS_PER_S, previous=last_link(folder, "gate-1"))
    third, _ = record(
        recording(frames=65), folder, recorder=again, start_ns=START_NS - 86_400 * NS_PER_S
    )  # a clock that was set back
    everything = first + second + third
    assert check_chain(everything) == [] and list(scan(folder)) == everything
    assert list(scan(folder, after={"gate-1": len(first + second)})) == third
    assert first[0].path == Path("gate-1/2026-11-02/gate-1_20261102T000000.000Z_00000001.mp4")
    assert all(verify(folder, r) is None for r in everything)


def test_packets_before_the_first_keyframe_are_counted_not_written(recording, folder):
    source = recording(frames=30, gop=10)
    recorder = Recorder(folder, "s", "c", segment_ns=NS_PER_S)
    with camera(source) as (info, template, packets):
        recorder.begin(info, template, "s", anchor=anchor_on(info.time_base), clock=lambda: CLOCK)
        for packet in list(packets)[3:]:
            recorder.add(packet)
        assert recorder.left_out == 7
        made = recorder.close(CloseReason.FAULT)
    assert made is not None and made.closing.packets == 20
    assert nal_units(folder / made.path) == nal_units(source)[10:]


def test_without_any_keyframe_nothing_is_written(recording, folder):
    recorder = Recorder(folder, "s", "c", segment_ns=NS_PER_S)
    with camera(recording(frames=30, gop=30)) as (info, template, packets):
        recorder.begin(info, template, "s", anchor=anchor_on(info.time_base), clock=lambda: CLOCK)
        assert [recorder.add(packet) for packet in list(packets)[1:]] == [None] * 29
        assert recorder.close(CloseReason.FAULT) is None
        assert recorder.close(CloseReason.FAULT) is None
    assert not folder.exists() and recorder.link is None


@pytest.mark.parametrize("bframes", [0, 3])
def test_a_stream_without_keyframes_is_cut_between_pictures(recording, folder, bframes):
    source = recording(frames=120, gop=500, bframes=bframes)
    records, _ = record(source, folder, segment_ns=NS_PER_S // 10)
    assert [r.closing.detail for r in records[:-1]] == ["no keyframe came for 10 times the length of a segment"] * (
        len(records) - 1
    )
    assert len(records) > 3
    assert nal_units(*(folder / r.path for r in records)) == nal_units(source)
    assert all(one.closing.last_pts < two.opening.first_pts for one, two in pairwise(records))
    assert check_chain(records) == []


@pytest.mark.parametrize("bframes", [0, 3])
def test_a_segment_that_grows_too_large_is_closed(recording, folder, bframes):
    source = recording(frames=200, gop=500, bframes=bframes)
    records, _ = record(source, folder, segment_ns=60 * NS_PER_S, max_bytes=6_000)
    assert len(records) > 2 and "grew beyond 6000 bytes" in records[0].closing.detail
    assert nal_units(*(folder / r.path for r in records)) == nal_units(source)
    # Not between a picture and one that comes later and is shown earlier.
    assert all(one.closing.last_pts < two.opening.first_pts for one, two in pairwise(records))


def test_one_packet_is_a_segment(recording, folder):
    recorder = Recorder(folder, "s", "c", segment_ns=NS_PER_S)
    with camera(recording(frames=65)) as (info, template, packets):
        recorder.begin(info, template, "s", anchor=anchor_on(info.time_base), clock=lambda: CLOCK)
        assert recorder.add(next(packets)) is None
        made = recorder.close(CloseReason.CHANGED, "1080p → 720p")
    assert made is not None and made.closing.packets == 1
    assert made.closing.end.utc_ns - made.opening.start.utc_ns == 40_000_000
    assert list(scan(folder)) == [made]


def test_irregular_times_stay_exact(tmp_path, folder):
    steps = [1, 1, 5, 1, 9, 1, 1, 3, 7, 2, 1, 40] * 5
    pts = [sum(steps[:k]) for k in range(len(steps))]
    for name, base in (("a.mp4", Fraction(1001, 30000)), ("b.mkv", Fraction(1, 25)), ("c.ts", Fraction(1, 25))):
        source = make(tmp_path / name, frames=len(pts), pts=pts, time_base=base, bframes=2)
        records, _ = record(source, folder, name=name[0])
        got = []
        for item in records:
            got += times(folder / item.path, item.opening.first_pts - probe(folder / item.path).first_pts)
        assert got == sent(source)


def test_the_shared_packet_keeps_its_stamps(recording, folder):
    with camera(recording(frames=30, bframes=2)) as (info, template, packets):
        recorder = Recorder(folder, "s", "c", segment_ns=NS_PER_S)
        recorder.begin(info, template, "s", anchor=anchor_on(info.time_base), clock=lambda: CLOCK)
        for packet in packets:
            before = packet.packet.pts, packet.packet.dts, packet.packet.time_base, packet.packet.stream_index
            recorder.add(packet)
            assert before == (packet.packet.pts, packet.packet.dts, packet.packet.time_base, packet.packet.stream_index)
        recorder.close(CloseReason.STOPPED)


def test_nothing_is_overwritten(recording, folder):
    source = recording(frames=65)
    records, _ = record(source, folder)
    kept = (folder / records[0].path).read_bytes()
    with pytest.raises(RecorderError, match="never overwritten") as caught:
        record(source, folder)
    assert str(records[0].path) in str(caught.value)
    assert (folder / records[0].path).read_bytes() == kept
    assert not list(folder.rglob("*.partial"))


def test_what_cannot_be_recorded(recording, folder, tmp_path):
    for name in ("", "..", ".hidden", "a/b", "a b", "x" * 65, "摄像机"):
        with pytest.raises(ValueError, match="camera id"):
            Recorder(folder, "s", name, segment_ns=1)
    with pytest.raises(ValueError, match="length"):
        Recorder(folder, "s", "c", segment_ns=0)
    recorder = Recorder(folder, "s", "c", segment_ns=NS_PER_S)
    with camera(recording(frames=65)) as (info, template, packets):
        with pytest.raises(RuntimeError):
            recorder.add(next(packets))
        odd = replace(info, time_base=Fraction(1001, 30000))
        with pytest.raises(RecorderError, match="1001/30000"):
            recorder.begin(odd, template, "s", anchor=anchor_on(info.time_base), clock=lambda: CLOCK)
        recorder.begin(info, template, "s", anchor=anchor_on(info.time_base), clock=lambda: CLOCK)
        with pytest.raises(RuntimeError, match="not been closed"):
            recorder.begin(info, template, "s", anchor=anchor_on(info.time_base), clock=lambda: CLOCK)
        recorder.close(CloseReason.STOPPED)
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(RecorderError, match="cannot be written: Not a directory") as caught:
        record(recording(frames=65), blocked)
    assert not caught.value.disk_full


def test_no_handle_stays_open(recording, folder):
    record(recording(frames=65), folder)
    before = len(os.listdir("/proc/self/fd"))
    for k in range(1, 6):
        record(recording(frames=65), folder, name=f"c{k}")
    assert len(os.listdir("/proc/self/fd")) <= before


def test_the_record_is_written_to_be_read_by_people(recording, folder):
    records, _ = record(recording(frames=65), folder)
    data = (folder / records[0].path).read_bytes()
    assert b'"camera":"gate-1"' in data and b'"utc_ns":"1793577600000000000"' in data
    assert '"detail":"测试结束"'.encode() in (folder / records[-1].path).read_bytes()
    assert records[0].opening.start == Instant(START_NS, TimeSource.RTCP_SR, 2_000_000)
    assert records[0].opening.clock == CLOCK
