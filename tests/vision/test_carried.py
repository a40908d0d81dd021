"""What a view remembers of its ground: it goes on as if nothing had been in between, and runs no code."""

from __future__ import annotations

import os
import pickle
import zlib
from typing import Any

import numpy as np
import pytest

from tests.vision.byhand import at, detections
from tests.vision.test_backdrop import SIZE, crates, street
from vision.backdrop import REVISION, Backdrop
from vision.carried import frozen, thawed
from vision.errors import StateError

ZONES = [((0.0, 0.1), (1.0, 0.1), (1.0, 1.0), (0.0, 1.0))]


def pictures() -> list[np.ndarray]:
    """Crates come at 8 s, and go at 40 s."""
    found, rng = [], np.random.default_rng(1)
    for t in range(0, 60, 2):
        canvas = street()
        if 8 <= t < 40:
            crates(canvas, (90, 60, 220, 150))
        found.append(np.clip(canvas + rng.normal(0, 2, canvas.shape), 0, 255).astype(np.uint8))
    return found


def test_a_memory_that_was_put_away_goes_on_as_if_it_had_not_been() -> None:
    straight, parted = Backdrop(ZONES), Backdrop(ZONES)
    told = []
    for number, picture in enumerate(pictures()):
        seen = detections([("person", 0.6, (0.2, 0.2, 0.5, 0.6))] if number % 3 else [], SIZE)
        told.append(straight.look(at(2 * number), picture, seen))
        parted = thawed(frozen(parted))
        assert parted.look(at(2 * number), picture, seen) == told[-1]
    assert any(view is not None and view.footprints for view in told)
    assert frozen(thawed(frozen(straight))) == frozen(thawed(frozen(thawed(frozen(straight)))))


def packed(value: Any) -> bytes:
    return zlib.compress(pickle.dumps(value, protocol=5))


class Harm:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, ("touch /tmp/streetproof-harm",)


class Detour:
    """By way of a module of this package that has imported something else."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return eval, ("1",)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nothing",
        frozen(Backdrop(ZONES))[:-5],
        packed((REVISION + 1, Backdrop(ZONES))),
        packed((REVISION, [1, 2])),
        packed(Backdrop(ZONES)),
        packed((REVISION, Harm())),
        packed((REVISION, Detour())),
        zlib.compress(b"\x80\x05cvision.backdrop\ncv2.imread\n."),
        zlib.compress(b"\x80\x05cvision.backdrop\nsize_for\n."),
        zlib.compress(b"\x80\x05cvision.backdrop\nnp\n."),
        zlib.compress(b"\x80\x05cnumpy.core.multiarray\nfromfile\n."),
        zlib.compress(bytes(1 << 29)),
    ],
    ids=lambda data: f"{len(data)} bytes",
)
def test_what_is_none_is_refused_and_runs_no_code(data: bytes) -> None:
    with pytest.raises(StateError):
        thawed(data, "here")


def test_no_bit_that_turns_over_does_more_than_an_error_or_another_memory() -> None:
    whole = frozen(Backdrop(ZONES))
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << (place % 8)
        try:
            assert isinstance(thawed(bytes(changed)), Backdrop)
        except StateError:
            continue
