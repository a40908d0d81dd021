from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.plates.colour import colour_of
from models.plates.interface import Colour
from models.plates.rectify import face
from tests.models.plates.drawing import GROUNDS, plate, street, upright

WHERE = upright((320, 240), 150)


def views(text, colour, change=lambda picture: picture):
    picture = change(street(plate(text, colour), WHERE))
    return face(picture, WHERE, (160, 48)), face(picture, WHERE, (160, 48), 0.5)


def dim(picture):
    return (picture * 0.45).astype(np.uint8)


def warm(picture):
    return np.clip(picture * np.array([0.85, 0.97, 1.0]), 0, 255).astype(np.uint8)


def grey(picture):
    return cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)


@pytest.mark.parametrize("colour", GROUNDS)
@pytest.mark.parametrize("text", ["京A12345", "皖W8WM8M"])
def test_grounds_are_told_apart(text, colour):
    assert colour_of(*views(text, colour)) is Colour(colour)


@pytest.mark.parametrize("colour", ["blue", "yellow", "green"])
@pytest.mark.parametrize("light", [dim, warm])
def test_in_other_light_a_colour_is_the_same_or_unknown(colour, light):
    assert colour_of(*views("京A12345", colour, light)) in (Colour(colour), Colour.UNKNOWN)


@pytest.mark.parametrize("colour", GROUNDS)
def test_a_camera_without_colour_gives_none(colour):
    assert colour_of(*views("京A12345", colour, grey)) is Colour.UNKNOWN


@pytest.mark.parametrize("colour", GROUNDS)
def test_in_the_dark_no_colour_is_invented(colour):
    found = colour_of(*views("京A12345", colour, lambda p: (p * 0.06).astype(np.uint8)))
    assert found in (Colour(colour), Colour.UNKNOWN)


def test_an_even_surface_has_no_colour_of_a_plate():
    surroundings = views("京A12345", "blue")[1]
    assert colour_of(np.full((48, 160, 3), 128, np.uint8), surroundings) is Colour.UNKNOWN
