"""Killed, cut off, flipped, full: what was whole on the disk comes back, and nothing raises that should not."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.instant import NS_PER_S
from streams.packets import probe
from streams.recorder import durable
from streams.recorder.boxes import CLOSING, walk
from streams.recorder.chain import check_chain, last_link, scan
from streams.recorder.errors import RecorderError
from streams.recorder.interface import CloseReason, SegmentRecord
from streams.recorder.reading import read_record
from streams.recorder.recorder import Recorder
from streams.recorder.recovery import NotRecovered, partials, recover
from tests.conftest import ROOT
from tests.streams.recorder.feeding import CLOCK, anchor_on, camera
from tests.streams.recorder.test_recorder import nal_units, sent, times

NAME = "gate-1/2026-11-02/gate-1_20261102T000000.000Z_00000001.mp4.partial"
FEW = settings(
    max_examples=60,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.differing_executors,
        HealthCheck.too_slow,
    ],
)
Put = Callable[[bytes], Path]


class Files(tuple[bytes, bytes]):
    """Too long to be shown where a property fails."""

    def __repr__(self) -> str:
        return "the partial file and the finished one"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, recording_once: Path) -> tuple[bytes, bytes]:
    """A partial file as it lies on the disk after 65 packets, and the finished one."""
    folder = tmp_path_factory.mktemp("whole")
    recorder = Recorder(folder, "hangzhou", "gate-1", segment_ns=60 * NS_PER_S)
    with camera(recording_once) as (info, template, packets):
        recorder.begin(info, template, "s1", anchor=anchor_on(info.time_base), clock=lambda: CLOCK)
        for packet in packets:
            recorder.add(packet)
        partial = (folder / NAME).read_bytes()
        record = recorder.close(CloseReason.STOPPED)
    assert record is not None
    return Files((partial, (folder / record.path).read_bytes()))


@pytest.fixture(scope="module")
def recording_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.streams.media import make

    return make(tmp_path_factory.mktemp("source") / "a.mp4", frames=65, gop=10, bframes=2)


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Lay bytes down as the partial file of a fresh folder."""
    count = 0

    def lay(data: bytes) -> Path:
        nonlocal count
        count += 1
        path = tmp_path / f"录像 {count}" / NAME
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        return path

    return lay


def fragments(data: bytes) -> list[int]:
    """Where each whole fragment ends."""
    return [box.end for box in walk(io.BytesIO(data), len(data)) if box.kind == b"mdat"]


def check_recovered(found: object, path: Path, source: Path, ends: int) -> None:
    """`ends`: how many fragments were whole."""
    if not ends:
        assert found == NotRecovered(path, "no whole fragment was written", None)
        assert list(path.parent.iterdir()) == []
        return
    assert isinstance(found, SegmentRecord)
    final = path.parents[2] / found.path
    assert found.closing.reason is CloseReason.RECOVERED and found.closing.nal_sha256 is None
    got = nal_units(final)
    assert got == nal_units(source)[: len(got)]
    assert found.closing.packets == len(got)
    expected = sent(source)[: len(got)]
    assert times(final, found.opening.first_pts - probe(final).first_pts) == expected
    assert found.closing.last_pts == max(expected)[0]
    assert read_record(final) == found and not path.exists()


def test_the_walk_sees_exactly_the_whole_boxes(whole):
    data = whole[1]
    boxes = list(walk(io.BytesIO(data), len(data)))
    assert boxes[-1].end == len(data) and boxes[-1].extended == CLOSING
    assert [b.kind for b in boxes[:4]] == [b"ftyp", b"moov", b"uuid", b"moof"]
    for length in range(len(data)):
        assert list(walk(io.BytesIO(data), length)) == [b for b in boxes if b.end <= length]


def test_what_was_flushed_comes_back(whole, put, recording_once):
    path = put(whole[0])
    check_recovered(recover(path), path, recording_once, len(fragments(whole[0])))
    # A fragment ends at each keyframe: only the group under way is lost.
    final = path.with_name(path.name.removesuffix(".partial"))
    assert read_record(final).closing.packets == 60


