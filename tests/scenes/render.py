"""Scenes to frames: I420 pictures, each a pure function of the scene and the frame's index, made on demand.

Only what moves is drawn again. A frame in which nothing moves costs a copy and the noise.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from tests.models.plates.drawing import plate
from tests.scenes import stage, stamp, weather
from tests.scenes.motion import Placement, placements
from tests.scenes.scene import Look, Scene

Image = npt.NDArray[np.uint8]
Pixels = npt.NDArray[np.float32]


class Renderer:
    """Draws the frames of one scene. Frames may be asked for in any order."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._empty = stage.backdrop(scene.backdrop, scene.size)
        self._layers = stage.layers(scene.backdrop, scene.size)
        self._view = stage.View.filling(scene.size)
        self._canvas = self._empty.copy()
        self._planes = cv2.cvtColor(self._empty, cv2.COLOR_BGR2YUV_I420)
        self._dirty: list[tuple[int, int, int, int]] = []
        self._shown: tuple[Placement, ...] = ()
        self._weather = weather.Weather(scene)

    def frame(self, index: int) -> Image:
        """Frame `index` as I420: H * 3/2 rows of W bytes. A new array each time."""
        placed = placements(self._scene, index)
        if _appearance(placed) != _appearance(self._shown):
            self._draw(placed)
        self._shown = placed
        planes = self._weather.apply(self._planes, index, self._lamps(placed, index))
        if self._scene.stamped:
            stamp.write(planes, self._scene.size, index)
        return planes

    def bgr(self, index: int) -> Image:
        """Frame `index` as H x W x 3 BGR, before any encoding."""
        return cv2.cvtColor(self.frame(index), cv2.COLOR_YUV2BGR_I420)

    def _draw(self, placed: tuple[Placement, ...]) -> None:
        for x1, y1, x2, y2 in self._dirty:
            self._canvas[y1:y2, x1:x2] = self._empty[y1:y2, x1:x2]
        touched = list(self._dirty)
        self._dirty = []
        for placement in placed:
            box = self._paste(placement)
            if box is not None:
                self._dirty.append(box)
                self._restore_in_front(box, placement.ground[1])
        touched += self._dirty
        for x1, y1, x2, y2 in touched:
            self._refresh(x1 & ~1, y1 & ~1, (x2 + 1) & ~1, (y2 + 1) & ~1)

    def _paste(self, placement: Placement) -> tuple[int, int, int, int] | None:
        sprite = stage.sprite_of(placement)
        by = self._view.enlargement(placement.ground[1], sprite.ground) * placement.size
        rgba, fine = _magnified(placement.look, stage.sprite_index(placement), placement.mirrored, by)
        scale = by / fine
        height, width = rgba.shape[:2]
        anchor_x = sprite.rgba.shape[1] - sprite.anchor[0] if placement.mirrored else sprite.anchor[0]
        left = placement.ground[0] * self._scene.size[0] - anchor_x * by
        top = placement.ground[1] * self._scene.size[1] - sprite.anchor[1] * by
        x1, y1 = max(0, int(np.floor(left))), max(0, int(np.floor(top)))
        x2 = min(self._scene.size[0], int(np.ceil(left + width * scale)))
        y2 = min(self._scene.size[1], int(np.ceil(top + height * scale)))
        if x1 >= x2 or y1 >= y2:
            return None
        shift = (scale - 1) / 2
        matrix = np.array([[scale, 0, shift + left - x1], [0, scale, shift + top - y1]])
        # Bilinear sampling of a picture more than twice as large would leave jagged edges; `_magnified` prevents that.
        patch = cv2.warpAffine(rgba, matrix, (x2 - x1, y2 - y1), flags=cv2.INTER_LINEAR)
        under = self._canvas[y1:y2, x1:x2]
        colour = patch[..., :3] * np.array(placement.tint, np.float32)
        mixed = under * (1 - patch[..., 3:]) + colour
        self._canvas[y1:y2, x1:x2] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
        if placement.plate is not None:
            self._mount(placement.plate, stage.plate_of(placement, self._scene.size))
        return (x1, y1, x2, y2)

    def _mount(self, text: str, box: tuple[int, int, int, int]) -> None:
        x1, y1, x2, y2 = box
        if 0 <= x1 < x2 <= self._scene.size[0] and 0 <= y1 < y2 <= self._scene.size[1]:
            face = cv2.resize(_plate(text), (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA)
            self._canvas[y1:y2, x1:x2] = face

    def _restore_in_front(self, box: tuple[int, int, int, int], ground: float) -> None:
        for layer in self._layers:
            if layer.ground <= ground:
                continue
            x1, y1 = max(box[0], layer.box[0]), max(box[1], layer.box[1])
            x2, y2 = min(box[2], layer.box[2]), min(box[3], layer.box[3])
            if x1 < x2 and y1 < y2:
                alpha = layer.alpha[y1 - layer.box[1] : y2 - layer.box[1], x1 - layer.box[0] : x2 - layer.box[0]]
                part = self._canvas[y1:y2, x1:x2] * (1 - alpha) + self._empty[y1:y2, x1:x2] * alpha
                self._canvas[y1:y2, x1:x2] = (part + 0.5).astype(np.uint8)

    def _refresh(self, x1: int, y1: int, x2: int, y2: int) -> None:
        """Converts one even-sided rectangle of the canvas into the planes."""
        width, height = self._scene.size
        part = cv2.cvtColor(np.ascontiguousarray(self._canvas[y1:y2, x1:x2]), cv2.COLOR_BGR2YUV_I420)
        h, w = y2 - y1, x2 - x1
        self._planes[y1:y2, x1:x2] = part[:h]
        chroma = part[h:].reshape(2, h // 2, w // 2)
        target = self._planes[height:].reshape(2, height // 2, width // 2)
        target[:, y1 // 2 : y2 // 2, x1 // 2 : x2 // 2] = chroma

    def _lamps(self, placed: tuple[Placement, ...], index: int) -> list[weather.Lamp]:
        level = self._scene.light.level(self._scene.second(index))
        if level >= self._scene.light.headlights_below:
            return []
        found = []
        for placement in placed:
            if placement.moving and placement.look not in (Look.WALKER, Look.STANDER):
                x1, y1, x2, y2 = stage.box_of(placement, self._scene.size)
                ahead = -1 if placement.mirrored else 1
                reach = x2 - x1
                found.append(weather.Lamp((x1 + x2) / 2 + ahead * reach * 0.75, y2 - (y2 - y1) * 0.3, reach))
        return found


def _appearance(placed: tuple[Placement, ...]) -> tuple[object, ...]:
    """What decides how `placed` is drawn: time passes for a walker only."""
    return tuple((p.look, p.ground, p.mirrored, p.tint, p.size, p.plate, stage.sprite_index(p)) for p in placed)


_plate = cache(plate)


@cache
def _mip(look: Look, number: int, mirrored: bool, fine: float) -> Pixels:
    rgba = stage.sprite_frames(look)[number].rgba
    if mirrored:
        rgba = np.ascontiguousarray(rgba[:, ::-1])
    if fine == 1:
        return rgba
    height, width = rgba.shape[:2]
    size = (round(width * fine), round(height * fine))
    if fine < 1:
        return cv2.resize(rgba, size, interpolation=cv2.INTER_AREA)
    large = cv2.resize(rgba, size, interpolation=cv2.INTER_CUBIC)
    sharp = large * 1.5 - cv2.GaussianBlur(large, (0, 0), fine * 0.7) * 0.5
    alpha = np.clip(sharp[..., 3:], 0, 1)
    return np.concatenate([np.clip(sharp[..., :3], 0, 255 * alpha), alpha], axis=2)


def _magnified(look: Look, number: int, mirrored: bool, by: float) -> tuple[Pixels, float]:
    """The sprite at a power of two of its own size, at most 1.5 times off `by`, and that power."""
    fine = 2.0 ** max(-3, min(3, round(float(np.log2(by)))))
    return _mip(look, number, mirrored, fine), fine
