"""One camera: samples in, events out. Who is who is decided by place; the tracker's ids are annotation only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from models.interface import Detections
from streams.instant import Instant
from streams.interface import DecodeLevel
from vision.association.bytetrack import ByteTrackAssociator
from vision.association.interface import Associator
from vision.boxes import iou, ious, normalised
from vision.company import company_of, held_back, hold_back
from vision.footprint import area_of, share_ground
from vision.holidays import Calendar
from vision.inforce import RuleInForce
from vision.interest import Interest
from vision.interface import (
    NO_PIXELS,
    Box,
    Event,
    Moment,
    PixelEvidence,
    RoadUser,
    Stay,
    StayEnded,
    StayOpened,
    Violation,
    ViolationFired,
)
from vision.matching import around as hiding
from vision.matching import displaced, hidden, hider, match, shows
from vision.numbered import numbered
from vision.pace import EARLIEST_NS, LATEST_NS, Pace
from vision.policy import CameraRules, policy_hash
from vision.reasons import Ending, EndReason
from vision.roadusers import REMEMBERED, around, bounds_of, come_since, road_users
from vision.standing import Standing
from vision.tally import Tally
from vision.tuning import Tuning

KIND = "no_parking"
"""The kind of rules that stays are judged by here."""


@dataclass(slots=True)
class Memory(Pace):
    """All that later events depend on, but for the tracker's own state."""

    standings: list[Standing] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    """Boxes of interest in the last sample."""
    others: list[list[Box]] = field(default_factory=list)
    """Those of all road users in the last few samples; none where nothing stood, and nobody asked for them."""


