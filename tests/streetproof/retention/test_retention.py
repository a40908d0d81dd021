"""Cases go when their time is up and never before, whole, with a tombstone, whatever kills the one who removes them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_export.keys import load_or_create_key
from evidence_export.ledger.entry import Happening, Kind, read_entry
from evidence_export.ledger.log import Ledger
from evidence_export.procedure.states import State
from evidence_export.procedure.steps import Close, Decide, Officer, Reject, Rejection, Review, Step
from evidence_export.sealer import seal
from streams.instant import NS_PER_S, from_datetime, iso_utc
from streetproof.bundles import case_row
from streetproof.daemon.casekeeping import CaseKeeper
from streetproof.ledgers.bookkeeping import ledger_of
from streetproof.procedures.taking import open_case, take
from streetproof.retention import applying
from streetproof.retention.judging import History, Keeps, RetentionClass, judge
from streetproof.retention.planning import periods_of, plan
from streetproof.settings.case_retention import CaseRetention
from streetproof.settings.load import load_site
from streetproof.settings.periods import parse_period
from streetproof.store.database import Store
from streetproof.store.ledger.database import SqlLedger
from tests.conftest import ROOT
from tests.evidence_export.conftest import SEALED_AT, make_request, write_recording
from tests.streetproof.commands import Ran, inside

DAY_NS = 24 * 3600 * NS_PER_S
ZONE = ZoneInfo("Asia/Shanghai")
LI, WANG = Officer(name="李明", licence="33010001"), Officer(name="王芳", licence="33010002")
T0 = datetime(2026, 3, 3, 8, tzinfo=UTC)
PERIODS = periods_of(CaseRetention())
LATER = datetime(2100, 1, 1, tzinfo=UTC)


def ns(when: datetime) -> int:
    return from_datetime(when)


def history(state: State, *steps: Step, begun: datetime = T0, **more: int) -> History:
    return History("SP-1", ns(begun), state, steps, ZONE, **more)


REVIEW = Review(at=T0, by=LI, checks=frozenset())
REJECT = Reject(at=T0, by=LI, reason=Rejection.NOT_A_VIOLATION, note="不构成违法，已核对现场")
DECIDE = Decide(at=T0, by=LI, second=WANG, document="决定书")
CLOSE = Close(at=T0, by=LI, why="已缴纳")
OPEN = [state for state in State if state not in (State.LEAD, State.REJECTED, State.CLOSED)]


# -- when ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "begins", "last"),
    [
        ("180d", date(2026, 3, 3), date(2026, 8, 30)),
        ("1mo", date(2026, 1, 31), date(2026, 2, 28)),
        ("1y", date(2024, 2, 29), date(2025, 2, 28)),
        ("4y", date(2024, 2, 29), date(2028, 2, 29)),
        ("30y", date(2026, 12, 31), date(2056, 12, 31)),
    ],
)
def test_periods_end_on_a_day_of_the_calendar(text: str, begins: date, last: date) -> None:
    assert parse_period(text).last_day(begins) == last


@given(st.sampled_from(OPEN), st.dates(date(2026, 3, 4), date(2099, 1, 1)))
def test_what_is_in_procedure_never_goes(state: State, day: date) -> None:
    now = datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert judge(history(state, REVIEW), PERIODS, ns(now)).keeps is Keeps.OPEN


@pytest.mark.parametrize(
    ("state", "steps", "cls"),
    [
        (State.LEAD, (), RetentionClass.LEAD),
        (State.REJECTED, (REJECT,), RetentionClass.REJECTED),
        (State.CLOSED, (REJECT, CLOSE), RetentionClass.REJECTED),
        (State.CLOSED, (REVIEW, CLOSE), RetentionClass.CORRECTED),
        (State.CLOSED, (DECIDE, CLOSE), RetentionClass.DECIDED),
    ],
)
def test_each_class_goes_after_its_last_day_and_not_on_it(
    state: State, steps: tuple[Step, ...], cls: RetentionClass
) -> None:
    case = history(state, *steps)
    period = PERIODS[cls]
    assert period is not None
    last = period.last_day(T0.astimezone(ZONE).date())
    end_of_last = datetime(last.year, last.month, last.day, 23, 59, 59, tzinfo=ZONE)
    kept = judge(case, PERIODS, ns(end_of_last))
    assert (kept.keeps, kept.due, kept.cls) == (Keeps.NOT_DUE, last, cls)
    gone = judge(case, PERIODS, ns(end_of_last + timedelta(seconds=1)))
    assert gone.goes and gone.cls is cls and gone.why.zh and gone.why.en
    assert judge(replace(case, holds=1), PERIODS, ns(LATER)).keeps is Keeps.HELD
    assert judge(replace(case, rechecks_waiting=1), PERIODS, ns(LATER)).keeps is Keeps.RECHECK
    assert judge(case, {**PERIODS, cls: None}, ns(LATER)).keeps is Keeps.FOR_EVER


def test_a_step_of_any_kind_makes_a_lead_somebodys_work() -> None:
    assert judge(history(State.LEAD, REVIEW), PERIODS, ns(LATER)).keeps is Keeps.OPEN


@pytest.mark.parametrize("changes", [{"lead": "29d"}, {"decided": "4y"}, {"rejected": "1d"}, {"lead": "0d"}])
def test_periods_shorter_than_people_may_need_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"at least|no period"):
        CaseRetention(**changes)


# -- what -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two leads."""
    data = tmp_path_factory.mktemp("数据 一")
    key = load_or_create_key(data / "key.pem")
    with Store.open_file(data / "state.db") as store:
        for number in range(2):
            recording = data / f"东门 {number}.mp4"
            write_recording(recording, 30, seed=number)
            request = make_request(recording)
            case = seal(request, data / "cases", key, SEALED_AT)
            row = case_row(case.case_id, str(case.path.relative_to(data)), request, None)
            store.remember_case(row, case.manifest_sha256)
    ledger_of(data, "demo").close()
    return data


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "库 一"))


