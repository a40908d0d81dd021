"""Says when a look can be spared: nothing in the view has changed since the model last looked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.interface import Image
from streams.instant import NS_PER_S, Instant

_STEP = 8
_BLOCK = 4


class ChangeGate:
    """Compares block means of the luma plane with those of the last frame that was looked at.

    A change of the whole picture's brightness is taken out first. However still the view, the model looks again after
    `max_reuse_ns`.
    """

    def __init__(self, threshold: float = 4.0, max_reuse_ns: int = 10 * NS_PER_S) -> None:
        self._threshold = threshold
        self._max_reuse_ns = max_reuse_ns
        self._reference: npt.NDArray[np.float32] | None = None
        self._looked_ns = 0

    def changed(self, at: Instant, luma: Image) -> bool:
        """Whether to look at this frame (`luma` H x W uint8). Where the answer is yes, it becomes the reference."""
        blocks = _means(luma)
        reference = self._reference
        if (
            reference is not None
            and reference.shape == blocks.shape
            and 0 <= at.utc_ns - self._looked_ns < self._max_reuse_ns
        ):
            difference = blocks - reference
            if np.abs(difference - np.median(difference)).max() < self._threshold:
                return False
        self._reference = blocks
        self._looked_ns = at.utc_ns
        return True


def _means(luma: Image) -> npt.NDArray[np.float32]:
    sparse = luma[::_STEP, ::_STEP]
    rows, columns = sparse.shape[0] // _BLOCK * _BLOCK, sparse.shape[1] // _BLOCK * _BLOCK
    cells = sparse[:rows, :columns].reshape(rows // _BLOCK, _BLOCK, columns // _BLOCK, _BLOCK)
    means: npt.NDArray[np.float32] = cells.mean(axis=(1, 3), dtype=np.float32)
    return means
