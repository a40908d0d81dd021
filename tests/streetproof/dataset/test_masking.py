from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.errors import ModelRefusedError
from streetproof.dataset.masking import GREY, Masker
from tests.streetproof.dataset.conftest import Plates, Told

SIZE = (200, 100)
IMAGE = np.full((100, 200, 3), 30, np.uint8)


def rectangle(*box: float) -> np.ndarray:
    return np.array(box, np.float32)


def grey(image: np.ndarray, x: float, y: float) -> bool:
    return bool((image[int(y), int(x)] == GREY).all())


def test_upper_parts_of_people_are_painted_over() -> None:
    masker = Masker(Told(("person", (0.1, 0.1, 0.2, 0.9)), ("person", (0.5, 0.2, 0.8, 0.6)), size=SIZE), Plates(SIZE))
    made = masker.mask(IMAGE, [], [], frozenset({"car"}))
    assert made.heads == 2
    assert grey(made.image, 30, 12) and grey(made.image, 30, 36) and not grey(made.image, 30, 60)
    assert grey(made.image, 130, 42)  # wider than high: someone sits, so more of the box is covered
    assert not grey(made.image, 90, 50)
    assert (IMAGE == 30).all(), "the original is left alone"


def test_a_vehicle_that_nobody_reviewed_is_blanked_but_not_into_a_reviewed_one() -> None:
    masker = Masker(Told(("car", (0.5, 0.2, 0.9, 0.8)), size=SIZE), Plates(SIZE))
    reviewed = rectangle(40, 20, 120, 80)
    made = masker.mask(IMAGE, [reviewed], [], frozenset({"van"}))
    assert made.blanked == 1
    assert grey(made.image, 170, 30) and not grey(made.image, 110, 30)


def test_a_detection_of_the_reviewed_object_itself_is_kept() -> None:
    masker = Masker(Told(("car", (0.5, 0.2, 0.9, 0.8)), size=SIZE), Plates(SIZE))
    made = masker.mask(IMAGE, [rectangle(102, 22, 178, 78)], [], frozenset({"car"}))
    assert made.blanked == 0 and not grey(made.image, 110, 30)


def test_what_nobody_could_say_is_blanked() -> None:
    made = Masker(Told(size=SIZE), Plates(SIZE)).mask(IMAGE, [], [rectangle(10, 10, 50, 50)], frozenset())
    assert grey(made.image, 30, 30) and made.blanked == 1


def test_plates_are_looked_for_closely_on_each_vehicle() -> None:
    made = Masker(Told(size=SIZE), Plates(SIZE)).mask(IMAGE, [rectangle(40, 20, 120, 80)], [], frozenset({"car"}))
    assert made.plates == 1 and grey(made.image, 80, 50) and not grey(made.image, 80, 30)
    # Hardly wider than the plate would be: that is no plate.
    assert Masker(Told(size=SIZE), Plates(SIZE)).mask(IMAGE, [rectangle(40, 20, 60, 80)], [], frozenset()).plates == 0


def test_a_box_at_the_edge_or_beyond_it_breaks_nothing() -> None:
    masker = Masker(Told(("person", (0, 0, 1, 1)), size=SIZE), Plates(SIZE))
    made = masker.mask(IMAGE, [rectangle(190, 90, 260, 140), rectangle(-9, -9, -1, -1)], [], frozenset())
    assert made.image.shape == IMAGE.shape


def test_a_model_that_finds_no_people_is_refused() -> None:
    told = Told()
    told.info = replace(told.info, classes=("car",))
    with pytest.raises(ModelRefusedError, match="does not find people"):
        Masker(told, Plates())
