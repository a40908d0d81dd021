"""Whether timestamps keep step with the time at which packets arrive. Pure: both are passed in."""

from __future__ import annotations

from streams.instant import NS_PER_S

TOLERANCE_NS = 5 * NS_PER_S
_WINDOW_NS = 60 * NS_PER_S


class Pace:
    """Follows the *lag* of packets: arrival minus timestamp, up to a constant.

    Networks make packets late, never early: the lag has a floor, and jumps and bursts only ever stand above it. So a
    packet far below the floor has a timestamp that jumped ahead, while one far above was merely held up, as after a
    pause of the network. The floor is kept over the last one to two minutes: crystals drift. Where it moves as a whole
    by more than the tolerance within a minute, the timestamps run at another speed than time does.
    """

    def __init__(self) -> None:
        self._before: int | None = None
        self._floor: int | None = None
        self._since = 0

    def check(self, position_ns: int, arrived_ns: int) -> str | None:
        """None, or what is wrong, as a clause for people. `position_ns` is the unwrapped timestamp."""
        lag = arrived_ns - position_ns
        if self._floor is None:
            self._floor, self._since = lag, arrived_ns
            return None
        floor = self._floor if self._before is None else min(self._floor, self._before)
        if lag < floor - TOLERANCE_NS:
            return f"its timestamps jumped ahead by {_seconds(floor - lag)}"
        self._floor = min(self._floor, lag)
        if arrived_ns - self._since < _WINDOW_NS:
            return None
        moved = 0 if self._before is None else self._floor - self._before
        self._before, self._floor, self._since = self._floor, lag, arrived_ns
        if abs(moved) > TOLERANCE_NS:
            way = "fell behind" if moved > 0 else "ran ahead of"
            return f"its timestamps {way} the time of arrival by {_seconds(abs(moved))} within a minute"
        return None


def _seconds(duration_ns: int) -> str:
    return f"{duration_ns / NS_PER_S:.1f} s"
