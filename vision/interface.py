"""What the engine yields: stays, violations and the events that announce them. Frozen values, JSON-friendly fields."""

from __future__ import annotations

from dataclasses import dataclass

from streams.instant import NS_PER_S, Instant
from vision.reasons import Reckoning, Released, Trace

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 as fractions of the image's width and height (0..1), x1 <= x2 and y1 <= y2."""


@dataclass(frozen=True, slots=True)
class PixelEvidence:
    """What pixels say of one look beside the boxes of a detector; see `vision.remembered`."""

    emptied: tuple[Box, ...] = ()
    """Places that show again what was there before something came to stand in them."""
    kept: tuple[Box, ...] = ()
    """Places that show what came to stand in them, whether or not a detector found it in this look."""
    covered: tuple[Box, ...] = ()
    """Places that show neither: something that no detector found may stand before them."""
    others: tuple[Box, ...] = ()
    """Places in which a detector found, for the first time, another thing than what came to stand in them."""


NO_PIXELS = PixelEvidence()
"""Nothing is known but the boxes."""


@dataclass(frozen=True, slots=True)
class RoadUser:
    """A person, a bicycle or a vehicle that a detector found beside what a rule is about; see `vision.roadusers`."""

    cls: str
    box: Box
    score: float
    came: bool = False
    """In the looks before nobody was at its place, and nothing is known to stand there. False where there were too few
    looks before."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One sighting of a standing object in one frame."""

    at: Instant
    box: Box
    score: float
    cls: str
    track: int | None
    """Number given by the short-term tracker to what moves or has just come, and kept by what stands; it may break,
    and nothing is decided by it."""
    others: tuple[RoadUser, ...] | None = None
    """Who else was around it, or before a sign of its zone, the nearest first; None: nobody looked."""


@dataclass(frozen=True, slots=True)
class SeenLater:
    """Sightings after a rule fired, inside its hours: the first one, and a few spread over the time since."""

    rule: str
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Whom a vehicle may have been in the way of until the rule fired; see `vision.roadusers`."""

    looks: int
    """Sightings inside the rule's hours, at least, in which others were looked for."""
    near: int
    """In how many of them somebody came near it."""
    moment: Moment | None
    """The one that shows it best; None: nobody came near."""


@dataclass(frozen=True, slots=True)
class Stay:
    """One physical object standing at one place in one zone.

    The time between `arrived[1]` and `last_seen` splits exactly into `seen_ns` (between two sightings close enough to
    each other), `occluded_ns` (frames exist, the object was not detected in them) and `gap_ns` (no frames exist, or the
    view was unusable in them).
    """

    id: str
    camera: str
    zone: str
    place: Box
    appearance: tuple[float, ...] | None
    """A compact descriptor of the looks; None where no image was given to the engine."""
    cls: str
    """The class seen most often."""
    arrived: tuple[Instant | None, Instant]
    """Last sample, or recorded frame, before it was there, and first sighting; None: it stood there when the footage
    began."""
    last_seen: Instant
    departed: tuple[Instant, Instant | None] | None
    """Last sighting, and first sample that showed its place without it; None while it stands. (.., None): the footage
    ended with it there, or it was never seen to leave (half an hour without a look at its place)."""
    seen_ns: int
    occluded_ns: int
    gap_ns: int
    sworn_ns: int
    """What can be sworn to of one and the same object: the seen time of the longest stretch without a look away so long
    that another could have taken its place (`Tuning.identity_ns`). At most `seen_ns`."""
    sightings: int
    """Looks in which a box showed it."""
    kept: int = 0
    """Looks in which no box did, and pixels showed it unchanged at its place; they count as seen."""
    trace: Trace | None = None
    """What its time was made of, and why it ended; None: it was kept by a version that did not tell."""
    later: tuple[SeenLater, ...] = ()
    """By rule, for those that have fired."""

    @property
    def seen_s(self) -> float:
        """`seen_ns` in seconds, for showing."""
        return self.seen_ns / NS_PER_S


@dataclass(frozen=True, slots=True)
class DayFact:
    """What a calendar of public holidays says of one local day."""

    date: str
    """ISO 8601."""
    weekday: str
    """`mon` to `sun`."""
    kind: str
    """`workday`, `restday` (no holiday) or `holiday`."""
    known: bool
    """False: the calendar does not know the year, and the day was taken by its weekday."""
    name: str | None
    """The holiday that it belongs to, or is worked for; None for an ordinary day."""


