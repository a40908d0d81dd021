"""`bike_clutter` (共享单车乱停放): more bicycles and motorcycles stand outside their bays than may, for too long."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from vision.durations import Duration
from vision.rules.interface import Rule
from vision.words import PlacedError

RIDER = "person"
"""The class of those who ride or push them."""
MAX_COUNT, MAX_AREA_M2 = 1_000, 10_000.0


class BikeClutterRule(Rule):
    """More than `max_count` of them, or more than `max_area` m² of ground under them, for longer than `dwell` (ns).

    What stands in a bay of the zone (`Zone.bays`) does not count, nor does what is ridden or pushed.
    """

    kind: Literal["bike_clutter"]
    classes: tuple[str, ...] = Field(
        default=("bicycle", "motorcycle"), min_length=1, description="class names of the model that the rule is about"
    )
    max_unseen: Duration = Field(
        default="10s",  # type: ignore[assignment]  # parsed like what is written in YAML
        description="one that is seen at its place again after no longer than this stood there in between",
    )
    max_count: Annotated[int, Field(le=MAX_COUNT)] | None = Field(
        default=None, description="so many may stand in the zone outside its bays; a violation needs more"
    )
    max_area: Annotated[float, Field(le=MAX_AREA_M2)] | None = Field(
        default=None, description="they may cover so many m² of ground there; the camera needs `ground`"
    )
    dwell: Duration = Field(description="there may be more than that for this long; a violation needs longer")

    @field_validator("max_count", "max_area", mode="after")
    @classmethod
    def _is_a_limit(cls, value: float | None) -> float | None:
        if value is not None and value <= 0:
            raise ValueError(
                "a limit of 0 makes every single one a violation, and that is no clutter; allow 1 or more, or write "
                "a no_parking rule with classes [bicycle, motorcycle]"
            )
        return value

    @property
    def needed(self) -> tuple[str, ...]:
        return (RIDER,)

    @property
    def allowed_ns(self) -> int:
        return self.dwell

    @model_validator(mode="after")
    def _means_something(self) -> Self:
        if self.max_count is None and self.max_area is None:
            raise ValueError("give `max_count`, `max_area` or both: how many may stand there, or on how many m²")
        if self.dwell <= 0:
            raise PlacedError("dwell must be more than 0: a single look cannot show how long they stood", ("dwell",))
        return self
