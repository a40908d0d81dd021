"""What is hard about a street, one condition each: a scene for every seed, with its truth.

A scene is four minutes of one camera. Vehicles come to stand in the zone of `bench.site`, some for longer than the rule
allows (72 s and more), some for clearly less (42 s at most), others only pass. Nothing here was drawn by a detector:
what stands where and when is the script's, and the pixels follow from it. Nobody drives through what stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from random import Random

from bench.accuracy.places import CROSSING, FAR, LANE, LEFT, NEAR, PAVEMENT, PLACES, RIGHT, UPHILL, Place
from tests.scenes import Actor, Encoding, Gap, Light, Look, Noise, Occluder, Scene, Shade, Stop
from tests.scenes.scene import Point

SECONDS = 240
FPS = Fraction(5)
SIZE = (768, 576)
LONG, SHORT = (72, 112), (15, 42)
"""Seconds that vehicles stand: longer than the minute that is allowed by a margin, or shorter by one."""
BETWEEN = (25, 38)
"""Seconds from one vehicle's leaving a place to the next one's arrival."""
_TINTS = (
    (1.0, 1.0, 1.0),
    (0.72, 0.72, 0.72),
    (0.8, 0.45, 0.4),
    (0.4, 0.4, 0.85),
    (0.55, 0.75, 0.6),
    (0.35, 0.35, 0.35),
)
_BESIDE = (
    replace(FAR, enter=FAR.leave[::-1]),
    replace(RIGHT, leave=RIGHT.enter[::-1]),
    replace(NEAR, leave=NEAR.enter[::-1]),
)
"""Places to which vehicles come by the side, and leave so, while the lane is taken."""
_NIGHT = Light(points=((0, 0.15),))


@dataclass(frozen=True, slots=True)
class Condition:
    """A name in two languages, and what makes a scene of it from a plain one."""

    name: str
    zh: str
    change: Callable[[Scene, Random], Scene]
    encoding: Encoding = field(default_factory=lambda: Encoding(preset="superfast", b_frames=0))
    restarts: tuple[float, ...] = ()
    """Seconds at which the engine's state is saved, and another engine goes on with it."""


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


def parked(random: Random, places: tuple[Place, ...] = PLACES) -> list[Actor]:
    """One vehicle after the other in each place; four in five of them stand for too long."""
    actors = []
    for number, place in enumerate(places):
        at = random.uniform(6, 22)
        turn = 0
        while at < SECONDS - 20:
            stands = random.uniform(*(LONG if random.random() < 0.8 else SHORT))
            actors.append(vehicle(random, f"v{number}{turn}", place, at, at + stands))
            at += stands + random.uniform(*BETWEEN)
            turn += 1
    return actors


def vehicle(
    random: Random, name: str, place: Place, arrived: float, departed: float | None, seconds: float = SECONDS
) -> Actor:
    """A vehicle that comes, stands and leaves; `departed` after the end of a scene of `seconds`: it stays."""
    at = (place.at[0] + random.uniform(-0.015, 0.015), place.at[1] + random.uniform(-0.01, 0.01))
    gone = None if departed is None or departed >= seconds - 6 else round(departed, 1)
    return Actor(
        name,
        random.choice((Look.VAN, Look.VAN, Look.CAR)),
        place.enter,
        (Stop(at, round(arrived, 1), gone),),
        place.leave,
        round(random.uniform(4, 7), 1),
        mirrored=random.random() < 0.5,
        tint=random.choice(_TINTS),
        size=random.uniform(0.92, 1.05),
    )


def passing(random: Random, count: int, prefix: str = "p", seconds: float = SECONDS) -> list[Actor]:
    """Vehicles that drive through."""
    actors = []
    for number in range(count):
        start = random.uniform(2, seconds - 14)
        path = random.choice((LANE, LANE[::-1], UPHILL))
        look, tint = random.choice((Look.VAN, Look.CAR)), random.choice(_TINTS)
        actors.append(
            Actor(f"{prefix}{number}", look, path, passes=(start, start + random.uniform(6, 10)), tint=tint, size=0.95)
        )
    return actors


