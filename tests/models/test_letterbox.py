from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.letterbox import DARKNET, STYLES, ULTRALYTICS, YOLOX, Letterbox

sides = st.integers(1, 8000)
sizes = st.tuples(sides, sides)
inputs = st.tuples(st.integers(1, 40), st.integers(1, 40)).map(lambda s: (s[0] * 32, s[1] * 32))
boxes = st.lists(st.tuples(*[st.floats(0, 1)] * 4), min_size=1, max_size=5)


@given(style=st.sampled_from(list(STYLES.values())), input_size=inputs, size=sizes, fractions=boxes)
def test_a_box_goes_there_and_back(style, input_size, size, fractions):
    placement = Letterbox(style, input_size).place(size)
    xyxy = np.array(fractions) * np.tile(size, 2)
    back = placement.to_image(placement.to_input(xyxy))
    # float32 in the input keeps 24 bits of its side; undone, that is a ten-thousandth of a pixel per pixel of scale.
    slack = 4e-7 * max(input_size) * max(size[0] / placement.inner[0], size[1] / placement.inner[1]) + 1e-3
    assert np.abs(back - xyxy).max() <= slack


@given(style=st.sampled_from(list(STYLES.values())), input_size=inputs, size=sizes)
def test_the_picture_lies_inside_and_touches_one_side(style, input_size, size):
    placement = Letterbox(style, input_size).place(size)
    for inner, offset, side in zip(placement.inner, placement.offset, input_size, strict=True):
        assert inner >= 1
        assert offset >= 0
        assert inner + offset <= side
    assert placement.inner[0] == input_size[0] or placement.inner[1] == input_size[1]
    whole = placement.to_input(np.array([[0, 0, *size]]))[0]
    corner = (*placement.offset, placement.offset[0] + placement.inner[0], placement.offset[1] + placement.inner[1])
    assert np.allclose(whole, corner, atol=1e-3)


@given(style=st.sampled_from(list(STYLES.values())), input_size=inputs, size=sizes)
def test_what_fits_already_fits_again(style, input_size, size):
    letterbox = Letterbox(style, input_size)
    inner = letterbox.fit(size)
    if min(inner) > 1 and style.rounds:
        assert max(abs(a - b) for a, b in zip(letterbox.fit(inner), inner, strict=True)) <= 1


@pytest.mark.parametrize(
    ("style", "pad", "blue_first", "top"),
    [(DARKNET, 127 / 255, 2, 16), (YOLOX, 114.0, 0, 0), (ULTRALYTICS, 114 / 255, 2, 16)],
)
def test_each_style_fills_as_its_networks_were_trained(style, pad, blue_first, top):
    image = np.zeros((32, 64, 3), np.uint8)
    image[..., 0] = 200
    letterbox = Letterbox(style, (64, 64))
    out = np.full((3, 64, 64), np.nan, np.float32)
    letterbox.fill(image, letterbox.place((64, 32)), out)
    blue = 200 / 255 if style.unit else 200.0
    assert np.allclose(out[blue_first, top : top + 32], blue)
    assert np.allclose(out[1, top : top + 32], 0)
    assert np.allclose(out[:, top + 32 :], pad)
    assert np.allclose(out[:, :top], pad)


def test_known_sizes():
    assert Letterbox(YOLOX, (416, 416)).fit((768, 576)) == (416, 312)
    assert Letterbox(YOLOX, (416, 416)).fit((1920, 1080)) == (416, 234)
    assert Letterbox(ULTRALYTICS, (640, 640)).fit((100, 3)) == (640, 19)
    assert Letterbox(DARKNET, (416, 416)).fit((1, 5000)) == (1, 416)


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (-1, 5)])
def test_nothing_cannot_be_fitted(size):
    with pytest.raises(ValueError, match="cannot be fitted"):
        Letterbox(YOLOX, (64, 64)).place(size)
