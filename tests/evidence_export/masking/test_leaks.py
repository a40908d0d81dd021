"""Not one frame may show a head or another vehicle's plate, whatever the detector misses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evidence_export.masking.interface import Settings
from tests.evidence_export.masking.told import CROWDED, FPS, Misses, lumas, run, secrets, shown


def half(index: int, name: str) -> bool:
    """Every second box, at random."""
    return bool(np.random.default_rng([index, *name.encode()]).random() < 0.5)


def first_second(index: int, name: str) -> bool:
    return index < FPS


def a_second_each(index: int, name: str) -> bool:
    """A whole second in the middle, for each at another time."""
    start = 3 * FPS + sum(name.encode()) % (3 * FPS)
    return start <= index < start + FPS


def worst(index: int, name: str) -> bool:
    return half(index, name) or a_second_each(index, name)


def test_the_measure_finds_what_is_not_masked(crowded: Path) -> None:
    names = {name for _, name in shown(lumas(crowded))}
    assert names == {"other", "passing", "before", "across", "towards", "standing"}
    assert sum(1 for index in range(CROWDED.frame_count) for _ in secrets(CROWDED, index)) > 400


def test_no_frame_leaks_where_nothing_is_missed(masked: Path) -> None:
    assert_nothing_shows(masked / "masked.mp4")


@pytest.mark.parametrize("misses", [half, first_second, a_second_each, worst])
def test_no_frame_leaks(crowded: Path, tmp_path: Path, misses: Misses) -> None:
    run(crowded, tmp_path / "masked.mp4", misses)
    assert_nothing_shows(tmp_path / "masked.mp4")


def assert_nothing_shows(path: Path) -> None:
    masked = lumas(path)
    assert len(masked) == CROWDED.frame_count
    assert shown(masked) == []


def test_what_moves_is_masked_though_no_model_ever_finds_it(crowded: Path, tmp_path: Path) -> None:
    """But for what stands all along, which is a part of the street then. One frame in a hundred is let through."""
    run(crowded, tmp_path / "masked.mp4", lambda _, name: name != "van", Settings())
    leaks = [one for one in shown(lumas(tmp_path / "masked.mp4")) if one[1] not in ("standing", "other")]
    moving = sum(
        secret.of not in ("standing", "other")
        for index in range(CROWDED.frame_count)
        for secret in secrets(CROWDED, index)
    )
    assert moving > 200 and len(leaks) <= moving // 100


def test_without_looking_ahead_it_would_leak(crowded: Path, tmp_path: Path) -> None:
    """The margins are what covers the gaps: without them the same detector lets people through."""
    bare = Settings(hold_s=0, weak_hold_s=0, bridge_s=0, motion=False)
    run(crowded, tmp_path / "masked.mp4", a_second_each, bare)
    assert shown(lumas(tmp_path / "masked.mp4"))
