"""The documents: what they tell to type works, and what they point at exists."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.once import once
from tests.streetproof.commands import nursery, streetproof

DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md"), *ROOT.glob("configs/**/*.md")]
)
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
WITHOUT_MODELS = {"docs/privacy.md"}
"""With models, masking a clip takes minutes; that it does what it says with them is tested elsewhere."""
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


def scripts() -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(ROOT)), block)
        for path in DOCUMENTS
        if (block := "".join(_BLOCK.findall(path.read_text(encoding="utf-8"))))
    ]


def demo(folder: Path) -> None:
    assert streetproof("demo", "--out", folder).code == 0


@pytest.mark.parametrize(("document", "script"), scripts(), ids=[name for name, _ in scripts()])
def test_commands_in_documents_work(
    document: str, script: str, tmp_path_factory: pytest.TempPathFactory, bootstrap_model: str
) -> None:
    """Blocks marked `sh` of one document, in order, in a folder with the demo site and the outcome of the demo."""
    place = tmp_path_factory.mktemp("docs")
    shutil.copytree(ROOT / "configs", place / "configs")
    programs = place / "bin"
    programs.mkdir()
    environment = {**os.environ, "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"}
    if document in WITHOUT_MODELS:
        environment["STREETPROOF_MODELS"] = str(place / "no models")
    if "demo-out" in script:
        shutil.copytree(once(tmp_path_factory, "demo", demo), place / "demo-out")
    with nursery.program(programs, 600):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=place,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    assert done.returncode == 0, f"{document}:\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_links_in_documents_lead_somewhere(path: Path) -> None:
    missing = [link for link in _LINK.findall(path.read_text(encoding="utf-8")) if not (path.parent / link).exists()]
    assert missing == []


def test_there_are_commands_to_test() -> None:
    assert {"README.md", "docs/operators.md", "docs/officers.md"} <= {name for name, _ in scripts()}
