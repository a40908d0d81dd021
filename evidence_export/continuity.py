"""Where footage is missing: between segments, and inside recordings. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from evidence_export.case import Recording
from evidence_export.plan import follows
from streams.instant import Instant

SEGMENTS_MISSING = "segments_missing"
NEW_SESSION = "new_session"
FRAMES_MISSING = "frames_missing"
CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Break:
    """A place between two recordings, given by their indices, where the stream did not simply go on.

    `start` is the end of what was recorded before and `end` the beginning of what came after; where `end` is the
    earlier one, the clock was set back, and how long the break took is not known. `cause` is a stable name.
    """

    after: int
    before: int
    start: Instant
    end: Instant
    cause: str
    detail: str

    @property
    def duration_ns(self) -> int:
        return self.end.utc_ns - self.start.utc_ns

    def touches(self, first_ns: int, last_ns: int) -> bool:
        """Whether any of it lies inside that time."""
        low, high = sorted((self.start.utc_ns, self.end.utc_ns))
        return low < last_ns and high > first_ns


@dataclass(frozen=True, slots=True)
class Hole:
    """A stretch inside a recording without frames, in ns since the epoch."""

    start_ns: int
    end_ns: int


def breaks_of(recordings: Sequence[Recording]) -> tuple[Break, ...]:
    """Every place where one segment does not follow on the other, with its cause. Archived files state none: when they
    begin and end is known too coarsely to tell a gap from a frame."""
    found = []
    for index, (one, other) in enumerate(pairwise(recordings)):
        if one.segment is None or other.segment is None or follows(one, other):
            continue
        opening, gap = other.segment.opening, other.segment.opening.gap_before
        missing = opening.sequence - one.segment.opening.sequence - 1
        if missing:
            cause = SEGMENTS_MISSING
            detail = f"{missing} segments between them are not among the recordings of this case"
        elif gap is not None:
            cause, detail = gap.cause, gap.detail
        elif one.segment.opening.session != opening.session:
            cause, detail = NEW_SESSION, "the connection began anew, and nothing says why"
        elif opening.start.utc_ns < one.segment.closing.end.utc_ns:
            cause, detail = CLOCK, "the clock was set back while the connection went on"
        else:
            cause, detail = FRAMES_MISSING, "the connection went on, and no frames are recorded of this time"
        found.append(Break(index, index + 1, one.segment.closing.end, opening.start, cause, detail))
    return tuple(found)


def lost_ns(breaks: Iterable[Break], holes: Iterable[Hole], first_ns: int, last_ns: int) -> int:
    """How much of that time has no frames, counted once where stretches overlap."""
    stretches = [(one.start.utc_ns, one.end.utc_ns) for one in breaks] + [(one.start_ns, one.end_ns) for one in holes]
    total, reached = 0, first_ns
    for start, end in sorted(stretches):
        start, end = max(start, reached), min(end, last_ns)
        if end > start:
            total += end - start
            reached = end
    return total
