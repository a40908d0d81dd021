"""Checkpoints at a witness that is a web server: whatever it answers, an officer is told what happened."""

from __future__ import annotations

import logging
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from evidence_export.keys import load_or_create_key
from evidence_export.ledger.log import Ledger
from streetproof.ledgers.reading import LedgerError
from streetproof.ledgers.witness import hand_over_to, witnessed_at
from streetproof.ledgers.witness_http import PASSWORD, TOKEN, USER, witness_at
from streetproof.store.ledger.database import SqlLedger
from tests.ports import reserved_port
from tests.streetproof.commands import Ran, command, inside
from tests.streetproof.daemon.receivers import certificate
from tests.streetproof.objects.test_witness import enter
from tests.streetproof.objects.witnesses import Answer, Shelf, answering, receiver, reply

SECRET = "a-token-that-nobody-is-told"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlLedger]:
    """A ledger of five entries, with a checkpoint."""
    data = tmp_path / "数据"
    data.mkdir()
    monkeypatch.setenv("STREETPROOF_KEYS", str(tmp_path / "keys"))
    with SqlLedger.open_file(data / "ledger.db", "west") as opened:
        enter(Ledger(opened), 5)
        sign(opened, tmp_path)
        yield opened


def sign(store: SqlLedger, tmp_path: Path, at: str = "2026-03-03T00:05:00Z") -> None:
    Ledger(store).checkpoint(load_or_create_key(tmp_path / "keys" / "west.pem"), at)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def url(shelf: Shelf) -> Iterator[str]:
    with answering(shelf) as found:
        yield found


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    return lambda *args: inside(capsys, monkeypatch, "ledger", *args, width=300)


def test_the_receiver_of_the_document_finds_a_rewritten_ledger_on_the_command_line(
    store: SqlLedger, tmp_path: Path, run: Callable[..., Ran]
) -> None:
    """What was handed over to a process of somebody else's tells an older copy of the ledger from the ledger."""
    data, kept = tmp_path / "数据", tmp_path / "kept"
    kept.mkdir()
    with receiver(kept) as url:
        empty = run("check", "--data", data, "--witness", url)
        assert empty.code == 4 and "holds no checkpoint" in empty.err
        done = run("witness", url, "--data", data, "--json")
        assert done.code == 0 and [done.json["checkpoint"]] == [f"{url}{path.name}" for path in kept.iterdir()]
        with closing(sqlite3.connect(data / "ledger.db")) as now, closing(sqlite3.connect(tmp_path / "old.db")) as old:
            now.backup(old)
        enter(Ledger(store), 3)
        sign(store, tmp_path)
        assert run("witness", url, "--data", data).code == 0 and len(list(kept.iterdir())) == 2
        assert run("check", "--data", data, "--witness", url).code == 0
        store.close()
        for leftover in data.glob("ledger.db*"):
            leftover.unlink()
        shutil.copy(tmp_path / "old.db", data / "ledger.db")
        found = run("check", "--data", data, "--witness", url, "--lang", "zh")
        assert found.code == 1 and "账本被截短或回退" in found.out
        refused = run("witness", url, "--data", data)
        assert refused.code == 4 and "does not begin with the 8" in refused.err


def test_what_is_there_is_never_replaced(store: SqlLedger, shelf: Shelf, url: str, tmp_path: Path) -> None:
    """Nor sent again: a checkpoint that was signed anew over the same entries says nothing new."""
    hand_over_to(store, url)
    assert [one["If-None-Match"] for one in shelf.headers if "If-None-Match" in one] == ["*"]
    before = dict(shelf.kept)
    sign(store, tmp_path, "2026-03-03T00:06:00Z")
    hand_over_to(store, url)
    assert shelf.kept == before and len(shelf.puts) == 1


def test_another_checkpoint_that_comes_in_between_is_found_and_left(
    store: SqlLedger, shelf: Shelf, url: str, tmp_path: Path
) -> None:
    """The list was empty, then somebody had put a forked one: the witness refuses, and that is looked into."""
    with SqlLedger.open_file(tmp_path / "fork.db", "west") as fork:
        enter(Ledger(fork), 4)
        enter(Ledger(fork), 1)
        fork_note = note_as(fork, store, tmp_path)

    def overtaken(handler: BaseHTTPRequestHandler) -> None:
        shelf.kept[handler.path.rpartition("/")[2]] = fork_note
        reply(412)(handler)

    shelf.instead["PUT"] = overtaken
    with pytest.raises(LedgerError, match="did not keep the checkpoint"):
        hand_over_to(store, url)
    assert list(shelf.kept.values()) == [fork_note]


