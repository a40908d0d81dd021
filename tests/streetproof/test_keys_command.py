"""`streetproof keys`, and sealing with what it made: as an operator types it."""

from __future__ import annotations

import json
import os
import shutil
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from evidence_export.keys.ring import read_ring
from evidence_export.verifier import verify
from streetproof.keys import secret_source
from tests.conftest import ROOT
from tests.evidence_export.opensslcheck import openssl
from tests.evidence_export.softhsm import MODULE, PIN, needs_softhsm
from tests.streetproof.commands import Ran, inside, streetproof

DEMO = ROOT / "configs" / "demo" / "site.yaml"
PASSPHRASE = "pass Phräse-7731"


@pytest.fixture
def typed(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `streetproof keys ...` with a folder of keys of the test's own."""
    monkeypatch.setenv("STREETPROOF_KEYS", str(tmp_path / "密钥 keys"))
    monkeypatch.setenv("KEY_PASS", PASSPHRASE)

    def run(*arguments: object) -> Ran:
        return inside(capsys, monkeypatch, "keys", *arguments)

    return run


def test_a_life_of_keys(typed: Any, tmp_path: Path) -> None:
    pytest.importorskip("gmssl")
    secret = tmp_path / "pass"
    secret.write_text(f"{PASSPHRASE}\r\n", encoding="utf-8")
    secret.chmod(0o600)
    made = typed(
        "init", "--site", "demo", "--algorithm", "p256", "--second", "sm2", "--passphrase", f"file:{secret}",
        "--ca-passphrase", "env:KEY_PASS", "--json",
    )  # fmt: skip
    assert made.code == 0, made.err
    folder = tmp_path / "密钥 keys" / "demo"
    assert [(key["id"], key["role"], key["algorithm"], key["state"]) for key in made.json["keys"]] == [
        ("key-1", "seal", "ECDSA-P256-SHA256", "current"),
        ("key-2", "second", "SM2-SM3", "current"),
    ]
    for name in ("ca", "key-1", "key-2"):
        assert b"ENCRYPTED" in (folder / f"{name}.key.pem").read_bytes()
        assert stat.S_IMODE((folder / f"{name}.key.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    # The authority's key goes into a safe; sealing does not need it, changes do.
    safe = tmp_path / "safe.pem"
    shutil.move(folder / "ca.key.pem", safe)
    refused = typed("rotate", "--site", "demo", "--passphrase", "env:KEY_PASS", "--ca-passphrase", "env:KEY_PASS")
    assert refused.code == 4 and "--ca-key" in refused.err and "not here" in refused.err
    options = ("--site", "demo", "--ca-key", safe, "--ca-passphrase", "env:KEY_PASS", "--json")
    rotated = typed("rotate", *options, "--passphrase", "env:KEY_PASS")
    assert rotated.code == 0, rotated.err
    assert [key["state"] for key in rotated.json["keys"]] == ["superseded", "current", "current"]
    assert rotated.json["keys"][2]["algorithm"] == "ECDSA-P256-SHA256"
    revoked = typed("revoke", "key-1", "--reason", "compromise", "--since", "2026-01-01T00:00:00+08:00", *options)
    assert revoked.code == 0, revoked.err
    assert (revoked.json["keys"][0]["state"], revoked.json["keys"][0]["reason"]) == ("revoked", "compromise")
    trust = typed("export-trust", "--site", "demo", "--out", tmp_path / "trust", "--json")
    assert trust.code == 0 and set(trust.json["files"]) == set(os.listdir(tmp_path / "trust"))
    authority = tmp_path / "trust" / "site-ca.cert.pem"
    printed = openssl("x509", "-in", authority, "-noout", "-fingerprint", "-sha256").decode()
    assert printed.strip().split("=")[1].replace(":", "").lower() == trust.json["authority"]["fingerprint"]
    listed = openssl("crl", "-in", tmp_path / "trust" / "site-ca.crl.pem", "-CAfile", authority, "-noout", "-text")
    assert b"Key Compromise" in listed and b"Invalidity Date" in listed
    shown = typed("show", "--site", "demo")
    assert shown.code == 0 and "key-1  revoked, seal, ECDSA-P256-SHA256" in shown.out
    told = typed("show", "--site", "demo", "--lang", "zh")
    assert (
        "key-1  已吊销，封存，ECDSA-P256-SHA256，文件，有效期至" in told.out and "密钥泄露：自 2026-01-01" in told.out
    )
    assert "key-2  在用，第二签名" in told.out and "签发机构  SHA-256" in told.out
    assert not any(word in told.out for word in ("revoked", "second", "file", "valid", "compromise", "fingerprint"))
    for ran in (made, refused, rotated, revoked, trust, shown, told):
        assert PASSPHRASE not in ran.out + ran.err
    assert not any("PRIVATE" in path.read_text(errors="replace") for path in (tmp_path / "trust").iterdir())


def test_each_step_is_told_in_chinese(typed: Any, tmp_path: Path) -> None:
    zh = ("--site", "demo", "--lang", "zh")
    assert "锁存保管" in typed("init", *zh).out
    assert "今后由 key-2 封存，取代 key-1" in typed("rotate", *zh).out
    revoked = typed("revoke", "key-2", "--reason", "retired", *zh).out
    assert "key-2 已吊销。请公布新的吊销列表" in revoked and "现在没有在用的密钥" in revoked
    assert "demo 的签发机构：SHA-256" in typed("export-trust", *zh, "--out", tmp_path / "trust").out
    gone = typed("revoke", "key-9", "--reason", "retired", *zh)
    assert gone.code == 4 and "没有密钥 'key-9'" in gone.err and "现有密钥：key-1" in gone.err


def test_made_once_only(typed: Any) -> None:
    assert typed("init", "--site", "demo").code == 0
    again = typed("init", "--site", "demo")
    assert again.code == 4 and "already" in again.err and "rotate" in again.err


def test_the_authority_is_certified_for_as_long_as_was_asked(typed: Any, tmp_path: Path) -> None:
    assert typed("init", "--site", "demo", "--ca-days", 400, "--days", 30).code == 0
    lasts = []
    for name in ("ca", "key-1"):
        made = x509.load_pem_x509_certificate((tmp_path / "密钥 keys" / "demo" / f"{name}.cert.pem").read_bytes())
        lasts.append(round((made.not_valid_after_utc - made.not_valid_before_utc) / timedelta(days=1)))
    assert lasts == [400, 30]


def test_nothing_is_left_where_a_key_cannot_be_had(typed: Any, tmp_path: Path) -> None:
    missing = typed("init", "--site", "demo", "--passphrase", "env:NOT_SET_ANYWHERE")
    assert missing.code == 4 and "NOT_SET_ANYWHERE" in missing.err
    token = typed("init", "--site", "demo", "--pkcs11-module", tmp_path / "x.so", "--token", "t", "--label", "k")
    assert token.code == 4 and "--pin" in token.err
    assert list((tmp_path / "密钥 keys" / "demo").iterdir()) == []
    assert typed("init", "--site", "demo").code == 0


@pytest.mark.parametrize("command", ["show", "rotate", "export-trust"])
def test_no_keys_yet(typed: Any, tmp_path: Path, command: str) -> None:
    more = ("--out", tmp_path / "t") if command == "export-trust" else ()
    ran = typed(command, "--site", "demo", *more)
    assert ran.code == 4 and "keys init" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("init", "--site", "demo", "--passphrase", PASSPHRASE),
        ("init", "--site", "demo", "--passphrase", f"plain:{PASSPHRASE}"),
        ("init", "--site", "../demo"),
        ("init", "--site", "demo", "--token", "t"),
        ("revoke", "key-1", "--site", "demo", "--reason", "compromise", "--since", "2026-01-01T00:00:00"),
        ("revoke", "key-1", "--site", "demo", "--reason", "boredom"),
        ("init", "--site", "demo", "--ca-algorithm", "sm2"),
    ],
)
def test_usage(typed: Any, arguments: tuple[str, ...]) -> None:
    ran = typed(*arguments)
    assert ran.code == 2 and PASSPHRASE not in ran.out + ran.err


def test_a_secret_on_the_command_line_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="never the secret itself") as caught:
        secret_source(PASSPHRASE)
    assert PASSPHRASE not in str(caught.value)


