from __future__ import annotations

from pathlib import Path

from evidence_export.verifier import verify
from evidence_export.verifier.__main__ import as_text


def test_a_sealed_case_verifies(sealed_folder: Path, sealed_zip: Path) -> None:
    for path in (sealed_folder, sealed_zip):
        report = verify(path)
        assert report.ok, as_text(report)
