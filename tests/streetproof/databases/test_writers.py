"""Several processes on one PostgreSQL database: they start and write at the same time; the server goes and comes."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from evidence_export.ledger import check
from evidence_export.ledger.entry import Happening, Kind, read_entry
from evidence_export.ledger.log import Ledger
from streetproof.ledgers.bookkeeping import Bookkeeper
from streetproof.store import happenings
from streetproof.store.connection import STATE
from streetproof.store.database import Store, StoreError
from streetproof.store.ledger.database import SqlLedger
from streetproof.store.tables import VehicleRow
from tests.postgres import PASSWORD, Cluster, cluster, requires_postgres

pytestmark = requires_postgres

START = """
import sys
from streetproof.errors import StreetproofError
from streetproof.store.database import Store
from streetproof.store.ledger.database import SqlLedger
url, name = sys.argv[1:]
print("there", flush=True)
sys.stdin.readline()
try:
    with Store(url, name=name) as store, SqlLedger(url, "west") as ledger:
        store.begin_run(1, "f" * 64)
        print(store.happenings.source(), ledger.origin)
except StreetproofError as error:
    print(error)
"""


def started_together(url: str, names: list[str]) -> list[str]:
    """What processes say that open an empty database at the same moment."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", START, url, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in names
    ]
    for one in started:
        assert one.stdout is not None and one.stdout.readline() == "there\n"
    for one in started:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    return [one.communicate(timeout=120)[0].strip() for one in started]


def test_starts_at_the_same_time_make_one_database(postgres: Cluster) -> None:
    url = postgres.database()
    told = started_together(url, ["ab" * 16] * 4)
    assert len(set(told)) == 1 and told[0].startswith("ab" * 16 + " streetproof/west/"), told
    with Store(url) as store:
        assert store.happenings.source() == "ab" * 16
    assert postgres.sql(url, "SELECT count(*) FROM run") == "4"


def test_of_two_folders_that_begin_one_database_the_second_is_told(postgres: Cluster) -> None:
    told = started_together(postgres.database(), ["ab" * 16, "cd" * 16])
    assert sorted("another data folder" in one for one in told) == [False, True], told


def test_a_password_in_the_query_is_not_shown() -> None:
    url = sa.make_url("postgresql+psycopg://127.0.0.1:1/none?user=streetproof&password=geheim&sslpassword=geheim")
    with pytest.raises(StoreError) as refused:
        Store(url)
    assert "geheim" not in str(refused.value) and "127.0.0.1" in str(refused.value)


def test_a_password_that_nobody_can_connect_with_is_not_shown(postgres: Cluster) -> None:
    guarded = sa.make_url(postgres.guarded()).set(drivername="postgresql+psycopg", username="streetproof")
    Store(guarded.set(password=PASSWORD)).close()
    for wrong in ("falsch", "fal'sch", "falsch port=1", "falsch\\"):
        with pytest.raises(StoreError, match="lets nobody in") as refused:
            Store(guarded.set(password=wrong))
        assert wrong not in str(refused.value)


def test_what_is_noted_later_under_a_lower_number_is_not_taken_for_entered(postgres: Cluster) -> None:
    """A writer of another kind, that does not queue: its number is given out early and committed late."""
    with Store(postgres.database(), by="a") as store:
        engine = store.happenings._connection._engine
        with engine.connect() as slow:
            slow.execute(
                sa.text("INSERT INTO happening (kind, at_ns, by, about, data) VALUES (:kind, 1, 'b', 'slow', '{}')"),
                {"kind": str(Kind.MODEL_USED)},
            )
            store.happenings.note(Kind.MODEL_USED, "fast", {})
            seen = store.happenings.oldest(10)
            assert [one.happening.about for one in seen] == ["fast"]
            slow.commit()
        store.happenings.entered([one.id for one in seen])
        assert [one.happening.about for one in store.happenings.oldest(10)] == ["slow"]


