"""Policies (一路一策), zones and what a camera watches: validated, frozen, hashable to a fixed SHA-256.

The models are embedded by the application's site file; their field names are the YAML keys.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Self

import rfc8785
from pydantic import BaseModel, Field, ValidationError, ValidationInfo, field_validator, model_validator
from shapely import Polygon, union_all  # type: ignore[import-untyped]
from shapely.validation import explain_validity  # type: ignore[import-untyped]

from vision.errors import PolicyError
from vision.ground import Ground, Plane
from vision.rules.bike_clutter import BikeClutterRule
from vision.rules.days import Weekday
from vision.rules.interface import STRICT, Id, LegalBasis, Rule, ScheduleWindow
from vision.rules.intrusion import IntrusionRule
from vision.rules.no_parking import NoParkingRule
from vision.rules.occupation import OccupationRule
from vision.shops import Shop
from vision.signs import MAX_SIGNS, Purpose, Sign
from vision.words import PlacedError, placed, unknown_id, written

__all__ = [
    "AnyRule",
    "BikeClutterRule",
    "CameraRules",
    "Ground",
    "IntrusionRule",
    "LegalBasis",
    "NoParkingRule",
    "OccupationRule",
    "Policy",
    "Purpose",
    "Rule",
    "ScheduleWindow",
    "Shop",
    "Sign",
    "Weekday",
    "Zone",
    "build_camera_rules",
    "parse_policy",
    "policy_content",
    "policy_hash",
    "unknown_id",
]

MIN_ZONE_AREA = 1e-5
"""Smallest polygon, as a share of the image: about 20 pixels of a 1080p picture; smaller ones are slips of the pen."""
MAX_BAYS = 64

AnyRule = Annotated[NoParkingRule | BikeClutterRule | IntrusionRule | OccupationRule, Field(discriminator="kind")]
"""One rule of any kind. Who judges it: `vision.watch` for no_parking, `vision.judges.JUDGES` for the others."""

Coordinate = Annotated[float, Field(allow_inf_nan=False)]
Point = tuple[Coordinate, Coordinate]


class Policy(BaseModel):
    """The versioned rules of one road."""

    model_config = STRICT

    id: Id
    name: str = Field(min_length=1, description="name shown to people")
    version: str = Field(min_length=1, description="change it whenever a rule changes")
    rules: tuple[AnyRule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        _refuse_duplicates("rule", (rule.id for rule in self.rules))
        return self

    def rule(self, rule_id: str) -> AnyRule:
        """The rule of that id; raises PolicyError with a suggestion."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise PolicyError(unknown_id("rule", rule_id, (r.id for r in self.rules)), where=f"policy {self.id}")


class Zone(BaseModel):
    """A polygon on a camera's image, in fractions of its width and height (0..1, origin top left)."""

    model_config = STRICT

    id: Id
    name: str = Field(default="", description="name shown to people")
    polygon: tuple[Point, ...] = Field(description="corners in order, at least three; closing it is optional")
    rules: tuple[str, ...] = Field(min_length=1, description="ids of the policy's rules that hold here")

    bays: tuple[tuple[Point, ...], ...] = Field(
        default=(),
        max_length=MAX_BAYS,
        exclude_if=lambda bays: not bays,
        description="polygons in which bicycles and motorcycles may stand: for bike_clutter they lie outside the zone",
    )

    purpose: Purpose | None = Field(
        default=None,
        exclude_if=lambda purpose: purpose is None,
        description="what the ground is for: cases say that the vehicle stands in the way of it",
    )
    signs: tuple[Sign, ...] = Field(
        default=(),
        max_length=MAX_SIGNS,
        exclude_if=lambda signs: not signs,
        description="the signs and markings that forbid standing here; cases name and show them",
    )

    @field_validator("signs", mode="after")
    @classmethod
    def _signs_drawn_well(cls, signs: tuple[Sign, ...]) -> tuple[Sign, ...]:
        drawn = []
        for s, sign in enumerate(signs):
            try:
                drawn.append(sign.model_copy(update={"place": _drawn(sign.place)}) if sign.place else sign)
            except ValueError as error:
                raise PlacedError(f"sign {s + 1}: {error}", (s, "place")) from None
        return tuple(drawn)

    @field_validator("polygon", mode="after")
    @classmethod
    def _drawn_well(cls, polygon: tuple[Point, ...]) -> tuple[Point, ...]:
        return _drawn(polygon)

    @field_validator("bays", mode="after")
    @classmethod
    def _bays_in_the_zone(
        cls, bays: tuple[tuple[Point, ...], ...], info: ValidationInfo
    ) -> tuple[tuple[Point, ...], ...]:
        zone = info.data.get("polygon")
        drawn = []
        for b, bay in enumerate(bays):
            try:
                drawn.append(_drawn(bay))
            except ValueError as error:
                raise PlacedError(f"bay {b + 1}: {error}", (b,)) from None
            if zone is not None and not Polygon(drawn[-1]).intersection(Polygon(zone)).area:
                raise PlacedError(
                    f"bay {b + 1} lies outside the zone, where nothing is counted anyway; draw it where it is marked "
                    "within the zone, or take it out",
                    (b,),
                )
        if (
            zone is not None
            and drawn
            and Polygon(zone).difference(union_all([Polygon(bay) for bay in drawn])).area < MIN_ZONE_AREA
        ):
            raise ValueError(
                "the bays cover the whole zone: nothing could ever stand outside them; draw the zone larger"
            )
        return tuple(drawn)

    @field_validator("rules", mode="after")
    @classmethod
    def _named_once(cls, rules: tuple[str, ...]) -> tuple[str, ...]:
        _refuse_duplicates("rule", rules)
        return rules


