"""Fixtures of the chaos suite."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.rtsp.fixtures import clips
from tests.rtsp.media import clip, loop

__all__ = ["clips", "film", "street"]

GOP = 10


@pytest.fixture(scope="session")
def film(clips: Path) -> Path:
    """Six minutes of numbered pictures, 10 a second, a keyframe every second: no test takes so long."""
    return loop(clip(clips, seconds=90, rate=10, gop=GOP), 4)


@pytest.fixture(scope="session")
def street(clips: Path, demo_clip: Path) -> Path:
    """The demo clip, five times: a camera's connection does not end while a slow machine tests it."""
    return loop(Path(shutil.copy(demo_clip, clips)), 5)
