"""Packets that did not come although the connection stood: said in the segment, and between two segments."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from streams.instant import NS_PER_S
from streams.recorder.interface import FRAMES_MISSING, MAX_MISSING, CloseReason, SegmentRecord
from streams.recorder.missing import Missing, missing_in
from streams.recorder.reading import read_record
from streams.recorder.recorder import Recorder
from tests.rtsp.media import clip
from tests.streams.recorder import feeding

BASE = Fraction(1, 90_000)
FRAME = 3600


def test_a_step_is_a_gap_beyond_half_a_second_and_five_frames() -> None:
    for step, interval, gap in [
        (44_999, FRAME, False),
        (45_001, FRAME, True),
        (90_000, 90_000, False),
        (450_001, 90_000, True),
    ]:
        missing = Missing(BASE)
        missing.add(0, 0, interval)
        missing.add(step, step, interval)
        assert bool(missing.stretches) is gap, (step, interval)


def test_pictures_out_of_order_are_no_gap_and_a_flood_of_gaps_is_bounded() -> None:
    missing = Missing(BASE)
    for number in range(4):
        for ahead in (3, 1, 2, 0):
            missing.add((4 * number + ahead) * FRAME, (4 * number + 3 - ahead) * FRAME, FRAME)
    assert missing.stretches == ()
    for number in range(10 * MAX_MISSING):
        missing.add(10**7 + number * 10**6, 10**7 + number * 10**6, FRAME)
    assert len(missing.stretches) == MAX_MISSING


@pytest.mark.parametrize(("lost", "inside"), [(range(60, 80), True), (range(88, 125), False)])
def test_what_a_network_lost_is_stated_where_it_is_missing(tmp_path: Path, lost: range, inside: bool) -> None:
    """25 pictures a second, a keyframe each second, segments of four: 20 lost inside one, or over the end of one."""
    records = _record(clip(tmp_path, seconds=8), tmp_path / "录像 a", lost)
    found = [gap for one in records for gap in missing_in(one)]
    before = [one.opening.gap_before for one in records if one.opening.gap_before is not None]
    assert (len(found), len(before)) == ((1, 0) if inside else (0, 1))
    (gap,) = found or before
    assert gap.cause == FRAMES_MISSING and gap.start is not None and gap.end is not None
    length_ns = gap.end.utc_ns - gap.start.utc_ns
    assert (len(lost) - 1) * NS_PER_S // 25 <= length_ns <= (len(lost) + 1) * NS_PER_S // 25
    for record in records:
        assert read_record(tmp_path / "录像 a" / record.path) == record


def _record(source: Path, folder: Path, lost: range) -> list[SegmentRecord]:
    recorder = Recorder(folder, "site", "gate-1", segment_ns=4 * NS_PER_S)
    with feeding.camera(source) as (info, template, packets):
        recorder.begin(info, template, "s", anchor=feeding.anchor_on(info.time_base), clock=lambda: feeding.CLOCK)
        records = [recorder.add(packet) for number, packet in enumerate(packets) if number not in lost]
        records.append(recorder.close(CloseReason.STOPPED))
    return [one for one in records if one is not None]
