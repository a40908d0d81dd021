"""Entries about a case are found by an index, which holds no second copy of anything, and cannot hide one unseen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from evidence_export.ledger.check import Fault
from evidence_export.ledger.entry import Entry, Happening, Kind
from evidence_export.ledger.log import Ledger
from streetproof.store.ledger import lookup
from streetproof.store.ledger.database import SqlLedger
from tests.streetproof.ledger.test_ledger_database import NOON, SITE, behind_its_back, change, findings

CASE = "SP-20261102-ABCDEFGHIJKL"
LONG = "余杭" * 40
ABOUT = [CASE, "SP-20261102-ABCDEFGHIJKM", CASE + "2", CASE[:-1], 'a "b" \\ c', LONG, LONG + "区", "NTP server x"]
_INDEX = lookup.NAME


def viewed(about: str) -> Happening:
    return Happening(Kind.CASE_VIEWED, NOON, "李明 33010001", about, {"purpose": "audit"})


def segment(number: int) -> Happening:
    return Happening(Kind.SEGMENT_CLOSED, NOON, "daemon", f"cam-1/{number}", {"sha256": f"{number:064x}"})


@pytest.fixture
def store(url: str) -> Iterator[SqlLedger]:
    with SqlLedger(url, "yuhang") as opened:
        fill(opened)
        yield opened


def fill(store: SqlLedger) -> None:
    """Each of `ABOUT` at its place and again twenty later, among segments."""
    ledger = Ledger(store)
    for _ in range(2):
        ledger.add([viewed(about) for about in ABOUT] + [segment(n) for n in range(20 - len(ABOUT))])
    ledger.checkpoint(SITE, NOON)


def test_entries_are_found_by_what_they_are_about_and_by_nothing_else(store: SqlLedger) -> None:
    for number, about in enumerate(ABOUT):
        assert store.numbers_about(about) == [number, number + 20], about
        assert store.numbers_about(about, number + 1) == [number + 20]
        assert [row.seq for row in store.rows_about(about)] == [number, number + 20]
    assert store.numbers_about("SP-") == [] and store.numbers_about("cam-1/3") == [11, 31]
    assert [row.seq for row in store.about_cases()] == [0, 1, 2, 3, 20, 21, 22, 23]
    assert store.numbers_about_what_begins("NTP server ") == [7, 27]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), min_size=1, max_size=60), max_size=8))
def test_whatever_it_is_about_the_index_finds_what_reading_all_finds(abouts: list[str]) -> None:
    with SqlLedger("sqlite://", "yuhang") as store:
        Ledger(store).add([viewed(about) for about in abouts])
        for about in abouts:
            assert store.numbers_about(about) == [n for n, one in enumerate(abouts) if one == about]


def plan_of(url: str, wanted: sa.Select[int]) -> str:
    """How the database goes about it."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        text = wanted.compile(engine, compile_kwargs={"literal_binds": False})
        explained = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SET enable_seqscan = off"))
        rows = connection.exec_driver_sql(explained + str(text), _given(text, engine)).all()
    engine.dispose()
    return "\n".join(str(row) for row in rows)


def _given(text: sa.Compiled, engine: sa.Engine) -> object:
    values = text.construct_params()
    return values if engine.dialect.name == "postgresql" else tuple(values[name] for name in text.positiontup or ())  # type: ignore[attr-defined]


def test_no_look_up_reads_the_whole_ledger(url: str, store: SqlLedger) -> None:
    for wanted in (lookup.about(CASE), lookup.about(LONG), lookup.about_what_begins("SP-")):
        plan = plan_of(url, wanted)
        assert _INDEX in plan and "SCAN" not in plan, plan


def test_a_ledger_of_an_earlier_version_gets_the_index_and_keeps_every_byte(url: str) -> None:
    with SqlLedger(url, "yuhang") as store:
        fill(store)
        before, root = list(store.rows()), Ledger(store).root(40)
    change(url, f"DROP INDEX {_INDEX}", "UPDATE ledger_alembic_version SET version_num = '0001'")
    with SqlLedger(url, "yuhang") as store:
        assert list(store.rows()) == before and Ledger(store).root(40) == root
        assert store.numbers_about(CASE) == [0, 20] and findings(store) == []
    assert _INDEX in plan_of(url, lookup.about(CASE))


def bend(url: str, definition: str) -> None:
    """What a shell and knowledge of the database can do: an index that is not what it says it is."""
    change(url, f"DROP INDEX {_INDEX}", f"CREATE INDEX {_INDEX} ON ledger_entry {definition}")
    with behind_its_back(url) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(
                sa.text("UPDATE pg_index SET indpred = NULL WHERE indexrelid = CAST(:name AS regclass)"),
                {"name": _INDEX},
            )
        else:
            connection.execute(sa.text("PRAGMA writable_schema = ON"))
            connection.execute(
                sa.text("UPDATE sqlite_master SET sql = :sql WHERE name = :name"),
                {"sql": f"CREATE INDEX {_INDEX} ON ledger_entry ({lookup.EXPRESSION})", "name": _INDEX},
            )


def test_an_entry_that_the_index_leaves_out_is_found_by_the_check(url: str, store: SqlLedger) -> None:
    assert findings(store) == []
    store.close()
    bend(url, f"({lookup.EXPRESSION}{', seq' if 'postgres' in url else ''}) WHERE seq <> 20")
    with SqlLedger(url, "yuhang") as bent:
        if "sqlite" in url:  # PostgreSQL reads so small a table as a whole
            assert bent.numbers_about(CASE) == [0], "a view is hidden"
        (finding,) = findings(bent)
        assert (finding.fault, finding.where) == (Fault.HIDDEN, "entry 20")


def test_an_entry_that_the_index_has_elsewhere_is_found_by_the_check(tmp_path: Path) -> None:
    """PostgreSQL's catalogue keeps expressions in a form that cannot be written by hand."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with SqlLedger(url, "yuhang") as store:
        fill(store)
    elsewhere = f"CASE WHEN seq = 20 THEN x'00' ELSE {lookup.EXPRESSION} END"
    bend(url, f"({elsewhere})")
    with SqlLedger(url, "yuhang") as bent:
        assert bent.numbers_about(CASE) == [0]
        assert [(one.fault, one.where) for one in findings(bent)] == [(Fault.HIDDEN, "entry 20")]


def test_an_index_that_was_dropped_hides_nothing_and_is_told(url: str, store: SqlLedger) -> None:
    store.close()
    change(url, f"DROP INDEX {_INDEX}")
    with SqlLedger(url, "yuhang") as bare:
        assert bare.numbers_about(CASE) == [0, 20]
        assert [one.fault for one in findings(bare)] == [Fault.INDEX]


def test_what_is_indexed_is_the_beginning_of_what_was_hashed() -> None:
    entry = Entry(7, viewed(CASE)).to_bytes()
    assert entry[10:].startswith(CASE.encode() + b'","at":"')
    assert f"substr(entry, 11, {40})" == lookup.EXPRESSION, "the migration names it by the same text"
