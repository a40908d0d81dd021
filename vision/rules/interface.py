"""What every kind of rule has in common: which objects, when, where in the zone, and on which legal basis."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
    model_validator,
)

from streams.instant import NS_PER_S
from vision.durations import Duration
from vision.rules.days import EVERY_DAY, Day, DayKind, possible

MINUTES_PER_DAY = 1440
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)

STRICT = ConfigDict(
    frozen=True,
    extra="forbid",
    validate_default=True,
    validate_by_name=True,
    validate_by_alias=True,
    serialize_by_alias=True,
    allow_inf_nan=False,
    str_strip_whitespace=True,
)
"""Shared by all models of a policy: nothing unknown is accepted, nothing can be changed afterwards."""

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^\w[\w.\-]*$")]
"""Letters (of any script), digits, `_`, `-` and `.`; no spaces, not starting with a dot or a dash."""
Share = Annotated[float, Field(ge=0, le=1)]


def parse_clock(value: object) -> int:
    """`HH:MM` (00:00 to 24:00) as minutes after midnight; raises ValueError.

    YAML reads an unquoted 22:00 as the base-60 number 1320, which is the same count of minutes.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MINUTES_PER_DAY:
        return value
    match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    minutes = int(match[1]) * 60 + int(match[2]) if match and int(match[2]) < 60 else -1
    if not 0 <= minutes <= MINUTES_PER_DAY:
        raise ValueError(f'{value!r} is no time of day: write it as "HH:MM", from "00:00" to "24:00", in quotes')
    return minutes


def format_clock(minutes: int) -> str:
    """Minutes after midnight as `HH:MM`."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


ClockTime = Annotated[
    int,
    BeforeValidator(parse_clock),
    PlainSerializer(format_clock, return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": r"^([01]?\d|2[0-3]):[0-5]\d$|^24:00$", "examples": ["07:30", "24:00"]}
    ),
]


class ScheduleWindow(BaseModel):
    """Hours of some days, in the site's time zone: `from` belongs to the window, `to` does not.

    A window whose `to` is earlier than its `from` passes midnight and ends on the day after each of its days. Only the
    day on which it opens must be one of its days: what kind of day it ends on does not matter.
    """

    model_config = STRICT

    days: tuple[Day, ...] = Field(
        default=EVERY_DAY,
        min_length=1,
        description="days on which it opens: mon to sun; workday, restday, holiday by the calendar of public holidays",
    )
    excluded: tuple[Day, ...] = Field(
        default=(),
        alias="except",
        exclude_if=lambda days: not days,
        description="days on which it does not open all the same, for example holiday",
    )
    start: ClockTime = Field(alias="from", description='first minute, "HH:MM"')
    end: ClockTime = Field(alias="to", description='end, "HH:MM"; "24:00" is the end of the day')

    @model_validator(mode="after")
    def _opens(self) -> Self:
        if self.start == self.end:
            raise ValueError(
                f"a window from {format_clock(self.start)} to {format_clock(self.end)} never opens; "
                'for the whole day write from "00:00" to "24:00"'
            )
        if self.start == MINUTES_PER_DAY:
            raise ValueError('a window from "24:00" never opens on its day; write from "00:00" of the day after')
        for days in (self.days, self.excluded):
            if len(set(days)) != len(days):
                raise ValueError(f"a day is named twice in {[str(day) for day in days]}")
        if not possible(self.days, self.excluded):
            raise ValueError(
                f"a window on {', '.join(self.days)} except {', '.join(self.excluded)} never opens; "
                "take the days that are meant out of `except`"
            )
        return self

    @property
    def asks_calendar(self) -> bool:
        """Whether it depends on public holidays."""
        return any(isinstance(day, DayKind) for day in (*self.days, *self.excluded))


class Exemption(BaseModel):
    """Objects of some classes may stand longer in some hours: loading, for example.

    Time inside its hours counts towards `allowed` instead of towards what the rule allows otherwise; time outside them
    counts as if there were no exemption.
    """

    model_config = STRICT

    name: Id = Field(description="as the case shall name it, for example 装卸")
    classes: tuple[str, ...] = Field(min_length=1, description="classes of the rule that it is for")
    schedule: tuple[ScheduleWindow, ...] | None = Field(
        default=None, min_length=1, description="when it holds, in the site's time zone; absent: whenever the rule does"
    )
    allowed: Duration = Field(description="allowed standing time within these hours")


class MinSize(BaseModel):
    """What a box must measure at least to count. All that are given must be reached."""

    model_config = STRICT

    width: Annotated[float, Field(gt=0, le=1)] | None = Field(default=None, description="share of the image's width")
    height: Annotated[float, Field(gt=0, le=1)] | None = Field(default=None, description="share of the image's height")
    metres: Annotated[float, Field(gt=0, le=50)] | None = Field(
        default=None, description="length of the box's lower edge on the ground; the camera needs `ground`"
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.width is None and self.height is None and self.metres is None:
            raise ValueError("give `width`, `height` or `metres`, or leave `min_size` out")
        return self


MAX_RECHECKS = 8
MIN_RECHECK_NS, MAX_RECHECK_NS = 60 * NS_PER_S, 30 * 24 * 3600 * NS_PER_S
"""So long after a violation its place may be looked at again."""
CLEAR_OF = 10
"""A class that fewer than one sighting in so many shows is taken for a flicker of the detector."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a rule allows, whatever its kind; durations in ns."""

    allowed_ns: int
    by_class: Mapping[str, int] = field(default_factory=dict)
    """Instead of `allowed_ns`, for some classes."""
    grace_ns: int = 0
    """Tolerance after the limit: a violation needs more than both. It does not become part of what is allowed."""
    exemptions: tuple[Exemption, ...] = ()

    @property
    def by_kind_of_object(self) -> bool:
        """Whether it matters which of the rule's classes an object is."""
        return bool(self.by_class or self.exemptions)

    @property
    def plain(self) -> bool:
        """Whether there is one limit and nothing else."""
        return not (self.by_class or self.grace_ns or self.exemptions)

    @property
    def limits(self) -> tuple[int, ...]:
        """Every time that may be allowed."""
        return (self.allowed_ns, *self.by_class.values(), *(exemption.allowed for exemption in self.exemptions))

    def allowed_for(self, classes: Iterable[str]) -> int:
        """The longest time allowed to any of the classes that an object may be of."""
        return max((self.by_class.get(cls, self.allowed_ns) for cls in classes), default=self.allowed_ns)


