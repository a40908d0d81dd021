"""Findings that wait while the clock of the machine is put right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.streetproof.daemon import sites
from tests.streetproof.daemon.sites import parked, play, segments
from tests.streetproof.daemon.test_casework import Work

DAY = 24 * 3600
YEAR = 365 * DAY


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    made = Work(tmp_path, sites.load(tmp_path / "站点 1.yaml"))
    yield made
    made.store.close()


def test_what_fired_under_a_clock_that_was_a_year_ahead_is_sealed_once_it_is_put_right(work: Work) -> None:
    work.take(play(work.desk, parked(6, 80), 0, 76))
    work.store.segments.add(segments(1, 12))
    assert not work.work(100), "it is due in a while"
    assert not work.work(100 - DAY), "a small step of the clock may delay it"
    assert work.work(100 - YEAR), "but nobody waits for a year"


def test_footage_is_not_waited_for_until_a_clock_that_was_put_back_has_caught_up(work: Work) -> None:
    work.take(play(work.desk, parked(6, 80), 0, 120))
    work.store.segments.add(segments(1, 8))
    assert not work.work(121), "the last segment is still to come"
    assert work.work(121 - YEAR)
