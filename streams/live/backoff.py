"""How long to wait before the next attempt to connect. Pure: randomness is passed in, waiting is the caller's."""

from __future__ import annotations

import random

from streams.instant import NS_PER_S


class Backoff:
    """Exponential with full jitter: a pause is drawn evenly from 0 to a limit that doubles with every failure.

    Cameras behind one switch come back together; with jitter they are not all asked at once. A connection that lived
    for `settled_ns` or longer begins the count anew; a shorter one does not, or a camera that accepts and hangs up
    would be asked without pause.
    """

    def __init__(
        self,
        source: random.Random,
        *,
        first_ns: int = NS_PER_S,
        cap_ns: int = 60 * NS_PER_S,
        settled_ns: int = 60 * NS_PER_S,
    ) -> None:
        if not 0 < first_ns <= cap_ns:
            raise ValueError(f"0 < first_ns <= cap_ns does not hold: {first_ns}, {cap_ns}")
        self._random = source
        self._first = first_ns
        self._cap = cap_ns
        self._settled = settled_ns
        self._limit = first_ns
        self._failures = 0

    @property
    def failures(self) -> int:
        """Attempts in a row that did not lead to a settled connection."""
        return self._failures

    def pause(self, lived_ns: int = 0) -> int:
        """Nanoseconds to wait after a connection that lived for `lived_ns`; 0: it never came about."""
        if lived_ns >= self._settled:
            self._limit, self._failures = self._first, 0
        drawn = self._random.randint(0, self._limit)
        self._limit = min(self._cap, self._limit * 2)
        self._failures += 1
        return drawn
