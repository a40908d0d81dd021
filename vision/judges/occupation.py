"""`occupation`: ground that is taken by things no detector has a class for, timed like stays and measured in m².

What stands there comes from pixels (`vision.backdrop`). Detections say the rest: what a vehicle or a crowd explains is
no occupation; somebody who stands beside it, look after look, makes it a vendor's; what is seen on it supports it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo

import shapely  # type: ignore[import-untyped]
from pydantic import TypeAdapter
from shapely import LineString, Polygon

from streams.instant import Instant
from streams.interface import DecodeLevel
from vision.association.interface import JSON
from vision.footprints import Footprint, View
from vision.ground import Plane
from vision.holidays import Calendar
from vision.inforce import RuleInForce
from vision.interface import Event, Moment, Occupied, Stay, StayEnded, StayOpened, Violation, ViolationFired
from vision.judges.around import Around, explained
from vision.judges.footings import Footing, Group, Measured
from vision.judges.groups import common, covered, grouped, polygon, remnant, ring_of, shown_of
from vision.judges.interface import Sample
from vision.judges.people import people_of
from vision.pace import Pace
from vision.policy import CameraRules, Zone, policy_hash
from vision.reasons import Ending, EndReason
from vision.rules.occupation import FOOTPRINT, OccupationKind, OccupationRule
from vision.saved import read_memory, standing_fault
from vision.sides import Taken
from vision.standing import Standing, stay_id
from vision.taken import Standpoint
from vision.tally import Tally
from vision.tuning import Tuning

KIND = "occupation"
_SAME = 0.3
"""Share of the smaller ground that two looks at one thing have in common."""
_PART = 0.5
_SHOWN = 0.3
"""A thing of which less is shown is not seen in this look, and not gone either."""
_WELL = 0.75
"""It is measured where so much of it is shown."""
_STRANGE = 0.5
"""Share of it in which the street must be replaced, and not only lit differently."""
_LEAST = 0.7
"""What once took enough and is now measured smaller by more than such a measurement errs is no matter for the rule."""
_MAX_FOOTINGS = 1_000


@dataclass(slots=True)
class Memory(Pace):
    """All that later events depend on."""

    footings: list[Footing] = field(default_factory=list)
    people: list[tuple[float, float]] = field(default_factory=list)
    """Where people stood in the look before, in metres."""


_MEMORY = TypeAdapter(Memory)


@dataclass(frozen=True, slots=True)
class _Term:
    """One rule in one zone, made ready."""

    rule: OccupationRule
    zone: Zone
    force: RuleInForce
    hash: str
    ground: Polygon


class Occupation:
    """The occupation rules of one camera."""

    def __init__(self, rules: CameraRules, zone: tzinfo, tuning: Tuning, calendar: Calendar | None = None) -> None:
        self.memory = Memory()
        self._rules, self._tuning = rules, tuning
        plane = rules.plane
        assert plane is not None, "the policy refuses a rule of this kind without a ground"
        self._plane: Plane = plane
        held = rules.zones_by_rule(KIND)
        self._terms: dict[tuple[str, str], _Term] = {}
        for rule in rules.policy.rules:
            if isinstance(rule, OccupationRule) and rule.id in held:
                force = RuleInForce(rule, zone, plane=plane, calendar=calendar)
                for where in held[rule.id]:
                    digest = policy_hash(rules.policy, where, rules.ground, rules.shops)
                    self._terms[rule.id, where.id] = _Term(rule, where, force, digest, plane.polygon(where.polygon))
        self._fronts = {shop.id: LineString(plane.to_ground(shop.frontage)) for shop in rules.shops}
        self._standpoint: tuple[float, Standpoint] | None = None
        self._measured: tuple[tuple[Footprint, ...], list[Group]] = ((), [])

    @property
    def calendar(self) -> Calendar | None:
        return next((term.force.calendar for term in self._terms.values() if term.force.calendar is not None), None)

    # -- the sample ---------------------------------------------------------------------------------------------

    def step(self, sample: Sample) -> list[Event]:
        memory, tuning = self.memory, self._tuning
        before = memory.last if memory.running else None
        elapsed, gap = memory.advance(sample.at, tuning, f"camera {self._rules.camera}")
        if gap:
            memory.footings = [one for one in memory.footings if one.object.open]
            memory.people = []
            for one in memory.footings:
                one.object.gap(elapsed)
        width, height = sample.detections.size
        standpoint = self._above(width / height)
        people = people_of(sample.detections, self._plane, standpoint.place)
        fronts = tuple(self._fronts.values())
        around = Around(sample.detections, people, memory.people, self._plane, standpoint.place, fronts)
        told: list[Event] = []
        if sample.view is not None:
            groups = self._groups(sample.view, standpoint)
            for term in self._terms.values():
                told += self._take(term, sample, sample.view, groups, around, before, 0 if gap else elapsed)
        told += self._leave(sample.at)
        memory.people = [person.at for person in people if person.at is not None]
        return told

    def _above(self, aspect: float) -> Standpoint:
        if self._standpoint is None or self._standpoint[0] != aspect:
            self._standpoint = (aspect, Standpoint(self._plane, aspect))
        return self._standpoint[1]

    def _groups(self, view: View, standpoint: Standpoint) -> list[Group]:
        """The things that stand in view, measured; the same outlines are not measured again."""
        shapes = tuple(replace(one, shown=0.0) for one in view.footprints)
        if self._measured[0] != shapes:
            self._measured = (shapes, grouped(view.footprints, standpoint))
        shown = {one.outline: one.shown for one in view.footprints}
        return [replace(group, shown=shown_of(group, shown)) for group in self._measured[1]]

    def _take(
        self,
        term: _Term,
        sample: Sample,
        view: View,
        groups: Sequence[Group],
        around: Around,
        before: Instant | None,
        elapsed: int,
    ) -> list[Event]:
        """Let one look at a zone count for one rule."""
        told: list[Event] = []
        free = [group for group in groups if _lies_in(group, term)]
        for footing in [one for one in self.memory.footings if self._term_of(one) is term]:
            best = max(free, key=lambda group: common(footing, group), default=None)
            if best is not None and common(footing, best) >= _SAME:
                free.remove(best)
                if best.shown < _SHOWN:
                    footing.object.hid()
                    continue
                if not remnant(footing, best):
                    told += self._count(footing, term, best, sample.at, around)
                    continue
            if view.begun <= footing.object.first.utc_ns and not covered(footing, view.footprints):
                footing.object.absent(sample.at, elapsed, empty=True)
        mine = [one for one in self.memory.footings if self._term_of(one) is term]
        for group in free:
            if any(common(one, group) >= _PART for one in mine):
                continue  # a part of what is timed already: people and shadows split and join what stands close
            if (
                group.shown >= _SHOWN
                and not group.footless
                and group.area_m2 >= term.rule.min_area
                and group.replaced >= _STRANGE
            ):
                self._begin(term, group, sample.at, around, before)
        return told

    def _begin(self, term: _Term, group: Group, at: Instant, around: Around, before: Instant | None) -> None:
        if len(self.memory.footings) >= _MAX_FOOTINGS:
            return
        moment = _moment(at, group)
        tally = Tally(rule=term.rule.id, zones=[term.zone.id])
        tally.sighted(moment, term.force)
        earliest = group.since[0]
        if before is not None and earliest < at.utc_ns:
            before = replace(before, utc_ns=earliest)
        standing = Standing(
            place=group.box,
            box=group.box,
            before=before,
            first=at,
            last_seen=at,
            classes={FOOTPRINT: 1},
            tallies=[tally],
        )
        outlines = [list(outline) for outline in group.outlines]
        footing = Footing(object=standing, box=group.box, outlines=outlines, ground=list(group.ground))
        footing.measure(group)
        around.note(footing, term.rule, group)
        self.memory.footings.append(footing)

    def _count(self, footing: Footing, term: _Term, group: Group, at: Instant, around: Around) -> list[Event]:
        """Let a sighting count; what opens and what fires by it."""
        one, tally, tuning = footing.object, footing.tally, self._tuning
        if group.shown >= _WELL:
            footing.measure(group)
        around.note(footing, term.rule, group)
        if footing.area.area < _LEAST * term.rule.min_area:
            tally.broken = True  # what is left of it is less than the rule is about
        unseen_ns = at.utc_ns - one.last_seen.utc_ns
        if (unseen_ns > tuning.identity_ns or footing.renewed(group)) and not tally.fired:
            tally.restart()
        moment = _moment(at, group)
        one.seen_again(replace(moment, box=one.box), term.rule.max_unseen, tuning)
        one.box = group.box
        innocent = explained(footing)
        if innocent:
            tally.restart()
        shown = () if innocent else tally.sighted(moment, term.force)
        told: list[Event] = []
        stood_ns = at.utc_ns - one.first.utc_ns
        if not one.open and one.sightings >= tuning.stand_sightings and stood_ns >= tuning.stand_ns and not innocent:
            one.open, one.zones = True, [term.zone.id]
            told.append(StayOpened(self._stay(footing), looked_back=False))
        if shown and one.open:
            taken = self._closely(footing)
            if taken.area < term.rule.min_area:
                tally.restart()  # at first sight it was more: it is measured again if it stays as long again
            else:
                told.append(ViolationFired(self._violation(footing, term, shown, taken)))
        return told

    def _closely(self, footing: Footing) -> Measured:
        """What it takes, measured with care; where it stands is told with it."""
        quick, standpoint = footing.area, self._standpoint
        assert standpoint is not None, "it was measured before"
        whole = Taken(Polygon(footing.ground), quick.area, quick.low, quick.high, quick.canopy)
        taken = standpoint[1].closely(footing.outlines, whole)
        if taken is not whole:
            footing.ground = ring_of(taken.shape)
        return Measured(round(taken.area_m2, 3), round(taken.low_m2, 3), round(taken.high_m2, 3), taken.canopy)

    def _leave(self, at: Instant) -> list[Event]:
        """End what is over, and forget what did not stay."""
        tuning = self._tuning
        ended: list[Event] = []
        kept = []
        for footing in self.memory.footings:
            one = footing.object
            gone = one.emptied_samples >= tuning.emptied_samples
            if not gone and at.utc_ns - one.last_seen.utc_ns <= tuning.forget_ns:
                kept.append(footing)
            elif one.open:
                ended.append(self._ended(footing, EndReason.EMPTY if gone else EndReason.FORGOTTEN, at))
        self.memory.footings = kept
        return ended

    # -- telling ------------------------------------------------------------------------------------------------

    def finish(self) -> list[Event]:
        why, last = EndReason.FOOTAGE_ENDED, self.memory.last
        standing = [one for one in self.memory.footings if one.object.open]
        ended: list[Event] = [self._ended(one, why, last or one.object.last_seen) for one in standing]
        self.memory = Memory(last=self.memory.last)
        return ended

    def suspend(self, since: Instant) -> None:
        memory = self.memory
        if memory.running and not memory.suspended:
            memory.suspended = True
            for footing in memory.footings:
                footing.object.strike(since)

    def standing(self) -> tuple[Stay, ...]:
        return tuple(self._stay(one) for one in self.memory.footings if one.object.open)

    def timed(self) -> tuple[Stay, ...]:
        return tuple(self._stay(one) for one in self.memory.footings if one.object.open and not one.tally.fired)

    def attention(self) -> DecodeLevel:
        last = self.memory.last
        if last is not None and any(self._undecided(one, last.utc_ns) for one in self.memory.footings):
            return DecodeLevel.SAMPLED
        return DecodeLevel.KEYFRAMES

    def _undecided(self, footing: Footing, now_ns: int) -> bool:
        if footing.object.open and footing.object.absent_samples:
            return True
        tally = footing.tally
        return tally.last_ns is not None and not tally.fired and self._term_of(footing).force.contains(now_ns)

    def _term_of(self, footing: Footing) -> _Term:
        return self._terms[footing.tally.rule, footing.tally.zones[0]]

    def _stay(self, footing: Footing, ended: Ending | None = None) -> Stay:
        one, camera, zone = footing.object, self._rules.camera, footing.tally.zones[0]
        name = stay_id(camera, zone, one.place, one.first.utc_ns, footing.tally.rule)
        return replace(one.stay(camera, zone, ended), id=name, place=footing.box)

    def _ended(self, footing: Footing, why: EndReason, at: Instant) -> StayEnded:
        one = footing.object
        return StayEnded(self._stay(footing, one.ending(why, at)), one.fired_in(footing.tally.zones[0]))

    def _violation(self, footing: Footing, term: _Term, shown: tuple[Moment, ...], taken: Measured) -> Violation:
        tally = footing.tally
        overrun = tally.overrun(term.force)
        assert overrun is not None, "moments are shown only where a limit was passed"
        tally.fired = True
        tally.first, tally.pool = None, []
        stay, fired_at = self._stay(footing), shown[-1].at
        return Violation(
            rule=tally.rule,
            zone=term.zone.id,
            policy=self._rules.policy.id,
            policy_hash=term.hash,
            allowed_ns=overrun.allowed_ns,
            fired_at=fired_at,
            stay=stay,
            moments=shown,
            dwell_lower_bound_ns=overrun.counted_ns,
            grounds=term.force.grounds(overrun, tally.classes, shown[0].at.utc_ns, fired_at.utc_ns),
            reckoning=tally.reckoning(term.force, overrun, stay, fired_at),
            occupied=self._occupied(footing, term.rule, taken),
        )

    def _occupied(self, footing: Footing, rule: OccupationRule, taken: Measured) -> Occupied:
        ground = Polygon(footing.ground)
        distances = {name: round(float(line.distance(ground)), 2) for name, line in self._fronts.items()}
        nearest = min(distances, key=lambda name: distances[name], default=None)
        distance = None if nearest is None else distances[nearest]
        lingering = round(footing.lingered / footing.looks, 3)
        if distance is not None and distance <= rule.reach:
            kind = OccupationKind.OUT_OF_STORE
            # Of several shops within reach, the one before which most of it stands.
            near = [name for name in distances if distances[name] <= rule.reach]
            nearest = max(near, key=lambda name: (_before(self._fronts[name], ground), -distances[name]))
            distance = distances[nearest]
        else:
            kind = OccupationKind.STREET_VENDOR if lingering >= rule.linger else OccupationKind.OCCUPATION
        shop = nearest if kind is OccupationKind.OUT_OF_STORE else None
        return Occupied(
            kind=kind.value,
            area_m2=taken.area,
            area_low_m2=taken.low,
            area_high_m2=taken.high,
            min_area_m2=rule.min_area,
            shop=shop,
            shop_name=next((one.name for one in self._rules.shops if one.id == shop), None),
            shop_distance_m=distance,
            lingering=lingering,
            looks=footing.looks,
            supports=tuple(sorted(footing.supports.items())),
            outlines=tuple(tuple(outline) for outline in footing.outlines),
            ground=tuple(footing.ground),
        )

    # -- read back ----------------------------------------------------------------------------------------------

    def save(self) -> dict[str, JSON]:
        saved: dict[str, JSON] = _MEMORY.dump_python(self.memory, mode="json")
        return saved

    def load(self, state: object, where: str) -> None:
        self.memory = read_memory(_MEMORY, state, where, self._fault)

    def _fault(self, memory: Memory) -> str | None:
        """Why this memory cannot have come about, or None."""
        fault = memory.fault()
        if fault or memory.last is None:
            return fault or ("something was seen before the first sample" if memory.footings else None)
        if max(len(memory.footings), len(memory.people)) > _MAX_FOOTINGS:
            return "more things than a picture holds"
        for one in memory.footings:
            if len(one.object.tallies) != 1 or len(one.tally.zones) != 1:
                return "a thing for no rule of this kind"
            if (one.tally.rule, one.tally.zones[0]) not in self._terms:
                return "zones or rules that are not configured"
            fault = standing_fault(one.object, memory.last.utc_ns, self._rules) or one.fault()
            if fault:
                return fault
        return None


def _lies_in(group: Group, term: _Term) -> bool:
    ground = polygon(group.ground)
    shared = float(ground.intersection(term.ground).area) if ground.is_valid else 0.0
    return shared > 0 and shared >= term.rule.min_overlap * float(ground.area)


def _before(front: LineString, ground: Polygon) -> float:
    """Metres of a frontage before which ground is taken."""
    along = [front.project(shapely.Point(point)) for point in ground.exterior.coords]
    return round(float(max(along) - min(along)), 2)


def _moment(at: Instant, group: Group) -> Moment:
    return Moment(at=at, box=group.box, score=group.replaced, cls=FOOTPRINT, track=None)
