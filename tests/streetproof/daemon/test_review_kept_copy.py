"""The copies of site files that cases are made from: whole, on the disk, and the ones they say they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streetproof.daemon.reload import kept_copy
from streetproof.store.findings import FindingState
from tests.streetproof.daemon import sites
from tests.streetproof.daemon.sites import parked, play, segments
from tests.streetproof.daemon.test_casework import Work


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    made = Work(tmp_path, sites.load(tmp_path / "站点 1.yaml"))
    yield made
    made.store.close()


@pytest.mark.parametrize("damage", [b"", b"site:\n  id: s", b"\x00" * 4096])
def test_a_copy_that_a_power_cut_left_damaged_is_put_right(work: Work, damage: bytes) -> None:
    copy = kept_copy(work.folder / "configs", work.loaded)
    copy.write_bytes(damage)
    assert kept_copy(work.folder / "configs", work.loaded) == copy
    assert copy.read_bytes() == work.loaded.document.content
    assert list(copy.parent.iterdir()) == [copy], "nothing half written is left beside it"


def test_no_case_is_made_from_a_copy_that_somebody_has_changed(work: Work) -> None:
    work.take(play(work.desk, parked(6, 80), 0, 120))
    work.store.segments.add(segments(1, 12))
    copy = work.folder / "configs" / f"{work.loaded.sha256}.yaml"
    copy.write_bytes(work.loaded.document.content.replace("古塔路 gate-1".encode(), "别的路 gate-1".encode()))
    assert not work.work(140)
    finding = work.store.findings.get(1)
    assert finding is not None
    assert (finding.state, finding.attempts) == (FindingState.WAITING, 1)
    assert "no longer the one that was in force" in (finding.error or "")
    copy.write_bytes(work.loaded.document.content)
    assert work.work(140 + 60), "it was put back"
