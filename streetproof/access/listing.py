"""Who saw pictures of which case, or searched for plates, when and why: from the ledger."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from evidence_export.ledger.entry import Happening, Kind, read_entry
from evidence_export.ledger.interface import Row
from streetproof.access import searching, training
from streetproof.store.database import StoreError
from streetproof.store.ledger.database import SqlLedger

LOOKS = frozenset({Kind.CASE_VIEWED, Kind.CASE_REDACTED, Kind.DATASET_EXPORTED, Kind.PLATES_SEARCHED})
_WORDS = tuple(f'"{kind}"'.encode() for kind in sorted(LOOKS))


@dataclass(frozen=True, slots=True)
class View:
    """One look. `purpose` as it was entered: a later version may know more of them."""

    entry: int
    at: str
    kind: Kind | str
    case_id: str | None
    """None of a search, and of a data set, which has several."""
    by: str
    purpose: str
    text: str
    count: int | None
    """Of a search what was found, of a data set its cases."""


def views(
    ledger: SqlLedger, case_id: str | None = None, officer: str | None = None, query: str | None = None
) -> Iterator[View]:
    """Looks in their order, of one case or of one officer (a whole name, or a whole licence number), or all.

    `query`: searches for that alone, as the ledger has it (`searching.hidden`). Raises StoreError for an entry that
    cannot be read.
    """
    for row in _rows(ledger, case_id, query):
        if not any(word in row.entry for word in _WORDS):
            continue
        try:
            one = read_entry(row.entry).happening
        except ValueError as error:
            raise StoreError(
                f"entry {row.seq} of the ledger cannot be read",
                where=ledger.origin,
                remedy="`streetproof ledger check` says what is wrong with it",
            ) from error
        # Copies that go into a release were looked at before; the release tells what for.
        if one.kind not in LOOKS or "purpose" not in one.data:
            continue
        name, _, licence = one.by.rpartition(" ")
        if officer not in (None, one.by, name, licence) or not _asked(one, case_id, query):
            continue
        yield _view(row.seq, one)


def _rows(ledger: SqlLedger, case_id: str | None, query: str | None) -> Iterator[Row]:
    searches = ledger.rows_about(searching.ABOUT)
    if query is not None:
        return searches
    sets = ledger.rows_about(training.ABOUT)
    of_cases = ledger.about_cases() if case_id is None else ledger.rows_about(case_id)
    return heapq.merge(of_cases, sets, *([searches] if case_id is None else []), key=lambda row: row.seq)


def _asked(one: Happening, case_id: str | None, query: str | None) -> bool:
    if query is not None:
        return one.data.get("query_hmac_sha256") == query
    if case_id is None or one.kind is not Kind.DATASET_EXPORTED:
        return True
    ids = one.data.get("ids")
    return isinstance(ids, list) and case_id in ids


def _view(number: int, one: Happening) -> View:
    counted = one.data.get("found", one.data.get("cases"))
    return View(
        number,
        one.at,
        one.kind,
        one.about if one.kind in (Kind.CASE_VIEWED, Kind.CASE_REDACTED) else None,
        one.by,
        str(one.data["purpose"]),
        str(one.data.get("text", "")),
        counted if isinstance(counted, int) else None,
    )
