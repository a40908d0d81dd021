"""Puddles: slabs that are wet, darker and richer, with a faint picture of the shops upside down."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from tests.scenes.pavement.camera import Camera
from tests.scenes.pavement.patches import Patch
from tests.scenes.pavement.street import WALL

Image = npt.NDArray[np.uint8]
_WET = np.array((0.6, 0.57, 0.55), np.float32)
_SKY = np.array((206, 200, 194), np.float32)


class Water:
    """Draws the puddles of one view."""

    def __init__(self, camera: Camera, street: Image) -> None:
        self._camera = camera
        self._street = street

    def patch(self, x: float, y: float, radius: float, seed: int) -> Patch | None:
        """A puddle about a point of the ground, `radius` metres on average."""
        camera = self._camera
        outline = camera.project([(px, py, 0.0) for px, py in shore(x, y, radius, seed)])
        x1, y1 = (max(0, int(v) - 3) for v in outline.min(axis=0))
        x2, y2 = (min(side, int(v) + 4) for v, side in zip(outline.max(axis=0), camera.size, strict=True))
        if x1 >= x2 or y1 >= y2:
            return None
        mask = np.zeros((y2 - y1, x2 - x1), np.uint8)
        cv2.fillPoly(mask, [np.round((outline - (x1, y1)) * 16).astype(np.int32)], 255, shift=4, lineType=cv2.LINE_AA)
        cover = cv2.GaussianBlur(mask, (0, 0), 0.8).astype(np.float32)[..., None] / 255
        rays = camera.rays(1)[y1:y2, x1:x2]
        mirrored = self._mirrored(rays)
        # Fresnel's law, roughly: the flatter the view, the more of the mirror.
        steep = -rays[..., 2] / np.linalg.norm(rays, axis=-1)
        share = (0.04 + 0.75 * (1 - steep) ** 5)[..., None].astype(np.float32)
        wet = self._street[y1:y2, x1:x2] * _WET * (1 - share) + mirrored * share
        return Patch(x1, y1, np.concatenate([wet * cover, cover], axis=2).astype(np.float32))

    def _mirrored(self, rays: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """What is seen in water at the end of each ray: the wall, or the sky above what the picture shows of it."""
        camera = self._camera
        down = np.minimum(rays[..., 2], -1e-6)
        ground = rays * (camera.height / -down)[..., None]
        left = (WALL - ground[..., 1]) / np.maximum(rays[..., 1], 1e-6)
        hit_x, hit_z = ground[..., 0] + rays[..., 0] * left, -down * left
        points = np.stack([hit_x, np.full_like(hit_x, WALL), hit_z], axis=-1).reshape(-1, 3)
        seen = camera.project(points).reshape(*hit_x.shape, 2).astype(np.float32)
        found = cv2.remap(self._street, seen[..., 0], seen[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        above = np.clip((hit_z - 4.5) / 2, 0, 1)[..., None]
        return np.asarray(found * (1 - above) + _SKY * above, np.float32)


def shore(x: float, y: float, radius: float, seed: int) -> list[tuple[float, float]]:
    """The edge of a puddle on the ground, in metres."""
    rng = np.random.default_rng([seed, 41])
    turns = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    reach = np.ones_like(turns)
    for wave in range(2, 7):
        reach += rng.normal(0, 0.22 / wave) * np.cos(wave * turns + rng.uniform(0, 2 * np.pi))
    return [
        (x + 1.3 * radius * r * float(np.cos(a)), y + 0.8 * radius * r * float(np.sin(a)))
        for r, a in zip(reach.tolist(), turns, strict=True)
    ]
