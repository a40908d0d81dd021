"""Time stamps over checkpoints: from a real authority, refused where they do not hold, caught up where it was down."""

from __future__ import annotations

import base64
import json
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from evidence_export.keys import load_or_create_key
from evidence_export.timestamp import rfc3161
from evidence_export.timestamp.interface import StampError
from streetproof.daemon.stamper import Stamper
from streetproof.ledgers.authority import HttpAuthority, authority_of, roots_at
from streetproof.ledgers.bookkeeping import ledger_of
from streetproof.settings.load import load_site
from tests.conftest import ROOT
from tests.streetproof.commands import Ran, inside
from tests.streetproof.ledger.conftest import books
from tests.tsa import Tsa, serving

DATA = b"what is stamped"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tsa]:
    with serving(tmp_path_factory.mktemp("tsa") / "authority") as tsa:
        yield tsa


@pytest.fixture
def tsa(running: Tsa) -> Tsa:
    running.up, running.answer = True, None
    return running


@pytest.fixture
def authority(tsa: Tsa) -> HttpAuthority:
    return HttpAuthority(tsa.url, roots_at(tsa.ca), timeout_s=10)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    return lambda *args: inside(capsys, monkeypatch, "ledger", *args, width=160)


def test_a_token_says_when_and_openssl_agrees(tsa: Tsa, authority: HttpAuthority, tmp_path: Path) -> None:
    before = time.time()
    token = authority.stamp(DATA)
    told = rfc3161.read(token, DATA, roots_at(tsa.ca))
    assert told.policy == "1.2.3.4.1"
    stamped = time.mktime(time.strptime(told.at[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
    assert before - 2 <= stamped <= time.time() + 2
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "token").write_bytes(token)
    done = subprocess.run(
        ["openssl", "ts", "-verify", "-data", "data", "-in", "token", "-CAfile", tsa.ca],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert b"Verification: OK" in done.stdout + done.stderr


def test_a_token_over_something_else_or_of_another_authority_does_not_hold(
    tsa: Tsa, authority: HttpAuthority, tmp_path: Path
) -> None:
    token, roots = authority.stamp(DATA), roots_at(tsa.ca)
    with pytest.raises(StampError, match="does not hold"):
        rfc3161.read(token, DATA + b"!", roots)
    with pytest.raises(StampError, match="does not hold"):
        rfc3161.read(token, DATA, roots, nonce=1)
    other = Tsa(tmp_path / "other")
    with pytest.raises(StampError, match="does not hold"):
        rfc3161.read(token, DATA, roots_at(other.ca))
    forged = other.stamp(rfc3161.question(DATA).der)
    with pytest.raises(StampError, match="does not hold"):
        rfc3161.read(forged, DATA, roots)


def test_no_bit_of_a_token_can_be_changed_unseen(tsa: Tsa, authority: HttpAuthority) -> None:
    """A bit that no reader looks at may change; what it says may not."""
    token, roots = authority.stamp(DATA), roots_at(tsa.ca)
    told = rfc3161.read(token, DATA, roots)
    refused = 0
    for at in range(0, len(token), 3):
        bent = token[:at] + bytes([token[at] ^ 1 << (at % 8)]) + token[at + 1 :]
        try:
            assert rfc3161.read(bent, DATA, roots) == told
        except StampError as error:
            assert "\n" not in str(error.what)
            refused += 1
    assert refused > 0.7 * len(token) / 3


@pytest.mark.parametrize("answer", [b"", b"nonsense", b"\x30\x80" * 50, b"0" * (1 << 17)])
def test_what_is_no_token_is_refused(tsa: Tsa, authority: HttpAuthority, answer: bytes) -> None:
    tsa.answer = answer
    with pytest.raises(StampError) as refused:
        authority.stamp(DATA)
    assert "geheim" not in str(refused.value)


def test_an_old_answer_is_not_taken_for_a_new_one(tsa: Tsa, authority: HttpAuthority) -> None:
    """Somebody in between plays back a token over the same data: its number is another."""
    tsa.answer = authority.stamp(DATA)
    with pytest.raises(StampError, match="does not hold"):
        authority.stamp(DATA)


def test_an_authority_that_is_down_is_said_without_its_secret(tsa: Tsa) -> None:
    tsa.up = False
    with pytest.raises(StampError, match="status 503") as refused:
        HttpAuthority(tsa.url, roots_at(tsa.ca)).stamp(DATA)
    assert "geheim" not in str(refused.value) and "127.0.0.1" in str(refused.value)
    with pytest.raises(StampError, match="cannot be reached"):
        HttpAuthority("http://127.0.0.1:9/x", roots_at(tsa.ca), timeout_s=5).stamp(DATA)


def test_the_daemon_catches_up_with_one_stamp_over_all(tsa: Tsa, authority: HttpAuthority, tmp_path: Path) -> None:
    key, data = load_or_create_key(tmp_path / "k.pem"), tmp_path / "数据"
    data.mkdir()
    tsa.up = False
    for number in range(3):
        books(data, key, range(number, number + 1))
    with ledger_of(data, "yuhang") as ledger:
        stamper = Stamper(ledger, authority, period_s=0.05)
        stamper.start()
        _until(lambda: stamper.problem is not None)
        assert stamper.problem is not None and "3 checkpoints" in stamper.problem.en and "3 个" in stamper.problem.zh
        tsa.up = True
        _until(lambda: stamper.problem is None)
        assert ledger.unstamped() == 0 and len(list(ledger.stamps())) == 1
        asked = tsa.asked
        time.sleep(0.3)
        assert tsa.asked == asked, "what is stamped is not stamped again"
        stamper.stop(5)


def test_a_ledger_with_stamps_is_checked_and_its_proofs_say_when(
    tsa: Tsa, authority: HttpAuthority, tmp_path: Path, run: Callable[..., Ran]
) -> None:
    key, data = load_or_create_key(tmp_path / "k.pem"), tmp_path / "数据"
    data.mkdir()
    public = tmp_path / "public.pem"
    public.write_bytes(key.public_key_pem)
    books(data, key, range(5))
    site = site_file(tmp_path, tsa)
    assert run("stamp", site, "--data", data, "--json").json == {"stamped": True, "authority": "127.0.0.1"}
    assert run("stamp", site, "--data", data, "--json").json["stamped"] is False
    books(data, key, range(5, 7))
    checked = run("check", "--data", data, "--key", public, "--tsa-ca", tsa.ca, "--lang", "en")
    assert checked.code == 0 and "2 checkpoints, 1 of them stamped" in checked.out
    proof = tmp_path / "proof.json"
    proof.write_text(run("prove", "SP-3", "--data", data).out, encoding="utf-8")
    good = run("verify", proof, "--key", public, "--tsa-ca", tsa.ca, "--json")
    assert good.code == 0 and good.json[0]["stamped"].startswith("20")
    assert run("verify", proof, "--key", public, "--json").json[0]["stamped"] is None, "not looked at, not claimed"
    later = json.loads(run("prove", "SP-6", "--data", data).out)
    assert later["time_stamp"] is None, "the stamped checkpoint does not cover it"
    told = json.loads(proof.read_text(encoding="utf-8"))
    for change in (base64.b64encode(authority.stamp(b"else")).decode(), base64.b64encode(b"x").decode(), "###", 7):
        proof.write_text(json.dumps(told | {"time_stamp": change}), encoding="utf-8")
        assert run("verify", proof, "--key", public, "--tsa-ca", tsa.ca).code == 1, change
    with ledger_of(data, "yuhang") as ledger:
        (note, _), first = next(iter(ledger.stamps())), next(iter(ledger.checkpoints()))
        assert note == first
    with sqlite3.connect(data / "ledger.db") as connection:
        connection.execute("UPDATE ledger_checkpoint SET token = ? WHERE id = 1", (authority.stamp(b"else"),))
    connection.close()
    bad = run("check", "--data", data, "--key", public, "--tsa-ca", tsa.ca, "--lang", "en")
    assert bad.code == 1 and "time stamp does not hold" in bad.out


def site_file(folder: Path, tsa: Tsa, ca: str | None = None) -> Path:
    site: Any = yaml.safe_load((ROOT / "configs" / "demo" / "site.yaml").read_text(encoding="utf-8"))
    site["evidence"] = site.get("evidence", {}) | {"time_stamps": {"url": tsa.url, "ca": ca or str(tsa.ca)}}
    path = folder / "站点.yaml"
    path.write_text(yaml.safe_dump(site, allow_unicode=True), encoding="utf-8")
    return path


def test_roots_that_cannot_be_read_are_named(tsa: Tsa, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_bytes(b"")
    for ca in ("nowhere.pem", "empty.pem"):
        with pytest.raises(StampError, match="root certificates") as refused:
            authority_of(load_site(site_file(tmp_path, tsa, ca)))
        assert ca in str(refused.value) and refused.value.remedy


def _until(holds: Callable[[], bool], within_s: float = 20) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