def test_numbers_are_committed_in_their_order(postgres: Cluster) -> None:
    """The ledger remembers the last number it has of a source: a lower one that came later would be lost."""
    url = postgres.database()
    with Store(url, by="a") as one, Store(url, by="b") as two, SqlLedger(url, "west") as ledger:
        inside, go_on = threading.Event(), threading.Event()

        def slowly() -> None:
            with one.happenings._connection.write() as session:
                happenings.note(session, Kind.MODEL_USED, "first", {})
                session.flush()
                inside.set()
                assert go_on.wait(30)

        with ThreadPoolExecutor(3) as pool:
            first = pool.submit(slowly)
            assert inside.wait(30)
            second = pool.submit(two.happenings.note, Kind.MODEL_USED, "second", {})
            Bookkeeper(one, ledger).enter()
            go_on.set()
            first.result(30)
            second.result(30)
        Bookkeeper(two, ledger).enter()
        entries = [read_entry(row.entry).happening.about for row in ledger.rows()]
        assert entries == ["first", "second"]
        assert one.happenings.waiting() == 0


def test_many_writers_make_one_ledger(postgres: Cluster) -> None:
    url = postgres.database()
    SqlLedger(url, "west").close()

    def write(number: int) -> None:
        with SqlLedger(url, busy_s=60) as mine:
            for turn in range(25):
                told = Happening(Kind.MODEL_USED, "2026-11-02T00:00:00.000000000Z", "x", f"{number}/{turn}", {})
                Ledger(mine).add([told])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    with SqlLedger(url) as ledger:
        assert ledger.size() == 100
        assert [one.fault for one in check.check(ledger, [])] == [check.Fault.NO_CHECKPOINT], "it was never signed"
        abouts = [read_entry(row.entry).happening.about for row in ledger.rows()]
        for number in range(4):
            assert [one for one in abouts if one.startswith(f"{number}/")] == [f"{number}/{n}" for n in range(25)]


def test_numbers_of_happenings_do_not_end_at_32_bits(postgres: Cluster) -> None:
    url = postgres.database()
    with Store(url, by="a") as store:
        postgres.sql(url, f"SELECT setval('happening_id_seq', {2**31 + 5})")
        store.happenings.note(Kind.MODEL_USED, "m", {})
        assert [one.id for one in store.happenings.oldest(1)] == [2**31 + 6]


def test_a_writer_that_keeps_the_database_is_told_of(postgres: Cluster) -> None:
    url = postgres.database()
    with Store(url) as one, Store(url, busy_s=0.3) as two, one.happenings._connection.write():
        with pytest.raises(StoreError, match="locked"):
            two.begin_run(1, "f" * 64)
        assert two.cases() == [], "who only reads does not wait"


def test_a_read_sees_one_state(postgres: Cluster) -> None:
    url = postgres.database()
    with Store(url, by="a") as store:
        count = sa.text("SELECT count(*) FROM happening")
        with store.happenings._connection.read() as session:
            before = session.scalar(count)
            store.happenings.note(Kind.MODEL_USED, "m", {})
            assert session.scalar(count) == before
        with pytest.raises(StoreError), store.happenings._connection.read() as session:
            session.execute(sa.text("DELETE FROM happening"))
        assert store.happenings.waiting() == 1


