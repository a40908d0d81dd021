"""A steadier picture of what stands: sensor noise is averaged away where nothing changes, and nowhere else.

At night a camera turns its gain up, and a detector that was trained on clean pictures misses half of what anybody can
see. What stands is in one look after the other, its noise is not. So each pixel shows the mean of its last looks as
long as its neighbourhood stays what it was, and the look itself as soon as it does not: what moves leaves no trail,
and what has left is gone, unless it stood out less than the limit below; then it fades over `MOST` looks. Pictures
with little noise are left as they are, to the last bit. Only the detector ever sees what is made here.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from models.interface import Image

MOST = 4
"""Looks that a mean takes in: the noise is halved."""
_NOISY = 2.0
"""Grey levels, standard deviation, at about `_WIDTH` columns: with less noise nothing is averaged."""
_WIDTH = 416
_REACH = 7
"""Pixels: side of the neighbourhood that is compared."""
_LIMIT = (1.0, 1.0)
"""Grey levels, and times the noise: a neighbourhood whose mean differs by more than their sum has changed."""
_SETTLED = 0.999
"""Share of the picture that has to be averaged over `MOST` looks."""
_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""

Planes = npt.NDArray[np.float32]


class SteadyView:
    """One view, looked at in order of time. Another size of its pictures begins anew."""

    def __init__(self) -> None:
        self._before: Image | None = None
        self._sigma = 0.0
        self._mean: Planes | None = None
        self._count: Planes | None = None

    def noisy(self, luma: Image) -> bool:
        """Whether this look (H x W uint8) has noise that is worth averaging. Ask at every look, before `steadied`."""
        step = max(1, round(luma.shape[1] / _WIDTH))
        size = (luma.shape[1] // step, luma.shape[0] // step)
        small = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)
        before, self._before = self._before, small
        self._sigma = noise(small, before) if before is not None and before.shape == small.shape else 0.0
        if self._sigma < _NOISY:
            self._mean = self._count = None
        return self._sigma >= _NOISY

    def steadied(self, image: Image) -> Image:
        """What the detector should see for this look, `image` being H x W x 3 BGR uint8: as large, and as bright."""
        now = image.astype(np.float32)
        if self._mean is None or self._count is None or self._mean.shape != now.shape:
            self._mean, self._count = now, np.ones(now.shape[:2], np.float32)
            return image
        apart = np.abs(cv2.blur(now, (_REACH, _REACH)) - cv2.blur(self._mean, (_REACH, _REACH))).mean(axis=2)
        changed = (apart > _LIMIT[0] + _LIMIT[1] * self._sigma).astype(np.uint8)
        # The rim of what has changed differs by less: it belongs to it.
        changed = cv2.dilate(changed, np.ones((_REACH, _REACH), np.uint8))
        self._count = np.where(changed, np.float32(1), np.minimum(self._count + 1, np.float32(MOST)))
        self._mean = self._mean + (now - self._mean) / self._count[..., None]
        steady: Image = np.clip(self._mean + 0.5, 0, 255).astype(np.uint8)
        return steady

    @property
    def settling(self) -> bool:
        """Whether more looks would make the picture steadier."""
        return self._count is not None and float((self._count == MOST).mean()) < _SETTLED


def noise(new: Image, old: Image) -> float:
    """Standard deviation of the noise in grey levels, from two looks (H x W uint8) at a view most of which stands."""
    apart = cv2.absdiff(new, old)[::2, ::2].ravel()
    # Differences are whole numbers: their median is told to a fraction by how many lie below and at it.
    counts = np.bincount(apart, minlength=256)
    below = int(np.searchsorted(np.cumsum(counts), apart.size / 2))
    missing = apart.size / 2 - float(counts[:below].sum())
    median = below - 0.5 + missing / max(1.0, float(counts[below])) if below else 0.5 * missing / max(1, counts[0])
    return _TO_SIGMA * median / float(np.sqrt(2))
