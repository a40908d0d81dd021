"""`streetproof ledger`: what an auditor does with it, and what somebody who tampers runs into."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evidence_export.keys import Ed25519Signer, load_or_create_key, open_keys
from evidence_export.ledger.entry import Kind, read_entry
from streams.instant import NS_PER_S
from streetproof.ledgers import signing
from streetproof.ledgers.bookkeeping import Bookkeeper, ledger_of
from streetproof.store.database import Store
from streetproof.store.holds import Hold
from tests.streetproof.commands import Ran, inside
from tests.streetproof.ledger.conftest import books, case


@pytest.fixture
def public(tmp_path: Path, key: Ed25519Signer) -> Path:
    path = tmp_path / "site-key.pub.pem"
    path.write_bytes(key.public_key_pem)
    return path


def entries(data: Path) -> list[Any]:
    with ledger_of(data, "yuhang") as ledger:
        return [read_entry(row.entry).happening for row in ledger.rows()]


def test_everything_in_order_is_said_with_what_it_cannot_know(
    data: Path, key: Ed25519Signer, run: Callable[..., Ran]
) -> None:
    books(data, key, range(3))
    ran = run("check", "--data", data, "--lang", "en")
    assert ran.code == 0 and "3 entries, 1 checkpoints" in ran.out and "--witness" in ran.out
    assert "完整无误" in run("check", "--data", data, "--lang", "zh").out
    told = run("check", "--data", data, "--json").json
    assert (told["entries"], told["checkpoints"], told["faults"]) == (3, 1, [])


def test_a_tampered_ledger_is_told_as_what_happened_to_it(
    data: Path, key: Ed25519Signer, run: Callable[..., Ran]
) -> None:
    books(data, key, range(3))
    with sqlite3.connect(data / "ledger.db") as connection:
        connection.execute("DELETE FROM ledger_entry WHERE seq = 1")
    connection.close()
    ran = run("check", "--data", data, "--lang", "en")
    assert ran.code == 1 and "missing (deleted): entry 1" in ran.out and "not what was signed" in ran.out
    told = run("check", "--data", data, "--lang", "zh").out
    assert "✗ 条目缺失（被删除）：第 1 条：缺失：前后编号都在" in told
    assert "✗ 与已签名的检查点不符：检查点 1（" in told and "前 3 条与签署时不同" in told
    assert "missing" not in told and "entry" not in told and "signed" not in told
    assert {one["fault"] for one in run("check", "--data", data, "--json").json["faults"]} >= {"missing", "root"}


def test_without_a_ledger_or_a_key_one_is_told_what_to_type(
    data: Path, tmp_path: Path, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETPROOF_KEYS", str(tmp_path / "nowhere"))
    none = run("check", "--data", data)
    assert none.code == 4 and "--data" in none.err
    books(data, load_or_create_key(tmp_path / "elsewhere.pem"), range(1))
    without = run("check", "--data", data)
    assert without.code == 4 and "--key" in without.err and "yuhang.pem" in without.err
    broken = tmp_path / "broken.pem"
    broken.write_bytes(b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
    ran = run("check", "--data", data, "--key", broken)
    assert ran.code == 4 and "c2VjcmV0" not in ran.err + ran.out


def test_the_ledger_of_another_key_is_not_signed(data: Path, tmp_path: Path, key: Ed25519Signer, run: Any) -> None:
    books(data, load_or_create_key(tmp_path / "other.pem"), range(1))
    ran = run("check", "--data", data, "--lang", "en")
    assert ran.code == 1 and "not signed by the site" in ran.out
    assert run("check", "--data", data, "--key", tmp_path / "other.pem").code == 0


def test_a_proof_is_checked_with_the_public_key_alone(
    data: Path, key: Ed25519Signer, public: Path, tmp_path: Path, run: Callable[..., Ran]
) -> None:
    books(data, key, range(20))
    made = run("prove", "SP-7", "--data", data)
    assert made.code == 0
    proof = tmp_path / "证明 7.json"
    proof.write_text(made.out, encoding="utf-8")
    shutil.rmtree(data)
    good = run("verify", proof, "--key", public)
    assert good.code == 0 and "case.sealed SP-7" in good.out
    told = json.loads(made.out)
    for change in (
        {"seq": 8},
        {"entry": told["entry"].replace("SP-7", "SP-8")},
        {"proof": told["proof"][:-1]},
        {"proof": [told["proof"][0], *told["proof"]]},
        {"proof": ["00" * 32, *told["proof"][1:]]},
        {"checkpoint": told["checkpoint"].replace("\n20\n", "\n21\n")},
        {"checkpoint": "x"},
        {"format": "else"},
        {"proof": "ab"},
        {"seq": None},
    ):
        proof.write_text(json.dumps(told | change), encoding="utf-8")
        bad = run("verify", proof, "--key", public)
        assert bad.code == 1, change
    for text in ("", "[]", "{}", "[[[", "[1]", "nul"):
        proof.write_text(text, encoding="utf-8")
        assert run("verify", proof, "--key", public).code == 1, text
    other = tmp_path / "other.pem"
    other.write_bytes(load_or_create_key(tmp_path / "o.pem").public_key_pem)
    proof.write_text(json.dumps(told), encoding="utf-8")
    assert "not signed by that key" in run("verify", proof, "--key", other).out


def test_a_checkpoint_verifies_with_openssl(
    data: Path, key: Ed25519Signer, public: Path, tmp_path: Path, run: Callable[..., Ran]
) -> None:
    """By hand, as docs/ledger.md says."""
    import base64

    books(data, key, range(2))
    note = json.loads(run("prove", "0", "--data", data).out)["checkpoint"]
    text, _, signatures = note.partition("\n\n")
    (tmp_path / "text").write_bytes(text.encode() + b"\n")
    (tmp_path / "signature").write_bytes(base64.b64decode(signatures.split()[2])[4:])
    done = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", tmp_path / "text", "-sigfile",
         tmp_path / "signature"],
        capture_output=True,
        check=False,
    )  # fmt: skip
    assert b"Signature Verified Successfully" in done.stdout + done.stderr


def test_what_is_not_in_the_ledger_is_not_proven(data: Path, key: Ed25519Signer, run: Callable[..., Ran]) -> None:
    books(data, key, range(2))
    for about in ("SP-9", "99", "' OR 1=1 --", "SP"):
        ran = run("prove", about, "--data", data)
        assert (ran.code == 4 and "no entry of that name" in ran.err) or "after the newest" in ran.err
    assert len(json.loads(run("prove", "1", "--data", data).out)["proof"]) == 1


def test_a_witness_finds_what_the_ledger_alone_cannot(
    data: Path, key: Ed25519Signer, tmp_path: Path, run: Callable[..., Ran]
) -> None:
    kept = tmp_path / "检察院 保存"
    books(data, key, range(3))
    old = tmp_path / "old.db"
    shutil.copy(data / "ledger.db", old)
    books(data, key, range(3, 6))
    assert run("witness", kept, "--data", data).code == 0
    assert run("witness", kept, "--data", data).code == 0, "a second time changes nothing"
    assert len(list(kept.glob("*.checkpoint"))) == 1
    assert run("check", "--data", data, "--witness", kept).code == 0
    for leftover in data.glob("ledger.db*"):
        leftover.unlink()
    shutil.copy(old, data / "ledger.db")
    assert "kept checkpoint" in run("check", "--data", data, "--lang", "en").out, "the database alone was set back"
    (data / signing.NAME).unlink()  # who has the whole server takes that away as well
    assert run("check", "--data", data).code == 0, "an old copy is at one with itself"
    ran = run("check", "--data", data, "--witness", kept, "--lang", "en")
    assert ran.code == 1 and "cut, or set back" in ran.out
    refused = run("witness", kept, "--data", data)
    assert refused.code == 4 and "does not begin with the 6" in refused.err
    assert run("check", "--data", data, "--witness", tmp_path / "leer").code == 4


def test_what_happens_is_noted_where_it_happens_and_entered_once(data: Path, key: Ed25519Signer) -> None:
    with Store.open_file(data / "state.db", by="daemon") as store:
        store.remember_case(case(1), "a" * 64)
        store.remember_case(case(1), "b" * 64)
        store.holds.place(Hold("SP-1", "gate-1", 1 * NS_PER_S, 2 * NS_PER_S, "申诉"))
        store.holds.place(Hold("SP-1", "gate-1", 1 * NS_PER_S, 2 * NS_PER_S, "申诉"))
        assert store.holds.release("SP-1") == 1
        assert store.holds.release("SP-1") == 0
        assert store.happenings.waiting() == 3
    books(data, key)
    books(data, key)
    found = entries(data)
    assert [one.kind for one in found] == [Kind.CASE_SEALED, Kind.HOLD_PLACED, Kind.HOLD_LIFTED]
    assert found[0].data["manifest_sha256"] == "a" * 64 and {one.by for one in found} == {"daemon"}
    assert found[1].data["why"] == "申诉"


def test_killed_between_entering_and_forgetting_enters_nothing_twice(data: Path, key: Ed25519Signer) -> None:
    with Store.open_file(data / "state.db", by="daemon") as store, ledger_of(data, "yuhang") as ledger:
        store.remember_case(case(1), "a" * 64)
        keeper = Bookkeeper(store, ledger)
        monkey = pytest.MonkeyPatch()
        with monkey.context() as patched:
            patched.setattr(store.happenings, "entered", lambda ids: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                keeper.enter()
        assert ledger.size() == 1 and store.happenings.waiting() == 1
        store.remember_case(case(2), "b" * 64)
    books(data, key)
    assert [one.about for one in entries(data)] == ["SP-1", "SP-2"]


def test_a_state_database_that_was_lost_goes_on_under_another_name(data: Path, key: Ed25519Signer) -> None:
    books(data, key, range(2))
    (data / "state.db").unlink()
    books(data, key, range(2))
    assert [one.about for one in entries(data)] == ["SP-0", "SP-1", "SP-0", "SP-1"], (
        "what was found again is said again"
    )


def test_no_checkpoint_is_signed_twice_for_the_same(data: Path, key: Ed25519Signer) -> None:
    for _ in range(3):
        books(data, key, range(1))
    with ledger_of(data, "yuhang") as ledger:
        assert len(list(ledger.checkpoints())) == 1


def test_after_a_rotation_the_ledger_goes_on_under_the_new_key(
    data: Path, tmp_path: Path, run: Callable[..., Ran], capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    """What an earlier key has signed stays good, without anybody naming it."""
    monkeypatch.setenv("STREETPROOF_KEYS", str(tmp_path / "密钥"))

    def keys(*arguments: object) -> None:
        done = inside(capsys, monkeypatch, "keys", *arguments)
        assert done.code == 0, done.err

    bare = tmp_path / "密钥" / "yuhang.pem"
    books(data, open_keys(bare).first, range(1))
    keys("init", "--site", "yuhang")
    folder = tmp_path / "密钥" / "yuhang"
    books(data, open_keys(folder).first, range(1, 2))
    first = open_keys(folder).first.fingerprint
    keys("rotate", "--site", "yuhang")
    assert open_keys(folder).first.fingerprint != first
    books(data, open_keys(folder).first, range(2, 4))
    checked = run("check", "--data", data, "--json")
    assert checked.code == 0 and checked.json["checkpoints"] == 3
    only_new = tmp_path / "new.pem"
    only_new.write_bytes(open_keys(folder).first.public_key_pem)
    half = run("check", "--data", data, "--key", only_new, "--json").json
    assert {one["fault"] for one in half["faults"]} == {"unsigned"}
    three = ("--key", bare, "--key", folder / "key-1.cert.pem", "--key", only_new)
    assert run("check", "--data", data, *three).code == 0
