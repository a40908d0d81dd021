"""A pinhole camera on a pole above a street, in metres: X along the street, Y from the camera to the shops, Z up.

Square pixels and a principal point in the middle, as real cameras have but for their lens: so whoever is given the
ground's homography can find the camera's height from it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import cos, radians, sin

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
GroundPoint = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Camera:
    """Stands above (0, 0)."""

    height: float = 6.2
    yaw: float = 48.0
    """Degrees from straight across the street towards X."""
    pitch: float = 24.0
    """Degrees below the horizontal."""
    focal: float = 640.0 / 768
    """In widths of the picture."""
    size: tuple[int, int] = (768, 576)

    def axes(self) -> Floats:
        """Rows: the picture's right, down and forward as unit vectors of the world; 3 x 3."""
        return _axes(self.yaw, self.pitch)

    def project(self, points: Sequence[Sequence[float]] | Floats) -> Floats:
        """World points [N, 3] in pixels [N, 2] (pixel centres at whole numbers), all in front of the camera."""
        width, height = self.size
        seen = (np.asarray(points, np.float64) - (0, 0, self.height)) @ self.axes().T
        if (seen[:, 2] <= 0).any():
            raise ValueError("a point lies behind the camera")
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        return np.asarray(seen[:, :2] / seen[:, 2:] * self.focal * width + middle)

    def ground_points(self, points: Sequence[GroundPoint]) -> list[tuple[float, float]]:
        """Points of the ground as fractions of the picture, perhaps outside of 0..1."""
        found = self.project([(x, y, 0.0) for x, y in points])
        return [((u + 0.5) / self.size[0], (v + 0.5) / self.size[1]) for u, v in found.tolist()]

    def depth(self, x: float, y: float, z: float = 0.0) -> float:
        """How far away a point is, along the camera's view, in metres."""
        return float((np.array([x, y, z]) - (0, 0, self.height)) @ self.axes()[2])

    def scale(self, x: float, y: float) -> float:
        """Pixels that a metre has, seen square on, at a point of the ground."""
        return self.focal * self.size[0] / self.depth(x, y)

    def rays(self, enlarged: int) -> Floats:
        """Directions in the world of every pixel of a picture `enlarged` times as large; [H, W, 3], not normalised."""
        width, height = (side * enlarged for side in self.size)
        columns, rows = np.meshgrid(np.arange(width), np.arange(height))
        focal = self.focal * width
        seen = np.stack(
            [(columns - (width - 1) / 2) / focal, (rows - (height - 1) / 2) / focal, np.ones_like(rows, np.float64)], -1
        )
        return np.asarray(seen @ self.axes())


@lru_cache(maxsize=8)
def _axes(yaw: float, pitch: float) -> Floats:
    across, down = radians(yaw), radians(pitch)
    forward = np.array([sin(across) * cos(down), cos(across) * cos(down), -sin(down)])
    right = np.array([cos(across), -sin(across), 0.0])
    axes = np.stack([right, np.cross(forward, right), forward])
    axes.setflags(write=False)
    return axes
