"""What arrivals and a camera's own stamps say of where its media line lies in time. Constant memory, whatever comes.

A *level* is a clock's reading minus the media position (pts in ns) that belongs to it. While two clocks run alike it
stays the same from packet to packet; waiting raises the level of an arrival and can never lower it.
"""

from __future__ import annotations

from collections import deque
from itertools import combinations
from statistics import median_low
from typing import NamedTuple

from streams.instant import NS_PER_S

WINDOW_NS = 20 * NS_PER_S
"""Over so long the least delayed arrival is looked for; the last six such windows count. Longer would outlast more
congestion, and lag more behind a drifting media clock: 60 ms behind one of 500 ppm."""
WINDOWS = 6
SETTLED_NS = NS_PER_S
"""Packets that waited together (in the probe of a demuxer, in a relay's cache) have all come by then."""
JUMP_NS = NS_PER_S // 5
"""A camera's clock that moves by more than this between two packets was set."""
STEADY_NS = 10 * NS_PER_S
"""Without a jump for so long, a camera's clock is taken at its word."""
FRESH_NS = 60 * NS_PER_S
"""A camera that has told no time for so long has no known clock."""
_MINUTE_NS = 60 * NS_PER_S
_MINUTES = 60
_MIN_MINUTES = 5
_STAMPS = 16
_PPB = 1_000_000_000


class _Lowest(NamedTuple):
    """The least level of one stretch of time, and when it came."""

    stretch: int
    level_ns: int
    at_ns: int


class ArrivalLevel:
    """CLOCK_MONOTONIC on arrival minus media position: least where a packet waited least."""

    def __init__(self) -> None:
        self._first_ns: int | None = None
        self._last_ns = 0
        self._windows: deque[_Lowest] = deque(maxlen=WINDOWS)
        self._minutes: deque[_Lowest] = deque(maxlen=_MINUTES + 1)
        self._drift_ppb: int | None = None

    def observe(self, level_ns: int, at_ns: int) -> None:
        """One packet: its level, and CLOCK_MONOTONIC on its arrival."""
        if self._first_ns is None:
            self._first_ns = at_ns
        self._last_ns = at_ns
        _lower(self._windows, _Lowest(at_ns // WINDOW_NS, level_ns, at_ns))
        oldest = at_ns // WINDOW_NS - WINDOWS
        while self._windows[0].stretch <= oldest:
            self._windows.popleft()
        if _lower(self._minutes, _Lowest(at_ns // _MINUTE_NS, level_ns, at_ns)):
            self._measure_drift()

    @property
    def level_ns(self) -> int | None:
        """The best estimate now; None: nothing has come."""
        return min(window.level_ns for window in self._windows) if self._windows else None

    @property
    def spread_ns(self) -> int:
        """By how much the windows disagree. One that has just begun may still hear of a quicker packet: it waits."""
        levels = [window.level_ns for window in self._windows]
        if levels and self._last_ns - self._windows[-1].stretch * WINDOW_NS < SETTLED_NS:
            del levels[-1]
        return max(levels) - min(levels) if levels else 0

    @property
    def settled(self) -> bool:
        """Whether arrivals have been seen for long enough to trust the least of them."""
        return self._first_ns is not None and self._last_ns - self._first_ns >= SETTLED_NS

    @property
    def drift_ppb(self) -> int | None:
        """How much faster than the server's the media clock runs; None before five minutes without a jump have passed.

        Measured once a minute over the last hour: the median slope between minima of minutes (Theil-Sen), which a few
        congested minutes do not move.
        """
        return self._drift_ppb

    def _measure_drift(self) -> None:
        """A minute has begun, so the one before it is whole."""
        *_, last, _current = self._minutes
        if len(self._minutes) > 2 and abs(last.level_ns - self._minutes[-3].level_ns) > JUMP_NS:
            current = self._minutes[-1]
            self._minutes.clear()
            self._minutes.extend((last, current))
            self._drift_ppb = None
        whole = list(self._minutes)[:-1]
        if len(whole) >= _MIN_MINUTES:
            slopes = [(b.level_ns - a.level_ns) * _PPB // (b.at_ns - a.at_ns) for a, b in combinations(whole, 2)]
            self._drift_ppb = -median_low(slopes)


def _lower(stretches: deque[_Lowest], new: _Lowest) -> bool:
    """Take `new` into its stretch; whether it begins one that is not the first."""
    if stretches and stretches[-1].stretch >= new.stretch:
        if new.level_ns < stretches[-1].level_ns:
            stretches[-1] = new
        return False
    stretches.append(new)
    return len(stretches) > 1


class ReferenceLevel:
    """The camera's own UTC minus media position, as its stamps tell it."""

    def __init__(self) -> None:
        self._stamps: deque[int] = deque(maxlen=_STAMPS)
        self._last_level_ns: int | None = None
        self._last_ns = 0
        self._sampled_ns = 0
        self._since_ns = 0
        self.jumps = 0
        """How many times the camera's clock was set, as far as this connection saw."""
        self.last_jump_ns = 0
        """By how much, the last time; positive: ahead."""
        self.jumped_at_ns: int | None = None
        """CLOCK_MONOTONIC then."""

    def observe(self, level_ns: int, at_ns: int) -> None:
        """One stamp that came with a packet: its level, and CLOCK_MONOTONIC on the packet's arrival."""
        jump = 0 if self._last_level_ns is None else level_ns - self._last_level_ns
        if self._last_level_ns is None or abs(jump) > JUMP_NS:
            if self._last_level_ns is not None:
                self.jumps += 1
                self.last_jump_ns, self.jumped_at_ns = jump, at_ns
            self._stamps.clear()
            self._since_ns = at_ns
        if not self._stamps or at_ns - self._sampled_ns >= NS_PER_S:
            self._stamps.append(level_ns)
            self._sampled_ns = at_ns
        self._last_level_ns, self._last_ns = level_ns, at_ns

    def level_ns(self, now_ns: int) -> int | None:
        """The median of the last stamps, or None where there are none, or none that is fresh at `now_ns`."""
        fresh = self._stamps and now_ns - self._last_ns <= FRESH_NS
        return median_low(self._stamps) if fresh else None

    @property
    def spread_ns(self) -> int:
        """By how much the last stamps disagree."""
        return max(self._stamps) - min(self._stamps) if self._stamps else 0

    @property
    def steady(self) -> bool:
        """Whether the stamps have agreed for long enough to be taken for a clock."""
        return self._last_ns - self._since_ns >= STEADY_NS and self.spread_ns <= JUMP_NS
