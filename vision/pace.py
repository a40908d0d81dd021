"""How samples of one camera follow each other: their order, the usual interval, and what is a gap."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import ConfigDict

from streams.instant import Instant
from vision.errors import OrderError
from vision.tally import SAVED
from vision.tuning import Tuning

INTERVALS_KEPT = 15
EARLIEST_NS, LATEST_NS = -(1 << 61), 1 << 62
"""1896 to 2116: what time zones can surely do, and what no real clock leaves."""


@dataclass(slots=True)
class Pace:
    """The last sample of a camera, and what is known of the ones before."""

    __pydantic_config__: ClassVar[ConfigDict] = SAVED

    last: Instant | None = None
    running: bool = False
    """Whether footage is under way, so that `last` is the sample before the next one."""
    suspended: bool = False
    """Whether the view became unusable after `last`, so that the next sample comes after a gap."""
    intervals: list[int] = field(default_factory=list)
    """The last few sampling intervals, ns."""

    def advance(self, at: Instant, tuning: Tuning, where: str) -> tuple[int, bool]:
        """Move the clock: the time since the sample before (ns), and whether it is a gap. Raises OrderError."""
        if not EARLIEST_NS <= at.utc_ns <= LATEST_NS:
            raise OrderError(f"a sample at {at.utc_ns} ns since 1970 is no time a camera can have", where=where)
        if self.last is not None and at.utc_ns <= self.last.utc_ns:
            raise OrderError(
                f"a sample at {at.isoformat()} follows one at {self.last.isoformat()}",
                where=where,
                remedy="Samples of a camera go forward in time; recordings that overlap must be cut or left out",
            )
        elapsed, gap = 0, False
        if self.running and self.last is not None:
            elapsed = at.utc_ns - self.last.utc_ns
            intervals = self.intervals
            typical = sorted(intervals)[len(intervals) // 2] if len(intervals) > 2 else 0
            gap = self.suspended or elapsed > max(tuning.gap_ns, tuning.gap_intervals * typical)
            if not self.suspended:  # A pause says nothing of the pace.
                intervals.append(elapsed)
            del intervals[:-INTERVALS_KEPT]
        self.last, self.running, self.suspended = at, True, False
        return elapsed, gap

    def fault(self) -> str | None:
        """Why this, read back, cannot have come about, or None. What was seen is for whoever keeps it to judge."""
        if self.last is None:
            return "something was seen before the first sample" if self.running or self.suspended else None
        if not EARLIEST_NS <= self.last.utc_ns <= LATEST_NS:
            return "the last sample is at no time a camera can have"
        if len(self.intervals) > INTERVALS_KEPT or any(interval <= 0 for interval in self.intervals):
            return "sampling intervals"
        return None
