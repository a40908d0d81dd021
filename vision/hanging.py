"""What hangs above the ground, told by when its pixels changed: a parasol comes in one go, and its foot with it.

The ground straight below what hangs is seen, as far as nothing else hides it; what stands on the ground, or on
something else, ends there.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import cv2
import numpy as np
import numpy.typing as npt

from streams.instant import NS_PER_S
from vision.arrivals import WITHIN
from vision.hiding import Part

Mask = npt.NDArray[np.bool_]
Times = npt.NDArray[np.int64]

_AT_ONCE_NS, _IN_ONE_GO, _UNDER, _WIDER = 4 * NS_PER_S, 0.8, 0.05, 1.4
"""A parasol is opened within this time, this share of it at least; share of it that appears on the ground below; and
how much wider than high it looks."""
_PRECISE_NS = 5 * NS_PER_S
"""A pixel that showed the street no longer than this before tells when a thing came."""
_TOUCHES = 0.3
"""Of what lies right below: where more has come, it stands on that."""
_NEAR = 9
"""Pixels: how far that reaches; and what is no wider is a pole."""
_BELOW = 1.3
"""How far down its foot is looked for, in its own widths."""
_HIDDEN = 0.5
"""Of the ground straight below: where other things hide more, the foot need not be seen."""
_LEAST = 40
"""Pixels of a foot."""
_OVAL = 0.75
"""Share of the oval in its box that a canopy fills: what is as wide with a stall beside it fills less."""
_SURE, _MOST_OF_IT = 0.5, 0.5
"""Share of what touches that was seen to come, and share of it that is a canopy, where one is told of at all."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """Of a whole view: what stays there, what looks other than the street now, the last look that showed the street
    and the first that showed what came (UTC, ns)."""

    static: Mask
    shown: Mask
    last_back: Times
    since: Times


def opened(pixels: Pixels, part: Part, mine: Mask, solid: Mask) -> tuple[Mask, bool] | None:
    """What of `solid` came in one go, and with it something on the ground straight below: a foot, or the shade there;
    and whether it is as round as a canopy, or only has one in it. None: nothing of it did.

    What it touches, as all that is `mine` does, is not below it. All are masks of a part of the view.
    """
    inside = solid & pixels.static[part]
    if not inside.any():
        return None
    at_once = _with(pixels, part, inside)
    hangs = _in_one_go(at_once[part], inside) and _opens(pixels, part, mine, solid, at_once)
    if hangs and _is_oval(_without_poles(solid)):
        return solid, True
    # Somebody may have hidden a part of it when it came, and stand there as well: what was seen to come tells.
    sure = inside & _precise(pixels, part)
    if np.count_nonzero(sure) >= _SURE * np.count_nonzero(inside):
        at_once = _with(pixels, part, sure)
        came = cv2.morphologyEx((sure & at_once[part]).view(np.uint8), cv2.MORPH_CLOSE, WITHIN) > 0
        canopy = _without_poles(came & solid)
        if (
            np.count_nonzero(canopy) >= _MOST_OF_IT * np.count_nonzero(solid)
            and _is_oval(canopy)
            and _opens(pixels, part, mine, canopy, at_once)
        ):
            return canopy, True
    return (solid, False) if hangs else None


def _opens(pixels: Pixels, part: Part, mine: Mask, canopy: Mask, at_once: Mask) -> bool:
    """Whether nothing stands right below a canopy and its foot came there with it."""
    rows, _ = np.nonzero(canopy)
    across, low, wide = _below(part, canopy)
    if wide < _WIDER * (int(rows.max()) - int(rows.min())):
        return False
    came = pixels.static & at_once
    came[part] &= ~mine
    under = came[low : low + round(_BELOW * wide), across]
    next_to_it = (pixels.shown | pixels.static)[low : low + _NEAR, across]
    if np.count_nonzero(next_to_it) > _TOUCHES * next_to_it.size:
        return False  # it stands on that
    return bool(np.count_nonzero(under) >= max(_LEAST, _UNDER * np.count_nonzero(canopy)))


def _in_one_go(at_once: Mask, where: Mask) -> bool:
    return bool(np.count_nonzero(at_once & where) >= _IN_ONE_GO * np.count_nonzero(where))


def _is_oval(canopy: Mask) -> bool:
    """Whether it is round as seen from a pole, and not two things that came at one time."""
    if not canopy.any():
        return False
    rows, columns = np.nonzero(canopy)
    box = (int(rows.max()) - int(rows.min()) + 1) * (int(columns.max()) - int(columns.min()) + 1)
    return len(rows) >= _OVAL * pi / 4 * box


def may_hang(pixels: Pixels, part: Part, canopy: Mask) -> bool:
    """Whether what a detector calls a parasol may be one: it came in one go and stands on nothing that came with it,
    and where the ground straight below is seen, so is its foot. `canopy`: a mask of a part of the view."""
    main = _without_poles(canopy)
    sure = main & pixels.static[part] & _precise(pixels, part)
    if not sure.any():
        return True
    at_once = _with(pixels, part, sure)
    if not _in_one_go(at_once[part], sure):
        return False
    across, low, wide = _below(part, main)
    came = pixels.static & at_once
    next_to_it = came[low : low + _NEAR, across]
    if np.count_nonzero(next_to_it) > _TOUCHES * next_to_it.size:
        return False
    below = (slice(low, low + round(_BELOW * wide)), across)
    others = (pixels.static & ~at_once)[below]
    hidden = np.count_nonzero(others) > _HIDDEN * others.size
    return bool(hidden or np.count_nonzero(came[below]) >= _LEAST)


def _precise(pixels: Pixels, part: Part) -> Mask:
    """Where it was seen when what is there came: nobody hid it then."""
    return np.asarray(pixels.since[part] - pixels.last_back[part] <= _PRECISE_NS)


def _without_poles(mask: Mask) -> Mask:
    return np.asarray(cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_OPEN, np.ones((_NEAR, _NEAR), np.uint8)) > 0)


def _with(pixels: Pixels, part: Part, inside: Mask) -> Mask:
    """Where the view changed when most of `inside` did."""
    since = int(np.median(pixels.since[part][inside]))
    return np.asarray(np.abs(pixels.since - since) <= _AT_ONCE_NS)


def _below(part: Part, mask: Mask) -> tuple[slice, int, int]:
    """The columns of the middle half of a mask, the row below its lowest one, and how wide it is; in the view."""
    rows, columns = np.nonzero(mask)
    wide, left = int(columns.max() - columns.min()), int(columns.min()) + part[1].start
    return slice(left + wide // 4, left + wide - wide // 4), int(rows.max()) + part[0].start + 2, wide
