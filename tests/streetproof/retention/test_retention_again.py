"""What a killed or unfinished deletion may never do: touch what is held, or a case that came here since."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_export.ledger.entry import Kind
from evidence_export.procedure.states import State
from evidence_export.procedure.steps import Exhibit, Reject, Rejection
from streetproof.batch.judge import Finding
from streetproof.batch.register import CaseRegister
from streetproof.bundles import parsed, read_bytes, row_of
from streetproof.procedures.taking import open_case, take
from streetproof.releases import exhibits
from streetproof.retention import applying
from streetproof.retention.judging import Keeps, judge
from streetproof.store.database import Store, StoreError
from streetproof.store.ledger.database import SqlLedger
from streetproof.store.tombstones import Tombstones
from tests.evidence_export.conftest import make_request
from tests.streetproof.retention.test_retention import (
    CLOSE,
    DECIDE,
    LATER,
    LI,
    PERIODS,
    REJECT,
    T0,
    bundles,
    data,
    happened,
    history,
    made,
    ns,
    opened,
    run,
)

__all__ = ["data", "made", "opened"]
ENDED = [(State.LEAD, ()), (State.REJECTED, (REJECT,)), (State.CLOSED, (DECIDE, CLOSE)), (State.CLOSED, (CLOSE,))]


@given(st.sampled_from(ENDED), st.datetimes(datetime(2026, 3, 4), datetime(2150, 1, 1)), st.integers(1, 3))
def test_what_is_held_never_goes(ended: tuple[State, tuple], when: datetime, holds: int) -> None:  # type: ignore[type-arg]
    now_ns = ns(when.replace(tzinfo=UTC))
    assert judge(history(ended[0], *ended[1], holds=holds), PERIODS, now_ns).keeps is Keeps.HELD
    assert judge(history(ended[0], *ended[1], rechecks_waiting=holds), PERIODS, now_ns).keeps is Keeps.RECHECK


def test_a_hold_keeps_a_case_and_lifting_the_last_one_lets_it_go(data: Path, opened: tuple[Store, SqlLedger]) -> None:
    store, ledger = opened
    held, other = (row.id for row in store.cases())
    run(data, store, ledger, T0)
    one, two = store.case_holds.place(held, "诉讼"), store.case_holds.place(held, "审计")
    assert [stone.case_id for stone in run(data, store, ledger).deleted] == [other]
    store.case_holds.lift(held, one.number, "判决生效")
    assert run(data, store, ledger).deleted == () and bundles(data) == {held}
    store.case_holds.lift(held, two.number, "审计结束")
    assert [stone.case_id for stone in run(data, store, ledger).deleted] == [held]


def test_a_hold_that_is_placed_after_it_was_judged_keeps_it(
    data: Path, opened: tuple[Store, SqlLedger], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, ledger = opened
    first = store.cases()[0].id
    run(data, store, ledger, T0)
    real = applying.plan

    def slow(*arguments: object, **named: object) -> object:
        found = real(*arguments, **named)  # type: ignore[arg-type]
        store.case_holds.place(first, "诉讼")
        return found

    monkeypatch.setattr(applying, "plan", slow)
    done = run(data, store, ledger)
    assert done.kept == (first,) and first in bundles(data) and first in [row.id for row in store.cases()]
    assert first not in [one.about for one in happened(ledger, Kind.CASE_DELETED)]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", ["decide", "no_case_any_more", "finish"])
def test_killed_at_each_transaction_the_next_run_finishes(
    data: Path, opened: tuple[Store, SqlLedger], monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    store, ledger = opened
    run(data, store, ledger, T0)

    class Killed(BaseException):
        pass

    real: Callable[..., object] = getattr(Tombstones, step)

    def dying(*arguments: object, **named: object) -> object:
        if after:
            real(*arguments, **named)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Tombstones, step, dying)
        with pytest.raises(Killed):
            run(data, store, ledger)
    entered = {one.about for one in happened(ledger, Kind.CASE_DELETED)}
    assert all((data / row.bundle).exists() or row.id in entered for row in store.cases())
    run(data, store, ledger)
    assert bundles(data) == set() and store.cases() == [] and store.tombstones.unfinished() == []
    assert len(happened(ledger, Kind.CASE_DELETED)) == 2 and len(store.tombstones.all()) == 2


def test_a_case_that_comes_again_is_not_taken_by_a_deletion_that_is_not_finished(
    data: Path, opened: tuple[Store, SqlLedger], tmp_path: Path
) -> None:
    """An exhibit that was handed in lately keeps a deletion open for a day."""
    store, ledger = opened
    row = store.cases()[0]
    run(data, store, ledger, T0)
    backup = shutil.copytree(data / row.bundle, tmp_path / "备份" / row.id)
    manifest = read_bytes(backup)
    assert manifest is not None
    case = parsed(manifest)
    assert case is not None
    (data / "video").write_bytes(b"video")
    sha256 = exhibits.keep(data, data / "video")
    at = datetime.now(UTC)
    for step in (
        Exhibit(at=at, by=LI, origin="x", relation="y", sha256=sha256),
        Reject(at=at, by=LI, reason=Rejection.NOT_A_VIOLATION, note="不构成违法，已核对现场"),
    ):
        take(ledger, open_case(data, store, ledger, row.id), step)
    fresh = ns(LATER)
    os.utime(data / exhibits.FOLDER / sha256, ns=(fresh, fresh))
    assert row.id in run(data, store, ledger).undeletable
    (stone,) = [one for one in store.tombstones.unfinished() if one.case_id == row.id]
    shutil.copytree(backup, data / row.bundle)
    again = row_of(case, row.bundle)
    with pytest.raises(StoreError, match="not finished"):
        store.remember_case(again, stone.manifest_sha256)
    os.utime(data / exhibits.FOLDER / sha256, ns=(0, 0))
    assert run(data, store, ledger).undeletable == ()
    store.remember_case(again, stone.manifest_sha256)
    run(data, store, ledger, T0)
    assert [one.id for one in store.cases()] == [row.id] and bundles(data) == {row.id}


def test_a_batch_finds_no_second_case_where_one_was_deleted(data: Path, opened: tuple[Store, SqlLedger]) -> None:
    store, ledger = opened
    request = make_request(data / "东门 0.mp4")
    finding = cast("Finding", SimpleNamespace(stay=request.stay, violation=request.violation))
    assert not CaseRegister(store, data, 1).was_deleted(finding)
    run(data, store, ledger, T0)
    run(data, store, ledger)
    register = CaseRegister(store, data, 1)
    assert register.was_deleted(finding) and register.case_of(finding) is None
    other = cast("Finding", SimpleNamespace(stay=replace(request.stay, camera="cam-2"), violation=request.violation))
    assert not register.was_deleted(other)
