"""Puts raw timestamps on one line that does not run backwards: wraps undone, restarts joined, gaps found."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from statistics import median_low
from typing import NamedTuple

from streams.instant import NS_PER_S

GAP_FACTOR = 5
"""A step is a gap when it exceeds this many typical frame intervals, and half a second."""
_HISTORY = 15
_REORDER_DEPTH = 16
_FALLBACK_RATE = 25


class Stamp(NamedTuple):
    """The timestamps a container gives to one packet, as they are."""

    pts: int | None
    dts: int | None


class Kind(StrEnum):
    """What happened to the clock between two packets."""

    GAP = "gap"
    RESTART = "restart"
    OUTLIER = "outlier"


@dataclass(frozen=True, slots=True)
class Break:
    """A place where time did not simply go on; pts are on the unwrapped line."""

    kind: Kind
    after_pts: int
    before_pts: int


class Placed(NamedTuple):
    """One packet on the unwrapped line. `pts` is None where only the decoder's order can tell it."""

    pts: int | None
    dts: int
    broke: Break | None


def ticks(duration_ns: int, time_base: Fraction) -> int:
    """A duration in whole ticks of `time_base`, rounded to the nearest, at least one."""
    return max(1, round(Fraction(duration_ns, NS_PER_S) / time_base))


def to_ns(pts: int, time_base: Fraction) -> int:
    """`pts` ticks in nanoseconds, rounded to the nearest (halves up): exact integer arithmetic."""
    scaled = pts * time_base.numerator * NS_PER_S
    return (2 * scaled + time_base.denominator) // (2 * time_base.denominator)


def to_pts(duration_ns: int, time_base: Fraction) -> int:
    """The tick nearest to `duration_ns`: undoes `to_ns` for every tick of a time base no finer than a nanosecond."""
    scaled = duration_ns * time_base.denominator
    unit = time_base.numerator * NS_PER_S
    return (2 * scaled + unit) // (2 * unit)


class Timeline:
    """Follows the decoding timestamps of one stream, packet by packet in file order.

    - `wrap_bits`: width of the container's counter, for example 33 in MPEG-TS; None where it cannot wrap.
    - a step back of more than half a second is a *restart*: the line goes on one typical interval later, because how
      long the interruption took cannot be known;
    - a step ahead is trusted, and is a *gap* when much larger than the typical interval; one beyond a day is a restart;
    - a single stamp far from both its neighbours is an *outlier* and is replaced by the expected one.
    """

    def __init__(self, time_base: Fraction, *, wrap_bits: int | None = None, rate: Fraction | None = None) -> None:
        self._wrap = 1 << wrap_bits if wrap_bits else None
        self._back = ticks(NS_PER_S // 2, time_base)
        self._suspicious = ticks(60 * NS_PER_S, time_base)
        self._implausible = ticks(86_400 * NS_PER_S, time_base)
        self._gap_floor = ticks(NS_PER_S // 2, time_base)
        self._nominal = max(1, round(1 / ((rate or Fraction(_FALLBACK_RATE)) * time_base)))
        self._steps: deque[int] = deque(maxlen=_HISTORY)
        self._offset = 0
        self._without_dts = 0
        self._last: int | None = None
        self._highest: int | None = None

    @property
    def typical(self) -> int:
        """The typical interval between two frames in ticks: a median of the latest steps."""
        return median_low(self._steps) if self._steps else self._nominal

    def doubtful(self, stamp: Stamp) -> bool:
        """Whether `place` needs to see the stamp that follows in order to judge this one."""
        raw = _reference(stamp)
        if raw is None or self._last is None or self._undecided(stamp):
            return False
        delta = self._unwrapped(raw) - self._last
        return delta > self._suspicious or delta < -self._back

    def ordinary(self, pts: int | None, dts: int | None) -> tuple[int, int] | None:
        """The pts and dts of a packet that follows the one before as nearly all do; else None, and `doubtful` and
        `place` are to be asked, as if this had not been."""
        if pts is None or dts is None or self._last is None or self._wrap is not None or self._highest is None:
            return None
        position = dts + self._offset
        delta, ahead = position - self._last, pts - dts
        if not 0 < delta <= self._gap_floor or abs(ahead) > self._suspicious:
            return None
        self._without_dts = 0
        self._steps.append(delta)
        self._last = position
        shown = position + ahead
        self._highest = max(self._highest, shown)
        return shown, position

    def place(self, stamp: Stamp, following: Stamp | None = None) -> Placed:
        """The packet's place on the line; `following` is looked at only where the stamp is `doubtful`."""
        raw = _reference(stamp)
        if raw is None:
            return self._expected(None)
        position = self._unwrapped(raw)
        self._without_dts = 0 if stamp.dts is not None else self._without_dts + 1
        if self._undecided(stamp):
            return Placed(position, position, None)
        if self._last is None:
            return self._accept(stamp, raw, position, None)
        delta = position - self._last
        if (delta > self._suspicious or delta < -self._back) and self._is_outlier(following):
            return self._expected(Kind.OUTLIER)
        if delta < -self._back or delta > self._implausible:
            self._offset += self._last + self.typical - position
            return self._accept(stamp, raw, self._last + self.typical, Kind.RESTART)
        # The floor first: the median costs more than all the rest.
        if delta > self._gap_floor and delta > GAP_FACTOR * self.typical:
            return self._accept(stamp, raw, position, Kind.GAP)
        if delta > 0:
            self._steps.append(delta)
        return self._accept(stamp, raw, position, None)

    def _undecided(self, stamp: Stamp) -> bool:
        # Matroska's first packets have a pts only, in decoding order: no sign of a jump unless it goes on like that.
        return stamp.dts is None and self._without_dts <= _REORDER_DEPTH

    def _unwrapped(self, raw: int) -> int:
        position = raw + self._offset
        if self._wrap is None or self._last is None:
            return position
        turns = (self._last - position + self._wrap // 2) // self._wrap
        return position + turns * self._wrap

    def _is_outlier(self, following: Stamp | None) -> bool:
        raw = _reference(following) if following is not None else None
        if raw is None or self._last is None:
            return False
        step = self._unwrapped(raw) - self._last
        return -self._back <= step <= max(GAP_FACTOR * self.typical, self._gap_floor)

    def _expected(self, kind: Kind | None) -> Placed:
        before = self._last
        position = before + self.typical if before is not None else 0
        self._last = position
        broke = Break(kind, before, position) if kind is not None and before is not None else None
        return Placed(None, position, broke)

    def _accept(self, stamp: Stamp, raw: int, position: int, kind: Kind | None) -> Placed:
        """Take the packet at `position`; its pts keeps its distance to the reference stamp."""
        self._offset = position - raw
        after = self._highest if self._highest is not None else position
        self._last = position
        pts = self._pts_at(stamp, raw, position)
        if pts is not None:
            self._highest = pts if self._highest is None or kind is Kind.RESTART else max(self._highest, pts)
        broke = Break(kind, after, pts if pts is not None else position) if kind is not None else None
        return Placed(pts, position, broke)

    def _pts_at(self, stamp: Stamp, raw: int, position: int) -> int | None:
        if stamp.pts is None:
            return None
        ahead = stamp.pts - raw
        if self._wrap is not None:
            ahead = (ahead + self._wrap // 2) % self._wrap - self._wrap // 2
        # No codec reorders by more than a few seconds: further away, the pts itself is damaged.
        return position + ahead if abs(ahead) <= self._suspicious else None


def _reference(stamp: Stamp) -> int | None:
    return stamp.dts if stamp.dts is not None else stamp.pts
