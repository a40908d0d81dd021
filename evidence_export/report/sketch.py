"""The sketch of the place (现场示意图) as SVG: zone and boxes in the picture, and on the ground where it is known.

Drawn from numbers alone; no map is at hand, and none is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import escape

from evidence_export.dossier.facts import Facts
from evidence_export.dossier.told import items, value, whole
from evidence_export.dossier.values import Dossier
from evidence_export.dossier.violation import box, points
from evidence_export.report.glyphs import BUNDLED, SYSTEM, shown
from evidence_export.words import Said
from streetproof.errors import StreetproofError
from vision.ground import Ground, Plane

Point = tuple[float, float]
_ZONE, _BOX, _INK, _PAPER, _SHOP = "#b8860b", "#c8281e", "#3c4a60", "#f5f7fa", "#2f6f4f"
_WIDE, _NARROWEST = 900, 420
_MAX_POINTS = 500


@dataclass(frozen=True, slots=True)
class Sketch:
    """A drawing and what it shows."""

    svg: str
    caption: Said


def sketches(dossier: Dossier, facts: Facts) -> list[Sketch]:
    """In the picture; and as a plan in metres, where the ground was surveyed."""
    policy = _policy(dossier)
    polygon = points(value(policy, "zone", "polygon"))[:_MAX_POINTS]
    found = [_in_picture(facts, polygon)]
    plan = _plan(policy, facts, polygon)
    return [*found, plan] if plan is not None else found


def _policy(dossier: Dossier) -> Mapping[str, Any]:
    try:
        loaded = json.loads(dossier.read("data/policy.json"))
    except (ValueError, RecursionError):
        return {}
    return loaded if isinstance(loaded, Mapping) else {}


def _in_picture(facts: Facts, polygon: Sequence[Point]) -> Sketch:
    recording = (items(facts.case, "recordings") or [{}])[0]
    wide, high = whole(recording, "width") or 16, whole(recording, "height") or 9
    tall = round(_WIDE * min(max(high / wide, 0.3), 2.0))

    def at(point: Point) -> Point:
        return point[0] * _WIDE, point[1] * tall

    parts = [_frame(_WIDE, tall)]
    for share in (0.25, 0.5, 0.75):
        parts.append(_line([(share * _WIDE, 0), (share * _WIDE, tall)], "#dde3ec", 1))
        parts.append(_line([(0, share * tall), (_WIDE, share * tall)], "#dde3ec", 1))
    parts.append(_shape([at(one) for one in polygon], _ZONE, 0.14))
    violation = facts.found.violation
    for outline in violation.occupied.outlines if violation.occupied else ():
        parts.append(_shape([at(one) for one in outline[:_MAX_POINTS]], _BOX, 0.25))
    for member in violation.clutter.members if violation.clutter else ():
        parts.append(_shape([at(one) for one in _corners(member.box)], _BOX, 0.06, 1.2))
    shown_boxes = [found for one in items(facts.case, "images", "panoramas") if (found := box(one, "box"))]
    for number, one in enumerate(shown_boxes, 1):
        parts.append(_shape([at(corner) for corner in _corners(one)], _BOX, 0.08, 2))
        x, y = at((one[2], one[1] if number % 2 else one[3]))
        parts.append(
            _words(str(number), min(x + 6, _WIDE - 24), min(max(y + (4 if number % 2 else 14), 22), tall - 8), _BOX)
        )
    if polygon:
        x, y = at(min(polygon, key=lambda one: (one[1], one[0])))
        name = str(value(facts.case, "violation", "zone_name") or facts.found.violation.zone)[:24]
        parts.append(_words(name, min(max(x, 10), _WIDE * 0.7), max(y - 8, 24), _ZONE))
    return Sketch(
        _svg(_WIDE, tall, parts),
        Said(
            f"画面中的位置（按画面比例，{wide}×{high} 像素）：黄色为区域，红色为目标所在，数字为全景图序号",
            f"In the picture ({wide}×{high} pixels): yellow the zone, red the target, numbers those of the panoramas",
        ),
    )


def _plan(policy: Mapping[str, Any], facts: Facts, polygon: Sequence[Point]) -> Sketch | None:
    """The zone and the target on the ground, seen from above, in metres; None where that is not known."""
    try:
        plane = Plane(Ground.model_validate(policy.get("ground")))
        zone = plane.to_ground([one for one in polygon if plane.sees(one)])
        targets = _on_ground(plane, facts)
    except (ValueError, StreetproofError):
        return None
    if len(zone) < 3 or not targets:
        return None
    every = [*zone, *(point for target in targets for point in target)]
    xs, ys = [one[0] for one in every], [one[1] for one in every]
    left, bottom = min(xs), min(ys)
    extent = max(max(xs) - left, (max(ys) - bottom) * 1.6, 1.0)
    scale = (_WIDE - 120) / extent
    tall, wide = round((max(ys) - bottom) * scale) + 150, max(round((max(xs) - left) * scale) + 120, _NARROWEST)

    def at(point: Point) -> Point:
        return (point[0] - left) * scale + 60, tall - 90 - (point[1] - bottom) * scale

    parts = [_frame(wide, tall)]
    parts.append(_shape([at(one) for one in zone], _ZONE, 0.14))
    for target in targets:
        parts.append(_shape([at(one) for one in target], _BOX, 0.25))
    for shop in items(policy, "shops"):
        front = [one for one in points(value(shop, "frontage")) if plane.sees(one)]
        if len(front) > 1:
            parts.append(_line([at(one) for one in plane.to_ground(front)], _SHOP, 3))
    bar = _round_length(extent / 8)
    parts.append(_line([(60, tall - 40), (60 + bar * scale, tall - 40)], _INK, 3))
    parts.append(_words(f"{bar:g} m", 66 + bar * scale, tall - 34, _INK))
    return Sketch(
        _svg(wide, tall, parts),
        Said(
            "地面示意（俯视，由画面和地面标定换算，单位米）：黄色为区域，红色为目标所占地面，绿色为店面线",
            "On the ground, from above, in metres by the survey of the ground: yellow the zone, red the ground that "
            "the target takes, green shop fronts",
        ),
    )


def _on_ground(plane: Plane, facts: Facts) -> list[list[Point]]:
    violation = facts.found.violation
    if violation.occupied is not None and len(violation.occupied.ground) >= 3:
        return [list(violation.occupied.ground[:_MAX_POINTS])]
    boxes = [member.box for member in violation.clutter.members] if violation.clutter else [facts.found.stay.place]
    found = []
    for left, top, right, bottom in boxes:
        # What a box shows of the ground is its lower edge; how deep it stands, a picture does not tell.
        middle = bottom - (bottom - top) * 0.25
        foot = [(left, bottom), (right, bottom), (right, middle), (left, middle)]
        if all(plane.sees(one) for one in foot):
            found.append(plane.to_ground(foot))
    return found


def _corners(one: tuple[float, float, float, float]) -> list[Point]:
    left, top, right, bottom = one
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _round_length(metres: float) -> float:
    """A round number of metres, no longer than that."""
    return max((one for one in (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0) if one <= metres), default=0.5)


def _svg(wide: int, high: int, parts: Sequence[str]) -> str:
    size = f'viewBox="0 0 {wide} {high}" width="{wide}" height="{high}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>'


def _frame(wide: int, high: int) -> str:
    return (
        f'<rect x="1" y="1" width="{wide - 2}" height="{high - 2}" fill="{_PAPER}" stroke="{_INK}" stroke-width="2"/>'
    )


def _shape(corners: Sequence[Point], colour: str, fill: float, stroke: float = 2.5) -> str:
    if len(corners) < 3:
        return ""
    return (
        f'<polygon points="{_points(corners)}" fill="{colour}" fill-opacity="{fill}" stroke="{colour}" '
        f'stroke-width="{stroke}"/>'
    )


def _line(path: Sequence[Point], colour: str, stroke: float) -> str:
    return f'<polyline points="{_points(path)}" fill="none" stroke="{colour}" stroke-width="{stroke}"/>'


def _points(path: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in path)


def _words(words: str, x: float, y: float, colour: str) -> str:
    font = f"font-family=\"'{BUNDLED}','{SYSTEM}'\" font-size=\"20\""
    return f'<text x="{x:.1f}" y="{y:.1f}" {font} fill="{colour}">{escape(shown(words))}</text>'
