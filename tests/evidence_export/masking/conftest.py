from __future__ import annotations

from pathlib import Path

import pytest

from tests.evidence_export.masking.told import CROWDED
from tests.scenes import Encoding, compose


@pytest.fixture(scope="session")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two parked vehicles, one that passes, two people who cross, one before the case's van, one who stands."""
    return compose(CROWDED, tmp_path_factory.mktemp("遮盖") / "clip.mp4", Encoding(crf=18)).video
