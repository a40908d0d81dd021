"""Half of the detections gone, boxes that tremble, ids that break: verdicts stay what they were."""

from __future__ import annotations

import random
from itertools import pairwise

import cv2
import numpy as np
import pytest

from tests.vision.byhand import SHANGHAI, Seen, at, detections, moved, rules
from vision.association.bytetrack import ByteTrackAssociator
from vision.boxes import iou
from vision.engine import Engine
from vision.interface import Box, ViolationFired
from vision.remembered import RememberedPlaces

EVERYWHERE = [{"id": "z", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]], "rules": ["no-parking"]}]
PLACES: tuple[Box, ...] = ((0.1, 0.3, 0.25, 0.45), (0.6, 0.3, 0.75, 0.45))
SIZE = (208, 117)
UNTIL = 900
ASKED_S = 68
EVERY = 2.0
BUS_EVERY = 50
STREET = cv2.GaussianBlur(np.random.default_rng(8).normal(90, 80, (SIZE[1], SIZE[0])), (0, 0), 5).clip(40, 150)
Stay = tuple[int, Box, float, float]


def stays(chance: random.Random, hidden: float) -> list[Stay]:
    """Place, box, arrival and departure of who stands: for more than twice what is allowed, or for half of it."""
    found: list[Stay] = []
    for number, place in enumerate(PLACES):
        t = chance.uniform(5, 40)
        while t < UNTIL - 150:
            length = chance.uniform(130, 240) / (1 - hidden) if chance.random() < 0.7 else chance.uniform(10, 30)
            found.append((number, moved(place, chance.uniform(-0.05, 0.05)), t, min(t + length, UNTIL - 5)))
            t += length + chance.uniform(40, 90)
    return found


def paint(image: np.ndarray, box: Box, looks: np.ndarray) -> None:
    x1, y1, x2, y2 = (round(value * size) for value, size in zip(box, (*SIZE, *SIZE), strict=True))
    image[y1:y2, x1:x2] = cv2.resize(looks, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA)


def bus_before(box: Box) -> Box:
    return (box[0] - 0.08, box[1] - 0.05, box[0] + 0.27, box[1] + 0.32)


