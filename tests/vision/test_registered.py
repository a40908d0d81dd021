"""A camera that sways: looks are brought back to where it looked first."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.interface import Image
from tests.vision.test_backdrop import crates, street
from vision.registered import Anchor


def swayed(dx: float, dy: float, *, gain: float = 1.0, goods: bool = False, seed: int = 1) -> Image:
    canvas = street()
    if goods:
        crates(canvas)
    moved = cv2.warpAffine(
        canvas, np.array([[1, 0, dx], [0, 1, dy]], np.float64), (320, 180), borderMode=cv2.BORDER_REPLICATE
    )
    noisy = moved * gain + np.random.default_rng(seed).normal(0, 3, moved.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def off(a: Image, b: Image) -> float:
    inner = (slice(12, -12), slice(12, -12))
    return float(np.abs(a[inner].astype(float) - b[inner].astype(float)).mean())


@pytest.mark.parametrize(("dx", "dy"), [(1.5, -0.8), (-2.3, 0.4), (0.0, 3.0)])
@pytest.mark.parametrize("gain", [1.0, 0.6])
def test_a_sway_is_taken_back_in_any_light_and_whatever_came_to_stand_there(dx: float, dy: float, gain: float) -> None:
    anchor = Anchor(swayed(0, 0))
    wanted, given = swayed(0, 0, gain=gain, goods=True, seed=2), swayed(dx, dy, gain=gain, goods=True, seed=3)
    assert off(given, wanted) > 1.15 * off(anchor.aligned(given), wanted)
    assert off(anchor.aligned(given), wanted) < 5


def test_what_has_not_moved_is_left_as_it_is() -> None:
    anchor = Anchor(swayed(0, 0))
    still = swayed(0, 0, goods=True, seed=4)
    assert anchor.aligned(still) is still


def test_another_view_is_not_bent_to_fit() -> None:
    anchor = Anchor(swayed(0, 0))
    far = swayed(30, 10)
    assert anchor.aligned(far) is far
    other = np.random.default_rng(9).integers(0, 255, (180, 320, 3)).astype(np.uint8)
    assert anchor.aligned(other) is other
    black = np.zeros((180, 320, 3), np.uint8)
    assert anchor.aligned(black) is black
