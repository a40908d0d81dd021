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

from evidence_export.errors import SigningKeyError
from evidence_export.keys import load_or_create_key


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


def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(SigningKeyError, match="0777"):
        load_or_create_key(folder / "site.pem")
    assert not list(folder.iterdir())
