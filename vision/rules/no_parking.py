"""`no_parking`: an object of the named classes may stand in the zone for `dwell`, and no longer."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from vision.durations import Duration
from vision.rules.interface import Rule


class NoParkingRule(Rule):
    """Standing longer than `dwell` (ns) inside the rule's hours is a violation."""

    kind: Literal["no_parking"]
    dwell: Duration = Field(description="allowed standing time; a violation needs more")

    @property
    def allowed_ns(self) -> int:
        return self.dwell

    @model_validator(mode="after")
    def _dwell_positive(self) -> Self:
        if self.dwell <= 0:
            raise ValueError("dwell must be more than 0: a single sighting cannot show how long something stood")
        return self
