"""What touches in a picture told apart: by when it came, and by the parasols that a detector keeps seeing."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from streams.instant import NS_PER_S
from tests.vision.byhand import MODEL, detections
from vision.arrivals import apart
from vision.parasols import Parasols

SHAPE = (60, 100)
SIZE = (100, 60)
Mask = npt.NDArray[np.bool_]


def masked(*rectangles: tuple[int, int, int, int]) -> Mask:
    mask = np.zeros(SHAPE, np.bool_)
    for x1, y1, x2, y2 in rectangles:
        mask[y1:y2, x1:x2] = True
    return mask


def came(
    *spells: tuple[tuple[int, int, int, int], float, float],
) -> tuple[Mask, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rectangles with the last second that showed the street there, and the first that showed them."""
    solid = masked(*(rectangle for rectangle, _, _ in spells))
    before, since = (np.zeros(SHAPE, np.int64) for _ in range(2))
    for (x1, y1, x2, y2), low, high in spells:
        before[y1:y2, x1:x2], since[y1:y2, x1:x2] = int(low * NS_PER_S), int(high * NS_PER_S)
    return solid, before, since


def parts(*spells: tuple[tuple[int, int, int, int], float, float]) -> list[int]:
    solid, before, since = came(*spells)
    return sorted(int(part.sum()) for part in apart(solid, solid, before, since))


LEFT, RIGHT = (10, 20, 40, 40), (40, 20, 80, 40)


def test_what_came_long_after_is_another_thing() -> None:
    assert parts((LEFT, 8, 10), (RIGHT, 38, 40)) == [600, 800]


def test_goods_put_out_piece_by_piece_are_one_thing() -> None:
    rows = [((10 + 10 * i, 20, 20 + 10 * i, 40), 8 + 7 * i, 10 + 7 * i) for i in range(7)]
    assert parts(*rows) == [1400], "seven seconds between the pieces, forty between the first and the last"


def test_what_somebody_hid_when_it_came_goes_with_what_may_have_come_then() -> None:
    hidden = (40, 20, 60, 40)
    assert parts((LEFT, 8, 10), (hidden, 6, 30), ((60, 20, 80, 40), 8, 10)) == [1400]
    # Hidden until after the second thing came: it may be of either, and goes to what is next to it.
    assert parts((LEFT, 8, 10), ((40, 20, 45, 40), 6, 60), ((45, 20, 80, 40), 38, 40)) in (
        [640, 760],
        [650, 750],
        [660, 740],
    )
    # Hidden, but seen to be the street after the first thing had come: it came later, with nothing else.
    assert parts((LEFT, 8, 10), (RIGHT, 20, 44)) == [600, 800]


def test_what_stands_on_something_is_part_of_it() -> None:
    assert parts(((10, 20, 70, 40), 8, 10), ((25, 8, 50, 20), 58, 60)) == [1500], "its own foot cannot be seen"
    assert parts(((10, 20, 70, 40), 8, 10), ((60, 8, 95, 20), 58, 60)) == [420, 1200], "most of its foot can"


def test_what_was_there_before_does_not_stand_on_what_came_in_front_of_it() -> None:
    """Crates before a shop, and a parasol that opens nearer to the camera: merged, they were 25 m² of nothing."""
    assert parts(((25, 8, 65, 20), 8, 10), ((10, 20, 70, 40), 58, 60)) == [480, 1200]


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 50), st.integers(0, 60)), min_size=1, max_size=6))
def test_the_parts_are_the_whole_and_share_nothing(things: list[tuple[int, int, int]]) -> None:
    spells = [((x, y, min(100, x + 30), min(60, y + 20)), t, t + 2) for x, y, t in things]
    solid, before, since = came(*spells)
    found = apart(solid, solid, before, since)
    assert np.array_equal(np.sum(found, axis=0), solid.astype(int))


SEES_PARASOLS = replace(MODEL, classes=("person", "umbrella", "kite"))
CANOPY = (0.2, 0.2, 0.6, 0.5)


def oval() -> Mask:
    mask = np.zeros(SHAPE, np.uint8)
    cv2.ellipse(mask, (40, 21), (20, 9), 0, 0, 360, 1, -1)
    return mask > 0


def told(parasols: Parasols, solid: Mask, hangs: bool = True) -> list[tuple[int, bool]]:
    apart = parasols.told_apart(solid, (0, 0), SIZE, lambda _: hangs)
    return [(int(mask.sum()), canopy) for mask, canopy in apart]


def seen(looks: int, every: int = 1, name: str = "umbrella", score: float = 0.15) -> Parasols:
    parasols = Parasols()
    for look in range(looks):
        boxes = [(name, score, CANOPY)] if look % every == 0 else []
        parasols.look(look * 2 * NS_PER_S, detections(boxes, SIZE, SEES_PARASOLS))
    return parasols


def test_a_detector_that_keeps_calling_it_a_parasol_is_believed_however_unsure() -> None:
    solid = oval()
    assert told(seen(20, every=2), solid) == [(int(solid.sum()), True)]
    assert told(seen(20, every=4), solid) == [(int(solid.sum()), False)], "now and then goods are called one"
    assert told(seen(4), solid) == [(int(solid.sum()), False)], "not at once"
    assert told(seen(20, name="kite"), solid) == [(int(solid.sum()), False)]


def test_crates_that_a_detector_calls_a_parasol_are_none_where_pixels_show_that_they_do_not_hang() -> None:
    assert told(seen(20), oval(), hangs=False) == [(int(oval().sum()), False)]
    opened = Parasols()
    opened.opened(0, CANOPY)
    assert told(opened, oval(), hangs=False) == [(int(oval().sum()), True)], "but one that was seen to open is"


def test_what_touches_a_parasol_is_no_part_of_it_but_its_pole_is() -> None:
    crates = masked((58, 20, 85, 40))
    both = told(seen(20), oval() | crates)
    assert [canopy for _, canopy in both] == [True, False] and both[1][0] > 0.7 * crates.sum()
    pole = masked((39, 30, 42, 55))
    assert told(seen(20), oval() | pole) == [(int((oval() | pole).sum()), True)]


def test_one_that_opened_beside_something_is_where_a_detector_called_it_one() -> None:
    both, stall = (0.18, 0.18, 0.88, 0.68), masked((58, 20, 85, 40))
    assert not Parasols().opened(0, both, alone=False), "somewhere in there, but nobody knows where"
    assert not seen(1).opened(0, both, alone=False), "called one once: no more than a guess"
    parasols = seen(3)
    assert parasols.opened(6 * NS_PER_S, both, alone=False)
    apart = told(parasols, oval() | stall, hangs=False)
    assert [canopy for _, canopy in apart] == [True, False] and apart[1][0] > 0.7 * stall.sum()


def test_it_is_forgotten_once_nothing_shows_it() -> None:
    parasols = seen(20)
    parasols.look(400 * NS_PER_S, detections([], SIZE, SEES_PARASOLS))
    assert told(parasols, oval()) == [(int(oval().sum()), False)]


def test_one_that_was_seen_to_open_is_one_until_it_is_gone() -> None:
    parasols = Parasols()
    parasols.opened(0, CANOPY)
    for look in range(1, 200):
        parasols.look(look * 2 * NS_PER_S, detections([], SIZE, SEES_PARASOLS))
        parasols.stands(look * 2 * NS_PER_S, CANOPY)
    assert told(parasols, oval())[0][1]
    parasols.look(600 * NS_PER_S, detections([], SIZE, SEES_PARASOLS))
    assert not told(parasols, oval())[0][1]
