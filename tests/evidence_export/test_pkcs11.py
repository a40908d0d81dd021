"""Keys in a token, with SoftHSM2 as the token. Skipped, with the reason, where it is not installed."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from evidence_export.bag import layout, pubkey
from evidence_export.errors import SigningKeyError
from evidence_export.keys import Pkcs11Signer, SecretSource, TokenKey
from tests.evidence_export.opensslcheck import verifies
from tests.evidence_export.softhsm import MODULE, PIN, needs_softhsm

pytestmark = needs_softhsm
PINS = SecretSource(env="TOKEN_PIN")


@pytest.fixture
def pin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_PIN", PIN)


@pytest.mark.parametrize(
    ("label", "algorithm"), [("seal-p256", layout.ECDSA), ("seal-ed25519", layout.ED25519)], ids=["P-256", "Ed25519"]
)
def test_a_token_signs(softhsm: str, pin: None, label: str, algorithm: str, tmp_path: Path) -> None:
    signer = Pkcs11Signer(TokenKey(MODULE, softhsm, label), PINS)
    assert signer.algorithm == algorithm
    for number in range(12):
        data = bytes([number]) * 100
        signature = signer.sign(data)
        assert pubkey.from_pem(signer.public_key_pem).verify(signature, data)
    assert verifies(tmp_path, algorithm, signer.public_key_pem, signature, data)
    assert not verifies(tmp_path, algorithm, signer.public_key_pem, signature, data + b".")
    assert signer.fingerprint in repr(signer)
    with pytest.raises(TypeError):
        pickle.dumps(signer)


@pytest.mark.parametrize(
    ("token", "label", "words"),
    [("no such token", "seal-p256", "no such token"), (None, "no-such-key", "is not there")],
    ids=["token absent", "key absent"],
)
def test_what_is_absent_is_named(softhsm: str, pin: None, token: str | None, label: str, words: str) -> None:
    with pytest.raises(SigningKeyError, match=words) as caught:
        Pkcs11Signer(TokenKey(MODULE, token or softhsm, label), PINS)
    assert caught.value.remedy and PIN not in str(caught.value)


def test_a_module_that_is_absent_or_none(pin: None, tmp_path: Path) -> None:
    with pytest.raises(SigningKeyError, match="no such PKCS#11 module"):
        Pkcs11Signer(TokenKey(tmp_path / "none.so", "t", "k"), PINS)
    (tmp_path / "text.so").write_text("no library")
    with pytest.raises(SigningKeyError, match="cannot be loaded"):
        Pkcs11Signer(TokenKey(tmp_path / "text.so", "t", "k"), PINS)


WRONG_PIN = """
import os, sys, traceback
from pathlib import Path
from evidence_export.keys import Pkcs11Signer, SecretSource, TokenKey
import evidence_export.keys.pkcs11keys as keys
tries = []
keys_library = keys._library
keys._library = lambda module: tries.append(1) or keys_library(module)
for _ in range(8):
    try:
        Pkcs11Signer(TokenKey(Path(sys.argv[1]), sys.argv[2], "seal-p256"), SecretSource(file=Path(sys.argv[3])))
    except Exception:
        traceback.print_exc()
print("tries", len(tries), open("/proc/self/cmdline").read())
"""


def test_a_wrong_pin_is_tried_once_and_shown_nowhere(softhsm: str, tmp_path: Path) -> None:
    """In a process of its own: a program that has logged in stays so."""
    wrong = tmp_path / "pin"
    wrong.write_text("739155\n")
    wrong.chmod(0o600)
    done = subprocess.run(
        [sys.executable, "-c", WRONG_PIN, str(MODULE), softhsm, str(wrong)],
        capture_output=True, text=True, check=False, env={**os.environ},
    )  # fmt: skip
    assert "739155" not in done.stdout + done.stderr
    assert done.stderr.count("the token refuses the PIN from") == 8
    assert done.stdout.startswith("tries 1 ")
    assert "locks itself" in done.stderr


def test_no_pin_source_is_no_secret() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        SecretSource()
    with pytest.raises(ValueError, match="exactly one"):
        SecretSource(env="A", file=Path("b"))


def test_the_tools_of_the_manual_are_there() -> None:
    assert shutil.which("softhsm2-util") and shutil.which("pkcs11-tool")