class CameraRules(BaseModel):
    """What is watched on one camera: a policy and the zones in which its rules hold."""

    model_config = STRICT

    camera: Id
    policy: Policy
    zones: tuple[Zone, ...]
    ground: Ground | None = Field(default=None, exclude_if=lambda ground: ground is None)
    shops: tuple[Shop, ...] = Field(default=(), exclude_if=lambda shops: not shops)

    @property
    def plane(self) -> Plane | None:
        """The ground made ready; None where it is not known."""
        return None if self.ground is None else Plane(self.ground)

    def zones_by_rule(self, kind: str) -> dict[str, tuple[Zone, ...]]:
        """The zones in which each rule of a kind holds, by the rule's id; both in the order in which they are written.

        Rules that hold in no zone are left out.
        """
        found = {
            rule.id: tuple(zone for zone in self.zones if rule.id in zone.rules)
            for rule in self.policy.rules
            if rule.kind == kind
        }
        return {name: zones for name, zones in found.items() if zones}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _refuse_duplicates("zone", (zone.id for zone in self.zones))
        known = [rule.id for rule in self.policy.rules]
        for z, zone in enumerate(self.zones):
            for r, rule in enumerate(zone.rules):
                if rule not in known:
                    raise PlacedError(f"zone {zone.id}: {unknown_id('rule', rule, known)}", ("zones", z, "rules", r))
        return self

    @property
    def watched_ground(self) -> tuple[tuple[Point, ...], ...]:
        """The zones in which pixels are asked what came to stay (`vision.backdrop`); none: nobody asks."""
        return tuple(dict.fromkeys(z.polygon for zones in self.zones_by_rule("occupation").values() for z in zones))

    @model_validator(mode="after")
    def _shops_on_the_ground(self) -> Self:
        _refuse_duplicates("shop", (shop.id for shop in self.shops))
        plane = self.plane
        for s, shop in enumerate(self.shops):
            for p, point in enumerate(shop.frontage):
                if plane is not None and not plane.sees(point):
                    raise PlacedError(
                        f"shop {shop.id}: point {p + 1} [{point[0]:g}, {point[1]:g}] lies at the horizon of `ground` "
                        "or above it; draw the frontage where the shop's front meets the ground",
                        ("shops", s, "frontage", p),
                    )
        return self

    @model_validator(mode="after")
    def _bays_are_asked_for(self) -> Self:
        for z, zone in enumerate(self.zones):
            if zone.bays and not any(self.policy.rule(name).kind == "bike_clutter" for name in zone.rules):
                raise PlacedError(
                    f"zone {zone.id}: bays mean something to rules of the kind bike_clutter only, and none holds here; "
                    "add one to its `rules`, or take the bays out",
                    ("zones", z, "bays"),
                )
        return self

    @model_validator(mode="after")
    def _lies_on_the_ground(self) -> Self:
        plane = self.plane
        for z, zone in enumerate(self.zones):
            drawn = [
                ("zone", ("polygon",), zone.polygon),
                *(("bay", ("bays", b), bay) for b, bay in enumerate(zone.bays)),
            ]
            for what, place, polygon in drawn:
                for c, corner in enumerate(polygon):
                    if plane is not None and not plane.sees(corner):
                        raise PlacedError(
                            f"zone {zone.id}: corner {c + 1} [{corner[0]:g}, {corner[1]:g}] lies at the horizon of "
                            f"`ground` or above it; draw the {what} on the road, or correct the four points of "
                            "`ground`",
                            ("zones", z, *place, c),
                        )
            for r, rule in enumerate(map(self.policy.rule, zone.rules)):
                if plane is None and isinstance(rule, BikeClutterRule) and rule.max_area is not None:
                    raise PlacedError(
                        f"zone {zone.id}: rule {rule.id} has a limit in m², and the camera has no `ground`; add it, or "
                        "give `max_count` instead of `max_area`",
                        ("zones", z, "rules", r),
                    )
                if plane is None and isinstance(rule, OccupationRule):
                    raise PlacedError(
                        f"zone {zone.id}: rule {rule.id} measures ground in m², and the camera has no `ground`; add "
                        "four points that are known in the picture and on the road",
                        ("zones", z, "rules", r),
                    )
                if plane is None and rule.min_size is not None and rule.min_size.metres is not None:
                    raise PlacedError(
                        f"zone {zone.id}: rule {rule.id} asks for a size in metres, and the camera has no `ground`; "
                        "add it, or write `min_size` as shares of the picture",
                        ("zones", z, "rules", r),
                    )
        return self


