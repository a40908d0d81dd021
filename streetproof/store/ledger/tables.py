"""The tables of the ledger. Rows are added and never changed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, LargeBinary, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""SQLite finds rows by their own number only where that is of its type INTEGER."""


class LedgerBase(DeclarativeBase):
    """Common base of the ledger's tables."""


class HeadRow(LedgerBase):
    """The one row that says which ledger it is, and how long. Whoever adds locks it first."""

    __tablename__ = "ledger_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    origin: Mapped[str] = mapped_column(String(128))
    size: Mapped[int] = mapped_column(BigInteger)


class EntryRow(LedgerBase):
    """One entry, as the bytes that were hashed, and its hash."""

    __tablename__ = "ledger_entry"

    seq: Mapped[int] = mapped_column(_NUMBER, primary_key=True, autoincrement=False)
    entry: Mapped[bytes] = mapped_column(LargeBinary)
    leaf: Mapped[bytes] = mapped_column(LargeBinary)


class NodeRow(LedgerBase):
    """The hash of one complete subtree above the leaves."""

    __tablename__ = "ledger_node"

    level: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(_NUMBER, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class SourceRow(LedgerBase):
    """How far the happenings of one state database have been entered: none is entered twice."""

    __tablename__ = "ledger_source"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger)


class CheckpointRow(LedgerBase):
    """One signed checkpoint."""

    __tablename__ = "ledger_checkpoint"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    size: Mapped[int] = mapped_column(BigInteger, index=True)
    note: Mapped[bytes] = mapped_column(LargeBinary)
    token: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The time stamp over it (RFC 3161, DER); None: it has none. The one column that is filled in later."""
