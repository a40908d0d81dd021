"""Fixtures for any folder of tests: `from tests.rtsp.fixtures import clips` in its conftest.py."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for `tests.rtsp.media`, kept for the whole session, with a Chinese name and a space."""
    folder = tmp_path_factory.mktemp("clips") / "人民路 摄像机"
    folder.mkdir()
    return folder