def note_as(fork: SqlLedger, store: SqlLedger, tmp_path: Path) -> bytes:
    """A checkpoint of another history, under the name of this ledger."""
    from evidence_export.ledger.checkpoint import Checkpoint, signed

    key = load_or_create_key(tmp_path / "keys" / "west.pem")
    return signed(Checkpoint(store.origin, fork.size(), Ledger(fork).root(fork.size()), "2026-03-03T00:05:00Z"), key)


def test_a_forked_checkpoint_is_a_fault_with_its_own_exit_code(
    store: SqlLedger, shelf: Shelf, url: str, tmp_path: Path, run: Callable[..., Ran]
) -> None:
    hand_over_to(store, url)
    with SqlLedger.open_file(tmp_path / "fork.db", "west") as fork:
        enter(Ledger(fork), 4)
        enter(Ledger(fork), 1)
        shelf.kept = {name: note_as(fork, store, tmp_path) for name in shelf.kept}
    ran = run("check", "--data", tmp_path / "数据", "--witness", url, "--lang", "en")
    assert ran.code == 1 and "not what was signed" in ran.out
    refused = run("witness", url, "--data", tmp_path / "数据")
    assert refused.code == 4 and "does not begin with the 5" in refused.err


def test_an_older_checkpoint_under_a_newer_name_is_told(
    store: SqlLedger, shelf: Shelf, url: str, tmp_path: Path
) -> None:
    hand_over_to(store, url)
    enter(Ledger(store), 2)
    sign(store, tmp_path)
    hand_over_to(store, url)
    old, new = sorted(shelf.kept)
    shelf.kept[new] = shelf.kept[old]
    for ask in (hand_over_to, witnessed_at):
        with pytest.raises(LedgerError, match="another checkpoint under this name"):
            ask(store, url)


def test_a_hand_over_costs_the_same_after_years_and_check_asks_for_all(
    store: SqlLedger, shelf: Shelf, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streetproof.ledgers.witness._NEWEST", 2)
    for number in range(4):
        enter(Ledger(store), 1)
        sign(store, tmp_path, f"2026-03-03T01:0{number}:00Z")
        hand_over_to(store, url)
    enter(Ledger(store), 1)
    sign(store, tmp_path, "2026-03-03T01:09:00Z")
    shelf.headers.clear()
    hand_over_to(store, url)
    assert len(shelf.headers) == 1 + 2 + 4, "the list, two that are there; look, put, read back, list"
    assert len(witnessed_at(store, url)) == 5


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):
        while True:
            handler.wfile.write(b"x" * 65536)


def packed(handler: BaseHTTPRequestHandler) -> None:
    import gzip

    reply(200, gzip.compress(b"\0" * (64 << 20)), **{"Content-Encoding": "gzip"})(handler)


@pytest.mark.parametrize(
    ("what", "answer", "said", "zh"),
    [
        ("LIST", reply(503), "answers with status 503", "见证方返回状态 503"),
        ("LIST", reply(302, Location="http://127.0.0.1:1/"), "sends elsewhere (status 302)", "不予跟随"),
        ("LIST", reply(401), "does not let this office in", "见证方拒绝访问"),
        ("LIST", reply(404), "has no such folder", "没有该文件夹"),
        ("LIST", endless, "longer than 8388608 bytes", "超过 8388608 字节"),
        ("GET", reply(500), "answers with status 500", "见证方返回状态 500"),
        ("GET", endless, "longer than 8192 bytes", "超过 8192 字节"),
        ("GET", packed, "longer than 8192 bytes", "超过 8192 字节"),
        ("GET", reply(200, b"<html>log in</html>"), "is no checkpoint", "返回的不是检查点"),
        ("PUT", reply(507), "answers with status 507", "见证方返回状态 507"),
        ("PUT", reply(307, Location="/x/y"), "sends elsewhere (status 307)", "不予跟随"),
        ("PUT", reply(201), "did not keep the checkpoint", "没有保存所交存的检查点"),
        ("PUT", reply(412), "did not keep the checkpoint", "没有保存所交存的检查点"),
        ("LIST", reply(200, b"welcome"), "does not list it", "目录中没有列出"),
    ],
)
def test_each_bad_answer_is_told_in_both_languages(
    store: SqlLedger, shelf: Shelf, url: str, tmp_path: Path, run: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch, what: str, answer: Answer, said: str, zh: str,
) -> None:  # fmt: skip
    monkeypatch.setenv(TOKEN, SECRET)
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    shelf.instead[what] = answer
    ran = run("witness", url, "--data", tmp_path / "数据")
    assert ran.code == 4 and said in ran.err and zh in ran.err and SECRET not in ran.out + ran.err
    assert {one.get("Authorization") for one in shelf.headers} == {f"Bearer {SECRET}"}


def test_a_list_of_what_is_not_there_is_told(
    store: SqlLedger, shelf: Shelf, url: str, tmp_path: Path, run: Callable[..., Ran]
) -> None:
    hand_over_to(store, url)
    shelf.instead["GET"] = reply(404)
    ran = run("check", "--data", tmp_path / "数据", "--witness", url)
    assert ran.code == 4 and "lists a checkpoint that it does not have" in ran.err


