"""Pauses between attempts to connect."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.instant import NS_PER_S
from streams.live.backoff import Backoff


class Highest(random.Random):
    """Draws the upper end."""

    def randint(self, a: int, b: int) -> int:
        return b


def test_the_limit_doubles_up_to_the_cap():
    backoff = Backoff(Highest(), first_ns=NS_PER_S, cap_ns=10 * NS_PER_S)
    assert [backoff.pause() // NS_PER_S for _ in range(7)] == [1, 2, 4, 8, 10, 10, 10]
    assert backoff.failures == 7


def test_a_connection_that_lived_begins_anew():
    backoff = Backoff(Highest(), first_ns=NS_PER_S, cap_ns=60 * NS_PER_S, settled_ns=30 * NS_PER_S)
    assert [backoff.pause(lived) // NS_PER_S for lived in (0, 0, 29 * NS_PER_S, 30 * NS_PER_S, 0)] == [1, 2, 4, 1, 2]
    assert backoff.failures == 2


@given(st.integers(), st.integers(1, 200))
def test_pauses_are_spread_and_never_above_the_cap(seed, count):
    backoff = Backoff(random.Random(seed), cap_ns=5 * NS_PER_S)
    pauses = [backoff.pause() for _ in range(count)]
    assert all(0 <= pause <= min(5, 2**k) * NS_PER_S for k, pause in enumerate(pauses[:10]))
    assert all(pause <= 5 * NS_PER_S for pause in pauses)
    assert len(set(pauses)) > count * 0.9


def test_a_year_of_failures():
    backoff = Backoff(random.Random(1))
    assert max(backoff.pause() for _ in range(50_000)) <= 60 * NS_PER_S


@pytest.mark.parametrize(("first", "cap"), [(0, 1), (2, 1), (-1, 1)])
def test_nonsense_is_refused(first, cap):
    with pytest.raises(ValueError, match="first_ns"):
        Backoff(random.Random(1), first_ns=first, cap_ns=cap)