def verdicts(seed: int, hidden: float, thinned: float = 0.0, trembling: float = 0.0) -> tuple[set[int], list[int]]:
    """The stays that can be seen for too long, and for each violation the stay that it is of; -1: none.

    For a share `hidden` of the time another bus stands before each place. Tracks get other ids every 20 s.
    """
    chance, faults, noise = random.Random(seed), random.Random(seed + 1000), np.random.default_rng(seed)
    truth = stays(chance, hidden)
    phases = [chance.uniform(0, BUS_EVERY) for _ in PLACES]
    looks = [np.kron(np.random.default_rng([seed, i]).uniform(30, 200, (6, 8)), np.ones((9, 10))) for i in range(99)]
    engine, places, fired = Engine([rules(zones=EVERYWHERE)], SHANGHAI), RememberedPlaces(), list[int]()
    for step in range(round(UNTIL / EVERY)):
        t = step * EVERY
        if step % round(20 / EVERY) == 0:
            watch = engine._watches["gt-01"]
            watch.associator = ByteTrackAssociator()
            for standing in watch.memory.standings:
                standing.track = None
        image, seen = STREET.copy(), list[Seen]()
        covered = [behind_bus(t, phase, hidden) for phase in phases]
        for number, (place, box, arrived, departed) in enumerate(truth):
            if arrived <= t < departed:
                paint(image, box, looks[number])
                seen += [("car", 0.9, box)] if not covered[place] else []
        for place, box in enumerate(PLACES):
            if covered[place]:
                paint(image, bus_before(box), looks[50 + int((t + phases[place]) // BUS_EVERY)])
                seen.append(("bus", 0.8, bus_before(box)))
        shown = detections(
            (cls, score, moved(box, faults.uniform(-trembling, trembling), faults.uniform(-trembling, trembling)))
            for cls, score, box in seen
            if faults.random() >= thinned
        )
        noisy = np.clip(image + noise.normal(0, 2, image.shape), 0, 255).astype(np.uint8)
        pixels = places.look(at(t), np.repeat(noisy[..., None], 3, 2), shown)
        for event in engine.step("gt-01", at(t), shown, pixels):
            if isinstance(event, ViolationFired):
                fired.append(whose(truth, event))
    return {number for number, one in enumerate(truth) if in_sight(one, phases[one[0]], hidden) > ASKED_S}, fired


def behind_bus(t: float, phase: float, hidden: float) -> bool:
    return (t + phase) % BUS_EVERY < BUS_EVERY * hidden


def in_sight(stay: Stay, phase: float, hidden: float) -> float:
    """Seconds between looks at both of which a stay is in sight: what is hidden nobody can swear to."""
    looks = [k * EVERY for k in range(round(UNTIL / EVERY)) if stay[2] <= k * EVERY < stay[3]]
    seen = [not behind_bus(t, phase, hidden) for t in looks]
    return EVERY * sum(a and b for a, b in pairwise(seen))


def whose(truth: list[Stay], event: ViolationFired) -> int:
    """The stay that stood there all the time that the violation tells."""
    stay = event.violation.stay
    for number, (_, box, arrived, departed) in enumerate(truth):
        inside = at(arrived).utc_ns <= stay.arrived[1].utc_ns and event.violation.fired_at.utc_ns < at(departed).utc_ns
        if inside and abs(stay.place[0] - box[0]) < 0.1:
            return number
    return -1


# Of 40 streets each; with all but the first, the third and (0.6, 1), something once was found that was not there, or
# twice, or not at all: in 4 of 0.3 and 16, 20 of 0.6 for a bus that no box shows at first, in 4 and 28 of 0.6 because a
# vehicle was taken for the one before it, whose place had never been seen empty until then.
STREETS = [
    *((0.0, seed) for seed in (0, 38)),
    *((0.3, seed) for seed in (0, 4, 32, 38)),
    *((0.6, seed) for seed in (1, 4, 11, 16, 20, 28)),
]


@pytest.mark.parametrize(("hidden", "seed"), STREETS)
def test_half_of_the_detections_trembling_boxes_and_broken_ids_change_no_verdict(hidden: float, seed: int) -> None:
    """Vehicles are in sight for 40 % of their time at least, and stand for more than twice what is allowed, or half."""
    too_long, fired = verdicts(seed, hidden)
    assert sorted(fired) == sorted(too_long)
    _, thinned = verdicts(seed, hidden, thinned=0.5, trembling=0.05)
    assert sorted(thinned) == sorted(fired)


JAM = [(0.06 + 0.18 * n, 0.45 + 0.02 * n, 0.21 + 0.18 * n, 0.62 + 0.02 * n) for n in range(5)]


def of_a_jam(seed: int, thinned: float, trembling: float) -> list[int]:
    """Who is found where five stand for two minutes, one behind another, and a sixth parks beside them for longer."""
    faults, noise = random.Random(seed), np.random.default_rng(seed)
    looks = [np.kron(np.random.default_rng([seed, i]).uniform(30, 200, (6, 8)), np.ones((9, 10))) for i in range(6)]
    visits = [(box, 24 + 3 * n, 150 + 4 * n) for n, box in enumerate(JAM)] + [((0.4, 0.12, 0.55, 0.28), 90, 300)]
    engine, places, found = Engine([rules(zones=EVERYWHERE)], SHANGHAI), RememberedPlaces(), list[int]()
    for t in range(0, 300, 2):
        image, there = STREET.copy(), [n for n, (_, arrived, departed) in enumerate(visits) if arrived <= t < departed]
        for n in there:
            paint(image, visits[n][0], looks[n])
        boxes = [
            moved(visits[n][0], faults.uniform(-trembling, trembling), faults.uniform(-trembling, trembling))
            for n in there
            if faults.random() >= thinned
        ]
        shown = detections(("car", 0.9, box) for box in boxes)
        noisy = np.clip(image + noise.normal(0, 2, image.shape), 0, 255).astype(np.uint8)
        pixels = places.look(at(t), np.repeat(noisy[..., None], 3, 2), shown)
        for event in engine.step("gt-01", at(t), shown, pixels):
            if isinstance(event, ViolationFired):
                found.append(max(range(6), key=lambda n: iou(visits[n][0], event.violation.stay.place)))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_half_of_the_detections_missing_make_no_violation_of_a_jam(seed: int) -> None:
    assert of_a_jam(seed, 0.0, 0.0) == of_a_jam(seed, 0.5, 0.05) == [5]
