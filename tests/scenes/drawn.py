"""Drawn things: a street, a bus and a car seen from the side. They need no footage and fit any resolution."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from tests.scenes.cutouts import Sprite

Image = npt.NDArray[np.uint8]
_GLASS, _TYRE, _RIM = (88, 74, 62), (28, 26, 26), (150, 148, 146)
_FINE = 4
"""Drawings are made this much larger, and shrunk, so that their edges are smooth."""


@cache
def street(width: int, height: int) -> Image:
    """An empty street between a terrace and a pavement: H x W x 3 BGR."""
    rng = np.random.default_rng(11)
    image = np.empty((height, width, 3), np.float32)
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    image[:] = np.where(rows < 0.16, (132, 148, 172), np.where(rows < 0.24, (150, 152, 152), (98, 96, 94)))
    image *= 0.86 + 0.28 * rows
    for house in range(9):
        left, right = int(width * house / 9), int(width * (house + 1) / 9)
        top, foot = int(height * 0.0), int(height * 0.17)
        shade = rng.uniform(0.75, 1.1)
        image[top:foot, left:right] *= shade
        for window in range(2):
            x = int(left + (right - left) * (0.18 + 0.42 * window))
            cv2.rectangle(image, (x, int(height * 0.04)), (x + width // 40, int(height * 0.11)), (70, 64, 58), -1)
    cv2.rectangle(image, (0, int(height * 0.236)), (width, int(height * 0.246)), (182, 184, 184), -1)
    for dash in range(12):
        x = int(width * (dash + 0.2) / 12)
        y = int(height * 0.62)
        cv2.rectangle(image, (x, y), (x + width // 24, y + max(2, height // 120)), (205, 208, 208), -1)
    cv2.rectangle(image, (0, int(height * 0.262)), (width, int(height * 0.268)), (70, 178, 204), -1)
    image[int(height * 0.94) :] = image[int(height * 0.94) :] * 0.5 + np.float32(78)
    coarse = rng.normal(0, 1, (height // 8 + 1, width // 8 + 1)).astype(np.float32)
    image += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)[..., None] * 3
    image += rng.normal(0, 3, (height, width, 1)).astype(np.float32)
    return np.clip(cv2.GaussianBlur(image, (0, 0), 0.8), 0, 255).astype(np.uint8)


@cache
def bus() -> Sprite:
    """A bus, 240 x 84 pixels at its own size."""
    width, height = 250, 96
    canvas, mask = _blank(width, height)
    _slab(canvas, mask, (4, 6), (246, 80), (176, 74, 48), 8)
    _slab(canvas, mask, (4, 48), (246, 56), (224, 222, 218), 0)
    for number in range(7):
        _slab(canvas, mask, (12 + number * 31, 15), (39 + number * 31, 43), _GLASS, 3)
    _slab(canvas, mask, (229, 13), (245, 50), _GLASS, 4)
    for door in (64, 190):
        _slab(canvas, mask, (door, 14), (door + 17, 77), (104, 92, 82), 2)
    _wheels(canvas, mask, (44, 206), 80, 11)
    return _finish(canvas, mask, (125, 90.0), (4, 6, 246, 91), shadow=(8, 242, 88))


@cache
def car() -> Sprite:
    """A hatchback, 92 x 32 pixels at its own size."""
    width, height = 104, 44
    canvas, mask = _blank(width, height)
    roof = np.array([(22, 21), (34, 7), (66, 6), (82, 21)]) * _FINE
    body = np.array([(5, 24), (20, 20), (84, 20), (97, 25), (99, 35), (4, 35)]) * _FINE
    for shape in (roof, body):
        cv2.fillPoly(canvas, [shape], (150, 152, 158))
        cv2.fillPoly(mask, [shape], 255)
    for glass in ([(27, 20), (36, 10), (49, 9), (49, 20)], [(52, 20), (52, 9), (64, 9), (76, 20)]):
        cv2.fillPoly(canvas, [np.array(glass) * _FINE], _GLASS)
    _slab(canvas, mask, (5, 29), (98, 30), (112, 114, 120), 0)
    _slab(canvas, mask, (94, 25), (98, 28), (205, 230, 240), 0)
    _slab(canvas, mask, (5, 25), (8, 29), (44, 40, 170), 0)
    _wheels(canvas, mask, (23, 80), 35, 6.5)
    return _finish(canvas, mask, (52, 40.5), (4, 6, 99, 42), shadow=(6, 97, 40))


def _blank(width: int, height: int) -> tuple[Image, Image]:
    return np.zeros((height * _FINE, width * _FINE, 3), np.uint8), np.zeros((height * _FINE, width * _FINE), np.uint8)


def _slab(
    canvas: Image, mask: Image, start: tuple[int, int], end: tuple[int, int], colour: tuple[int, int, int], corner: int
) -> None:
    x1, y1, x2, y2 = (v * _FINE for v in (*start, *end))
    c = corner * _FINE
    shape = np.array([(x1 + c, y1), (x2 - c, y1), (x2, y1 + c), (x2, y2), (x1, y2), (x1, y1 + c)])
    cv2.fillPoly(canvas, [shape], colour)
    cv2.fillPoly(mask, [shape], 255)


def _wheels(canvas: Image, mask: Image, places: tuple[int, int], row: float, radius: float) -> None:
    for x in places:
        middle = (x * _FINE, int(row * _FINE))
        for r, colour in ((radius, _TYRE), (radius * 0.55, _RIM)):
            cv2.circle(canvas, middle, int(r * _FINE), colour, -1)
            cv2.circle(mask, middle, int(r * _FINE), 255, -1)


def _finish(
    canvas: Image,
    mask: Image,
    anchor: tuple[float, float],
    body: tuple[float, float, float, float],
    shadow: tuple[int, int, int],
) -> Sprite:
    height, width = mask.shape[0] // _FINE, mask.shape[1] // _FINE
    shaded = canvas.astype(np.float32) * np.linspace(1.15, 0.8, canvas.shape[0], dtype=np.float32)[:, None, None]
    shaded[mask == 0] = 0
    small = cv2.resize(shaded, (width, height), interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    left, right, row = shadow
    dark = np.zeros((height, width), np.float32)
    cv2.ellipse(dark, ((left + right) // 2, row - 1), ((right - left) // 2, max(3, height // 16)), 0, 0, 360, 0.65, -1)
    dark = cv2.GaussianBlur(dark, (0, 0), 1.5)
    coverage = alpha + dark * (1 - alpha)
    rgba = np.dstack([np.clip(small, 0, 255), coverage]).astype(np.float32)
    # 220: the row of the clip where a real bus or car would be this large.
    return Sprite(rgba, anchor, 220.0, body)