@dataclass(frozen=True, slots=True)
class CalendarFacts:
    """The calendar that a verdict stands on, and the days that it looked up."""

    source: str
    version: str
    sha256: str
    """Over all days of the calendar, hex."""
    days: tuple[DayFact, ...]


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why so much was allowed, where a rule has more than one plain limit; durations in ns."""

    grace_ns: int
    """Tolerance after the limit, not part of it."""
    exemption: str | None
    """The exemption whose time ran out; None: the ordinary time did."""
    ordinary_ns: int
    """Time that counts outside the hours of every exemption that applies."""
    exempt_ns: tuple[tuple[str, int], ...]
    """Time that counts towards each exemption that applies."""
    sightings: tuple[tuple[str, int], ...]
    """How often each class was seen, where classes are allowed different times; those of the rule only."""
    classes: tuple[str, ...]
    """The classes it may be of by that; the longest time allowed to any of them is allowed to it."""
    calendar: CalendarFacts | None
    """None: no window of the rule depends on public holidays."""


@dataclass(frozen=True, slots=True)
class Stood:
    """How many stood at a time, at least, and on how much ground."""

    at: Instant
    count: int
    area_m2: float | None
    """Of the ground that they touch, each square metre once; None: the camera does not know its ground."""


@dataclass(frozen=True, slots=True)
class Member:
    """One of those that stood when the rule fired: its place, and the class that it was seen as most often."""

    cls: str
    box: Box


@dataclass(frozen=True, slots=True)
class Clutter:
    """Bicycles and motorcycles that stood outside their bays; every number is a lower bound."""

    max_count: int | None
    max_area_m2: float | None
    """The limits of the rule; at least one is given, and at least one was passed for all of the time that counts."""
    fired: Stood
    peak: Stood
    """The highest count until then; of equal ones the largest area, of those the first."""
    over_time: tuple[Stood, ...]
    """A few, spread over the time until then, in order."""
    members: tuple[Member, ...]
    """Those of `fired`, by place."""
    classes: tuple[tuple[str, int], ...]
    """How many of them were of each class."""


@dataclass(frozen=True, slots=True)
class Occupied:
    """Ground that things take which are no part of the street, when the rule fired."""

    kind: str
    """`out_of_store`, `street_vendor` or `occupation`, see `vision.rules.occupation.OccupationKind`."""
    area_m2: float
    """Median over the last looks that showed it well."""
    area_low_m2: float
    area_high_m2: float
    """What it is at least and at most, by what its outline can tell."""
    min_area_m2: float
    """Less is not a matter for the rule."""
    shop: str | None
    """The shop that it grows out of; None: of none."""
    shop_name: str | None
    shop_distance_m: float | None
    """To the nearest frontage, or to that of `shop`; None: no frontage is known."""
    lingering: float
    """Share, 0..1, of the looks that showed it in which somebody stood beside it."""
    looks: int
    """Looks that showed it."""
    supports: tuple[tuple[str, int], ...]
    """In how many of them each class was seen on it or beside it."""
    outlines: tuple[tuple[tuple[float, float], ...], ...]
    """Its parts in the picture when most of it was seen, as fractions of width and height."""
    ground: tuple[tuple[float, float], ...]
    """The ground that it took then, corners in metres of the camera's `ground`."""


@dataclass(frozen=True, slots=True)
class Companion:
    """Another that came to stand in one line with what broke a rule, at about the same time."""

    place: Box
    arrived: tuple[Instant, Instant]
    """As in `Stay`; both are known."""
    stands: bool
    """Whether it still stood when the rule fired."""


@dataclass(frozen=True, slots=True)
class Company:
    """Why a violation was held back: it may be traffic that stands. See `vision.company`."""

    since: Instant
    """The look at which the rule would have fired."""
    why: Released
    """Why it fired then: COMPANY_LEFT or HOLD_PASSED."""
    within_ns: int
    """They came to stand within this of one another."""
    others: tuple[Companion, ...]
    """By arrival. At most `vision.rules.no_parking.MAX_COMPANY`, the nearest in time."""

    @property
    def standing(self) -> int:
        """How many of them stood when the rule fired."""
        return sum(one.stands for one in self.others)


@dataclass(frozen=True, slots=True)
class Violation:
    """A stay that breaks a rule for longer than the rule allows. One per stay and rule.

    For other kinds of rules than no_parking the `stay` is whatever lasted: a visit, or more standing than allowed.
    """

    rule: str
    zone: str
    policy: str
    policy_hash: str
    """SHA-256 over the canonical JSON of the policy and the zone, hex."""
    allowed_ns: int
    fired_at: Instant
    stay: Stay
    """The stay as it was when the rule fired."""
    moments: tuple[Moment, ...]
    """The first sighting inside the rule's hours, the sighting that fired, and a few spread between them."""
    dwell_lower_bound_ns: int
    """Time inside the rule's hours that counts towards it; always more than `allowed_ns`."""
    grounds: Grounds | None = None
    """None: the rule has one plain limit and does not depend on public holidays."""
    clutter: Clutter | None = None
    """Of a rule of the kind bike_clutter."""
    occupied: Occupied | None = None
    """Of a rule of the kind occupation."""
    reckoning: Reckoning | None = None
    """The arithmetic by which it fired; None: it was kept by a version that did not tell."""
    company: Company | None = None
    """Of a rule of the kind no_parking that was held back before it fired."""
    hindrance: Hindrance | None = None
    """None: the rule is of another kind, or it was judged by a version that did not look."""


@dataclass(frozen=True, slots=True)
class StayOpened:
    """Something came to stand in a zone, or what another kind of rule is about began there."""

    stay: Stay
    looked_back: bool = True
    """Whether a look back at full rate can narrow its arrival: it is one object at one place."""


@dataclass(frozen=True, slots=True)
class ViolationFired:
    """The lower bound of a dwell has passed what a rule allows."""

    violation: Violation


@dataclass(frozen=True, slots=True)
class StayEnded:
    """It left, or the footage ended while it stood there; `violations` names the rules that had fired."""

    stay: Stay
    violations: tuple[str, ...]


Event = StayOpened | ViolationFired | StayEnded
