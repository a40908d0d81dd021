from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.plates.interface import PlateSpot
from models.plates.rectify import HEIGHT, Cut, batch_of, double_row, face, sharpness, single_row
from tests.models.plates.drawing import plate, street, upright

TURNED = ((200.0, 150.0), (360.0, 190.0), (352.0, 250.0), (195.0, 205.0))


def difference(a, b) -> float:
    return float(np.abs(a.astype(float) - b.astype(float)).mean())


def test_a_plate_seen_at_an_angle_comes_out_as_from_the_front():
    drawn = plate("京A12345")
    front = cv2.resize(drawn, (160, 52), interpolation=cv2.INTER_AREA)
    found = face(street(drawn, TURNED), TURNED, (160, 52))
    assert difference(found, front) < 14
    # The corners in another order, or a little off, give another picture: the measure above can fail.
    assert difference(face(street(drawn, TURNED), (*TURNED[1:], TURNED[0]), (160, 52)), front) > 40
    moved = tuple((x + 8, y) for x, y in TURNED)
    assert difference(face(street(drawn, TURNED), moved, (160, 52)), front) > 20


def test_a_large_plate_is_shrunk_without_losing_thin_strokes():
    stripes = np.zeros((280, 880, 3), np.uint8)
    stripes[:, ::2] = 255
    corners = ((0.0, 0.0), (880.0, 0.0), (880.0, 280.0), (0.0, 280.0))
    strip = single_row(stripes, corners, Cut(0.0, 0.0, 104))
    # Single pixels of black and white have to average; taking the nearest would give either.
    assert strip.shape == (HEIGHT, 104, 3)
    assert strip.min() > 110 and strip.max() < 145


def test_identity_keeps_every_pixel():
    picture = np.random.default_rng(1).integers(0, 256, (HEIGHT, 100, 3), dtype=np.uint8)
    corners = ((0.0, 0.0), (100.0, 0.0), (100.0, float(HEIGHT)), (0.0, float(HEIGHT)))
    assert difference(single_row(picture, corners, Cut(0.0, 0.0, 100)), picture) < 1.0


def test_two_rows_are_split_and_joined_upper_first():
    picture = np.zeros((220, 440, 3), np.uint8)
    picture[:80, :, 2] = 255
    picture[80:, :, 0] = 255
    corners = ((0.0, 0.0), (440.0, 0.0), (440.0, 220.0), (0.0, 220.0))
    strip = double_row(picture, corners, Cut(0.0, 0.0, 105))
    assert strip.shape == (HEIGHT, 105, 3)
    upper, lower = strip[4:-4, :33], strip[4:-4, 37:]
    assert (upper[:, :, 2] > 200).all() and (upper[:, :, 0] < 50).all()
    assert (lower[:, :, 0] > 200).all() and (lower[:, :, 2] < 50).all()


def test_sharpness_falls_with_blur_and_not_with_light():
    drawn = face(street(plate("京A12345"), upright((320, 240), 160)), upright((320, 240), 160), (160, 48))
    values = [sharpness(cv2.GaussianBlur(drawn, (0, 0), sigma)) for sigma in (0.5, 1.0, 2.0, 4.0)]
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.25 * values[0]
    assert sharpness((drawn * 0.4).astype(np.uint8)) == pytest.approx(sharpness(drawn), rel=0.1)
    assert sharpness(np.full((48, 160, 3), 90, np.uint8)) == 0.0


def test_the_input_ends_in_zeros():
    batch = batch_of([np.full((HEIGHT, 104, 3), 255, np.uint8)], 320)
    assert batch.shape == (1, 3, HEIGHT, 320)
    assert (batch[0, :, :, :104] == 1).all() and (batch[0, :, :, 104:] == 0).all()
    with pytest.raises(ValueError, match="at most 320"):
        batch_of([np.zeros((HEIGHT, 321, 3), np.uint8)], 320)


def test_size_and_angle_of_a_spot():
    level = PlateSpot(upright((100.0, 50.0), 88.0), 0.9, 0.2, True)
    assert level.size == (pytest.approx(88.0), pytest.approx(28.0))
    assert level.angle == pytest.approx(0.0, abs=1e-6)
    turn = cv2.getRotationMatrix2D((100, 50), 25, 1.0)
    turned = cv2.transform(level.array[None], turn)[0]
    corners = tuple((float(x), float(y)) for x, y in turned)
    spot = PlateSpot(corners, 0.9, 0.2, True)
    assert spot.angle == pytest.approx(25.0, abs=0.1)
    assert spot.size == (pytest.approx(88.0, rel=1e-3), pytest.approx(28.0, rel=1e-3))
    sheared = PlateSpot(((0.0, 0.0), (80.0, 0.0), (100.0, 20.0), (20.0, 20.0)), 0.9, 0.2, True)
    assert sheared.angle == pytest.approx(45.0, abs=0.1)
