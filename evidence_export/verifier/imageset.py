"""Checks what a `case.json` says of its image set: panoramas, signs and markings, and whom the vehicle hindered.

Hostile input: nothing is taken for true. What the pictures show is for people to see; whether a close-up is the part of
the still that it says, any program for pictures shows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from evidence_export.bag.canonical import JsonValue
from evidence_export.verifier.reading import at, flag, hexdigest, integer, items, moment, optional, text, texts

_SHARE = re.compile(r"0\.[0-9]{2}|1\.00")
_FRACTION = re.compile(r"0(\.[0-9]{1,20})?|1(\.0{1,20})?|[0-9](\.[0-9]{1,20})?e-[0-9]{1,2}")
_METRES = re.compile(r"[0-9]{1,4}\.[0-9]")
_SIGN, _PHOTO, _OBSTRUCTION = "sign_close_up", "sign_photo", "obstruction"
_NO_SIGN, _NO_OBSTRUCTION = "sign_not_shown", "obstruction_not_shown"
_ABOUT = 1e-6


def image_faults(root: JsonValue, policy: bytes | None) -> Iterator[str]:
    """What contradicts itself. Raises ValueError where a part is malformed.

    `policy`: data/policy.json, where it is what was sealed; without it nothing is compared with the zone.
    """
    roles = {role: _named(root, role) for role in (_SIGN, _PHOTO, _OBSTRUCTION)}
    if optional(root, "images", "signs") is None and optional(root, "images", "obstruction") is None:
        told = [one for one in items(root, "images", "panoramas") if isinstance(one, Mapping) and "clarity" in one]
        if told or optional(root, "images", "chosen_from") is not None:
            raise ValueError("images: it tells how panoramas were chosen, and not of signs and obstruction")
        for role, named in roles.items():
            if named:
                yield f"images: {min(named)} is said to be a {role}, and nothing is said of it"
        return
    zone = _zone(policy)
    yield from _panoramas(root)
    yield from _signs(root, zone, roles[_SIGN], roles[_PHOTO])
    yield from (f"images.obstruction: {fault}" for fault in _obstruction(root, zone, roles[_OBSTRUCTION]))
    in_zone = optional(root, "images", "obstruction", "in_zone")
    yield from (f"images.obstruction.in_zone: {fault}" for fault in _in_zone(root, in_zone, zone))
    unseen = optional(root, "images", "obstruction", "picture") is None
    yield from _blocked(root, _NO_OBSTRUCTION, unseen, "images.obstruction")


def _named(root: JsonValue, role: str) -> dict[str, JsonValue]:
    return {text(one, "path"): one for one in items(root, "files") if text(one, "role") == role}


def _zone(policy: bytes | None) -> Mapping[str, JsonValue] | None:
    if policy is None:
        return None
    try:
        read = json.loads(policy)
    except RecursionError:
        read = None
    zone = read.get("zone") if isinstance(read, dict) else None
    if not isinstance(zone, dict):
        raise ValueError("data/policy.json: it has no zone")
    return zone


def _panoramas(root: JsonValue) -> Iterator[str]:
    panoramas = items(root, "images", "panoramas")
    if integer(root, "images", "chosen_from") < len(panoramas):
        yield "images.chosen_from: fewer frames were looked at than are shown"
    for one in panoramas:
        for name in ("sharpness", "hidden", "surroundings_hidden"):
            _share(text(one, "clarity", name))
        flag(one, "clarity", "whole")
        if optional(one, "clarity", "plate") is not None:
            _share(text(one, "clarity", "plate"))


def _signs(
    root: JsonValue,
    zone: Mapping[str, JsonValue] | None,
    close_ups: Mapping[str, JsonValue],
    photos: Mapping[str, JsonValue],
) -> Iterator[str]:
    signs = items(root, "images", "signs")
    known = items(zone, "signs") if zone is not None and "signs" in zone else []
    if zone is not None and [_told(one) for one in signs] != [_told(one) for one in known]:
        yield "images.signs: they are not those that the policy names for the zone"
        return
    stills = {text(one, "path") for one in items(root, "images", "panoramas")}
    shown, photographed, pictures = [], [], []
    for number, sign in enumerate(signs):
        place = known[number] if known else None
        yield from (f"images.signs[{number}]: {fault}" for fault in _sign(sign, place, close_ups, photos, stills))
        cut = None if optional(sign, "close_up") is None else text(sign, "close_up", "path")
        photo = None if optional(sign, "photo") is None else optional(sign, "photo", "path")
        shown += [] if cut is None else [cut]
        photographed += [] if photo is None else [text(sign, "photo", "path")]
        pictures += [one for one in (cut or photo,) if one is not None]
    if sorted(shown) != sorted(close_ups) or sorted(photographed) != sorted(photos):
        yield "images.signs: their pictures are not the files that are said to be such"
    first = pictures[0] if pictures else None
    if optional(root, "images", "sign_or_marking") != first:
        yield "images.sign_or_marking: it is not the picture of the first sign that has one"
    yield from _blocked(root, _NO_SIGN, first is None, "images.signs")


def _sign(
    sign: JsonValue,
    named: JsonValue,
    close_ups: Mapping[str, JsonValue],
    photos: Mapping[str, JsonValue],
    stills: set[str],
) -> Iterator[str]:
    """`named`: the sign as the policy has it; None where that is not at hand."""
    hidden, close_up, photo = optional(sign, "hidden"), optional(sign, "close_up"), optional(sign, "photo")
    if hidden is not None:
        _share(hidden)
    if photo is not None and optional(photo, "path") is not None:
        file = photos.get(text(photo, "path"))
        if file is None or text(file, "sha256") != hexdigest(photo, "sha256"):
            yield "its photograph is not the one that the policy names"
    if close_up is not None:
        if hidden is None:
            yield "its close-up is of a place that is not known"
        yield from _cut(close_up, close_ups.get(text(close_up, "path")), stills, named)


def _told(sign: JsonValue) -> tuple[JsonValue, ...]:
    """What a sign is, in the manifest and in the policy alike."""
    photo = optional(sign, "photo")
    taken = None if photo is None else tuple(text(photo, name) for name in ("sha256", "taken_by", "taken_on"))
    return text(sign, "kind"), text(sign, "name"), optional(sign, "code"), *(taken or ())


def _cut(close_up: JsonValue, file: JsonValue, stills: set[str], sign: JsonValue) -> Iterator[str]:
    if file is None:
        yield "its close-up is not a file that is said to be one"
        return
    still = text(close_up, "panorama")
    if still not in stills:
        yield "its close-up is of a picture that is no panorama of the case"
    if text(file, "derived_from", "parent") != still:
        yield "its close-up is made from another picture than it says"
    (width, height), (x, y, wide, high) = _numbers(close_up, "frame_size", 2), _numbers(close_up, "cut", 4)
    if not (x >= 0 and y >= 0 and wide > 0 and high > 0 and x + wide <= width and y + high <= height):
        yield "its close-up reaches out of its picture"
    if f"{wide}x{high} pixels from ({x}, {y}) of that picture" not in text(file, "derived_from", "transform"):
        yield "its close-up was made in another way than it says"
    place = items(sign, "place") if isinstance(sign, Mapping) and "place" in sign else []
    for corner in place:
        if not isinstance(corner, list) or len(corner) != 2 or not all(isinstance(one, int | float) for one in corner):
            raise ValueError("data/policy.json: a place of a sign has no corners")
        across, down = (float(str(one)) for one in corner)
        if not (x - 1 <= across * width <= x + wide + 1 and y - 1 <= down * height <= y + high + 1):
            yield "its close-up does not show the place that the policy names"
            return


def _obstruction(
    root: JsonValue, zone: Mapping[str, JsonValue] | None, named: Mapping[str, JsonValue]
) -> Iterator[str]:
    told = at(root, "images", "obstruction")
    purpose = optional(told, "ground_is")
    if zone is not None and purpose != zone.get("purpose"):
        yield "what the ground is for is not what the policy says of the zone"
    looks, near = optional(told, "looks"), optional(told, "looks_near")
    if (looks is None) is not (near is None):
        yield "its counts do not fit each other"
    picture = optional(told, "picture")
    if looks is not None and near is not None:
        many, few = integer(told, "looks"), integer(told, "looks_near")
        if not 0 <= few <= many:
            yield "its counts do not fit each other"
        if picture is not None and few == 0:
            yield "a picture shows somebody near, and nobody was"
    elif picture is not None:
        yield "a picture shows somebody near, and nobody looked"
    if (picture is None and named) or (picture is not None and sorted(named) != [text(picture, "path")]):
        yield "its picture is not the file that is said to be it"
    elif picture is not None:
        yield from _picture(root, picture, named[text(picture, "path")])


def _picture(root: JsonValue, picture: JsonValue, file: JsonValue) -> Iterator[str]:
    recordings, index = items(root, "recordings"), integer(picture, "recording")
    if not 0 <= index < len(recordings):
        yield "its picture is of a recording that is not there"
        return
    pts, made_from = integer(picture, "pts"), f"recording:{text(recordings[index], 'sha256')}"
    if text(file, "derived_from", "parent") != made_from:
        yield "its picture is made from another recording than it says"
    if f"the frame with pts {pts}, decoded" not in text(file, "derived_from", "transform"):
        yield "its picture is another frame than it says"
    seen = moment(text(picture, "seen_at"))
    begun, proof = (text(root, "violation", "stay", "arrived", "by"), text(root, "violation", "fired_at"))
    if not moment(begun) <= seen <= moment(proof):
        yield "its picture is not of the time between arrival and proof"
    if moment(text(picture, "at")) != seen + integer(picture, "difference_ns"):
        yield "its picture is of another time than it says"
    _box(picture)
    others = items(picture, "others")
    if not others:
        yield "its picture shows nobody"
    for one in others:
        text(one, "class")
        _box(one)


def _in_zone(root: JsonValue, told: JsonValue, zone: Mapping[str, JsonValue] | None) -> Iterator[str]:
    if told is None:
        return
    measured, share = text(told, "measured"), float(_share(text(told, "share")))
    if measured not in ("ground", "picture"):
        raise ValueError("images.obstruction.in_zone: measured in a way that cannot be")
    for name in ("left_near_m", "left_left_m", "left_right_m"):
        metres = optional(told, name)
        if metres is not None and (not isinstance(metres, str) or not _METRES.fullmatch(metres)):
            raise ValueError("images.obstruction.in_zone: a width is not written in metres to a tenth")
        if metres is not None and measured != "ground":
            yield "a width in metres, where the ground is not known"
    if measured == "picture" and zone is not None:
        polygon = [_point(one) for one in items(zone, "polygon")]
        found = _overlap(_fractions(items(root, "violation", "stay", "place")), polygon)
        if not abs(found - share) <= 0.01 + _ABOUT:
            yield "its share does not follow from the place and the zone"


def _overlap(box: Sequence[float], polygon: Sequence[tuple[float, float]]) -> float:
    """Share of the lowest fifth of a box that lies in a polygon: the polygon, cut at each side of that strip."""
    x1, y1, x2, y2 = box
    y1 = y2 - 0.2 * (y2 - y1)
    if not (x1 < x2 and y1 < y2):
        raise ValueError("violation.stay.place is no box")
    inside = list(polygon)
    for axis, edge, sign in ((0, x1, 1), (0, x2, -1), (1, y1, 1), (1, y2, -1)):
        kept: list[tuple[float, float]] = []
        for one, other in zip(inside, inside[1:] + inside[:1], strict=True):
            here, there = (sign * (point[axis] - edge) for point in (one, other))
            if here >= 0:
                kept.append(one)
            if (here < 0) is not (there < 0):
                part = here / (here - there)
                kept.append((one[0] + part * (other[0] - one[0]), one[1] + part * (other[1] - one[1])))
        inside = kept
    twice = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(inside, inside[1:] + inside[:1], strict=True))
    return abs(twice) / 2 / ((x2 - x1) * (y2 - y1))


def _blocked(root: JsonValue, code: str, holds: bool, where: str) -> Iterator[str]:
    if (code in texts(root, "case", "approval_blocked_by")) is not holds:
        yield f"case.approval_blocked_by: {code} does not follow from {where}"


def _share(written: JsonValue) -> str:
    if not isinstance(written, str) or not _SHARE.fullmatch(written):
        raise ValueError("images: a share is not written as 0.00 to 1.00")
    return written


def _box(holder: JsonValue) -> None:
    x1, y1, x2, y2 = _fractions(items(holder, "box"))
    if not (x1 <= x2 and y1 <= y2):
        raise ValueError("images: a box has its corners out of order")


def _fractions(written: Sequence[JsonValue]) -> list[float]:
    if len(written) != 4 or not all(isinstance(one, str) and _FRACTION.fullmatch(one) for one in written):
        raise ValueError("images: a box is not four fractions as decimal text")
    return [float(str(one)) for one in written]


def _point(written: JsonValue) -> tuple[float, float]:
    if not isinstance(written, list) or len(written) != 2 or not all(isinstance(one, int | float) for one in written):
        raise ValueError("data/policy.json: a corner is no pair of numbers")
    return float(str(written[0])), float(str(written[1]))


def _numbers(value: JsonValue, name: str, count: int) -> list[int]:
    found = items(value, name)
    numbers = [one for one in found if isinstance(one, int) and not isinstance(one, bool)]
    if len(found) != count or len(numbers) != count:
        raise ValueError(f"images: {name} is not {count} integers")
    return numbers
