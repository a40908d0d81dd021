"""From SQLite files into PostgreSQL: all of it, once, and wherever it is interrupted."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence_export.ledger.entry import Kind
from evidence_export.ledger.log import Ledger
from streetproof.daemon.service import only_daemon
from streetproof.databases import moving
from streetproof.databases.moving import ASIDE, MoveError, move
from streetproof.databases.opening import ledger_of, state_of
from streetproof.databases.place import FILE, LEDGER, STATE, PlaceError
from streetproof.ledgers.bookkeeping import Bookkeeper
from streetproof.settings.load import load_site
from streetproof.store import copying
from streetproof.store.connection import Connection, StoreError
from streetproof.store.database import Store
from streetproof.store.happenings import note
from streetproof.store.ledger.database import LEDGER as SORT
from streetproof.store.ledger.database import SqlLedger
from streetproof.store.ledger.tables import LedgerBase
from streetproof.store.tables import Base
from tests.once import once
from tests.postgres import PASSWORD, Cluster, requires_postgres
from tests.streetproof.commands import inside, streetproof
from tests.streetproof.databases.test_commands import VARIABLE, site_at

pytestmark = requires_postgres
WORDS = ("西湖区 “南山路” 💡", "it's; DROP TABLE happening; --", "Ä\tz", "", "𠮷野家")


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)


@pytest.fixture
def site(tmp_path: Path, postgres: Cluster) -> Path:
    return site_at(tmp_path / "site", postgres.guarded())


@pytest.fixture
def data(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a row or more in every table, and more than one page of some."""
    return Path(shutil.copytree(once(tmp_path_factory, "full databases", make), tmp_path / "数据 一"))


def make(folder: Path) -> None:
    folder.mkdir()
    with Store.open_file(folder / STATE) as store, SqlLedger.open_file(folder / LEDGER, "demo") as kept:
        for first, behind in ((0, 1_201), (1_201, 2_500)):
            with store._connection.write() as session:
                for number in range(first, behind):
                    note(session, Kind.TIME_CHECKED, f"参考 {number}", {"n": number})
            if first == 0:
                Bookkeeper(store, kept).enter()
        kept.add_checkpoint(1, b"\x00\xff note")
    for opened, tables in ((_state(folder), Base.metadata), (_ledger(folder), LedgerBase.metadata)):
        with closing(opened), opened.write() as session:
            for table in tables.sorted_tables:
                if not table.name.startswith(("happening", "ledger_head", "ledger_entry", "ledger_node")):
                    session.connection().execute(sa.insert(table), [_row(table, n) for n in range(1, 4)])


def _state(folder: Path) -> Connection:
    return Connection(f"sqlite:///{folder / STATE}")


def _ledger(folder: Path) -> Connection:
    return Connection(f"sqlite:///{folder / LEDGER}", sort=SORT)


def _row(table: sa.Table, number: int) -> dict[str, object]:
    return {column.name: _value(column, number) for column in table.columns}


def _value(column: sa.Column[object], number: int) -> object:
    if column.foreign_keys:
        return _value(next(iter(column.foreign_keys)).column, number)
    if column.nullable and number == 2:
        return None
    match column.type:
        case sa.Boolean():
            return number % 2 == 0
        case sa.BigInteger():
            return 2**62 + number
        case sa.Integer():
            return 1000 * number
        case sa.LargeBinary():
            return bytes([0, 255, number])
        case sa.String():
            return f"{number}{WORDS[number % len(WORDS)]}"[: column.type.length]
        case sa.Float():
            return 0.1 * number
    raise AssertionError(f"no value for {column}")


def dump(connection: Connection, tables: sa.MetaData) -> dict[str, list[tuple[object, ...]]]:
    with connection.read() as session:
        return {
            table.name: sorted((tuple(row) for row in session.execute(sa.select(table))), key=repr)
            for table in tables.sorted_tables
        }


