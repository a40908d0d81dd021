"""One zone where a limit of standing bicycles and motorcycles holds: who stands in it, and when that is too many."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import ClassVar

import shapely  # type: ignore[import-untyped]
from pydantic import ConfigDict

from streams.instant import Instant
from vision.errors import GroundError
from vision.footprint import area_of, ground_contact
from vision.ground import Plane, corners
from vision.inforce import RuleInForce
from vision.interface import Box, Stood
from vision.judges.parked import Place, Span, apart, spans, sworn
from vision.pace import EARLIEST_NS
from vision.policy import Zone
from vision.reasons import Shown
from vision.rules.bike_clutter import BikeClutterRule
from vision.saved import inside
from vision.tally import POOL, SAVED, Tally
from vision.tracing import Tracing, coarse
from vision.tuning import Tuning

_IN_BAY = 0.5
"""What has this share of its ground contact in bays stands in them."""
MAX_PLACES = 1_000
SERIES = 16
"""Counts over time that are kept: every `stride`-th; halved, and the stride doubled, whenever there are so many."""


@dataclass(slots=True)
class Excess:
    """More than allowed, from `first` on."""

    __pydantic_config__: ClassVar[ConfigDict] = SAVED

    before: Instant | None
    first: Instant
    last: Instant
    """Until then it is sworn to."""
    tally: Tally
    """Settled time in the rule's hours, and the moments to show."""
    seen_ns: int = 0
    """Settled time, in the rule's hours or not."""
    gap_ns: int = 0
    pending_gap_ns: int = 0
    """Gaps of the footage since `last`."""
    looks: int = 0
    """Samples that moved `last`."""
    classes: dict[str, int] = field(default_factory=dict)
    below: Instant | None = None
    """The first sample since `last` that may show no more than the limit."""
    peak: Stood | None = None
    series: list[Stood] = field(default_factory=list)
    stride: int = 1
    tracing: Tracing = field(default_factory=Tracing)
    """What its settled time was made of."""
    traced_ns: int = 0
    """Until when."""
    owed_gap_ns: int = 0
    """Of `gap_ns` what is not traced yet."""

    def __post_init__(self) -> None:
        """What was saved before there were traces goes on with what is known of it."""
        if not self.tracing.runs and self.traced_ns == 0:
            self.traced_ns = self.first.utc_ns + self.seen_ns + self.gap_ns
            self.tracing.runs = coarse(self.seen_ns, 0, self.gap_ns, self.looks + 1, 0)

    def trace(self, low: int, high: int) -> None:
        """From `low` to `high` there were too many: the next time that there surely were."""
        unsure_ns = low - self.traced_ns
        if unsure_ns > 0:
            gap_ns = min(self.owed_gap_ns, unsure_ns)
            self.owed_gap_ns -= gap_ns
            self.tracing.passed(unsure_ns - gap_ns, gap_ns)
        self.tracing.counted(Shown.SEEN, high - low)
        self.traced_ns = high

    def traced(self, found: Iterable[Span]) -> Tracing:
        """The trace with what is not settled yet."""
        whole = replace(self, tracing=deepcopy(self.tracing))
        for low, high in found:
            whole.trace(low, high)
        return whole.tracing


@dataclass(slots=True)
class Lot:
    """One zone where one rule holds."""

    __pydantic_config__: ClassVar[ConfigDict] = SAVED

    rule: str
    zone: str
    settled_ns: int | None = None
    """Nothing that is seen later changes what stood until then."""
    places: list[Place] = field(default_factory=list)
    excess: Excess | None = None


