"""A clock that somebody puts a year ahead must not make all footage a year old."""

from __future__ import annotations

from pathlib import Path

from streetproof.daemon.housekeeping import Housekeeper
from streetproof.daemon.retention import DAY_NS, ConcernKind, Leap, Limits
from streetproof.store.database import Store
from tests.streetproof.daemon.footage import T0, chain
from tests.streetproof.daemon.test_housekeeping import Place

HOUR_NS = 3600 * 10**9
YEAR_NS = 365 * DAY_NS


def test_footage_is_not_deleted_for_its_age_right_after_the_clock_leapt_ahead(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.add(chain(6))
    now, mono = T0 + DAY_NS, 0
    with Store.open_file(place.database) as store:
        keeper = Housekeeper(store, place.folder, now_ns=lambda: now, mono_ns=lambda: mono, free_bytes=lambda _: 10**12)

        def run() -> tuple[int, list[ConcernKind]]:
            report = keeper.run({}, Limits(30 * DAY_NS), min_free=0, warn_free=0)
            return report.deleted, [concern.kind for concern in report.concerns]

        assert run() == (0, [])
        now, mono = now + YEAR_NS, mono + 30 * 10**9
        assert run() == (0, [ConcernKind.CLOCK])
        now, mono = now + HOUR_NS, mono + HOUR_NS
        assert run() == (0, [ConcernKind.CLOCK]), "an hour later it is still in doubt"
        now, mono = now - YEAR_NS, mono + 60 * 10**9
        assert run() == (0, [ConcernKind.CLOCK]), "put back, nothing was lost"
        now, mono = now + 40 * DAY_NS, mono + 40 * DAY_NS
        assert run() == (6, []), "real age counts again"


def test_neither_time_that_passes_nor_a_clock_put_back_is_a_leap() -> None:
    leap = Leap()
    assert not leap.in_doubt(10 * YEAR_NS, 0)
    assert not leap.in_doubt(11 * YEAR_NS, YEAR_NS)
    assert not leap.in_doubt(11 * YEAR_NS + HOUR_NS, YEAR_NS), "summer time that was set by hand"
    assert not leap.in_doubt(9 * YEAR_NS, YEAR_NS)
    assert leap.in_doubt(9 * YEAR_NS + HOUR_NS + 1, YEAR_NS)
    assert leap.in_doubt(9 * YEAR_NS + DAY_NS, YEAR_NS + DAY_NS - 1)
    assert not leap.in_doubt(9 * YEAR_NS + DAY_NS, YEAR_NS + DAY_NS)
