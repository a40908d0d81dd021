"""Road users, and sightings that were kept for them, as JSON; see `vision.roadusers`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from vision.association.interface import JSON
from vision.codec_instant import InstantModel, Model
from vision.interface import Hindrance, Moment, RoadUser, SeenLater

Fraction = Annotated[float, Field(ge=0, le=1)]
BoxModel = tuple[Fraction, Fraction, Fraction, Fraction]
_Count = Annotated[int, Field(ge=0)]


class RoadUserModel(Model):
    cls: str
    box: BoxModel
    score: Fraction
    came: bool

    def value(self) -> RoadUser:
        return RoadUser(self.cls, self.box, self.score, self.came)


class MomentModel(Model):
    at: InstantModel
    box: BoxModel
    score: Fraction
    cls: str
    track: int | None
    others: tuple[RoadUserModel, ...] | None = None

    def value(self) -> Moment:
        others = None if self.others is None else tuple(one.value() for one in self.others)
        return Moment(self.at.value(), self.box, self.score, self.cls, self.track, others)


class SeenLaterModel(Model):
    rule: str
    moments: Annotated[tuple[MomentModel, ...], Field(min_length=1)]

    def value(self) -> SeenLater:
        return SeenLater(self.rule, tuple(one.value() for one in self.moments))


class HindranceModel(Model):
    looks: _Count
    near: _Count
    moment: MomentModel | None

    def value(self) -> Hindrance:
        return Hindrance(self.looks, self.near, None if self.moment is None else self.moment.value())


def others_json(moment: Moment) -> dict[str, JSON]:
    """Who was around, as a part of the moment's JSON; nothing where nobody looked."""
    if moment.others is None:
        return {}
    return {
        "others": [
            {"cls": one.cls, "box": list(one.box), "score": one.score, "came": one.came} for one in moment.others
        ]
    }


def stored_later(later: tuple[SeenLater, ...], moment: Callable[[Moment], JSON]) -> dict[str, JSON]:
    """The sightings after a rule fired, as a part of the stay's JSON; nothing where there are none."""
    if not later:
        return {}
    return {"later": [{"rule": one.rule, "moments": [moment(each) for each in one.moments]} for one in later]}


def stored_hindrance(hindrance: Hindrance | None, moment: Callable[[Moment], JSON]) -> dict[str, JSON]:
    """Whom it may have been in the way of, as a part of the violation's JSON; nothing where nobody looked."""
    if hindrance is None:
        return {}
    shown = None if hindrance.moment is None else moment(hindrance.moment)
    return {"hindrance": {"looks": hindrance.looks, "near": hindrance.near, "moment": shown}}
