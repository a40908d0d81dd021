"""How long one object counts towards one rule, and the sightings that show it. Memory is bounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import ConfigDict

from streams.instant import Instant
from vision.inforce import Overrun, RuleInForce
from vision.interface import Box, Hindrance, Moment, SeenLater, Stay
from vision.reasons import Ending, Held, Reckoning, Released
from vision.roadusers import better, passing
from vision.spread import spread

MAX_BETWEEN = 6
"""Moments kept between the first and the firing one."""
POOL = 2 * MAX_BETWEEN

SAVED = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
"""How saved state is read back: what was not written by us is refused, not converted."""


@dataclass(slots=True)
class Other:
    """One that came to stand with it."""

    __pydantic_config__: ClassVar[ConfigDict] = SAVED

    place: Box
    before_ns: int
    """The last sample before it was there."""
    first_ns: int
    left_ns: int | None = None
    """The first look that did not show it any more, while it is gone or may be."""
    gone: bool = False


@dataclass(slots=True)
class Hold:
    """The limit is passed and the rule does not fire, because it may be traffic that stands; see `vision.company`."""

    __pydantic_config__: ClassVar[ConfigDict] = SAVED

    since: Instant
    others: list[Other]
    until: Instant | None = None
    why: Released | None = None


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
    over_ns: int | None = None
    """When what counts reached the limit that it has passed; None: it has passed none."""
    hold: Hold | None = None
    """Kept once the rule has fired, to tell why it did not before."""
    closed: bool = False
    """It has fired, and what is seen since may be another object: no later sighting is kept."""
    looks: int = 0
    """Sightings inside the rule's hours, until it fired, in which others were looked for."""
    near: int = 0
    """In how many of them somebody came near."""
    passing: Moment | None = None
    """The one of these that shows it best."""

    def restart(self) -> None:
        """Forget what was counted: it may have been another object."""
        self.last_ns, self.broken, self.counted_ns = None, False, 0
        self.exempt_ns, self.classes = {}, {}
        self.first, self.pool, self.stride, self.passed, self.over_ns = None, [], 1, 0, None
        self.hold = None
        self._nobody_came()

    def _nobody_came(self) -> None:
        self.looks, self.near, self.passing = 0, 0, None

    def strike(self, since: Instant, length_ns: int) -> None:
        """Take back what was counted and kept since `since`, `length_ns` at most."""
        self.broken = True
        self.counted_ns = max(0, self.counted_ns - length_ns)
        self.exempt_ns = {key: max(0, counted - length_ns) for key, counted in self.exempt_ns.items()}
        if self.over_ns is not None and self.over_ns >= since.utc_ns:
            self.over_ns = None
        if self.hold is not None and not self.fired and self.hold.since.utc_ns >= since.utc_ns:
            self.hold = None
        if self.first is not None and self.first.at.utc_ns >= since.utc_ns:
            self.first = None
        self.pool = [moment for moment in self.pool if moment.at.utc_ns < since.utc_ns]
        if not self.fired and self.last_ns is not None and self.last_ns >= since.utc_ns:
            self._nobody_came()  # how much of it was before that is not kept

    def sighted(self, moment: Moment, force: RuleInForce) -> tuple[Moment, ...]:
        """Count a sighting; the moments to show if the limit is passed and the rule has not fired yet, else nothing."""
        rule = force.rule
        if self.fired:
            if not self.closed and force.qualifies(moment) and force.contains(moment.at.utc_ns):
                self.keep(moment)
            return ()
        if force.terms.by_kind_of_object and moment.cls in rule.classes:
            self.classes[moment.cls] = self.classes.get(moment.cls, 0) + 1
        if not force.qualifies(moment):
            return ()
        now = moment.at.utc_ns
        if moment.others is not None and force.contains(now):
            self._look_around(moment)
        if self._count(now, force):
            return self.shown(moment)
        if force.contains(now):
            self.keep(moment)
        return ()

    def kept(self, at: Instant, force: RuleInForce) -> bool:
        """Count a sample in which pixels showed what had qualified; whether the limit is passed by that. The rule does
        not fire: a box has to confirm it."""
        if self.last_ns is None or self.fired:
            return False
        passed_before = self.over_ns is not None
        return self._count(at.utc_ns, force) and not passed_before

    def _count(self, now: int, force: RuleInForce) -> bool:
        """Count the time since the last sighting, where it counts; whether a limit is passed now."""
        begun = now
        if self.last_ns is not None and not self.broken and now - self.last_ns <= force.rule.max_unseen:
            begun = self.last_ns
            ordinary_ns, exempt = force.split(begun, now)
            self.counted_ns += ordinary_ns
            for key, length_ns in exempt.items():
                self.exempt_ns[key] = self.exempt_ns.get(key, 0) + length_ns
        self.last_ns, self.broken = now, False
        if self.overrun(force) is None:
            self.over_ns = self.hold = None
        elif self.over_ns is None:
            self.over_ns = last_within(lambda until: self._over_by(until, now, force), begun, now)
        return self.over_ns is not None

    def _over_by(self, until: int, now: int, force: RuleInForce) -> bool:
        """Whether a limit was passed without the time from `until` to `now`, all of which was counted."""
        ordinary_ns, exempt = force.split(until, now)
        kept = {key: counted - exempt.get(key, 0) for key, counted in self.exempt_ns.items()}
        return force.overrun(self.counted_ns - ordinary_ns, kept, self.classes) is not None

    def overrun(self, force: RuleInForce) -> Overrun | None:
        """The limit that the time counted so far has passed."""
        return force.overrun(self.counted_ns, self.exempt_ns, self.classes)

    def reckoning(self, force: RuleInForce, overrun: Overrun, stay: Stay, fired_at: Instant) -> Reckoning:
        """The arithmetic of the limit that was passed; `stay` as it is at the look `fired_at`."""
        passed_ns = fired_at.utc_ns if self.over_ns is None else self.over_ns
        return force.reckoning(overrun, stay, fired_at, passed_ns)

    def held(self, ended: Ending | None) -> Held | None:
        """How the rule was held back, if it was; `ended`: why the stay is over."""
        hold = self.hold
        if hold is None:
            return None
        until, why = hold.until, hold.why
        if why is None and ended is not None:
            until, why = ended.at, Released.ENDED
        standing = sum(not one.gone for one in hold.others)
        return Held(self.rule, hold.since, until, why, len(hold.others), standing)

    def _look_around(self, moment: Moment) -> None:
        """Remember whom it may have been in the way of."""
        self.looks += 1
        if passing(moment):
            self.near += 1
            if better(moment, self.passing):
                self.passing = moment

    def hindrance(self) -> Hindrance | None:
        """Whom it may have been in the way of; None where nobody looked."""
        return Hindrance(self.looks, self.near, self.passing) if self.looks else None

    def fire(self) -> None:
        """The rule has fired: what is kept from now on came later."""
        self.fired = True
        self.first, self.pool, self.stride, self.passed = None, [], 1, 0
        self._nobody_came()

    def later(self) -> SeenLater | None:
        """The sightings kept since it fired; None where there are none."""
        if not self.fired or self.first is None:
            return None
        return SeenLater(self.rule, (self.first, *spread(self.pool, MAX_BETWEEN)))

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
        return (*([self.first] if self.first is not None else []), *spread(self.pool, MAX_BETWEEN), firing)


def last_within(over: Callable[[int], bool], low: int, high: int) -> int:
    """The last instant of [low, high] at which a limit was not passed yet; `over` is true at `high`, and never again
    false once it is true. `high` where it is true all along: then no time in between passed it."""
    if over(low):
        return high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if over(middle) else (middle, high)
    return low
