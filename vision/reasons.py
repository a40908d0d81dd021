"""Why a stay is timed as it is, and a rule fired: what its time was made of, why it ended, and the rule's arithmetic.

Frozen values that other modules yield and judge; `vision.tracing` makes them while a stay lasts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from streams.instant import Instant

MAX_STEPS = 32
"""A trace has no more steps, however long the stay: then the shortest neighbours are drawn together, first of all those
whose time counts alike."""


class Shown(StrEnum):
    """What a time was made of, and what a look said. Part of cases: names are stable."""

    SEEN = "seen"
    """A box showed it."""
    KEPT = "kept"
    """No box did; pixels showed it unchanged at its place."""
    DOUBTED = "doubted"
    """It was shown before and after, and between a box spoke for its having moved on: it counts as seen, nothing of it
    is sworn to."""
    MISSED = "missed"
    """Looks at its place did not show it."""
    HIDDEN = "hidden"
    """Something stood before its place in most of the looks that did not show it."""
    GAP = "gap"
    """No footage, or the view could not be used."""
    STRUCK = "struck"
    """It was seen, and taken back: the view turned out to have been unusable."""


COUNTED = (Shown.SEEN, Shown.KEPT, Shown.DOUBTED)
"""Their time is `Stay.seen_ns`."""
UNSEEN = (Shown.MISSED, Shown.HIDDEN)
"""... `Stay.occluded_ns`."""
WITHOUT = (Shown.GAP, Shown.STRUCK)
"""... `Stay.gap_ns`."""


class EndReason(StrEnum):
    """Why a stay is over. Part of cases: names are stable."""

    EMPTY = "empty"
    """Its visible place was empty for long enough, by boxes or by pixels."""
    REPLACED = "replaced"
    """Something else stands on its ground."""
    DRIVEN_ON = "driven_on"
    """A box showed it moving off."""
    WITHIN_LIMIT = "within_limit"
    """No more than the limit can be left."""
    FORGOTTEN = "forgotten"
    """Its place could not be looked at for too long."""
    FOOTAGE_ENDED = "footage_ended"
    """It stood there when the footage ended, or the rules changed."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one kind of showing has in a step."""

    what: Shown
    ns: int
    """Time; 0 where only looks are told of."""
    looks: int


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a stay that was alike, or several short ones drawn together. It begins where the one before ends."""

    parts: tuple[Part, ...]
    """Longest first; more than one where it was not all alike."""
    hidden_by: tuple[tuple[str, int], ...] = ()
    """What stood before it, with the number of looks."""

    @property
    def ns(self) -> int:
        """Its length."""
        return sum(part.ns for part in self.parts)


@dataclass(frozen=True, slots=True)
class Ending:
    """Why it is over."""

    why: EndReason
    at: Instant
    """The look that decided it, or the last one."""
    empty_ns: int = 0
    """How long its visible place was seen empty until then, from the look before the first of them on; looks in which
    it was hidden, and gaps, are no part of it."""
    empty_looks: int = 0
    """... in how many looks."""
    emptied_looks: int = 0
    """... in how many of them pixels as well said so."""


class Released(StrEnum):
    """Why a violation is held back no longer. Part of cases: names are stable."""

    COMPANY_LEFT = "company_left"
    """Most of those that came with it have left, and it has stayed on."""
    HOLD_PASSED = "hold_passed"
    """They stand there still, and it was held back as long as the rule says: it fired all the same."""
    ENDED = "ended"
    """The stay ended first: the rule never fired."""


@dataclass(frozen=True, slots=True)
class Held:
    """A rule whose limit was passed and that did not fire, because what stands may be traffic; see `vision.company`."""

    rule: str
    since: Instant
    """The look at which it would have fired."""
    until: Instant | None
    """The look that decided it, or the one that ended the stay; None: it is held back."""
    why: Released | None
    others: int
    """How many came to stand with it, in one line."""
    standing: int
    """How many of them stood when it was seen last, or when it was decided."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What the time of a stay was made of, from its first sighting to its last.

    The first sighting opens it and is in no step. The steps add up, to the nanosecond, to how the stay's time splits.
    """

    steps: tuple[Step, ...] = ()
    ended: Ending | None = None
    """None: it goes on."""
    held: tuple[Held, ...] = ()
    """Rules that did not fire when their limit was passed."""

    def total(self, kinds: Iterable[Shown]) -> int:
        """Time of these kinds, ns."""
        wanted = frozenset(kinds)
        return sum(part.ns for step in self.steps for part in step.parts if part.what in wanted)

    def spans(self, since_ns: int) -> Iterator[tuple[int, int, Step]]:
        """The steps with their beginning and end, where the stay was first seen at `since_ns`."""
        for step in self.steps:
            yield since_ns, since_ns + step.ns, step
            since_ns += step.ns


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The arithmetic by which a rule fired, as it stood at that look; durations in ns."""

    limit_ns: int
    grace_ns: int
    """Tolerance after the limit, not part of it."""
    counted_ns: int
    """What counts towards the limit, in the rule's hours; more than limit and grace together."""
    apart_ns: int
    """What counts towards other limits of the rule: its exemptions, or where one ran out, the ordinary time."""
    uncounted_ns: int
    """Seen, and counted towards nothing: outside the hours, or before what breaks the count."""
    sworn_ns: int
    """`Stay.sworn_ns` at that look."""
    passed: Instant
    """When what counts reached limit and grace; the look itself where it then turned out what may be allowed."""

    @property
    def seen_ns(self) -> int:
        """`Stay.seen_ns` at that look."""
        return self.counted_ns + self.apart_ns + self.uncounted_ns
