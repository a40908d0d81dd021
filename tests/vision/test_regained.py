"""Ground that was taken: what one look says of it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.vision.byhand import at, detections
from tests.vision.test_backdrop import SIZE, crates, street
from vision.backdrop import Backdrop
from vision.footprints import Footprint, View
from vision.regained import GroundLook, Regained, TakenGround

OUTLINE = ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6))
GROUND = ((0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (0.0, 1.0))


def standing(x: float, shown: float = 1.0, size: float = 0.2) -> Footprint:
    outline = ((x, 0.4), (x + size, 0.4), (x + size, 0.6), (x, 0.6))
    return Footprint(outline, (1, 2), shown, 1.0, 1.0)


def told(*footprints: Footprint, begun: int = 5, seen: float = 1.0, lost: bool = False) -> GroundLook:
    return GroundLook(View(begun, footprints), lost, seen)


@pytest.mark.parametrize(
    ("look", "what"),
    [
        (told(), Regained.FREE),
        (told(standing(0.4)), Regained.TAKEN),
        (told(standing(0.57)), Regained.TAKEN),  # 15 % of it
        (told(standing(0.585)), Regained.FREE),  # 7.5 %: it stands beside
        (told(standing(0.4, shown=0.0)), Regained.HIDDEN),  # it stood there, and nothing shows that it left
        (told(standing(0.4), seen=0.6), Regained.HIDDEN),
        (told(seen=0.6), Regained.HIDDEN),
        (told(lost=True), Regained.UNFAMILIAR),
        (GroundLook(None, False, 1.0), Regained.UNFAMILIAR),
    ],
)
def test_one_look(look: GroundLook, what: Regained) -> None:
    assert TakenGround([OUTLINE], GROUND).look(look) is what


def test_a_street_that_was_learned_anew_is_not_the_one_from_before() -> None:
    taken = TakenGround([OUTLINE], GROUND)
    assert taken.look(told()) is Regained.FREE
    assert taken.look(told(begun=6)) is Regained.UNFAMILIAR
    assert taken.look(told()) is Regained.FREE


def test_the_same_ground_is_that_of_which_a_third_is_common() -> None:
    taken = TakenGround([OUTLINE], GROUND)
    assert taken.again(((1.3, 0.0), (3.3, 0.0), (3.3, 1.0), (1.3, 1.0)))
    assert not taken.again(((1.5, 0.0), (3.5, 0.0), (3.5, 1.0), (1.5, 1.0)))
    assert taken.again(((0.5, 0.2), (0.7, 0.2), (0.7, 0.4), (0.5, 0.4))), "all of the smaller one"
    assert not taken.again(((5, 5), (6, 5), (6, 6)))


@pytest.mark.parametrize(("outlines", "ground"), [([], GROUND), ([OUTLINE], ((0, 0), (1, 0), (2, 0)))])
def test_nothing_is_no_ground(
    outlines: list[tuple[tuple[float, float], ...]], ground: tuple[tuple[float, float], ...]
) -> None:
    with pytest.raises(ValueError, match="no area"):
        TakenGround(outlines, ground)


def test_what_hides_ground_is_what_pixels_show_there() -> None:
    """A box over an empty street hides nothing, and one over something that came does."""
    backdrop, rng = Backdrop([((0.0, 0.1), (1.0, 0.1), (1.0, 1.0), (0.0, 1.0))]), np.random.default_rng(1)
    place = [((0.3, 0.4), (0.5, 0.4), (0.5, 0.6), (0.3, 0.6))]
    box = (0.25, 0.35, 0.55, 0.65)
    assert backdrop.seen(place) == 0.0, "nobody has looked yet"
    for t in range(0, 12, 2):
        canvas = street()
        if t >= 8:
            width, height = SIZE
            crates(canvas, (round(0.25 * width), round(0.35 * height), round(0.55 * width), round(0.65 * height)))
        picture = np.clip(canvas + rng.normal(0, 2, canvas.shape), 0, 255).astype(np.uint8)
        backdrop.look(at(t), picture, detections([("person", 0.9, box)], SIZE))
        if t == 6:
            assert backdrop.seen(place) == 1.0
    assert backdrop.seen(place) < 0.3 and not backdrop.lost
    assert backdrop.seen([((0.7, 0.7), (0.9, 0.7), (0.9, 0.9), (0.7, 0.9))]) == 1.0
