"""The index from files, and what shows when segments are taken away, changed, exchanged or buried."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from streams.instant import NS_PER_S
from streams.recorder.chain import ChainFaultKind, Damaged, check_chain, last_link, scan, verify
from streams.recorder.errors import RecorderError
from streams.recorder.interface import SegmentRecord
from streams.recorder.reading import read_facts, read_opening, read_record
from streams.recorder.tombstones import NAME, bury, tombstone, tombstones
from tests.streams.recorder.feeding import record

WHEN = 1_800_000_000 * NS_PER_S


@pytest.fixture(scope="module")
def recorded(recording_of_chain: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[SegmentRecord]]:
    folder = tmp_path_factory.mktemp("chain") / "录像 一"
    return folder, record(recording_of_chain, folder, segment_ns=NS_PER_S * 4 // 10)[0]


@pytest.fixture(scope="module")
def recording_of_chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.streams.media import make

    return make(tmp_path_factory.mktemp("source") / "a.mp4", frames=60, gop=10)


@pytest.fixture
def chain(recorded: tuple[Path, list[SegmentRecord]], tmp_path: Path) -> tuple[Path, list[SegmentRecord]]:
    """Six segments in a folder that a test may spoil."""
    folder = tmp_path / "录像 一"
    for path in sorted(p for p in recorded[0].rglob("*") if p.is_file()):
        copy = folder / path.relative_to(recorded[0])
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    return folder, recorded[1]


def kinds(records, stones=()):
    return [(fault.kind, fault.sequence) for fault in check_chain(records, stones)]


def found(folder: Path) -> list[SegmentRecord]:
    return [item for item in scan(folder) if isinstance(item, SegmentRecord)]


def test_a_whole_chain(chain):
    folder, records = chain
    assert len(records) == 6 and found(folder) == records and kinds(records) == []
    assert kinds(reversed(records)) == [] and kinds([]) == []
    assert read_facts(folder / records[2].path) == (records[2].opening, records[2].closing)


def test_a_segment_taken_away(chain):
    folder, records = chain
    (folder / records[2].path).unlink()
    assert kinds(found(folder)) == [(ChainFaultKind.MISSING, 3)]
    fault = verify(folder, records[2])
    assert fault is not None and fault.kind is ChainFaultKind.MISSING
    assert kinds(records[3:]) == [(ChainFaultKind.MISSING, 1)]
    assert "3 segments before number 4" in check_chain(records[3:])[0].what


@pytest.mark.parametrize("where", ["record", "media", "tail"])
def test_a_changed_byte(chain, where):
    folder, records = chain
    path = folder / records[2].path
    data = bytearray(path.read_bytes())
    place = {"record": data.index(b'"site":"h') + 8, "media": data.index(b"mdat") + 50, "tail": len(data) - 3}[where]
    data[place] ^= 1
    path.unlink()
    path.write_bytes(data)
    fault = verify(folder, records[2])
    assert fault is not None and fault.kind is ChainFaultKind.CHANGED
    now = list(scan(folder))
    if where == "tail":
        assert isinstance(now[2], Damaged) and "cannot be believed" in now[2].what
        assert kinds(found(folder)) == [(ChainFaultKind.MISSING, 3)]
    else:
        assert kinds(found(folder)) == [(ChainFaultKind.WRONG_PREVIOUS, 4)]


def test_two_segments_exchanged(chain):
    folder, records = chain
    one, two = folder / records[1].path, folder / records[2].path
    data = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(data)
    assert [type(item) for item in scan(folder)].count(Damaged) == 2
    assert kinds(found(folder)) == [(ChainFaultKind.MISSING, 2)]
    assert all("called otherwise" in item.what for item in scan(folder) if isinstance(item, Damaged))


def test_what_is_no_segment(chain, recording_of_chain):
    folder, records = chain
    day = (folder / records[0].path).parent
    (day / "gate-1_20261102T000000.000Z_00000007.mp4").write_bytes(b"")
    (day / "gate-1_20261102T000000.000Z_00000008.mp4").write_bytes(recording_of_chain.read_bytes())
    (day / "gate-1_20261102T000000.000Z_00000009.mp4").symlink_to(folder / records[0].path)
    (day / "holiday.mp4").write_bytes(b"mine")
    cut = (folder / records[5].path).read_bytes()[:-1]
    (folder / records[5].path).write_bytes(cut)
    (folder / "desktop.ini").write_bytes(b"")
    damaged = [item for item in scan(folder) if isinstance(item, Damaged)]
    assert [d.path.name[-12:] for d in damaged] == ["00000006.mp4", "00000007.mp4", "00000008.mp4"]
    assert "boxes do not fill it" in damaged[0].what
    assert "no segment of this recorder" in damaged[1].what and "no segment" in damaged[2].what
    assert list(scan(folder, camera="gate-2")) == [] == list(scan(folder / "none"))
    assert read_opening(recording_of_chain) is None and read_opening(folder / "none") is None
    with pytest.raises(RecorderError, match="No such file"):
        read_record(folder / "none")


def test_duplicates(chain):
    _, records = chain
    assert kinds([*records, replace(records[3], sha256="0" * 64)])[0] == (ChainFaultKind.DUPLICATE, 4)


def test_deleted_stretches_keep_the_chain_whole(chain):
    folder, records = chain
    bury(folder, tombstone(records[:2], WHEN, "保留期满 30 天"))
    # Killed between the tombstone and the deletion.
    assert kinds(found(folder), tombstones(folder, "gate-1")) == []
    for item in records[:2]:
        (folder / item.path).unlink()
    bury(folder, tombstone(records[2:3], WHEN + 1, "retention"))
    (folder / records[2].path).unlink()
    stones = list(tombstones(folder, "gate-1"))
    assert [(s.first, s.last, s.reason) for s in stones] == [(1, 2, "保留期满 30 天"), (3, 3, "retention")]
    assert (stones[0].start, stones[0].end) == (records[0].opening.start, records[1].closing.end)
    assert kinds(found(folder), stones) == []
    # Each of these is not.
    assert kinds(found(folder), stones[:1]) == [(ChainFaultKind.MISSING, 3)]
    assert kinds(found(folder), [stones[0], replace(stones[1], sha256="0" * 64)]) == [
        (ChainFaultKind.WRONG_PREVIOUS, 4)
    ]
    assert kinds(found(folder), [stones[0], replace(stones[1], previous=None)]) == [(ChainFaultKind.WRONG_PREVIOUS, 3)]
    # A file that came back under a buried number, but another one.
    assert kinds([*records[3:], replace(records[2], sha256="0" * 64)], stones) == [(ChainFaultKind.DUPLICATE, 3)]


def test_when_all_footage_is_deleted_the_chain_still_goes_on(chain, recording_of_chain):
    folder, records = chain
    bury(folder, tombstone(records, WHEN, "retention"))
    for item in records:
        (folder / item.path).unlink()
    assert last_link(folder, "gate-1") == records[-1].link
    assert last_link(folder, "gate-2") is None and last_link(folder / "none", "gate-2") is None


def test_a_tombstone_that_a_crash_cut_off(chain):
    folder, records = chain
    place = folder / "gate-1" / NAME
    bury(folder, tombstone(records[:1], WHEN, "a"))
    whole = place.read_bytes()
    for cut in (1, 40, len(whole) - 1):
        place.write_bytes(whole + whole[:cut])
        assert len(list(tombstones(folder, "gate-1"))) == 1
        bury(folder, tombstone(records[1:2], WHEN, "b"))
        assert [s.first for s in tombstones(folder, "gate-1")] == [1, 2]
    place.write_bytes(whole[:30])
    assert list(tombstones(folder, "gate-1")) == []
    bury(folder, tombstone(records[:1], WHEN, "a"))
    assert place.read_bytes() == whole
    place.write_bytes(whole.replace(b'"first":1', b'"first":0'))
    with pytest.raises(RecorderError, match="line 1 is damaged"):
        list(tombstones(folder, "gate-1"))
    place.write_bytes(b"x" * 100_000 + b"\n")
    with pytest.raises(RecorderError, match="too long"):
        list(tombstones(folder, "gate-1"))


def test_tombstones_are_for_one_stretch(chain):
    _, records = chain
    with pytest.raises(ValueError, match="does not follow"):
        tombstone([records[0], records[2]], WHEN, "x")
    with pytest.raises(ValueError, match="does not follow"):
        tombstone([records[0], replace(records[1], opening=replace(records[1].opening, previous=None))], WHEN, "x")


def test_scan_opens_no_more_than_one_file_at_a_time(chain):
    folder, records = chain
    before = len(os.listdir("/proc/self/fd"))
    walking = scan(folder)
    assert next(walking) == records[0]
    assert len(os.listdir("/proc/self/fd")) <= before