def test_a_witness_that_never_comes_to_an_end_is_left(store: SqlLedger) -> None:
    """A byte now and then resets every timeout per read, and not that of the whole exchange."""

    def dripping(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            while True:
                handler.wfile.write(b"x")
                time.sleep(0.02)

    with (
        answering(dripping) as url,
        witness_at(url, {}, timeout_s=0.3) as witness,
        pytest.raises(LedgerError, match=r"no answer within 0.3 s"),
    ):
        witness.names(".checkpoint")


def test_one_that_is_down_is_told_and_caught_up(store: SqlLedger, tmp_path: Path, run: Callable[..., Ran]) -> None:
    with reserved_port() as port:
        ran = run("witness", f"http://127.0.0.1:{port}/", "--data", tmp_path / "数据")
    assert ran.code == 4 and "cannot be reached (ConnectError)" in ran.err and "run the same again" in ran.err


def test_certificates_are_verified(
    store: SqlLedger, shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certificate(tmp_path)
    with answering(shelf, context) as url:
        with pytest.raises(LedgerError, match="certificate or protocol is not accepted"):
            hand_over_to(store, url)
        assert shelf.headers == []
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        assert hand_over_to(store, url).startswith(url)


@pytest.mark.parametrize(
    "where",
    [
        "https://me:pass-word@witness.example.cn/x/", "https://witness.example.cn/x?key=pass-word",
        "https://witness.example.cn/x#pass-word", "https://", "https://[pass-word/", "http://a:pass-word/",
    ],
)  # fmt: skip
def test_an_address_that_may_hold_a_secret_is_refused_and_not_repeated(store: SqlLedger, where: str) -> None:
    with pytest.raises(LedgerError, match="no address of a witness") as told:
        hand_over_to(store, where)
    assert "pass-word" not in str(told.value)


def test_without_encryption_only_to_this_machine_unless_allowed(store: SqlLedger) -> None:
    for where in ("http://witness.invalid/x/", "http://10.0.0.1/x/", "http://127.0.0.1.witness.invalid/"):
        with pytest.raises(LedgerError, match="without encryption"):
            hand_over_to(store, where)
    with pytest.raises(LedgerError, match="cannot be reached"):
        hand_over_to(store, "http://witness.invalid/x/", plain=True)


def test_plain_http_to_another_name_needs_the_option_on_the_command_line(
    store: SqlLedger, shelf: Shelf, url: str, tmp_path: Path, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`0.0.0.0` is no address of this machine's own to whoever reads it, and yet leads here."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    data, elsewhere = tmp_path / "数据", url.replace("127.0.0.1", "0.0.0.0")
    for typed in (("witness", elsewhere), ("check", "--witness", elsewhere)):
        refused = run(*typed, "--data", data)
        assert refused.code == 4 and "--plain-http" in refused.err and "没有加密" in refused.err
    assert shelf.kept == {} and shelf.headers == [], "nothing was sent"
    done = run("witness", elsewhere, "--plain-http", "--data", data, "--json")
    assert done.code == 0 and len(shelf.kept) == 1, done.err
    assert done.json["checkpoint"].startswith(elsewhere)
    assert run("check", "--witness", elsewhere, "--plain-http", "--data", data).code == 0


@pytest.mark.parametrize("given", [{TOKEN: "a\nb"}, {TOKEN: "令牌"}, {USER: "me"}, {PASSWORD: "x"}])
def test_credentials_that_cannot_be_meant_are_told_and_not_repeated(given: dict[str, str]) -> None:
    with pytest.raises(LedgerError) as told, witness_at("https://witness.invalid/", given):
        pass
    assert told.value.where and not any(value in str(told.value.what) for value in given.values() if len(value) > 2)


def test_the_token_stands_in_no_log_and_no_process_title(
    store: SqlLedger, shelf: Shelf, url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv(TOKEN, SECRET)
    with caplog.at_level(logging.DEBUG):
        hand_over_to(store, url)
    assert SECRET not in caplog.text
    titles: list[str] = []

    def look(handler: BaseHTTPRequestHandler) -> None:
        titles.extend(path.read_text() for path in Path("/proc").glob("[0-9]*/cmdline") if os.access(path, os.R_OK))
        reply(503)(handler)

    shelf.instead["LIST"] = look
    arguments = command("ledger", "witness", url, "--data", tmp_path / "数据")
    done = subprocess.run(arguments, capture_output=True, check=False, timeout=600)
    assert done.returncode == 4 and any(re.search("ledger.witness", one) for one in titles)
    assert sys.executable in "".join(titles) and SECRET not in "".join(titles)
    assert SECRET.encode() not in done.stdout + done.stderr
