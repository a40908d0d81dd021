"""The daemon's deletion of cases, where its database stands still."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from streetproof.daemon import casekeeping
from streetproof.daemon.casekeeping import CaseKeeper
from streetproof.databases.opening import begun_state, ledger_of
from streetproof.store.connection import StoreAwayError
from streetproof.store.database import Store
from streetproof.store.ledger.database import SqlLedger
from tests.postgres import PASSWORD, Cluster, requires_postgres
from tests.streetproof.daemon import sites

VARIABLE = "STREETPROOF_DATABASE_PASSWORD"
LONG_S = 30
ASKED: dict[str, Callable[[Store, SqlLedger], object]] = {
    "happening": lambda store, _: store.happenings.waiting(),
    "ledger_entry": lambda _, ledger: list(ledger.rows()),
}
"""By the table that nobody gets at: what waits for it."""


@requires_postgres
@pytest.mark.parametrize("table", ASKED)
def test_a_server_that_stands_still_is_given_up(
    tmp_path: Path, postgres: Cluster, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    monkeypatch.setattr(casekeeping, "ANSWERS_S", 1.0)
    monkeypatch.setattr(casekeeping, "apply", lambda _data, store, ledger, *_, **__: ASKED[table](store, ledger))
    database = {"url": postgres.guarded(), "username": "streetproof", "password_env": VARIABLE}
    content = sites.site("gate-1", database=database, evidence={"retention": {"automatic": True}})
    loaded = sites.load(tmp_path / "site.yaml", content)
    data = tmp_path / "数据 1"
    data.mkdir()
    raised: list[BaseException] = []

    def keep() -> None:
        try:
            CaseKeeper(data, lambda: loaded.site, time.time_ns).keep()
        except BaseException as error:
            raised.append(error)

    with begun_state(data, loaded, by="test") as store, ledger_of(data, "site-1"):
        thread = threading.Thread(target=keep, daemon=True)
        with store._connection._engine.begin() as connection:
            connection.execute(sa.text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
            thread.start()
            thread.join(LONG_S)
            waits = thread.is_alive()
        thread.join(LONG_S)
    assert not waits, "it waits for as long as the server stands"
    (error,) = raised
    assert isinstance(error, StoreAwayError) and "no answer within 1 s" in str(error)