def classes_of(sightings: Mapping[str, int]) -> tuple[str, ...]:
    """The classes that an object may be of, sorted: those seen in at least one of `CLEAR_OF` sightings.

    Detectors flip between classes of one shape. What is allowed to any of these is allowed to the object, so a flicker
    can only lengthen what it is allowed; one that is clearly of a class is not made another by a stray sighting.
    """
    total = sum(sightings.values())
    return tuple(sorted(cls for cls, count in sightings.items() if count * CLEAR_OF >= total))


NEEDED_OF_BASIS = ("statute", "competence", "reviewed_by")
"""Without any one of these a finding is a lead."""


class LegalBasis(BaseModel):
    """On what a rule stands. None is unknown: without a statute, the competence of the office for it, and somebody who
    has reviewed both a finding stays a lead (行政处罚法 17, 41)."""

    model_config = STRICT

    id: str | None = Field(default=None, description="identifier in the site's legal mapping")
    statute: str | None = Field(default=None, description="statute and article")
    competence: str | None = Field(
        default=None, description="by which provision or delegation this office may enforce it here 职权依据"
    )
    reviewed_by: str | None = Field(default=None, description="who checked that both fit this road")

    @property
    def lacks(self) -> tuple[str, ...]:
        """What is unknown of that which a case needs."""
        return tuple(name for name in NEEDED_OF_BASIS if not getattr(self, name))

    @model_serializer(mode="wrap")
    def _as_it_was(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Policies from before the competence was asked for keep their hash."""
        found: dict[str, Any] = dump(self)
        if self.competence is None:
            del found["competence"]
        return found


class Rule(BaseModel):
    """What all kinds of rules share. Kinds derive from it and say how much of what they allow."""

    model_config = STRICT

    id: Id
    classes: tuple[str, ...] = Field(min_length=1, description="class names of the model that the rule is about")
    min_score: Share = Field(default=0.3, description="detections below this score do not count for the rule")
    schedule: tuple[ScheduleWindow, ...] | None = Field(
        default=None, description="when the rule applies, in the site's time zone; absent: always"
    )
    min_overlap: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.5, description="share of the box's ground contact that must lie in the zone"
    )
    max_unseen: Duration = Field(
        default="6s",  # type: ignore[assignment]  # parsed like what is written in YAML
        description="two sightings further apart than this do not count as seen in between",
    )
    min_size: MinSize | None = Field(
        default=None, exclude_if=lambda size: size is None, description="smaller boxes do not count for the rule"
    )
    recheck: Annotated[tuple[Duration, ...], Field(max_length=MAX_RECHECKS)] = Field(
        default=(),
        exclude_if=lambda times: not times,
        description="how long after a violation its place is looked at again (复查); live cameras only",
    )
    legal_basis: LegalBasis = LegalBasis()

    @property
    @abstractmethod
    def allowed_ns(self) -> int:
        """How long an object may stand, in ns; a violation needs more."""

    @property
    def terms(self) -> Terms:
        """All that the rule allows; kinds that allow some objects more override it."""
        return Terms(self.allowed_ns)

    @property
    def asked(self) -> tuple[tuple[str, str], ...]:
        """The classes that the model must know for the rule to find anything, each with the field that names it."""
        return tuple(("classes", name) for name in self.classes)

    @property
    def needed(self) -> tuple[str, ...]:
        """Classes that the model must know as well, though no field names them."""
        return ()

    @property
    def used(self) -> tuple[str, ...]:
        """Every class whose boxes mean something to the rule. Of stored detections no other class keeps its name."""
        return (*self.classes, *(name for name in self.needed if name not in self.classes))

    @property
    def asks_calendar(self) -> bool:
        """Whether it depends on public holidays."""
        schedules = (self.schedule, *(exemption.schedule for exemption in self.terms.exemptions))
        return any(window.asks_calendar for schedule in schedules for window in schedule or ())

    @model_validator(mode="after")
    def _meant(self) -> Self:
        blank = [name for name in self.classes if not name]
        if blank:
            raise ValueError("a class name is empty")
        if len(set(self.classes)) != len(self.classes):
            raise ValueError(f"a class is named twice in {list(self.classes)}")
        if self.schedule is not None and not self.schedule:
            raise ValueError("an empty schedule never opens; leave `schedule` out for a rule that always applies")
        if any(not MIN_RECHECK_NS <= one <= MAX_RECHECK_NS for one in self.recheck):
            raise ValueError("recheck: between a minute and thirty days after a violation")
        if list(self.recheck) != sorted(set(self.recheck)):
            raise ValueError("recheck: give the times in order, each once")
        if self.max_unseen <= 0:
            raise ValueError("max_unseen must be more than 0: nothing would ever count as seen")
        return self
