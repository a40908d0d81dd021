"""One notice for a state that changes back and forth: at once, then at most every so often, with a count.

Pure: the caller says what time it is, on a clock that only goes forward.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

State = TypeVar("State", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Telling(Generic[State]):
    """What is to be told now: the state as it is, and how often it changed since the last telling."""

    key: str
    state: State
    changes: int


@dataclass(slots=True)
class _Watched(Generic[State]):
    state: State
    told_at_ns: int | None
    changes: int


class Debounce(Generic[State]):
    """States under keys, such as cameras. `quiet` is the state that every key begins with and that is not told then."""

    def __init__(self, interval_ns: int, quiet: State) -> None:
        self._interval_ns = interval_ns
        self._quiet = quiet
        self._watched: dict[str, _Watched[State]] = {}

    def observe(self, key: str, state: State, now_ns: int) -> Telling[State] | None:
        """The state is this now. Returns what is to be told at once, if anything."""
        watched = self._watched.get(key)
        if watched is None:
            watched = self._watched[key] = _Watched(self._quiet, None, 0)
        if state != watched.state:
            watched.state = state
            watched.changes += 1
        return self._tell(key, watched, now_ns)

    def due(self, now_ns: int) -> list[Telling[State]]:
        """What had to wait and is to be told now."""
        tellings = (self._tell(key, watched, now_ns) for key, watched in self._watched.items())
        return [telling for telling in tellings if telling is not None]

    def forget(self, key: str) -> None:
        """It is no more."""
        self._watched.pop(key, None)

    def _tell(self, key: str, watched: _Watched[State], now_ns: int) -> Telling[State] | None:
        # Also where it is back at what was told last: that it changed in between is worth one notice.
        if watched.changes == 0:
            return None
        if watched.told_at_ns is not None and now_ns - watched.told_at_ns < self._interval_ns:
            return None
        telling = Telling(key, watched.state, watched.changes)
        watched.told_at_ns, watched.changes = now_ns, 0
        return telling
