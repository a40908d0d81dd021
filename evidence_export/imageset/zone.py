"""What the sealed policy says of the zone: what its ground is for, and its signs and markings. A leaf."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evidence_export.case import CaseRequest
from evidence_export.kinds import NO_PARKING, kind_of

Point = tuple[float, float]


def zone_of_policy(request: CaseRequest) -> Mapping[str, Any]:
    """The zone out of the policy's JSON; empty where there is none."""
    zone = request.policy.get("zone")
    return zone if isinstance(zone, Mapping) else {}


def signs_of(request: CaseRequest) -> tuple[Mapping[str, Any], ...]:
    """The signs and markings that the zone names, in its order."""
    signs = zone_of_policy(request).get("signs")
    found = signs if isinstance(signs, Sequence) and not isinstance(signs, str) else ()
    return tuple(one for one in found if isinstance(one, Mapping))


def purpose_of(request: CaseRequest) -> str | None:
    """What the ground of the zone is for; None where the zone does not say."""
    purpose = zone_of_policy(request).get("purpose")
    return purpose if isinstance(purpose, str) else None


def place_of(sign: Mapping[str, Any]) -> tuple[Point, ...]:
    """Where a sign lies in the picture, in fractions; empty where that is not known."""
    return tuple((float(x), float(y)) for x, y in sign.get("place", ()))


def is_told(request: CaseRequest) -> bool:
    """Whether the case states the whole image set: it is about what is parked, and either others were looked for while
    it stood, or its zone says what it is for or which signs it has. Cases of before do not, and stay what they were."""
    if kind_of(request) != NO_PARKING:
        return False
    return request.violation.hindrance is not None or bool(signs_of(request)) or purpose_of(request) is not None
