"""What the hub decides about one camera: stays are timed, findings are made, and how closely to look follows from both.

Holds no clock and does no I/O: values in, values out. The engine is the one that batch uses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from evidence_export.plan import MAX_BEFORE_NS
from models.interface import Detections, Image, ModelInfo
from streams.instant import NS_PER_S, Instant
from streams.interface import DecodeLevel
from streetproof.daemon.messages import LookBack, StreamRole
from vision.backdrop import Backdrop
from vision.engine import Engine
from vision.errors import OrderError, StateError
from vision.interface import Stay, StayEnded, StayOpened, Violation, ViolationFired
from vision.lookback import Pinned, pin_arrival, pin_departure
from vision.policy import CameraRules
from vision.remembered import RememberedPlaces
from vision.rules.occupation import FOOTPRINT
from vision.tuning import Tuning

_BACK_FRAMES = 250
"""A look back takes at most so many frames: ten seconds of full rate."""
_BEFORE_NS, _AFTER_NS = 2 * NS_PER_S, 3 * NS_PER_S
"""It takes in where the vehicle came from, and that it stays; of a departure, that it stood, and where it goes."""
_BACK_MAX = 8
"""Looks back under way at one camera."""
_PARKED = "no_parking"
"""The kind of rules whose stays are of one object at one place, which is what can be looked back for."""
_REFUSED_MAX = 5
"""Samples in a row whose time does not go forward, before the camera's stays are ended and timing begins anew."""


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule was broken: a finding to be kept before anything else happens."""

    violation: Violation
    role: StreamRole
    model: ModelInfo
    """Whose detections it stands on."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A stay is over; findings of it need wait no longer."""

    stay: Stay


@dataclass(frozen=True, slots=True)
class Departed:
    """A look back has narrowed the departure of a stay that had broken a rule; its end was told before."""

    stay: Stay
    pinned: Pinned


@dataclass(frozen=True, slots=True)
class Refused:
    """A sample could not be used, and why."""

    what: str


Outcome = Fired | Ended | Departed | LookBack | Refused


@dataclass(slots=True)
class _Back:
    """A look back under way: what was asked, and what was seen so far."""

    stay: Stay
    seen: list[tuple[Instant, Detections]] = field(default_factory=list)
    leaving: bool = False
    """It is for the departure, `stay.departed`, which may yet turn out to be none."""


