"""`bike_clutter`: more standing bicycles and motorcycles than a zone may hold, for longer than that is allowed.

What is timed is the excess: the time in which more stood, at least, than the limit (see `parked`), as far as it lies in
the rule's hours. An excess is one for as long as it may go on: looks at which a place is hidden, and gaps of the
footage, do not end it, and are not counted. It ends when so many places were seen without what stood there that no more
than the limit can be left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from pydantic import TypeAdapter

from streams.instant import Instant
from streams.interface import DecodeLevel
from vision.association.interface import JSON
from vision.boxes import iou, normalised
from vision.holidays import Calendar
from vision.inforce import Overrun, RuleInForce
from vision.interface import (
    Box,
    Clutter,
    Event,
    Member,
    Moment,
    Stay,
    StayEnded,
    StayOpened,
    Stood,
    Violation,
    ViolationFired,
)
from vision.judges.interface import Sample
from vision.judges.lot import (
    MAX_PLACES,
    SERIES,
    Excess,
    Limits,
    Lot,
    begin,
    break_off,
    counted,
    lot_fault,
    settle,
    strike,
    unsettled,
)
from vision.judges.parked import Place, Span, apart, matched, ridden, sworn
from vision.judges.sightings import sightings
from vision.matching import hidden
from vision.pace import EARLIEST_NS, Pace
from vision.policy import CameraRules, policy_hash
from vision.reasons import Ending, EndReason, Shown
from vision.rules.bike_clutter import RIDER, BikeClutterRule
from vision.saved import read_memory
from vision.standing import stay_id
from vision.tally import last_within
from vision.tuning import Tuning

KIND = "bike_clutter"


@dataclass(slots=True)
class Memory(Pace):
    """All that later events depend on."""

    lots: list[Lot] = field(default_factory=list)


_MEMORY = TypeAdapter(Memory)


class BikeClutter:
    """The bike_clutter rules of one camera."""

    def __init__(self, rules: CameraRules, zone: tzinfo, tuning: Tuning, calendar: Calendar | None = None) -> None:
        self._rules, self._tuning = rules, tuning
        self._terms: dict[tuple[str, str], Limits] = {}
        held = rules.zones_by_rule(KIND)
        for rule in rules.policy.rules:
            if isinstance(rule, BikeClutterRule) and rule.id in held:
                force = RuleInForce(rule, zone, plane=rules.plane, calendar=calendar)
                for where in held[rule.id]:
                    digest = policy_hash(rules.policy, where, rules.ground, rules.shops)
                    self._terms[rule.id, where.id] = Limits(rule, where, force, rules.plane, digest)
        self.memory = self._fresh()

    @property
    def calendar(self) -> Calendar | None:
        return next((terms.force.calendar for terms in self._terms.values() if terms.force.calendar is not None), None)

    def step(self, sample: Sample) -> list[Event]:
        memory = self.memory
        before = memory.last if memory.running else None
        elapsed, gap = memory.advance(sample.at, self._tuning, f"camera {self._rules.camera}")
        boxes = normalised(sample.detections)
        names = sample.detections.names
        people = [box for box, cls in zip(boxes, names, strict=True) if cls == RIDER]
        told: list[Event] = []
        for lot, terms in self._lots():
            if gap and before is not None:
                break_off(lot, terms, before, elapsed, self._tuning)
            elif lot.settled_ns is None:
                lot.settled_ns = sample.at.utc_ns
            else:
                settle(lot, terms, max(lot.settled_ns, sample.at.utc_ns - terms.rule.max_unseen), self._tuning)
            self._look(lot, terms, sample, before, 0 if gap else elapsed, boxes, people)
            told += self._judge(lot, terms, sample.at, boxes)
        return told

    def finish(self) -> list[Event]:
        ended: list[Event] = []
        for lot, terms in self._lots():
            if lot.excess is not None:
                at = self.memory.last or lot.excess.last
                ended.append(self._ended(lot, terms, EndReason.FOOTAGE_ENDED, at))
        self.memory = replace(self._fresh(), last=self.memory.last)
        return ended

    def suspend(self, since: Instant) -> None:
        memory = self.memory
        if not memory.running or memory.suspended or memory.last is None:
            return
        memory.suspended = True
        for lot, terms in self._lots():
            settle(lot, terms, memory.last.utc_ns, self._tuning)
            for place in lot.places:
                place.since_ns = None
            if lot.excess is not None:
                strike(lot.excess, since)

    def standing(self) -> tuple[Stay, ...]:
        return tuple(self._stay(lot, terms) for lot, terms in self._lots() if lot.excess is not None)

    def timed(self) -> tuple[Stay, ...]:
        lots = [(lot, terms) for lot, terms in self._lots() if lot.excess is not None and not lot.excess.tally.fired]
        return tuple(self._stay(lot, terms) for lot, terms in lots)

    def attention(self) -> DecodeLevel:
        last = self.memory.last
        for lot, terms in self._lots():
            excess = lot.excess
            if last is not None and excess is not None:
                timed = not excess.tally.fired and terms.force.contains(last.utc_ns)
                if timed or excess.below is not None:
                    return DecodeLevel.SAMPLED
        return DecodeLevel.KEYFRAMES

    def save(self) -> dict[str, JSON]:
        saved: dict[str, JSON] = _MEMORY.dump_python(self.memory, mode="json")
        return saved

    def load(self, state: object, where: str) -> None:
        self.memory = read_memory(_MEMORY, state, where, self._fault)

    # -- the sample ---------------------------------------------------------------------------------------------

    def _fresh(self) -> Memory:
        return Memory(lots=[Lot(rule, zone) for rule, zone in self._terms])

    def _lots(self) -> Iterator[tuple[Lot, Limits]]:
        return zip(self.memory.lots, self._terms.values(), strict=True)

    def _look(
        self,
        lot: Lot,
        terms: Limits,
        sample: Sample,
        before: Instant | None,
        elapsed_ns: int,
        boxes: list[Box],
        people: list[Box],
    ) -> None:
        """What this sample shows of the places of a lot."""
        rule, tuning, now = terms.rule, self._tuning, sample.at.utc_ns
        moments = [
            moment
            for moment in sightings(sample.at, sample.detections, rule.classes, rule.min_score)
            if terms.force.qualifies(moment)
        ]
        known = [place for place in lot.places if not place.gone]
        shown = matched(known, moments, tuning)
        for number, place in enumerate(known):
            if number in shown:
                moment = moments[shown[number]]
                place.seen(moment, not ridden(moment.box, people), rule.max_unseen)
            elif not place.stands:
                place.missed()
            elif now - place.last_ns > tuning.forget_ns:
                place.gone = True
            else:
                empty = any(iou(place.box, one) >= tuning.remembered_iou for one in sample.pixels.emptied)
                if empty or not hidden(place.box, boxes, tuning):
                    place.absent(elapsed_ns, empty=empty, max_unseen_ns=rule.max_unseen, tuning=tuning)
        settled = lot.settled_ns or 0
        lot.places = [p for p in lot.places if not p.gone or (p.since_ns is not None and p.last_ns > settled)]
        for number in sorted(set(range(len(moments))) - set(shown.values())):
            moment = moments[number]
            if terms.outside_bays(moment.box) and len(lot.places) < MAX_PLACES:
                alone = not ridden(moment.box, people)
                begun = None if before is None else before.utc_ns
                lot.places.append(
                    Place(moment.box, begun, now, now, moment.score, alone=int(alone), classes={moment.cls: 1})
                )

    def _judge(self, lot: Lot, terms: Limits, at: Instant, boxes: list[Box]) -> list[Event]:
        """The excess of a lot after this sample: whether it begins, breaks the rule, or is over."""
        tuning = self._tuning
        told: list[Event] = []
        found = unsettled(lot, terms, at.utc_ns, tuning)
        opens = bool(found) and lot.excess is None
        if opens:
            lot.excess = begin(lot, found[0][0], at)
        excess = lot.excess
        if excess is None:
            return []
        if found and found[-1][1] > excess.last.utc_ns:
            self._extend(lot, terms, excess, replace(at, utc_ns=found[-1][1]))
        if opens:
            told.append(StayOpened(self._stay(lot, terms), looked_back=False))
        counted_ns = excess.tally.counted_ns + counted(terms.force, found, at.utc_ns)
        overrun = terms.force.overrun(counted_ns, {}, {})
        if overrun is not None and not excess.tally.fired:
            told.append(ViolationFired(self._violation(lot, terms, excess, overrun, found)))
        if excess.last == at:
            return told  # it goes on
        known = [place for place in lot.places if place.stands and not place.gone]
        here = [p for p in known if p.last_ns == at.utc_ns or hidden(p.box, boxes, tuning)]
        may_be = terms.over(here, tuning)
        excess.tracing.look(Shown.HIDDEN if may_be else Shown.MISSED)
        excess.below = excess.below or (None if may_be else at)
        if not terms.over(known, tuning):
            told.append(self._ended(lot, terms, EndReason.WITHIN_LIMIT, at))
        elif at.utc_ns - excess.last.utc_ns > tuning.forget_ns:
            told.append(self._ended(lot, terms, EndReason.FORGOTTEN, at))
        return told

    def _extend(self, lot: Lot, terms: Limits, excess: Excess, until: Instant) -> None:
        """The excess is sworn to until a later time than before."""
        standing = apart(sworn(lot.places, until.utc_ns, until.utc_ns), self._tuning)
        excess.last = until
        excess.gap_ns += excess.pending_gap_ns
        excess.owed_gap_ns += excess.pending_gap_ns
        excess.tracing.look(Shown.SEEN)
        excess.pending_gap_ns, excess.below = 0, None
        excess.looks += 1
        for place in standing:
            excess.classes[place.cls] = excess.classes.get(place.cls, 0) + 1
        stood = Stood(until, len(standing), terms.area_m2(standing))
        if excess.peak is None or _size(stood) > _size(excess.peak):
            excess.peak = stood
        if excess.looks % excess.stride == 0:
            excess.series.append(stood)
            if len(excess.series) == SERIES:
                excess.series, excess.stride = excess.series[1::2], excess.stride * 2
        if terms.force.contains(until.utc_ns) and not excess.tally.fired:
            excess.tally.keep(_moment(standing, until))

    # -- telling ------------------------------------------------------------------------------------------------

    def _stay(self, lot: Lot, terms: Limits, ended: Ending | None = None) -> Stay:
        excess, camera = lot.excess, self._rules.camera
        assert excess is not None, "asked for lots with an excess only"
        last_ns = excess.last.utc_ns
        found = unsettled(lot, terms, last_ns, self._tuning)
        seen_ns = excess.seen_ns + sum(high - low for low, high in found)
        return Stay(
            id=stay_id(camera, lot.zone, terms.place, excess.first.utc_ns, lot.rule),
            camera=camera,
            zone=lot.zone,
            place=terms.place,
            appearance=None,
            cls=min(excess.classes, key=lambda name: (-excess.classes[name], name)),
            arrived=(excess.before, excess.first),
            last_seen=excess.last,
            departed=None if ended is None else (excess.last, excess.below),
            seen_ns=seen_ns,
            occluded_ns=last_ns - excess.first.utc_ns - seen_ns - excess.gap_ns,
            gap_ns=excess.gap_ns,
            sworn_ns=seen_ns,
            sightings=excess.looks,
            trace=excess.traced(found).trace(ended),
        )

    def _ended(self, lot: Lot, terms: Limits, why: EndReason, at: Instant) -> StayEnded:
        """Close the excess of a lot; it has one."""
        excess = lot.excess
        assert excess is not None, "asked for lots with an excess only"
        ended = self._stay(lot, terms, Ending(why, at))
        if self.memory.last is not None:
            settle(lot, terms, self.memory.last.utc_ns, self._tuning)
        lot.excess = None
        return StayEnded(ended, (lot.rule,) if excess.tally.fired else ())

    def _violation(self, lot: Lot, terms: Limits, excess: Excess, overrun: Overrun, found: Sequence[Span]) -> Violation:
        tally, force = excess.tally, terms.force
        if found:
            tally.over_ns = last_within(
                lambda until: force.overrun(tally.counted_ns + counted(force, found, until), {}, {}) is not None,
                found[0][0],
                found[-1][1],
            )
        excess.tally.fired = True
        standing = apart(sworn(lot.places, excess.last.utc_ns, excess.last.utc_ns), self._tuning)
        # What was kept last may be of the same look.
        shown = {one.at.utc_ns: one for one in excess.tally.shown(_moment(standing, excess.last))}
        excess.tally.first, excess.tally.pool = None, []
        classes = Counter(place.cls for place in standing)
        fired = Stood(excess.last, len(standing), terms.area_m2(standing))
        moments = tuple(shown.values())
        stay = self._stay(lot, terms)
        return Violation(
            rule=lot.rule,
            zone=lot.zone,
            policy=self._rules.policy.id,
            policy_hash=terms.hash,
            allowed_ns=overrun.allowed_ns,
            fired_at=excess.last,
            stay=stay,
            moments=moments,
            dwell_lower_bound_ns=overrun.counted_ns,
            grounds=force.grounds(overrun, {}, moments[0].at.utc_ns, moments[-1].at.utc_ns),
            reckoning=tally.reckoning(force, overrun, stay, excess.last),
            clutter=Clutter(
                max_count=terms.rule.max_count,
                max_area_m2=terms.rule.max_area,
                fired=fired,
                peak=excess.peak or fired,
                over_time=tuple(excess.series),
                members=tuple(Member(place.cls, place.box) for place in standing),
                classes=tuple(sorted(classes.items())),
            ),
        )

    # -- read back ----------------------------------------------------------------------------------------------

    def _fault(self, memory: Memory) -> str | None:
        """Why this memory cannot have come about, or None."""
        if [(lot.rule, lot.zone) for lot in memory.lots] != list(self._terms):
            return "zones or rules that are not configured"
        fault = memory.fault()
        if fault:
            return fault
        now_ns = memory.last.utc_ns if memory.last is not None else EARLIEST_NS
        faults = (lot_fault(lot, now_ns, seen=memory.last is not None) for lot in memory.lots)
        return next((fault for fault in faults if fault), None)


def _size(stood: Stood) -> tuple[int, float]:
    return stood.count, stood.area_m2 or 0.0


def _moment(standing: list[Place], at: Instant) -> Moment:
    """All that stand as one sighting: the box around them, the class of most, and the score of the least certain."""
    x1, y1, x2, y2 = zip(*(place.box for place in standing), strict=True)
    classes = Counter(place.cls for place in standing)
    return Moment(
        at=at,
        box=(min(x1), min(y1), max(x2), max(y2)),
        score=min(place.score for place in standing),
        cls=min(classes, key=lambda name: (-classes[name], name)),
        track=None,
    )