def walking(random: Random, count: int, prefix: str = "w", seconds: float = SECONDS) -> list[Actor]:
    """People who walk along and across the road."""
    actors = []
    for number in range(count):
        start = random.uniform(0, seconds - 30)
        path = random.choice((PAVEMENT, PAVEMENT[::-1], CROSSING))
        passes = (start, start + random.uniform(20, 28))
        actors.append(Actor(f"{prefix}{number}", Look.WALKER, path, passes=passes))
    return actors


def _as_it_is(scene: Scene, random: Random) -> Scene:
    return scene


def _night(scene: Scene, random: Random) -> Scene:
    return replace(scene, light=_NIGHT)


def _headlights(scene: Scene, random: Random) -> Scene:
    """Night, and cars with their lights on drive past those that stand, all the time."""
    return replace(scene, light=_NIGHT, actors=(*scene.actors, *passing(random, 18, "q")))


def _dusk(scene: Scene, random: Random) -> Scene:
    return replace(scene, light=Light(points=((0, 1.0), (SECONDS, 0.18))))


def _rain(scene: Scene, random: Random) -> Scene:
    return replace(scene, noise=Noise(sigma=3, rain=1.0), light=Light(points=((0, 0.6),)))


def _fog(scene: Scene, random: Random) -> Scene:
    return replace(scene, noise=Noise(fog=random.uniform(0.35, 0.6)))


def _cloud(scene: Scene, random: Random) -> Scene:
    """Clouds whose shadows wander over the street, half a minute each."""
    starts = (random.uniform(10, 40), random.uniform(80, 110), random.uniform(150, 180))
    shades = tuple(Shade((s, s + random.uniform(25, 45)), random.uniform(0.5, 1.0), 0.45) for s in starts)
    return replace(scene, shades=shades)


def _hard_shadow(scene: Scene, random: Random) -> Scene:
    """The shadow of a house creeps over what stands, with a hard edge."""
    start = random.uniform(-200, -60)
    return replace(scene, shades=(Shade((start, start + 600), 0.5, 0.4, soft=0.004),))


def _shake(scene: Scene, random: Random) -> Scene:
    return replace(scene, noise=Noise(sigma=2, shake=random.uniform(1.5, 3)))


def _drift(scene: Scene, random: Random) -> Scene:
    """The camera's mount gives way: some pixels a minute."""
    return replace(scene, noise=Noise(drift=random.choice((-1, 1)) * random.uniform(2, 4)))


def _pumping(scene: Scene, random: Random) -> Scene:
    return replace(scene, light=Light(points=((0, 0.8),), pumping=0.25, pumping_period=random.uniform(5, 12)))


def _lamps_on(scene: Scene, random: Random) -> Scene:
    on, off = random.uniform(60, 90), random.uniform(150, 190)
    return replace(scene, light=Light(points=((0, 0.15), (on, 0.15), (on + 0.4, 0.5), (off, 0.5), (off + 0.4, 0.15))))


def _bus(scene: Scene, random: Random) -> Scene:
    """A bus stops before standing vehicles for most of a minute, twice."""
    occluders = []
    for start in (random.uniform(30, 50), random.uniform(135, 155)):
        hold, y = random.uniform(30, 45), 0.76
        path = ((1.5, y), (random.uniform(0.55, 0.75), y), (-0.5, y))
        occluders.append(Occluder(path, (start, start + hold + 10), hold, size=1.3))
    return replace(scene, occluders=tuple(occluders))


def _busy(scene: Scene, random: Random) -> Scene:
    """Traffic and people between those that stand, all the time."""
    return replace(scene, actors=(*scene.actors, *passing(random, 22, "q"), *walking(random, 9, "x")))


