"""`intrusion`: an object of the named classes, moving or standing, is in the zone for longer than `dwell`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from vision.durations import Duration
from vision.rules.interface import Rule


class IntrusionRule(Rule):
    """Being in the zone for longer than `dwell` (ns) inside the rule's hours is a violation, whether it moves or not.

    For places where nothing of these classes has any business: a river bank (一河一策), a pedestrian street, a works
    gate by night. `dwell` keeps out what only touches the zone, so it may be short.
    """

    kind: Literal["intrusion"]
    dwell: Duration = Field(description="it may be there this long; a violation needs more. Seconds are usual")
    min_sightings: Annotated[int, Field(ge=2, le=100)] = Field(
        default=3, description="sightings, each joined to the one before, that a violation needs at least"
    )

    @property
    def allowed_ns(self) -> int:
        return self.dwell

    @model_validator(mode="after")
    def _dwell_positive(self) -> Self:
        if self.dwell <= 0:
            raise ValueError("dwell must be more than 0: a single sighting cannot show how long something was there")
        return self
