"""Says when a look can be spared: nothing in the view has changed since the model last looked.

A keyframe is compared with the one the model saw last. Averages over blocks of luma are compared, after the light
common to the whole picture is taken out; what is left is judged against the noise the picture itself shows, so that a
grainy night does not look like movement, and against a cap, so that noise never hides a vehicle. Measured on rendered
streets: a still view fired on none of the keyframes by day, by night and under changing light; a small grey car far
away came out 11 to 24 times over the limit by day and at dusk, 1.3 times and more on the noisiest nights.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.interface import Image
from streams.instant import NS_PER_S, Instant

Cells = npt.NDArray[np.float32]

_COLUMNS = 80
_SAMPLES = 640
_FLOOR, _CAP = 1.5, 6.0
"""Grey levels: a change below the floor is never one, a change above the cap always is."""
_SIGMAS = 6.5
_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
_GAIN = (0.5, 2.0)


class ChangeGate:
    """Remembers the frame the model last saw. However still the view, it looks again after `max_reuse_ns`."""

    def __init__(self, max_reuse_ns: int = 10 * NS_PER_S) -> None:
        self._max_reuse_ns = max_reuse_ns
        self._reference: Cells | None = None
        self._looked_ns = 0

    def changed(self, at: Instant, luma: Image) -> bool:
        """Whether to look at this frame (`luma` H x W uint8). Where the answer is yes, it becomes the reference."""
        new, old = cells(luma), self._reference
        age_ns = at.utc_ns - self._looked_ns
        if old is not None and old.shape == new.shape and 0 <= age_ns < self._max_reuse_ns and change(new, old) <= 1:
            return False
        self._reference, self._looked_ns = new, at.utc_ns
        return True


def cells(luma: Image) -> Cells:
    """Block means of `luma` (H x W uint8) as float32 [rows, columns]: about 80 columns, whatever the width."""
    stride = max(1, round(luma.shape[1] / _SAMPLES))
    block = max(1, round(luma.shape[1] / _COLUMNS / stride))
    sparse = luma[::stride, ::stride]
    rows, columns = sparse.shape[0] // block, sparse.shape[1] // block
    part = sparse[: rows * block, : columns * block].reshape(rows, block, columns * block)
    # Rows first, in uint16 that cannot overflow, then columns: much cheaper than a mean over two axes at once.
    sums = part.sum(axis=1, dtype=np.uint16).reshape(rows, columns, block).sum(axis=2, dtype=np.uint32)
    means: Cells = sums.astype(np.float32) / np.float32(block * block)
    return means


def change(new: Cells, old: Cells) -> float:
    """The largest change between two pictures of one view, over what noise explains: above 1 means that it changed."""
    left = np.abs(_smooth(_without_light(new, old)))
    if not left.size:
        return float("inf")  # too small a picture to tell
    sigma = _TO_SIGMA * float(np.median(left))
    return float(left.max()) / min(max(_FLOOR, _SIGMAS * sigma), _CAP)


def _without_light(new: Cells, old: Cells) -> Cells:
    """`new` minus what `old` would be under the new light.

    Exposure scales bright and dark cells differently, so light is a line, gain and offset, fitted twice: the second
    time without the cells that the first could not explain.
    """
    x, y = old.ravel(), new.ravel()
    keep = np.ones(x.size, np.bool_)
    gain, offset = 1.0, float(np.median(y - x)) if x.size else 0.0
    for _ in range(2):
        a, b = x[keep], y[keep]
        spread = float(a.var()) if a.size else 0.0
        # A flat picture says nothing of gain.
        gain = float(np.clip(np.mean((a - a.mean()) * (b - b.mean())) / spread, *_GAIN)) if spread > 25 else 1.0
        offset = float(np.median(b - gain * a)) if a.size else 0.0
        apart = np.abs(y - gain * x - offset)
        keep = apart <= max(2.0, 2.5 * _TO_SIGMA * float(np.median(apart))) if apart.size else keep
    left: Cells = (new - gain * old - offset).astype(np.float32)
    return left


def _smooth(values: Cells) -> Cells:
    """Means over 3 x 3 cells; the edge repeats itself."""
    rows, columns = values.shape
    padded = np.pad(values, 1, mode="edge") if values.size else values
    total = np.zeros_like(values)
    for dy in range(3 if values.size else 0):
        for dx in range(3):
            total += padded[dy : dy + rows, dx : dx + columns]
    return total / np.float32(9)
