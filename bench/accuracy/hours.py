"""A scene of hours: a day that turns into night, lamps that come on, and vehicles that stand for most of an hour.

It is cheap: one frame a second, of which every other one is a keyframe, and what does not move is not drawn again.
"""

from __future__ import annotations

import gc
import json
import resource
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from bench.accuracy.conditions import CONDITIONS, SHORT, Condition, passing, vehicle, walking
from bench.accuracy.places import PLACES
from streams.instant import NS_PER_S
from streetproof.batch.observations import read_observations
from streetproof.course import Course
from tests.scenes import Actor, Encoding, Light, Scene

if TYPE_CHECKING:
    from streetproof.batch.observe import Observed
    from streetproof.settings.site import Site

NAME = "hours-"
FPS = Fraction(1)
_STAY_S = (20 * 60, 70 * 60)
_AWAY_S = (60, 300)
"""Between one vehicle's leaving a place and the next one's arrival."""
_BRIEF = 0.3
"""Share of the vehicles that stand for less than a minute."""
_PASSING_S, _WALKING_S = 60, 90
"""One vehicle drives through in so many seconds, and somebody walks by."""
_DUSK, _NIGHT, _LAMPS = 0.4, 0.6, 0.65
"""When the light begins to go, is gone, and the lamps come on, as shares of the scene."""
_SAMPLE_S = 600


@dataclass(frozen=True, slots=True)
class Kept:
    """What the engine held after so many seconds of footage."""

    second: int
    state_bytes: int
    """Of its saved state, as JSON."""
    objects: int
    """Python's, of the whole process."""


def name_of(hours: float) -> str:
    """The condition's name."""
    return f"{NAME}{hours:g}"


def is_condition(name: str) -> bool:
    """Whether `condition_of` knows it."""
    return name in CONDITIONS or name.startswith(NAME)


@cache
def condition_of(name: str) -> Condition:
    """One of `CONDITIONS`, or a scene of hours: `hours-2`. Raises KeyError for any other name."""
    if name in CONDITIONS or not name.startswith(NAME):
        return CONDITIONS[name]
    hours = float(name.removeprefix(NAME))

    def change(scene: Scene, random: Random) -> Scene:
        return _long(scene, random, hours * 3600)

    return Condition(name, f"{hours:g} 小时，昼转夜", change, Encoding(preset="superfast", b_frames=0))


def in_table(names: Iterable[str]) -> list[str]:
    """Names of conditions, each once, in the order of `CONDITIONS`, those of hours last."""
    known = list(CONDITIONS)
    return sorted(set(names), key=lambda name: (known.index(name) if name in CONDITIONS else len(known), name))


def _long(scene: Scene, random: Random, seconds: float) -> Scene:
    actors: list[Actor] = []
    for number, place in enumerate(PLACES):
        at, turn = random.uniform(20, 400), 0
        while at < seconds - 120:
            stands = random.uniform(*(SHORT if random.random() < _BRIEF else _STAY_S))
            actors.append(vehicle(random, f"v{number}{turn}", place, at, at + stands, seconds))
            at += stands + random.uniform(*_AWAY_S)
            turn += 1
    actors += passing(random, int(seconds / _PASSING_S), seconds=seconds)
    actors += walking(random, int(seconds / _WALKING_S), seconds=seconds)
    on = seconds * _LAMPS
    light = Light(points=((0, 1.0), (seconds * _DUSK, 1.0), (seconds * _NIGHT, 0.15), (on, 0.15), (on + 1, 0.4)))
    return replace(scene, seconds=seconds, fps=FPS, actors=tuple(actors), light=light)


def kept(site: Site, seen: Observed) -> list[Kept]:
    """What the engine holds while it judges observations, every ten minutes of them: it must not grow with time."""
    rules = site.rules_of(site.cameras[0])
    course = Course(rules, site.site.zone)
    course.begin(seen.sha256, str(seen.path))
    found: list[Kept] = []
    start: int | None = None
    for one in read_observations(seen.file):
        start = one.at.utc_ns if start is None else start
        course.see(one.at, one.detections, one.pixels)
        if one.at.utc_ns - start >= (len(found) + 1) * _SAMPLE_S * NS_PER_S:
            state = len(json.dumps(course.engine.save()))
            gc.collect()
            found.append(Kept((one.at.utc_ns - start) // NS_PER_S, state, len(gc.get_objects())))
    return found


@contextmanager
def resident(path: Path) -> Iterator[None]:
    """Samples this process's resident memory once a second, and writes it to `path` at the end: bytes, in order."""
    done, samples = threading.Event(), list[int]()

    def sample() -> None:
        while not done.wait(1):
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
            samples.append(pages * resource.getpagesize())

    watcher = threading.Thread(target=sample, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(samples), encoding="utf-8")


def resident_mib(path: Path) -> list[float]:
    """Resident memory while a recording was looked at: after each tenth of that time, in MiB; empty: not measured."""
    samples = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return [samples[len(samples) * tenth // 10 - 1] / 2**20 for tenth in range(1, 11)] if len(samples) > 10 else []
