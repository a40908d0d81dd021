from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.plates.ballot import Reading, count
from tests.models.plates.reads import characters

texts = st.sampled_from(["京A12345", "京A1234S", "京A1234", "晋A12345", "川AD12345", ""])
readings = st.builds(
    Reading,
    texts.flatmap(lambda t: st.floats(0.1, 1.0).map(lambda share: characters(t, share, other="8"))),
    st.floats(0.0, 5.0),
)


def text(of):
    return "".join(c.text for c in of)


def test_each_position_is_counted_by_itself():
    found = count(
        [Reading(characters("京A1S345")), Reading(characters("晋A12345")), Reading(characters("京A12345"), 1.0)]
    )
    assert text(found) == "京A12345"
    assert found[1].confidence == pytest.approx(0.99)
    assert found[0].confidence == pytest.approx(0.66)
    assert found[0].alternatives == (("晋", pytest.approx(0.33)),)
    assert found[3].alternatives == (("S", pytest.approx(0.33)),)


def test_weight_decides():
    found = count([Reading(characters("A"), 1.0), Reading(characters("B"), 3.0)])
    assert (found[0].text, found[0].confidence) == ("B", pytest.approx(0.7425))
    assert count([Reading(characters("A"), 0.0)]) == ()


def test_a_reading_of_another_length_counts_against_every_position():
    found = count(
        [
            Reading(characters("京A12345", 1.0)),
            Reading(characters("京A12345", 1.0)),
            Reading(characters("京A1234", 1.0)),
        ]
    )
    assert text(found) == "京A12345"
    assert all(c.confidence == pytest.approx(2 / 3) for c in found)


def test_an_alternative_can_win():
    found = count([Reading(characters("8", 0.55, "B")), Reading(characters("B", 0.9))])
    assert found[0].text == "B"


@given(st.lists(readings, max_size=6), st.randoms())
def test_the_order_does_not_matter(given_readings, random):
    shuffled = list(given_readings)
    random.shuffle(shuffled)
    assert count(shuffled) == count(given_readings)


@given(st.lists(readings, max_size=6))
def test_confidences_are_shares(given_readings):
    for character in count(given_readings):
        assert 0 <= character.confidence <= 1
        assert all(share <= character.confidence for _, share in character.alternatives)
        assert character.text not in dict(character.alternatives)


@given(texts, st.floats(0.2, 1.0), st.integers(1, 6))
def test_the_same_reading_again_says_nothing_new(one, share, times):
    found = count([Reading(characters(one, share))] * times)
    assert text(found) == one
    assert all(c.confidence == pytest.approx(share) for c in found)
