"""What is signed goes on from what was signed before, whatever somebody has made of the database meanwhile."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evidence_export.keys import Ed25519Signer, load_or_create_key
from evidence_export.ledger import tree
from evidence_export.ledger.checkpoint import read_note, signed
from evidence_export.ledger.entry import Entry, Kind, read_entry
from streetproof.ledgers import signing
from streetproof.ledgers.bookkeeping import Bookkeeper, ledger_of
from streetproof.store.database import Store
from tests.streetproof.commands import Ran
from tests.streetproof.ledger.conftest import books, case

Command = Callable[..., Ran]


def seal_cases(data: Path, numbers: range) -> None:
    """They are sealed, and wait to be entered."""
    with Store.open_file(data / "state.db", by="batch") as store:
        for number in numbers:
            store.remember_case(case(number), f"{number:064x}")


def write_anew(data: Path, key: Ed25519Signer) -> None:
    """What whoever has the database and not the key can do: a ledger at one with itself that says something else."""
    with ledger_of(data, "yuhang") as ledger:
        origin = ledger.origin
    for leftover in data.glob("ledger.db*"):
        leftover.unlink()
    other = data.parent / "anew"
    other.mkdir()
    books(other, key, range(7, 12))
    shutil.move(other / "ledger.db", data / "ledger.db")
    with sqlite3.connect(data / "ledger.db") as connection:
        connection.execute("DELETE FROM ledger_checkpoint")
        connection.execute("UPDATE ledger_head SET origin = ?", (origin,))
    connection.close()


def test_entries_that_nobody_has_signed_yet_are_told_and_signed(data: Path, key: Ed25519Signer, run: Command) -> None:
    books(data, key, range(3))
    seal_cases(data, range(3, 5))
    with Store.open_file(data / "state.db") as store, ledger_of(data, "yuhang") as ledger:
        Bookkeeper(store, ledger).enter()
    told = run("check", "--data", data, "--json").json
    assert (told["entries"], told["unsigned_entries"], told["faults"]) == (5, 2, [])
    assert "last 2 entries are not signed" in run("check", "--data", data, "--lang", "en").out
    assert "最后 2 条尚未签名" in run("check", "--data", data, "--lang", "zh").out
    witness = run("witness", data.parent / "检察院", "--data", data, "--lang", "en")
    assert witness.code == 0 and "2 entries since then are not signed" in witness.out
    seal_cases(data, range(5, 6))
    assert run("sign", "--data", data, "--json").json == {"signed": True, "entries": 6}
    assert run("sign", "--data", data, "--json").json == {"signed": False, "entries": 6}
    assert "6 条均已签名" in run("sign", "--data", data, "--lang", "zh").out
    assert run("check", "--data", data, "--json").json["unsigned_entries"] == 0


def test_a_ledger_that_was_written_anew_is_not_signed_and_told(data: Path, key: Ed25519Signer, run: Command) -> None:
    books(data, key, range(5))
    write_anew(data, key)
    ran = run("check", "--data", data, "--json")
    assert ran.code == 1 and {one["fault"] for one in ran.json["faults"]} == {"root"}
    assert ran.json["faults"][0]["where"].startswith("kept checkpoint 1")
    refused = run("sign", "--data", data)
    assert refused.code == 4 and "does not begin with the 5" in refused.err
    with Store.open_file(data / "state.db") as store, ledger_of(data, "yuhang") as ledger:
        with pytest.raises(signing.LedgerError, match="does not begin with"):
            Bookkeeper(store, ledger).checkpoint(data, key)
        assert ledger.last_checkpoint() is None, "nothing was signed"


def test_hashes_that_were_left_in_place_vouch_for_nothing(data: Path, key: Ed25519Signer, run: Command) -> None:
    """The old root comes out of hashes that are kept: it alone does not show that the new one goes on from it."""
    books(data, key, range(7))
    seal_cases(data, range(7, 8))
    with Store.open_file(data / "state.db") as store, ledger_of(data, "yuhang") as ledger:
        Bookkeeper(store, ledger).enter()
        rows = [(row.seq, read_entry(row.entry)) for row in ledger.rows()]
    forged = [Entry(seq, replace(one.happening, by="somebody else")).to_bytes() for seq, one in rows[:6]]
    leaves = [tree.leaf_hash(one) for one in forged]
    with ledger_of(data, "yuhang") as ledger, ledger.looking() as lookup:
        kept = [lookup(0, 6), lookup(0, 7)]
        first, last = [tree.node_hash(*leaves[n : n + 2]) for n in (0, 2, 4)], lookup(1, 3)
    pairs = [*first, last]
    fours = [tree.node_hash(pairs[0], pairs[1]), tree.node_hash(pairs[2], pairs[3])]
    assert len(kept) == 2
    with sqlite3.connect(data / "ledger.db") as connection:
        connection.execute("DELETE FROM ledger_checkpoint")
        for seq, (entry, leaf) in enumerate(zip(forged, leaves, strict=True)):
            connection.execute("UPDATE ledger_entry SET entry = ?, leaf = ? WHERE seq = ?", (entry, leaf, seq))
        # (2, 0) and (1, 2) stay: with leaf 6 they make the root of seven that was signed.
        root = tree.node_hash(*fours)
        connection.execute("UPDATE ledger_node SET hash = ? WHERE level = 3 AND number = 0", (root,))
    connection.close()
    refused = run("sign", "--data", data)
    assert refused.code == 4 and "does not begin with the 7" in refused.err
    with ledger_of(data, "yuhang") as ledger:
        assert ledger.last_checkpoint() is None


def test_a_ledger_under_another_name_is_not_signed_before_somebody_answers_for_it(
    data: Path, key: Ed25519Signer, run: Command
) -> None:
    books(data, key, range(3))
    with sqlite3.connect(data / "ledger.db") as connection:
        connection.execute("DELETE FROM ledger_checkpoint")
        connection.execute("UPDATE ledger_head SET origin = origin || 'x'")
    connection.close()
    refused = run("sign", "--data", data)
    assert refused.code == 4 and "what was signed last is" in refused.err
    assert run("check", "--data", data).code == 1
    lost = ("--restored", "the disk was replaced", "--officer", "张三")
    assert run("sign", "--data", data, *lost).code == 0 and run("check", "--data", data).code == 0


def test_a_folder_of_an_earlier_version_keeps_its_last_checkpoint_from_then_on(
    data: Path, key: Ed25519Signer, run: Command
) -> None:
    books(data, key, range(3))
    note = signing.kept_at(data)
    (data / signing.NAME).unlink()
    assert run("sign", "--data", data, "--json").json == {"signed": False, "entries": 3}
    assert signing.kept_at(data) == note
    (data / signing.NAME).unlink()
    with sqlite3.connect(data / "ledger.db") as connection:
        true = read_note(note or b"").checkpoint
        forged = signed(replace(true, root=b"\0" * 32), load_or_create_key(data.parent / "other.pem"))
        connection.execute("UPDATE ledger_checkpoint SET note = ?", (forged,))
    connection.close()
    told = run("sign", "--data", data, "--json").json
    assert told == {"signed": True, "entries": 3}, "what another key has signed proves nothing"


@pytest.mark.parametrize("note", [b"", b"no note", b"\xff" * 9000])
def test_a_last_checkpoint_that_is_none_stops_nobody_from_signing(
    data: Path, key: Ed25519Signer, run: Command, note: bytes
) -> None:
    books(data, key, range(3))
    with sqlite3.connect(data / "ledger.db") as connection:
        connection.execute("UPDATE ledger_checkpoint SET note = ?", (note,))
    connection.close()
    refused = run("witness", data.parent / "检察院", "--data", data)
    assert refused.code == 4 and "the newest checkpoint is none" in refused.err
    assert run("sign", "--data", data, "--json").json == {"signed": True, "entries": 3}
    assert {one["fault"] for one in run("check", "--data", data, "--json").json["faults"]} == {"not_a_checkpoint"}


def test_without_any_checkpoint_nothing_is_called_in_order(data: Path, key: Ed25519Signer, run: Command) -> None:
    books(data, key, range(5))
    write_anew(data, key)
    (data / signing.NAME).unlink()
    ran = run("check", "--data", data, "--json")
    assert ran.code == 1 and [one["fault"] for one in ran.json["faults"]] == ["no_checkpoint"]
    assert "无从知道" in run("check", "--data", data, "--lang", "zh").out


def test_a_backup_that_was_brought_back_is_signed_once_somebody_says_so(
    data: Path, key: Ed25519Signer, run: Command
) -> None:
    books(data, key, range(2))
    assert run("sign", "--data", data, "--restored", "disk failed").code == 2, "who?"
    nothing = run("sign", "--data", data, "--restored", "disk failed", "--officer", "张三")
    assert nothing.code == 4 and "nothing is lost" in nothing.err
    backup = data.parent / "ledger.backup"
    shutil.copy(data / "ledger.db", backup)
    books(data, key, range(2, 5))
    for leftover in data.glob("ledger.db*"):
        leftover.unlink()
    shutil.copy(backup, data / "ledger.db")
    assert run("sign", "--data", data).code == 4
    assert run("sign", "--data", data, "--restored", "磁盘损坏 disk failed", "--officer", "张三").code == 0
    with ledger_of(data, "yuhang") as ledger:
        entered = [read_entry(row.entry).happening for row in ledger.rows()]
    (found,) = [one for one in entered if one.kind is Kind.LEDGER_RESTORED]
    lost: dict[str, Any] = dict(found.data)
    assert (found.by, lost["size"], lost["reason"]) == ("张三", 5, "磁盘损坏 disk failed") and len(lost["root"]) == 64
    assert run("check", "--data", data).code == 0
    books(data, key, range(5, 6))
    assert run("check", "--data", data).code == 0


def test_a_killed_run_leaves_the_older_one_and_the_next_signs(
    data: Path, key: Ed25519Signer, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    books(data, key, range(2))
    before = signing.kept_at(data)
    monkeypatch.setattr(signing, "_keep", lambda *_: None)  # dies in between
    books(data, key, range(2, 4))
    monkeypatch.undo()
    monkeypatch.setenv("STREETPROOF_KEYS", str(data.parent / "keys"))
    assert signing.kept_at(data) == before and run("check", "--data", data).code == 0
    books(data, key, range(4, 5))
    assert signing.kept_at(data) != before and run("check", "--data", data).code == 0


@pytest.mark.parametrize("content", [b"", b"no note", b"x" * 100_000])
def test_a_damaged_memory_stops_signing_and_says_what_to_do(
    data: Path, key: Ed25519Signer, run: Command, content: bytes
) -> None:
    books(data, key, range(2))
    (data / signing.NAME).write_bytes(content)
    seal_cases(data, range(2, 3))
    ran = run("sign", "--data", data)
    assert ran.code == 4 and "backup" in ran.err and signing.NAME in ran.err
    assert run("check", "--data", data).code == 1


def test_a_folder_without_a_key_gets_none_made_for_it(
    data: Path, key: Ed25519Signer, run: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    books(data, key, range(1))
    monkeypatch.setenv("STREETPROOF_KEYS", str(tmp_path / "none"))
    ran = run("sign", "--data", data)
    assert ran.code == 4 and "no key of this site" in ran.err and not (tmp_path / "none").exists()
