from __future__ import annotations

import os
import pickle
import stat
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence_export.bag import layout, pubkey
from evidence_export.errors import SigningKeyError
from evidence_export.keys import Pkcs11Signer, SecretSource, Sm2Signer, TokenKey, load_key, load_or_create_key
from evidence_export.keys.files import generate, write_key
from tests.evidence_export.opensslcheck import openssl, verifies

PASSPHRASE = "richtig-pferd-5523"


def test_made_on_first_use_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "密钥 库" / "site.pem"
    first = load_or_create_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert load_or_create_key(path).fingerprint == first.fingerprint
    assert os.listdir(path.parent) == ["site.pem"]


def test_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        load_or_create_key(tmp_path / "keys" / "site.pem")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "keys" / "site.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_racing_processes_end_with_one_key(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "site.pem"
    code = (
        "import sys, pathlib; from evidence_export.keys import load_or_create_key as load;"
        "print(load(pathlib.Path(sys.argv[1])).fingerprint)"
    )
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
            )
            for _ in range(6)
        ]
        said = {process.communicate()[0].strip() for process in running}
    assert said == {load_or_create_key(path).fingerprint}
    assert os.listdir(path.parent) == ["site.pem"]


def test_nothing_shows_the_key(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "site.pem"
    signer = load_or_create_key(path)
    secret = path.read_text().splitlines()[1]
    assert secret not in repr(signer) and signer.fingerprint in repr(signer)
    with pytest.raises(TypeError):
        pickle.dumps(signer)
    path.write_text(f"-----BEGIN PRIVATE KEY-----\n{secret}XX\n-----END PRIVATE KEY-----\n")
    with pytest.raises(SigningKeyError) as caught:
        load_or_create_key(path)
    assert secret not in str(caught.value) and caught.value.__cause__ is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o601])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys" / "site.pem"
    load_or_create_key(path)
    path.chmod(mode)
    with pytest.raises(SigningKeyError, match=f"{mode:04o}"):
        load_or_create_key(path)


def test_links_folders_and_pipes_are_refused(tmp_path: Path) -> None:
    real = tmp_path / "keys" / "site.pem"
    load_or_create_key(real)
    link = tmp_path / "keys" / "link.pem"
    link.symlink_to(real)
    pipe = tmp_path / "keys" / "pipe"
    os.mkfifo(pipe, 0o600)
    dangling = tmp_path / "keys" / "dangling"
    dangling.symlink_to(tmp_path / "nowhere")
    for path, words in (
        (link, "symbolic link"),
        (dangling, "symbolic link"),
        (pipe, "regular"),
        (real.parent, "cannot be read|regular"),
    ):
        with pytest.raises(SigningKeyError, match=words):
            load_or_create_key(path)
    assert not (tmp_path / "nowhere").exists()


def test_other_keys_and_garbage_are_refused(tmp_path: Path) -> None:
    pkcs8 = (Encoding.PEM, PrivateFormat.PKCS8)
    wrong = {
        "ec": generate_private_key(SECP256R1()).private_bytes(*pkcs8, NoEncryption()),
        "locked": Ed25519PrivateKey.generate().private_bytes(*pkcs8, BestAvailableEncryption(b"x")),
        "empty": b"",
        "garbage": os.urandom(200),
    }
    for name, data in wrong.items():
        path = tmp_path / name
        path.write_bytes(data)
        path.chmod(0o600)
        with pytest.raises(SigningKeyError):
            load_or_create_key(path)
        assert path.read_bytes() == data


@pytest.fixture
def passphrase(monkeypatch: pytest.MonkeyPatch) -> SecretSource:
    monkeypatch.setenv("KEY_PASS", PASSPHRASE)
    return SecretSource(env="KEY_PASS")


