"""Cameras are recorded while the database is awaited: what is missing is said, and nothing is made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from streams.instant import NS_PER_S
from streams.live.hostclock import HostClock, HostReading
from streams.live.interface import FaultKind
from streams.recorder.interface import GapStatement
from streetproof.daemon.fleet import Died, Tell
from streetproof.daemon.meanwhile import Meanwhile
from streetproof.daemon.messages import Connected, Faulted, FromCamera, Gapped, Segmented, StreamRole
from streetproof.daemon.overview import Room
from streetproof.daemon.snapshot import CameraState
from streetproof.settings.load import LoadedSite
from tests.streams.media import make
from tests.streams.recorder.feeding import START_NS, record
from tests.streetproof.daemon import sites
from tests.streetproof.daemon.hubs import INFO, FakeFleet

GIB = 1 << 30
LATER_NS = START_NS + 100 * NS_PER_S


class Processes(FakeFleet):
    """... that say what a test lets them say."""

    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self.tell = tell
        self.stopped: list[str] = []

    def watch(self) -> list[tuple[str, Died]]:
        return []

    def stop(self, cause: str, timeout_s: float) -> None:
        self.stopped.append(cause)
        self.specs.clear()


class City:
    """One camera, `gate-1`, and a disk with as much room as a test says."""

    def __init__(self, folder: Path, loaded: LoadedSite) -> None:
        self.free = 100 * GIB
        self.meanwhile = Meanwhile(
            loaded,
            folder,
            HostClock(lambda: HostReading(0, LATER_NS, 0, 0)),
            fleet=cast(Callable[[Tell], Any], self._fleet),
            room=lambda _: Room(200 * GIB, self.free),
        )
        self.meanwhile.start()

    def _fleet(self, tell: Tell) -> Processes:
        self.processes = Processes(tell)
        return self.processes

    def gap(self) -> GapStatement | None:
        """What the next process would be told."""
        return self.processes.specs["gate-1"]().gap

    def say(self, *messages: FromCamera) -> None:
        for one in messages:
            self.processes.tell("gate-1", 1, one)
        self.turn()

    def turn(self) -> None:
        self.meanwhile._next_ns = 0
        self.meanwhile.turn(0)


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedSite:
    return sites.load(tmp_path / "site.yaml", sites.site("gate-1", live={"min_free_gib": 20, "warn_free_gib": 30}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "录像 1"
    place.mkdir()
    return place


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=30, gop=10, fps=10)


def test_what_only_files_tell_is_no_news_for_the_database(folder: Path, clip: Path, loaded: LoadedSite) -> None:
    """It may know since when, and why, a camera was away when the daemon ended: files say no more than that it was."""
    records, _ = record(clip, folder)
    city = City(folder, loaded)
    gap = city.gap()
    assert gap is not None
    assert (gap.start, gap.end, gap.cause) == (records[-1].closing.end, None, "stopped")
    assert city.meanwhile.newest_ns == records[-1].closing.end.utc_ns
    city.say(Gapped(gap), Faulted(StreamRole.MAIN, FaultKind.REFUSED, "nobody listens", "", NS_PER_S))
    assert city.gap() == gap, "it is one gap however often a process starts in vain"
    city.meanwhile.stop("handover")
    assert city.meanwhile.backlog.empty


def test_what_happened_meanwhile_is_handed_on_in_its_order(folder: Path, clip: Path, loaded: LoadedSite) -> None:
    first, recorder = record(clip, folder)
    city = City(folder, loaded)
    gap = city.gap()
    assert gap is not None
    second, _ = record(clip, folder, session="s2", recorder=recorder, start_ns=LATER_NS, gap=gap)
    over = second[0].opening.gap_before
    assert over is not None
    lasting = GapStatement("gate-1", second[-1].closing.end, None, "refused", "nobody listens")
    city.say(Connected(StreamRole.MAIN, INFO), Gapped(gap), Gapped(over), *map(Segmented, second), Gapped(lasting))
    (shown,) = city.meanwhile.cameras()
    assert (shown.state, shown.segments, shown.gaps) == (CameraState.RECORDING, len(second), 1)
    assert city.gap() == lasting, "a process that died while the camera was away goes on with the gap that lasts"
    city.meanwhile.stop("handover")
    backlog = city.meanwhile.backlog
    assert backlog.front(100) == [over]
    backlog.entered([over])
    assert backlog.front(100) == second
    assert backlog.lasting("gate-1") == lasting
    assert city.meanwhile.newest_ns == first[-1].closing.end.utc_ns, "of before, or it would vouch for its own clock"


def test_a_process_that_dies_while_it_records_leaves_a_gap_from_its_last_segment_on(
    folder: Path, clip: Path, loaded: LoadedSite
) -> None:
    city = City(folder, loaded)
    assert city.gap() is None, "nothing was ever recorded"
    records, _ = record(clip, folder, gap=GapStatement("gate-1", None, None, "started", "recording begins"))
    city.say(*map(Segmented, records))
    gap = city.gap()
    assert gap is not None and gap.start == records[-1].closing.end
    city.say(Gapped(gap))
    assert city.meanwhile.backlog.lasting("gate-1") == gap, "that the daemon saw itself"


def test_the_last_of_the_disk_is_left_to_the_database(folder: Path, loaded: LoadedSite) -> None:
    city = City(folder, loaded)
    city.free = 3 * GIB
    city.turn()
    assert city.processes.stopped == []
    city.free = 2 * GIB - 1
    city.turn()
    city.turn()
    assert city.processes.stopped == ["disk"]
    (problem,) = city.meanwhile.problems
    assert problem.en.startswith("The disk is nearly full")
    assert city.meanwhile.cameras()[0].fault == "disk"
    city.free = 3 * GIB
    city.turn()
    assert not city.processes.specs, "not to and fro"
    city.free = 5 * GIB
    city.turn()
    assert city.processes.specs.keys() == {"gate-1"}
    assert city.meanwhile.problems == ()
