"""What goods, carts and bins look like: a top and a side each, 96 pixels per metre, drawn with a grain of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from tests.scenes import cutouts
from tests.scenes.pavement.street import noise

Image = npt.NDArray[np.uint8]
Pixels = npt.NDArray[np.float32]
_FINE = 96
_FRUIT = ((40, 140, 235), (50, 60, 200), (60, 190, 150), (70, 200, 225), (40, 40, 150), (90, 160, 90))
_CLOTH = ((150, 70, 40), (60, 60, 160), (190, 190, 200), (60, 60, 64), (90, 130, 70), (150, 120, 190), (200, 160, 90))
_PLASTIC = ((170, 100, 40), (60, 60, 180), (70, 140, 60), (50, 150, 190))


@dataclass(frozen=True, slots=True, eq=False)
class Skin:
    """H x W x 3 BGR each; a side's first row is its upper edge."""

    top: Image
    side: Image
    end: Image


@lru_cache(maxsize=512)
def skin(name: str, wide: float, deep: float, high: float, seed: int) -> Skin:
    """The skin of a block of that size in metres."""
    rng = np.random.default_rng([seed, 31])
    sizes = ((deep, wide), (high, wide), (high, deep))
    top, side, end = (np.zeros((max(8, round(h * _FINE)), max(8, round(w * _FINE)), 3), np.float32) for h, w in sizes)
    SKINS[name](rng, top, (side, end))
    for part in (top, side, end):
        part *= 1 + noise(rng, *part.shape[:2], ((24, 0.05), (5, 0.03), (1, 0.03)))[..., None]
    return Skin(*(np.clip(part, 0, 255).astype(np.uint8) for part in (top, side, end)))


