"""`streetproof verifier`: what it writes runs, and overwrites nothing."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from evidence_export.standalone.html import html_bytes
from evidence_export.standalone.pyz import pyz_bytes
from tests.streetproof.commands import streetproof


def test_it_writes_both_kinds_and_says_their_hashes(tmp_path: Path) -> None:
    for options, content in (((), pyz_bytes()), (("--html",), html_bytes())):
        path = tmp_path / f"核验 {len(options)}"
        ran = streetproof("verifier", "--out", path, *options, "--json")
        assert ran.code == 0, ran.err
        assert path.read_bytes() == content
        expected = {"path": str(path), "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        assert ran.json == expected
        assert streetproof("verifier", "--out", path, *options).code == 0, "the same again is no harm"
    told = subprocess.run([sys.executable, tmp_path / "核验 0", "--help"], capture_output=True, text=True, check=False)
    assert told.returncode == 0 and "verify.pyz" in told.stdout


def test_it_overwrites_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "verify.pyz"
    path.write_text("mine")
    ran = streetproof("verifier", "--out", path)
    assert ran.code == 4 and "another file is there" in ran.err and path.read_text() == "mine"
    assert streetproof("verifier", "--out", tmp_path / "none" / "verify.pyz").code == 4
