"""Who looked at which case, when and why: from the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evidence_export.ledger.entry import Kind, read_entry
from streetproof.store.database import StoreError
from streetproof.store.ledger.database import SqlLedger


@dataclass(frozen=True, slots=True)
class View:
    """One look. `purpose` as it was entered: a later version may know more of them."""

    entry: int
    at: str
    case_id: str
    by: str
    purpose: str
    text: str


def views(ledger: SqlLedger, case_id: str | None = None, officer: str | None = None) -> Iterator[View]:
    """Looks in their order, of one case or of one officer (a whole name, or a whole licence number), or all.

    Raises StoreError for an entry that cannot be read.
    """
    for row in ledger.about_cases() if case_id is None else ledger.rows_about(case_id):
        if b'"case.viewed"' not in row.entry:
            continue
        try:
            one = read_entry(row.entry).happening
        except ValueError as error:
            raise StoreError(
                f"entry {row.seq} of the ledger cannot be read",
                where=ledger.origin,
                remedy="`streetproof ledger check` says what is wrong with it",
            ) from error
        if one.kind is not Kind.CASE_VIEWED:
            continue
        name, _, licence = one.by.rpartition(" ")
        if officer is None or officer in (one.by, name, licence):
            purpose, text = str(one.data.get("purpose", "")), str(one.data.get("text", ""))
            yield View(row.seq, one.at, one.about, one.by, purpose, text)
