"""SoftHSM2: a PKCS#11 token made of files, set up as docs/keys.md says."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

PIN = "48213579"
_PLACES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/usr/lib64/libsofthsm2.so")
MODULE = next((Path(place) for place in _PLACES if Path(place).exists()), Path(_PLACES[0]))
needs_softhsm = pytest.mark.skipif(
    not MODULE.exists() or not shutil.which("pkcs11-tool") or find_spec("pkcs11") is None,
    reason="needs SoftHSM2, OpenSC and python-pkcs11: apt-get install softhsm2 opensc; pip install python-pkcs11",
)


def make_token(folder: Path) -> str:
    """A token with a key pair of each kind; its label. The module reads its settings once per process."""
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    label = "demo token"
    _run("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "87654321")
    pairs = {"seal-p256": "EC:prime256v1", "seal-ed25519": "EC:edwards25519", "next-p256": "EC:prime256v1"}
    for name, kind in pairs.items():
        _run(
            "pkcs11-tool", "--module", MODULE, "--token-label", label, "--login", "--pin", "env:TOKEN_PIN",
            "--keypairgen", "--key-type", kind, "--label", name,
        )  # fmt: skip
    return label


def _run(*command: object) -> None:
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, check=False, env={**os.environ, "TOKEN_PIN": PIN}
    )
    assert done.returncode == 0, done.stderr
