"""What is seen to hang by when its pixels changed: drawn masks of a view, 120 x 80."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from streams.instant import NS_PER_S
from vision.hanging import Pixels, opened

SHAPE = (80, 120)
WHOLE = (slice(0, SHAPE[0]), slice(0, SHAPE[1]))
Mask = npt.NDArray[np.bool_]


def rectangle(x1: int, y1: int, x2: int, y2: int) -> Mask:
    mask = np.zeros(SHAPE, np.bool_)
    mask[y1:y2, x1:x2] = True
    return mask


def oval() -> Mask:
    mask = np.zeros(SHAPE, np.uint8)
    cv2.ellipse(mask, (50, 25), (30, 12), 0, 0, 360, 1, -1)
    return mask > 0


FOOT = rectangle(40, 56, 60, 62)


def pixels(*came: tuple[Mask, float, float]) -> Pixels:
    """What has come, with the last second that showed the street there and the first that showed it."""
    static = np.zeros(SHAPE, np.bool_)
    last_back, since = (np.zeros(SHAPE, np.int64) for _ in range(2))
    for mask, low, high in came:
        static |= mask
        last_back[mask], since[mask] = int(low * NS_PER_S), int(high * NS_PER_S)
    return Pixels(static, static, last_back, since)


def test_what_comes_with_a_foot_below_it_hangs() -> None:
    canopy = oval()
    found = opened(pixels((canopy | FOOT, 8, 10)), WHOLE, canopy, canopy)
    assert found is not None and found[1] and np.array_equal(found[0], canopy)
    assert opened(pixels((canopy, 8, 10)), WHOLE, canopy, canopy) is None, "without a foot"
    assert opened(pixels((canopy, 8, 10), (FOOT, 28, 30)), WHOLE, canopy, canopy) is None, "that came later"


def test_what_touches_it_and_came_with_it_hides_where_it_is() -> None:
    both = oval() | rectangle(80, 30, 115, 50)
    found = opened(pixels((both | FOOT, 8, 10)), WHOLE, both, both)
    assert found is not None and not found[1]


def test_somebody_who_hid_a_part_of_it_when_it_came_is_no_part_of_it() -> None:
    hid = rectangle(68, 6, 86, 40)
    both = oval() | hid
    found = opened(pixels((oval() | FOOT, 8, 10), (hid, 6, 40)), WHOLE, both, both)
    assert found is not None
    canopy, alone = found
    assert alone and not (canopy & hid).any() and canopy.sum() > 0.6 * oval().sum()
