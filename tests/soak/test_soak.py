"""Hours of a daemon in less than a minute: cameras that hang up, stays that come and go, footage that is deleted."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from tests.soak.daemon import SoakDaemon
from tests.soak.steady import MUST_GROW, PROCESS, STEADY, Allowed, growing, process_figures
from tests.soak.street import LAP_S, street

CAMERAS = 2
WARM_UP_H = 0.27
HOURS = 0.33
PER_HOUR = 360
"""Segments of ten seconds."""


@pytest.fixture
def soaked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoakDaemon]:
    folder = tmp_path_factory.mktemp("浸泡 soak")
    quiet = structlog.make_filtering_bound_logger(logging.ERROR)
    structlog.configure(wrapper_class=quiet)
    clip = street(folder / "street 街.mp4")
    try:
        with SoakDaemon(folder, clip, cameras=CAMERAS, connected_s=500) as daemon:
            daemon.run(WARM_UP_H, sample_s=600)
            daemon.readings.clear()
            daemon.run(HOURS, sample_s=90)
            yield daemon
    finally:
        structlog.reset_defaults()


def test_hours_of_a_daemon(soaked: SoakDaemon) -> None:
    """One test, because the hours are dear: tests of one module may run in several processes."""
    _everything_happened_that_could_leak(soaked)
    _nothing_grows_that_must_not(soaked)
    _no_table_is_overlooked(soaked)
    _tables_that_must_grow_do_so_by_what_happened(soaked)
    _a_leak_within_real_readings_is_found(soaked)
    _footage_and_gaps_are_forgotten_after_retention(soaked)


def _everything_happened_that_could_leak(soaked: SoakDaemon) -> None:
    assert soaked.counts.deleted > HOURS * PER_HOUR * CAMERAS / 2
    assert all(camera.reconnects >= 2 for camera in soaked.cameras.values())
    assert soaked.hub.cases >= CAMERAS * (WARM_UP_H + HOURS) * 3600 // LAP_S
    for station in soaked.hub.stations.values():
        assert station.tally.integrity == ()
        assert station.desk.inferred < station.desk.looks / 2  # pictures that show nothing new are not looked at
        assert station.tally.gaps >= 3


def _nothing_grows_that_must_not(soaked: SoakDaemon) -> None:
    assert growing(soaked.readings, STEADY) == {}


def _no_table_is_overlooked(soaked: SoakDaemon) -> None:
    tables = {name for name in soaked.readings[-1] if name.endswith(" rows")}
    assert tables == MUST_GROW | {name for name in STEADY if name.endswith(" rows")}


def _tables_that_must_grow_do_so_by_what_happened(soaked: SoakDaemon) -> None:
    first, last = soaked.readings[0], soaked.readings[-1]
    hours, reconnects = last["hours"] - first["hours"], last["reconnects"] - first["reconnects"]
    assert last["segment rows"] - first["segment rows"] <= CAMERAS * (hours * PER_HOUR + 2) + reconnects
    assert last["gap rows"] - first["gap rows"] <= reconnects + CAMERAS
    assert last["finding rows"] == last["hold rows"] <= last["case rows"] + CAMERAS
    # A run of the house buries what is due in one line.
    assert last["tombstone lines"] - first["tombstone lines"] <= CAMERAS * (hours * 120 + 2) + reconnects


def _footage_and_gaps_are_forgotten_after_retention(soaked: SoakDaemon) -> None:
    """Last, because a month goes by."""
    before = soaked.figures()
    soaked.away(days=32)
    soaked.run(0.02, sample_s=3600)
    soaked.keep_house()
    after = soaked.figures()
    recent = CAMERAS * (0.02 * PER_HOUR + 4)
    assert after["segments free to go"] <= recent
    assert before["segment rows"] > 2 * after["files"]
    # What is left: held footage, what is new, and of each camera the last before the break.
    assert after["segment rows"] <= after["files"] + CAMERAS
    assert after["gap rows"] <= 2 * CAMERAS
    assert after["case rows"] >= before["case rows"]


def _a_leak_within_real_readings_is_found(soaked: SoakDaemon) -> None:
    for name, limit in PROCESS.items():
        step = limit.by / 4 + 1
        leaky = [{**reading, name: reading[name] + step * n} for n, reading in enumerate(soaked.readings)]
        assert name in growing(leaky, STEADY)


def _objects(kept: list[object]) -> None:
    kept += [[] for _ in range(1000)]


def _bytes(kept: list[object]) -> None:
    kept.append(bytes(200_000))


def _numbers(kept: list[object]) -> None:
    kept += [1e9 + n for n in range(1000)]


def _thread(kept: list[object]) -> None:
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait, daemon=True)
    thread.start()
    kept += [ended, thread]


def _handle(kept: list[object]) -> None:
    kept.append(Path("/dev/null").open())  # noqa: SIM115


def _nothing(kept: list[object]) -> None:
    del kept[:]


@pytest.mark.parametrize(
    ("leak", "figure"),
    [
        (_objects, "objects"),
        (_bytes, "malloc bytes"),
        (_numbers, "blocks"),
        (_thread, "threads"),
        (_handle, "handles"),
        (_nothing, None),
    ],
)
def test_the_checker_finds_what_is_planted(leak: Callable[[list[object]], None], figure: str | None) -> None:
    kept: list[object] = []
    try:
        readings = []
        for _ in range(9):
            leak(kept)
            readings.append(process_figures())
        found = growing(readings, PROCESS)
        assert figure in found if figure else found == {}
    finally:
        for one in kept:
            if isinstance(one, threading.Event):
                one.set()
            elif isinstance(one, threading.Thread):
                one.join()
            elif hasattr(one, "close"):
                one.close()


@given(st.lists(st.integers(0, 100), min_size=6, max_size=60), st.integers(0, 10**9))
def test_noise_within_what_is_allowed_is_no_leak(noise: list[int], level: int) -> None:
    assert growing([{"x": level + n} for n in noise], {"x": Allowed(100)}) == {}


@given(st.lists(st.integers(0, 100), min_size=6, max_size=60), st.integers(101, 10**6))
def test_no_noise_hides_a_leak(noise: list[int], step: int) -> None:
    """Each reading stands above the one before by more than the noise can take back."""
    readings = [{"x": n + 2 * step * place} for place, n in enumerate(noise)]
    assert "x" in growing(readings, {"x": Allowed(100)})


def test_too_few_readings_prove_nothing() -> None:
    with pytest.raises(ValueError, match="tell nothing"):
        growing([{"x": 1}] * 5, {"x": Allowed(0)})