class Watch:
    """The stay logic of one camera: what stands where `no_parking` rules hold, and which of them it breaks."""

    def __init__(self, rules: CameraRules, zone: tzinfo, tuning: Tuning, calendar: Calendar | None = None) -> None:
        self.rules = rules
        self.memory = Memory()
        self.associator: Associator = ByteTrackAssociator()
        self._leaving: list[Standing] = []
        self._tuning = tuning
        held = rules.zones_by_rule(KIND)
        zones = [z for z in rules.zones if any(z in where for where in held.values())]
        plane = rules.plane
        self._zones = held
        self._areas = {z.id: area_of(z.polygon, plane) for z in zones}
        self._hashes = {z.id: policy_hash(rules.policy, z, rules.ground, rules.shops) for z in zones}
        self._forces = {
            rule.id: RuleInForce(rule, zone, plane=plane, calendar=calendar)
            for rule in rules.policy.rules
            if rule.id in held
        }
        inforce = [force.rule for force in self._forces.values()]
        self._max_unseen = max((rule.max_unseen for rule in inforce), default=0)
        self._interest = Interest(
            bounds=[area.bounds for area in self._areas.values()],
            classes=[cls for rule in inforce for cls in rule.classes],
            min_score=min((rule.min_score for rule in inforce), default=1.0),
        )
        self._signs = [bounds_of(sign.place) for zone in zones for sign in zone.signs if sign.place]

    @property
    def calendar(self) -> Calendar | None:
        """The calendar of public holidays that its rules depend on, if any does."""
        return next((force.calendar for force in self._forces.values() if force.calendar is not None), None)

    def step(self, at: Instant, detections: Detections, pixels: PixelEvidence = NO_PIXELS) -> list[Event]:
        """Take in one sample. Events come in the order ended, opened, fired."""
        memory = self.memory
        before = memory.last if memory.running else None
        elapsed, gap = memory.advance(at, self._tuning, f"camera {self.rules.camera}")
        moments = self._interest.moments(at, detections)
        previous, memory.boxes = memory.boxes, [moment.box for moment in moments]
        self._leaving = []
        if not moments and not memory.standings:
            memory.others = []
            return []
        users = self._look_around(detections, gap)
        forgotten = [standing for standing in memory.standings if gap and not standing.open]
        ended: list[Event] = self._pass_gap(at, elapsed) if gap else []
        ended += self._make_way(at, moments, pixels)
        found = match(memory.standings, moments, self._tuning)
        found = numbered(memory.standings, moments, found, self.associator)
        seen, kept = [], []
        shown, emptied, covered = (
            self._missed_at(found.best, boxes) for boxes in (pixels.kept, pixels.emptied, pixels.covered)
        )
        # What hides a place may be missed as well: there it is where it was.
        all_around = hiding(normalised(detections), pixels.kept, self._tuning) if None in found.best else ()
        for number, (standing, moment) in enumerate(zip(memory.standings, found.best, strict=True)):
            if moment is not None:
                seen.append((standing, moment))
            elif number in shown:
                kept.append(standing)
            elif standing.open:
                weight = displaced(standing, found.loose, previous, moments, self._tuning)
                if weight:
                    standing.doubt(weight)
                empty = number in emptied
                if not weight and not empty and hidden(standing.place, all_around, self._tuning):
                    standing.hid(hider(standing.place, detections, self._tuning))
                    continue
                unsure = number in covered and not (weight or empty or standing.fired)
                if unsure and standing.covered_ns < self._tuning.covered_ns:
                    standing.covered(0 if gap else elapsed)
                    continue
                absent_ns = standing.absent_ns
                standing.absent(at, 0 if gap else elapsed, empty=empty)
                if standing.fired and absent_ns < self._tuning.absence_ns <= standing.absent_ns:
                    self._leaving.append(standing)
        self._yield_places(seen)
        ended += self._give_up(at)
        self._keep(at, kept)
        opened, fired = self._count([(one, self._beside(moment, users)) for one, moment in seen])
        self._forget_candidates(at, [*(standing for standing, _ in seen), *kept], found.new)
        for moment in found.new:
            # What stood there before the gap may be this: then the sample before the gap does not show its absence.
            earlier = [old.before for old in forgotten if shows(old, moment, self._tuning)]
            memory.standings.append(self._candidate(self._beside(moment, users), earlier[0] if earlier else before))
        return [*ended, *opened, *fired]

    def finish(self) -> list[Event]:
        """The footage ended: what stands ends with an open departure, and the next sample begins anew."""
        ended: list[Event] = []
        for standing in self.memory.standings:
            if standing.open:
                ended += self._end(standing, EndReason.FOOTAGE_ENDED, self.memory.last or standing.last_seen)
        self.memory = Memory(last=self.memory.last)
        self.associator = ByteTrackAssociator()
        return ended

    def suspend(self, since: Instant) -> None:
        """The view has been unusable since `since`."""
        memory = self.memory
        if memory.running and not memory.suspended:
            memory.suspended = True
            for standing in memory.standings:
                standing.strike(since)

    def standing(self) -> tuple[Stay, ...]:
        """The open stays as they are now."""
        return tuple(self._stay(standing, zone) for standing in self.memory.standings for zone in standing.zones)

    def timed(self) -> tuple[Stay, ...]:
        """The open stays that a rule may yet fire for."""
        return tuple(
            self._stay(standing, zone)
            for standing in self.memory.standings
            for zone in standing.zones
            if any(zone in tally.zones and not tally.fired for tally in standing.tallies)
        )

    def leaving(self) -> tuple[Stay, ...]:
        """Stays that may have left, as the last sample made likely."""
        return tuple(
            replace(self._stay(standing, zone), departed=(standing.last_seen, standing.absent_from))
            for standing in self._leaving
            if any(standing is one for one in self.memory.standings)
            for zone in standing.zones
            if standing.fired_in(zone)
        )

    def note_arrival(self, stay_id: str, earliest: Instant) -> bool:
        """Raise the earliest bound of an open stay's arrival; whether it holds now."""
        if not EARLIEST_NS <= earliest.utc_ns <= LATEST_NS:
            return False
        for standing in self.memory.standings:
            if any(self._stay(standing, zone).id == stay_id for zone in standing.zones):
                return standing.not_yet(earliest)
        return False

    def attention(self) -> DecodeLevel:
        """How closely the next frames are worth looking at."""
        last = self.memory.last
        if last is not None and any(self._undecided(standing, last.utc_ns) for standing in self.memory.standings):
            return DecodeLevel.SAMPLED
        return DecodeLevel.KEYFRAMES

    def _undecided(self, standing: Standing, now_ns: int) -> bool:
        """Whether the next samples decide something about it: that it stands, breaks a rule, or leaves."""
        if standing.zones and (standing.absent_samples or standing.displaced):
            return True
        return standing.sightings > 1 and any(
            tally.last_ns is not None and not tally.fired and self._forces[tally.rule].contains(now_ns)
            for tally in standing.tallies
        )

    # -- the sample ---------------------------------------------------------------------------------------------

    def _look_around(self, detections: Detections, gap: bool) -> tuple[RoadUser, ...]:
        """The road users of this sample, with those marked that came since the ones before."""
        memory, users = self.memory, road_users(detections)
        before = [] if gap else memory.others
        memory.others = [*before[1 - REMEMBERED :], [one.box for one in users]]
        return come_since(users, before, [standing.place for standing in memory.standings])

    def _beside(self, moment: Moment, users: tuple[RoadUser, ...]) -> Moment:
        return replace(moment, others=around(moment.box, users, self._signs))

    # -- what is not seen ---------------------------------------------------------------------------------------

    def _pass_gap(self, at: Instant, length_ns: int) -> list[Event]:
        """No frames for `length_ns`: candidates are forgotten, and stays unseen for too long are given up."""
        memory = self.memory
        memory.standings = [standing for standing in memory.standings if standing.open]
        for standing in memory.standings:
            standing.gap(length_ns)
        return self._give_up(at)

    def _make_way(self, at: Instant, moments: Sequence[Moment], pixels: PixelEvidence) -> list[Event]:
        """End the open stays that were not to be seen for a while where now, by its looks, another thing stands."""
        tuning = self._tuning
        unseen = [
            standing
            for standing in self.memory.standings
            if standing.open and standing.absent_ns + standing.covered_ns >= tuning.absence_ns
        ]
        if not unseen:
            return []
        others, kept = (self._standing_at(unseen, boxes) for boxes in (pixels.others, pixels.kept))
        for number, standing in enumerate(unseen):
            # What may have left is the same only where it looks the same: of an absence it would have ended by now.
            another = (
                standing.covered_ns > 0 and number not in kept and any(shows(standing, one, tuning) for one in moments)
            )
            if number in others or another:
                standing.replaced(at, tuning.displaced_limit)
        return self._give_up(at)

    def _yield_places(self, seen: list[tuple[Standing, Moment]]) -> None:
        """Two objects cannot stand on the same ground: a stay not seen now has left what another stands on."""
        found = [standing for standing, _ in seen]
        latest_ns = max((newer.first.utc_ns for newer in found), default=0)
        unseen = [old for old in self.memory.standings if old.open and old.last_seen.utc_ns < latest_ns]
        for newer in found if unseen else ():
            for older in unseen:
                if (
                    older.last_seen.utc_ns < newer.first.utc_ns
                    and newer.sightings + 1 >= self._tuning.stand_sightings
                    and older.family == newer.family
                    and share_ground(older.place, newer.place) >= self._tuning.same_ground
                ):
                    older.replaced(newer.first, self._tuning.displaced_limit)

    def _give_up(self, at: Instant) -> list[Event]:
        """End the open stays whose object is gone, or out of sight for too long."""
        tuning, ended, kept = self._tuning, [], []
        for standing in self.memory.standings:
            absence_ns = tuning.absence_fired_ns if standing.fired else tuning.absence_ns
            gone = standing.absent_ns >= absence_ns and standing.absent_samples >= tuning.absence_samples
            gone |= standing.emptied_samples >= tuning.emptied_samples
            moved = standing.displaced >= tuning.displaced_limit and standing.absent_from is not None
            lost = at.utc_ns - standing.last_seen.utc_ns > tuning.forget_ns
            if standing.open and (gone or moved or lost):
                ended += self._end(standing, _why(standing, gone=gone, moved=moved), at)
            else:
                kept.append(standing)
        self.memory.standings = kept
        return ended

    def _end(self, standing: Standing, why: EndReason, at: Instant) -> list[Event]:
        ended = standing.ending(why, at)
        return [StayEnded(self._stay(standing, zone, ended), standing.fired_in(zone)) for zone in standing.zones]

    def _forget_candidates(self, at: Instant, seen: list[Standing], new: list[Moment]) -> None:
        """Drop candidates that were not found again, and those that one now seen to stand or come has replaced."""
        tuning = self._tuning
        boxes = [*(standing.place for standing in seen), *(moment.box for moment in new)]
        candidates = [standing for standing in self.memory.standings if not standing.open]
        if not candidates:
            return
        stand = [standing.place for standing in seen if standing.open]
        shared = ious([candidate.place for candidate in candidates], stand)
        taken = [bool((row >= tuning.place_iou).any()) for row in shared]

        def stale(candidate: Standing, taken: bool) -> bool:
            if taken:
                return True
            if any(other is candidate for other in seen):
                return False
            candidate.missed()
            return candidate.misses > tuning.stand_misses * candidate.sightings or any(
                iou(box, candidate.place) >= tuning.displaced_iou for box in boxes
            )

        gone = {id(one) for one, where in zip(candidates, taken, strict=True) if stale(one, where)}
        self.memory.standings = [standing for standing in self.memory.standings if id(standing) not in gone]

    # -- what is seen -------------------------------------------------------------------------------------------

    def _candidate(self, moment: Moment, before: Instant | None) -> Standing:
        """A first sighting at this place."""
        overlaps = {zone: area.overlap(moment.box) for zone, area in self._areas.items()}
        tallies = []
        for name, force in self._forces.items():
            least = force.rule.min_overlap
            zones = [z.id for z in self._zones[name] if overlaps[z.id] >= least]
            if zones:
                tally = Tally(rule=name, zones=zones)
                tally.sighted(moment, force)
                tallies.append(tally)
        return Standing(
            place=moment.box,
            box=moment.box,
            before=before,
            first=moment.at,
            last_seen=moment.at,
            classes={moment.cls: 1},
            tallies=tallies,
        )

    def _missed_at(self, best: list[Moment | None], places: tuple[Box, ...]) -> set[int]:
        """The objects, by number, that no box shows and that stand at one of the places."""
        missed = [number for number, moment in enumerate(best) if moment is None] if places else []
        there = self._standing_at([self.memory.standings[number] for number in missed], places)
        return {missed[number] for number in there}

    def _standing_at(self, standings: list[Standing], places: tuple[Box, ...]) -> set[int]:
        """The objects, by number, that stand at one of the places of which pixels say something."""
        if not standings or not places:
            return set()
        overlaps = ious([standing.place for standing in standings], places)
        return set((overlaps.max(axis=1) >= self._tuning.remembered_iou).nonzero()[0].tolist())

    def _keep(self, at: Instant, kept: list[Standing]) -> None:
        """Let those count that pixels show and no box does."""
        for standing in kept:
            unseen_ns = at.utc_ns - standing.last_seen.utc_ns
            standing.kept_in_place(at, self._max_unseen, self._tuning)
            for tally in standing.tallies:
                if unseen_ns > self._tuning.identity_ns and not tally.fired:
                    tally.restart()
                if tally.kept(at, self._forces[tally.rule]):
                    hold_back(standing, tally, at, self.memory.standings, self._forces[tally.rule])

    def _count(self, seen: list[tuple[Standing, Moment]]) -> tuple[list[Event], list[Event]]:
        """Let the sightings count; the stays that open and the rules that fire by them."""
        opened: list[Event] = []
        fired: list[Event] = []
        tuning = self._tuning
        for standing, moment in seen:
            unseen_ns = moment.at.utc_ns - standing.last_seen.utc_ns
            standing.seen_again(moment, self._max_unseen, tuning)
            stood_ns = moment.at.utc_ns - standing.first.utc_ns
            standing.open |= standing.sightings >= tuning.stand_sightings and stood_ns >= tuning.stand_ns
            due = []
            for tally in standing.tallies:
                if unseen_ns > tuning.identity_ns and not tally.fired:
                    tally.restart()
                tally.closed |= unseen_ns > tuning.identity_ns and tally.fired
                force = self._forces[tally.rule]
                shown = tally.sighted(moment, force)
                if shown and standing.open and not held_back(standing, tally, moment, self.memory.standings, force):
                    due.append((tally, shown))
            if not standing.open:
                continue
            for zone in self.rules.zones:
                if zone.id in standing.zones:
                    continue
                holds = any(zone.id in tally.zones and tally.last_ns is not None for tally in standing.tallies)
                if holds:
                    standing.zones.append(zone.id)
                    opened.append(StayOpened(self._stay(standing, zone.id)))
            for tally, shown in due:
                fired.append(ViolationFired(self._violation(standing, tally, shown)))
        return opened, fired

    def _violation(self, standing: Standing, tally: Tally, shown: tuple[Moment, ...]) -> Violation:
        force = self._forces[tally.rule]
        overrun = tally.overrun(force)
        assert overrun is not None, "moments are shown only where a limit was passed"
        hindrance = tally.hindrance()
        tally.fire()
        zone, fired_at = tally.zones[0], shown[-1].at
        stay = self._stay(standing, zone)
        return Violation(
            rule=tally.rule,
            zone=zone,
            policy=self.rules.policy.id,
            policy_hash=self._hashes[zone],
            allowed_ns=overrun.allowed_ns,
            fired_at=fired_at,
            stay=stay,
            moments=shown,
            dwell_lower_bound_ns=overrun.counted_ns,
            grounds=force.grounds(overrun, tally.classes, shown[0].at.utc_ns, fired_at.utc_ns),
            reckoning=tally.reckoning(force, overrun, stay, fired_at),
            company=company_of(tally, force),
            hindrance=hindrance,
        )

    def _stay(self, standing: Standing, zone: str, ended: Ending | None = None) -> Stay:
        return standing.stay(self.rules.camera, zone, ended)


def _why(standing: Standing, *, gone: bool, moved: bool) -> EndReason:
    """Why an object stands no more, of all that says so the most telling."""
    if moved and standing.taken:
        return EndReason.REPLACED
    if gone:
        return EndReason.EMPTY
    return EndReason.DRIVEN_ON if moved else EndReason.FORGOTTEN