def site_with(folder: Path, keys: str) -> Path:
    path = folder / "site.yaml"
    text = DEMO.read_text(encoding="utf-8").replace("\npolicies:", f"\nkeys:\n{keys}\npolicies:", 1)
    assert "\nkeys:\n" in text
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("keys", "line", "words"),
    [
        ("  path: nowhere", "path: nowhere", "keys init"),
        ("  path: other", "path: other", "'elsewhere'"),
        ("  path: empty", "path: empty", "no keys of a site"),
        ("  path: token", "path: token", "pin_env"),
        ("  passphrase_env: A\n  passphrase_file: b", "passphrase_env", "not both"),
        ("  passphrase: hunter2-secret", "passphrase: hunter2", "no such setting"),
    ],
)
def test_config_check_explains(tmp_path: Path, typed: Any, keys: str, line: str, words: str) -> None:
    assert typed("init", "--site", "elsewhere", "--folder", tmp_path / "other").code == 0
    assert typed("init", "--site", "demo", "--folder", tmp_path / "token").code == 0
    record = tmp_path / "token" / "keyring.json"
    document = json.loads(record.read_bytes())
    assert document["site"] == read_ring(tmp_path / "token").site
    document["keys"][0]["token"] = {"module": "/usr/lib/x.so", "token": "t", "label": "k"}
    document["site"] = _site_id()
    record.write_text(json.dumps(document))
    (tmp_path / "empty").mkdir()
    path = site_with(tmp_path, keys)
    ran = streetproof("config", "check", path, "--json")
    assert ran.code == 1, ran.out
    (mistake,) = ran.json["mistakes"]
    assert words in mistake["message"]
    assert line in path.read_text(encoding="utf-8").splitlines()[mistake["line"] - 1]
    assert "hunter2" not in ran.out + ran.err


