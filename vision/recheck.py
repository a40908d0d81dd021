"""Re-checks (复查/回头看): whether a place where a rule was broken is in order when it is looked at again.

Pure: looks of a stretch of time in, an outcome out. *Not corrected* means that the same rule, whatever its hours, is
broken there again: the engine that found the violation says so. *Corrected* means that the place was **seen** in order:
visible, not hidden, for a minute and ten looks without a break. Everything else is *cannot tell*, with the reason: that
nothing was found is not yet that nothing is there. Of ground that was taken pixels tell, beside a picture of it from
before (`vision.regained`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum
from typing import TypeVar

from models.interface import Detections
from streams.instant import NS_PER_S, Instant
from vision.boxes import area, family, intersection, iou, normalised
from vision.engine import Engine
from vision.errors import PolicyError
from vision.footprint import area_of, share_ground
from vision.inforce import RuleInForce
from vision.interface import Box, Violation, ViolationFired
from vision.judges.lot import Limits
from vision.judges.parked import Place, matched
from vision.judges.sightings import sightings
from vision.matching import hidden
from vision.policy import AnyRule, BikeClutterRule, CameraRules, IntrusionRule, NoParkingRule, OccupationRule, Zone
from vision.regained import GroundLook, Regained, TakenGround
from vision.rules.interface import Rule
from vision.tuning import Tuning

ENOUGH_LOOKS, ENOUGH_NS = 10, 60 * NS_PER_S
"""A place is in order that was seen so in so many looks, over so long, with nothing in between that says otherwise."""
USUAL_WINDOW_NS = 600 * NS_PER_S
LOOK_APART_NS = 10 * NS_PER_S
"""Looks further apart than this say nothing of the time between them."""
_SHARE = 0.3
"""A zone is hidden of which more lies under other objects; a place is taken if something stands on so much of it."""
_TOUCHES = 0.1
_AGAIN = 0.3
"""A stay whose place overlaps the original one by this much, or shares half of its ground, stands at the same place."""
_SHOWN = 3
_T = TypeVar("_T")


class Verdict(StrEnum):
    """What a re-check says. Part of files: names are stable."""

    CORRECTED = "corrected"
    NOT_CORRECTED = "not_corrected"
    CANNOT_TELL = "cannot_tell"


class Reason(StrEnum):
    """Why nobody can tell. Part of files: names are stable."""

    NO_FOOTAGE = "no_footage"
    VIEW_FAULT = "view_fault"
    TOO_DARK = "too_dark"
    HIDDEN = "hidden"
    TOO_FEW_LOOKS = "too_few_looks"
    UNFAMILIAR = "unfamiliar"
    UNCLEAR = "unclear"
    """It was visible, and neither in order for long enough nor broken for longer than the rule allows."""


class State(StrEnum):
    """What one look says of the place."""

    FREE = "free"
    TAKEN = "taken"
    UNCHANGED = "unchanged"
    """Nothing was found, and the place still looks as it did when the rule was broken."""
    HIDDEN = "hidden"
    TOO_DARK = "too_dark"
    VIEW_FAULT = "view_fault"
    UNFAMILIAR = "unfamiliar"
    """The street looks too different from before to tell what stands on it."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen in one frame; `fault` of the view, and whether it was too dark, where somebody judged that."""

    at: Instant
    detections: Detections
    fault: str | None = None
    dark: bool = False
    unchanged: bool = False
    """The pixels of the place are like those of the violation's picture, whatever was found in them."""
    ground: GroundLook | None = None
    """What pixels tell of the ground, where that is asked."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be looked at again: the violation's rule and zone as they held then, and its place."""

    rules: CameraRules
    rule: str
    zone: str
    place: Box
    cls: str
    taken: TakenGround | None = None
    """What was taken, of a rule of the kind occupation."""

    def __post_init__(self) -> None:
        """Raises PolicyError for a rule or a zone that is not among the rules, and for ground that nobody has told."""
        if isinstance(self.kind_of_rule, OccupationRule) and self.taken is None:
            raise PolicyError("nobody has told which ground was taken", where=f"camera {self.rules.camera}")
        if all(zone.id != self.zone for zone in self.rules.zones):
            raise PolicyError(f"no zone {self.zone!r}", where=f"camera {self.rules.camera}")

    @property
    def kind_of_rule(self) -> AnyRule:
        """The rule that was broken."""
        return self.rules.policy.rule(self.rule)

    @property
    def area(self) -> Zone:
        """The zone in which it was."""
        return next(zone for zone in self.rules.zones if zone.id == self.zone)

    @property
    def allowed_ns(self) -> int:
        """The longest time for which it may go on without being a violation: the window must be longer."""
        return allowed_ns(self.kind_of_rule)


def allowed_ns(rule: Rule) -> int:
    """The longest time that a rule allows to anything at any hour, with its grace."""
    return max(rule.terms.limits) + rule.terms.grace_ns


def usual_window_ns(rule: Rule) -> int:
    """For how long to look again where nobody says: long enough to see the rule broken once more, by far."""
    return max(USUAL_WINDOW_NS, 2 * allowed_ns(rule))


