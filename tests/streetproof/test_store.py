"""The state database: migrations make exactly the tables, and nothing of the driver leaks out."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from streetproof.store.database import Store, StoreError
from streetproof.store.tables import Base, CaseRow


def case(number: int, stay: str = "s1") -> CaseRow:
    return CaseRow(
        id=f"SP-{number}",
        site="x",
        camera="c",
        rule="r",
        zone="z",
        place="[0, 0, 1, 1]",
        stay=stay,
        arrived_ns=10**18 + number,
        last_seen_ns=10**18 + 60,
        bundle=f"cases/SP-{number}",
        run=None,
    )


def test_migrations_make_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    path = tmp_path / "状态 1.db"
    Store.open_file(path).close()
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


def test_a_changed_file_is_not_taken_for_the_known_one(tmp_path: Path) -> None:
    with Store.open_file(tmp_path / "a.db") as store:
        store.remember_recording(Path("/r.mp4"), 10, 20, "a" * 64)
        assert store.recording_sha256(Path("/r.mp4"), 10, 20) == "a" * 64
        assert store.recording_sha256(Path("/r.mp4"), 10, 21) is None
        assert store.recording_sha256(Path("/r.mp4"), 11, 20) is None
        assert store.recording_sha256(Path("/other.mp4"), 10, 20) is None


def test_a_case_is_kept_once(tmp_path: Path) -> None:
    with Store.open_file(tmp_path / "a.db") as store:
        store.remember_case(case(1))
        store.remember_case(case(1))
        assert [row.id for row in store.cases()] == ["SP-1"]
        store.remember_case(case(0))
        assert [row.id for row in store.cases()] == ["SP-0", "SP-1"]


def test_what_was_written_is_there_when_opened_again(tmp_path: Path) -> None:
    with Store.open_file(tmp_path / "a.db") as store:
        run = store.begin_run(1, "f" * 64)
        store.remember_case(case(1))
    with Store.open_file(tmp_path / "a.db") as store:
        store.end_run(run, 2, 0)
        assert len(store.cases()) == 1
        assert store.begin_run(3, "f" * 64) == run + 1


def test_a_damaged_database_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="cannot be opened") as caught:
        Store.open_file(path)
    assert "rebuilt" in caught.value.remedy


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Store.open_file(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match="9999"):
        Store.open_file(path)


def test_a_password_in_the_url_is_not_shown() -> None:
    with pytest.raises(StoreError) as caught:
        Store("sqlite://user:geheim@nowhere/x.db")
    assert "geheim" not in str(caught.value)