class Limits:
    """What holds in one lot, made ready."""

    def __init__(self, rule: BikeClutterRule, zone: Zone, force: RuleInForce, plane: Plane | None, hash_: str) -> None:
        self.rule, self.zone, self.force, self.hash = rule, zone, force, hash_
        self._plane = plane
        self._area = area_of(zone.polygon, plane)
        self._bays = [area_of(bay, plane) for bay in zone.bays]
        self._strips: dict[Box, shapely.Polygon] = {}
        self.place: Box = self._area.bounds

    def outside_bays(self, box: Box) -> bool:
        """Whether a box stands in the zone and not in its bays."""
        if self._area.overlap(box) < self.rule.min_overlap:
            return False
        return sum(bay.overlap(box) for bay in self._bays) < _IN_BAY

    def area_m2(self, places: Iterable[Place]) -> float | None:
        """The ground that their contacts cover, each square metre once, to the cm²; None without a ground."""
        if self._plane is None:
            return None
        return round(float(shapely.union_all([self._strip(place.box) for place in places]).area), 4)

    def _strip(self, box: Box) -> shapely.Polygon:
        """The ground contact of a place on the ground. Places stay what they are, so a few are kept."""
        strip = self._strips.get(box)
        if strip is None:
            if len(self._strips) >= MAX_PLACES:
                self._strips.clear()
            try:
                assert self._plane is not None, "asked for with a ground only"
                strip = self._plane.polygon(corners(ground_contact(box)))
            except GroundError:
                strip = shapely.Polygon()  # what reaches the horizon covers nothing that could be sworn to
            self._strips[box] = strip
        return strip

    def over(self, places: list[Place], tuning: Tuning) -> bool:
        """Whether so many, or on so much ground, are more than allowed."""
        count, area = self.rule.max_count, self.rule.max_area
        if count is not None and len(places) > count and len(apart(places, tuning)) > count:
            return True
        return area is not None and bool(places) and (self.area_m2(places) or 0.0) > area


def begin(lot: Lot, first_ns: int, at: Instant) -> Excess:
    """An excess that begins at `first_ns`, with the coming of the last of those that make it up."""
    standing = sworn(lot.places, first_ns, first_ns)
    last = max(standing, key=lambda place: (place.since_ns or 0, place.box))
    before = last.before_ns
    return Excess(
        before=None if before is None else replace(at, utc_ns=before),
        first=replace(at, utc_ns=first_ns),
        last=replace(at, utc_ns=first_ns),
        tally=Tally(rule=lot.rule, zones=[lot.zone]),
    )


def unsettled(lot: Lot, terms: Limits, now_ns: int, tuning: Tuning) -> list[Span]:
    """When there were too many since what is settled; what is seen next may add to it."""
    if lot.settled_ns is None:
        return []
    # What is learned later may make it too many sooner; the excess began when that could first be sworn to.
    start_ns = lot.settled_ns if lot.excess is None else max(lot.settled_ns, lot.excess.first.utc_ns)
    if now_ns <= start_ns:
        return []
    return spans(lot.places, start_ns, now_ns, lambda places: terms.over(places, tuning))


def counted(force: RuleInForce, found: Iterable[Span], until_ns: int) -> int:
    """What of the spans, as far as `until_ns`, lies in the rule's hours."""
    return sum(force.split(low, min(high, until_ns))[0] for low, high in found if low < until_ns)


def settle(lot: Lot, terms: Limits, until_ns: int, tuning: Tuning) -> None:
    """Count for good what stood until then: no later sighting can change it."""
    excess = lot.excess
    for low, high in unsettled(lot, terms, until_ns, tuning):
        if excess is not None:
            excess.seen_ns += high - low
            excess.trace(low, high)
            excess.tally.counted_ns += terms.force.split(low, high)[0]
    lot.settled_ns = max(until_ns, lot.settled_ns or until_ns)


def break_off(lot: Lot, terms: Limits, before: Instant, length_ns: int, tuning: Tuning) -> None:
    """No frames for `length_ns` after `before`: what stood is known, and nothing is sworn to until it is seen again."""
    settle(lot, terms, before.utc_ns, tuning)
    lot.places = [place for place in lot.places if place.stands and not place.gone]
    for place in lot.places:
        place.since_ns = None
    if lot.excess is not None:
        lot.excess.pending_gap_ns += length_ns


