"""The recording that everything is measured on: a sparse 1080p25 street, made once and kept by a key of its content."""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from tests.scenes import Actor, Encoding, Look, Noise, Scene, SceneFiles, Stop, compose, truth_of
from tests.scenes.cutouts import CLIP
from tests.scenes.scene import Point

FPS = Fraction(25)
SIZE = (1920, 1080)
# About 3 Mbit/s with keyframes of 250 kB: what a 1080p street camera sends.
ENCODING = Encoding(crf=22, preset="veryfast", b_frames=2)
MINUTE = 60
_BASE = 10
"""Minutes that are rendered."""
_SOURCES = ("scene", "motion", "stage", "cutouts", "repaint", "drawn", "render", "weather", "compose")

# Every ten minutes: four vehicles that park for longer than is allowed, one that stops for less, some that only pass,
# some people. Something moves in about a quarter of the time. (arrives, leaves) in seconds.
_SILVER, _BLUE, _RED = (0.72, 0.72, 0.72), (0.8, 0.45, 0.4), (0.4, 0.4, 0.85)
_EAST: tuple[Point, ...] = ((1.12, 0.86), (0.97, 0.62))
_WEST: tuple[Point, ...] = ((-0.12, 0.44), (0.1, 0.46))
_AWAY: tuple[Point, ...] = ((0.9, 0.25), (1.04, 0.06))
_PARKED = (
    ("van", Look.VAN, _EAST, (0.80, 0.40), 45, 215, False, (1.0, 1.0, 1.0)),
    ("silver-van", Look.VAN, _WEST, (0.52, 0.52), 120, 310, False, _SILVER),
    ("car", Look.CAR, _EAST, (0.70, 0.64), 335, 455, False, _RED),
    ("blue-van", Look.VAN, _EAST, (0.86, 0.52), 400, 560, True, _BLUE),
)
_PASSING = ((20, Look.VAN), (75, Look.CAR), (160, Look.VAN), (250, Look.CAR), (380, Look.VAN), (480, Look.CAR))
_WALKING = (10, 190, 350, 510)
_BRIEF = (260, 290)
"""A stop that the rule allows."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The footage, its truth, and the script both came from."""

    scene: Scene
    files: SceneFiles


def street(minutes: int) -> Scene:
    """The script for `minutes` minutes."""
    actors: list[Actor] = []
    seconds = minutes * MINUTE
    for block in range(0, seconds, 10 * MINUTE):
        for name, look, enter, at, arrived, departed, mirrored, tint in _PARKED:
            if block + arrived < seconds:
                stop = Stop(at, block + arrived, block + departed)
                actors.append(Actor(f"{name}-{block}", look, enter, (stop,), _AWAY, 5, None, mirrored, tint))
        for start, look in _PASSING:
            path = (*_EAST, (0.8, 0.4), *_AWAY) if look is Look.VAN else (*_WEST, (0.5, 0.5), *_AWAY)
            actors.append(Actor(f"pass-{block + start}", look, path, passes=(block + start, block + start + 7)))
        brief = (Stop((0.62, 0.50), block + _BRIEF[0], block + _BRIEF[1]),)
        actors.append(Actor(f"brief-{block}", Look.CAR, _EAST, brief, _AWAY, 5))
        for start in _WALKING:
            path = ((1.05, 0.75), (0.55, 0.58), (-0.05, 0.44))
            actors.append(Actor(f"walk-{block + start}", Look.WALKER, path, passes=(block + start, block + start + 25)))
    return Scene(
        camera="bench-1", seconds=seconds, fps=FPS, size=SIZE, seed=2, actors=tuple(actors), noise=Noise(sigma=2)
    )


def recording(minutes: int, folder: Path) -> Recording:
    """The recording in `folder`, made first if it is not there: ten minutes of it in about five, on two cores.

    `minutes` above ten must be a multiple of ten; the first ten minutes then come again and again.
    """
    base, scene = street(min(minutes, _BASE)), street(minutes)
    first = folder / f"street-{min(minutes, _BASE)}min-{key(base, ENCODING)}.mp4"
    out = folder / f"street-{minutes}min-{key(base, ENCODING)}.mp4"
    folder.mkdir(parents=True, exist_ok=True)
    if not first.exists():
        _make(base, first)
    if not out.exists():
        # The script repeats itself every ten minutes, so its packets may.
        _join([first] * (minutes // _BASE), out, Fraction(base.seconds))
    truth = out.with_name(f"{out.stem}.truth.json")
    truth.write_text(json.dumps(truth_of(scene), indent=1) + "\n", encoding="utf-8")
    return Recording(scene, SceneFiles(out, truth))


def key(scene: Scene, encoding: Encoding) -> str:
    """A name for the pixels that composing `scene` gives: of the script, and of everything that draws it."""
    digest = hashlib.sha256(repr((scene, encoding, av.__version__)).encode())
    digest.update(CLIP.read_bytes())
    for module in _SOURCES:
        digest.update((CLIP.parents[3] / "tests" / "scenes" / f"{module}.py").read_bytes())
    return digest.hexdigest()[:12]


def _make(scene: Scene, out: Path) -> None:
    """Encodes minute by minute on all cores, and joins the packets without touching them."""
    minutes = int(scene.seconds) // MINUTE
    parts = [out.with_name(f"{out.stem}.part{i}.mp4") for i in range(minutes)]
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(_make_part, [scene] * minutes, range(minutes), parts))
    _join(parts, out)
    for part in parts:
        part.unlink()
        part.with_name(f"{part.stem}.truth.json").unlink()


def _make_part(scene: Scene, minute: int, out: Path) -> None:
    compose(scene, out, ENCODING, frames=range(minute * MINUTE * int(FPS), (minute + 1) * MINUTE * int(FPS)))


def _join(parts: list[Path], out: Path, repeat_after: Fraction = Fraction(0)) -> None:
    """Writes the packets of `parts` one after the other; each part's times grow by `repeat_after` seconds per part."""
    partial = out.with_name(f"{out.stem}.partial.mp4")
    with av.open(partial, "w", options={"movflags": "+faststart"}) as target:
        stream = None
        for number, part in enumerate(parts):
            with av.open(part) as source:
                given = source.streams.video[0]
                if stream is None:
                    stream = target.add_stream_from_template(given)
                    target.metadata.update({"creation_time": source.metadata["creation_time"]})
                shift = int(number * repeat_after / given.time_base)
                for packet in source.demux(given):
                    if packet.dts is not None:
                        packet.pts += shift
                        packet.dts += shift
                        packet.stream = stream
                        target.mux(packet)
    partial.replace(out)
