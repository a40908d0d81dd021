"""Entries have one form, which also those keep that a later version has entered."""

from __future__ import annotations

import pytest

from evidence_export.bag import canonical
from evidence_export.bag.canonical import JsonValue
from evidence_export.ledger.entry import Entry, Happening, Kind, read_entry

WRITTEN: dict[str, JsonValue] = {
    "v": 1, "seq": 7, "kind": "case.sealed", "at": "2026-11-30T08:00:00Z", "by": "batch", "about": "SP-1",
    "data": {"sha256": "ab" * 32},
}  # fmt: skip


def test_what_was_entered_is_read_as_it_was() -> None:
    entry = Entry(7, Happening(Kind.CASE_SEALED, "2026-11-30T08:00:00Z", "batch", "SP-1", {"sha256": "ab" * 32}))
    assert entry.to_bytes() == canonical.dumps(WRITTEN) and read_entry(entry.to_bytes()) == entry
    assert read_entry(entry.to_bytes()).happening.kind is Kind.CASE_SEALED


@pytest.mark.parametrize("kind", ["case.praised", "weather"])
def test_what_a_later_version_has_entered_is_an_entry_all_the_same(kind: str) -> None:
    """Else every release whose ledger holds one would fail with those who have the earlier verifier."""
    data = canonical.dumps({**WRITTEN, "kind": kind})
    found = read_entry(data)
    assert found.happening.kind == kind and found.to_bytes() == data
    assert all(found.happening.kind is not known for known in Kind)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "Case.Sealed"), ("kind", "case.sealed.twice"), ("kind", ""), ("kind", "case sealed"), ("kind", 7),
        ("at", "２０26-11-30T08:00:00Z"), ("at", "2026-11-30 08:00:00"), ("at", "2026-11-30T08:00:00+08:00"),
        ("seq", -1), ("seq", True), ("seq", "7"), ("by", ""), ("by", "a\nb"), ("about", "x" * 501), ("data", []),
        ("v", 2), ("extra", 1),
    ],
)  # fmt: skip
def test_what_is_no_entry_is_refused_in_words(field: str, value: JsonValue) -> None:
    with pytest.raises(ValueError, match=r"entry|`"):
        read_entry(canonical.dumps({**WRITTEN, field: value}))
