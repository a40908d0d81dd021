"""OpenSSL as the other opinion: the commands that docs/evidence-format.md and the bundles' README.txt name."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from evidence_export.readme_keys import check_of


def openssl(*arguments: object) -> bytes:
    """Its standard output. Fails the test where it does not succeed."""
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def verifies(folder: Path, algorithm: str, public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the documented command accepts the signature."""
    place = folder / "openssl"
    place.mkdir(exist_ok=True)
    for name, content in (("key.pem", public), ("sig", signature), ("case.json", data)):
        (place / name).write_bytes(content)
    command = check_of(algorithm, "key.pem", "sig")
    return subprocess.run(["bash", "-c", command], cwd=place, capture_output=True, check=False).returncode == 0


def _knows_sm2() -> bool:
    listed = subprocess.run(["openssl", "list", "-public-key-algorithms"], capture_output=True, check=False)
    return b"SM2" in listed.stdout


without_openssl_sm2 = pytest.mark.skipif(not _knows_sm2(), reason="this OpenSSL has no SM2")
