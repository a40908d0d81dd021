"""Parts of a picture that touch, told apart by when they came.

What stands close to each other in a picture need not on the ground: a parasol in front of a shop's crates is one patch
with them. But they did not come at once. Pixels whose arrival is known to the look are put in order of time, and where
for a while none arrived, what came before is one thing and what came after another. Pixels that somebody hid when it
came go to what lies next to them, of what may have come then.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from streams.instant import NS_PER_S
from vision.nearest import nearest

Mask = npt.NDArray[np.bool_]
Times = npt.NDArray[np.int64]

PAUSE_NS = 9 * NS_PER_S
"""Between two things: whoever puts goods out, piece by piece, is back sooner."""
_PRECISE_NS = 5 * NS_PER_S
"""A pixel that showed the street no longer than this before it showed the thing is not one that something hid."""
_STRAY = 0.02
"""Share of a part whose pixels may arrive during a pause: noise, and shadows that come and go."""
_RESTS = 0.6
"""Share of the width of what stands on something, or behind it."""
WITHIN = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
"""Pixels of one thing are no further apart than this."""
_LEAST = 40
"""Pixels that are a thing of their own."""


def apart(solid: Mask, known: Mask, before: Times, since: Times) -> list[Mask]:
    """`solid` as one mask for each thing, by arrival; together they are `solid`. All arrays are of one shape.

    `before`: the last look that showed the street at each pixel of `known`, `since`: the first that showed what came;
    UTC, ns.
    """
    inside = solid & known
    stray = _STRAY * np.count_nonzero(inside)
    spells = _spells(since[inside & (since - before <= _PRECISE_NS)], stray)
    may = [inside & (before < end) & (since >= start) for start, end in spells]
    # What something hid when it came, and what cannot have come with the rest.
    other = inside & ~np.any(may, axis=0) if may else inside
    may += [other & (since >= start) & (since <= end) for start, end in _spells(since[other], stray)]
    if len(may) < 2:
        return [solid]
    labels = np.zeros(inside.shape, np.uint8)
    certain = np.sum(may, axis=0) == 1
    for number, mask in enumerate(may[:255], start=1):
        one = cv2.morphologyEx((mask & certain).view(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
        if np.count_nonzero(one) >= _LEAST:
            labels[one] = number
    kept = np.unique(labels[labels > 0]).tolist()
    if len(kept) < 2:
        return [solid]
    named = nearest(labels)
    named[~solid] = 0
    arrived = {number: float(np.median(since[(named == number) & inside])) for number in kept}
    for number in kept:
        below = _upon(named, number)
        # What was there a while before does not stand on it: it stands behind, and was seen whole until then.
        if below and arrived[number] > arrived[below] - PAUSE_NS:
            named[named == number] = below
    return [part for number in kept if (part := named == number).any()]


def pieces(mask: Mask) -> list[Mask]:
    """Its parts that do not touch: what came at one time may stand on both sides of something else."""
    whole = cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_CLOSE, WITHIN)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(whole, connectivity=8)
    if count <= 2:
        return [mask]
    sizes = stats[:, cv2.CC_STAT_AREA]
    found = [mask & (labels == number) for number in range(1, count) if sizes[number] >= _LEAST]
    return found or [mask]


def _upon(named: npt.NDArray[np.uint8], number: int) -> int:
    """The part on which this one stands, or behind which it does: what hides its foot; 0: none."""
    rows, columns = np.nonzero(named == number)
    if not len(rows):
        return 0
    low = np.full(named.shape[1], -1)
    np.maximum.at(low, columns, rows)
    across = np.flatnonzero(low >= 0)
    under = np.zeros(len(across), np.uint8)
    for step in (1, 2):
        at = np.minimum(low[across] + step, named.shape[0] - 1)
        under = np.where(under > 0, under, np.where(named[at, across] == number, 0, named[at, across]))
    counts = np.bincount(under[under > 0], minlength=1)
    best = int(counts.argmax())
    return best if counts[best] >= _RESTS * len(across) else 0


def _spells(arrived: Times, stray: float) -> list[tuple[int, int]]:
    """First and last arrival of each time in which things came, pauses in between; what strays into a pause is not
    counted."""
    times, counts = np.unique(arrived, return_counts=True)
    times, counts = times[counts > max(1.0, stray)], counts[counts > max(1.0, stray)]
    if not len(times):
        return []
    cuts = (np.flatnonzero(np.diff(times) > PAUSE_NS) + 1).tolist()
    starts, ends = [0, *cuts], [*cuts, len(times)]
    return [(int(times[i]), int(times[j - 1])) for i, j in zip(starts, ends, strict=True)]
