"""`no_parking`: an object of the named classes may stand in the zone for `dwell`, and no longer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, Field, ValidationInfo, field_validator, model_validator

from vision.durations import Duration, format_duration
from vision.rules.interface import STRICT, Exemption, Rule, Terms
from vision.words import Location, PlacedError, unknown_id

MAX_EXEMPTIONS = 8
MAX_COMPANY = 16
"""So many others at most are kept of those that came to stand with one."""
_NO_TIME = "must be more than 0: a single sighting cannot show how long something stood"


class Traffic(BaseModel):
    """When what stands may be traffic that stands, and not something that is parked; see `vision.company`."""

    model_config = STRICT

    company: int = Field(
        default=2,
        ge=0,
        le=MAX_COMPANY,
        description="so many others in one line with it make a queue; 0: it is never asked",
    )
    within: Duration = Field(
        default="20s",  # type: ignore[assignment]  # parsed like what is written in YAML
        description="they came to stand within this of one another, and have left when none did for as long",
    )
    hold: Duration = Field(
        default="10m",  # type: ignore[assignment]
        description="so long, at most, a violation is held back while they stand; then it says that they do",
    )

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        if self.within <= 0:
            raise ValueError("within must be more than 0: nothing comes at the very same instant")
        if self.hold < self.within:
            raise ValueError(
                f"hold {format_duration(self.hold)} is shorter than within {format_duration(self.within)}: nobody "
                "would see whether the others leave; hold longer, or write `traffic: null` to hold nothing back"
            )
        return self


class NoParkingRule(Rule):
    """Standing longer than `dwell` (ns) inside the rule's hours is a violation.

    `grace` is a tolerance after the limit, not a part of it: a case states the limit and the grace apart. It is what an
    authority gives to drive off, as after a reminder by text message (违停提醒). England's statutory ten minutes run
    likewise from the end of the permitted time and not from its beginning (Statutory guidance for local authorities on
    civil enforcement of parking contraventions, 2022).
    """

    kind: Literal["no_parking"]
    dwell: Duration = Field(description="allowed standing time; a violation needs more")
    dwell_by_class: dict[str, Duration] = Field(
        default={},
        exclude_if=lambda by_class: not by_class,
        description="allowed standing time of some of the classes, instead of `dwell`",
    )
    grace: Duration = Field(
        default="0s",  # type: ignore[assignment]  # parsed like what is written in YAML
        exclude_if=lambda grace: grace == 0,
        description="tolerance after the allowed time: a violation needs more than both",
    )
    exemptions: tuple[Exemption, ...] = Field(
        default=(),
        max_length=MAX_EXEMPTIONS,
        exclude_if=lambda exemptions: not exemptions,
        description="hours in which some of the classes may stand longer, for example to load",
    )

    traffic: Traffic | None = Field(
        default=Traffic(),
        exclude_if=lambda traffic: traffic == Traffic(),
        description="when a violation is held back because it may be standing traffic; null: never",
    )

    @property
    def allowed_ns(self) -> int:
        return self.dwell

    @property
    def terms(self) -> Terms:
        return Terms(self.dwell, self.dwell_by_class, self.grace, self.exemptions)

    @field_validator("dwell_by_class", mode="after")
    @classmethod
    def _classes_of_the_rule(cls, by_class: dict[str, int], info: ValidationInfo) -> dict[str, int]:
        for name, dwell in by_class.items():
            _refuse_unnamed(name, info.data, "", (name,))
            if dwell <= 0:
                raise PlacedError(f"the dwell of {name!r} {_NO_TIME}", (name,))
        return by_class

    @field_validator("exemptions", mode="after")
    @classmethod
    def _exempt_something(cls, exemptions: tuple[Exemption, ...], info: ValidationInfo) -> tuple[Exemption, ...]:
        names = [exemption.name for exemption in exemptions]
        for e, exemption in enumerate(exemptions):
            where = f"exemption {exemption.name!r}: "
            if names.count(exemption.name) > 1:
                raise PlacedError(f"two exemptions are called {exemption.name!r}", (e, "name"))
            if len(set(exemption.classes)) != len(exemption.classes):
                raise ValueError(f"{where}a class is named twice in {list(exemption.classes)}")
            for c, name in enumerate(exemption.classes):
                _refuse_unnamed(name, info.data, where, (e, "classes", c))
                dwell = (info.data.get("dwell_by_class") or {}).get(name, info.data.get("dwell"))
                if dwell is not None and exemption.allowed <= dwell:
                    raise PlacedError(
                        f"{where}it allows {format_duration(exemption.allowed)}, no more than the "
                        f"{format_duration(dwell)} that {name!r} may stand anyway; allow more, or leave it out",
                        (e, "allowed"),
                    )
        return exemptions

    @field_validator("traffic", mode="after")
    @classmethod
    def _off_in_one_way(cls, traffic: Traffic | None) -> Traffic | None:
        """Two spellings of one meaning hash alike."""
        return traffic if traffic is None or traffic.company else None

    @model_validator(mode="after")
    def _dwell_positive(self) -> Self:
        if self.dwell <= 0:
            raise ValueError(f"dwell {_NO_TIME}")
        return self


def _refuse_unnamed(name: str, data: Mapping[str, object], where: str, location: Location) -> None:
    """A class that the rule is not about; silent where the rule's classes were refused themselves."""
    classes = data.get("classes")
    if isinstance(classes, tuple) and name not in classes:
        raise PlacedError(f"{where}the rule has {unknown_id('class', name, classes)}", location)
