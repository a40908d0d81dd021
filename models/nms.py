"""Class-aware non-maximum suppression, the same on every machine: ties are broken by index, nothing is random.

OpenCV's `NMSBoxesBatched` was tried: it takes x, y, w, h in lists, does not say how it breaks ties, and is no faster
at the few dozen boxes that a street gives. This is a page of numpy instead.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


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
    for i in range(len(order)):
        if not alive[i]:
            continue
        kept.append(int(order[i]))
        if len(kept) == limit:
            break
        rest = i + 1 + np.flatnonzero(alive[i + 1 :] & (kind[i + 1 :] == kind[i]))
        if not len(rest):
            continue
        width = np.minimum(box[rest, 2], box[i, 2]) - np.maximum(box[rest, 0], box[i, 0])
        height = np.minimum(box[rest, 3], box[i, 3]) - np.maximum(box[rest, 1], box[i, 1])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        # Compared as a product: two boxes without area have no ratio.
        alive[rest[shared > iou * (area[rest] + area[i] - shared)]] = False
    return np.array(kept, np.int64)
