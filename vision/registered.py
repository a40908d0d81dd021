"""A look brought to where the camera looked when its view was learned: poles sway, and mounts give way.

Only shifts are mended, and small ones: whatever is more is another view, and for whoever watches over views to say.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from models.interface import Image

Planes = npt.NDArray[np.float32]

_MOST = 0.015
"""Of the width: a larger shift is not believed."""
_LEAST = 0.12
"""Pixels: a smaller one is not worth the blur of moving the picture."""
_SURE = 0.12
"""Share of the correlation's energy about its peak; below it the pictures have too little in common to tell."""


class Anchor:
    """What later looks are brought in line with."""

    def __init__(self, image: Image) -> None:
        """`image`: H x W x 3 BGR uint8."""
        self._window = cv2.createHanningWindow((image.shape[1], image.shape[0]), cv2.CV_32F)
        self._edges = _edges(image)

    def aligned(self, image: Image) -> Image:
        """The same picture, moved back; itself where nothing has moved, or nobody can tell."""
        (dx, dy), sure = cv2.phaseCorrelate(self._edges, _edges(image), self._window)
        far = max(abs(dx), abs(dy))
        if sure < _SURE or not _LEAST <= far <= _MOST * image.shape[1]:
            return image
        height, width = image.shape[:2]
        back = np.array([[1, 0, -dx], [0, 1, -dy]], np.float64)
        moved = cv2.warpAffine(image, back, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.uint8)


def _edges(image: Image) -> Planes:
    """Brightness without slow changes, so that shadows and lamps do not count; clipped, so that no one thing does."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.float32)
    return np.asarray(np.clip(grey - cv2.blur(grey, (9, 9)), -24, 24), np.float32)
