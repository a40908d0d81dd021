"""What pixels tell of things that came to stay on a street for which no detector has a class: values, no decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Point = tuple[float, float]

MOST = 32
"""Footprints of one look, at most."""
MOST_CORNERS = 64
_MAX_NS = 1 << 62
_FIELDS = {"outline", "since", "shown", "replaced", "fresh", "parasol"}


@dataclass(frozen=True, slots=True)
class Footprint:
    """One connected part of the picture that no longer shows the street behind it, as seen in one look."""

    outline: tuple[Point, ...]
    """Corners in order, at least three, as fractions of the picture's width and height, to four decimals."""
    since: tuple[int, int]
    """Last look in which most of it still showed the street, and first in which it did not; UTC, ns."""
    shown: float
    """Share, 0..1, of it that this look shows: not hidden by people or vehicles, and light enough to tell."""
    replaced: float
    """Share, 0..1, of it in which the street's texture or colour is gone, and not only darker or brighter."""
    fresh: float
    """How much of the edge along its outline is new, 0..1: 0 means that something was taken away there."""
    parasol: bool = False
    """A detector calls it one, look after look: it hangs."""


@dataclass(frozen=True, slots=True)
class View:
    """What one look at a view says of its ground."""

    begun: int
    """When the reference of this view was learned; UTC, ns. What stood there by then is part of it, and not known."""
    footprints: tuple[Footprint, ...] = ()


def view_json(view: View) -> dict[str, Any]:
    """The view as JSON values; `view_of` reads them."""
    return {
        "begun": view.begun,
        "footprints": [
            {
                "outline": [list(point) for point in one.outline],
                "since": list(one.since),
                "shown": one.shown,
                "replaced": one.replaced,
                "fresh": one.fresh,
                "parasol": one.parasol,
            }
            for one in view.footprints
        ],
    }


def view_of(value: object) -> View:
    """The view that `view_json` wrote. Hostile input: raises ValueError, in one line, for anything else."""
    if not isinstance(value, dict) or set(value) != {"begun", "footprints"}:
        raise ValueError("it must have `begun` and `footprints`, and nothing else")
    footprints = value["footprints"]
    if not _is_time(value["begun"]) or not isinstance(footprints, list) or len(footprints) > MOST:
        raise ValueError(f"`begun` must be nanoseconds since 1970, `footprints` a list of at most {MOST}")
    return View(value["begun"], tuple(_footprint(one, number) for number, one in enumerate(footprints, start=1)))


def _footprint(value: object, number: int) -> Footprint:
    if not isinstance(value, dict) or set(value) != _FIELDS:
        raise ValueError(f"footprint {number} must have {', '.join(sorted(_FIELDS))}, and nothing else")
    outline, since = value["outline"], value["since"]
    if (
        not isinstance(outline, list)
        or not 3 <= len(outline) <= MOST_CORNERS
        or not all(isinstance(point, list) and len(point) == 2 and all(map(_is_share, point)) for point in outline)
    ):
        raise ValueError(f"the outline of footprint {number} must be 3 to {MOST_CORNERS} points within the image")
    if not isinstance(since, list) or len(since) != 2 or not all(map(_is_time, since)) or since[0] > since[1]:
        raise ValueError(f"`since` of footprint {number} must be two times in order, in nanoseconds since 1970")
    if not all(_is_share(value[key]) for key in ("shown", "replaced", "fresh")):
        raise ValueError(f"`shown`, `replaced` and `fresh` of footprint {number} must be shares from 0 to 1")
    if not isinstance(value["parasol"], bool):
        raise ValueError(f"`parasol` of footprint {number} must be true or false")
    points = tuple((float(x), float(y)) for x, y in outline)
    return Footprint(points, (since[0], since[1]), value["shown"], value["replaced"], value["fresh"], value["parasol"])


def _is_share(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1  # type: ignore[operator]


def _is_time(value: object) -> bool:
    return type(value) is int and abs(value) < _MAX_NS
