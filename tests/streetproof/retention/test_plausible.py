"""A clock that is far ahead makes every case seem to be due: nothing goes while the ledger speaks against it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_export.ledger.entry import Happening, Kind
from evidence_export.ledger.log import Ledger
from streams.instant import iso_utc
from streetproof.cli import retention as cli
from streetproof.daemon.casekeeping import CaseKeeper
from streetproof.daemon.reference_time import ReferenceReading
from streetproof.ledgers.bookkeeping import ledger_of
from streetproof.retention import applying
from streetproof.retention.plausible import doubt
from streetproof.settings.case_retention import CaseRetention
from streetproof.store.database import Store
from streetproof.store.ledger.database import SqlLedger
from tests.conftest import ROOT
from tests.streetproof.commands import inside
from tests.streetproof.ledger.test_ledger_database import SITE
from tests.streetproof.retention.test_alone import _automatic
from tests.streetproof.retention.test_retention import LATER, bundles, data, happened, made, ns, opened

__all__ = ["data", "made", "opened"]
START = datetime(2026, 3, 3, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
YEARS = timedelta(days=3000)


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    with SqlLedger("sqlite://", "yuhang") as store:
        yield store


def enter(ledger: SqlLedger, at: datetime, kind: Kind = Kind.SEGMENT_CLOSED, about: str = "c/1", **facts: str) -> None:
    Ledger(ledger).add([Happening(kind, iso_utc(ns(at)), "daemon", about, dict(facts))])


def sign(ledger: SqlLedger, at: datetime) -> None:
    Ledger(ledger).checkpoint(SITE, iso_utc(ns(at)))


def asked(ledger: SqlLedger, at: datetime, off: timedelta, about: str = "NTP server x, stratum 2") -> None:
    ns_off = str(off // timedelta(microseconds=1) * 1000)
    enter(ledger, at, Kind.TIME_CHECKED, about, server_offset_ns=ns_off)


def doubted(ledger: SqlLedger, now: datetime) -> bool:
    said = doubt(ledger, ns(now))
    assert said is None or (said.zh and said.en and said.zh != said.en)
    return said is not None


def test_an_empty_ledger_speaks_against_nothing(ledger: SqlLedger) -> None:
    assert not doubted(ledger, LATER)


def test_now_is_not_before_what_was_entered_or_signed(ledger: SqlLedger) -> None:
    enter(ledger, START)
    assert doubted(ledger, START - 2 * HOUR) and not doubted(ledger, START - HOUR / 2)
    sign(ledger, START + DAY)
    assert doubted(ledger, START + DAY - 2 * HOUR) and not doubted(ledger, START + DAY)


def test_nor_is_it_long_after(ledger: SqlLedger) -> None:
    enter(ledger, START)
    assert not doubted(ledger, START + 7 * DAY) and doubted(ledger, START + 7 * DAY + HOUR)
    sign(ledger, START + 5 * DAY)
    assert not doubted(ledger, START + 12 * DAY) and doubted(ledger, START + 13 * DAY)


def test_a_leap_is_remembered_however_long_the_daemon_goes_on_after_it(ledger: SqlLedger) -> None:
    """By the newest entry alone all would be well a few seconds after the clock was set."""
    enter(ledger, START)
    sign(ledger, START)
    for minute in range(5):
        enter(ledger, START + YEARS + minute * timedelta(minutes=1))
        sign(ledger, START + YEARS + minute * timedelta(minutes=1))
    assert doubted(ledger, START + YEARS + timedelta(minutes=6))
    enter(ledger, START + YEARS, Kind.TIME_CHECKED, "no reference", reason="silence")
    assert doubted(ledger, START + YEARS + timedelta(minutes=6)), "who did not answer vouches for nothing"


@pytest.mark.parametrize("source", ["NTP server ntp.example.cn, stratum 2", "chrony following 10.0.0.1, stratum 3"])
def test_a_reference_bears_the_clock_out_or_does_not(ledger: SqlLedger, source: str) -> None:
    enter(ledger, START)
    after = START + YEARS
    asked(ledger, after, YEARS, source)
    assert doubted(ledger, after + HOUR), "it found the clock to be years ahead"
    asked(ledger, after + HOUR, timedelta(seconds=2), source)
    assert not doubted(ledger, after + HOUR + timedelta(minutes=1)), "the office was closed for so long"
    assert doubted(ledger, after + 8 * DAY), "it did so too long ago"


def test_the_daemon_names_references_as_they_are_looked_for() -> None:
    """`daemon.reference_time` makes the names that `plausible` looks up."""
    code = (ROOT / "streetproof/daemon/reference_time.py").read_text()
    assert 'f"NTP server {' in code and 'f"chrony following {' in code and ReferenceReading.__slots__


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 7 * 24)), min_size=1, max_size=12))
def test_a_clock_that_only_goes_on_is_never_doubted(steps: list[tuple[bool, int]]) -> None:
    at = START
    with SqlLedger("sqlite://", "yuhang") as ledger:
        enter(ledger, at)
        for signs, hours in steps:
            before, at = at, at + hours * HOUR
            assert not doubted(ledger, at)
            enter(ledger, at)
            if signs or at > before:
                sign(ledger, at)


def test_nothing_goes_until_somebody_answers_for_the_clock(data: Path, opened: tuple[Store, SqlLedger]) -> None:
    store, ledger = opened
    names = bundles(data)

    def apply(**more: str) -> applying.Applied:
        return applying.apply(data, store, ledger, CaseRetention(), by="李明 33010001", now_ns=ns(LATER), **more)

    with pytest.raises(applying.ClockError, match="2100-01-01"):
        apply()
    assert bundles(data) == names and store.tombstones.all() == [] and happened(ledger, Kind.CASE_DELETED) == []
    assert len(apply(clock_is_right="已与国家授时中心核对").deleted) == len(names)
    (word,) = happened(ledger, Kind.TIME_CHECKED)
    assert (word.by, word.data["reason"]) == ("李明 33010001", "已与国家授时中心核对")
    kinds = [one.kind for kind in (Kind.TIME_CHECKED, Kind.CASE_DELETED) for one in happened(ledger, kind)]
    entered = [row.entry for row in ledger.rows()]
    first = next(n for n, entry in enumerate(entered) if b'"case.deleted"' in entry)
    assert b'"time.checked"' in entered[first - 1] and len(kinds) == 1 + len(names)


def test_the_daemon_deletes_nothing_by_such_a_clock_and_says_why(data: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "configs/demo", tmp_path / "site")
    keeper = CaseKeeper(data, lambda: _automatic(tmp_path / "site/site.yaml"), lambda: ns(LATER))
    names = bundles(data)
    assert keeper.keep() and bundles(data) == names
    assert keeper.problem is not None and "2100-01-01" in keeper.problem.zh and "--clock-is-right" in keeper.problem.en
    with Store.open_file(data / "state.db") as store, ledger_of(data, "demo") as ledger:
        assert len(store.cases()) == 2
        asked(ledger, LATER, timedelta(0))
    keeper.keep()
    assert bundles(data) == set() and keeper.problem is None


def test_on_the_command_line(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "configs/demo", tmp_path / "site")
    folders = ("--site", tmp_path / "site/site.yaml", "--data", data)
    officer = ("--officer", "李明", "--licence", "33010001")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setattr(cli, "time", SimpleNamespace(time_ns=lambda: ns(LATER)))

    planned = inside(capsys, monkeypatch, "retention", "plan", *folders, width=300)
    assert planned.code == 0 and "此后没有对时结果" in planned.out
    refused = inside(capsys, monkeypatch, "retention", "apply", *folders, *officer, width=300)
    assert refused.code == 4 and len(bundles(data)) == 2
    assert "服务器时钟由" in refused.err and "no reference has borne it out" in refused.err
    assert "未删除任何案件" in refused.err and "--clock-is-right" in refused.err
    word = ("--clock-is-right", "已与国家授时中心核对")
    done = inside(capsys, monkeypatch, "retention", "apply", *folders, *officer, *word, "--json", width=300)
    assert done.code == 0 and len(done.json["deleted"]) == 2 and bundles(data) == set()
    short = inside(capsys, monkeypatch, "retention", "apply", *folders, *officer, "--clock-is-right", "x")
    assert short.code == 2