@FEW
@given(data=st.data())
def test_cut_off_anywhere(whole, put, recording_once, data):
    partial = whole[1]
    ends = fragments(partial)
    borders = sorted({0, *(b.end for b in walk(io.BytesIO(partial), len(partial)))})
    near = st.builds(lambda at, by: min(max(at + by, 0), len(partial)), st.sampled_from(borders), st.integers(-17, 17))
    length = data.draw(st.one_of(near, st.integers(0, len(partial) - 1)))
    path = put(partial[:length])
    found = recover(path)
    if length == len(partial):
        assert isinstance(found, SegmentRecord) and found.closing.reason is CloseReason.STOPPED
    else:
        check_recovered(found, path, recording_once, sum(end <= length for end in ends))
        assert not isinstance(found, SegmentRecord) or found.closing.packets >= 10 * sum(e <= length for e in ends) - 5


# The records and the headers of boxes are where it hurts.
_PLACES = st.one_of(st.integers(0, 3000), st.integers(0, 2**24))


@FEW
@given(flips=st.lists(st.tuples(_PLACES, st.integers(0, 7)), min_size=1, max_size=4))
def test_flipped_bits_do_no_harm(whole, put, flips):
    partial = bytearray(whole[0])
    for place, bit in flips:
        partial[place % len(partial)] ^= 1 << bit
    path = put(bytes(partial))
    found = recover(path)
    assert not path.exists()
    if isinstance(found, SegmentRecord):
        assert 1 <= found.closing.packets <= 65
        assert list(scan(path.parents[2])) == [found]
    else:
        # Not one bit may cost the footage: it is put aside.
        assert found.kept is not None and found.kept.read_bytes()[:4000] == bytes(partial)[:4000]


@pytest.mark.parametrize(("said", "changed"), [(b'"gate-1"', b'"fate-1"'), (b'"sequence":1', b'"sequence":3')])
def test_what_says_that_it_is_another_is_put_aside_whole(whole, put, said, changed):
    """A bit of its record that fits whatever it is: nobody knows which of the two is true."""
    assert whole[0].count(said) == 1
    partial = whole[0].replace(said, changed)
    found = recover(put(partial))
    assert isinstance(found, NotRecovered) and "is called otherwise" in found.what
    assert found.kept is not None and found.kept.read_bytes() == partial


@FEW
@given(st.binary(max_size=2000))
def test_garbage_is_removed_or_put_aside(put, data):
    found = recover(put(data))
    assert isinstance(found, NotRecovered) and (found.kept is None) == (b"mdat" not in data)


def test_lengths_that_lie(whole, put):
    partial = whole[0]
    first = next(b for b in walk(io.BytesIO(partial), len(partial)) if b.kind == b"moof")
    for length in (0, 1, 7, 8, 2**32 - 1):
        data = partial[: first.start] + length.to_bytes(4, "big") + partial[first.start + 4 :]
        found = recover(put(data))
        assert isinstance(found, NotRecovered) and found.kept is not None
    huge = partial[: first.start] + b"\0\0\0\1moof" + (2**63).to_bytes(8, "big") + partial[first.start + 16 :]
    assert isinstance(recover(put(huge)), NotRecovered)


def test_blocks_that_the_disk_lost(whole, put, recording_once):
    """After a power cut the length may be there without the content."""
    partial = whole[0]
    ends = fragments(partial)
    path = put(partial[: ends[2]] + bytes(4096))
    check_recovered(recover(path), path, recording_once, 3)
    hole = bytearray(partial)
    hole[ends[3] - 520 : ends[3]] = bytes(520)
    path = put(bytes(hole))
    check_recovered(recover(path), path, recording_once, 3)


def test_a_closing_that_was_not_written_whole(whole, put, recording_once):
    data = bytearray(whole[1])
    data[-200:] = bytes(200)
    path = put(bytes(data))
    check_recovered(recover(path), path, recording_once, len(fragments(whole[1])))


