"""A rule made ready for one camera: its hours in the site's zone, what is large enough, and what is allowed to whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, tzinfo
from itertools import pairwise

from streams.instant import Instant, to_datetime
from vision.errors import GroundError
from vision.ground import Plane
from vision.holidays import Calendar, china
from vision.interface import Box, CalendarFacts, Grounds, Moment, Stay
from vision.reasons import Reckoning
from vision.rules.interface import Rule, classes_of
from vision.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Overrun:
    """A limit that was passed; durations in ns, `counted_ns` always more than `allowed_ns`."""

    allowed_ns: int
    counted_ns: int
    exemption: str | None
    """The exemption whose time ran out; None: the ordinary time did."""
    ordinary_ns: int
    exempt_ns: tuple[tuple[str, int], ...]
    """Towards each exemption that applies to the object."""


class RuleInForce:
    """One rule on one camera. Holds no state of any object: a tally does."""

    def __init__(
        self, rule: Rule, zone: tzinfo, *, plane: Plane | None = None, calendar: Calendar | None = None
    ) -> None:
        self.rule = rule
        self.terms = rule.terms
        self.calendar = (calendar or china()) if rule.asks_calendar else None
        self._zone = zone
        self._plane = plane
        self._hours = Schedule(rule.schedule, zone, self.calendar)
        self._exempt = [Schedule(one.schedule, zone, self.calendar) for one in self.terms.exemptions]
        self._longest_first = sorted(range(len(self._exempt)), key=lambda i: (-self.terms.exemptions[i].allowed, i))

    def qualifies(self, moment: Moment) -> bool:
        """Whether a sighting counts: by class, score and size."""
        rule = self.rule
        return moment.cls in rule.classes and moment.score >= rule.min_score and self._large_enough(moment.box)

    def contains(self, utc_ns: int) -> bool:
        """Whether the instant lies in the rule's hours."""
        return self._hours.contains(utc_ns)

    def split(self, start_ns: int, end_ns: int) -> tuple[int, dict[str, int]]:
        """What of [start_ns, end_ns) lies in the rule's hours: outside all exemptions, and inside each set of them.

        A set is named by the exemptions' numbers, `0` or `0+2`: which of them apply depends on what the object is, and
        that may not be clear yet.
        """
        if not self._exempt:
            return self._hours.overlap_ns(start_ns, end_ns), {}
        exempt = [schedule.spans(start_ns, end_ns) for schedule in self._exempt]
        ordinary, within = 0, dict[str, int]()
        for low, high in self._hours.spans(start_ns, end_ns):
            cuts = {low, high, *(cut for spans in exempt for span in spans for cut in span if low < cut < high)}
            for a, b in pairwise(sorted(cuts)):
                open_ = [i for i, spans in enumerate(exempt) if any(first <= a < last for first, last in spans)]
                if open_:
                    key = "+".join(map(str, open_))
                    within[key] = within.get(key, 0) + b - a
                else:
                    ordinary += b - a
        return ordinary, within

    def overrun(self, ordinary_ns: int, within: Mapping[str, int], sightings: Mapping[str, int]) -> Overrun | None:
        """The limit that an object has passed, if any, given how its time splits and what classes it was seen as.

        Each exemption that may apply to it takes the time in its hours, of several the most generous; the rest is
        ordinary. Each kind of time has its own limit, and the grace comes on top of either.
        """
        terms = self.terms
        if not terms.by_kind_of_object:
            if ordinary_ns <= terms.allowed_ns + terms.grace_ns:
                return None
            return Overrun(terms.allowed_ns, ordinary_ns, None, ordinary_ns, ())
        classes = classes_of(sightings)
        allowed_ns = terms.allowed_for(classes)
        taken = {i: 0 for i in self._longest_first if not set(classes).isdisjoint(terms.exemptions[i].classes)}
        for key, length_ns in within.items():
            open_ = set(map(int, key.split("+")))
            holder = next((i for i in taken if i in open_), None)
            if holder is None:
                ordinary_ns += length_ns
            else:
                taken[holder] += length_ns
        exempt_ns = tuple((terms.exemptions[i].name, taken[i]) for i in sorted(taken))
        if ordinary_ns > allowed_ns + terms.grace_ns:
            return Overrun(allowed_ns, ordinary_ns, None, ordinary_ns, exempt_ns)
        for i in sorted(taken):
            exemption = terms.exemptions[i]
            if taken[i] > exemption.allowed + terms.grace_ns:
                return Overrun(exemption.allowed, taken[i], exemption.name, ordinary_ns, exempt_ns)
        return None

    def grounds(self, overrun: Overrun, sightings: Mapping[str, int], start_ns: int, end_ns: int) -> Grounds | None:
        """Why so much was allowed to what stood from `start_ns` to `end_ns`; None for one plain limit."""
        if self.terms.plain and self.calendar is None:
            return None
        return Grounds(
            grace_ns=self.terms.grace_ns,
            exemption=overrun.exemption,
            ordinary_ns=overrun.ordinary_ns,
            exempt_ns=overrun.exempt_ns,
            sightings=tuple(sorted(sightings.items())),
            classes=classes_of(sightings),
            calendar=None if self.calendar is None else self._looked_up(self.calendar, start_ns, end_ns),
        )

    def reckoning(self, overrun: Overrun, stay: Stay, fired_at: Instant, passed_ns: int) -> Reckoning:
        """The arithmetic of a limit that was passed at `passed_ns`; `stay` as it is at the look `fired_at`."""
        towards_any_ns = overrun.ordinary_ns + sum(ns for _, ns in overrun.exempt_ns)
        return Reckoning(
            limit_ns=overrun.allowed_ns,
            grace_ns=self.terms.grace_ns,
            counted_ns=overrun.counted_ns,
            apart_ns=towards_any_ns - overrun.counted_ns,
            uncounted_ns=stay.seen_ns - towards_any_ns,
            sworn_ns=stay.sworn_ns,
            passed=replace(fired_at, utc_ns=passed_ns),
        )

    def _looked_up(self, calendar: Calendar, start_ns: int, end_ns: int) -> CalendarFacts:
        """The local days of a time, and the day before: what passes midnight belongs to it."""
        first = to_datetime(start_ns).astimezone(self._zone).date().toordinal() - 1
        last = to_datetime(end_ns).astimezone(self._zone).date().toordinal()
        days = tuple(calendar.fact(date.fromordinal(day)) for day in range(first, last + 1))
        return CalendarFacts(*calendar.identity, days)

    def _large_enough(self, box: Box) -> bool:
        size = self.rule.min_size
        if size is None:
            return True
        x1, y1, x2, y2 = box
        if (size.width is not None and x2 - x1 < size.width) or (size.height is not None and y2 - y1 < size.height):
            return False
        if size.metres is None:
            return True
        if self._plane is None:
            return False
        try:
            return self._plane.length_m((x1, y2), (x2, y2)) >= size.metres
        except GroundError:
            return False
