"""A look back that is asked for when the camera has just gone is answered like any other that finds nothing."""

from __future__ import annotations

from typing import Any

from streetproof.daemon.mainstream import MainStream
from streetproof.daemon.messages import LookBack


class Asked:
    """Takes down what the looker is given."""

    def __init__(self) -> None:
        self.given: list[tuple[LookBack, Any, list[Any]]] = []

    def look_back(self, asked: LookBack, decoder: Any, packets: Any) -> None:
        self.given.append((asked, decoder, list(packets)))


def test_what_is_held_of_a_connection_that_ended_is_not_looked_at_and_nothing_breaks() -> None:
    stream = object.__new__(MainStream)
    looker, packet, asked = Asked(), object(), LookBack("stay/1", 0, 1, 250)
    stream._begun, stream._ring, stream._looker = None, [packet], looker  # type: ignore[assignment]
    stream.look_back(asked)
    assert looker.given == [(asked, None, [])]