class Desk:
    """One camera's engine and what hangs on it."""

    def __init__(self, rules: CameraRules, zone: ZoneInfo, state: Mapping[str, Any] | None = None) -> None:
        """`state` is what `save` gave earlier under the same rules; raises StateError where it is not."""
        self.rules = rules
        self._zone = zone
        self._camera = rules.camera
        self._engine = Engine([rules], zone) if state is None else Engine.restore([rules], zone, state)
        self._places = RememberedPlaces()
        self._backdrop = self._new_backdrop()
        self._backs: dict[str, _Back] = {}
        self._left: dict[str, tuple[Stay, Pinned]] = {}
        """Narrowed departures of stays that have not ended yet, with the departure that was narrowed."""
        self._over: dict[str, Stay] = {}
        """Stays that have ended while a look back at their departure is under way."""
        self._tokens = 0
        self._refused = 0
        self.suspended = False
        self.looks = 0
        self.inferred = 0
        self.violations = 0
        self.changed = False
        """Something happened that is not written down; whoever wrote down what `save` gave sets it back."""

    def seen(
        self,
        at: Instant,
        detections: Detections,
        role: StreamRole,
        *,
        repeated: bool,
        image: Image | None = None,
        ground: Image | None = None,
    ) -> list[Outcome]:
        """Take in one look. `image`: what the model saw; None where nothing had changed. `ground`: the same picture at
        the scale of `vision.backdrop`, where the rules of the camera watch its ground.
        """
        self.looks += 1
        self.inferred += not repeated
        if self.suspended:
            return []  # the engine meets a gap, and gaps do not count as seen
        self.changed = True
        try:
            pixels = self._places.look(at, image, detections)
            view = None if self._backdrop is None else self._backdrop.look(at, ground, detections)
            events = self._engine.step(self._camera, at, detections, pixels, view)
        except OrderError as error:
            return self._refuse(error)
        self._refused = 0
        outcomes: list[Outcome] = []
        for event in events:
            match event:
                case StayOpened(stay, looked_back):
                    outcomes += self._look_back(stay) if looked_back else []
                case ViolationFired(violation):
                    self.violations += 1
                    outcomes.append(Fired(violation, role, detections.model))
                case StayEnded(stay, violations):
                    outcomes += self._end(stay, violations)
        for stay in self._engine.leaving(self._camera):
            outcomes += self._look_back_at_departure(stay)
        return outcomes

    def seen_back(self, token: str, at: Instant | None, detections: Detections | None) -> list[Outcome]:
        """Take in one picture of a look back; its end (`at` None) narrows the arrival or departure it was for."""
        back = self._backs.get(token)
        if back is None:
            return []
        if at is not None:
            if detections is not None:
                back.seen.append((at, detections))
            return []
        del self._backs[token]
        if back.leaving:
            return self._pin_departure(back)
        pinned = pin_arrival(back.stay, back.seen)
        if pinned.narrowed and pinned.earliest is not None:
            self.changed |= self._engine.note_arrival(self._camera, back.stay.id, pinned.earliest)
        return []

    def unanswered(self) -> None:
        """The camera's process is gone: no look back that it was asked for will end."""
        self._backs.clear()
        self._over.clear()

    def suspend(self, since: Instant) -> None:
        """The view cannot be trusted since then: nothing counts until `resume`."""
        self.suspended = True
        self.changed = True
        self.unanswered()
        self._left.clear()
        self._engine.suspend(self._camera, since)
        self._places = RememberedPlaces()
        self._backdrop = self._new_backdrop()

    def resume(self) -> None:
        """The view is what it was: the next look is judged again, after a gap."""
        self.suspended = False

    def finish(self) -> list[Ended]:
        """End every stay: the rules change, or the camera goes."""
        self.unanswered()
        self._left.clear()
        self.changed = True
        return [Ended(event.stay) for event in self._engine.finish(self._camera) if isinstance(event, StayEnded)]

    def standing(self) -> Sequence[Stay]:
        """The stays being timed now."""
        return self._engine.standing(self._camera)

    def timed_since_ns(self) -> int | None:
        """When the first of those arrived that a rule may yet fire for, or when its ground was free; None: there are
        none."""
        return min((_since_ns(stay) for stay in self._engine.timed(self._camera)), default=None)

    def stay(self, stay_id: str) -> Stay | None:
        """An open stay as it is now."""
        return next((stay for stay in self.standing() if stay.id == stay_id), None)

    def level(self) -> DecodeLevel:
        """How closely to look."""
        return DecodeLevel.KEYFRAMES if self.suspended else self._engine.attention(self._camera)

    @property
    def idle(self) -> bool:
        """Nothing is being timed, and nothing is about to be."""
        return not self.standing() and self._engine.attention(self._camera) is DecodeLevel.KEYFRAMES

    def save(self) -> str:
        """The engine's state as JSON text."""
        return json.dumps(self._engine.save(), ensure_ascii=False, separators=(",", ":"))

    @property
    def street(self) -> Backdrop | None:
        """What is known of the street, where rules watch its ground."""
        return self._backdrop

    def go_on(self, street: Backdrop) -> None:
        """Go on with what was known of the street before a restart."""
        if self._backdrop is not None:
            self._backdrop = street

    def _new_backdrop(self) -> Backdrop | None:
        """Another view, or the same after a pause: the street is learned anew."""
        watched = self.rules.watched_ground
        return Backdrop(watched) if watched else None

    def _look_back(self, stay: Stay) -> list[Outcome]:
        earliest, latest = stay.arrived
        if earliest is None:
            return []
        return self._ask(_Back(replace(stay)), earliest.utc_ns - _BEFORE_NS, latest.utc_ns + _AFTER_NS)

    def _look_back_at_departure(self, stay: Stay) -> list[Outcome]:
        """As for an arrival, with the time turned round."""
        if stay.departed is None or stay.departed[1] is None:
            return []
        last, gone = stay.departed[0].utc_ns, stay.departed[1].utc_ns
        return self._ask(_Back(replace(stay), leaving=True), last - _AFTER_NS, gone + _BEFORE_NS)

    def _ask(self, back: _Back, from_ns: int, to_ns: int) -> list[Outcome]:
        if len(self._backs) >= _BACK_MAX:
            return []
        self._tokens += 1
        token = f"{back.stay.id}/{self._tokens}"
        self._backs[token] = back
        return [LookBack(token, from_ns, to_ns, _BACK_FRAMES)]

    def _end(self, stay: Stay, violations: Sequence[str]) -> list[Outcome]:
        """A stay is over: what a look back said, or will say, of its departure is told behind it."""
        outcomes: list[Outcome] = [Ended(stay)]
        mine = {token: back for token, back in self._backs.items() if back.stay.id == stay.id}
        under_way = any(back.leaving and back.stay.departed == stay.departed for back in mine.values())
        for token, back in mine.items():
            if not (back.leaving and back.stay.departed == stay.departed):
                del self._backs[token]
        left = self._left.pop(stay.id, None)
        if left is not None and left[0].departed == stay.departed:
            outcomes.append(Departed(stay, left[1]))
        elif under_way:
            self._over[stay.id] = stay
        elif _ended_soon(stay) and any(self.rules.policy.rule(name).kind == _PARKED for name in violations):
            asked = self._look_back_at_departure(stay)
            outcomes += asked
            if asked:
                self._over[stay.id] = stay
        return outcomes

    def _pin_departure(self, back: _Back) -> list[Outcome]:
        over = self._over.pop(back.stay.id, None)
        pinned = pin_departure(back.stay, back.seen)
        if not pinned.narrowed:
            return []
        if over is not None:
            return [Departed(over, pinned)]
        if self.stay(back.stay.id) is not None:
            self._left[back.stay.id] = (back.stay, pinned)
        return []

    def _refuse(self, error: OrderError) -> list[Outcome]:
        self._refused += 1
        if self._refused < _REFUSED_MAX:
            return [Refused(error.what)]
        # The clock went back for good. What stood is over as far as can be sworn; timing begins anew.
        ended = self.finish()
        self._engine = Engine([self.rules], self._zone)
        self._refused = 0
        return [*ended, Refused(f"{error.what}; its stays were ended and timing begins anew")]


def _ended_soon(stay: Stay) -> bool:
    """Whether it ended before the engine could say that it may be leaving: pixels showed that it was gone."""
    ended = None if stay.trace is None else stay.trace.ended
    return ended is not None and ended.empty_ns < Tuning().absence_ns


def restored(rules: CameraRules, zone: ZoneInfo, state: Mapping[str, Any] | None) -> tuple[Desk, str | None]:
    """A desk that goes on from `state`, or begins anew where that cannot be used, with the reason."""
    if state is None:
        return Desk(rules, zone), None
    try:
        return Desk(rules, zone, state), None
    except StateError as error:
        return Desk(rules, zone), str(error)


def _since_ns(stay: Stay) -> int:
    """From when on a case of it would show footage, but for the pre-roll."""
    free, first = stay.arrived
    if stay.cls != FOOTPRINT or free is None:
        return first.utc_ns
    return max(free.utc_ns, first.utc_ns - MAX_BEFORE_NS)
