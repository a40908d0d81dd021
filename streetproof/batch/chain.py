"""The recordings of a camera whose ground is watched: each goes on with what the one before knew of the street.

What stands there when the look at a street begins is part of it. So a recording that was looked at by itself would not
know what came in the one before, and a taking that spans several, as a recorder cuts them, would never be seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.instant import NS_PER_S
from streetproof.batch.observe import Carry, Observed, Probed
from vision.carried import CARRY_NS

_SEAM_NS = NS_PER_S
"""A recording may begin so much before the end of the one before: their times are read from clocks."""


@dataclass(frozen=True, slots=True)
class Link:
    """The recording to look at next."""

    recording: Probed
    carry: Carry | None
    again: bool
    """Also where it was looked at before: what it left behind is needed and gone."""


class Chain:
    """The recordings of one camera, in order of time."""

    def __init__(self, recordings: Sequence[Probed]) -> None:
        self._recordings = tuple(recordings)
        self._next = 0
        self._carry: Carry | None = None
        self._again_until = 0

    def link(self) -> Link | None:
        """The next one; None: there is no more."""
        if self._next == len(self._recordings):
            return None
        recording = self._recordings[self._next]
        return Link(recording, self._carried(recording), self._next < self._again_until)

    def done(self, observed: Observed | None) -> None:
        """The one that `link` gave was looked at; None: it could not be, and what was known before is still known."""
        self._next += 1
        if observed is None:
            return
        before, self._carry = self._carry, observed.carry or self._carry
        if before is not None and before is not self._carry:
            before.file.unlink(missing_ok=True)  # megabytes each, and needed no more

    def restart(self) -> bool:
        """What the one before left behind is gone, though its observations are there: all of them are made again.

        False: that was done before for this recording, and did not help.
        """
        if self._next <= self._again_until:
            return False
        self._again_until, self._next, self._carry = self._next, 0, None
        return True

    def _carried(self, recording: Probed) -> Carry | None:
        carry = self._carry
        if carry is None or not -_SEAM_NS <= recording.start.utc_ns - carry.end_ns <= CARRY_NS:
            return None
        return carry
