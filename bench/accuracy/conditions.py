"""What is hard about a street, one condition each: a scene for every seed, with its truth.

A scene is four minutes of one camera. Vehicles come to stand in the zone of `bench.site`, some for longer than the rule
allows (70 s and more), some for clearly less (45 s at most), others only pass. Nothing here was drawn by a detector:
what stands where and when is the script's, and the pixels follow from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from random import Random

from tests.scenes import Actor, Encoding, Gap, Light, Look, Noise, Occluder, Scene, Stop
from tests.scenes.scene import Point

SECONDS = 240
FPS = Fraction(5)
SIZE = (768, 576)
LONG, SHORT = (72, 170), (15, 42)
"""Seconds that vehicles stand: longer than the minute that is allowed by a margin, or shorter by one."""

SPOTS: tuple[Point, ...] = ((0.80, 0.40), (0.50, 0.50), (0.88, 0.56), (0.66, 0.62))
_EAST: tuple[Point, ...] = ((1.14, 0.86), (0.99, 0.64))
_WEST: tuple[Point, ...] = ((-0.14, 0.44), (0.12, 0.46))
_AWAY: tuple[Point, ...] = ((0.9, 0.25), (1.06, 0.06))
_TINTS = (
    (1.0, 1.0, 1.0),
    (0.72, 0.72, 0.72),
    (0.8, 0.45, 0.4),
    (0.4, 0.4, 0.85),
    (0.55, 0.75, 0.6),
    (0.35, 0.35, 0.35),
)


@dataclass(frozen=True, slots=True)
class Condition:
    """A name, and what makes a scene of it from a plain one."""

    name: str
    change: Callable[[Scene, Random], Scene]
    encoding: Encoding = field(default_factory=lambda: Encoding(preset="veryfast", b_frames=0))


def scene(condition: Condition, seed: int) -> Scene:
    """The scene of one condition and seed."""
    random = Random(f"{condition.name}/{seed}")
    base = Scene(
        camera=f"{condition.name}-{seed}",
        seconds=SECONDS,
        fps=FPS,
        size=SIZE,
        seed=seed,
        condition=condition.name,
        actors=(*parked(random), *passing(random, 5), *walking(random, 3)),
    )
    return condition.change(base, random)


def parked(random: Random) -> list[Actor]:
    """One vehicle a spot, two where time allows; four in five of them for too long."""
    actors = []
    for number, spot in enumerate(SPOTS):
        at = random.uniform(8, 60)
        turn = 0
        while at < SECONDS - 20:
            stands = random.uniform(*(LONG if random.random() < 0.8 else SHORT))
            actors.append(vehicle(random, f"v{number}{turn}", spot, at, at + stands))
            at += stands + random.uniform(25, 60)
            turn += 1
    return actors


def vehicle(random: Random, name: str, spot: Point, arrived: float, departed: float | None, **more: object) -> Actor:
    """A vehicle that comes, stands and leaves; `departed` after the end of the scene: it stays."""
    place = (spot[0] + random.uniform(-0.02, 0.02), spot[1] + random.uniform(-0.015, 0.015))
    gone = None if departed is None or departed >= SECONDS - 6 else round(departed, 1)
    stop = Stop(place, round(arrived, 1), gone, kind="no_parking")
    return Actor(
        name,
        random.choice((Look.VAN, Look.VAN, Look.CAR)),
        random.choice((_EAST, _WEST)),
        (stop,),
        _AWAY,
        random.uniform(3, 6),
        None,
        random.random() < 0.5,
        random.choice(_TINTS),
        random.uniform(0.9, 1.1),
        **more,  # type: ignore[arg-type]
    )


def passing(random: Random, count: int) -> list[Actor]:
    """Vehicles that drive through."""
    actors = []
    for number in range(count):
        start = random.uniform(2, SECONDS - 12)
        path = (*_EAST, (0.8, 0.4), *_AWAY) if random.random() < 0.5 else (*_WEST, (0.5, 0.5), *_AWAY)
        look = random.choice((Look.VAN, Look.CAR))
        actors.append(
            Actor(f"p{number}", look, path, passes=(start, start + random.uniform(5, 9)), tint=random.choice(_TINTS))
        )
    return actors


def walking(random: Random, count: int) -> list[Actor]:
    """People who cross the road."""
    path = ((1.05, 0.75), (0.55, 0.58), (-0.05, 0.44))
    starts = [random.uniform(0, SECONDS - 30) for _ in range(count)]
    return [Actor(f"w{n}", Look.WALKER, path, passes=(s, s + random.uniform(22, 30))) for n, s in enumerate(starts)]


def _as_it_is(scene: Scene, random: Random) -> Scene:
    return scene


def _night(scene: Scene, random: Random) -> Scene:
    return replace(scene, light=Light(points=((0, 0.15),)))


def _dusk(scene: Scene, random: Random) -> Scene:
    return replace(scene, light=Light(points=((0, 1.0), (SECONDS, 0.18))))


def _rain(scene: Scene, random: Random) -> Scene:
    return replace(scene, noise=Noise(sigma=3, rain=1.0), light=Light(points=((0, 0.6),)))


def _shake(scene: Scene, random: Random) -> Scene:
    return replace(scene, noise=Noise(sigma=2, shake=random.uniform(1.5, 3)))


def _pumping(scene: Scene, random: Random) -> Scene:
    return replace(scene, light=Light(points=((0, 0.8),), pumping=0.25, pumping_period=random.uniform(5, 12)))


def _lamps_on(scene: Scene, random: Random) -> Scene:
    on, off = random.uniform(60, 90), random.uniform(150, 190)
    return replace(scene, light=Light(points=((0, 0.15), (on, 0.15), (on + 0.4, 0.5), (off, 0.5), (off + 0.4, 0.15))))


def _bus(scene: Scene, random: Random) -> Scene:
    """A bus stops before a standing vehicle for most of a minute, twice."""
    occluders = []
    for start in (random.uniform(40, 60), random.uniform(140, 160)):
        hold = random.uniform(35, 55)
        y = 0.72
        occluders.append(
            Occluder(((1.3, y), (random.uniform(0.55, 0.8), y), (-0.3, y)), (start, start + hold + 10), hold, size=0.8)
        )
    return replace(scene, occluders=tuple(occluders))


def _busy(scene: Scene, random: Random) -> Scene:
    """Traffic and people in front of what stands, all the time."""
    return replace(
        scene, actors=(*scene.actors, *_renamed(passing(random, 22), "q"), *_renamed(walking(random, 9), "x"))
    )


def _gaps(scene: Scene, random: Random) -> Scene:
    first, second = random.uniform(50, 90), random.uniform(140, 180)
    return replace(
        scene, gaps=(Gap(first, first + random.uniform(12, 40)), Gap(second, second + random.uniform(12, 40)))
    )


def _look_alikes(scene: Scene, random: Random) -> Scene:
    """Where one leaves, another of the same make comes to stand, within seconds."""
    actors: list[Actor] = []
    for number, spot in enumerate(SPOTS[:3]):
        at = random.uniform(8, 25)
        look, tint = random.choice((Look.VAN, Look.CAR)), random.choice(_TINTS)
        for turn in range(2):
            stands = random.uniform(75, 95)
            one = vehicle(random, f"v{number}{turn}", spot, at, at + stands)
            actors.append(replace(one, look=look, tint=tint, size=1.0, mirrored=False, approach=3))
            at += stands + random.uniform(9, 16)
    return replace(scene, actors=(*actors, *_renamed(passing(random, 3), "q")))


def _queue(scene: Scene, random: Random) -> Scene:
    """A queue creeps along the road before those that stand: no vehicle in it parks."""
    actors = [actor for actor in scene.actors if not actor.name.startswith("p")]
    lane: tuple[Point, ...] = ((-0.2, 0.66), (0.5, 0.70), (1.25, 0.74))
    for number in range(9):
        start = number * 16.0
        actors.append(Actor(f"q{number}", Look.CAR, lane, passes=(start, start + 80), tint=random.choice(_TINTS)))
    return replace(scene, actors=tuple(actors))


def _moves_on(scene: Scene, random: Random) -> Scene:
    """Stops twice in the zone, a car's length and more apart: two stays, each judged by itself."""
    actors: list[Actor] = []
    for number, (first, then) in enumerate(((SPOTS[1], SPOTS[3]), (SPOTS[0], SPOTS[2]))):
        arrived = random.uniform(8, 25)
        moved = arrived + random.uniform(75, 90)
        again = moved + random.uniform(4, 8)
        gone = again + random.uniform(75, 85)
        stops = (Stop(first, round(arrived, 1), round(moved, 1)), Stop(then, round(again, 1), round(gone, 1)))
        look, tint = random.choice((Look.VAN, Look.CAR)), random.choice(_TINTS)
        actors.append(Actor(f"v{number}", look, _WEST, stops, _AWAY, 4, None, False, tint))
    return replace(scene, actors=(*actors, *_renamed(passing(random, 5), "q"), *_renamed(walking(random, 2), "x")))


