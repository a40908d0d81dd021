"""The forms that plate texts have: GA 36-2018 (中华人民共和国机动车号牌), with the series that it lets run on.

Facts used: the first character of a civil plate abbreviates one of 31 provinces, the second is the letter of the
issuing office; serials use digits and capital letters except I and O; new-energy serials have six places, of which
small vehicles put the letter first (A-E for electric, F-K without I for other drives, D and F the ordinary ones) and
large ones last; 警, 学, 挂, 港, 澳 and 领 stand last, 使 first (series before 2017) or last. How many letters a serial
may hold is not checked: offices differ. Plates of the armed forces and the armed police, and temporary ones of paper,
are not covered: a text of theirs has no form, so it is uncertain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from models.plates.interface import Colour

PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without I and O, which would be taken for 1 and 0."""
DIGITS = "0123456789"
NEW_ENERGY = "ABCDEFGHJK"
"""The letters that mark a new-energy serial."""


@dataclass(frozen=True, slots=True)
class PlateForm:
    """One kind of plate."""

    name: str
    pattern: re.Pattern[str]
    colours: frozenset[Colour]
    """The grounds that it may have."""


def _form(name: str, pattern: str, *colours: Colour) -> PlateForm:
    return PlateForm(name, re.compile(pattern), frozenset(colours))


_OFFICE = f"[{PROVINCES}][{LETTERS}]"
_ANY = f"[{DIGITS}{LETTERS}]"

FORMS = (
    _form("ordinary", f"{_OFFICE}{_ANY}{{5}}", Colour.BLUE, Colour.YELLOW),
    _form("new_energy_small", f"{_OFFICE}[{NEW_ENERGY}]{_ANY}[0-9]{{4}}", Colour.GREEN),
    _form("new_energy_large", f"{_OFFICE}[0-9]{{5}}[{NEW_ENERGY}]", Colour.GREEN, Colour.YELLOW),
    _form("police", f"{_OFFICE}{_ANY}{{4}}警", Colour.WHITE),
    _form("trainer", f"{_OFFICE}{_ANY}{{4}}学", Colour.YELLOW),
    _form("trailer", f"{_OFFICE}{_ANY}{{4}}挂", Colour.YELLOW),
    _form("cross_border", f"粤Z{_ANY}{{4}}[港澳]", Colour.BLACK),
    _form("consulate", f"{_OFFICE}{_ANY}{{4}}领", Colour.BLACK),
    _form("embassy", "使[0-9]{6}|[0-9]{6}使", Colour.BLACK),
)
"""In the order in which they are tried; no text has two of them."""

_BY_NAME = {form.name: form for form in FORMS}


def form_of(text: str) -> PlateForm | None:
    """The form that the whole of `text` has, or None. Nothing is trimmed, folded or corrected."""
    return next((form for form in FORMS if form.pattern.fullmatch(text)), None)


def form_named(name: str) -> PlateForm:
    """The form called `name`. Raises KeyError."""
    return _BY_NAME[name]
