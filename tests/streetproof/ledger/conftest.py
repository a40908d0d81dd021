"""Databases for the ledger: SQLite, and PostgreSQL where it is installed."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.postgres import Cluster, requires_postgres


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=requires_postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database."""
    if request.param == "postgresql":
        found: Cluster = request.getfixturevalue("postgres")
        return found.database()
    return str(sa.URL.create("sqlite", database=str(tmp_path / "存证 日志.db")))
