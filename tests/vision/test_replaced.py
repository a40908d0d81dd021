"""Whether something replaces the street: what creeps and only lights it does not, what is put there does."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from vision.replaced import Patch, Verdict, judge

LIMIT = 11.0
SIZE = (40, 60)
Picture = npt.NDArray[np.float32]


def slabs(texture: float) -> Picture:
    """Grey slabs, slightly warm, with joints; `texture`: grey levels, standard deviation."""
    rng = np.random.default_rng(4)
    grey = np.full(SIZE, 150.0) + cv2.GaussianBlur(rng.normal(0, 3 * texture, SIZE), (0, 0), 1)
    grey[::14] -= 8
    return np.asarray(np.repeat(grey[..., None], 3, 2) + np.array((-3, 0, 3)), np.float32)


def shaded(street: Picture, from_column: int, wide: int) -> Picture:
    """With the shadow of a pole across it, softened as a picture's resolution does."""
    mask = np.zeros(SIZE, np.float32)
    mask[6:, from_column : from_column + wide] = 1
    light = 1 - 0.5 * cv2.GaussianBlur(mask, (0, 0), 1.5)
    return np.asarray(street * light[..., None], np.float32)


def judged(street: Picture, shows: Picture) -> Verdict:
    rng = np.random.default_rng(5)
    street, shows = (np.asarray(one + rng.normal(0, 1, one.shape), np.float32) for one in (street, shows))
    changed = np.abs(shows - street).max(axis=2) > LIMIT
    mine = cv2.morphologyEx(changed.view(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8)) > 0
    return judge(Patch(street, shows, mine, LIMIT), np.zeros(SIZE, np.bool_))


@pytest.mark.parametrize("texture", [0.3, 2.0])
@pytest.mark.parametrize("way", [2, 4, 7, -3])
def test_a_shadow_that_creeps_leaves_light_and_takes_it_in_one_part(texture: float, way: int) -> None:
    """The street was learned with the shadow, and it has moved on since."""
    street = slabs(texture)
    verdict = judged(shaded(street, 24, 7), shaded(street, 24 + way, 7))
    assert np.count_nonzero(verdict.solid) == 0


@pytest.mark.parametrize("colour", [(205, 208, 211), (236, 238, 240)], ids=["light", "white"])
def test_what_has_no_colour_either_and_is_put_there_is_no_light(colour: tuple[int, int, int]) -> None:
    """Foam boxes with dark gaps are as grey as slabs, and brighter."""
    street = slabs(1.0)
    shows = street.copy()
    shows[8:32, 15:45] = colour
    shows[8:32:8, 15:45] = 40
    shows[8:32, 15:45:10] = 40
    verdict = judged(street, shows)
    assert np.count_nonzero(verdict.solid) > 0.5 * 24 * 30
