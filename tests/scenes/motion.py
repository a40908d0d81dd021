"""Where everything is at a given second: a pure function of the script."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import hypot

from tests.scenes.scene import Actor, Look, Occluder, Point, Scene


@dataclass(frozen=True, slots=True)
class Placement:
    """One object in one frame. Draw in the order of `ground[1]`."""

    name: str
    look: Look
    ground: Point
    moving: bool
    step: float
    """Seconds since it came into the scene, for the walking cycle."""
    mirrored: bool
    tint: tuple[float, float, float]
    size: float
    actor: bool
    """Whether it belongs to the truth (an occluder does not)."""
    plate: str | None = None


def along(path: tuple[Point, ...], share: float) -> Point:
    """The point at `share` (0..1) of the length of a polyline."""
    if len(path) == 1:
        return path[0]
    lengths = [hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(path)]
    left = min(max(share, 0.0), 1.0) * sum(lengths)
    for (a, b), length in zip(pairwise(path), lengths, strict=True):
        if left <= length:
            part = left / length if length else 0.0
            return (a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part)
        left -= length
    return path[-1]


def actor_at(actor: Actor, t: float) -> tuple[Point, bool, float] | None:
    """Ground point, whether it moves, and seconds since it came in; None while it is not in the scene."""
    if actor.passes is not None:
        begin, end = (float(second) for second in actor.passes)
        if not begin <= t < end:
            return None
        return along(actor.enter, (t - begin) / (end - begin)), True, t - begin
    first, approach = actor.stops[0], float(actor.approach)
    begin = float(first.arrived) - approach
    if t < float(first.arrived):
        if not actor.enter or t < begin:
            return None
        share = 1 - (1 - (t - begin) / approach) ** 2
        return along((*actor.enter, first.at), share), True, t - begin
    for index, stop in enumerate(actor.stops):
        if stop.departed is None or t < float(stop.departed):
            return stop.at, False, t - begin
        if index + 1 < len(actor.stops):
            following = actor.stops[index + 1]
            if t < float(following.arrived):
                part = (t - float(stop.departed)) / (float(following.arrived) - float(stop.departed))
                return along((stop.at, following.at), part * part * (3 - 2 * part)), True, t - begin
        else:
            part = (t - float(stop.departed)) / float(actor.approach if actor.leaving is None else actor.leaving)
            if part >= 1 or not actor.leave:
                return None
            return along((stop.at, *actor.leave), part * part), True, t - begin
    return None


def occluder_at(occluder: Occluder, t: float) -> tuple[Point, bool, float] | None:
    """As `actor_at`."""
    begin, end = (float(second) for second in occluder.passes)
    hold = float(occluder.hold)
    if not begin <= t < end:
        return None
    half = (end - begin - hold) / 2
    gone = t - begin
    if gone < half:
        share = gone / half / 2
    elif gone < half + hold:
        share = 0.5
    else:
        share = 0.5 + (gone - half - hold) / half / 2
    return along(occluder.path, share), not (hold and share == 0.5), gone


def placements(scene: Scene, index: int) -> tuple[Placement, ...]:
    """Everything in frame `index`, furthest first."""
    t = scene.second(index)
    found = []
    for actor in scene.actors:
        where = actor_at(actor, t)
        if where is not None:
            looks = (actor.mirrored, actor.tint, actor.size)
            found.append(Placement(actor.name, actor.look, *where, *looks, actor=True, plate=actor.plate))
    for number, occluder in enumerate(scene.occluders):
        where = occluder_at(occluder, t)
        if where is not None:
            found.append(
                Placement(
                    f"occluder-{number}",
                    occluder.look,
                    *where,
                    occluder.mirrored,
                    occluder.tint,
                    occluder.size,
                    actor=False,
                )
            )
    return tuple(sorted(found, key=lambda placement: (placement.ground[1], placement.name)))
