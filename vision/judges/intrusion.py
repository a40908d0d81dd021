"""`intrusion`: objects that are in a zone where they have no business, moving or standing, one visit at a time.

An object is followed from look to look by its box, not by its place. Two sightings are of the same object where the
second box lies within one box length of the first (after more than `max_unseen`: at the same place, and not after a
minute), is alike in size, and no other box is nearly as near, in either look; only the time between such sightings
counts. All others are taken for the same visit, so that one truck does not give two cases, but what was counted begins
anew: it may be the next truck, or the one beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter

from streams.instant import Instant
from streams.interface import DecodeLevel
from vision.association.interface import JSON
from vision.boxes import family, normalised, shift, similar_size
from vision.footprint import area_of
from vision.holidays import Calendar
from vision.inforce import RuleInForce
from vision.interface import Box, Event, Moment, Stay, StayEnded, StayOpened, Violation, ViolationFired
from vision.judges.interface import Sample
from vision.judges.sightings import once_each, sightings
from vision.matching import hidden, hider
from vision.pace import Pace
from vision.policy import CameraRules, policy_hash
from vision.reasons import Ending, EndReason
from vision.rules.intrusion import IntrusionRule
from vision.saved import inside, read_memory, standing_fault
from vision.standing import Standing, stay_id
from vision.tally import SAVED, Tally
from vision.tuning import Tuning

KIND = "intrusion"
_SAME_SHIFT, _SAME_SIZE = 1.0, 1.6
"""The next sighting of the same object lies this near (in box sizes), and differs by no more than this factor."""
_VISIT_SHIFT, _VISIT_SIZE = 4.0, 2.5
"""... that of the same visit."""
_CLEARLY, _NEAR = 3.0, 0.25
"""... and any other box is this many times as far, and further than this."""
_MAX_VISITS = 1_000


@dataclass(slots=True)
class Visit:
    """One object that is, or was a moment ago, where one rule holds. It is told of once it is `open`."""

    __pydantic_config__: ClassVar[ConfigDict] = SAVED

    object: Standing
    """Its times, with the tally of the rule. `place` is where it was seen first, `box` where last."""
    run: int = 1
    """Sightings since the last one that may have been of another object."""

    @property
    def tally(self) -> Tally:
        """Of the one rule that it is a visit for."""
        return self.object.tallies[0]


@dataclass(slots=True)
class Memory(Pace):
    """All that later events depend on."""

    visits: list[Visit] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    """Of the classes in question, in the last sample, in the zones or not."""


_MEMORY = TypeAdapter(Memory)


class Intrusion:
    """The intrusion rules of one camera."""

    def __init__(self, rules: CameraRules, zone: tzinfo, tuning: Tuning, calendar: Calendar | None = None) -> None:
        self.memory = Memory()
        self._rules = rules
        self._tuning = tuning
        self._zones = rules.zones_by_rule(KIND)
        plane = rules.plane
        held = [rule for rule in rules.policy.rules if isinstance(rule, IntrusionRule) and rule.id in self._zones]
        self._kinds = {rule.id: rule for rule in held}
        self._forces = {rule.id: RuleInForce(rule, zone, plane=plane, calendar=calendar) for rule in held}
        self._areas = {z.id: area_of(z.polygon, plane) for zones in self._zones.values() for z in zones}
        self._hashes = {
            z.id: policy_hash(rules.policy, z, rules.ground, rules.shops)
            for zones in self._zones.values()
            for z in zones
        }
        self._classes = frozenset(cls for rule in held for cls in rule.classes)
        self._min_score = min((rule.min_score for rule in held), default=1.0)

    @property
    def calendar(self) -> Calendar | None:
        return next((force.calendar for force in self._forces.values() if force.calendar is not None), None)

    def step(self, sample: Sample) -> list[Event]:
        memory, tuning = self.memory, self._tuning
        before = memory.last if memory.running else None
        elapsed, gap = memory.advance(sample.at, tuning, f"camera {self._rules.camera}")
        if gap:
            memory.visits = [visit for visit in memory.visits if visit.object.open]
            for visit in memory.visits:
                visit.object.gap(elapsed)
        boxes = sightings(sample.at, sample.detections, self._classes, self._min_score)
        seen = once_each(boxes, tuning)
        previous, memory.boxes = memory.boxes, [moment.box for moment in seen]
        if not seen and not memory.visits:
            return []
        told: list[Event] = []
        missed: list[Visit] = []
        begun: list[Visit] = []
        for name in self._zones:
            within = self._within(name, seen)
            visits = [visit for visit in memory.visits if visit.tally.rule == name]
            shown = _followed(visits, [moment for moment, _ in within])
            for v, visit in enumerate(visits):
                if v in shown:
                    told += self._count(visit, within[shown[v]][0], previous)
                else:
                    missed.append(visit)
            taken = set(shown.values())
            begun += [self._begin(name, *one, before) for m, one in enumerate(within) if m not in taken]
        boxes_now = normalised(sample.detections) if missed else []
        for visit in missed:
            if hidden(visit.object.box, boxes_now, tuning):
                visit.object.hid(hider(visit.object.box, sample.detections, tuning))
            else:
                visit.object.absent(sample.at, 0 if gap else elapsed)
        ended = self._leave(sample.at)
        memory.visits += begun
        return [*ended, *told]

    def finish(self) -> list[Event]:
        why, last = EndReason.FOOTAGE_ENDED, self.memory.last
        standing = [visit for visit in self.memory.visits if visit.object.open]
        ended: list[Event] = [self._ended(visit, why, last or visit.object.last_seen) for visit in standing]
        self.memory = Memory(last=self.memory.last)
        return ended

    def suspend(self, since: Instant) -> None:
        memory = self.memory
        if memory.running and not memory.suspended:
            memory.suspended = True
            for visit in memory.visits:
                visit.object.strike(since)

    def standing(self) -> tuple[Stay, ...]:
        return tuple(self._stay(visit) for visit in self.memory.visits if visit.object.open)

    def timed(self) -> tuple[Stay, ...]:
        return tuple(self._stay(visit) for visit in self.memory.visits if visit.object.open and not visit.tally.fired)

    def attention(self) -> DecodeLevel:
        """SAMPLED from the first sighting on: what only passes through is gone by the next keyframe."""
        last = self.memory.last
        if last is not None and any(self._undecided(visit, last.utc_ns) for visit in self.memory.visits):
            return DecodeLevel.SAMPLED
        return DecodeLevel.KEYFRAMES

    def save(self) -> dict[str, JSON]:
        saved: dict[str, JSON] = _MEMORY.dump_python(self.memory, mode="json")
        return saved

    def load(self, state: object, where: str) -> None:
        self.memory = read_memory(_MEMORY, state, where, self._fault)

    # -- the sample ---------------------------------------------------------------------------------------------

    def _within(self, rule: str, seen: Iterable[Moment]) -> list[tuple[Moment, list[str]]]:
        """The sightings that lie in zones of a rule, with those zones. Class and size are for the tally to judge."""
        kind = self._kinds[rule]
        families = {family(cls) for cls in kind.classes}
        within = []
        for moment in seen:
            if family(moment.cls) in families and moment.score >= kind.min_score:
                where = [z.id for z in self._zones[rule] if self._areas[z.id].overlap(moment.box) >= kind.min_overlap]
                if where:
                    within.append((moment, where))
        return within

    def _begin(self, rule: str, moment: Moment, zones: list[str], before: Instant | None) -> Visit:
        tally = Tally(rule=rule, zones=zones)
        tally.sighted(moment, self._forces[rule])
        return Visit(
            Standing(
                place=moment.box,
                box=moment.box,
                before=before,
                first=moment.at,
                last_seen=moment.at,
                classes={moment.cls: 1},
                tallies=[tally],
            )
        )

    def _count(self, visit: Visit, moment: Moment, previous: Sequence[Box]) -> list[Event]:
        """Let a sighting count; what opens and what fires by it."""
        one, tally = visit.object, visit.tally
        rule = self._kinds[tally.rule]
        unseen_ns, tuning = moment.at.utc_ns - one.last_seen.utc_ns, self._tuning
        reach = _SAME_SHIFT if unseen_ns <= rule.max_unseen else tuning.place_shift
        same = shift(one.box, moment.box) <= reach and similar_size(one.box, moment.box, _SAME_SIZE)
        same = same and _clearly(one.box, moment.box, self.memory.boxes, previous)
        if not same or unseen_ns > tuning.identity_ns:
            # It may be another: the time up to here is nobody's, and what was counted belongs to the one before.
            one.doubt(0)
            one.stretch_ns = 0
            visit.run = 0
            if not tally.fired:
                tally.restart()
        one.seen_again(moment, rule.max_unseen, tuning)
        visit.run += 1
        shown = tally.sighted(moment, self._forces[tally.rule])
        if visit.run < rule.min_sightings:
            return []
        told: list[Event] = []
        if not one.open and tally.last_ns is not None:
            one.open, one.zones = True, tally.zones[:1]
            told.append(StayOpened(self._stay(visit), looked_back=False))
        if shown:
            told.append(ViolationFired(self._violation(visit, shown)))
        return told

    def _leave(self, at: Instant) -> list[Event]:
        """End the visits that are over, and forget what passed without becoming one."""
        ended: list[Event] = []
        kept = []
        for visit in self.memory.visits:
            one, tuning = visit.object, self._tuning
            absence_ns = tuning.absence_fired_ns if one.fired else tuning.absence_ns
            gone = one.absent_ns >= absence_ns and one.absent_samples >= tuning.absence_samples
            # What has not become a visit is not kept for when it comes out from behind something.
            kept_ns = tuning.forget_ns if one.open else max(tuning.absence_ns, self._kinds[visit.tally.rule].max_unseen)
            if not gone and at.utc_ns - one.last_seen.utc_ns <= kept_ns:
                kept.append(visit)
            elif one.open:
                ended.append(self._ended(visit, EndReason.EMPTY if gone else EndReason.FORGOTTEN, at))
        self.memory.visits = kept
        return ended

    # -- telling ------------------------------------------------------------------------------------------------

    def _undecided(self, visit: Visit, now_ns: int) -> bool:
        one = visit.object
        if one.open and one.absent_samples:
            return True
        tally = visit.tally
        return tally.last_ns is not None and not tally.fired and self._forces[tally.rule].contains(now_ns)

    def _stay(self, visit: Visit, ended: Ending | None = None) -> Stay:
        one, camera, zone = visit.object, self._rules.camera, visit.tally.zones[0]
        name = stay_id(camera, zone, one.place, one.first.utc_ns, visit.tally.rule)
        return replace(one.stay(camera, zone, ended), id=name)

    def _ended(self, visit: Visit, why: EndReason, at: Instant) -> StayEnded:
        one = visit.object
        stay = self._stay(visit, one.ending(why, at))
        return StayEnded(stay, one.fired_in(visit.tally.zones[0]))

    def _violation(self, visit: Visit, shown: tuple[Moment, ...]) -> Violation:
        tally = visit.tally
        force, zone = self._forces[tally.rule], tally.zones[0]
        overrun = tally.overrun(force)
        assert overrun is not None, "moments are shown only where a limit was passed"
        tally.fired = True
        tally.first, tally.pool = None, []
        stay, fired_at = self._stay(visit), shown[-1].at
        return Violation(
            rule=tally.rule,
            zone=zone,
            policy=self._rules.policy.id,
            policy_hash=self._hashes[zone],
            allowed_ns=overrun.allowed_ns,
            fired_at=fired_at,
            stay=stay,
            moments=shown,
            dwell_lower_bound_ns=overrun.counted_ns,
            grounds=force.grounds(overrun, tally.classes, shown[0].at.utc_ns, fired_at.utc_ns),
            reckoning=tally.reckoning(force, overrun, stay, fired_at),
        )

    # -- read back ----------------------------------------------------------------------------------------------

    def _fault(self, memory: Memory) -> str | None:
        """Why this memory cannot have come about, or None."""
        fault = memory.fault()
        if fault or memory.last is None:
            return fault or ("something was seen before the first sample" if memory.visits else None)
        if max(len(memory.visits), len(memory.boxes)) > _MAX_VISITS:
            return "more objects than a picture holds"
        if not all(inside(box) for box in memory.boxes):
            return "a box outside the image"
        for visit in memory.visits:
            if len(visit.object.tallies) != 1 or visit.tally.rule not in self._kinds:
                return "a visit for no rule of this kind"
            if not 0 <= visit.run <= visit.object.sightings:
                return "counts of sightings"
            fault = standing_fault(visit.object, memory.last.utc_ns, self._rules)
            if fault:
                return fault
        return None


def _clearly(last: Box, now: Box, boxes: Iterable[Box], previous: Iterable[Box]) -> bool:
    """Whether no other box of either look is nearly as near: else the two may be of neighbours."""
    far = max(_CLEARLY * shift(last, now), _NEAR)
    return all(box == now or shift(last, box) > far for box in boxes) and all(
        box == last or shift(box, now) > far for box in previous
    )


def _followed(visits: Sequence[Visit], moments: Sequence[Moment]) -> dict[int, int]:
    """Which sighting continues which visit, by their numbers: the nearest pairs first, each visit and sighting once."""
    near = sorted(
        (shift(visit.object.box, moment.box), v, m)
        for v, visit in enumerate(visits)
        for m, moment in enumerate(moments)
        if visit.object.family == family(moment.cls)
        and shift(visit.object.box, moment.box) <= _VISIT_SHIFT
        and similar_size(visit.object.box, moment.box, _VISIT_SIZE)
    )
    found: dict[int, int] = {}
    for _, v, m in near:
        if v not in found and m not in found.values():
            found[v] = m
    return found