def test_every_row_of_every_table_is_there(data: Path, site: Path, postgres: Cluster) -> None:
    with closing(_state(data)) as state, closing(_ledger(data)) as ledger:
        before = dump(state, Base.metadata) | dump(ledger, LedgerBase.metadata)
    assert all(before.values())
    told: list[tuple[str, int, int]] = []
    done = move(data, load_site(site), by="account li", told=lambda *what: told.append(what))
    assert PASSWORD not in done.database and done.aside == data / ASIDE
    assert {which for which, so_far, of in told if so_far == of} == {"state database", "ledger"}
    assert not (data / STATE).exists() and not (data / LEDGER).exists() and (data / ASIDE / STATE).exists()
    with state_of(data) as store, ledger_of(data) as kept:
        moved = [one for one in store.happenings.oldest(5_000) if one.happening.kind is Kind.DATABASE_MOVED]
        assert [(one.happening.by, one.happening.data["to"]) for one in moved] == [("account li", done.database)]
        after = dump(store._connection, Base.metadata) | dump(kept._connection, LedgerBase.metadata)
    after["happening"] = [row for row in after["happening"] if row[0] != moved[0].id]
    assert after == before
    assert done.rows == sum(map(len, before.values())) + 1


def test_what_happens_afterwards_is_entered_once_behind_what_happened_before(data: Path, site: Path) -> None:
    """The ledger goes by the numbers of happenings, also of those that are long gone from the table."""
    with Store.open_file(data / STATE) as store, SqlLedger.open_file(data / LEDGER) as kept:
        Bookkeeper(store, kept).enter()
        assert store.happenings.waiting() == 0
        entered = kept.size()
    move(data, load_site(site), by="account li")
    with state_of(data) as store, ledger_of(data) as kept:
        store.happenings.note(Kind.TIME_CHECKED, "afterwards", {})
        Bookkeeper(store, kept).enter()
        Bookkeeper(store, kept).enter()
        rows = [json.loads(row.entry) for row in kept.rows(entered)]
        assert [(one["seq"], one["kind"]) for one in rows] == [
            (entered, "database.moved"), (entered + 1, "time.checked"),
        ]  # fmt: skip
        run = store.begin_run(1, "ab" * 32)
        assert run > 3_000  # behind those that are there


