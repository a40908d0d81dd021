"""Busy streets by chance: cars at random distances, trembling boxes, detectors that miss. Seeded: always the same."""

from __future__ import annotations

import random

import pytest

from tests.vision.byhand import SHANGHAI, Seen, moved, play, rules
from vision.boxes import iou
from vision.engine import Engine
from vision.interface import Box, StayEnded, ViolationFired

EVERYWHERE = [{"id": "z", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]], "rules": ["no-parking"]}]
LANE: Box = (0.05, 0.45, 0.19, 0.61)
PLACE: Box = (0.45, 0.40, 0.58, 0.55)


def lane(chance: random.Random, speed: float, gap: float, until: float) -> list[float]:
    """Where the cars of a lane start, in lengths behind its beginning."""
    starts, position = [], 0.0
    while position < speed * until + 10:
        position += 1.1 + chance.expovariate(1 / gap)
        starts.append(position)
    return starts


@pytest.mark.parametrize("speed", [0.3, 0.8, 5.0])
@pytest.mark.parametrize("every", [2.0, 1.0, 0.5])
@pytest.mark.parametrize("recall", [1.0, 0.7])
def test_dense_traffic_breaks_no_rule(speed: float, every: float, recall: float) -> None:
    """Cars 1.5 lengths apart on average, at 5 to 80 km/h."""
    chance = random.Random(7)
    starts = lane(chance, speed, 1.5, 300)

    def script(t: float) -> list[Seen]:
        offsets = [speed * t - start for start in starts if 0 < speed * t - start < 7]
        return [
            ("car", 0.9, moved(LANE, o + chance.gauss(0, 0.02), chance.gauss(0, 0.02)))
            for o in offsets
            if chance.random() < recall
        ]

    engine = Engine([rules(zones=EVERYWHERE)], SHANGHAI)
    events = play(engine, script, 300, every=every) + engine.finish("gt-01")
    assert not [event for event in events if isinstance(event, ViolationFired)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("every", "recall"), [(2.0, 1.0), (2.0, 0.8), (1.0, 0.6), (0.5, 0.6)])
def test_a_parked_car_behind_passing_ones_is_one_case(every: float, recall: float, seed: int) -> None:
    """Every fifth length of the lane before it holds a car that hides it while it passes."""
    chance = random.Random(seed)
    starts = lane(chance, 2.0, 4.0, 300)

    def script(t: float) -> list[Seen]:
        passing = [moved(LANE, 2.0 * t - start) for start in starts if 0 < 2.0 * t - start < 7]
        covered = any(min(b[2], PLACE[2]) - max(b[0], PLACE[0]) > 0.065 for b in passing)
        boxes = passing if covered else [*passing, moved(PLACE, chance.gauss(0, 0.02), chance.gauss(0, 0.02))]
        return [("car", 0.9, box) for box in boxes if chance.random() < recall]

    engine = Engine([rules(zones=EVERYWHERE)], SHANGHAI)
    events = play(engine, script, 300, every=every) + engine.finish("gt-01")
    fired = [event.violation for event in events if isinstance(event, ViolationFired)]
    assert len(fired) == 1
    assert iou(fired[0].stay.place, PLACE) > 0.8
    (last,) = [event.stay for event in events if isinstance(event, StayEnded) and event.violations]
    assert last.departed is None or last.departed[1] is None or last.departed[1].utc_ns > fired[0].fired_at.utc_ns