@pytest.fixture
def opened(data: Path) -> Iterator[tuple[Store, SqlLedger]]:
    with Store.open_file(data / "state.db") as store, ledger_of(data, "demo") as ledger:
        yield store, ledger


def happened(ledger: SqlLedger, kind: Kind) -> list[Happening]:
    found = [read_entry(row.entry).happening for row in ledger.rows()]
    return [one for one in found if one.kind is kind]


def run(data: Path, store: Store, ledger: SqlLedger, now: datetime = LATER) -> applying.Applied:
    """At any time that a test likes, which somebody answers for."""
    word = {"clock_is_right": "a test"}
    return applying.apply(data, store, ledger, CaseRetention(), by="daemon", now_ns=ns(now), **word)


def bundles(data: Path) -> set[str]:
    return {path.name for path in (data / "cases").iterdir()}


def test_what_is_due_goes_whole_with_its_tombstone_and_entry(data: Path, opened: tuple[Store, SqlLedger]) -> None:
    store, ledger = opened
    ids = {row.id: row for row in store.cases()}
    sha256 = {
        name: hashlib.sha256((data / row.bundle / "case.json").read_bytes()).hexdigest() for name, row in ids.items()
    }
    assert run(data, store, ledger, T0 + timedelta(days=200)).deleted == (), "the ledger came to know them today"
    done = run(data, store, ledger)
    assert {one.case_id for one in done.deleted} == set(ids) and done.undeletable == ()
    assert bundles(data) == set() and store.cases() == []
    told = {one.about: one for one in happened(ledger, Kind.CASE_DELETED)}
    assert {name: one.data["manifest_sha256"] for name, one in told.items()} == sha256
    assert all(one.by == "daemon" and one.data["class"] == "lead" for one in told.values())
    assert {one.case_id for one in store.tombstones.all()} == set(ids)
    again = run(data, store, ledger)
    assert again.deleted == () and len(happened(ledger, Kind.CASE_DELETED)) == 2
    # Recordings are not cases: they have a retention of their own.
    assert len(list(data.glob("*.mp4"))) == 2


def test_held_taken_up_and_doubtful_cases_stay(data: Path, opened: tuple[Store, SqlLedger]) -> None:
    store, ledger = opened
    first, second = (row.id for row in store.cases())
    run(data, store, ledger, T0)
    officer = Review(at=datetime.now(UTC), by=LI, checks=frozenset())
    take(ledger, open_case(data, store, ledger, first), officer)
    still = next((data / "cases" / second).rglob("case.json"))
    still.write_bytes(still.read_bytes().replace(b"demo", b"dema"))
    assert run(data, store, ledger).deleted == ()
    verdicts = {one.row.id: one.judgement.keeps for one in plan(data, store, ledger, CaseRetention(), ns(LATER)).cases}
    assert verdicts == {first: Keeps.OPEN, second: Keeps.DOUBT}
    assert bundles(data) == {first, second}


def test_an_exhibit_that_another_case_names_stays(data: Path, opened: tuple[Store, SqlLedger]) -> None:
    from evidence_export.procedure.steps import Exhibit
    from streetproof.releases import exhibits

    store, ledger = opened
    first, second = (row.id for row in store.cases())
    run(data, store, ledger, T0)
    kept = {}
    for name, cases in {"both": (first, second), "one": (first,)}.items():
        (data / name).write_bytes(name.encode())
        kept[name] = exhibits.keep(data, data / name)
        for case in cases:
            step = Exhibit(at=datetime.now(UTC), by=LI, origin="x", relation="y", sha256=kept[name])
            take(ledger, open_case(data, store, ledger, case), step)
    reject = Reject(at=datetime.now(UTC), by=LI, reason=Rejection.NOT_A_VIOLATION, note="不构成违法，已核对现场")
    take(ledger, open_case(data, store, ledger, first), reject)
    assert [one.case_id for one in run(data, store, ledger).deleted] == [first]
    assert exhibits.found(data, kept["both"]) is not None
    assert exhibits.found(data, kept["one"]) is None


