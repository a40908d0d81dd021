"""What stood there from the start, and was only moved: a bin that a cleaner pulls along, a bench, a scooter.

Where something is taken away that was part of the street, and something of the same colours and about the same size
comes to stand elsewhere at about the same time, it is the same thing.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from streams.instant import NS_PER_S

Planes = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.float32]

_MEANWHILE_NS = 120 * NS_PER_S
_ALIKE = 0.6
"""Share of the pixels whose colours both have."""
_LIKE_SIZE = 3.0
"""As it is nearer to the camera, or further away; and something may hide a part of it."""
_LEVELS = 6
"""Of each colour channel."""
_MOST = 16


@dataclass(frozen=True, slots=True)
class _Look:
    colours: Counts
    pixels: int
    ns: int


class Removals:
    """What was taken away from the street a while ago. Memory is bounded."""

    def __init__(self) -> None:
        self._gone: list[_Look] = []

    def add(self, now_ns: int, street: Planes, where: Mask) -> None:
        """Something is no longer there that `street` shows in `where`, H x W x 3 BGR and H x W."""
        self._gone = [one for one in self._gone if now_ns - one.ns <= _MEANWHILE_NS][-_MOST + 1 :]
        self._gone.append(_look(now_ns, street, where))

    def explain(self, since_ns: int, now_ns: int, shows: Planes, where: Mask) -> bool:
        """Whether what `shows` shows in `where`, since `since_ns`, is one of those."""
        near = [one for one in self._gone if abs(one.ns - since_ns) <= _MEANWHILE_NS]
        if not near:
            return False
        look = _look(now_ns, shows, where)
        return any(
            float(np.minimum(one.colours, look.colours).sum()) >= _ALIKE
            and max(one.pixels, look.pixels) <= _LIKE_SIZE * min(one.pixels, look.pixels)
            for one in near
        )


def _look(now_ns: int, planes: Planes, where: Mask) -> _Look:
    picture = np.asarray(np.clip(planes, 0, 255), np.uint8)
    counts = cv2.calcHist([picture], [0, 1, 2], where.view(np.uint8), [_LEVELS] * 3, [0, 256] * 3)
    pixels = int(np.count_nonzero(where))
    return _Look(np.asarray(counts / max(1, pixels), np.float32), pixels, now_ns)
