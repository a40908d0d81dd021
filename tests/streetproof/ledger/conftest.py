"""Databases for the ledger, SQLite and, where it is installed, PostgreSQL; a data folder with one that a site signs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence_export.keys import Ed25519Signer, Signer, load_or_create_key
from streetproof.ledgers.bookkeeping import Bookkeeper, ledger_of
from streetproof.store.database import Store
from streetproof.store.tables import CaseRow
from tests.postgres import Cluster, requires_postgres
from tests.streetproof.commands import Ran, inside


def case(number: int) -> CaseRow:
    return CaseRow(
        id=f"SP-{number}", site="yuhang", camera="gate-1", rule="r", zone="z", stay="s", place="[0,0,1,1]",
        arrived_ns=number, last_seen_ns=number + 1, bundle=f"cases/SP-{number}", run=None,
    )  # fmt: skip


def books(data: Path, key: Signer, cases: range = range(0)) -> None:
    """Some cases are sealed, and all that waits is entered and signed."""
    with Store.open_file(data / "state.db", by="batch") as store, ledger_of(data, "yuhang") as ledger:
        for number in cases:
            store.remember_case(case(number), f"{number:064x}")
        keeper = Bookkeeper(store, ledger)
        keeper.enter()
        keeper.checkpoint(data, key)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "数据 一"
    folder.mkdir()
    return folder


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ed25519Signer:
    monkeypatch.setenv("STREETPROOF_KEYS", str(tmp_path / "keys"))
    return load_or_create_key(tmp_path / "keys" / "yuhang.pem")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    return lambda *args: inside(capsys, monkeypatch, "ledger", *args, width=160)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=requires_postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database."""
    if request.param == "postgresql":
        found: Cluster = request.getfixturevalue("postgres")
        return found.database()
    return str(sa.URL.create("sqlite", database=str(tmp_path / "存证 日志.db")))