STEPS = ("rename", "discard", "sync_folder", "unlink")


@pytest.mark.parametrize("skip", range(6))
def test_killed_anywhere_the_next_run_finishes(
    data: Path, opened: tuple[Store, SqlLedger], monkeypatch: pytest.MonkeyPatch, skip: int
) -> None:
    """Dies at one of the steps with an effect, and leaves a case or an entry that it is deleted, never neither."""
    store, ledger = opened
    run(data, store, ledger, T0)
    count = [0]

    class Killed(BaseException):
        pass

    def dying(real: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object, **named: object) -> object:
            count[0] += 1
            if count[0] == skip + 1:
                raise Killed
            return real(*arguments, **named)

        return step

    with monkeypatch.context() as patched:
        patched.setattr(applying.Ledger, "add", dying(applying.Ledger.add))
        patched.setattr(applying, "discard", dying(applying.discard))
        patched.setattr(applying, "sync_folder", dying(applying.sync_folder))
        patched.setattr(Path, "rename", dying(Path.rename))
        with pytest.raises(Killed):
            run(data, store, ledger)
    entered = {one.about for one in happened(ledger, Kind.CASE_DELETED)}
    everything = {"cases/" + name for name in bundles(data)}
    for row in store.cases():
        assert row.bundle in everything or row.id in entered
    run(data, store, ledger)
    assert bundles(data) == set() and store.cases() == [] and store.tombstones.unfinished() == []
    assert len(happened(ledger, Kind.CASE_DELETED)) == 2
    assert not list((data / applying.ASIDE).iterdir())


def test_a_step_taken_meanwhile_keeps_the_case(
    data: Path, opened: tuple[Store, SqlLedger], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, ledger = opened
    first = store.cases()[0].id
    run(data, store, ledger, T0)
    real = applying.plan

    def and_then(*arguments: object) -> object:
        found = real(*arguments)  # type: ignore[arg-type]
        take(ledger, open_case(data, store, ledger, first), Review(at=datetime.now(UTC), by=LI, checks=frozenset()))
        return found

    monkeypatch.setattr(applying, "plan", and_then)
    done = run(data, store, ledger)
    assert done.kept == (first,) and first in bundles(data)
    assert first not in {one.about for one in happened(ledger, Kind.CASE_DELETED)}


def test_the_daemon_deletes_only_where_it_was_asked_to_and_trusts_its_clock(data: Path, tmp_path: Path) -> None:
    site = load_site(ROOT / "configs/demo/site.yaml").site
    with Store.open_file(data / "state.db") as store, ledger_of(data, "demo") as ledger:
        run(data, store, ledger, T0)
        checked = Happening(Kind.TIME_CHECKED, iso_utc(ns(LATER)), "daemon", "NTP server x", {"server_offset_ns": "7"})
        Ledger(ledger).add([checked])
    clock: list[int | None] = [ns(LATER)]
    keeper = CaseKeeper(data, lambda: site, lambda: clock[0])
    keeper.keep()
    assert len(bundles(data)) == 2, "nobody asked for it"
    retention = site.evidence.retention.model_copy(update={"automatic": True})
    site = site.model_copy(update={"evidence": site.evidence.model_copy(update={"retention": retention})})
    clock[0] = None
    keeper.keep()
    assert len(bundles(data)) == 2, "its clock was in doubt"
    clock[0] = ns(LATER)
    keeper.keep()
    assert bundles(data) == set() and keeper.problem is None


def test_on_the_command_line(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "configs/demo", tmp_path / "site")
    site = tmp_path / "site/site.yaml"

    def command(*arguments: object) -> Ran:
        return inside(capsys, monkeypatch, "retention", *arguments, width=200)

    planned = command("plan", "--site", site, "--data", data, "--json")
    assert planned.code == 0 and len(bundles(data)) == 2
    applied = command("apply", "--site", site, "--data", data, "--officer", "李明", "--licence", "33010001", "--json")
    assert applied.code == 0, applied.err
    assert len(bundles(data)) == 2, "nothing is due yet"
    assert json.dumps(planned.json)
    assert os.listdir(data / "cases")


def test_holds_are_told_in_the_language_that_is_asked_for(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = min(bundles(data))
    officer = ("--officer", "李明", "--licence", "33010001", "--reason", "行政诉讼", "--data", data)

    def command(*arguments: object) -> Ran:
        return inside(capsys, monkeypatch, "retention", *arguments, "--lang", "zh", width=200)

    assert f"{case}：已保全，第 1 项" in command("hold", case, *officer).out
    assert "共 1 项\n" in command("holds", "--data", data).out
    wrong = command("lift", case, *officer, "--number", "7")
    assert wrong.code == 4 and "未说明是哪一项保全（现有：1）" in wrong.err and "请用 --number 指定其一" in wrong.err
    assert f"{case}：第 1 项保全已解除，仍有 0 项" in command("lift", case, *officer).out
    assert "没有可保全的此案件" in command("hold", "SP-1", *officer).err
