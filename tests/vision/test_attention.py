"""The change gate: still views are spared, vehicles never, and never for long."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.instant import NS_PER_S, Instant, TimeSource
from vision.attention import ChangeGate, cells, change

SIZE = (576, 768)
RNG = np.random.default_rng(3)
STREET = np.clip(
    np.repeat(np.repeat(RNG.normal(110, 22, (18, 24)), 32, 0), 32, 1) + RNG.normal(0, 4, SIZE), 0, 255
).astype(np.uint8)


def at(second: float) -> Instant:
    return Instant(int(second * NS_PER_S), TimeSource.FILENAME, 0)


def noisy(picture: np.ndarray, sigma: float, seed: int, gain: float = 1.0, offset: float = 0.0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.clip(picture * gain + offset + noise, 0, 255).astype(np.uint8)


def with_car(picture: np.ndarray, x: int = 300, y: int = 250, level: int = 25) -> np.ndarray:
    """A small dark car, 40 x 24 pixels of a 768 pixel wide picture."""
    changed = picture.copy()
    changed[y : y + 24, x : x + 40] = level
    return changed


@pytest.mark.parametrize("sigma", [0.5, 3, 8])
@pytest.mark.parametrize(("gain", "offset"), [(1, 0), (0.8, 0), (1.2, -10), (1, 12)])
def test_noise_and_light_are_no_change(sigma: float, gain: float, offset: float) -> None:
    gate = ChangeGate()
    assert gate.changed(at(0), noisy(STREET, sigma, 1))
    assert not any(gate.changed(at(k), noisy(STREET, sigma, 1 + k, gain, offset)) for k in range(1, 5))


@pytest.mark.parametrize("sigma", [0.5, 3, 8])
@pytest.mark.parametrize("gain", [1, 0.8])
def test_a_small_car_that_comes_or_goes_is_a_change(sigma: float, gain: float) -> None:
    gate = ChangeGate()
    gate.changed(at(0), noisy(STREET, sigma, 1))
    assert gate.changed(at(2), noisy(with_car(STREET), sigma, 2, gain))
    assert not gate.changed(at(4), noisy(with_car(STREET), sigma, 3, gain))
    assert gate.changed(at(6), noisy(STREET, sigma, 4, gain))


@given(x=st.integers(0, 728), y=st.integers(0, 552), level=st.sampled_from([0, 255]))
def test_a_car_is_seen_wherever_it_stands(x: int, y: int, level: int) -> None:
    flat = np.full(SIZE, 120, np.uint8)
    assert change(cells(with_car(flat, x, y, level)), cells(flat)) > 1


def test_slow_changes_add_up() -> None:
    """The reference is the frame that was looked at, not the one before: nothing can creep in unseen."""
    gate = ChangeGate(max_reuse_ns=10**15)
    gate.changed(at(0), STREET)
    fired = [gate.changed(at(k), with_car(STREET, level=int(STREET[250, 300]) - 2 * k)) for k in range(1, 40)]
    assert any(fired)


def test_it_looks_again_in_time_after_a_jump_and_at_another_size() -> None:
    gate = ChangeGate(max_reuse_ns=10 * NS_PER_S)
    assert gate.changed(at(100), STREET)
    assert not gate.changed(at(109.9), STREET)
    assert gate.changed(at(110), STREET)
    assert gate.changed(at(50), STREET)
    assert gate.changed(at(51), STREET[:400])


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (7, 5), (1080, 1920), (2160, 3840)])
def test_any_size_of_picture_gets_an_answer(shape: tuple[int, int]) -> None:
    gate = ChangeGate()
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert gate.changed(at(0), picture)
    assert isinstance(gate.changed(at(1), picture), bool)
