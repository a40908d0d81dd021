"""Fixtures of the streams tests: recordings made once per run, and rules that give them a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from streams.archive.clock import TimeRules, parse_start
from tests.streams.media import make

START = "2026-11-02T08:00:00+08:00"


@pytest.fixture
def rules() -> TimeRules:
    return TimeRules(zone="Asia/Shanghai", start=parse_start(START))


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """`recording(codec, suffix, **options)`: a numbered recording in a folder with a Chinese name and a space."""
    folder = tmp_path_factory.mktemp("media") / "人民路 录像"
    folder.mkdir()
    made: dict[str, Path] = {}

    def get(codec: str = "h264", suffix: str = ".mp4", **options: object) -> Path:
        key = f"{codec}{suffix}{sorted(options.items())!r}"
        if key not in made:
            made[key] = make(folder / f"{len(made):03d} {codec}{suffix}", codec, **options)  # type: ignore[arg-type]
        return made[key]

    return get


@pytest.fixture(autouse=True)
def quiet_libav(capfd: pytest.CaptureFixture[str]) -> object:
    """libav never writes to the terminal, whatever it is fed."""
    yield
    captured = capfd.readouterr()
    assert captured.err == ""
