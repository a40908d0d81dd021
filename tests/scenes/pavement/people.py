"""People cut out of the demo clip at run time: walking, a dozen frames each, and standing with their feet together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import av
import cv2
import numpy as np

from tests.scenes import cutouts
from tests.scenes.cutouts import Sprite

_FRAMES = 12
_ROAD = 168.0
"""How bright the clip's road is."""
_ROOM = 12
"""Pixels around the traced boxes; of what moves in them, the largest part is the person."""

_Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Walk:
    """Where somebody walks in the clip: boxes in the first of twelve frames and in the last one, linear in between."""

    first: int
    start: _Box
    end: _Box
    stands: tuple[int, ...]
    """Frames in which the feet are together."""
    leftwards: bool


_WALKS = (
    _Walk(650, (638, 193, 672, 283), (612, 175, 643, 254), (2, 5), leftwards=True),
    _Walk(70, (584, 208, 624, 310), (565, 188, 600, 284), (3, 8), leftwards=True),
    _Walk(380, (562, 267, 612, 376), (632, 286, 684, 390), (4, 5), leftwards=False),
    _Walk(430, (686, 273, 723, 372), (604, 256, 645, 353), (5, 2), leftwards=True),
    _Walk(510, (534, 222, 569, 323), (486, 206, 522, 304), (3, 10), leftwards=True),
    _Walk(250, (595, 253, 640, 353), (525, 242, 560, 342), (6, 7), leftwards=True),
    _Walk(770, (617, 197, 650, 292), (612, 200, 648, 301), (3, 10), leftwards=False),
    _Walk(640, (503, 245, 539, 342), (463, 219, 501, 302), (6, 11), leftwards=True),
    _Walk(710, (615, 208, 653, 297), (550, 199, 585, 285), (6, 10), leftwards=True),
)
COUNT = len(_WALKS)


def walking(who: int, seconds: float) -> Sprite:
    """How person `who` looks after walking for `seconds`."""
    return _people()[who][int(seconds * 10) % _FRAMES]


def standing(who: int, pose: int) -> Sprite:
    """One of the poses in which person `who` stands."""
    stands = _WALKS[who].stands
    return _people()[who][stands[pose % len(stands)]]


def leftwards(who: int) -> bool:
    """Whether the cut-outs of person `who` look to the left."""
    return _WALKS[who].leftwards


@cache
def _people() -> tuple[tuple[Sprite, ...], ...]:
    wanted: dict[int, list[tuple[int, int]]] = {}
    for who, walk in enumerate(_WALKS):
        for step in range(_FRAMES):
            wanted.setdefault(walk.first + step, []).append((who, step))
    parts: dict[tuple[int, int], Sprite] = {}
    with av.open(cutouts.CLIP) as clip:
        for index, frame in enumerate(clip.decode(video=0)):
            if index not in wanted:
                continue
            image = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            for who, step in wanted[index]:
                box = _box(_WALKS[who], step)
                parts[who, step] = _trimmed(cutouts._person(image, box))
    return tuple(tuple(parts[who, step] for step in range(_FRAMES)) for who in range(COUNT))


def _trimmed(sprite: Sprite) -> Sprite:
    """Without the outermost rim and what lies about the feet, where the clip's pale road shines through."""
    alpha = sprite.rgba[..., 3]
    colour = sprite.rgba[..., :3] / np.maximum(alpha, 1e-3)[..., None]
    grey = (np.ptp(colour, axis=2) < 26) & (np.abs(colour.mean(axis=2) - _ROAD) < 62)
    low = round(sprite.body[1] + (sprite.body[3] - sprite.body[1]) * 0.78)
    less = np.clip(alpha * 1.8 - 0.8, 0, 1)
    less[low:][grey[low:]] = 0
    solid = cv2.morphologyEx((less > 0.3).astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(solid)
    largest = (labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))).astype(np.float32)
    less = np.minimum(less, cv2.GaussianBlur(cv2.dilate(largest, np.ones((3, 3), np.uint8)), (0, 0), 0.6))
    rgba = sprite.rgba * (less / np.maximum(alpha, 1e-3))[..., None]
    rows = np.flatnonzero((less > 0.5).any(axis=1))
    x1, y1, x2, _ = sprite.body
    return replace(sprite, rgba=rgba.astype(np.float32), body=(x1, y1, x2, float(rows[-1] + 1)))


def dressed(sprite: Sprite, coat: tuple[float, float, float]) -> Sprite:
    """Somebody else: what is dark on them, and that is most of their clothes, in another colour (blue, green, red)."""
    if not any(coat):
        return sprite
    alpha = sprite.rgba[..., 3:]
    luma = sprite.rgba[..., :3].mean(axis=2, keepdims=True) / np.maximum(alpha, 1e-3)
    share = np.clip(1.2 - luma / 75, 0, 1) * alpha
    # The hair stays as it is.
    share[: round(sprite.body[1] + (sprite.body[3] - sprite.body[1]) * 0.14)] = 0
    rgba = sprite.rgba.copy()
    rgba[..., :3] = np.clip(rgba[..., :3] + share * np.array(coat, np.float32), 0, 255 * alpha)
    return replace(sprite, rgba=rgba)


def _box(walk: _Walk, step: int) -> _Box:
    share = step / (_FRAMES - 1)
    x1, y1, x2, y2 = (round(a + (b - a) * share) for a, b in zip(walk.start, walk.end, strict=True))
    return (
        max(0, x1 - _ROOM),
        max(0, y1 - _ROOM),
        min(cutouts.WIDTH, x2 + _ROOM),
        min(cutouts.HEIGHT, y2 + _ROOM),
    )
