"""Class-aware non-maximum suppression, the same on every machine: ties are broken by index, nothing is random.

OpenCV's `NMSBoxesBatched` was tried: it keeps the same boxes, in 0.02 ms where this takes 0.05 at the few dozen boxes
that a street gives, but neither bounds its work (45 ms at 3000 boxes) nor promises how it breaks ties.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BLOCK = 256
"""Rows compared at once: one pass for any ordinary picture, and bounded memory for any other."""


def suppress(
    xyxy: npt.NDArray[np.float32],
    score: npt.NDArray[np.float32],
    cls: npt.NDArray[np.int64],
    *,
    iou: float,
    limit: int,
    consider: int = 4096,
) -> npt.NDArray[np.int64]:
    """Indices of the boxes that stay, best score first, at most `limit` of them.

    A box goes when a better one of its class overlaps it by more than `iou` (intersection over union, 0..1). Equal
    scores: the lower index is the better one. Only the `consider` best boxes are looked at, so that an input cannot
    make the work grow without bound.
    """
    order = np.argsort(-score, kind="stable")[:consider].astype(np.int64)
    box = xyxy[order].astype(np.float64)
    kind = cls[order]
    area = np.maximum(box[:, 2] - box[:, 0], 0) * np.maximum(box[:, 3] - box[:, 1], 0)
    alive = np.ones(len(order), bool)
    kept: list[int] = []
    for start in range(0, len(order), BLOCK):
        rows = slice(start, start + BLOCK)
        width = np.minimum(box[rows, None, 2], box[:, 2]) - np.maximum(box[rows, None, 0], box[:, 0])
        height = np.minimum(box[rows, None, 3], box[:, 3]) - np.maximum(box[rows, None, 1], box[:, 1])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        # Compared as a product: two boxes without area have no ratio.
        clear = (shared <= iou * (area[rows, None] + area - shared)) | (kind[rows, None] != kind)
        for i in range(start, min(start + BLOCK, len(order))):
            if alive[i]:
                kept.append(int(order[i]))
                if len(kept) == limit:
                    return np.array(kept, np.int64)
                alive &= clear[i - start]
    return np.array(kept, np.int64)
