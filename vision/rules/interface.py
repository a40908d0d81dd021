"""What every kind of rule has in common: which objects, when, where in the zone, and on which legal basis."""

from __future__ import annotations

import re
from abc import abstractmethod
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema, model_validator

from vision.durations import Duration

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


class Weekday(StrEnum):
    """Days of the week, Monday first as in ISO 8601."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class ScheduleWindow(BaseModel):
    """Hours of some days, in the site's time zone: `from` belongs to the window, `to` does not.

    A window whose `to` is earlier than its `from` passes midnight and ends on the day after each of its days.
    """

    model_config = STRICT

    days: tuple[Weekday, ...] = Field(default=tuple(Weekday), min_length=1, description="days on which it opens")
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
        if len(set(self.days)) != len(self.days):
            raise ValueError(f"a day is named twice in {[str(day) for day in self.days]}")
        return self


class LegalBasis(BaseModel):
    """On what a rule stands. None is unknown: without a statute a finding stays a lead."""

    model_config = STRICT

    id: str | None = Field(default=None, description="identifier in the site's legal mapping")
    statute: str | None = Field(default=None, description="statute and article")
    reviewed_by: str | None = Field(default=None, description="who checked that the statute fits this road")


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
    legal_basis: LegalBasis = LegalBasis()

    @property
    @abstractmethod
    def allowed_ns(self) -> int:
        """How long an object may stand, in ns; a violation needs more."""

    @model_validator(mode="after")
    def _meant(self) -> Self:
        blank = [name for name in self.classes if not name]
        if blank:
            raise ValueError("a class name is empty")
        if len(set(self.classes)) != len(self.classes):
            raise ValueError(f"a class is named twice in {list(self.classes)}")
        if self.schedule is not None and not self.schedule:
            raise ValueError("an empty schedule never opens; leave `schedule` out for a rule that always applies")
        if self.max_unseen <= 0:
            raise ValueError("max_unseen must be more than 0: nothing would ever count as seen")
        return self
