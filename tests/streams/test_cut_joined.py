"""One clip out of several segments: the source's packets in order, none missing or doubled at the borders."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from streams.archive.clock import TimeRules
from streams.archive.reader import open_archive
from streams.cut import Framing, Part, Timing, cut, cut_joined
from streams.digest import Digester, payload_digest
from streams.errors import CutError, MediaError
from streams.instant import NS_PER_S, Instant, TimeSource
from streams.interface import DecodeLevel
from streams.packets import PacketStream
from streams.recorder.footage import coverage_of, part_of
from streams.recorder.interface import SegmentRecord
from tests.streams.media import make, number_of
from tests.streams.recorder.feeding import PTS_0, START_NS, record

OPEN_GOP = {"x265-params": "bframes=3:open-gop=1:keyint=10:min-keyint=10:scenecut=0:log-level=none:pools=1"}
CASES = [
    ("h264", ".mp4", {}),
    ("h264", ".ts", {"bframes": 3}),
    ("hevc", ".mp4", {"bframes": 3}),
    ("hevc", ".ts", {"bframes": 3, "options": OPEN_GOP}),
]
N = 65


def segments(source: Path, folder: Path, **options: int) -> tuple[list[SegmentRecord], list[Part]]:
    records, _ = record(source, folder, segment_ns=NS_PER_S * 4 // 10, **options)
    return records, [part_of(folder, r) for r in records]


def numbers(path: Path) -> list[int]:
    rules = TimeRules(start=Instant(0, TimeSource.OPERATOR, 0), order=(TimeSource.OPERATOR,))
    return [number_of(f.luma()) for f in open_archive(path, "c", rules).frames(DecodeLevel.EVERY_FRAME)]


def line_of(parts: list[Part]) -> list[int]:
    """Every pts on the common line, in order of presentation."""
    found = []
    for part in parts:
        with PacketStream(part.path, ordinal=False) as stream:
            found += [timed.pts + part.shift for timed in stream]
    return sorted(found)


@pytest.mark.parametrize(("codec", "suffix", "options"), CASES, ids=lambda v: str(v)[:16])
def test_a_clip_over_the_borders(recording, tmp_path, codec, suffix, options):
    source = recording(codec, suffix, frames=N, gop=10, **options)
    records, parts = segments(source, tmp_path / "录像 一")
    line = line_of(parts)
    assert len(parts) > 4 and len(line) == N and line[0] == records[0].opening.first_pts >= PTS_0
    for first, last in ((0, N - 1), (13, 44), (10, 19), (9, 10), (29, 31), (20, 20), (38, 59), (64, 64)):
        made = cut_joined(parts, line[first], line[last], tmp_path / "证据 片段")
        assert (made.framing, made.timing) == (Framing.IDENTICAL, Timing.EXACT)
        assert made.payload_sha256 == made.source_payload_sha256 == payload_digest(made.path).sha256
        assert made.first_pts <= line[first] and made.last_pts >= line[last]
        # The same packets as one recording that was never cut would give.
        alone = cut(source, line[first] - PTS_0, line[last] - PTS_0, tmp_path / "allein")
        assert (made.packets, made.first_pts, made.last_pts) == (
            alone.packets,
            alone.first_pts + PTS_0,
            alone.last_pts + PTS_0,
        )
        assert made.nal_sha256 == payload_digest(alone.path).nal_sha256
        shown = numbers(made.path)
        assert shown[-1] >= last and set(range(first, last + 1)) <= set(shown)


def test_the_whole_session_is_the_whole_source(recording, tmp_path):
    records, parts = segments(recording("h264", ".mp4", frames=N, bframes=2), tmp_path)
    made = cut_joined(parts, records[0].opening.first_pts, records[-1].closing.last_pts, tmp_path / "a")
    assert made.packets == N == sum(r.closing.packets for r in records)
    digester = None
    for part in parts:
        with PacketStream(part.path, ordinal=False) as stream:
            digester = digester or Digester("h264", stream.stream.codec_context.extradata)
            for timed in stream:
                digester.add(timed.packet)
    assert digester is not None and digester.result().sha256 == made.source_payload_sha256
    again = cut_joined(parts, records[0].opening.first_pts, records[-1].closing.last_pts, tmp_path / "b")
    assert again.path.read_bytes() == made.path.read_bytes()


def test_one_part_is_a_plain_cut(recording, tmp_path):
    source = recording("h264", ".mp4", frames=N)
    plain = cut(source, 4000, 9000, tmp_path / "a")
    joined = cut_joined([Part(source)], 4000, 9000, tmp_path / "b")
    assert plain.path.read_bytes() == joined.path.read_bytes()
    assert replace(joined, path=plain.path) == plain


def test_parts_that_begin_without_a_keyframe_lean_on_those_before(recording, tmp_path):
    records, _ = record(recording("h264", ".mp4", frames=N, gop=500), tmp_path, segment_ns=NS_PER_S // 20)
    parts = [part_of(tmp_path, r) for r in records]
    line = line_of(parts)
    assert len(parts) > 2
    made = cut_joined(parts, line[60], line[62], tmp_path / "clip")
    assert made.first_pts == line[0] and numbers(made.path)[-3:] == [60, 61, 62]


def test_across_a_reconnect(recording, tmp_path):
    """Another session has another line: the caller says how far apart they are."""
    source = recording("h264", ".mp4", frames=N, gop=10)
    first, one = segments(source, tmp_path, start_ns=START_NS)
    base = first[0].opening.time_base
    ticks = round(Fraction(30) / base)
    second, two = segments(source, tmp_path, name="gate-2", start_ns=START_NS + 30 * NS_PER_S)
    assert second[0].opening.first_pts == first[0].opening.first_pts
    moved = [replace(part, shift=part.shift + ticks) for part in two]
    parts = [*one, *moved]
    line = line_of(parts)
    made = cut_joined(parts, line[60], line[N + 3], tmp_path / "clip")
    assert made.timing is Timing.EXACT and numbers(made.path) == [60, 61, 62, 63, 64, 0, 1, 2, 3]
    # Too little, or none at all, and they would overlap.
    slightly = [replace(part, shift=part.shift + line[62] - line[0]) for part in two]
    for wrong in ([*one, *slightly], [*one, *two], list(reversed(one))):
        with pytest.raises(CutError, match="not behind pts"):
            cut_joined(wrong, line[45], line[N + 3], tmp_path / "none")


def test_parts_that_do_not_go_together(recording, tmp_path):
    source = recording("h264", ".mp4", frames=N, gop=10)
    _, parts = segments(source, tmp_path / "a")
    other = make(tmp_path / "b.mp4", frames=20, options={"profile": "high", "preset": "medium"})
    later = round(100 / Fraction(1, 12800))
    for path, words in (
        (recording("hevc", ".mp4", frames=N, gop=10), "is hevc 160x96"),
        (recording("h264", ".ts", frames=N, gop=10), "ticks of 1/90000 s in mpegts"),
        (other, "parameter sets"),
    ):
        with pytest.raises(CutError, match=words):
            cut_joined([*parts, Part(path, PTS_0 + later)], PTS_0, PTS_0 + 2 * later, tmp_path / "none")
    with pytest.raises(CutError, match="nothing to cut"):
        cut_joined([], 0, 1, tmp_path / "none")
    with pytest.raises(MediaError):
        cut_joined([*parts, Part(tmp_path / "gone.mp4")], PTS_0, PTS_0 + 1, tmp_path / "none")
    with pytest.raises(CutError, match="no keyframe"):
        cut_joined(parts, 0, 1, tmp_path / "none")
    with pytest.raises(CutError, match="ends before"):
        cut_joined(parts, PTS_0 + later, PTS_0 + later, tmp_path / "none")
    assert not list(tmp_path.glob("none*"))


def test_coverage_without_opening_the_file(recording, tmp_path):
    records, _ = segments(recording("h264", ".mp4", frames=N, gop=10), tmp_path)
    covered = coverage_of(records[0])
    assert covered.packets == 10 and covered.problems == () and covered.start == records[0].opening.start
    assert covered.end == records[0].opening.start.shifted(9 * 40_000_000)


def test_a_segment_tells_its_own_time(recording, tmp_path, rules):
    """Batch and daemon judge with the same instants, whatever the file is called."""
    source = recording("hevc", ".ts", frames=N, bframes=3, options=OPEN_GOP)
    records, _ = segments(source, tmp_path)
    shanghai = TimeRules(zone="Asia/Shanghai")
    for item in records:
        opened = open_archive(tmp_path / item.path, "gate-1", shanghai)
        assert opened.start == item.opening.start and opened.start_reading.problems == ()
        # Every picture has the time it would have in one recording that was never cut.
        for frame in opened.frames(DecodeLevel.EVERY_FRAME):
            assert frame.at == records[0].opening.start.shifted(number_of(frame.luma()) * 40_000_000)
        covered = opened.coverage()
        assert (covered.start, covered.end) == (coverage_of(item).start, coverage_of(item).end)
        assert covered.gaps == () == covered.problems
        assert f"segment {item.opening.sequence} of gate-1 (rtcp_sr)" in opened.start_reading.detail
    moved = tmp_path / "20200101T000000Z.mp4"
    moved.write_bytes((tmp_path / records[1].path).read_bytes())
    reading = open_archive(moved, "gate-1", shanghai).start_reading
    assert reading.instant == records[1].opening.start
    assert "recorder's own record is used" in reading.problems[0].salvaged
    # An operator who is asked first knows better; where nobody else is asked, nothing is read.
    rules = replace(rules, start=Instant(START_NS + 3600 * NS_PER_S, TimeSource.OPERATOR, 0))
    stated = open_archive(moved, "gate-1", rules).start_reading
    assert stated.instant.source is TimeSource.OPERATOR and "recorder's own record says" in stated.problems[0].what
    only = replace(rules, order=(TimeSource.OPERATOR,))
    assert open_archive(moved, "gate-1", only).start_reading.problems == ()
    ignored = open_archive(moved, "gate-1", replace(shanghai, record=False)).start_reading
    assert ignored.instant.source is TimeSource.FILENAME
    # A record that cannot be believed is said so, and not used.
    data = moved.read_bytes().replace(b'"source":"rtcp_sr"', b'"source":"rtcp_xx"', 1)
    moved.write_bytes(data)
    broken = open_archive(moved, "gate-1", shanghai).start_reading
    assert broken.instant.source is TimeSource.FILENAME and "cannot be believed" in broken.problems[0].what
