"""What is done now and then: above all, that a clock that is wrong at the start does not make footage old."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from streams.live.hostclock import HostClock, HostReading, ReferenceLine
from streetproof.daemon.housekeeping import Report
from streetproof.daemon.upkeep import Before, Upkeep
from streetproof.settings.live import Live
from streetproof.settings.site import EvidenceSettings

DAY_NS = 24 * 3600 * 10**9


@dataclass
class House:
    """Stands for the housekeeper: remembers what it was told."""

    doubts: list[bool] = field(default_factory=list)
    wanted: dict[str, int] = field(default_factory=dict)

    def run(self, *_: object, clock_in_doubt: bool, wanted_from: dict[str, int], **__: object) -> Report:
        self.doubts.append(clock_in_doubt)
        self.wanted = wanted_from
        return Report(0, 0, False, 1, None, ())


def host(ahead_ns: int) -> HostClock:
    """This machine's clock, set ahead by so much."""

    def read() -> HostReading:
        now = time.monotonic_ns()
        return HostReading(now, time.time_ns() + ahead_ns, now, 0)

    return HostClock(read)


def upkeep(
    tmp_path: Path,
    house: House,
    newest_ns: int | None,
    timed_since_ns: dict[str, int | None] | None = None,
    before: Before | None = None,
) -> Upkeep:
    last = (
        None if newest_ns is None else SimpleNamespace(closing=SimpleNamespace(end=SimpleNamespace(utc_ns=newest_ns)))
    )
    store = SimpleNamespace(
        segments=SimpleNamespace(
            footage=lambda: {} if last is None else {"c": SimpleNamespace(bytes=1)}, last=lambda _: last
        ),
        findings=SimpleNamespace(counts=dict),
    )
    stations = {
        name: SimpleNamespace(desk=SimpleNamespace(timed_since_ns=lambda since=since: since), tally=SimpleNamespace())
        for name, since in (timed_since_ns or {}).items()
    }
    site = SimpleNamespace(cameras=(), live=Live(), evidence=EvidenceSettings())
    hub = SimpleNamespace(stations=stations, loaded=SimpleNamespace(site=site))
    notices = SimpleNamespace(waiting=lambda: 0)
    return Upkeep(*cast(Any, (hub, store, house, notices, tmp_path, lambda *_: None, before)))


@pytest.mark.parametrize(
    ("ahead_days", "newest_days_ago", "doubt"),
    [(0, 0.5, False), (400, 0.5, True), (0, 20, True), (0, None, False)],
)
def test_footage_that_seems_old_at_the_start_may_be_young(
    tmp_path: Path, ahead_days: int, newest_days_ago: float | None, doubt: bool
) -> None:
    house = House()
    newest = None if newest_days_ago is None else time.time_ns() - int(newest_days_ago * DAY_NS)
    upkeep(tmp_path, house, newest).run(host(ahead_days * DAY_NS))
    assert house.doubts == [doubt]


def test_a_reference_settles_it_either_way(tmp_path: Path) -> None:
    house, right, wrong = House(), host(0), host(400 * DAY_NS)
    true_line = time.time_ns() - time.monotonic_ns()
    for clock in (right, wrong):
        clock.note_reference(ReferenceLine(true_line, 1000, time.monotonic_ns()))
        upkeep(tmp_path, house, time.time_ns() - 20 * DAY_NS).run(clock)
    assert house.doubts == [False, True]


def test_footage_of_what_is_being_timed_is_kept_from_before_its_arrival_on_but_no_further_back_than_a_day(
    tmp_path: Path,
) -> None:
    house, now_ns = House(), time.time_ns()
    minute = 60 * 10**9
    since = {"idle": None, "new": now_ns - 5 * minute, "for ages": now_ns - 9 * DAY_NS}
    upkeep(tmp_path, house, None, since).run(host(0))
    before_ns = EvidenceSettings().pre_roll + Live().segment
    assert house.wanted.keys() == {"new", "for ages"}
    assert house.wanted["new"] == now_ns - 5 * minute - before_ns
    assert abs(house.wanted["for ages"] - (now_ns - DAY_NS)) < minute


def test_footage_of_this_start_does_not_vouch_for_its_own_clock(tmp_path: Path) -> None:
    """It was recorded while the database was awaited, by a clock that may be years ahead."""
    house, ahead_ns = House(), 400 * DAY_NS
    before = Before(time.monotonic_ns(), time.time_ns())
    upkeep(tmp_path, house, time.time_ns() + ahead_ns, before=before).run(host(ahead_ns))
    assert house.doubts == [True]
