"""The ledger of vehicles: kept, searched, shown, and brought up from an older database."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streetproof.ledgers.bookkeeping import ledger_of
from streetproof.store.database import Store
from streetproof.store.vehicles import Span
from streetproof.vehicles.rows import vehicle_row
from streetproof.vehicles.search import Order, search
from tests.streetproof.commands import Ran, inside
from tests.streetproof.test_store import case
from tests.streetproof.vehicles.entries import MINUTE, T0, entry, manifest

Run = Callable[..., Ran]
LI = ("--purpose", "complaint: 举报 17", "--officer", "李明", "--licence", "33010001")
PLATES: tuple[tuple[int, str | None, dict[str, Any]], ...] = (
    (1, "京A12345", {}),
    (2, "京A12346", {"camera": "c2", "camera_name": '=HYPERLINK("http://x")'}),
    (3, "京A1Z345", {"weak": {3: "2H"}}),
    (4, "沪B88888", {"certain": False}),
    (5, None, {}),
    (6, "京A12345", {}),
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "台账 一"
    folder.mkdir()
    with Store.open_file(folder / "state.db") as store:
        for number, text, changes in PLATES:
            store.vehicles.keep(entry(number, text, **changes))
    ledger_of(folder, "demo").close()
    return folder


@pytest.fixture
def run(data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return lambda *arguments: inside(capsys, monkeypatch, "vehicles", *arguments, *LI, "--data", data, width=140)


def numbers(ran: Ran) -> list[int]:
    assert ran.code == 0, ran.err
    return [int(one["case"].rpartition("-")[2]) for one in ran.json]


def test_exact_search_finds_that_plate_and_any_character_where_it_is_unknown(run: Run) -> None:
    assert numbers(run("京a·12345", "--json")) == [6, 1]
    assert numbers(run("京A1234?", "--json")) == [6, 2, 1]
    assert numbers(run("???????", "--json")) == [6, 4, 3, 2, 1], "what was not read is no plate"
    assert numbers(run("京A1234", "--json")) == []
    assert numbers(run("京A%", "--json")) == [] and numbers(run("京A1_345", "--json")) == []


def test_fuzzy_search_finds_what_may_have_been_misread_nearest_first(run: Run) -> None:
    found = run("京A12345", "--fuzzy", "--json")
    assert numbers(found) == [6, 1, 3, 2]
    assert [one["distance"] for one in found.json] == [0, 0, 0.5, 1]
    assert numbers(run("京A12345", "--fuzzy", "--distance", "0.5", "--json")) == [6, 1, 3]
    assert numbers(run("京A1H345", "--fuzzy", "--distance", "0.5", "--json")) == [3], "H is what the reader named"
    assert numbers(run("A12345", "--fuzzy", "--json")) == [6, 1], "one character is missing"
    assert numbers(run("粤Z99999", "--fuzzy", "--json")) == []


def test_times_are_those_of_the_site_and_a_date_takes_in_its_day(run: Run) -> None:
    assert numbers(run("--json")) == [6, 5, 4, 3, 2, 1]
    assert numbers(run("--since", "2026-11-02T08:04", "--json")) == [6, 5, 4]
    assert numbers(run("--since", "2026-11-02T00:04Z", "--until", "2026-11-02T08:06:00+08:00", "--json")) == [5, 4]
    assert numbers(run("--until", "2026-11-02", "--json")) == [6, 5, 4, 3, 2, 1]
    assert numbers(run("--since", "2026-11-03", "--json")) == []


def test_midnight_belongs_to_the_day_that_begins(data: Path, run: Run) -> None:
    midnight = T0 + 16 * 60 * MINUTE  # in Shanghai
    with Store.open_file(data / "state.db") as store:
        store.vehicles.keep(entry(20, "京A00001", arrived_ns=midnight - 1))
        store.vehicles.keep(entry(21, "京A00002", arrived_ns=midnight))
    assert numbers(run("京A0000?", "--until", "2026-11-02", "--json")) == [20]
    assert numbers(run("京A0000?", "--since", "2026-11-03", "--json")) == [21]


def test_orders(run: Run) -> None:
    assert numbers(run("--sort", "plate", "--json")) == [6, 1, 2, 3, 4, 5]
    assert numbers(run("--sort", "camera", "--json")) == [6, 5, 4, 3, 1, 2]
    assert numbers(run("--sort", "certainty", "--json")) == [6, 2, 1, 4, 3, 5]


def test_people_see_certainty_and_doubtful_characters(run: Run) -> None:
    chinese = run("京A1?345", "--lang", "zh")
    assert chinese.code == 0
    assert "京A12345" in chinese.out and "确定" in chinese.out
    assert "京A1[Z/2/H]345" in chinese.out and "不确定" in chinese.out and "东门 1" in chinese.out
    assert "共 3 条" in chinese.out and "2026-11-02 08:01:00" in chinese.out
    english = run("--lang", "en")
    assert "none found" in english.out and "6 entries" in english.out
    assert "京A1Z345" not in english.out, "an uncertain plate is never shown as if it were certain"
    assert "共 0 条" in run("粤B00000", "--lang", "zh").out


def test_the_sheet_opens_in_a_spreadsheet_and_runs_nothing(
    data: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    from streetproof.cli import main

    monkeypatch.setattr("sys.argv", ["streetproof", "vehicles", "--csv", "--lang", "zh", "--data", str(data), *LI])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, None)
    written = capfdbinary.readouterr().out
    assert written.startswith(b"\xef\xbb\xbf") and b"\r\n" in written
    rows = list(csv.DictReader(io.StringIO(written.decode("utf-8-sig"))))
    assert [row["号牌"] for row in rows] == ["京A12345", "（无）", "沪B88888", "京A1[Z/2/H]345", "京A12346", "京A12345"]
    assert rows[4]["摄像机名称"] == '\'=HYPERLINK("http://x")'
    assert rows[3]["是否确定"] == "不确定" and rows[3]["存疑原因"] == "有字符不确定"
    assert rows[0]["首次看到"] == "2026-11-02 08:06:00" and rows[0]["区域"] == "西侧路缘"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1", " =1"])
def test_formulas_are_made_harmless(text: str, data: Path) -> None:
    from evidence_export.words import Language
    from streetproof.vehicles.showing import sheet

    with Store.open_file(data / "state.db") as store:
        store.vehicles.keep(entry(9, "京A99999", zone_name=text))
        (found,) = search(store, "京A99999", Span(), edits=None, order=Order.TIME)
    (_, row) = csv.reader(io.StringIO(sheet([found], Language.EN).decode("utf-8-sig"), newline=""))
    assert row[8] == f"'{text}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("京A12345", "--distance", "1"), "--fuzzy"),
        (("--fuzzy",), "a plate to search for"),
        (("--csv", "--json"), "not both"),
        (("· ·",), "no character"),
        (("--since", "yesterday"), "2026-11-02"),
        (("--until", "2026-13-01"), "2026-11-02"),
    ],
)
def test_what_is_not_understood_is_said(run: Run, arguments: tuple[str, ...], said: str) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert said in " ".join(ran.err.replace("│", " ").split())


def test_no_ledger_is_no_empty_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = inside(capsys, monkeypatch, "vehicles", "--data", tmp_path, *LI)
    assert ran.code == 4
    assert "there is no ledger here" in ran.err and "--data" in ran.err
    assert list(tmp_path.iterdir()) == [], "looking makes none"
    Store.open_file(tmp_path / "state.db").close()
    ran = inside(capsys, monkeypatch, "vehicles", "--data", tmp_path, *LI)
    assert ran.code == 4 and not (tmp_path / "ledger.db").exists(), "a search that nobody could enter"
    ledger_of(tmp_path, "demo").close()
    empty = inside(capsys, monkeypatch, "vehicles", "--data", tmp_path, *LI, "--json")
    assert (empty.code, empty.json) == (0, [])


def test_a_case_whose_plate_was_not_looked_for_has_no_entry() -> None:
    assert vehicle_row({**manifest(1, None), "plate": {"known": False}}) is None


def test_a_case_is_entered_once(data: Path) -> None:
    with Store.open_file(data / "state.db") as store:
        store.vehicles.keep(entry(1, "京A54321"))
        assert store.vehicles.count() == len(PLATES)
        assert [row.case_id for row in store.vehicles.exactly("京A54321", Span())] == [entry(1, None).case_id]


def test_an_older_database_is_brought_up_with_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "状态.db"
    with Store.open_file(path) as store:
        run = store.begin_run(1, "f" * 64)
        store.remember_case(case(1), "c" * 64)
    with sqlite3.connect(path) as old:  # as 0002 left it
        old.execute("DROP TABLE recheck")
        old.execute("DROP TABLE case_hold")
        old.execute("DROP TABLE deleted_case")
        old.execute("DROP TABLE happening")
        old.execute("DROP TABLE happening_source")
        old.execute("DROP TABLE vehicle")
        old.execute("UPDATE alembic_version SET version_num = '0002'")
    old.close()
    with Store.open_file(path) as store:
        assert [row.id for row in store.cases()] == ["SP-1"]
        assert store.begin_run(2, "f" * 64) == run + 1
        assert store.vehicles.count() == 0 and store.vehicles.timezone() is None
        store.vehicles.keep(entry(1, "京A12345"))
    with Store.open_file(path) as store:
        (row,) = store.vehicles.all(Span())
        assert (row.plate, row.timezone, json.loads(row.reading)["status"]) == ("京A12345", "Asia/Shanghai", "certain")


def test_a_large_ledger_is_read_in_portions_and_none_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streetproof.store.vehicles._AT_ONCE", 3)
    with Store.open_file(tmp_path / "a.db") as store:
        # Several of one time stand on both sides of a portion's end.
        for number in range(11):
            store.vehicles.keep(entry(number, f"京A{number:05d}", arrived_ns=T0 + number // 4 * MINUTE))
        assert [row.plate for row in store.vehicles.all(Span())] == [f"京A{n:05d}" for n in range(11)]
        assert [plate for _, plate in store.vehicles.plates(Span(), range(7, 8))] == [f"京A{n:05d}" for n in range(11)]
        assert list(store.vehicles.plates(Span(), range(8, 10))) == []
        started = time.process_time()
        assert search(store, "京A00003", Span(), edits=1.0, order=Order.NEAREST)[0].distance == 0
        assert time.process_time() - started < 1
