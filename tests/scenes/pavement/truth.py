"""What truly takes ground on a pavement, as the JSON that `evaluate` reads, with the ground that it takes.

The area of goods is that of their feet, gaps of less than 0.3 m between them closed: nobody walks there. That of a
parasol is the ground under its canopy, straight below the edge. A vendor takes none.
"""

from __future__ import annotations

from math import cos, pi, sin
from typing import Any

import numpy as np
import shapely  # type: ignore[import-untyped]
from shapely import Polygon

from streams.instant import iso_utc
from tests.scenes.pavement.camera import Camera
from tests.scenes.pavement.script import Blocks, Parasol, Pavement, Taking, Thing
from tests.scenes.truth import FORMAT, camera_ns, true_ns

GAP_M = 0.3
_CLS = {"out_of_store": "goods", "street_vendor": "stall", "occupation": "goods"}


def pavement_truth(pavement: Pavement, min_area: float) -> dict[str, Any]:
    """`entries`: one per taking, in order of arrival, each with `area_m2`, once all of it is there.

    `arrived` is from the first thing that stands there to when `min_area` m² are taken: to tell any of it is right.
    """
    view = pavement.view
    entries = [_entry(pavement, taking, min_area) for taking in pavement.takings]
    return {
        "format": FORMAT,
        "scene": {
            "camera": view.camera,
            "condition": view.condition,
            "seed": view.seed,
            "size": list(view.size),
            "fps": str(view.fps),
            "frames": sum(not view.in_gap(index) for index in range(view.frame_count)),
            "start": iso_utc(true_ns(view, 0)),
            "end": iso_utc(true_ns(view, view.seconds)),
            "clock": {
                "start": iso_utc(camera_ns(view, 0)),
                "offset_ms": view.clock.offset_ms,
                "drift_ppm": view.clock.drift_ppm,
            },
            "gaps": [[iso_utc(true_ns(view, g.start)), iso_utc(true_ns(view, g.end))] for g in view.gaps],
        },
        "entries": sorted(entries, key=lambda entry: (entry["arrived"][0], entry["actor"])),
    }


def ground_of(pavement: Pavement, taking: Taking, t: float | None = None) -> shapely.Geometry:
    """The ground that is taken, in metres, by what of it stands there at `t`; None: by all of it."""
    feet = []
    for name in taking.things:
        thing = pavement.thing(name)
        if t is None or (_stands_from(thing, taking) <= t and (thing.until is None or t < thing.until)):
            feet.append(_foot(thing, *_place(thing, taking)))
    whole = shapely.union_all(feet)
    return whole.buffer(GAP_M / 2, join_style="mitre").buffer(-GAP_M / 2, join_style="mitre")


def box_of(pavement: Pavement, taking: Taking) -> tuple[float, float, float, float]:
    """All of it in the picture, x1, y1, x2, y2 as fractions, cut to it."""
    points = np.concatenate([_outline(pavement.camera, pavement.thing(n), taking) for n in taking.things])
    size = np.array(pavement.camera.size)
    low, high = np.clip((points.min(axis=0) + 0.5) / size, 0, 1), np.clip((points.max(axis=0) + 0.5) / size, 0, 1)
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def _entry(pavement: Pavement, taking: Taking, min_area: float) -> dict[str, Any]:
    view = pavement.view
    things = [pavement.thing(name) for name in taking.things]
    starts = sorted({_stands_from(thing, taking) for thing in things})
    enough = next((t for t in starts if ground_of(pavement, taking, t).area >= min_area), None)
    if enough is None:
        raise ValueError(f"{view.camera}: {', '.join(taking.things)} never take {min_area:g} m2")
    ends = [thing.until for thing in things if thing.until is not None]
    last = max(ends) if len(ends) == len(things) else taking.until
    first = min([*ends, *([] if taking.until is None else [taking.until])], default=None)
    gone = first is not None and last is not None and last < float(view.seconds)
    return {
        "camera": view.camera,
        "kind": taking.kind,
        "cls": _CLS[taking.kind],
        "arrived": [iso_utc(true_ns(view, starts[0])), iso_utc(true_ns(view, enough))],
        "departed": [iso_utc(true_ns(view, t)) for t in (first, last)]
        if gone and first is not None and last is not None
        else None,
        "box": [round(v, 4) for v in box_of(pavement, taking)],
        "area_m2": round(float(ground_of(pavement, taking).area), 3),
        "shop": taking.shop,
        "condition": view.condition,
        "actor": taking.things[0],
    }


def _stands_from(thing: Thing, taking: Taking) -> float:
    return thing.marks[0][0] if len(thing.marks) == 1 else taking.since


def _place(thing: Thing, taking: Taking) -> tuple[float, float]:
    where = thing.at(_stands_from(thing, taking))
    if where is None:
        raise ValueError(f"{thing.name} is not there when it takes its ground")
    return where[0], where[1]


def _foot(thing: Thing, x: float, y: float) -> shapely.Geometry:
    match thing.form:
        case Blocks(pieces):
            return shapely.union_all([
                shapely.box(x + p.x - p.wide / 2, y + p.y - p.deep / 2, x + p.x + p.wide / 2, y + p.y + p.deep / 2)
                for p in pieces
            ])  # fmt: skip
        case Parasol(radius):
            turns = [(k + 0.5) * pi / 4 for k in range(8)]
            return Polygon([(x + radius * cos(a), y + radius * sin(a)) for a in turns])
        case _:
            raise ValueError(f"{thing.name} takes no ground")


def _outline(camera: Camera, thing: Thing, taking: Taking) -> Any:
    x, y = _place(thing, taking)
    points: list[tuple[float, float, float]] = []
    match thing.form:
        case Blocks(pieces):
            for p in pieces:
                for sx in (-0.5, 0.5):
                    for sy in (-0.5, 0.5):
                        for z in (p.z, p.z + p.high):
                            points.append((x + p.x + sx * p.wide, y + p.y + sy * p.deep, z))
        case Parasol(radius, rim):
            turns = [(k + 0.5) * pi / 4 for k in range(8)]
            points += [(x + radius * cos(a), y + radius * sin(a), rim - 0.16) for a in turns]
            points += [(x, y, rim + 0.4), (x - 0.28, y, 0.0), (x + 0.28, y, 0.0), (x, y - 0.28, 0.0)]
        case _:
            raise ValueError(f"{thing.name} takes no ground")
    return camera.project(points)