def _crate(rng: np.random.Generator, top: Pixels, sides: tuple[Pixels, Pixels]) -> None:
    """A slatted crate of fruit."""
    wood = np.array((96, 140, 178), np.float32) * rng.uniform(0.8, 1.1)
    for part in sides:
        part[:] = wood
        step = max(10, part.shape[0] // 3)
        for row in range(0, part.shape[0], step):
            part[row : row + 3] *= 0.4
            part[row + 3 : row + step] *= rng.uniform(0.88, 1.08)
        part[:, :5] *= 0.8
        part[:, -5:] *= 0.8
    _heap(rng, top, _FRUIT[int(rng.integers(len(_FRUIT)))], int(rng.integers(4, 7)))
    _rim(top, wood * 0.9, 4)


def _plastic(rng: np.random.Generator, top: Pixels, sides: tuple[Pixels, Pixels]) -> None:
    """A plastic crate with holes, of vegetables: the leaves are the demo clip's grass."""
    colour = np.array(_PLASTIC[int(rng.integers(len(_PLASTIC)))], np.float32)
    for part in sides:
        part[:] = colour
        for row in range(8, part.shape[0] - 8, 10):
            for column in range(6, part.shape[1] - 8, 12):
                part[row : row + 5, column : column + 8] *= 0.45
        part[:4] *= 1.15
    top[:] = _leaves(rng, *top.shape[:2])
    if rng.random() < 0.5:
        _heap(rng, top, _FRUIT[int(rng.integers(len(_FRUIT)))], 5)
    _rim(top, colour, 4)


def _carton(rng: np.random.Generator, top: Pixels, sides: tuple[Pixels, Pixels]) -> None:
    """A cardboard box with tape and a label."""
    brown = np.array((104, 146, 184), np.float32) * rng.uniform(0.8, 1.12)
    for part in (top, *sides):
        part[:] = brown
    middle = top.shape[0] // 2
    top[middle - 3 : middle + 3] = brown * 1.18
    top[middle : middle + 1] *= 0.6
    for part in sides:
        h, w = part.shape[:2]
        part[int(h * 0.3) : int(h * 0.7), int(w * 0.2) : int(w * 0.55)] = rng.uniform(60, 220, 3)
        for row in range(int(h * 0.36), int(h * 0.64), 5):
            part[row : row + 2, int(w * 0.24) : int(w * 0.5)] = (40, 40, 44)


def _foam(rng: np.random.Generator, top: Pixels, sides: tuple[Pixels, Pixels]) -> None:
    """A box of white foam with fish on ice."""
    for part in (top, *sides):
        part[:] = (214, 218, 220)
    top[6:-6, 6:-6] = (186, 182, 176)
    for _ in range(max(3, top.size // 5000)):
        at = (int(rng.integers(8, top.shape[1] - 8)), int(rng.integers(8, top.shape[0] - 8)))
        cv2.ellipse(top, at, (14, 5), float(rng.uniform(0, 180)), 0, 360, (118, 112, 100), -1, cv2.LINE_AA)
        cv2.ellipse(top, at, (10, 2), float(rng.uniform(0, 180)), 0, 360, (190, 190, 186), -1, cv2.LINE_AA)


def _rack(rng: np.random.Generator, top: Pixels, sides: tuple[Pixels, Pixels]) -> None:
    """Clothes on a rail."""
    edges: list[tuple[float, float, npt.NDArray[np.float64]]] = []
    at = 0.0
    while at < 1:
        wide = float(rng.uniform(0.05, 0.13))
        edges.append((at, at + wide, np.array(_CLOTH[int(rng.integers(len(_CLOTH)))]) * rng.uniform(0.7, 1.1)))
        at += wide
    for part in (top, sides[0]):
        for since, until, colour in edges:
            x1, x2 = int(since * part.shape[1]), int(until * part.shape[1]) + 1
            part[:, x1:x2] = colour
            part[:, x1 : x1 + 2] *= 0.6
    sides[1][:] = edges[0][2]
    low = int(sides[0].shape[0] * 0.88)
    for part in sides:
        part[low:] = (40, 40, 42)
        part[low:, ::14] = (150, 150, 150)


def _pots(rng: np.random.Generator, top: Pixels, sides: tuple[Pixels, Pixels]) -> None:
    """Pots of flowers."""
    top[:] = _leaves(rng, *top.shape[:2])
    bloom = np.array(((90, 60, 220), (200, 120, 220), (60, 200, 235), (230, 230, 235))[int(rng.integers(4))])
    for _ in range(top.size // 260):
        at = (int(rng.integers(top.shape[1])), int(rng.integers(top.shape[0])))
        cv2.circle(top, at, int(rng.integers(2, 5)), (bloom * rng.uniform(0.7, 1.1)).tolist(), -1, cv2.LINE_AA)
    for part in sides:
        half = part.shape[0] // 2
        part[:half] = _leaves(rng, half, part.shape[1]) * 0.85
        part[half:] = (58, 82, 140)
        part[half:, ::26] *= 0.4
        part[half : half + 4] *= 1.2


def _cloth(rng: np.random.Generator, top: Pixels, sides: tuple[Pixels, Pixels]) -> None:
    """A table under a cloth, with small things laid out on it."""
    colour = np.array(_CLOTH[int(rng.integers(len(_CLOTH)))], np.float32)
    top[:] = colour
    for y in range(8, top.shape[0] - 12, 15):
        for x in range(8, top.shape[1] - 14, 17):
            if rng.random() < 0.85:
                wide, high = int(rng.integers(7, 14)), int(rng.integers(6, 12))
                top[y : y + high, x : x + wide] = rng.uniform(30, 230, 3)
                top[y + high : y + high + 2, x : x + wide] *= 0.6
    for part in sides:
        part[:] = colour * 0.95
        folds = 1 + 0.1 * np.sin(np.arange(part.shape[1]) / rng.uniform(4, 7))
        part *= folds[None, :, None].astype(np.float32)


def _steel(rng: np.random.Generator, top: Pixels, sides: tuple[Pixels, Pixels]) -> None:
    """A cook's cart: steel, a pane, a red board with signs."""
    top[:] = (172, 174, 174)
    for _ in range(3):
        at = (int(rng.integers(20, top.shape[1] - 20)), int(rng.integers(16, max(17, top.shape[0] - 16))))
        cv2.circle(top, at, 13, (58, 60, 62), -1, cv2.LINE_AA)
        cv2.circle(top, at, 9, (60, 110, 170), -1, cv2.LINE_AA)
    for part in sides:
        h, w = part.shape[:2]
        part[:] = (150, 152, 152)
        part[int(h * 0.18) : int(h * 0.62), 4:-4] = (44, 44, 178)
        for x in range(10, w - 16, 22):
            for _ in range(6):
                a, b = rng.integers(0, 14, 2), rng.integers(0, 14, 2)
                b[int(rng.integers(2))] = a[int(rng.integers(2))]
                y = int(h * 0.3)
                cv2.line(part, (x + int(a[0]), y + int(a[1])), (x + int(b[0]), y + int(b[1])), (190, 230, 240), 2)
        part[int(h * 0.86) :] = (30, 30, 32)


def _bin(rng: np.random.Generator, top: Pixels, sides: tuple[Pixels, Pixels]) -> None:
    """A green rubbish container with a lid."""
    green = np.array((62, 112, 44), np.float32) * rng.uniform(0.85, 1.1)
    for part in (top, *sides):
        part[:] = green
    top[4:-4, 4:-4] *= 0.9
    for part in sides:
        h = part.shape[0]
        part[: int(h * 0.12)] *= 0.72
        part[int(h * 0.12) : int(h * 0.14)] *= 0.4
        part[int(h * 0.3) : int(h * 0.55), int(part.shape[1] * 0.3) : int(part.shape[1] * 0.7)] = (190, 196, 196)
        part[int(h * 0.93) :] = (28, 28, 30)
        part[:, ::22] *= 0.9


SKINS: dict[str, Callable[[np.random.Generator, Pixels, tuple[Pixels, Pixels]], None]] = {
    "crate": _crate,
    "plastic": _plastic,
    "carton": _carton,
    "foam": _foam,
    "rack": _rack,
    "pots": _pots,
    "cloth": _cloth,
    "steel": _steel,
    "bin": _bin,
}


def _heap(rng: np.random.Generator, top: Pixels, colour: tuple[int, int, int], radius: int) -> None:
    """Fruit, lit from above."""
    top[:] = np.array(colour, np.float32) * 0.35
    for y in range(radius, top.shape[0], int(radius * 1.7)):
        for x in range(radius, top.shape[1], int(radius * 1.7)):
            at = (x + int(rng.integers(-2, 3)), y + int(rng.integers(-2, 3)))
            shade = rng.uniform(0.8, 1.15)
            cv2.circle(top, at, radius, tuple(c * shade for c in colour), -1, cv2.LINE_AA)
            cv2.circle(top, (at[0] - 1, at[1] - 1), max(1, radius // 3), tuple(min(255, c * 1.35) for c in colour), -1)


def _rim(top: Pixels, colour: Pixels, wide: int) -> None:
    for edge in (top[:wide], top[-wide:], top[:, :wide], top[:, -wide:]):
        edge[:] = colour


def _leaves(rng: np.random.Generator, height: int, width: int) -> Pixels:
    grass = cutouts.median()[330:560, 20:260].astype(np.float32)
    y, x = int(rng.integers(grass.shape[0] // 2)), int(rng.integers(grass.shape[1] // 2))
    tile = np.tile(grass[y : y + 100, x : x + 110], (height // 100 + 1, width // 110 + 1, 1))[:height, :width]
    contrast = tile.mean(axis=(0, 1)) + (tile - tile.mean(axis=(0, 1))) * 1.8
    return np.asarray(contrast * rng.uniform(0.9, 1.5), np.float32)
