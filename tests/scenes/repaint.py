"""Paints over the two vehicles that stand in the demo clip throughout, so that the street can be empty.

What they hide (a wall with narrow windows, a red door, a pavement, a road with a double line) is continued along the
lines that come out on both sides of them. Coordinates are pixels of the clip.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
_X1, _Y1, _X2, _Y2 = 644, 36, 768, 108


def repaint(image: Image, outlines: Sequence[npt.NDArray[np.int_]]) -> Image:
    """A copy of `image` with the insides of `outlines` (sixteenths of a pixel) painted over."""
    mask = np.zeros(image.shape[:2], np.uint8)
    for outline in outlines:
        cv2.fillPoly(mask, [outline.astype(np.int32)], 255, shift=4)
    mask = cv2.dilate(mask, np.ones((5, 7), np.uint8))
    painted = image.astype(np.float32)
    painted[_Y1:_Y2, _X1:_X2] = _wall_and_ground(image)
    soft = cv2.GaussianBlur(mask, (0, 0), 1.5)[..., None].astype(np.float32) / 255
    return np.clip(image * (1 - soft) + painted * soft + 0.5, 0, 255).astype(np.uint8)


def _wall_and_ground(image: Image) -> npt.NDArray[np.float32]:
    rows, columns = np.mgrid[_Y1:_Y2, _X1:_X2].astype(np.float32)
    foot_of_wall = 91 - 0.342 * (columns - 648)
    foot_of_windows = foot_of_wall - 24 + 0.1 * (columns - 648)
    road_edge = 109.7 - 0.551 * (columns - 691.6)

    def colour(x1: int, y1: int, x2: int, y2: int) -> npt.NDArray[np.float32]:
        return np.median(image[y1:y2, x1:x2].reshape(-1, 3), axis=0).astype(np.float32)

    brick, paving, road = colour(726, 48, 732, 56), colour(650, 108, 672, 112), colour(735, 104, 767, 112)
    line, red = colour(700, 104, 703, 106), colour(642, 60, 648, 80)
    windows = cv2.GaussianBlur(image[_Y1 : _Y1 + 4, _X1:_X2].astype(np.float32), (1, 7), 1)[:1]
    wall = np.where((rows < foot_of_windows)[..., None], windows, brick)
    wall = np.where((columns < 664)[..., None], red, wall)
    # Walls darken towards the ground, as the visible ones do.
    wall = wall * (1 - 0.35 * np.clip(1 - (foot_of_wall - rows) / 14, 0, 1))[..., None]
    ground = np.where((rows < road_edge)[..., None], paving, road)
    across = rows - road_edge
    on_line = (np.abs(across - 2) < 1) | (np.abs(across + 2) < 1)
    ground = np.where(on_line[..., None], line, ground)
    whole = np.where((rows < foot_of_wall)[..., None], wall, ground)
    grain = np.random.default_rng(7).normal(0, 4, rows.shape).astype(np.float32)
    return cv2.GaussianBlur(whole + cv2.GaussianBlur(grain, (0, 0), 0.8)[..., None] * 2, (0, 0), 0.7)
