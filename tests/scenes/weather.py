"""What light, sensor, rain and a swaying pole do to a clean picture. Deterministic in (scene, frame index)."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, pi, sin

import cv2
import numpy as np
import numpy.typing as npt

from tests.scenes.scene import Scene, Shade

Image = npt.NDArray[np.uint8]
_BANK = 12
"""Noise pictures kept; one is picked per frame. More would only cost memory."""
_NIGHT = 0.15
_SLANT = 0.25
_STEPS = 4096
_AIR = 205.0
"""How bright fog is by day."""
_HORIZON = 47 / 576
"""How far above the picture the ground meets infinity, as a share of its height (`cutouts.HORIZON`)."""


@dataclass(frozen=True, slots=True)
class Lamp:
    """A pool of light on the road: where, and how far it reaches, as fractions of the width (y: of the height)."""

    x: float
    y: float
    reach: float


class Weather:
    """Applies one scene's light and noise."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        rng = np.random.default_rng([scene.seed, 1])
        width, height = scene.size
        self._units: list[npt.NDArray[np.int8]] = []
        self._banks: dict[int, list[tuple[Image, Image]]] = {}
        if scene.noise.sigma or scene.noise.night_sigma:
            # Sensor noise reaches the encoder slightly blurred by the lens and the camera's own processing.
            for _ in range(_BANK):
                grain = cv2.GaussianBlur(rng.standard_normal((height, width), np.float32), (0, 0), 0.6)
                self._units.append(np.clip(grain / grain.std() * 32, -127, 127).astype(np.int8))
        self._rain = [self._streaks(rng) for _ in range(6)] if scene.noise.rain else []
        self._across: npt.NDArray[np.int16] | None = None
        self._offset = int(rng.integers(1 << 20))

    def apply(self, planes: Image, index: int, lamps: list[Lamp]) -> Image:
        """A new I420 picture: `planes` as the camera would give it at frame `index`."""
        scene = self._scene
        height = scene.size[1]
        t = scene.second(index)
        level = scene.light.level(t)
        gain = level * (1 + scene.light.pumping * sin(2 * pi * t / float(scene.light.pumping_period)))
        out = planes if gain == 1 else _dimmed(planes, height, gain)
        out = out.copy() if out is planes else out
        luma = out[:height]
        for shade in scene.shades:
            self._shadow(luma, shade, t)
        for lamp in lamps:
            _shine(luma, lamp, level)
        if scene.noise.fog:
            self._veil(out, level)
        if self._rain:
            cv2.add(luma, self._rain[_pick(self._offset, index, len(self._rain))], dst=luma)
        if scene.noise.shake or scene.noise.drift:
            _sway(out, scene, t)
        sigma = _between(scene.noise.sigma, scene.noise.night_sigma, level)
        if sigma:
            brighter, darker = self._grain(sigma)[_pick(self._offset + 7, index, _BANK)]
            cv2.add(luma, brighter, dst=luma)
            cv2.subtract(luma, darker, dst=luma)
        return out

    def _shadow(self, luma: Image, shade: Shade, t: float) -> None:
        begin, end = (float(second) for second in shade.passes)
        if not begin <= t < end:
            return
        # Edges are slanted: the picture's lower rows are reached a quarter of its width later.
        front = (t - begin) / (end - begin) * (1 + _SLANT + shade.width + 2 * shade.soft)
        across = np.arange(_STEPS, dtype=np.float32) / _STEPS * (1 + _SLANT)
        inside = np.minimum(front - across, across - (front - shade.width - shade.soft))
        depth = np.clip(inside / max(shade.soft, 1e-3), 0, 1)
        share = np.round((1 - depth * (1 - shade.dark)) * 255).astype(np.uint8)
        height, width = luma.shape
        if self._across is None:
            rows, columns = np.ogrid[:height, :width]
            place = (columns / width + (1 - rows / height) * _SLANT) / (1 + _SLANT)
            self._across = (place * (_STEPS - 1)).astype(np.int16)
        cv2.multiply(luma, share[self._across], dst=luma, scale=1 / 255)

    def _veil(self, planes: Image, level: float) -> None:
        """What is seen through fog falls off with the distance, which grows towards the horizon."""
        height = self._scene.size[1]
        chroma = planes[height:].reshape(2, height // 2, -1)
        for plane, air in ((planes[:height], _AIR * level), (chroma[0], 128.0), (chroma[1], 128.0)):
            rows = np.arange(plane.shape[0]) / plane.shape[0]
            seen = np.array([exp(-self._scene.noise.fog / (row + _HORIZON)) for row in rows], np.float32)[:, None]
            plane[:] = np.clip(plane * seen + air * (1 - seen) + 0.5, 0, 255).astype(np.uint8)

    def _grain(self, sigma: float) -> list[tuple[Image, Image]]:
        """The bank scaled to the nearest half of a grey level: saturating addition needs two unsigned pictures."""
        step = max(1, round(sigma * 2))
        if step not in self._banks:
            if len(self._banks) > 3:
                self._banks.clear()
            scaled = [np.round(unit.astype(np.float32) * (step / 64)) for unit in self._units]
            self._banks[step] = [
                (np.clip(g, 0, 255).astype(np.uint8), np.clip(-g, 0, 255).astype(np.uint8)) for g in scaled
            ]
        return self._banks[step]

    def _streaks(self, rng: np.random.Generator) -> Image:
        width, height = self._scene.size
        layer = np.zeros((height, width), np.uint8)
        for _ in range(int(420 * self._scene.noise.rain)):
            x, y = int(rng.integers(width)), int(rng.integers(height))
            length = int(rng.integers(height // 40, height // 16))
            cv2.line(layer, (x, y), (x - length // 7, y + length), int(rng.integers(25, 70)), 1, cv2.LINE_AA)
        return cv2.GaussianBlur(layer, (0, 0), 0.8)


def _between(day: float, night: float, level: float) -> float:
    dark = min(max((1 - level) / (1 - _NIGHT), 0), 1)
    return day + (night - day) * dark**2


def _pick(offset: int, index: int, count: int) -> int:
    """A pick that does not repeat with a short period, as a plain remainder would."""
    mixed = (index + offset) * 0x9E3779B1 & 0xFFFFFFFF
    return (mixed >> 13) % count


def _dimmed(planes: Image, height: int, gain: float) -> Image:
    """Light scales the scene before the camera's gamma, and cameras lift the dark again and lose colour in it."""
    out = np.empty_like(planes)
    grey = np.arange(256, dtype=np.float32)
    lifted = max(gain, 0.0) ** 0.6
    luma = np.clip((grey - 16) * lifted + 16, 0, 255).round().astype(np.uint8)
    chroma = np.clip((grey - 128) * min(1.0, 0.25 + lifted * 0.75) + 128, 0, 255).round().astype(np.uint8)
    cv2.LUT(planes[:height], luma, dst=out[:height])
    cv2.LUT(planes[height:], chroma, dst=out[height:])
    return out


def _shine(luma: Image, lamp: Lamp, level: float) -> None:
    height, width = luma.shape
    reach_x, reach_y = max(4, int(lamp.reach * width)), max(3, int(lamp.reach * width * 0.35))
    cx, cy = int(lamp.x * width), int(lamp.y * height)
    x1, y1, x2, y2 = max(0, cx - reach_x), max(0, cy - reach_y), min(width, cx + reach_x), min(height, cy + reach_y)
    if x1 >= x2 or y1 >= y2:
        return
    rows, columns = np.ogrid[y1:y2, x1:x2]
    far = ((columns - cx) / reach_x) ** 2 + ((rows - cy) / reach_y) ** 2
    glow = np.clip(1 - far, 0, 1) ** 2 * (130 * (1 - level))
    part = luma[y1:y2, x1:x2]
    luma[y1:y2, x1:x2] = np.clip(part + glow, 0, 255).astype(np.uint8)


def _sway(planes: Image, scene: Scene, t: float) -> None:
    width, height = scene.size
    amplitude = scene.noise.shake * width / 768
    phase = scene.seed % 97
    dx = amplitude * (0.7 * sin(2 * pi * 0.9 * t + phase) + 0.3 * sin(2 * pi * 2.3 * t + 1.7))
    dy = amplitude * 0.6 * sin(2 * pi * 1.4 * t + phase * 0.5)
    dx += scene.noise.drift * width / 768 * t / 60
    dy += scene.noise.drift * width / 768 * t / 120
    chroma = planes[height:].reshape(2, height // 2, width // 2)
    for plane, share in ((planes[:height], 1.0), (chroma[0], 0.5), (chroma[1], 0.5)):
        matrix = np.array([[1, 0, dx * share], [0, 1, dy * share]])
        size = (plane.shape[1], plane.shape[0])
        plane[:] = cv2.warpAffine(plane, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
