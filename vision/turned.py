"""Whether what stands somewhere is still what came there.

A line of people stands before a shop for an hour, and nobody in it for longer than two minutes: whatever takes the
place of what stood there before has stood there only since. So it is remembered how each place looked when something
came to stay, and when it came to look otherwise. Who walks past is forgotten as soon as the place looks as before.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from models.interface import Image
from vision.differing import Planes, apart_by, as_bytes
from vision.hiding import Part
from vision.light import Light

Mask = npt.NDArray[np.bool_]
Times = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

_SETTLED = 3
"""Looks in which a place must have shown another thing."""
_UNLIKE = 1.4
"""Of the difference that counts: another thing is off by so much at least."""
_PACE = 0.15
"""How fast what is remembered of a thing follows what is seen of it."""
_MOST = 0.5
"""Share of a thing: with more turned into something else it is another thing."""


class Turned:
    """Of one view, look after look."""

    def __init__(self, street: Planes) -> None:
        """`street`: H x W x 3 BGR."""
        self._came = street.copy()
        self._at: Times = np.zeros(street.shape[:2], np.int64)
        self._other: Mask = np.zeros(street.shape[:2], np.bool_)

    def follow(self, light: Light) -> None:
        """Bring what is remembered into the light of this look."""
        self._came = light.brought(self._came)

    def look(
        self, now: int, cur: Image, shows: Planes, limit: float, static: Mask, stays: Mask, fresh: Mask, stable: Bytes
    ) -> None:
        """Take in one look, `cur`, in which what is in `stays` has come to stay.

        `shows`: what is seen there; `limit`: grey levels that count as a difference; `static`: where something stays;
        `fresh`: where this look shows other than those before, `stable`: in how many looks in a row it did not.
        """
        np.copyto(self._came, shows, where=stays[..., None])
        np.copyto(self._at, now, where=fresh)
        came = as_bytes(self._came)
        self._other = static & (stable >= _SETTLED) & (apart_by(as_bytes(shows), came) >= _UNLIKE * limit)
        follows = static & (apart_by(cur, came) < limit)
        cv2.accumulateWeighted(cur, self._came, _PACE, follows.view(np.uint8))

    def since(self, part: Part, inside: Mask) -> int | None:
        """When most of what came `inside` a part of the view turned into something else; None: it did not. UTC, ns."""
        other = self._other[part] & inside
        if np.count_nonzero(other) <= _MOST * np.count_nonzero(inside):
            return None
        return int(np.median(self._at[part][other]))