def test_recovery_can_be_killed_and_done_again(whole, put, recording_once, monkeypatch):
    """Stopped before each of its steps upon the disk, it goes through the next time."""
    steps = ["fsync", "rename", "chmod"]
    for step in steps:
        path = put(whole[0])

        def stop(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            if step == "fsync":
                patch.setattr(os, "fsync", stop)
            else:
                patch.setattr(Path, step, stop)
            with pytest.raises(KeyboardInterrupt):
                recover(path)
        found = recover(path)
        check_recovered(found, path, recording_once, 6)
        assert recover(path) == found
        assert stat.S_IMODE((path.parents[2] / NAME.removesuffix(".partial")).stat().st_mode) == 0o440


def test_what_recovery_refuses(whole, put, tmp_path):
    with pytest.raises(ValueError, match="no partial"):
        recover(tmp_path / "a.mp4")
    with pytest.raises(RecorderError, match="No such file"):
        recover(tmp_path / NAME)
    path = put(whole[0])
    with path.open("rb") as file:
        assert durable.lock(file.fileno())
        with pytest.raises(RecorderError, match="still being written"):
            recover(path)
    assert path.read_bytes() == whole[0]
    # A finished file of that name is never replaced.
    final = path.with_name(path.name.removesuffix(".partial"))
    final.write_bytes(b"finished")
    found = recover(path)
    assert isinstance(found, NotRecovered) and found.kept is not None and found.kept.stat().st_size > len(whole[0])
    assert final.read_bytes() == b"finished"
    link = put(b"")
    link.unlink()
    link.symlink_to(final)
    with pytest.raises(RecorderError, match="symbolic links"):
        recover(link)


CHILD = """
import sys
from itertools import cycle
from pathlib import Path
from streams.recorder.recorder import Recorder
from tests.streams.recorder.feeding import *
recorder = Recorder(Path(sys.argv[2]), "s", "gate-1", segment_ns=NS_PER_S)
with camera(Path(sys.argv[1])) as (info, template, packets):
    recorder.begin(info, template, "s1", anchor=anchor_on(info.time_base), clock=lambda: CLOCK)
    for number, packet in enumerate(packets, 1):
        recorder.add(packet)
        print(number, flush=True)
        if number == int(sys.argv[3]):
            sys.stdin.read()
"""


@pytest.mark.parametrize("until", [5, 24, 31, 45, 64])
def test_killed_while_writing(recording_once, tmp_path, until):
    folder = tmp_path / "中河路 北"
    arguments = [sys.executable, "-c", CHILD, str(recording_once), str(folder), str(until)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None and process.stdin is not None
        written = 0
        while written < until:
            written = int(process.stdout.readline())
        left = list(partials(folder))
        # The keyframe of the next segment waits for the packet behind it.
        assert len(left) == (until != 31)
        for path in left:
            with pytest.raises(RecorderError, match="still being written"):
                recover(path)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    for path in left:
        found = recover(path)
        assert isinstance(found, SegmentRecord) == (until in (24, 45)), "of 5 and 64, no group had ended"
    records = [item for item in scan(folder) if isinstance(item, SegmentRecord)]
    assert check_chain(records) == []
    assert [r.closing.reason for r in records[len(records) - 1 :]] == {
        24: [CloseReason.RECOVERED],
        45: [CloseReason.RECOVERED],
        5: [],
    }.get(until, [CloseReason.FULL])
    got = nal_units(*(folder / r.path for r in records))
    assert got == nal_units(recording_once)[: len(got)]
    assert until - 10 <= len(got) <= until, "at most the group under way is lost"
    assert last_link(folder, "gate-1") == (records[-1].link if records else None)
    assert list(partials(folder)) == [] and not list(folder.rglob("*.damaged*"))


FULL = """
import json, resource, sys
from pathlib import Path
from streams.recorder.errors import RecorderError
from streams.recorder.recorder import Recorder
from tests.streams.recorder.feeding import *
folder, limit = Path(sys.argv[2]), int(sys.argv[3])
recorder = Recorder(folder, "s", "gate-1", segment_ns=60 * NS_PER_S)
told = {}
def start(info, template):
    return recorder.begin(info, template, "s1", anchor=anchor_on(info.time_base), clock=lambda: CLOCK)
with camera(Path(sys.argv[1])) as (info, template, packets):
    start(info, template)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        for packet in packets:
            recorder.add(packet)
        recorder.close(CloseReason.STOPPED)
    except RecorderError as error:
        told["error"], told["full"], told["where"] = error.what, error.disk_full, error.where
    told["left"] = sum(1 for _ in folder.rglob("*.partial"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    # There is room again: the same recorder goes on.
    record = start(info, template)
    told["recovered"] = None if record is None else record.closing.packets
    with camera(Path(sys.argv[1])) as (_, _, again):
        for packet in again:
            recorder.add(packet)
    told["next"] = recorder.close(CloseReason.STOPPED).opening.sequence
print(json.dumps(told))
"""


def test_disk_full_and_on_again(recording_once, whole, tmp_path):
    ends = fragments(whole[1])
    for limit in (ends[2] + 100, ends[-1] + 10):
        folder = tmp_path / f"满 {limit}"
        arguments = [sys.executable, "-c", FULL, str(recording_once), str(folder), str(limit)]
        done = subprocess.run(arguments, capture_output=True, cwd=ROOT, check=False)
        assert done.returncode == 0 and done.stderr == b"", done.stderr.decode()
        told = json.loads(done.stdout)
        assert told["error"] == "cannot be written: File too large" and told["full"] and told["left"] == 1
        assert told["where"].endswith(".partial")
        assert told["recovered"] in (30, 65) and told["next"] == 2
        records = list(scan(folder))
        assert [r.opening.sequence for r in records if isinstance(r, SegmentRecord)] == [1, 2]
        assert check_chain(r for r in records if isinstance(r, SegmentRecord)) == []


def test_a_file_that_was_finished_but_not_told(recording_once, tmp_path, monkeypatch):
    """The disk failed between the new name and the word that it is there: the segment counts."""
    recorder = Recorder(tmp_path, "s", "gate-1", segment_ns=60 * NS_PER_S)

    def broken(_: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with camera(recording_once) as (info, template, packets):
        sources = {"anchor": anchor_on(info.time_base), "clock": lambda: CLOCK}
        recorder.begin(info, template, "s1", **sources)
        for packet in packets:
            recorder.add(packet)
        with monkeypatch.context() as patch:
            patch.setattr(durable, "sync_folder", broken)
            with pytest.raises(RecorderError, match="Input/output error"):
                recorder.close(CloseReason.STOPPED)
        found = recorder.begin(info, template, "s2", **sources)
        recorder.close(CloseReason.STOPPED)
    assert found is not None and found.closing.reason is CloseReason.STOPPED and found.closing.packets == 65
    assert recorder.link == found.link == last_link(tmp_path, "gate-1") and list(scan(tmp_path)) == [found]


def test_long_groups_are_flushed_every_second(tmp_path, recording):
    """Without it, a camera with a keyframe a minute would lose a minute."""
    recorder = Recorder(tmp_path, "s", "gate-1", segment_ns=60 * NS_PER_S)
    with camera(recording(frames=120, gop=500, bframes=2)) as (info, template, packets):
        recorder.begin(info, template, "s1", anchor=anchor_on(info.time_base), clock=lambda: CLOCK)
        for packet in packets:
            recorder.add(packet)
        (partial,) = partials(tmp_path)
        data = partial.read_bytes()
        recorder.close(CloseReason.STOPPED)
    assert len(fragments(data)) == 4
    path = tmp_path / "crashed" / NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    found = recover(path)
    assert isinstance(found, SegmentRecord) and found.closing.packets >= 100


def test_a_disk_that_fails_at_the_end(recording_once, tmp_path, monkeypatch):
    recorder = Recorder(tmp_path, "s", "gate-1", segment_ns=60 * NS_PER_S)
    handles = len(os.listdir("/proc/self/fd"))

    def broken(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with camera(recording_once) as (info, template, packets):
        sources = {"anchor": anchor_on(info.time_base), "clock": lambda: CLOCK}
        recorder.begin(info, template, "s1", **sources)
        for packet in packets:
            recorder.add(packet)
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", broken)
            with pytest.raises(RecorderError, match="Input/output error") as caught:
                recorder.close(CloseReason.STOPPED)
            assert not caught.value.disk_full and caught.value.where.endswith(".partial")
            # Not even recovery works on it: the file is put aside, and the camera is recorded on.
            assert recorder.begin(info, template, "s2", **sources) is None
        assert recorder.close(CloseReason.STOPPED) is None
    assert [p.name for p in tmp_path.rglob("*.mp4*")] == [Path(NAME).name + ".damaged"]
    assert len(os.listdir("/proc/self/fd")) <= handles
