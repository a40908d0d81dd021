"""`occupation` (占道经营, 流动摊贩, 跨门经营): things that no detector has a class for take ground for too long."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from vision.durations import Duration
from vision.rules.interface import Rule, Share
from vision.words import PlacedError

FOOTPRINT: Literal["footprint"] = "footprint"
"""What stands in place of a class for what has none."""
SUPPORTS = (
    "person", "umbrella", "chair", "dining table", "bench", "potted plant", "handbag", "suitcase", "backpack",
    "bicycle", "motorcycle", "truck",
)  # fmt: skip
VEHICLES = ("car", "truck", "bus", "train", "motorcycle", "bicycle")
EXPLAINS = ("person", *VEHICLES)
"""Classes that say what a thing is that takes ground: a parked vehicle, people who wait."""
MAX_AREA_M2 = 10_000.0


class OccupationKind(StrEnum):
    """How ground is taken. The kind of an event, of a case and of its words."""

    OUT_OF_STORE = "out_of_store"
    """跨门经营: it grows out of a shop's frontage."""
    STREET_VENDOR = "street_vendor"
    """流动摊贩: it stands apart from the shops, and somebody lingers beside it."""
    OCCUPATION = "occupation"
    """占道经营: it stands there alone."""


class OccupationRule(Rule):
    """More than `min_area` m² of ground are taken for longer than `dwell` (ns) by what is not part of the street.

    The evidence is pixels and not a class (`vision.backdrop`); detections say what it is not (a vehicle, a crowd) and
    what speaks for it. The camera needs its `ground`.
    """

    kind: Literal["occupation"]
    classes: tuple[Literal["footprint"], ...] = Field(default=(FOOTPRINT,), exclude=True, min_length=1, max_length=1)
    dwell: Duration = Field(description="it may stand there this long; a violation needs more")
    min_area: Annotated[float, Field(gt=0, le=MAX_AREA_M2)] = Field(
        default=0.5, description="m² of ground; less does not count: a crate, a bin, a parked scooter"
    )
    max_unseen: Duration = Field(
        default="20s",  # type: ignore[assignment]  # parsed like what is written in YAML
        description="what is hidden by people or vehicles for no longer than this stood there in between",
    )
    reach: Annotated[float, Field(ge=0, le=20)] = Field(
        default=0.8, description="metres: what comes this near to a shop's frontage grows out of the shop"
    )
    linger: Share = Field(
        default=0.25, description="share of looks in which somebody stands beside it that makes it a vendor's stall"
    )
    supports: tuple[str, ...] = Field(
        default=SUPPORTS, description="classes of the model that speak for it where they are seen on it or beside it"
    )

    @property
    def allowed_ns(self) -> int:
        return self.dwell

    @property
    def asked(self) -> tuple[tuple[str, str], ...]:
        return () if self.supports == SUPPORTS else tuple(("supports", name) for name in self.supports)

    @property
    def used(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.supports, *EXPLAINS)))

    @model_validator(mode="after")
    def _means_something(self) -> Self:
        if self.dwell <= 0:
            raise PlacedError("dwell must be more than 0: a single look cannot show how long it stood", ("dwell",))
        if self.min_size is not None:
            raise PlacedError(
                "min_size is about boxes of a detector, and here is none; write `min_area`", ("min_size",)
            )
        if len(set(self.supports)) != len(self.supports):
            raise PlacedError(f"a class is named twice in {list(self.supports)}", ("supports",))
        return self
