from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.catalog import load_catalog
from models.plates.grammar import DIGITS, FORMS, LETTERS, NEW_ENERGY, PROVINCES, form_named, form_of
from models.plates.interface import Colour

province = st.sampled_from(PROVINCES)
letter = st.sampled_from(LETTERS)
digits = st.text(DIGITS, min_size=5, max_size=5)
places = st.text(DIGITS + LETTERS, min_size=5, max_size=5)
small = st.builds(
    "{}{}{}".format, st.sampled_from(NEW_ENERGY), st.sampled_from(DIGITS + LETTERS), digits.map(lambda d: d[:4])
)
large = st.builds("{}{}".format, digits, st.sampled_from(NEW_ENERGY))
plates = st.builds("{}{}{}".format, province, letter, st.one_of(places, small, large))


@pytest.mark.parametrize(
    ("text", "form", "colour"),
    [
        ("京A12345", "ordinary", Colour.BLUE),
        ("粤B6D88K", "ordinary", Colour.YELLOW),
        ("川AD12345", "new_energy_small", Colour.GREEN),
        ("川AFZ1234", "new_energy_small", Colour.GREEN),
        ("沪B12345D", "new_energy_large", Colour.GREEN),
        ("浙A1234警", "police", Colour.WHITE),
        ("皖B1234学", "trainer", Colour.YELLOW),
        ("鲁H2345挂", "trailer", Colour.YELLOW),
        ("粤ZT12F港", "cross_border", Colour.BLACK),
        ("粤ZT12F澳", "cross_border", Colour.BLACK),
        ("沪A0023领", "consulate", Colour.BLACK),
        ("使123456", "embassy", Colour.BLACK),
        ("123456使", "embassy", Colour.BLACK),
    ],
)
def test_forms(text, form, colour):
    found = form_of(text)
    assert found is not None and found.name == form
    assert colour in found.colours
    assert form_named(form) is found


@pytest.mark.parametrize(
    "text",
    [
        "", "京", "A12345", "京A1234", "京A123456", "京112345", "京I12345", "京O12345", "京AI2345", "京A1234O",
        "京a12345", "京A12345 ", "京A·12345", "A京12345", "京AL12345", "川AD123", "川ADA123B", "沪B1234DD", "沪B12345Z",
        "苏ZT12F港", "粤AT12F港", "使12345", "使12345A", "京A123警4", "VA30093", "京A1234桂", "京A12345\n",
    ],
)  # fmt: skip
def test_what_is_no_plate_has_no_form(text):
    assert form_of(text) is None


@given(plates)
def test_every_plate_built_by_the_rules_has_exactly_one_form(text):
    assert [form.name for form in FORMS if form.pattern.fullmatch(text)] == [form_of(text).name]


@given(plates, st.data())
def test_i_and_o_never_occur(text, data):
    place = data.draw(st.integers(0, len(text) - 1))
    for letter in "IOio":
        assert form_of(text[:place] + letter + text[place + 1 :]) is None


@given(plates, st.data())
def test_a_dropped_or_doubled_character_never_keeps_the_form(text, data):
    place = data.draw(st.integers(0, len(text) - 1))
    for changed in (text[:place] + text[place + 1 :], text[: place + 1] + text[place:]):
        found = form_of(changed)
        assert found is None or found is not form_of(text)


def test_a_new_energy_plate_that_lost_a_character_looks_ordinary_but_has_the_wrong_colour():
    assert form_of("川AD1234").name == "ordinary"
    assert Colour.GREEN not in form_of("川AD1234").colours


@given(st.text(max_size=12))
def test_any_text_is_answered(text):
    found = form_of(text)
    assert found is None or found.pattern.fullmatch(text)


def test_the_recogniser_knows_every_character_of_the_forms():
    known = set(load_catalog().entry("plate-recogniser").classes)
    assert set(PROVINCES + LETTERS + DIGITS + "警学挂港澳使领") <= known
    assert len(set(PROVINCES)) == 31
    assert not known & {"I", "O"}