def strike(excess: Excess, since: Instant) -> None:
    """Take back what was counted since `since`: at worst a little too much, because the spans are not kept."""
    struck_ns = max(0, excess.last.utc_ns - max(since.utc_ns, excess.first.utc_ns))
    taken_ns = min(struck_ns, excess.seen_ns)
    excess.seen_ns -= taken_ns
    excess.gap_ns += taken_ns
    excess.tracing.strike(taken_ns)
    excess.tally.strike(since, struck_ns)
    if excess.below is not None and excess.below.utc_ns >= since.utc_ns:
        excess.below = None


def lot_fault(lot: Lot, now_ns: int, *, seen: bool) -> str | None:
    """Why a lot, read back at `now_ns`, cannot have come about, or None; `seen`: there was a sample."""
    if not seen and (lot.places or lot.excess or lot.settled_ns is not None):
        return "something was seen before the first sample"
    if len(lot.places) > MAX_PLACES:
        return "more objects than a picture holds"
    if lot.settled_ns is None:
        return "something was seen before the first sample" if lot.places or lot.excess else None
    if not EARLIEST_NS <= lot.settled_ns <= now_ns:
        return "times that were settled before they came"
    for place in lot.places:
        times = (place.first_ns, place.last_ns if place.since_ns is None else place.since_ns, place.last_ns, now_ns)
        counts = (
            place.alone,
            place.misses,
            place.absent_ns,
            place.absent_samples,
            place.emptied_samples,
            *place.classes.values(),
        )
        if (
            not inside(place.box)
            or not (place.first_ns >= EARLIEST_NS and list(times) == sorted(times))
            or (place.before_ns is not None and not EARLIEST_NS <= place.before_ns < place.first_ns)
            or not place.classes
            or min(counts) < 0
            or not 0 <= place.score <= 1
            or (place.since_ns is not None and not place.stands)
        ):
            return "a place that cannot be"
    return None if lot.excess is None else _excess_fault(lot, lot.excess, now_ns)


def _excess_fault(lot: Lot, excess: Excess, now_ns: int) -> str | None:
    tally, first, last = excess.tally, excess.first.utc_ns, excess.last.utc_ns
    counts = (excess.seen_ns, excess.gap_ns, excess.pending_gap_ns, excess.looks - 1, tally.counted_ns, tally.passed)
    traced_gap_ns = excess.gap_ns - excess.owed_gap_ns
    stood = [*excess.series, *([] if excess.peak is None else [excess.peak])]
    checks = {
        "times of an excess out of order": EARLIEST_NS <= first <= last <= now_ns
        and (excess.before is None or EARLIEST_NS <= excess.before.utc_ns < first)
        and (excess.below is None or last < excess.below.utc_ns <= now_ns),
        "time that does not add up": min(counts) >= 0
        and excess.seen_ns + excess.gap_ns <= last - first
        and tally.counted_ns <= excess.seen_ns,
        "a trace that cannot be": 0 <= excess.owed_gap_ns <= excess.gap_ns
        and first <= excess.traced_ns <= now_ns
        and excess.tracing.fault(
            excess.seen_ns, excess.traced_ns - first - excess.seen_ns - traced_gap_ns, traced_gap_ns
        )
        is None,
        "a tally that cannot be": (tally.rule, tally.zones) == (lot.rule, [lot.zone])
        and not (tally.exempt_ns or tally.classes)
        and len(tally.pool) < POOL
        and min(tally.stride, excess.stride) >= 1,
        "counts that cannot be": len(excess.series) < SERIES
        and bool(excess.classes)
        and min(excess.classes.values()) >= 1
        and all(one.count >= 0 and (one.area_m2 is None or one.area_m2 >= 0) for one in stood),
    }
    return next((fault for fault, holds in checks.items() if not holds), None)