@pytest.mark.parametrize(
    ("where", "name", "call"),
    [
        (moving, "_note", 1),
        (copying, "copy", 1),
        (copying, "copy", 2),
        (copying, "first_difference", 1),
        (copying, "first_difference", 2),
        (moving, "write_place", 1),
        (copying, "close_for_good", 1),
        (copying, "close_for_good", 2),
        (moving, "_put_aside", 1),
        (Path, "replace", 3),
    ],
    ids=lambda value: str(getattr(value, "__name__", value)),
)
def test_interrupted_anywhere_it_is_finished_by_the_next_call(
    data: Path, site: Path, monkeypatch: pytest.MonkeyPatch, where: object, name: str, call: int
) -> None:
    calls, real = 0, getattr(where, name)

    def stop(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == call:
            raise KeyboardInterrupt
        return real(*arguments)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(where, name, stop)
        move(data, load_site(site), by="account li")
    assert (data / LEDGER).exists() and (data / STATE).exists() is (where is not Path)
    if (data / FILE).exists():
        with pytest.raises(PlaceError, match="twice"):
            state_of(data)
    else:
        with state_of(data) as store:
            assert store.happenings.waiting() >= 1_299
    move(data, load_site(site), by="account li")
    with state_of(data) as store, ledger_of(data) as kept:
        assert sum(one.happening.kind is Kind.DATABASE_MOVED for one in store.happenings.oldest(5_000)) == 1
        Bookkeeper(store, kept).enter()
        assert Ledger(kept).size() == 2_501


def test_a_database_that_somebody_uses_is_refused_and_left_alone(
    data: Path, site: Path, tmp_path: Path, postgres: Cluster
) -> None:
    other = tmp_path / "另一"
    other.mkdir()
    with Store.open_file(other / STATE) as store:
        store.happenings.note(Kind.TIME_CHECKED, "of another folder", {})
    move(other, load_site(site), by="account li")
    with pytest.raises(MoveError, match=r"is not empty, and holds something else than state\.db"):
        move(data, load_site(site), by="account li")
    with state_of(other) as store:
        assert next(one.happening.about for one in store.happenings.oldest(9)) == "of another folder"
    with state_of(data) as store:  # as before, in its file
        store.happenings.note(Kind.TIME_CHECKED, "goes on", {})
        assert Kind.DATABASE_MOVED not in {one.happening.kind for one in store.happenings.oldest(5_000)}
    assert not (data / FILE).exists() and not (data / ASIDE).exists()


def test_who_had_the_file_open_cannot_write_into_it_any_more(data: Path, site: Path) -> None:
    with Store.open_file(data / STATE) as before, SqlLedger.open_file(data / LEDGER) as kept:
        assert before.happenings.waiting() and kept.size()
        move(data, load_site(site), by="account li")
        with pytest.raises(StoreError, match="moved to PostgreSQL; run it again"):
            before.happenings.note(Kind.TIME_CHECKED, "too late", {})
        with pytest.raises(StoreError, match="moved to PostgreSQL; run it again"):
            kept.add_checkpoint(5, b"too late")
        assert kept.size() == 1_201  # it can be read


def test_nothing_is_moved_while_a_daemon_runs(data: Path, site: Path) -> None:
    with only_daemon(data), pytest.raises(MoveError, match="a daemon or a batch works in this folder"):
        move(data, load_site(site), by="account li")
    assert (data / STATE).exists()


def test_a_folder_without_databases_or_moved_already_is_told(data: Path, site: Path, tmp_path: Path) -> None:
    with pytest.raises(MoveError, match="no such folder"):
        move(tmp_path / "none", load_site(site), by="account li")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(MoveError, match="no databases in files here"):
        move(empty, load_site(site), by="account li")
    move(data, load_site(site), by="account li")
    with pytest.raises(MoveError, match="in PostgreSQL already"):
        move(data, load_site(site), by="account li")
    with pytest.raises(MoveError, match="names no `database`"):
        move(data, load_site(site_at(tmp_path / "plain", None)), by="account li")


def test_a_server_that_is_away_changes_nothing(data: Path, tmp_path: Path) -> None:
    site = site_at(tmp_path / "away", "postgresql://127.0.0.1:1/none")
    with pytest.raises(StoreError, match="does not answer"):
        move(data, load_site(site), by="account li")
    with state_of(data) as store:
        kinds = {one.happening.kind for one in store.happenings.oldest(5_000)}
    assert kinds == {Kind.TIME_CHECKED}


def test_a_batch_goes_on_in_postgresql(
    tmp_path: Path,
    postgres: Cluster,
    real_model: str,
    demo_clip: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As an administrator types it, in Chinese, on what a batch left."""
    monkeypatch.setenv("STREETPROOF_KEYS", str(tmp_path / "keys"))
    folder = tmp_path / "数据 二"
    plain = site_at(tmp_path / "plain", None)
    assert streetproof("batch", plain, demo_clip, "--out", folder, "--model", real_model).code == 0
    cases = inside(capsys, monkeypatch, "cases", "--data", folder, "--json").json
    assert cases
    site = site_at(tmp_path / "pg", postgres.guarded())
    refused = streetproof("batch", site, demo_clip, "--out", folder, "--model", real_model)
    assert refused.code == 4 and "streetproof database move" in " ".join(refused.err.split())
    done = inside(capsys, monkeypatch, "database", "move", site, "--data", folder, "--lang", "zh", width=1000)
    assert done.code == 0 and "逐行比对一致" in done.out, done.err
    assert inside(capsys, monkeypatch, "cases", "--data", folder, "--json").json == cases
    assert inside(capsys, monkeypatch, "ledger", "check", "--data", folder).code == 0
    again = streetproof("batch", site, demo_clip, "--out", folder, "--model", real_model)
    assert again.code == 0, again.err
    assert inside(capsys, monkeypatch, "cases", "--data", folder, "--json").json == cases
    assert inside(capsys, monkeypatch, "ledger", "check", "--data", folder).code == 0
    with ledger_of(folder) as kept:
        kinds = [json.loads(row.entry)["kind"] for row in kept.rows()]
    assert kinds.count("database.moved") == 1 and kinds[-1] != "database.moved"
