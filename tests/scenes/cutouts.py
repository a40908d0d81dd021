"""Pixels taken from the demo clip at run time: the empty street, and the objects cut out of it.

All coordinates in this file are pixels of the clip (768 x 576). The outlines were traced by hand on the median.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from tests.scenes.repaint import repaint

CLIP = Path(__file__).parents[2] / "configs" / "demo" / "footage" / "vtest-h264.mp4"
WIDTH, HEIGHT = 768, 576
HORIZON = -47.0
"""Where the ground meets infinity: fitted to the heights of people at three depths (33 px at y=95, 145 px at y=575)."""

Pixels = npt.NDArray[np.float32]
Outline = tuple[tuple[float, float], ...]

# The outline of the van with the dark ground under it, which makes it stand on the street instead of floating.
_VAN: Outline = (
    (657.2, 48.8), (659.5, 46.9), (664.8, 46.3), (667.0, 45.4), (674.9, 44.8), (685.4, 44.5), (695.1, 44.5),
    (705.6, 45.2), (710.0, 46.3), (711.8, 47.9), (713.3, 51.0), (715.0, 55.6), (715.4, 63.9), (723.7, 64.9),
    (723.6, 67.0), (722.4, 68.0), (722.7, 74.5), (723.0, 80.7), (722.6, 87.7), (721.0, 91.8), (715.7, 92.6),
    (713.0, 92.9), (705.6, 94.6), (702.1, 96.0), (701.2, 98.0), (699.0, 99.8), (696.0, 100.3), (660.0, 99.8),
    (657.6, 96.0), (655.0, 91.0), (654.4, 86.2), (652.8, 84.0), (652.2, 75.2), (653.2, 73.8), (653.3, 68.0),
    (654.4, 59.6), (655.8, 52.6),
)  # fmt: skip
_VAN_BODY = (652.5, 44.0, 723.5, 98.5)
# Half of the car: the clip cuts it off at the right, and a car seen from behind is its own mirror image.
_CAR_MIDDLE = 752.0
_CAR: Outline = (
    (757.0, 53.2), (743.5, 53.2), (742.2, 55.2), (739.6, 58.5), (738.3, 62.5), (737.8, 68.4), (735.9, 72.0),
    (735.3, 74.5), (735.2, 80.8), (735.9, 87.0), (736.6, 92.2), (740.0, 93.6), (757.0, 94.2),
)  # fmt: skip
_CAR_REGION = ((733, 46), (768, 46), (768, 97), (733, 97))
_CAR_BODY = (735.2, 53.0, 768.8, 93.0)
_STANDER_FRAME, _STANDER = 580, (630, 294, 682, 420)
_WALKER_FRAMES, _WALKER_FROM, _WALKER_STEP = range(626, 638), (351, 399), (-2.15, -2.1)
_WALKER_SIZE = (78, 164)
_POLE: tuple[Outline, ...] = (
    ((425.5, 88), (429.5, 88), (436, 340), (439, 342), (439.5, 390), (429, 390), (428.5, 340), (423.5, 100)),
    ((413, 202.5), (443, 202.5), (445.5, 242.5), (415.5, 243)),
    ((396, 40), (399, 31), (410, 26), (427, 24), (429, 18), (434, 18), (438, 28), (437, 35), (420, 38), (404, 36),
     (400, 40), (429, 88), (425, 90)),
)  # fmt: skip
_TRIPOD: tuple[Outline, ...] = (
    ((505.5, 338), (510, 338), (511.5, 350), (508, 355), (507, 376), (508, 380), (526, 480), (522, 481), (507, 395),
     (509, 450), (506, 451), (503.5, 390), (500.5, 386), (462, 469), (459, 469), (499, 382), (502, 375), (503.5, 352),
     (501, 349)),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """A cut-out: premultiplied colour and coverage, and where it stands.

    `rgba` float32 [h, w, 4] (blue, green, red 0..255 times coverage, coverage 0..1); `anchor` the sprite's pixel that
    touches the ground; `ground` the clip's row at which it is drawn at its own size; `body` x1, y1, x2, y2 of the
    object itself in the sprite's pixels, its shadow left out.
    """

    rgba: Pixels
    anchor: tuple[float, float]
    ground: float
    body: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Foreground:
    """A part of the backdrop that things further away pass behind."""

    mask: npt.NDArray[np.uint8]
    ground: float


@cache
def _clip() -> tuple[npt.NDArray[np.uint8], dict[int, npt.NDArray[np.uint8]]]:
    wanted = {_STANDER_FRAME, *_WALKER_FRAMES}
    sampled, kept = [], {}
    with av.open(CLIP) as box:
        for index, frame in enumerate(box.decode(video=0)):
            if index % 15 and index not in wanted:
                continue
            image = frame.to_ndarray(format="bgr24")
            if index % 15 == 0:
                sampled.append(image)
            if index in wanted:
                kept[index] = image
    return np.median(np.stack(sampled), axis=0).astype(np.uint8), kept


def median() -> npt.NDArray[np.uint8]:
    """The clip without what moves: H x W x 3 BGR."""
    return _clip()[0]


@cache
def empty_street() -> npt.NDArray[np.uint8]:
    """The clip without people and without the two parked vehicles: H x W x 3 BGR."""
    return repaint(median(), [_fixed(_VAN), np.array(_CAR_REGION) * 16])


@cache
def foregrounds() -> tuple[Foreground, ...]:
    """The lamp post with its sign, and the tripod."""
    found = []
    for outlines, ground in ((_POLE, 390.0), (_TRIPOD, 481.0)):
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        for outline in outlines:
            cv2.fillPoly(mask, [_fixed(outline)], 255, shift=4, lineType=cv2.LINE_AA)
        found.append(Foreground(mask, ground))
    return tuple(found)


@cache
def van() -> Sprite:
    """The white van."""
    x1, y1, x2, y2 = 646, 38, 730, 106
    alpha = _coverage(_VAN, (x1, y1, x2, y2))
    # The shadow under the body fades into the ground instead of ending at the outline.
    rows, columns = np.mgrid[y1:y2, x1:x2].astype(np.float32)
    under = np.clip((rows - (89.5 + np.clip(columns - 697, 0, None) * -0.12)) / 11, 0, 1)
    alpha *= np.where(columns < 694, 1 - 0.75 * under**1.5, 1)
    return _sprite(median()[y1:y2, x1:x2], alpha, (x1, y1), (688.0, 96.0), 96.0, _VAN_BODY)


@cache
def car() -> Sprite:
    """The pale blue car, its right half mirrored from its left."""
    x1, y1, x2, y2 = 730, 48, 774, 100
    middle = int(_CAR_MIDDLE)
    half = median()[y1:y2, x1:middle]
    pixels = np.concatenate([half, half[:, ::-1]], axis=1)
    # The outline runs past the middle, so that the seam is fully covered.
    coverage = _coverage(_CAR, (x1, y1, middle + 8, y2))[:, : middle - x1]
    alpha = np.concatenate([coverage, coverage[:, ::-1]], axis=1)
    rows = np.mgrid[y1:y2, x1:x2][0].astype(np.float32)
    alpha *= 1 - 0.6 * np.clip((rows - 90) / 4, 0, 1)
    return _sprite(pixels, alpha, (x1, y1), (_CAR_MIDDLE, 92.5), 92.5, _CAR_BODY)


@cache
def stander() -> Sprite:
    """A man standing on the road."""
    return _person(_clip()[1][_STANDER_FRAME], _STANDER)


@cache
def walker() -> tuple[Sprite, ...]:
    """A woman walking: twelve frames, a tenth of a second apart."""
    sprites = []
    for number, index in enumerate(_WALKER_FRAMES):
        x = round(_WALKER_FROM[0] + _WALKER_STEP[0] * number)
        y = round(_WALKER_FROM[1] + _WALKER_STEP[1] * number)
        box = (x, y, x + _WALKER_SIZE[0], min(HEIGHT, y + _WALKER_SIZE[1]))
        sprites.append(_person(_clip()[1][index], box))
    return tuple(sprites)


def _person(frame: npt.NDArray[np.uint8], box: tuple[int, int, int, int]) -> Sprite:
    x1, y1, x2, y2 = box
    part = frame[y1:y2, x1:x2]
    apart = np.abs(part.astype(np.int16) - median()[y1:y2, x1:x2].astype(np.int16)).max(axis=2).astype(np.uint8)
    mask = (cv2.GaussianBlur(apart, (0, 0), 0.8) > 26).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    left, top, width, height = (int(v) for v in stats[largest, :4])
    solid = np.where(labels == largest, np.uint8(255), np.uint8(0))
    # Grass that shows between the legs or at the edge must not travel with the person onto the road.
    colours = part.astype(np.int16)
    solid[(colours[..., 1] > colours[..., 0] + 18) & (colours[..., 1] > colours[..., 2] + 4)] = 0
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    alpha = cv2.GaussianBlur(solid, (0, 0), 0.9).astype(np.float32) / 255
    alpha = np.clip(alpha * 1.6 - 0.6, 0, 1)
    feet = (x1 + left + width / 2, y1 + top + height - 1.0)
    body = (x1 + left, y1 + top, x1 + left + width, y1 + top + height)
    return _sprite(part, alpha, (x1, y1), feet, feet[1], body)


def _sprite(
    pixels: npt.NDArray[np.uint8],
    alpha: Pixels,
    origin: tuple[int, int],
    anchor: tuple[float, float],
    ground: float,
    body: tuple[float, float, float, float],
) -> Sprite:
    rgba = np.dstack([pixels.astype(np.float32) * alpha[..., None], alpha]).astype(np.float32)
    x, y = origin
    return Sprite(
        rgba,
        (anchor[0] - x, anchor[1] - y),
        ground,
        (body[0] - x, body[1] - y, body[2] - x, body[3] - y),
    )


def _coverage(outline: Outline, box: tuple[int, int, int, int]) -> Pixels:
    """0..1 inside `outline`, drawn eight times larger so that its edge is smooth, and drawn in by half a pixel."""
    x1, y1, x2, y2 = box
    large = np.zeros(((y2 - y1) * 8, (x2 - x1) * 8), np.uint8)
    cv2.fillPoly(large, [_fixed(outline, 8, (x1, y1))], 255, shift=4)
    large = cv2.erode(large, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))
    small = cv2.resize(cv2.GaussianBlur(large, (0, 0), 4.5), (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / 255


def _fixed(outline: Outline, scale: int = 1, origin: tuple[float, float] = (0, 0)) -> npt.NDArray[np.int32]:
    points = (np.array(outline) - origin) * scale * 16
    return np.round(points).astype(np.int32)