def _hidden_departure(scene: Scene, random: Random) -> Scene:
    """It leaves behind a bus that stands before it."""
    actors: list[Actor] = []
    occluders: list[Occluder] = []
    for number, spot in enumerate((SPOTS[1], SPOTS[0])):
        arrived = random.uniform(8, 20) + 15 * number
        departed = arrived + random.uniform(80, 100)
        one = vehicle(random, f"v{number}", spot, arrived, departed)
        actors.append(replace(one, leave=((spot[0] + 0.05, spot[1] - 0.12), *_AWAY)))
        if number == 0:
            stop = (spot[0] + 0.02, 0.66)
            occluders.append(Occluder(((-0.4, 0.66), stop, (1.4, 0.66)), (departed - 20, departed + 25), 35, size=0.8))
    return replace(scene, actors=(*actors, *_renamed(walking(random, 2), "x")), occluders=tuple(occluders))


def _renamed(actors: list[Actor], prefix: str) -> list[Actor]:
    return [replace(actor, name=f"{prefix}{number}") for number, actor in enumerate(actors)]


_COARSE = Encoding(preset="veryfast", b_frames=0, crf=38)

CONDITIONS = {
    one.name: one
    for one in (
        Condition("day", _as_it_is),
        Condition("night", _night),
        Condition("dusk", _dusk),
        Condition("rain", _rain),
        Condition("shake", _shake),
        Condition("pumping", _pumping),
        Condition("lamps-on", _lamps_on),
        Condition("bus", _bus),
        Condition("busy", _busy),
        Condition("gaps", _gaps),
        Condition("look-alikes", _look_alikes),
        Condition("queue", _queue),
        Condition("moves-on", _moves_on),
        Condition("hidden-departure", _hidden_departure),
        Condition("coarse", _as_it_is, _COARSE),
    )
}
