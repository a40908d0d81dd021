"""Searches for plates are in the ledger, and the plates are not."""

from __future__ import annotations

import multiprocessing
import re
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from evidence_export.ledger.entry import Happening, Kind, read_entry
from evidence_export.ledger.log import Ledger
from streetproof.access.looker import looker_of
from streetproof.access.searching import FILE, SearchKeyError, enter_search, key_if_any
from streetproof.access.training import AT_ONCE, enter_dataset
from streetproof.access.viewing import ViewError
from streetproof.ledgers.bookkeeping import ledger_of
from streetproof.store.database import Store
from streetproof.store.vehicles import Span
from tests.streetproof.commands import Ran, inside
from tests.streetproof.vehicles.entries import entry

LI = ("--officer", "李明", "--licence", "33010001")
PLATE = "京A12345"
LOOKER = looker_of("audit", "李明", "33010001")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "台账 一"
    folder.mkdir()
    with Store.open_file(folder / "state.db") as store:
        store.vehicles.keep(entry(1, PLATE))
    ledger_of(folder, "demo").close()
    return folder


@pytest.fixture
def run(data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    return lambda *args: inside(capsys, monkeypatch, *args, "--data", data, width=200)


def entries(data: Path) -> list[Happening]:
    with ledger_of(data, "demo") as ledger:
        return [read_entry(row.entry).happening for row in ledger.rows()]


def test_the_plate_that_was_searched_for_stands_nowhere_in_the_ledger(data: Path, run: Callable[..., Ran]) -> None:
    for query in (PLATE, "京A1234?", "京a·12345"):
        assert run("vehicles", query, "--fuzzy", "--purpose", "complaint: 举报 17", *LI).code == 0
    with closing(sqlite3.connect(data / "ledger.db")) as connection, connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    held = b"".join(path.read_bytes() for path in data.glob("ledger.db*"))
    assert b"A1234" not in held and b"a12345" not in held.lower()
    first, second, third = (one.data["query_hmac_sha256"] for one in entries(data))
    assert first == third != second, "the same plate however it is typed; another query is another"
    assert {one.data["found"] for one in entries(data)} == {1} and entries(data)[0].data["fuzzy"] == "1"


def test_another_folder_has_another_secret_and_nobody_else_may_read_it(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "二"
    other.mkdir()
    Store.open_file(other / "state.db").close()
    for folder in (data, other):
        with Store.open_file(folder / "state.db") as store, ledger_of(folder, "demo") as ledger:
            enter_search(folder, store, ledger, LOOKER, PLATE, Span(), edits=None, found=0)
        assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    (one,), (two,) = entries(data), entries(other)
    assert one.data["query_hmac_sha256"] != two.data["query_hmac_sha256"]
    assert not list(data.glob("*.partial"))


def test_who_searched_for_a_plate_is_told_to_who_has_the_secret(data: Path, run: Callable[..., Ran]) -> None:
    assert run("access", "list", "--plate", PLATE, "--json").json == []
    assert not (data / FILE).exists(), "asking makes none"
    run("vehicles", PLATE, "--purpose", "complaint: 举报 17", *LI)
    run("vehicles", "沪B88888", "--purpose", "audit", *LI)
    run("vehicles", "--purpose", "audit", *LI, "--since", "2026-11-02")
    (told,) = run("access", "list", "--plate", "京a 12345", "--json").json
    assert (told["kind"], told["case"], told["by"], told["text"], told["count"]) == (
        "plates.searched", None, "李明 33010001", "举报 17", 1,
    )  # fmt: skip
    assert len(run("access", "list", "--json").json) == 3
    listed = run("access", "list").out
    assert "检索号牌 (1)" in listed and "检索号牌 (0)" in listed and "共 3 次查阅" in listed
    whole = entries(data)[-1].data
    assert "query_hmac_sha256" not in whole and whole["since"] == "2026-11-01T16:00:00.000000000Z"
    (data / FILE).unlink()
    assert run("access", "list", "--plate", PLATE, "--json").json == []


def test_a_purpose_does_not_name_the_plate(data: Path, run: Callable[..., Ran]) -> None:
    ran = run("vehicles", PLATE, "--purpose", "complaint: 举报京A·12345乱停", *LI)
    assert ran.code == 4 and "查看事由中写有号牌" in ran.err
    part = run("vehicles", "A12?45", "--purpose", "complaint: 举报尾号 A12 ?45", *LI)
    assert part.code == 4 and "查看事由中写有所查号牌" in part.err
    assert entries(data) == []


def test_a_secret_that_cannot_be_used_shows_nothing(data: Path, run: Callable[..., Ran]) -> None:
    (data / FILE).write_bytes(b"short")
    ran = run("vehicles", PLATE, "--purpose", "audit", *LI)
    assert ran.code == 4 and "号牌检索记录的密钥无法使用" in ran.err and PLATE not in ran.out
    assert entries(data) == []


def _search(data: Path) -> None:
    with Store.open_file(data / "state.db") as store, ledger_of(data, "demo") as ledger:
        enter_search(data, store, ledger, LOOKER, PLATE, Span(), edits=None, found=0)


def test_two_that_search_first_at_once_agree_on_the_secret(data: Path) -> None:
    context = multiprocessing.get_context("fork")
    both = [context.Process(target=_search, args=(data,)) for _ in range(4)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert [one.exitcode for one in both] == [0] * 4
    assert len({one.data["query_hmac_sha256"] for one in entries(data)}) == 1 and len(entries(data)) == 4


def test_a_secret_cannot_be_made_where_nobody_may_write(tmp_path: Path) -> None:
    with pytest.raises(SearchKeyError, match="cannot be used"):
        key_if_any(tmp_path / ("x" * 300))


def test_a_data_set_of_any_size_is_entered_with_all_its_cases(data: Path) -> None:
    ids = [f"SP-20261102-{number:012d}" for number in range(2 * AT_ONCE + 1)]
    with Store.open_file(data / "state.db") as store, ledger_of(data, "demo") as ledger:
        numbers = enter_dataset(store, ledger, looker_of("training: " + "长" * 480, "李明", "33010001"), ids)
    assert len(numbers) == 3
    told = entries(data)
    assert {one.data["cases"] for one in told} == {len(ids)}
    assert [case for one in told for case in one.data["ids"]] == ids


def test_a_case_that_was_deleted_goes_into_no_data_set(data: Path) -> None:
    gone = Happening(Kind.CASE_DELETED, "2026-11-30T00:00:00Z", "daemon", "SP-20261102-000000000002")
    ids = [f"SP-20261102-{number:012d}" for number in range(3)]
    with Store.open_file(data / "state.db") as store, ledger_of(data, "demo") as ledger:
        Ledger(ledger).add([gone])
        with pytest.raises(ViewError, match="deleted") as refused:
            enter_dataset(store, ledger, LOOKER, ids)
    assert refused.value.where == gone.about
    assert [one.kind for one in entries(data)] == [Kind.CASE_DELETED]


@pytest.mark.parametrize(("name", "licence"), [("", "1"), ("李明", " "), ("长" * 101, "1"), ("李\x1b[2J", "1")])
def test_nobody_in_particular_is_no_officer(name: str, licence: str) -> None:
    with pytest.raises(ViewError):
        looker_of("audit", name, licence)


def test_times_and_numbers_alone_stand_beside_the_reason(data: Path, run: Callable[..., Ran]) -> None:
    run("vehicles", PLATE, "--purpose", "audit", *LI)
    assert {*entries(data)[0].data} == {"purpose", "text", "found", "query_hmac_sha256"}
    assert re.fullmatch(r"[0-9a-f]{64}", str(entries(data)[0].data["query_hmac_sha256"]))