@dataclass(frozen=True, slots=True)
class Shown:
    """A look that the outcome stands on."""

    at: Instant
    box: Box
    state: State


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a re-check. Times are lower bounds, in ns."""

    verdict: Verdict
    reason: Reason | None
    """Only where nobody can tell."""
    looks: tuple[tuple[State, int], ...]
    """How many looks said what."""
    free_ns: int
    """The longest time for which the place was seen in order without a break."""
    violation: Violation | None
    """Where it is not corrected: the rule broken again, as found."""
    shown: tuple[Shown, ...]
    """In order of time; empty where there was no look."""


def recheck(question: Question, looks: Iterable[Look], tuning: Tuning | None = None) -> Outcome:
    """Judge the looks of the time in question, in order of time. Raises OrderError where they are not in order."""
    tuning = tuning or Tuning()
    rules = _unscheduled(question)
    # Without hours and holidays no time zone plays a part.
    engine = Engine([rules], UTC, tuning)
    judge = _Judge(question, tuning)
    violation: Violation | None = None
    for look in looks:
        judge.see(look)
        if look.fault is not None or look.dark:
            continue  # the engine meets a gap
        view = None if look.ground is None else look.ground.view
        for event in engine.step(rules.camera, look.at, look.detections, view=view):
            if isinstance(event, ViolationFired) and violation is None and _again(question, event.violation):
                violation = event.violation
    return judge.outcome(violation)


def _unscheduled(question: Question) -> CameraRules:
    """The one rule, at all hours, in the one zone."""
    rule = question.kind_of_rule.model_copy(update={"schedule": None})
    if isinstance(rule, NoParkingRule):
        # Longer times for loading hold at some hours only: of them the longest is allowed, whatever the hour.
        longest = max(rule.terms.limits)
        rule = rule.model_copy(update={"dwell": longest, "dwell_by_class": {}, "exemptions": ()})
    policy = question.rules.policy.model_copy(update={"rules": (rule,)})
    zone = question.area.model_copy(update={"rules": (rule.id,)})
    return question.rules.model_copy(update={"policy": policy, "zones": (zone,)})


def _again(question: Question, violation: Violation) -> bool:
    if question.taken is not None:
        return violation.occupied is not None and question.taken.again(violation.occupied.ground)
    if not isinstance(question.kind_of_rule, NoParkingRule):
        return True
    place = violation.stay.place
    return iou(question.place, place) >= _AGAIN or share_ground(question.place, place) >= 0.5


@dataclass(slots=True)
class _Stretch:
    """Looks at which the place was in order, with nothing in between that says otherwise."""

    looks: list[Instant]
    ns: int = 0


class _Judge:
    """Keeps what looks say of the place. Memory grows with the looks of one window, nothing else."""

    def __init__(self, question: Question, tuning: Tuning) -> None:
        self._question, self._tuning = question, tuning
        self._rule = question.kind_of_rule
        self._area = area_of(question.area.polygon, question.rules.plane)
        self._families = {family(cls) for cls in self._rule.classes}
        self._states: list[tuple[Instant, State]] = []
        self._stretch = _Stretch([])
        self._best = _Stretch([])
        self._taken: Box | None = None
        """What was there at the last look that showed the place."""
        self._standing_at_end = False
        force = RuleInForce(self._rule.model_copy(update={"schedule": None}), UTC, plane=question.rules.plane)
        self._force = force
        self._limits = (
            Limits(self._rule, question.area, force, question.rules.plane, "")
            if isinstance(self._rule, BikeClutterRule)
            else None
        )
        self._places: list[Place] = []
        """Of the stretch, where what counts is how many there are."""

    def see(self, look: Look) -> None:
        """Take in one look."""
        boxes = normalised(look.detections)
        state = self._state(look, boxes)
        self._states.append((look.at, state))
        if state in (State.TAKEN, State.UNCHANGED):
            self._break()
        elif state is State.FREE:
            self._free(look.at)

    def outcome(self, violation: Violation | None) -> Outcome:
        """What all looks together say."""
        counts = tuple((state, n) for state in State if (n := sum(one is state for _, one in self._states)))
        best = self._best
        verdict, reason = Verdict.CANNOT_TELL, None
        if violation is not None:
            verdict = Verdict.NOT_CORRECTED
        elif len(best.looks) >= ENOUGH_LOOKS and best.ns >= ENOUGH_NS and not self._standing_at_end:
            verdict = Verdict.CORRECTED
        else:
            reason = _why(dict(counts), standing=self._standing_at_end)
        return Outcome(verdict, reason, counts, best.ns, violation, self._shown(verdict, violation))

    # -- one look -----------------------------------------------------------------------------------------------

    def _state(self, look: Look, boxes: Sequence[Box]) -> State:
        if look.fault is not None:
            return State.VIEW_FAULT
        if look.dark:
            return State.TOO_DARK
        names = look.detections.names
        ours = [box for box, cls in zip(boxes, names, strict=True) if family(cls) in self._families]
        others = [box for box, cls in zip(boxes, names, strict=True) if family(cls) not in self._families]
        if self._question.taken is not None:
            return self._on_ground(look, self._question.taken)
        if self._limits is not None:
            return self._counted(look, self._limits, others)
        if isinstance(self._rule, IntrusionRule):
            if any(self._area.overlap(box) >= _TOUCHES for box in ours):
                self._standing_at_end = True
                return State.TAKEN
            self._standing_at_end = False
            return State.HIDDEN if self._zone_hidden(others) else State.FREE
        return self._at_place(look, ours, boxes)

    def _at_place(self, look: Look, ours: Sequence[Box], boxes: Sequence[Box]) -> State:
        """What passes over the place in one look hides it; what is there in two in a row stands there."""
        place = self._question.place
        on_it = [box for box in ours if share_ground(place, box) >= _SHARE or iou(place, box) >= _SHARE]
        if on_it:
            box = max(on_it, key=lambda one: iou(place, one))
            before, self._taken = self._taken, box
            stands = before is not None and iou(before, box) >= self._tuning.place_iou
            self._standing_at_end = self._standing_at_end or stands
            return State.TAKEN if stands else State.HIDDEN
        if hidden(place, boxes, self._tuning) or any(share_ground(place, box) >= _TOUCHES for box in ours):
            return State.HIDDEN
        self._taken, self._standing_at_end = None, False
        return State.UNCHANGED if look.unchanged else State.FREE

    def _on_ground(self, look: Look, taken: TakenGround) -> State:
        if look.ground is None:
            return State.UNFAMILIAR
        told = taken.look(look.ground)
        if told is Regained.TAKEN or (told is Regained.FREE and not look.unchanged):
            self._standing_at_end = told is Regained.TAKEN
        return State.UNCHANGED if told is Regained.FREE and look.unchanged else State(told.value)

    def _counted(self, look: Look, limits: Limits, others: Sequence[Box]) -> State:
        """Whether no more stand than may, counting every place at which one was found since the stretch began."""
        if self._zone_hidden(others):
            return State.HIDDEN
        found = sightings(look.at, look.detections, self._rule.classes, self._rule.min_score)
        moments = [one for one in found if self._force.qualifies(one)]
        known = matched(self._places, moments, self._tuning)
        places = list(self._places)
        for m, moment in enumerate(moments):
            if m not in known.values() and limits.outside_bays(moment.box):
                now = look.at.utc_ns
                places.append(Place(moment.box, None, now, now, moment.score, classes={moment.cls: 1}))
        over = limits.over(places, self._tuning)
        self._places = [] if over else places
        self._standing_at_end = over
        return State.TAKEN if over else State.FREE

    def _zone_hidden(self, others: Iterable[Box]) -> bool:
        bounds = self._area.bounds
        return sum(intersection(bounds, box) for box in others) >= _SHARE * area(bounds)

    # -- stretches ----------------------------------------------------------------------------------------------

    def _free(self, at: Instant) -> None:
        stretch = self._stretch
        if stretch.looks:
            apart = at.utc_ns - stretch.looks[-1].utc_ns
            stretch.ns += apart if apart <= LOOK_APART_NS else 0
        stretch.looks.append(at)
        if stretch.ns >= self._best.ns:
            self._best = stretch

    def _break(self) -> None:
        self._stretch = _Stretch([])
        self._places = []

    def _shown(self, verdict: Verdict, violation: Violation | None) -> tuple[Shown, ...]:
        """The looks to show: of the violation, of the time in order, or else of whatever there was."""
        if violation is not None:
            chosen = _spread(violation.moments)
            return tuple(Shown(moment.at, moment.box, State.TAKEN) for moment in chosen)
        place = self._question.place
        if verdict is Verdict.CORRECTED:
            return tuple(Shown(at, place, State.FREE) for at in _spread(self._best.looks))
        return tuple(Shown(at, place, state) for at, state in _spread(self._states))


def _spread(items: Sequence[_T]) -> list[_T]:
    """The first, the last, and those evenly between."""
    if len(items) <= _SHOWN:
        return list(items)
    return [items[i * (len(items) - 1) // (_SHOWN - 1)] for i in range(_SHOWN)]


def _why(counts: dict[State, int], *, standing: bool) -> Reason:
    """What kept anybody from telling: the most frequent hindrance, where hindrances are at least half of all looks."""
    total = sum(counts.values())
    if not total:
        return Reason.NO_FOOTAGE
    hindrances = {
        Reason.VIEW_FAULT: counts.get(State.VIEW_FAULT, 0),
        Reason.TOO_DARK: counts.get(State.TOO_DARK, 0),
        Reason.HIDDEN: counts.get(State.HIDDEN, 0),
        Reason.UNFAMILIAR: counts.get(State.UNFAMILIAR, 0),
    }
    if 2 * sum(hindrances.values()) >= total:
        return max(hindrances, key=lambda reason: hindrances[reason])
    if standing or counts.get(State.TAKEN, 0) or counts.get(State.UNCHANGED, 0):
        return Reason.UNCLEAR
    return Reason.TOO_FEW_LOOKS