def policy_hash(policy: Policy, zone: Zone, ground: Ground | None = None, shops: Sequence[Shop] = ()) -> str:
    """SHA-256, hex, over the RFC 8785 canonical JSON of the validated policy and zone, of the ground where known,
    and of the shops where a rule of the zone asks for them.

    Two spellings of the same content (`60s` and `1m`, a closed or an open polygon) hash alike. Settings that came later
    than the first policies are left out where they are not used, so that those keep their hashes.
    """
    return hashlib.sha256(rfc8785.dumps(policy_content(policy, zone, ground, shops))).hexdigest()


def policy_content(
    policy: Policy, zone: Zone, ground: Ground | None = None, shops: Sequence[Shop] = ()
) -> dict[str, Any]:
    """What `policy_hash` is taken over, as JSON values."""
    content: dict[str, Any] = {"policy": policy.model_dump(mode="json"), "zone": zone.model_dump(mode="json")}
    if ground is not None:
        content["ground"] = ground.model_dump(mode="json")
    if shops and any(isinstance(policy.rule(name), OccupationRule) for name in zone.rules):
        content["shops"] = [shop.model_dump(mode="json") for shop in shops]
    return content


def parse_policy(data: Mapping[str, Any], *, where: str = "") -> Policy:
    """A policy out of what YAML or JSON gave; raises PolicyError with one line per fault."""
    try:
        return Policy.model_validate(data)
    except ValidationError as error:
        raise _refused(error, where or "policy") from None


def build_camera_rules(
    camera: str,
    policy: Policy,
    zones: Sequence[Zone | Mapping[str, Any]],
    ground: Ground | Mapping[str, Any] | None = None,
    shops: Sequence[Shop | Mapping[str, Any]] = (),
) -> CameraRules:
    """CameraRules out of models or of what YAML gave; raises PolicyError with one line per fault."""
    try:
        return CameraRules.model_validate(
            {"camera": camera, "policy": policy, "zones": list(zones), "ground": ground, "shops": list(shops)}
        )
    except ValidationError as error:
        raise _refused(error, f"camera {camera}") from None


def _drawn(polygon: tuple[Point, ...]) -> tuple[Point, ...]:
    """The corners of a polygon in the picture, open; raises ValueError for one that cannot be meant."""
    corners = polygon[:-1] if len(polygon) > 1 and polygon[0] == polygon[-1] else polygon
    if len(corners) < 3:
        raise ValueError(f"a polygon needs at least 3 corners, got {len(corners)}")
    for number, (x, y) in enumerate(corners, start=1):
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError(
                f"corner {number} [{x:g}, {y:g}] lies outside the image; coordinates are fractions from 0 to 1"
                + (": divide pixels by the image's width and height" if max(x, y) > 2 else "")
            )
    shape = Polygon(corners)
    if shape.convex_hull.area < MIN_ZONE_AREA:
        raise ValueError("the polygon is degenerate: its corners lie in one line or in one spot")
    if not shape.is_valid:
        raise ValueError(f"the polygon crosses or touches itself: {_plain(explain_validity(shape))}")
    if shape.area < MIN_ZONE_AREA:
        raise ValueError(f"the polygon covers {shape.area:.1e} of the image, less than {MIN_ZONE_AREA:.0e}")
    return corners


def _refused(error: ValidationError, where: str) -> PolicyError:
    lines = []
    for fault in error.errors(include_url=False):
        # The place in words is part of what a PlacedError says.
        spot, text = ".".join(str(part) for part in written(fault["loc"])), placed(fault)[1]
        lines.append(f"{spot}: {text}" if spot else text)
    return PolicyError("; ".join(lines), where=where, remedy="docs/policies.md shows each field")


def _refuse_duplicates(kind: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            raise ValueError(f"two {kind}s are called {one!r}")
        seen.add(one)


def _plain(validity: str) -> str:
    """GEOS's `Self-intersection[0.5 0.5]` as `self-intersection at [0.5, 0.5]`."""
    what, _, where = validity.partition("[")
    return f"{what.lower()} at [{', '.join(where.rstrip(']').split())}]" if where else what.lower()
