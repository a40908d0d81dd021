"""Which stays of a scene anybody can be asked to tell, from what its pixels let be seen.

A rule that allows a minute is broken by what is *seen* to stand for more than a minute. So of each stop the time counts
in which frames exist and the vehicle is not hidden behind others; a look away of more than a minute parts it in two,
because another vehicle could stand there by then. What comes out near the minute, either answer is right for.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import groupby
from typing import Any

from bench.site import DWELL_S
from tests.scenes import Scene, Stop, stage, truth_of
from tests.scenes.motion import placements
from tests.scenes.oracle import hidden_share
from vision.boxes import intersection
from vision.interface import Box

CLEARLY_LESS_S, CLEARLY_MORE_S = DWELL_S - 4, DWELL_S + 8
"""Keyframes are two seconds apart, and the first and the last sighting may each miss one."""
LOOK_AWAY_S = 60
HIDDEN_ABOVE = 0.6
_EVERY_S = 2


class Answer(StrEnum):
    """What a stop is in the truth."""

    ASKED = "asked"
    IGNORED = "ignored"
    """Near the limit: who finds it is right, and who does not is right."""
    ALLOWED = "allowed"
    """No violation: not in the truth, and whoever finds one is wrong."""


def accuracy_truth(scene: Scene) -> dict[str, Any]:
    """`truth_of` with only those entries that can be asked for; each tells how long it could be seen standing."""
    truth = truth_of(scene)
    listed = truth["entries"]
    assert isinstance(listed, list)
    seen = standing_seen(scene)
    entries = []
    for key, entry in zip(_order(scene), listed, strict=True):
        seen_s, together_s = seen[key]
        answer = answer_of(seen_s, together_s)
        if answer is not Answer.ALLOWED:
            entries.append({**entry, "ignore": answer is Answer.IGNORED, "seen_s": together_s})
    return {**truth, "entries": entries}


def answer_of(seen_s: float, together_s: float) -> Answer:
    """What a stop is that was seen for `seen_s`, of which `together_s` without a long look away."""
    if together_s > CLEARLY_MORE_S:
        return Answer.ASKED
    return Answer.ALLOWED if seen_s < CLEARLY_LESS_S else Answer.IGNORED


def standing_seen(scene: Scene) -> dict[tuple[str, float], tuple[float, float]]:
    """For each stop with a kind, by actor and arrival: seconds seen, in all, and without a long look away."""
    step = int(_EVERY_S * scene.fps)
    looks: dict[tuple[str, float], list[bool]] = {key: [] for key in _order(scene)}
    stops = {actor.name: actor.stops for actor in scene.actors}
    for index in range(0, scene.frame_count, step):
        t = scene.second(index)
        placed = placements(scene, index)
        boxes = [stage.box_of(one, scene.size) for one in placed]
        for number, one in enumerate(placed):
            stop = _at(stops.get(one.name, ()), t)
            if stop is not None:
                seen = not scene.in_gap(index) and _in_sight(boxes[number], boxes[number + 1 :])
                looks[one.name, float(stop.arrived)].append(seen)
    return {key: _times(seen) for key, seen in looks.items()}


def _in_sight(box: Box, nearer: list[Box]) -> bool:
    before = [one for one in nearer if intersection(box, one) > 0]
    inside = min(box) >= 0 and max(box) <= 1
    return (inside and not before) or hidden_share(box, before) <= HIDDEN_ABOVE


def _times(looks: list[bool]) -> tuple[float, float]:
    parts = [0]
    for seen, run in groupby(looks):
        length = len(list(run))
        if seen:
            parts[-1] += length
        elif length * _EVERY_S > LOOK_AWAY_S:
            parts.append(0)
    return float(sum(parts) * _EVERY_S), float(max(parts) * _EVERY_S)


def _at(stops: tuple[Stop, ...], t: float) -> Stop | None:
    for stop in stops:
        if stop.kind is not None and float(stop.arrived) <= t and (stop.departed is None or t < float(stop.departed)):
            return stop
    return None


def _order(scene: Scene) -> list[tuple[str, float]]:
    """Actor and arrival of every stop with a kind, in the order of `truth_of`."""
    keys = [(a.name, float(s.arrived)) for a in scene.actors for s in a.stops if s.kind is not None]
    return sorted(keys, key=lambda key: (key[1], key[0]))
