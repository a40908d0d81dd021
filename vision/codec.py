"""Stays, moments, violations and instants as JSON with fixed field names, for storage and for manifests.

Nanoseconds since 1970 pass the 2^53 that a number in RFC 8785 canonical JSON can hold exactly, so `utc_ns` is written
as a decimal string. Durations stay below it and are integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, cast

from pydantic import Field, ValidationError

from streams.instant import Instant
from vision.association.interface import JSON
from vision.codec_company import CompanyModel, stored_company
from vision.codec_instant import InstantModel, Model, Ns, instant_json
from vision.codec_reasons import ReckoningModel, TraceModel, stored_reckoning, stored_trace
from vision.codec_roadusers import (
    BoxModel,
    Fraction,
    HindranceModel,
    MomentModel,
    SeenLaterModel,
    others_json,
    stored_hindrance,
    stored_later,
)
from vision.errors import StateError
from vision.interface import CalendarFacts, Clutter, DayFact, Grounds, Member, Moment, Occupied, Stay, Stood, Violation

Value = Instant | Moment | Stay | Violation
_V = TypeVar("_V", Instant, Moment, Stay, Violation)


class _Arrived(Model):
    earliest: InstantModel | None
    latest: InstantModel


class _Departed(Model):
    earliest: InstantModel
    latest: InstantModel | None


class _Stay(Model):
    id: str
    camera: str
    zone: str
    place: BoxModel
    appearance: tuple[float, ...] | None
    cls: str
    arrived: _Arrived
    last_seen: InstantModel
    departed: _Departed | None
    seen_ns: Ns
    occluded_ns: Ns
    gap_ns: Ns
    sworn_ns: Ns
    sightings: Annotated[int, Field(ge=1)]
    kept: Annotated[int, Field(ge=0)] = 0
    trace: TraceModel | None = None
    later: tuple[SeenLaterModel, ...] = ()

    def value(self) -> Stay:
        earliest, departed = self.arrived.earliest, self.departed
        return Stay(
            id=self.id,
            camera=self.camera,
            zone=self.zone,
            place=self.place,
            appearance=self.appearance,
            cls=self.cls,
            arrived=(earliest.value() if earliest else None, self.arrived.latest.value()),
            last_seen=self.last_seen.value(),
            departed=(departed.earliest.value(), departed.latest.value() if departed.latest else None)
            if departed
            else None,
            seen_ns=self.seen_ns,
            occluded_ns=self.occluded_ns,
            gap_ns=self.gap_ns,
            sworn_ns=self.sworn_ns,
            sightings=self.sightings,
            kept=self.kept,
            trace=self.trace.value() if self.trace else None,
            later=tuple(one.value() for one in self.later),
        )


class _Day(Model):
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    weekday: str
    kind: str
    known: bool
    name: str | None


class _Calendar(Model):
    source: str
    version: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    days: tuple[_Day, ...]

    def value(self) -> CalendarFacts:
        days = tuple(DayFact(**day.model_dump()) for day in self.days)
        return CalendarFacts(self.source, self.version, self.sha256, days)


class _Exempt(Model):
    exemption: str
    counted_ns: Ns


class _Sightings(Model):
    cls: str
    count: Annotated[int, Field(ge=1)]


class _Grounds(Model):
    grace_ns: Ns
    exemption: str | None
    ordinary_ns: Ns
    exempt: tuple[_Exempt, ...]
    sightings: tuple[_Sightings, ...]
    classes: tuple[str, ...]
    calendar: _Calendar | None

    def value(self) -> Grounds:
        return Grounds(
            grace_ns=self.grace_ns,
            exemption=self.exemption,
            ordinary_ns=self.ordinary_ns,
            exempt_ns=tuple((one.exemption, one.counted_ns) for one in self.exempt),
            sightings=tuple((one.cls, one.count) for one in self.sightings),
            classes=self.classes,
            calendar=self.calendar.value() if self.calendar else None,
        )


class _Stood(Model):
    at: InstantModel
    count: Annotated[int, Field(ge=0)]
    area_m2: Annotated[float, Field(ge=0)] | None

    def value(self) -> Stood:
        return Stood(self.at.value(), self.count, self.area_m2)


class _Member(Model):
    cls: str
    box: BoxModel


class _Clutter(Model):
    max_count: int | None
    max_area_m2: float | None
    fired: _Stood
    peak: _Stood
    over_time: tuple[_Stood, ...]
    members: tuple[_Member, ...]
    classes: tuple[_Sightings, ...]

    def value(self) -> Clutter:
        return Clutter(
            max_count=self.max_count,
            max_area_m2=self.max_area_m2,
            fired=self.fired.value(),
            peak=self.peak.value(),
            over_time=tuple(one.value() for one in self.over_time),
            members=tuple(Member(one.cls, one.box) for one in self.members),
            classes=tuple((one.cls, one.count) for one in self.classes),
        )


_PointModel = tuple[Fraction, Fraction]
_M2 = Annotated[float, Field(ge=0)]


class _Occupied(Model):
    kind: Annotated[str, Field(pattern="^(out_of_store|street_vendor|occupation)$")]
    area_m2: _M2
    area_low_m2: _M2
    area_high_m2: _M2
    min_area_m2: _M2
    shop: str | None
    shop_name: str | None
    shop_distance_m: _M2 | None
    lingering: Fraction
    looks: Annotated[int, Field(ge=1)]
    supports: tuple[_Sightings, ...]
    outlines: tuple[tuple[_PointModel, ...], ...]
    ground: tuple[tuple[float, float], ...]

    def value(self) -> Occupied:
        fields = {name: getattr(self, name) for name in type(self).model_fields if name != "supports"}
        return Occupied(**fields, supports=tuple((one.cls, one.count) for one in self.supports))


class _Violation(Model):
    rule: str
    zone: str
    policy: str
    policy_hash: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    allowed_ns: Ns
    fired_at: InstantModel
    stay: _Stay
    moments: tuple[MomentModel, ...]
    dwell_lower_bound_ns: Ns
    grounds: _Grounds | None = None
    clutter: _Clutter | None = None
    occupied: _Occupied | None = None
    reckoning: ReckoningModel | None = None
    company: CompanyModel | None = None
    hindrance: HindranceModel | None = None

    def value(self) -> Violation:
        return Violation(
            rule=self.rule,
            zone=self.zone,
            policy=self.policy,
            policy_hash=self.policy_hash,
            allowed_ns=self.allowed_ns,
            fired_at=self.fired_at.value(),
            stay=self.stay.value(),
            moments=tuple(moment.value() for moment in self.moments),
            dwell_lower_bound_ns=self.dwell_lower_bound_ns,
            grounds=self.grounds.value() if self.grounds else None,
            clutter=self.clutter.value() if self.clutter else None,
            occupied=self.occupied.value() if self.occupied else None,
            reckoning=self.reckoning.value() if self.reckoning else None,
            company=self.company.value() if self.company else None,
            hindrance=self.hindrance.value() if self.hindrance else None,
        )


_MODELS: dict[type, type[InstantModel | MomentModel | _Stay | _Violation]] = {
    Instant: InstantModel,
    Moment: MomentModel,
    Stay: _Stay,
    Violation: _Violation,
}


def to_json(value: Value) -> dict[str, JSON]:
    """The value as JSON: `from_json(type(value), to_json(value)) == value`."""
    if isinstance(value, Instant):
        return instant_json(value)
    if isinstance(value, Moment):
        return {
            "at": to_json(value.at),
            "box": list(value.box),
            "score": value.score,
            "cls": value.cls,
            "track": value.track,
            **others_json(value),
        }
    if isinstance(value, Stay):
        return _stay_json(value)
    return {
        "rule": value.rule,
        "zone": value.zone,
        "policy": value.policy,
        "policy_hash": value.policy_hash,
        "allowed_ns": value.allowed_ns,
        "fired_at": to_json(value.fired_at),
        "stay": to_json(value.stay),
        "moments": [to_json(moment) for moment in value.moments],
        "dwell_lower_bound_ns": value.dwell_lower_bound_ns,
        **({} if value.grounds is None else {"grounds": grounds_json(value.grounds)}),
        **({} if value.clutter is None else {"clutter": clutter_json(value.clutter)}),
        **({} if value.occupied is None else {"occupied": occupied_json(value.occupied)}),
        **({} if value.reckoning is None else {"reckoning": stored_reckoning(value.reckoning)}),
        **({} if value.company is None else {"company": stored_company(value.company)}),
        **stored_hindrance(value.hindrance, to_json),
    }


def from_json(kind: type[_V], data: Mapping[str, Any]) -> _V:
    """The value of type `kind` out of what `to_json` gave; raises StateError for anything else."""
    try:
        return cast(_V, _MODELS[kind].model_validate(data).value())
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        spot = ".".join(str(part) for part in fault["loc"])
        raise StateError(f"no {kind.__name__}: {spot}: {fault['msg']}") from None


def grounds_json(grounds: Grounds) -> dict[str, JSON]:
    """The grounds as JSON, without fractions; names, which may be Chinese, are values and never keys."""
    calendar = grounds.calendar
    return {
        "grace_ns": grounds.grace_ns,
        "exemption": grounds.exemption,
        "ordinary_ns": grounds.ordinary_ns,
        "exempt": [{"exemption": name, "counted_ns": counted_ns} for name, counted_ns in grounds.exempt_ns],
        "sightings": [{"cls": cls, "count": count} for cls, count in grounds.sightings],
        "classes": list(grounds.classes),
        "calendar": None if calendar is None else _calendar_json(calendar),
    }


def clutter_json(clutter: Clutter) -> dict[str, JSON]:
    """What stood there as JSON. Areas are fractions of m²; all other numbers are integers, or shares of the picture."""
    return {
        "max_count": clutter.max_count,
        "max_area_m2": clutter.max_area_m2,
        "fired": _stood_json(clutter.fired),
        "peak": _stood_json(clutter.peak),
        "over_time": [_stood_json(one) for one in clutter.over_time],
        "members": [{"cls": one.cls, "box": list(one.box)} for one in clutter.members],
        "classes": [{"cls": cls, "count": count} for cls, count in clutter.classes],
    }


def occupied_json(occupied: Occupied) -> dict[str, JSON]:
    """The ground that is taken as JSON. Areas and distances are fractions of m² and m, points are pairs."""
    return {
        "kind": occupied.kind,
        "area_m2": occupied.area_m2,
        "area_low_m2": occupied.area_low_m2,
        "area_high_m2": occupied.area_high_m2,
        "min_area_m2": occupied.min_area_m2,
        "shop": occupied.shop,
        "shop_name": occupied.shop_name,
        "shop_distance_m": occupied.shop_distance_m,
        "lingering": occupied.lingering,
        "looks": occupied.looks,
        "supports": [{"cls": cls, "count": count} for cls, count in occupied.supports],
        "outlines": [[list(point) for point in outline] for outline in occupied.outlines],
        "ground": [list(point) for point in occupied.ground],
    }


def _stood_json(stood: Stood) -> dict[str, JSON]:
    return {"at": to_json(stood.at), "count": stood.count, "area_m2": stood.area_m2}


def _calendar_json(calendar: CalendarFacts) -> dict[str, JSON]:
    return {
        "source": calendar.source,
        "version": calendar.version,
        "sha256": calendar.sha256,
        "days": [
            {"date": day.date, "weekday": day.weekday, "kind": day.kind, "known": day.known, "name": day.name}
            for day in calendar.days
        ],
    }


def _stay_json(stay: Stay) -> dict[str, JSON]:
    earliest, latest = stay.arrived
    return {
        "id": stay.id,
        "camera": stay.camera,
        "zone": stay.zone,
        "place": list(stay.place),
        "appearance": None if stay.appearance is None else list(stay.appearance),
        "cls": stay.cls,
        "arrived": {"earliest": _optional(earliest), "latest": to_json(latest)},
        "last_seen": to_json(stay.last_seen),
        "departed": None
        if stay.departed is None
        else {"earliest": to_json(stay.departed[0]), "latest": _optional(stay.departed[1])},
        "seen_ns": stay.seen_ns,
        "occluded_ns": stay.occluded_ns,
        "gap_ns": stay.gap_ns,
        "sworn_ns": stay.sworn_ns,
        "sightings": stay.sightings,
        **({"kept": stay.kept} if stay.kept else {}),
        **({} if stay.trace is None else {"trace": stored_trace(stay.trace)}),
        **stored_later(stay.later, to_json),
    }


def _optional(at: Instant | None) -> JSON:
    return None if at is None else to_json(at)
