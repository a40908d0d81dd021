"""What must be true of a data folder: in the middle of things, and once all is done."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from evidence_export.bag.digest import digest_file
from evidence_export.bag.pubkey import PublicKey
from evidence_export.ledger.check import check
from evidence_export.ledger.entry import Kind, read_entry
from evidence_export.verifier import verify
from streetproof.databases.opening import ledger_of, url_of
from streetproof.databases.place import FILE, STATE, read_place_alone

_CASES = 'SELECT id, bundle FROM "case"'


@dataclass(frozen=True, slots=True)
class Expected:
    """`key`: the site key; `notices`: people are told, and footage is held: the daemon's path."""

    key: PublicKey
    originals: dict[str, str]
    """SHA-256 of each recording, by its path."""
    notices: bool = False


def half_way(data: Path, expected: Expected) -> None:
    """After a crash, before anything is started again: under a case's name stands a whole case or nothing."""
    for found in _entries(data / "cases"):
        if not found.name.endswith(".partial"):
            report = verify(found, trusted_key=expected.key.fingerprint)
            assert report.ok, f"half a case stands under the name {found.name}: {report.culprits}"
    for case_id, bundle in _rows(data, _CASES):
        assert (data / bundle).exists(), f"the database knows {case_id}, which is not there"
    _originals(expected)


def all_done(data: Path, expected: Expected) -> None:
    """After all was done: exactly one whole case, known once to everybody."""
    entries = _entries(data / "cases")
    assert len(entries) == 1, f"one case and nothing else, not {[one.name for one in entries]}"
    (bundle,) = entries
    report = verify(bundle, trusted_key=expected.key.fingerprint)
    assert report.ok and report.case_id is not None, report.culprits
    rows = _rows(data, _CASES)
    assert rows == [(report.case_id, f"cases/{bundle.name}")], f"the database knows {rows}"
    assert _rows(data, "SELECT count(*) FROM happening") == [(0,)], "something waits for the ledger"
    if (data / STATE).exists():
        assert _rows(data, "PRAGMA integrity_check") == [("ok",)]
    with ledger_of(data) as ledger:
        faults = list(check(ledger, [expected.key]))
        assert not faults, faults
        sealed = [
            entry.happening
            for row in ledger.rows()
            if (entry := read_entry(row.entry)).happening.kind is Kind.CASE_SEALED
        ]
        assert ledger.last_checkpoint() is not None
    assert [(one.about, one.data["manifest_sha256"]) for one in sealed] == [(report.case_id, report.manifest_sha256)]
    if expected.notices:
        _told_once(data, report.case_id)
        assert _rows(data, "SELECT state FROM finding") == [("sealed",)]
        held = _rows(data, "SELECT DISTINCT case_id FROM hold")
        assert held == [(report.case_id,)], f"its footage is to be held for it alone, not for {held}"
    _originals(expected)
    drafts = [str(one) for one in data.rglob("*.partial")]
    assert not drafts, f"drafts are left: {drafts}"


def _told_once(data: Path, case_id: str) -> None:
    told = [json.loads(str(body))["data"] for (body,) in _rows(data, "SELECT body FROM notice WHERE kind = 'lead'")]
    assert [one["case"] for one in told if "case" in one] == [case_id], f"people are told {told}"
    assert len([one for one in told if "stay" in one]) == 1, f"people are told {told}"
    assert len(_rows(data, "SELECT notice FROM notice_delivery")) == 2, "each has one target"


def _originals(expected: Expected) -> None:
    for path, sha256 in expected.originals.items():
        assert digest_file(Path(path)).sha256 == sha256, f"{path} is not what was recorded"


def _entries(cases: Path) -> list[Path]:
    return sorted(cases.iterdir()) if cases.is_dir() else []


def _rows(data: Path, query: str) -> list[tuple[object, ...]]:
    """Read as a program does that begins now: what was committed is there, what was not is not. None where the database
    has no tables yet."""
    place = read_place_alone(data)
    if place is not None:
        import psycopg

        url = url_of(place.database, data / FILE).set(drivername="postgresql")
        with closing(psycopg.connect(url.render_as_string(hide_password=False))) as server:
            return server.execute(query.encode()).fetchall()
    if not (data / STATE).exists():
        return []
    with closing(sqlite3.connect(data / STATE)) as connection:
        made = connection.execute("SELECT name FROM sqlite_master WHERE name = 'case'").fetchall()
        return connection.execute(query).fetchall() if made else []
