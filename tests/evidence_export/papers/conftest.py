"""Dossiers of sealed bundles, and of cases that no sealer would write."""

from __future__ import annotations

import copy
import hashlib
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evidence_export.case import CaseRequest
from evidence_export.dossier import Dossier, open_dossier
from evidence_export.keys import Ed25519Signer
from evidence_export.sealer import seal
from tests.evidence_export.conftest import SEALED_AT
from tests.evidence_export.test_kinds import CLUTTER, OCCUPIED, of_kind

needs_poppler = pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler-utils: apt-get install it")


@pytest.fixture(scope="session")
def dossier(sealed_folder: Path) -> Dossier:
    return open_dossier(sealed_folder)


@pytest.fixture(scope="session")
def clutter(request_: CaseRequest, signer: Ed25519Signer, tmp_path_factory: pytest.TempPathFactory) -> Dossier:
    request = of_kind(request_, "bike_clutter", clutter=CLUTTER)
    return open_dossier(seal(request, tmp_path_factory.mktemp("单车 案"), signer, SEALED_AT).path)


@pytest.fixture(scope="session")
def occupation(request_: CaseRequest, signer: Ed25519Signer, tmp_path_factory: pytest.TempPathFactory) -> Dossier:
    request = of_kind(request_, "occupation", occupied=OCCUPIED)
    return open_dossier(seal(request, tmp_path_factory.mktemp("占道 案"), signer, SEALED_AT).path)


@pytest.fixture(params=["dossier", "clutter", "occupation"])
def any_kind(request: pytest.FixtureRequest) -> Dossier:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Dossier)
    return found


def edited(dossier: Dossier, edit: Callable[[dict[str, Any]], object], **files: bytes) -> Dossier:
    """The dossier of a case that says something else; `files`: role -> what every file of that folder holds."""
    case = copy.deepcopy(dict(dossier.case))
    edit(case)

    def read(path: str) -> bytes:
        return next((data for name, data in files.items() if f"/{name}/" in path), None) or dossier.read(path)

    digest = hashlib.sha256(repr(case).encode()).hexdigest()
    return replace(dossier, case=case, manifest_sha256=digest, read=read)


def picture(width: int, height: int, seed: int = 0) -> bytes:
    """A PNG in which every pixel tells its place."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    pixels = np.stack([x * 255 // width, y * 255 // height, (x // 8 + y // 8 + seed) % 2 * 255], axis=2)
    out = BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


def text_of(pdf: bytes, tmp_path: Path, *options: str) -> str:
    """What a reader can select and copy, white space made one."""
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-raw", *options, path, "-"], capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())
