"""How long one object counts towards one rule, and the sightings that show it. Memory is bounded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import ConfigDict

from streams.instant import Instant
from vision.inforce import Overrun, RuleInForce
from vision.interface import Moment

MAX_BETWEEN = 6
"""Moments kept between the first and the firing one."""
POOL = 2 * MAX_BETWEEN

SAVED = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
"""How saved state is read back: what was not written by us is refused, not converted."""


@dataclass(slots=True)
class Tally:
    """The time that counts towards one rule.

    Only the time between two sightings that both qualify for the rule, lie within its `max_unseen` of each other, and
    have neither a gap of the footage nor a sign of departure between them is counted, and only as far as it lies inside
    the rule's hours. Time in the hours of exemptions is counted apart, because whether one applies may turn out later.
    """

    __pydantic_config__: ClassVar[ConfigDict] = SAVED

    rule: str
    zones: list[str]
    """Zones whose overlap is enough for the rule, in the configuration's order; a violation names the first."""
    last_ns: int | None = None
    """Last sighting that qualified."""
    broken: bool = False
    """After it came a gap of the footage, or a box that says the object moved on."""
    counted_ns: int = 0
    """Outside the hours of all exemptions."""
    exempt_ns: dict[str, int] = field(default_factory=dict)
    """Within each set of them, see `RuleInForce.split`."""
    classes: dict[str, int] = field(default_factory=dict)
    """Sightings of each of the rule's classes, whether they count as time or not, where it matters which it is."""
    first: Moment | None = None
    """First qualifying sighting inside the rule's hours."""
    pool: list[Moment] = field(default_factory=list)
    """Every `stride`-th later one; halved, and the stride doubled, whenever it is full."""
    stride: int = 1
    passed: int = 0
    fired: bool = False

    def restart(self) -> None:
        """Forget what was counted: it may have been another object."""
        self.last_ns, self.broken, self.counted_ns = None, False, 0
        self.exempt_ns, self.classes = {}, {}
        self.first, self.pool, self.stride, self.passed = None, [], 1, 0

    def strike(self, since: Instant, length_ns: int) -> None:
        """Take back what was counted and kept since `since`, `length_ns` at most."""
        self.broken = True
        self.counted_ns = max(0, self.counted_ns - length_ns)
        self.exempt_ns = {key: max(0, counted - length_ns) for key, counted in self.exempt_ns.items()}
        if self.first is not None and self.first.at.utc_ns >= since.utc_ns:
            self.first = None
        self.pool = [moment for moment in self.pool if moment.at.utc_ns < since.utc_ns]

    def sighted(self, moment: Moment, force: RuleInForce) -> tuple[Moment, ...]:
        """Count a sighting; the moments to show where this is the one that makes the rule fire, else nothing."""
        rule = force.rule
        if self.fired:
            return ()
        if force.terms.by_kind_of_object and moment.cls in rule.classes:
            self.classes[moment.cls] = self.classes.get(moment.cls, 0) + 1
        if not force.qualifies(moment):
            return ()
        now = moment.at.utc_ns
        if self.last_ns is not None and not self.broken and now - self.last_ns <= rule.max_unseen:
            ordinary_ns, exempt = force.split(self.last_ns, now)
            self.counted_ns += ordinary_ns
            for key, length_ns in exempt.items():
                self.exempt_ns[key] = self.exempt_ns.get(key, 0) + length_ns
        self.last_ns, self.broken = now, False
        if self.overrun(force) is not None:
            return self.shown(moment)
        if force.contains(now):
            self.keep(moment)
        return ()

    def overrun(self, force: RuleInForce) -> Overrun | None:
        """The limit that the time counted so far has passed."""
        return force.overrun(self.counted_ns, self.exempt_ns, self.classes)

    def keep(self, moment: Moment) -> None:
        """Remember a sighting inside the rule's hours, so that a few spread over the time can be shown."""
        if self.first is None:
            self.first = moment
            return
        self.passed += 1
        if self.passed % self.stride:
            return
        self.pool.append(moment)
        if len(self.pool) == POOL:
            # Kept are the multiples of the stride, so what stays are the multiples of its double.
            self.pool = self.pool[1::2]
            self.stride *= 2

    def shown(self, firing: Moment) -> tuple[Moment, ...]:
        """The first one kept, a few between, and the firing one."""
        pool = self.pool
        if len(pool) > MAX_BETWEEN:
            pool = [pool[(2 * i + 1) * len(pool) // (2 * MAX_BETWEEN)] for i in range(MAX_BETWEEN)]
        return (*([self.first] if self.first is not None else []), *pool, firing)
