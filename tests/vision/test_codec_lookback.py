"""A narrowed departure is stored, and read back only where it fits the departure that it narrows."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.vision.byhand import PARKED, SHANGHAI, at, play, rules
from vision.codec_lookback import pinned_json, pinned_of
from vision.engine import Engine
from vision.errors import StateError
from vision.interface import Stay, StayEnded
from vision.lookback import Pinned, PinReason


def stay() -> Stay:
    events = play(Engine([rules()], SHANGHAI), lambda t: [("car", 0.9, PARKED)] if t <= 40 else [], 80)
    (ended,) = [event.stay for event in events if isinstance(event, StayEnded)]
    return ended


def test_it_is_read_back_where_it_narrows_the_departure() -> None:
    over = stay()
    assert over.departed == (at(40), at(42))
    for pinned in (Pinned(at(40.5), at(41), PinReason.SEEN_MOVING), Pinned(at(40), None, PinReason.SEEN_STANDING)):
        assert pinned_of(json.loads(json.dumps(pinned_json(pinned))), over) == pinned


@pytest.mark.parametrize(
    "pinned",
    [
        Pinned(at(39), at(41), PinReason.SEEN_MOVING),
        Pinned(at(41), at(43), PinReason.SEEN_MOVING),
        Pinned(at(41), at(41), PinReason.SEEN_MOVING),
        Pinned(None, at(41), PinReason.SEEN_MOVING),
    ],
)
def test_what_is_of_another_absence_is_left_out(pinned: Pinned) -> None:
    assert pinned_of(pinned_json(pinned), stay()) is None


def test_none_of_a_stay_that_stands_and_no_nonsense() -> None:
    pinned = pinned_json(Pinned(at(40.5), at(41), PinReason.SEEN_MOVING))
    assert pinned_of(pinned, replace(stay(), departed=None)) is None
    assert pinned_of(None, stay()) is None
    with pytest.raises(StateError):
        pinned_of({**pinned, "reason": "guessed"}, stay())