def _gaps(scene: Scene, random: Random) -> Scene:
    """Twice the recording has a hole of up to 40 s."""
    first, second = random.uniform(50, 90), random.uniform(150, 190)
    gaps = (Gap(first, first + random.uniform(11, 22)), Gap(second, second + random.uniform(11, 40)))
    return replace(scene, gaps=gaps)


RESTART_S = 110.0


def _restart(scene: Scene, random: Random) -> Scene:
    """The service restarts: a hole of some seconds, and an engine that goes on with what another one saved."""
    return replace(scene, gaps=(Gap(RESTART_S - random.uniform(5, 15), RESTART_S),))


def _look_alikes(scene: Scene, random: Random) -> Scene:
    """Where one leaves, another of the same make comes to stand, within seconds."""
    actors: list[Actor] = []
    for number, place in enumerate(PLACES[:3]):
        at = random.uniform(8, 25)
        look, tint = random.choice((Look.VAN, Look.CAR)), random.choice(_TINTS)
        for turn in range(2):
            stands = random.uniform(75, 95)
            one = vehicle(random, f"v{number}{turn}", place, at, at + stands)
            actors.append(replace(one, look=look, tint=tint, size=1.0, mirrored=False, approach=4))
            at += stands + random.uniform(9, 16)
    return replace(scene, actors=(*actors, *passing(random, 3, "q")))


def _queue(scene: Scene, random: Random) -> Scene:
    """A queue creeps between those that stand: it takes most of a minute through the zone, and nobody in it parks."""
    actors = [actor for actor in scene.actors if not actor.name.startswith("p")]
    start = random.uniform(-60, -20)
    for number in range(9):
        tint = random.choice(_TINTS)
        actors.append(Actor(f"q{number}", Look.CAR, LANE, passes=(start, start + 95), tint=tint, size=0.95))
        start += random.uniform(24, 32)
    return replace(scene, actors=tuple(actors))


def _red_light(scene: Scene, random: Random) -> Scene:
    """A light stops the lane three times, for less than a minute, beside those that park."""
    actors: list[Actor] = [*parked(random, _BESIDE), *walking(random, 3)]
    red = random.uniform(8, 20)
    for phase in range(3):
        green = red + random.uniform(38, 46)
        for number, at in enumerate(((0.24, 0.41), (0.47, 0.43), (0.735, 0.51))):
            # The first one comes first, and drives on first.
            stop = Stop(at, round(red + 3 * number, 1), round(green + 1.5 * number, 1), kind=None)
            actors.append(_waiting(random, f"q{phase}{number}", (Look.VAN, Look.CAR), stop))
        red = green + random.uniform(26, 34)
    return replace(scene, actors=tuple(actors))


def _jam(scene: Scene, random: Random) -> Scene:
    """Traffic in the lane comes to stand, all of it, for longer than parking is allowed, beside those that park."""
    actors: list[Actor] = [*parked(random, _BESIDE), *walking(random, 3)]
    count, stands = random.randint(3, 6), random.uniform(75, 150)
    stopped = random.uniform(12, SECONDS - stands - 30)
    comes, goes = (random.uniform(10, 20) / (count - 1) for _ in range(2))
    for number in range(count):
        # From the front of it, which comes first and sets off first, to the rear.
        at = _on_lane(0.735 - 0.105 * (count - 1 - number))
        stop = Stop(at, round(stopped + comes * number, 1), round(stopped + stands + goes * number, 1), kind=None)
        actors.append(_waiting(random, f"q{number}", (Look.CAR,), stop))
    return replace(scene, actors=tuple(actors))


def _on_lane(x: float) -> Point:
    """The point of the lane there."""
    (x1, y1), (x2, y2) = next((a, b) for a, b in pairwise(LANE) if b[0] <= x <= a[0])
    return x, round(y1 + (y2 - y1) * (x - x1) / (x2 - x1), 4)