def test_config_check_warns_of_a_certificate_that_ends_soon(tmp_path: Path, typed: Any) -> None:
    for days, warned in ((59, True), (90, False)):
        folder = f"ring-{days}"
        made = typed("init", "--site", _site_id(), "--folder", tmp_path / folder, "--days", days)
        assert made.code == 0, made.err
        ran = streetproof("config", "check", site_with(tmp_path, f"  path: {folder}"), "--json")
        assert ran.code == 0 and ran.json["valid"]
        assert any("key-1" in one["message"] and "rotate" in one["message"] for one in ran.json["warnings"]) is warned


def _site_id() -> str:
    import yaml

    return str(yaml.safe_load(DEMO.read_text(encoding="utf-8"))["site"]["id"])


@needs_softhsm
def test_a_batch_sealed_in_a_token_and_by_sm2(
    tmp_path: Path, typed: Any, softhsm: str, demo_clip: Path, bootstrap_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first key lies in a token, the second in a file with a passphrase; then a rotation, and then a theft."""
    pytest.importorskip("gmssl")
    monkeypatch.setenv("TOKEN_PIN", PIN)
    ring = tmp_path / "ring"
    secrets = ("--passphrase", "env:KEY_PASS", "--pin", "env:TOKEN_PIN")
    token = ("--pkcs11-module", MODULE, "--token", softhsm, "--label")
    site = _site_id()
    made = typed("init", "--site", site, "--folder", ring, "--second", "sm2", *token, "seal-p256", *secrets)
    assert made.code == 0, made.err
    (tmp_path / "pin").write_text(f"{PIN}\n")
    (tmp_path / "pin").chmod(0o600)
    path = site_with(tmp_path, "  path: ring\n  passphrase_env: KEY_PASS\n  pin_file: pin")
    assert streetproof("config", "check", path).code == 0
    out = tmp_path / "out"
    ran = streetproof("batch", path, demo_clip, "--out", out, "--workers", "1", "--json")
    assert ran.code == 0, ran.err
    (case,) = ran.json["cases"]
    assert not {PIN, PASSPHRASE} & set((ran.out + ran.err).split())
    trust = tmp_path / "trust"
    assert typed("export-trust", "--site", site, "--folder", ring, "--out", trust).code == 0
    options = ("--trusted-key", trust / "site-ca.cert.pem", "--crl", trust / "site-ca.crl.pem")
    checked = streetproof("verify", out / "cases", *options, "--json")
    assert checked.code == 0, checked.out
    assert "ECDSA-P256-SHA256" in checked.json[0]["steps"][1]["detail"]
    assert "SM2-SM3" in checked.json[0]["steps"][2]["detail"]

    rotated = typed("rotate", "--site", site, "--folder", ring, *token, "next-p256", *secrets)
    assert rotated.code == 0, rotated.err
    again = streetproof("batch", path, demo_clip, "--out", out, "--workers", "1", "--json")
    assert again.code == 0 and again.json["totals"]["new_cases"] == 0, again.err
    assert typed("export-trust", "--site", site, "--folder", ring, "--out", trust).code == 0
    assert streetproof("verify", out / "cases", *options).code == 0

    stolen = ("--reason", "compromise", "--since", "2026-01-01T00:00:00+08:00")
    assert typed("revoke", "key-1", "--site", site, "--folder", ring, *stolen).code == 0
    assert typed("export-trust", "--site", site, "--folder", ring, "--out", trust).code == 0
    failed = streetproof("verify", out / "cases", *options)
    assert failed.code == 1 and "keyCompromise" in failed.out
    assert verify(out / case["bundle"]).ok, "without the list nobody can know"


@pytest.mark.parametrize("wrong", ["passphrase", "mode", "missing"])
def test_a_batch_with_keys_that_cannot_be_opened_ends_before_any_work(
    tmp_path: Path, typed: Any, demo_clip: Path, bootstrap_model: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = tmp_path / "ring"
    assert typed("init", "--site", _site_id(), "--folder", ring, "--passphrase", "env:KEY_PASS").code == 0
    if wrong == "passphrase":
        monkeypatch.setenv("KEY_PASS", "not-the-one-19")
    elif wrong == "mode":
        (ring / "key-1.key.pem").chmod(0o644)
    else:
        (ring / "key-1.key.pem").unlink()
    path = site_with(tmp_path, "  path: ring\n  passphrase_env: KEY_PASS")
    ran = streetproof("batch", path, demo_clip, "--out", tmp_path / "out", "--json")
    assert ran.code == 4 and "key-1.key.pem" in ran.err
    assert "not-the-one-19" not in ran.out + ran.err and PASSPHRASE not in ran.out + ran.err
    assert not (tmp_path / "out").exists()
