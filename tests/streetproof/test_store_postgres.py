"""The tests of the state database on PostgreSQL: what `Store.open_file` opens is a database there."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.orm import DeclarativeBase

from streetproof.store.connection import StoreAwayError
from streetproof.store.database import Store, StoreError
from streetproof.store.ledger import lookup
from streetproof.store.ledger.database import SqlLedger
from streetproof.store.ledger.tables import LedgerBase
from streetproof.store.tables import Base
from tests.postgres import Cluster, requires_postgres
from tests.streetproof import test_store

pytestmark = requires_postgres

_OF_FILES = (
    "migrations", "damaged", "newer_version", "first_version", "stays_locked", "killed", "answered_by_indexes",
)  # fmt: skip
"""They look into the file, or at how SQLite locks and searches."""

globals().update({
    name: test
    for name, test in vars(test_store).items()
    if name.startswith("test_") and not any(word in name for word in _OF_FILES)
})  # fmt: skip


@pytest.fixture(autouse=True)
def on_postgres(postgres: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    urls: dict[Path, str] = {}

    def open_file(path: Path, **how: Any) -> Store:
        if path not in urls:
            urls[path] = postgres.database()
        return Store(urls[path], **how)

    monkeypatch.setattr(Store, "open_file", open_file)


@pytest.mark.parametrize(
    ("opened", "base", "version"),
    [
        (Store, Base, "alembic_version"),
        (lambda url: SqlLedger(url, "yuhang"), LedgerBase, "ledger_alembic_version"),
    ],
    ids=["state", "ledger"],
)
def test_migrations_make_the_tables_that_the_code_knows(
    postgres: Cluster, opened: Callable[[str], Any], base: type[DeclarativeBase], version: str
) -> None:
    url = postgres.database()
    opened(url).close()
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        # An index over an expression, which each database tells in its own words; test_looking_up sees that it is used.
        opts = {"version_table": version, "include_name": lambda name, *_: name != lookup.NAME}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, base.metadata) == []
    engine.dispose()


def test_both_live_in_one_database(postgres: Cluster) -> None:
    url = postgres.database()
    with Store(url) as store, SqlLedger(url, "yuhang") as ledger:
        assert store.answers() and ledger.size() == 0
    with Store(url) as store, SqlLedger(url) as ledger:
        assert store.answers() and ledger.site == "yuhang"


def test_a_password_is_not_shown_where_nobody_answers() -> None:
    with pytest.raises(StoreError) as refused:
        Store("postgresql+psycopg://user:geheim@/none?host=/nonexistent")
    assert "geheim" not in str(refused.value)


def test_a_server_that_does_not_answer_is_given_up_in_time(postgres: Cluster) -> None:
    url = postgres.database()
    with Store(url) as keeps, Store(url, busy_s=0.2, answers_s=1.0) as store:
        assert store.happenings.waiting() == 0
        with keeps._connection.write() as session:
            session.execute(sa.text("LOCK TABLE happening IN ACCESS EXCLUSIVE MODE"))
            began = time.monotonic()
            with pytest.raises(StoreAwayError, match="no answer within 1 s"):
                store.happenings.waiting()  # it waits for a lock that no limit of the server's ends
            assert 0.9 < time.monotonic() - began < 5
        assert store.happenings.waiting() == 0, "the next connection is asked as ever"
