"""The light of a view: what is remembered of it is brought into that of each look."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from models.interface import Image

Planes = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_FLOOR, _SIGMAS = 11.0, 4.0
"""Grey levels, and times the noise: less is no difference."""
_UNEVEN = 1.6
"""Times what usually counts as a difference: with more, the light is not one any more."""
_PACE = 0.15
"""How fast what is usual follows."""


class Light:
    """Of one view, look after look."""

    def __init__(self) -> None:
        self._usual: float | None = None
        self._matrix: Planes | None = None

    def follow(self, cur: Image, street: Planes, shows: Planes, visible: Mask) -> tuple[Planes, Planes, float] | None:
        """What is remembered, `street` and `shows`, in the light of `cur`; the difference that counts, in grey levels.

        `visible`: where `cur` may be compared with the street. None where the light has become another one here than
        there, as below a passing cloud: whatever was believed then would be learned as the street.
        """
        step = max(1, round((visible.size / 5000) ** 0.5))
        new, old, keep = cur[::step, ::step], street[::step, ::step], visible[::step, ::step]
        x, y = old[keep], new[keep].astype(np.float32)
        self._matrix = None
        if len(x) < 50:
            return street, shows, _FLOOR
        lines = [_line(x[:, channel], y[:, channel]) for channel in range(3)]
        limit = max(_FLOOR, _SIGMAS * max(sigma for _, _, sigma in lines))
        if self._usual is not None and limit > _UNEVEN * self._usual:
            return None
        self._usual = limit if self._usual is None else (1 - _PACE) * self._usual + _PACE * limit
        matrix = np.zeros((3, 4), np.float32)
        for channel, (gain, offset, _) in enumerate(lines):
            matrix[channel, channel], matrix[channel, 3] = gain, offset
        self._matrix = matrix
        return self.brought(street), self.brought(shows), limit

    def brought(self, planes: Planes) -> Planes:
        """What else is remembered, H x W x 3 BGR, in the light of the last look."""
        return planes if self._matrix is None else np.asarray(cv2.transform(planes, self._matrix), np.float32)


def _line(x: Planes, y: Planes) -> tuple[float, float, float]:
    """Gain and offset of y over x, fitted twice, the second time to what the first explains; and the noise about it."""
    keep = np.ones(x.size, np.bool_)
    gain, offset, apart = 1.0, float(np.median(y - x)), np.abs(y - x)
    for _ in range(2):
        a, b = x[keep], y[keep]
        spread = float(a.var()) if a.size else 0.0
        gain = 1.0
        if spread > 25:
            gain = float(np.clip(np.mean((a - a.mean()) * (b - b.mean())) / spread, 0.3, 3.0))
        offset = float(np.median(b - gain * a)) if a.size else 0.0
        apart = np.abs(y - gain * x - offset)
        keep = apart <= max(3.0, 3.0 * float(np.median(apart)))
    return gain, offset, 1.4826 * float(np.median(apart))
