"""Two runs that delete at once: one does, the other says who does. Real processes, as the lock is between those."""

from __future__ import annotations

import multiprocessing
import shutil
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from evidence_export.ledger.entry import Kind
from streetproof.daemon.casekeeping import CaseKeeper
from streetproof.ledgers.bookkeeping import ledger_of
from streetproof.retention import applying
from streetproof.settings.case_retention import CaseRetention
from streetproof.settings.load import load_site
from streetproof.settings.site import Site
from streetproof.store.database import Store
from tests.conftest import ROOT
from tests.streetproof.commands import streetproof
from tests.streetproof.retention.test_retention import LATER, T0, bundles, data, happened, made, ns, run

__all__ = ["data", "made"]
_SPAWN = multiprocessing.get_context("spawn")
LONG_S = 120


def _deletes(data: Path, by: str, begin: Event, decided: Event, go_on: Event) -> None:
    """A run that stands still where it has decided, and the ledger does not know yet: the worst moment for another."""
    real = applying._enter

    def slowly(*arguments: object) -> bool:
        decided.set()
        assert go_on.wait(LONG_S)
        return real(*arguments)  # type: ignore[arg-type]

    applying._enter = slowly
    _delete(data, by, begin)


def _delete(data: Path, by: str, begin: Event) -> None:
    with Store.open_file(data / "state.db", by=by, busy_s=60) as store, ledger_of(data, "demo", busy_s=60) as ledger:
        assert begin.wait(LONG_S)
        try:
            applying.apply(data, store, ledger, CaseRetention(), by=by, now_ns=ns(LATER), clock_is_right="a test")
        except applying.BusyError:
            raise SystemExit(7) from None


def told(data: Path) -> tuple[list[str], list[str]]:
    """The cases that the ledger says are deleted, and those that have a tombstone."""
    with Store.open_file(data / "state.db") as store, ledger_of(data, "demo") as ledger:
        stones = [one.case_id for one in store.tombstones.all()]
        return sorted(one.about for one in happened(ledger, Kind.CASE_DELETED)), sorted(stones)


@pytest.fixture
def known(data: Path) -> Path:
    """The ledger knows the cases."""
    with Store.open_file(data / "state.db") as store, ledger_of(data, "demo") as ledger:
        run(data, store, ledger, T0)
    return data


def test_the_second_one_touches_nothing_and_says_who_deletes(
    known: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = known
    shutil.copytree(ROOT / "configs/demo", tmp_path / "site")
    site = tmp_path / "site/site.yaml"
    names = bundles(data)
    begin, decided, go_on = _SPAWN.Event(), _SPAWN.Event(), _SPAWN.Event()
    begin.set()
    first = _SPAWN.Process(target=_deletes, args=(data, "王芳 33010002", begin, decided, go_on))
    first.start()
    try:
        assert decided.wait(LONG_S)
        apply = ("retention", "apply", "--site", site, "--data", data, "--officer", "李明", "--licence", "33010001")
        monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
        second = streetproof(*apply, width=300)
        assert second.code == 4 and "王芳 33010002" in second.err and f"PID {first.pid}" in second.err
        assert "另一进程正在删除" in second.err
        # Nor does the daemon: it comes again soon, and calls nobody for it.
        keeper = CaseKeeper(data, lambda: _automatic(site), lambda: ns(LATER))
        assert keeper.keep() and keeper.problem is None
        with Store.open_file(data / "state.db") as store:
            (stone,) = store.tombstones.all()
        assert stone.state == "decided" and bundles(data) == names, "the half work of the first was taken for its own"
    finally:
        go_on.set()
        first.join(LONG_S)
    assert first.exitcode == 0
    assert told(data) == (sorted(names), sorted(names)) and bundles(data) == set()
    again = streetproof(*apply, "--clock-is-right", "a test", "--json")
    assert again.code == 0 and again.json["deleted"] == [], "what held it is gone"


def test_many_at_once_delete_each_case_once(known: Path) -> None:
    data, names = known, bundles(known)
    begin = _SPAWN.Event()
    all_of_them = [_SPAWN.Process(target=_delete, args=(data, f"officer {n}", begin)) for n in range(4)]
    for one in all_of_them:
        one.start()
    begin.set()
    for one in all_of_them:
        one.join(LONG_S)
    assert {one.exitcode for one in all_of_them} <= {0, 7} and 0 in {one.exitcode for one in all_of_them}
    assert told(data) == (sorted(names), sorted(names)) and bundles(data) == set()


def test_who_was_killed_holds_nothing(known: Path) -> None:
    data, names = known, bundles(known)
    begin, decided, never = _SPAWN.Event(), _SPAWN.Event(), _SPAWN.Event()
    begin.set()
    first = _SPAWN.Process(target=_deletes, args=(data, "王芳 33010002", begin, decided, never))
    first.start()
    assert decided.wait(LONG_S)
    first.kill()
    first.join(LONG_S)
    with Store.open_file(data / "state.db") as store, ledger_of(data, "demo") as ledger:
        run(data, store, ledger, datetime(2100, 1, 2, tzinfo=UTC))
    assert told(data) == (sorted(names), sorted(names)) and bundles(data) == set()


def _automatic(path: Path) -> Site:
    site = load_site(path).site
    retention = site.evidence.retention.model_copy(update={"automatic": True})
    return site.model_copy(update={"evidence": site.evidence.model_copy(update={"retention": retention})})
