"""Where pictures differ."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from models.interface import Image

Planes = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def as_bytes(planes: Planes) -> Image:
    return np.asarray(cv2.convertScaleAbs(planes), np.uint8)


def largest(planes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The largest of the three channels."""
    blue, green, red = cv2.split(planes)
    return cv2.max(cv2.max(blue, green), red)


def apart_by(one: Image, other: Image) -> npt.NDArray[Any]:
    """Grey levels between two pictures, of the channel that is furthest off."""
    return largest(cv2.absdiff(one, other))


def differs(cur: Image, street: Image, limit: float) -> Mask:
    """Where a picture differs from what the street shows there or next to it: a sway of one pixel is no difference."""
    kernel = np.ones((3, 3), np.uint8)
    above = cv2.subtract(cur, cv2.dilate(street, kernel))
    below = cv2.subtract(cv2.erode(street, kernel), cur)
    found: Mask = largest(cv2.max(above, below)) > limit
    return found
