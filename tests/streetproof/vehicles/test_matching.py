"""How far plates are from each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetproof.vehicles.matching import CONFUSABLE, Position, halves, normalised

plates = st.text("京亨A0OD8B25", min_size=1, max_size=8)


def far(query: str, read: str, limit: int = 8) -> int | None:
    return halves(query, [Position(one) for one in read], limit)


@pytest.mark.parametrize(
    ("query", "read", "expected"),
    [
        ("京A12345", "京A12345", 0),
        ("亨A12345", "京A12345", 1),
        ("京AI2345", "京A12345", 1),
        ("京AB0555", "京A8OSS5", 4),
        ("京D00000", "京DODQ00", 3),
        ("京A12845", "京A12345", 1),  # 8 and 3
        ("京A12745", "京A12345", 2),
        ("京A1?345", "京A12345", 0),
        ("???????", "京A12345", 0),
        ("京A1?345", "京A1345", 2),
        ("A12345", "京A12345", 2),
        ("京A123456", "京A12345", 2),
        ("京A21345", "京A12345", 4),
        ("沪B99999", "京A12345", None),
    ],
)
def test_distances(query: str, read: str, expected: int | None) -> None:
    assert far(query, read) == expected


def test_what_the_reader_named_itself_is_half_an_edit() -> None:
    read = [Position("京"), Position("A"), Position("7", frozenset("4"))]
    assert halves("京A4", read, 2) == 1
    assert halves("京A5", read, 2) == 2
    assert halves("京A5", read, 1) is None


@given(plates, plates)
def test_it_is_a_distance_and_its_limit_cuts_nothing_else(a: str, b: str) -> None:
    whole = far(a, b, 99)
    assert whole is not None
    assert far(b, a, 99) == whole
    assert (whole == 0) == (a == b)
    assert abs(len(a) - len(b)) * 2 <= whole <= 2 * max(len(a), len(b))
    for limit in range(9):
        assert far(a, b, limit) == (whole if whole <= limit else None)


def test_the_pairs_that_are_promised_are_there() -> None:
    for one, other in ("0O", "0D", "1I", "8B", "5S", "2Z", "京亨"):
        assert far(one, other) == far(other, one) == 1
    assert all(len(group) == len(set(group)) >= 2 for group in CONFUSABLE)


def test_plates_as_people_type_them() -> None:
    assert normalised(" 京ａ·１２３４５ ") == "京A12345"
    assert normalised("滬b-1？345") == "沪B1?345"
    for wrong in ("", " · ", "1" * 17):
        with pytest.raises(ValueError):
            normalised(wrong)
