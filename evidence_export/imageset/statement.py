"""What a case says of its image set: parts of `images` in `case.json` (docs/evidence-format.md). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from evidence_export.bag.canonical import JsonObject, JsonValue
from evidence_export.case import CaseRequest
from evidence_export.imageset.ground import Standing, standing_in
from evidence_export.imageset.zone import is_told, purpose_of, zone_of_policy
from evidence_export.made import Clarity, CutOut, Made, Obstruction, SignShown
from evidence_export.statements.values import exact, known
from vision.ground import Ground
from vision.interface import RoadUser
from vision.roadusers import distance

SIGN_BLOCKER, OBSTRUCTION_BLOCKER = "sign_not_shown", "obstruction_not_shown"
"""Of `case.approval_blocked_by`: a reviewer has to answer for what no picture shows."""


def blockers_of(request: CaseRequest, made: Made) -> dict[str, bool]:
    """What of the image set stands against an approval."""
    if not is_told(request):
        return {}
    return {
        SIGN_BLOCKER: not any(one.close_up is not None or one.photo is not None for one in made.signs),
        OBSTRUCTION_BLOCKER: made.obstruction is None,
    }


def first_sign(made: Made) -> str | None:
    """The picture of the first sign that has one: its close-up, or else its photograph."""
    shown = [one.close_up.path if one.close_up is not None else one.photo for one in made.signs]
    return next((path for path in shown if path is not None), None)


def image_facts(request: CaseRequest, made: Made) -> JsonObject:
    """What stands in `images` beside the panoramas; empty for cases that do not tell of it."""
    if not is_told(request):
        return {}
    return {
        "chosen_from": made.chosen_from,
        "signs": [_sign(one) for one in made.signs],
        "obstruction": _obstruction(request, made.obstruction),
    }


def clarity_facts(request: CaseRequest, clarity: Clarity | None) -> JsonObject:
    """How clearly a panorama shows it; empty for cases that do not tell of it."""
    if clarity is None or not is_told(request):
        return {}
    return {
        "clarity": {
            "sharpness": _share(clarity.sharpness),
            "whole": clarity.whole,
            "hidden": _share(clarity.hidden),
            "surroundings_hidden": _share(clarity.surroundings_hidden),
            "plate": known(None if clarity.plate is None else _share(clarity.plate)),
        }
    }


def stands_in(request: CaseRequest) -> Standing | None:
    """How the vehicle stands in its zone; None where the policy's zone or ground cannot be read."""
    polygon = zone_of_policy(request).get("polygon")
    ground = request.policy.get("ground")
    try:
        corners = [(float(x), float(y)) for x, y in polygon or ()]
        plane = Ground.model_validate(ground) if isinstance(ground, Mapping) else None
    except (TypeError, ValueError, ValidationError):
        return None
    return standing_in(request.stay.place, corners, plane) if len(corners) >= 3 else None


def _sign(shown: SignShown) -> JsonObject:
    sign = shown.sign
    return {
        "kind": str(sign.get("kind")),
        "name": str(sign.get("name")),
        "code": known(_text(sign.get("code"))),
        "hidden": known(None if shown.hidden is None else _share(shown.hidden)),
        "close_up": known(None if shown.close_up is None else _cut(shown.close_up)),
        "photo": known(_photo(shown)),
    }


def _cut(cut: CutOut) -> JsonObject:
    return {
        "path": cut.path,
        "panorama": cut.parent,
        "cut": list(cut.cut),
        "frame_size": list(cut.frame_size),
    }


def _photo(shown: SignShown) -> JsonValue:
    told = shown.sign.get("photo")
    if not isinstance(told, Mapping):
        return None
    return {
        "path": known(shown.photo),
        "sha256": str(told.get("sha256")),
        "taken_by": str(told.get("taken_by")),
        "taken_on": str(told.get("taken_on")),
    }


def _obstruction(request: CaseRequest, picture: Obstruction | None) -> JsonObject:
    hindrance, standing = request.violation.hindrance, stands_in(request)
    return {
        "ground_is": known(purpose_of(request)),
        "in_zone": known(None if standing is None else _in_zone(standing)),
        "looks": known(None if hindrance is None else hindrance.looks),
        "looks_near": known(None if hindrance is None else hindrance.near),
        "picture": known(None if picture is None else _picture(picture, request.stream_seen)),
    }


def _in_zone(standing: Standing) -> JsonObject:
    return {
        "share": _share(standing.share),
        "measured": "ground" if standing.on_ground else "picture",
        "left_near_m": known(_metres(standing.near_m)),
        "left_left_m": known(_metres(standing.left_m)),
        "left_right_m": known(_metres(standing.right_m)),
    }


def _picture(picture: Obstruction, seen_in: str) -> JsonObject:
    place, moment = picture.place, picture.moment
    return {
        "path": picture.path,
        "overlay": picture.overlay,
        "recording": place.recording,
        "pts": place.pts,
        "at": place.at.isoformat(),
        "seen_at": moment.at.isoformat(),
        "seen_in": seen_in,
        "difference_ns": place.difference_ns,
        "box": exact(moment.box),
        "score": exact(moment.score),
        "others": [_user(one, picture) for one in picture.others],
    }


def _user(one: RoadUser, picture: Obstruction) -> dict[str, Any]:
    return {
        "class": one.cls,
        "box": exact(one.box),
        "score": exact(one.score),
        "distance": _share(distance(picture.moment.box, one.box)),
    }


def _share(value: float) -> str:
    """To two decimals, cut and not rounded."""
    return f"{int(value * 100 + 1e-9) / 100:.2f}"


def _metres(value: float | None) -> str | None:
    """To a tenth, cut: it is a lower bound."""
    return None if value is None else f"{int(value * 10 + 1e-9) / 10:.1f}"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
