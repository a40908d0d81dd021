"""What a camera's process says to a hub that does not listen for a while: the newest, and never what would mislead."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetproof.daemon import outbox
from streetproof.daemon.messages import Connecting, FromCamera, Look, LookedBack, StreamRole
from streetproof.daemon.outbox import MAX_PICTURES, Outbox
from tests.vision.byhand import at

SIZE = (64, 48)
IMAGE = np.zeros((2, 2, 3), np.uint8)


def picture(number: int) -> Look:
    return Look(StreamRole.MAIN, at(number), number, SIZE, IMAGE)


def unchanged(number: int) -> Look:
    return Look(StreamRole.MAIN, at(number), number, SIZE, None)


def back(number: int) -> LookedBack:
    return LookedBack("t", at(number), SIZE, IMAGE)


def box() -> Outbox:
    """One whose hub does not listen: its thread is not running."""
    ours, _ = multiprocessing.Pipe()
    return Outbox(ours, lambda: None)


def waiting(one: Outbox) -> list[FromCamera]:
    return list(one._waiting)


def refers_to(messages: Sequence[FromCamera]) -> dict[int, int | None]:
    """For each unchanged look, the picture that whoever reads the messages takes it to repeat."""
    newest: int | None = None
    found: dict[int, int | None] = {}
    for message in messages:
        if isinstance(message, Look):
            if message.image is None:
                found[message.pts] = newest
            else:
                newest = message.pts
    return found


def test_with_a_picture_goes_what_says_that_nothing_has_changed_since() -> None:
    one = box()
    for message in (picture(1), unchanged(2), Connecting(), unchanged(3), picture(4), unchanged(5)):
        one.put(message)
    for number in range(10, 10 + MAX_PICTURES - 1):
        one.put(picture(number))
    assert refers_to(waiting(one)) == {5: 4}
    assert sum(isinstance(message, Connecting) for message in waiting(one)) == 1
    assert one.unsent == 3


def test_a_look_back_is_many_pictures_at_once_and_costs_no_look() -> None:
    one = box()
    one.put(picture(1))
    for number in range(10, 10 + 2 * MAX_PICTURES):
        one.put(back(number))
    one.put(unchanged(2))
    one.put(picture(3))
    one.put(unchanged(4))
    assert refers_to(waiting(one)) == {2: 1, 4: 3}
    kept = [message.at for message in waiting(one) if isinstance(message, LookedBack)]
    newest = 10 + 2 * MAX_PICTURES
    assert kept == [at(number) for number in range(newest - (MAX_PICTURES - 2), newest)]
    assert one.unsent == 0


def test_where_only_looks_wait_a_look_back_gets_no_place() -> None:
    one = box()
    for number in range(MAX_PICTURES):
        one.put(picture(number))
    one.put(back(10))
    assert [message.pts for message in waiting(one) if isinstance(message, Look)] == list(range(MAX_PICTURES))
    assert len(waiting(one)) == MAX_PICTURES


def test_who_waits_for_room_has_it_when_pictures_have_gone() -> None:
    ours, theirs = multiprocessing.Pipe()
    one = Outbox(ours, lambda: None)
    for number in range(MAX_PICTURES):
        one.put(back(number))
    one.room(0.01)
    assert len(waiting(one)) == MAX_PICTURES, "nobody listens, and it does not wait for ever"
    one.start()
    one.room(60)
    assert len(waiting(one)) < MAX_PICTURES // 2
    assert theirs.recv().at == at(0)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from("PUUUBBF"), max_size=120))
def test_an_unchanged_look_always_stands_behind_the_picture_it_speaks_of(script: list[str]) -> None:
    one = box()
    meant: dict[int, int | None] = {}
    newest: int | None = None
    for number, kind in enumerate(script):
        match kind:
            case "P":
                newest = number
                one.put(picture(number))
            case "U":
                meant[number] = newest
                one.put(unchanged(number))
            case "B":
                one.put(back(number))
            case _:
                one.put(Connecting())
    found = refers_to(waiting(one))
    assert {number: meant[number] for number in found} == found
    pictures = [
        message for message in waiting(one) if isinstance(message, Look | LookedBack) and message.image is not None
    ]
    assert len(pictures) <= MAX_PICTURES
    assert script.count("F") == sum(isinstance(message, Connecting) for message in waiting(one))


def test_too_many_facts_cost_the_oldest_fact_and_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MAX_FACTS", 3)
    one = box()
    one.put(picture(1))
    for _ in range(5):
        one.put(Connecting())
    assert len(waiting(one)) == 4
    for number in range(2, 2 + 3 * MAX_PICTURES):
        one.put(picture(number))
    pictures = [message.pts for message in waiting(one) if isinstance(message, Look)]
    assert pictures == list(range(2 + 2 * MAX_PICTURES, 2 + 3 * MAX_PICTURES))