def test_text_that_has_no_place_in_the_database_is_refused_at_once(postgres: Cluster) -> None:
    url = postgres.database()
    name = url.partition("?")[0].rpartition("/")[2]
    postgres.sql("/postgres", f"DROP DATABASE {name}")
    postgres.sql("/postgres", f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StoreError, match="LATIN1"):
        Store(url)
    assert postgres.sql(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == "0"


@pytest.fixture
def own() -> Iterator[Cluster]:
    """A server that may be stopped."""
    with cluster() as running:
        yield running


@pytest.mark.parametrize("mode", ["immediate", "fast"])
def test_a_server_that_comes_back_is_gone_on_with(own: Cluster, mode: str) -> None:
    url = own.database()
    with Store(url, by="a") as store, SqlLedger(url, "west") as ledger:
        books = Bookkeeper(store, ledger)
        store.happenings.note(Kind.MODEL_USED, "before", {})
        books.enter()
        store.happenings.note(Kind.MODEL_USED, "waits", {})
        own.stop(mode)
        assert not store.answers()
        for asked in (store.cases, books.enter, ledger.size, lambda: store.begin_run(1, "f" * 64)):
            with pytest.raises(StoreError, match="does not answer"):
                asked()
        own.start()
        assert store.answers()
        assert books.enter() == 1
        assert [read_entry(row.entry).happening.about for row in ledger.rows()] == ["before", "waits"]
        own.stop(mode)
        own.start()
        assert store.cases() == [] and ledger.size() == 2, "a connection that went with the server costs nobody a try"


def test_a_server_that_goes_in_the_middle_of_a_transaction_keeps_nothing_of_it(own: Cluster) -> None:
    url = own.database()
    with Store(url, by="a") as store:
        with pytest.raises(StoreError), store.happenings._connection.write() as session:
            happenings.note(session, Kind.MODEL_USED, "lost", {})
            session.flush()
            own.stop()
            happenings.note(session, Kind.MODEL_USED, "lost, too", {})
        own.start()
        store.happenings.note(Kind.MODEL_USED, "kept", {})
        assert [one.happening.about for one in store.happenings.oldest(5)] == ["kept"]


def test_a_name_of_any_length_is_kept(postgres: Cluster) -> None:
    row = VehicleRow(
        case_id="SP-1", site="x", timezone="Asia/Shanghai", camera="c", camera_name="长" * 300, zone="z",
        zone_name="名" * 300, rule="r", arrived_ns=1, last_seen_ns=2, status="none_found", plate=None, length=0,
        colour=None, reading="{}",
    )  # fmt: skip
    with Store(postgres.database()) as store, store.happenings._connection.write() as session:
        session.add(row)
        session.flush()
        session.expire_all()
        assert session.get_one(VehicleRow, "SP-1").camera_name == "长" * 300


def test_going_back_a_version_works(postgres: Cluster) -> None:
    url = postgres.database()
    Store(url).close()
    engine = sa.create_engine(url)
    config = Config()
    config.set_main_option("script_location", str(STATE.migrations))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        tables = set(sa.inspect(connection).get_table_names())
    engine.dispose()
    assert tables == {"alembic_version", "recording", "run", "case"}
    with Store(url) as store:
        assert store.happenings.waiting() == 0


@pytest.mark.parametrize(("server", "durably"), [("off", "on"), ("on", "on"), ("remote_write", "remote_write")])
def test_what_must_not_be_lost_is_on_the_disk_of_the_server(postgres: Cluster, server: str, durably: str) -> None:
    url = postgres.database()
    name = url.partition("?")[0].rpartition("/")[2]
    postgres.sql("/postgres", f"ALTER DATABASE {name} SET synchronous_commit = {server}")
    with Store(url) as store:
        for durable, kept in ((True, durably), (False, "off"), (True, durably)):
            with store.happenings._connection.write(durable=durable) as session:
                assert session.scalar(sa.text("SHOW synchronous_commit")) == kept


def test_text_that_the_driver_refuses_is_no_server_that_is_away(postgres: Cluster) -> None:
    with Store(postgres.database()) as store, pytest.raises(StoreError, match=r"refused: .*NUL"):
        store.happenings.note(Kind.MODEL_USED, "a\0b", {})


def test_a_database_that_is_not_there_is_named(postgres: Cluster) -> None:
    url = sa.make_url(postgres.guarded()).set(
        drivername="postgresql+psycopg", username="streetproof", password=PASSWORD, database="none"
    )
    with pytest.raises(StoreError, match='"none"') as refused:
        Store(url)
    assert "database" in refused.value.remedy and PASSWORD not in str(refused.value)