@pytest.mark.parametrize("algorithm", layout.ALGORITHMS)
def test_keys_of_every_algorithm_with_and_without_a_passphrase(
    algorithm: str, tmp_path: Path, passphrase: SecretSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    if algorithm == layout.SM2:
        pytest.importorskip("gmssl")
    key = generate(algorithm)
    bare, locked = tmp_path / "bare.pem", tmp_path / "locked.pem"
    write_key(bare, key)
    write_key(locked, key, passphrase)
    assert b"ENCRYPTED" in locked.read_bytes() and b"ENCRYPTED" not in bare.read_bytes()
    assert stat.S_IMODE(locked.stat().st_mode) == 0o600
    one, other = load_key(bare), load_key(locked, passphrase)
    assert one.fingerprint == other.fingerprint and one.algorithm == algorithm
    data, public = b"case" * 100, pubkey.from_pem(one.public_key_pem)
    assert public.verify(one.sign(data), data) and public.verify(other.sign(data), data)
    assert not public.verify(one.sign(data), data + b".")
    assert verifies(tmp_path, algorithm, one.public_key_pem, other.sign(data), data)
    assert openssl("pkey", "-in", locked, "-passin", "env:KEY_PASS", "-pubout") == one.public_key_pem
    with pytest.raises(SigningKeyError, match="already"):
        write_key(bare, key)
    with pytest.raises(SigningKeyError, match="no passphrase is given"):
        load_key(locked)
    with pytest.raises(SigningKeyError, match="not encrypted"):
        load_key(bare, passphrase)
    for wrong in ("another-8812", "x"):
        monkeypatch.setenv("KEY_PASS", wrong)
        with pytest.raises(SigningKeyError, match="environment variable KEY_PASS") as caught:
            load_key(locked, passphrase)
        assert wrong not in str(caught.value).replace("expected", "") or wrong == "x"
        assert caught.value.__cause__ is None and PASSPHRASE not in str(caught.value)
    locked.chmod(0o644)
    with pytest.raises(SigningKeyError, match="0644"):
        load_key(locked, passphrase)
    with pytest.raises(TypeError):
        pickle.dumps(one)
    assert one.fingerprint in repr(one)


@pytest.mark.parametrize("algorithm", ["ED25519", "EC", "SM2"])
def test_keys_that_openssl_locked(algorithm: str, tmp_path: Path, passphrase: SecretSource) -> None:
    if algorithm == "SM2":
        pytest.importorskip("gmssl")
    curve = ("-pkeyopt", "ec_paramgen_curve:P-256") if algorithm == "EC" else ()
    openssl("genpkey", "-algorithm", algorithm, *curve, "-out", tmp_path / "bare.pem")
    openssl(
        "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", tmp_path / "bare.pem", "-passout", "env:KEY_PASS",
        "-out", tmp_path / "locked.pem",
    )  # fmt: skip
    for name in ("bare.pem", "locked.pem"):
        (tmp_path / name).chmod(0o600)
    public = openssl("pkey", "-in", tmp_path / "bare.pem", "-pubout")
    assert load_key(tmp_path / "locked.pem", passphrase).public_key_pem == public
    assert load_key(tmp_path / "bare.pem").public_key_pem == public


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_key_file_is_an_error_that_shows_nothing(tmp_path: Path, data: st.DataObject) -> None:
    pytest.importorskip("gmssl")
    path = tmp_path / "k.pem"
    path.unlink(missing_ok=True)
    write_key(path, generate(data.draw(st.sampled_from(layout.ALGORITHMS))))
    good = path.read_bytes()
    body = bytearray(good)
    offset = data.draw(st.integers(28, len(body) - 28))
    body[offset] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(body))
    try:
        load_key(path)
    except SigningKeyError as error:
        assert good.decode().splitlines()[1] not in str(error) and error.__cause__ is None


def test_where_secrets_may_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pass"
    path.write_bytes("schlüssel wort\r\nsecond line".encode())
    path.chmod(0o640)
    assert SecretSource(file=path).read() == "schlüssel wort"
    refused = {
        "everybody": lambda: path.chmod(0o604),
        "empty": lambda: (path.chmod(0o600), path.write_bytes(b"\n")),
        "control character": lambda: path.write_bytes(b"top\x00secret"),
        "UTF-8": lambda: path.write_bytes(b"\xff\xfetopsecret"),
        "larger": lambda: path.write_bytes(b"topsecret" * 1000),
        "cannot be opened": path.unlink,
        "no regular file": lambda: os.mkfifo(path, 0o600),
    }
    for words, change in refused.items():
        change()
        with pytest.raises(SigningKeyError, match=words) as caught:
            SecretSource(file=path).read()
        assert "topsecret" not in str(caught.value) and str(path) in str(caught.value)
    monkeypatch.delenv("NOWHERE_SET", raising=False)
    with pytest.raises(SigningKeyError, match="NOWHERE_SET"):
        SecretSource(env="NOWHERE_SET").read()


@pytest.mark.parametrize(("module", "extra"), [("gmssl", "sm2"), ("pkcs11", "pkcs11")])
def test_what_is_not_installed_is_named(
    module: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [one for one in sys.modules if one.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setenv("TOKEN_PIN", "1")
    with pytest.raises(SigningKeyError, match="not installed") as caught:
        if module == "gmssl":
            Sm2Signer(5)
        else:
            Pkcs11Signer(TokenKey(tmp_path / "x.so", "t", "k"), SecretSource(env="TOKEN_PIN"))
    assert f"streetproof[{extra}]" in caught.value.remedy


def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(SigningKeyError, match="0777"):
        load_or_create_key(folder / "site.pem")
    assert not list(folder.iterdir())
