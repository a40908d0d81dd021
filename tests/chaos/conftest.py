"""Fixtures of the chaos suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rtsp.fixtures import clips
from tests.rtsp.media import clip

__all__ = ["clips", "film"]

GOP = 10


@pytest.fixture(scope="session")
def film(clips: Path) -> Path:
    """A minute and a half of numbered pictures, 10 a second, a keyframe every second."""
    return clip(clips, seconds=90, rate=10, gop=GOP)
