"""The engine runs for months on many cameras: what it costs, and that it does not grow."""

from __future__ import annotations

import gc
import json
import time
import tracemalloc

from tests.vision.byhand import PARKED, SHANGHAI, Seen, at, detections, moved, rules
from vision.engine import Engine
from vision.interface import StayEnded

# About ten times what was measured on one core of a small server, for machines that do other things as well.
IDLE_S, FAR_S, PARKED_S = 100e-6, 500e-6, 4e-3


def per_step(engine: Engine, shown: list[Seen], start: int, steps: int = 300) -> float:
    sample = detections(shown)
    times = []
    for i in range(steps):
        moment = at(start + 2 * i)
        before = time.thread_time()
        engine.step("gt-01", moment, sample)
        times.append(time.thread_time() - before)
    return sorted(times)[steps // 2]


def test_a_step_costs_little() -> None:
    engine = Engine([rules()], SHANGHAI)
    far: list[Seen] = [("car", 0.9, moved((0.1, 0.1, 0.2, 0.2), i / 10)) for i in range(8)]
    assert per_step(engine, [], 0) < IDLE_S
    assert per_step(engine, far, 1000) < FAR_S
    assert per_step(engine, [("car", 0.9, PARKED)], 2000) < PARKED_S


def test_memory_does_not_grow_with_time() -> None:
    """A street that is never the same, and a car that never leaves."""
    engine = Engine([rules(), rules("b", dwell="80d")], SHANGHAI)
    elsewhere = moved(PARKED, dy=1.3)

    def run(first: int, last: int) -> int:
        for i in range(first, last):
            visitor: list[Seen] = [("car", 0.8, moved(elsewhere, dx=(i // 30 % 5) / 20))] if i % 60 < 30 else []
            for camera in ("gt-01", "b"):
                engine.step(camera, at(2 * i), detections([("car", 0.9, PARKED), *visitor]))
        gc.collect()
        return len(json.dumps(engine.save()))

    run(0, 240)
    tracemalloc.start(1)
    small = run(240, 480), tracemalloc.get_traced_memory()[0]
    large = run(480, 1440), tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert large[0] < small[0] + 3000
    # Caches of the libraries come and go; one list that grows by a box a step would be over 100 kB here.
    assert large[1] < small[1] + 60_000
    assert any(isinstance(event, StayEnded) for event in engine.finish("b"))
