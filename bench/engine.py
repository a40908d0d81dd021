"""`python -m bench.engine`: what the engine costs per sample, and whether a month of street makes it grow.

Without footage: boxes and small pictures are drawn by a seed, as a detector and a camera would give them. Times are of
one thread and of the engine alone, and apart from it of the memory of pixels that batch and daemon keep beside it.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import sys
import time
from collections.abc import Iterator
from statistics import median
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from models.interface import Detections, ModelInfo
from streams.instant import NS_PER_S, Instant, TimeSource
from vision.engine import Engine
from vision.interface import Box, ViolationFired
from vision.policy import CameraRules, build_camera_rules, parse_policy
from vision.remembered import RememberedPlaces

CAMERA = "bench"
SIZE = (1920, 1080)
SHOWN = (416, 234)
MODEL = ModelInfo("drawn", "0" * 64, "none", "none", ("person", "car", "truck", "bus"), SHOWN)
START_NS = 1_793_606_400 * NS_PER_S
DAY_S = 24 * 3600
COLUMNS, ROWS = 10, 5
EMPTY = 10
"""Samples at first that show the street as it is without objects, so that places are compared with that as well."""
MISSED, TREMBLE = 0.2, 0.01
"""Share of boxes that the detector misses, and standard deviation of what it finds, in sizes of a box."""
Seen = tuple[Box, float, int]


def main() -> int:
    """Measures, prints, and says what was exceeded."""
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description=__doc__)
    parser.add_argument("--samples", type=int, default=600, help="samples that times are taken of")
    parser.add_argument("--days", type=float, default=30, help="simulated time for memory; 0: leave it out")
    parser.add_argument("--every", type=float, default=4, help="seconds between two samples of that time")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    console = Console(stderr=given.json)
    result: dict[str, object] = {"cost": [cost(count, given.samples) for count in (0, 1, 10, COLUMNS * ROWS)]}
    _show_cost(console, result["cost"])
    if given.days:
        result["month"] = list(_month(given.days, given.every, console))
    if given.json:
        print(json.dumps(result, indent=1))
    return 0


def cost(objects: int, samples: int) -> dict[str, float]:
    """Milliseconds per sample with so many standing objects: the engine, and the memory of pixels."""
    chance = random.Random(objects)
    engine, places = _engine(), RememberedPlaces()
    street = np.random.default_rng(1).integers(60, 140, (SHOWN[1], SHOWN[0], 3), np.uint8)
    engine_s, places_s = [], []
    for step in range(samples):
        at = Instant(START_NS + step * 2 * NS_PER_S, TimeSource.CONTAINER, 0)
        boxes = [_box(n) for n in range(objects)] if step >= EMPTY else []
        sample = _detections(list(_found(boxes, chance)))
        image = _picture(street, boxes, step)
        before = time.thread_time()
        pixels = places.look(at, image, sample)
        between = time.thread_time()
        engine.step(CAMERA, at, sample, pixels)
        after = time.thread_time()
        if step >= EMPTY + samples // 10:
            places_s.append(between - before)
            engine_s.append(after - between)
    return {
        "objects": objects,
        "standing": len(engine.standing(CAMERA)),
        "engine_median_ms": median(engine_s) * 1e3,
        "engine_p99_ms": sorted(engine_s)[int(len(engine_s) * 0.99)] * 1e3,
        "pixels_median_ms": median(places_s) * 1e3,
        "pixels_p99_ms": sorted(places_s)[int(len(places_s) * 0.99)] * 1e3,
    }


def _month(days: float, every_s: float, console: Console) -> Iterator[dict[str, object]]:
    """A street on which up to twelve vehicles come, stand for minutes to hours and go, and others pass; day by day."""
    chance = random.Random(30)
    engine, places = _engine(), RememberedPlaces()
    street = np.random.default_rng(1).integers(60, 140, (SHOWN[1] // 4, SHOWN[0] // 4, 3), np.uint8)
    standing: dict[int, int] = {}
    samples_a_day = round(DAY_S / every_s)
    fired = 0
    table = Table("day", "stays open", "violations so far", "saved state, bytes", "Python objects", "resident, MiB")
    started = time.monotonic()
    for sample in range(round(days * samples_a_day)):
        for place in [place for place, until in standing.items() if until <= sample]:
            del standing[place]
        if len(standing) < 12 and chance.random() < every_s / 120:
            free = [n for n in range(COLUMNS * ROWS) if n not in standing]
            standing[chance.choice(free)] = sample + round(chance.lognormvariate(6, 1.2) / every_s)
        boxes = [_box(n) for n in standing]
        passing = [
            _box(chance.randrange(COLUMNS * ROWS), chance.uniform(-0.5, 0.5)) for _ in range(chance.randrange(3))
        ]
        at = Instant(START_NS + round(sample * every_s * NS_PER_S), TimeSource.CONTAINER, 0)
        seen = _detections(list(_found([*boxes, *passing], chance)))
        pixels = places.look(at, _picture(street, [*boxes, *passing], sample) if sample % 3 else None, seen)
        fired += sum(isinstance(event, ViolationFired) for event in engine.step(CAMERA, at, seen, pixels))
        if (sample + 1) % (samples_a_day * 5) == 0 or sample + 1 == samples_a_day:
            gc.collect()
            row = {
                "day": (sample + 1) / samples_a_day,
                "standing": len(engine.standing(CAMERA)),
                "violations": fired,
                "state_bytes": len(json.dumps(engine.save())),
                "python_objects": len(gc.get_objects()),
                "resident_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "elapsed_s": round(time.monotonic() - started),
            }
            table.add_row(*(f"{row[name]:.8g}" for name in list(row)[:-1]))
            console.print(", ".join(f"{name} {value:.8g}" for name, value in row.items()), style="dim")
            yield row
    console.print(table)


def _engine() -> Engine:
    return Engine([_rules()], ZoneInfo("Asia/Shanghai"))


def _rules() -> CameraRules:
    rule = {"id": "no-parking", "kind": "no_parking", "classes": ["car", "truck", "bus"], "dwell": "10m"}
    rule |= {"max_unseen": "1m"}  # so that slow sampling counts as well
    policy = parse_policy({"id": "road", "name": "road", "version": "1", "rules": [rule]})
    everywhere = {"id": "z", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]], "rules": ["no-parking"]}
    return build_camera_rules(CAMERA, policy, [everywhere])


def _box(number: int, beside: float = 0.0) -> Box:
    """One of `COLUMNS` x `ROWS` places, or so much of its width beside it."""
    width, height = 0.75 / COLUMNS, 0.7 / ROWS
    x = min(max(0.0, (number % COLUMNS + 0.1 + beside) / COLUMNS), 1 - width)
    y = (number // COLUMNS + 0.1) / ROWS
    return (x, y, x + width, y + height)


def _found(boxes: list[Box], chance: random.Random) -> Iterator[Seen]:
    for number, (x1, y1, x2, y2) in enumerate(boxes):
        if chance.random() < MISSED:
            continue
        dx, dy = chance.gauss(0, TREMBLE) * (x2 - x1), chance.gauss(0, TREMBLE) * (y2 - y1)
        yield (x1 + dx, y1 + dy, x2 + dx, y2 + dy), 0.5 + 0.4 * chance.random(), 1 + number % 2


def _detections(seen: list[Seen]) -> Detections:
    if not seen:
        return Detections.empty(SIZE, MODEL)
    seen.sort(key=lambda one: -one[1])
    return Detections(
        xyxy=(np.array([box for box, _, _ in seen]).clip(0, 1) * (*SIZE, *SIZE)).astype(np.float32),
        score=np.array([score for _, score, _ in seen], np.float32),
        cls=np.array([cls for _, _, cls in seen], np.int64),
        size=SIZE,
        model=MODEL,
    )


def _picture(street: npt.NDArray[np.uint8], boxes: list[Box], seed: int) -> npt.NDArray[np.uint8]:
    """A street with a light body and dark windows in each box, and some noise."""
    image = street.copy()
    height, width = image.shape[:2]
    for x1, y1, x2, y2 in boxes:
        left, right, top, bottom = round(x1 * width), round(x2 * width), round(y1 * height), round(y2 * height)
        image[top:bottom, left:right] = 200
        image[top : (top + bottom) // 2, (left + right) // 2 : right] = 40
    noise = np.random.default_rng(seed).integers(0, 5, image.shape, np.uint8)
    return np.asarray(cv2.add(image, noise), np.uint8)


def _show_cost(console: Console, rows: object) -> None:
    assert isinstance(rows, list)
    table = Table("objects", "stays", "engine, ms (median)", "(p99)", "pixels, ms (median)", "(p99)")
    for row in rows:
        table.add_row(*(f"{value:.3g}" for value in row.values()))
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