def _waiting(random: Random, name: str, looks: tuple[Look, ...], stop: Stop) -> Actor:
    """One that drives along the lane, has to wait in it, and drives on."""
    before = sum(x > stop.at[0] for x, _ in LANE)
    look = random.choice(looks)
    return Actor(name, look, LANE[:before], (stop,), LANE[before:], 5, tint=random.choice(_TINTS), size=0.95)


def _moves_on(scene: Scene, random: Random) -> Scene:
    """Stops twice in the zone, a car's length and more apart: two stays, each judged by itself."""
    actors: list[Actor] = []
    for number, (first, then) in enumerate(((LEFT, NEAR), (FAR, RIGHT))):
        arrived = random.uniform(8, 25)
        moved = arrived + random.uniform(75, 90)
        again = moved + random.uniform(4, 8)
        gone = again + random.uniform(75, 85)
        stops = (Stop(first.at, round(arrived, 1), round(moved, 1)), Stop(then.at, round(again, 1), round(gone, 1)))
        look, tint = random.choice((Look.VAN, Look.CAR)), random.choice(_TINTS)
        actors.append(Actor(f"v{number}", look, first.enter, stops, then.leave, 5, tint=tint))
    return replace(scene, actors=(*actors, *passing(random, 5, "q"), *walking(random, 2, "x")))


def _hidden_departure(scene: Scene, random: Random) -> Scene:
    """It leaves behind a bus that stands before it."""
    arrived = random.uniform(10, 25)
    departed = arrived + random.uniform(85, 110)
    leaves = replace(vehicle(random, "v0", NEAR, arrived, departed), leave=((0.86, 0.73), (1.14, 0.92)), approach=4)
    bus = Occluder(((-0.5, 0.77), (0.68, 0.77), (1.6, 0.77)), (departed - 18, departed + 26), 34, size=1.3)
    others = parked(random, (FAR, LEFT))
    return replace(scene, actors=(leaves, *_named(others, "o"), *walking(random, 2, "x")), occluders=(bus,))


def _tow(scene: Scene, random: Random) -> Scene:
    """What stood too long is taken away slowly: it is half a minute on its way out."""
    actors = [replace(a, leaving=random.uniform(22, 32)) if a.stops else a for a in scene.actors]
    return replace(scene, actors=tuple(actors))


def _named(actors: list[Actor], prefix: str) -> list[Actor]:
    return [replace(actor, name=f"{prefix}{number}") for number, actor in enumerate(actors)]


_COARSE = Encoding(preset="superfast", b_frames=0, crf=38)

CONDITIONS = {
    one.name: one
    for one in (
        Condition("day", "白天", _as_it_is),
        Condition("night", "夜间", _night),
        Condition("look-alikes", "同款车接替停放", _look_alikes),
        Condition("rain", "雨", _rain),
        Condition("bus", "公交车遮挡", _bus),
        Condition("gaps", "录像缺失", _gaps),
        Condition("red-light", "红灯排队", _red_light),
        Condition("fog", "雾", _fog),
        Condition("queue", "缓行车流", _queue),
        Condition("jam", "堵车", _jam),
        Condition("shake", "镜头抖动", _shake),
        Condition("cloud", "云影移动", _cloud),
        Condition("headlights", "夜间车灯", _headlights),
        Condition("moves-on", "挪位再停", _moves_on),
        Condition("busy", "车流繁忙", _busy),
        Condition("restart", "服务重启", _restart, restarts=(RESTART_S,)),
        Condition("dusk", "黄昏", _dusk),
        Condition("hidden-departure", "遮挡中驶离", _hidden_departure),
        Condition("drift", "视角漂移", _drift),
        Condition("tow", "缓慢拖离", _tow),
        Condition("hard-shadow", "硬阴影", _hard_shadow),
        Condition("pumping", "曝光起伏", _pumping),
        Condition("lamps-on", "路灯开关", _lamps_on),
        Condition("coarse", "低码率", _as_it_is, _COARSE),
    )
}
