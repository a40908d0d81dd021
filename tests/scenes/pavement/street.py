"""The empty street: road, kerb, a pavement of slabs with a tactile strip, and a row of shops. Drawn once, in metres.

Brick takes its grain from the demo clip; the rest is drawn with the wear that a street has: stains, patches, slabs of
uneven colour, gum. What lies on the ground is drawn flat and seen through the camera; so is the wall of shops.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from tests.scenes import cutouts
from tests.scenes.pavement.camera import Camera

Image = npt.NDArray[np.uint8]
Pixels = npt.NDArray[np.float32]
_Area = Callable[[float, float, float, float], Pixels]
"""The part of the wall between two X and two heights."""

KERB, WALL = 4.5, 10.5
"""Y of the kerb's edge and of the shopfronts: the pavement is six metres wide."""
FROM, TO = -2.0, 54.0
_NEAR, _TOP = -8.0, 8.0
_FINE = 40
"""Pixels per metre of the flat drawings."""
_ENLARGED = 2
_HAZE = (188, 182, 176)


@dataclass(frozen=True, slots=True)
class Shopfront:
    """A shop between two X along the wall; its door is at `door`."""

    id: str
    name: str
    owner: str
    licence: str
    start: float
    end: float
    door: float

    @property
    def frontage(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The foot of its front, in metres."""
        return ((self.start, WALL), (self.end, WALL))


SHOPS = (
    Shopfront("shop-1", "阿明水果店", "王阿明", "92330100MA2AAAAA01", 3.4, 8.6, 7.6),
    Shopfront("shop-2", "惠民 五金", "李惠民", "92330100MA2AAAAA02", 9.0, 14.2, 9.9),
    Shopfront("shop-3", "青青鲜花", "周青青", "92330100MA2AAAAA03", 14.6, 19.8, 18.8),
    Shopfront("shop-4", "老陈面馆", "陈国强", "92330100MA2AAAAA04", 20.2, 25.4, 21.2),
)


@cache
def street(camera: Camera) -> Image:
    """What the camera sees of it when nobody is there: H x W x 3 BGR. Callers must not write to it."""
    rays = camera.rays(_ENLARGED).astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        to_ground = np.where(rays[..., 2] < -1e-4, camera.height / -rays[..., 2], np.inf)
        to_wall = np.where(rays[..., 1] > 1e-4, WALL / rays[..., 1], np.inf)
        nearer = np.minimum(to_ground, to_wall)
        x, y = rays[..., 0] * nearer, rays[..., 1] * nearer
        z = camera.height + rays[..., 2] * nearer
    on_wall = to_wall < to_ground
    ground = _sampled(_ground(), (x - FROM) * _FINE, (y - _NEAR) * _FINE, nearer)
    wall = _sampled(_shops(), (x - FROM) * _FINE, (_TOP - z) * _FINE, nearer)
    seen = np.where(on_wall[..., None], wall, ground)
    # Where wall and ground meet it is a little darker, as corners are.
    foot = np.where(on_wall, z, (WALL - y) * 0.7)
    seen *= (1 - 0.35 * np.exp(-np.clip(foot, 0, 9) / 0.22))[..., None]
    haze = np.clip((nearer - 22) / 70, 0, 1)[..., None] ** 1.2
    haze = np.where(np.isfinite(nearer)[..., None] & (x < TO)[..., None], haze, 1)
    seen = seen * (1 - haze) + np.array(_HAZE, np.float32) * haze
    small = cv2.resize(seen.astype(np.float32), camera.size, interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(cv2.GaussianBlur(small, (0, 0), 0.5) + 0.5, 0, 255), np.uint8)


def _sampled(flat: Image, columns: Pixels, rows: Pixels, far: Pixels) -> Pixels:
    """The drawing at the given places; what is far away is taken from a smoother copy, so that it does not flicker."""
    columns, rows = np.nan_to_num(columns, posinf=-9).astype(np.float32), np.nan_to_num(rows, posinf=-9)
    rows = rows.astype(np.float32)
    found: Pixels | None = None
    for smooth, since in ((0.0, 0.0), (1.2, 14.0), (3.0, 26.0), (8.0, 45.0)):
        level = cv2.GaussianBlur(flat, (0, 0), smooth) if smooth else flat
        part = cv2.remap(level, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        if found is None:
            found = part
        else:
            share = np.clip((far - since) / 6, 0, 1)[..., None].astype(np.float32)
            found = found * (1 - share) + part * share
    assert found is not None
    return found


def noise(rng: np.random.Generator, height: int, width: int, sizes: tuple[tuple[float, float], ...]) -> Pixels:
    """A sum of smooth random fields: (size of their features in pixels, standard deviation) each."""
    whole = np.zeros((height, width), np.float32)
    for size, strength in sizes:
        small = rng.standard_normal((int(height / size) + 3, int(width / size) + 3), np.float32)
        whole += cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC) * strength
    return whole


@cache
def _ground() -> Image:
    rng = np.random.default_rng(21)
    width, height = round((TO - FROM) * _FINE), round((WALL + 0.2 - _NEAR) * _FINE)
    image = np.empty((height, width, 3), np.float32)
    kerb = round((KERB - _NEAR) * _FINE)
    image[:] = (104, 102, 101)
    image += noise(rng, height, width, ((160, 5), (40, 4), (6, 3), (1, 7)))[..., None]
    for _ in range(26):  # patches, oil
        x, y = int(rng.integers(width)), int(rng.integers(kerb - 20))
        size = (int(rng.integers(8, 70)), int(rng.integers(5, 24)))
        _stain(image, rng, (x, y), size, float(rng.uniform(0.8, 0.95)))
    for line in range(int(TO - FROM) // 6):
        x = line * 6 * _FINE
        image[round(7.2 * _FINE) : round(7.35 * _FINE), x : x + 3 * _FINE] = (190, 193, 194)
    image[kerb - round(0.55 * _FINE) : kerb - round(0.4 * _FINE)] = (96, 170, 186)
    _slabs(image, rng, kerb)
    stone = slice(kerb - round(0.16 * _FINE), kerb)
    image[stone] = (158, 160, 160)
    image[stone] += noise(rng, stone.stop - stone.start, width, ((30, 5), (2, 4)))[..., None]
    image[stone.start - 3 : stone.start] *= 0.55
    image[:, ::_FINE] = np.where(
        ((np.arange(height) >= stone.start) & (np.arange(height) < stone.stop))[:, None, None], 110, image[:, ::_FINE]
    )
    return np.clip(cv2.GaussianBlur(image, (0, 0), 0.6), 0, 255).astype(np.uint8)


def _slabs(image: Pixels, rng: np.random.Generator, kerb: int) -> None:
    height, width = image.shape[:2]
    part = image[kerb:]
    deep = height - kerb
    part[:] = (150, 154, 158)
    side = round(0.5 * _FINE)
    shades = rng.normal(0, 5.5, (deep // side + 1, width // side + 2, 1)).astype(np.float32)
    warm = rng.normal(0, 1.5, (*shades.shape[:2], 3)).astype(np.float32)
    for row in range(deep // side + 1):
        shift = (row % 2) * side // 2
        for column in range(width // side + 2):
            x = column * side - shift
            part[row * side : (row + 1) * side, max(0, x) : max(0, x + side)] += shades[row, column] + warm[row, column]
            if 0 <= x < width:
                part[row * side : (row + 1) * side, x : x + 1] *= 0.72
        part[row * side : row * side + 1] *= 0.72
    part += noise(rng, deep, width, ((200, 5), (50, 4), (9, 2.5), (1, 4)))[..., None]
    strip = slice(round(1.3 * _FINE), round(1.9 * _FINE))  # the tactile strip for the blind
    part[strip] = part[strip] * 0.35 + np.array((62, 128, 150), np.float32) * 0.75
    for bar in range(4):
        y = strip.start + round((0.08 + 0.14 * bar) * _FINE)
        part[y : y + 2] *= 1.12
        part[y + 2 : y + 3] *= 0.85
    for _ in range(320):  # gum, and stains that somebody spilt
        x, y = int(rng.integers(width)), int(rng.integers(deep))
        if rng.random() < 0.85:
            cv2.circle(part, (x, y), 1, (118, 122, 124), -1, cv2.LINE_AA)
        else:
            _stain(
                part, rng, (x, y), (int(rng.integers(4, 26)), int(rng.integers(3, 12))), float(rng.uniform(0.82, 0.96))
            )
    for x in range(6, int(TO - FROM), 11):  # manholes
        middle = (x * _FINE, round(3.1 * _FINE))
        cv2.circle(part, middle, round(0.36 * _FINE), (96, 98, 100), -1, cv2.LINE_AA)
        cv2.circle(part, middle, round(0.36 * _FINE), (70, 72, 74), 1, cv2.LINE_AA)
        cv2.circle(part, middle, round(0.2 * _FINE), (84, 86, 88), 1, cv2.LINE_AA)


def _stain(image: Pixels, rng: np.random.Generator, at: tuple[int, int], size: tuple[int, int], dark: float) -> None:
    mask = np.zeros(image.shape[:2], np.float32)
    x, y = at
    room = max(size) * 2 + 4
    x1, x2, y1, y2 = max(0, x - room), x + room, max(0, y - room), y + room
    part = mask[y1:y2, x1:x2]
    cv2.ellipse(part, (x - x1, y - y1), size, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
    soft = cv2.GaussianBlur(part, (0, 0), max(1.0, min(size) / 3))
    image[y1:y2, x1:x2] *= (1 - soft * (1 - dark))[..., None]


@cache
def _brick() -> Pixels:
    """The demo clip's brick wall as a tile of grain: factors about 1."""
    wall = cutouts.median()[84:104, 446:566].astype(np.float32).mean(axis=2)
    tile = np.hstack([wall, wall[:, ::-1]])
    tile = np.vstack([tile, tile[::-1]])
    return np.asarray(tile / cv2.GaussianBlur(tile, (0, 0), 12), np.float32)


@cache
def _shops() -> Image:
    rng = np.random.default_rng(22)
    width, height = round((TO - FROM) * _FINE), round(_TOP * _FINE)
    image = np.empty((height, width, 3), np.float32)
    image[:] = (118, 134, 158)
    brick = _brick()
    tiles = (height // brick.shape[0] + 1, width // brick.shape[1] + 1)
    image *= np.tile(brick, tiles)[:height, :width, None]
    image += noise(rng, height, width, ((120, 5), (1, 3)))[..., None]
    for row in range(0, height, 4):
        image[row] *= 0.9

    def area(x1: float, x2: float, z1: float, z2: float) -> Pixels:
        return image[
            round((_TOP - z2) * _FINE) : round((_TOP - z1) * _FINE),
            round((x1 - FROM) * _FINE) : round((x2 - FROM) * _FINE),
        ]

    fronts = [(shop.start, shop.end, shop.door) for shop in SHOPS]
    while fronts[-1][1] < TO - 6:
        start = fronts[-1][1] + 0.4
        fronts.append((start, start + 5.2, start + 1.2))
    fronts.insert(0, (FROM, 3.0, 2.0))
    colours = ((60, 60, 170), (120, 80, 40), (70, 120, 60), (40, 110, 190), (130, 60, 90), (90, 90, 90))
    for number, (start, end, door) in enumerate(fronts):
        _front(area, rng, (start, end, door), colours[(number - 1) % len(colours)])
    return np.clip(cv2.GaussianBlur(image, (0, 0), 0.7), 0, 255).astype(np.uint8)


def _front(
    area: _Area, rng: np.random.Generator, front: tuple[float, float, float], colour: tuple[int, int, int]
) -> None:
    start, end, door = front
    area(start, end, 0.0, 0.45)[:] = (120, 122, 126)  # plinth
    glass = area(start + 0.1, end - 0.1, 0.45, 2.75)
    glass[:] = (72, 68, 64)
    glass += noise(rng, glass.shape[0], glass.shape[1], ((30, 10), (10, 6)))[..., None]
    rows = np.linspace(0, 1, glass.shape[0], dtype=np.float32)[:, None, None]
    glass += (1 - rows) * 38  # the sky's reflection
    for shelf in np.arange(0.7, 2.4, 0.42):  # goods behind the glass
        x = start + 0.25
        while x < end - 0.5:
            wide, high = float(rng.uniform(0.12, 0.4)), float(rng.uniform(0.12, 0.3))
            shown = area(x, x + wide, float(shelf), float(shelf) + high)
            shown[:] = shown * 0.6 + (rng.uniform(40, 190) + rng.uniform(-22, 22, 3)).astype(np.float32) * 0.4
            x += wide + float(rng.uniform(0.03, 0.2))
    for post in np.linspace(start + 0.1, end - 0.14, 4):
        area(float(post), float(post) + 0.05, 0.45, 2.75)[:] = (150, 150, 148)
    area(door - 0.55, door + 0.55, 0.0, 2.5)[:] = (34, 36, 40)
    area(door - 0.5, door + 0.5, 0.02, 0.5)[:] = (58, 60, 64)
    for edge in (door - 0.58, door + 0.52):
        area(edge, edge + 0.06, 0.0, 2.55)[:] = (156, 156, 154)
    sign = area(start, end, 2.85, 3.7)
    sign[:] = colour
    sign += noise(rng, sign.shape[0], sign.shape[1], ((60, 6),))[..., None]
    size = round(0.5 * _FINE)
    for glyph in range(4):  # something that looks like characters from afar
        x = round((end - start) * _FINE * (0.2 + 0.16 * glyph))
        y = round(0.18 * _FINE)
        for _ in range(7):
            a, b = rng.integers(0, size, 2), rng.integers(0, size, 2)
            b[int(rng.integers(2))] = a[int(rng.integers(2))]
            cv2.line(
                sign, (x + int(a[0]), y + int(a[1])), (x + int(b[0]), y + int(b[1])), (225, 235, 240), 2, cv2.LINE_AA
            )
    area(start, end, 2.76, 2.86)[:] *= 0.6
    for window in np.arange(start + 0.5, end - 1.2, 2.0):
        pane = area(float(window), float(window) + 1.3, 4.5, 5.8)
        pane[:] = (92, 86, 78)
        pane[::18] = (170, 172, 172)
        pane[:, :: max(1, pane.shape[1] // 2)] = (170, 172, 172)
