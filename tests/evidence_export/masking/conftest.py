from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.evidence_export.masking.told import CROWDED, FPS, run
from tests.once import once
from tests.scenes import Encoding, compose


@pytest.fixture(scope="session")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two parked vehicles, one that passes, two people who cross, one before the case's van, one who stands."""

    def make(folder: Path) -> None:
        folder.mkdir()
        compose(CROWDED, folder / "clip.mp4", Encoding(crf=18))

    return once(tmp_path_factory, "遮盖", make) / "clip.mp4"


@pytest.fixture(scope="session")
def masked(crowded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`crowded` masked with a detector that misses nothing, as masked.mp4; the areas of each frame in areas.json."""

    def make(folder: Path) -> None:
        folder.mkdir()
        plan = run(crowded, folder / "masked.mp4")
        areas = [plan.areas(index / FPS) for index in range(CROWDED.frame_count)]
        (folder / "areas.json").write_text(json.dumps(areas))

    return once(tmp_path_factory, "遮盖 好", make)
