"""What is seen about a thing and is no part of it: the shade at its foot, and what lies beside it.

Where a thing meets the ground little light comes in from the sky, so the ground is darker there by a hand's breadth: a
band that goes softly over into the street, and is the street dimmed. Taken for a part of the thing it moves the near
side, by which all of it is measured, towards the camera. And what stands rises, at its ends as in its middle; the shade
at a corner, a shadow, the feet of somebody who stood there for a while lie flat.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from vision.replaced import Verdict

Planes = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_MOST = 3
"""Pixels: how wide the band of shade is at most."""
_DIMMED = (0.5, 0.98)
"""How bright it is, as a share of the street. What is darker is a thing, or lies below it."""
_TINT = 9.0
"""Grey levels by which its colours may be off those of the dimmed street."""
_FROM_BELOW = np.array([[0, 0, 0], [0, 0, 0], [0, 1, 0]], np.uint8)
_RISES = 1 / 4
"""Share of the height, in the picture, that most of a thing has: what has less lies on the ground."""
_INNER = 5
"""Pixels: nearer than half of that to what stands there, textures mix."""
_FILLED = 0.75
"""Share of a thing that is not as grey as the street, at least: a pole, or people in line, leave more between them."""


def trimmed(solid: Mask, changed: Mask, around: Verdict, street: Planes, shows: Planes) -> Mask:
    """`solid`, H x W, without either, and with what lies between its parts unless that is the street.

    `changed`: what no longer looks like the street and is no other thing; `around`: what is told of all that is there;
    `street` and `shows`: H x W x 3 BGR, in one light.
    """
    rises = _rising(_without_shade(solid, street, shows))
    between = _hull(rises) & ~rises
    # A side as grey as the street may be taken for a shadow; but a shadow lies beside a thing.
    filled = rises | (changed & between)
    # ... or for the street itself; but the joints of its slabs are not seen there.
    count, labels = cv2.connectedComponents((between & ~filled).view(np.uint8), connectivity=4)
    inner = cv2.erode((labels > 0).view(np.uint8), np.ones((_INNER, _INNER), np.uint8)) > 0
    kept, lost = (np.bincount(labels[mask & inner], minlength=count) for mask in (around.kept, around.lost))
    fills = lost > kept
    fills[0] = False
    whole = filled | fills[labels]
    return whole if np.count_nonzero(rises) >= _FILLED * np.count_nonzero(whole) else rises


def _without_shade(solid: Mask, street: Planes, shows: Planes) -> Mask:
    old, new = (np.asarray(cv2.blur(planes, (3, 3)), np.float32) for planes in (street, shows))
    ratio = new.sum(axis=2) / np.maximum(old.sum(axis=2), 12)
    tint = np.abs(new - old * ratio[..., None]).max(axis=2)
    shade = (ratio > _DIMMED[0]) & (ratio < _DIMMED[1]) & (tint < _TINT)
    left = solid.view(np.uint8)
    for _ in range(_MOST):
        # Only from below: what stands hides the shade behind it.
        outside = cv2.dilate(1 - left, _FROM_BELOW, borderValue=0)
        left = np.where((outside > 0) & shade, 0, left).astype(np.uint8)
    return np.asarray(left > 0)


def _rising(solid: Mask) -> Mask:
    """What of a mask rises at least so high as seen in each column of the picture."""
    runs = solid.sum(axis=0)
    least = int(float(np.median(runs[runs > 0])) * _RISES) if runs.any() else 0
    if least < 2:
        return solid
    least |= 1  # an even one would move the mask by a pixel
    rising = cv2.morphologyEx(solid.view(np.uint8), cv2.MORPH_OPEN, np.ones((least, 1), np.uint8))
    return np.asarray(rising > 0)


def _hull(mask: Mask) -> Mask:
    """The convex hull of the largest part of a mask."""
    found = np.zeros(mask.shape, np.uint8)
    contours, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if contours:
        cv2.fillPoly(found, [cv2.convexHull(max(contours, key=cv2.contourArea))], 1)
    return np.asarray(found > 0)
