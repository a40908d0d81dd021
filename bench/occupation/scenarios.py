"""What a rule about taken ground has to tell apart, one scenario each: a pavement for every seed, with its truth.

A scene is five minutes of one camera. What takes ground does so for 100 s and more (the rule allows 60 s), or for
clearly less.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from random import Random

from bench.occupation.actors import SECONDS, Part, figure, goods, heap, parasol, passing, queue, stall
from tests.scenes import Encoding, Light, Noise, Scene, Shade
from tests.scenes.pavement import KERB, SHOPS, Blocks, Cast, Pavement, Piece, Puddle, Thing, Vehicle

FPS = Fraction(5, 2)
SIZE = (768, 576)
_NIGHT = Light(points=((0, 0.15),))
Change = Callable[[Scene, Random], Scene]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A name in two languages, what happens, and in what light and weather."""

    name: str
    zh: str
    happens: Callable[[Random], list[Part]]
    change: Change | None = None
    sun: float = 0.0
    encoding: Encoding = field(default_factory=lambda: Encoding(preset="superfast", b_frames=0))


def pavement(scenario: Scenario, seed: int) -> Pavement:
    """The pavement of one scenario and seed."""
    random = Random(f"occupation/{scenario.name}/{seed}")
    parts = scenario.happens(random)
    view = Scene(
        camera=f"{scenario.name}-{seed}",
        seconds=SECONDS,
        fps=FPS,
        size=SIZE,
        seed=seed,
        condition=scenario.name,
    )
    if scenario.change is not None:
        view = scenario.change(view, random)
    return Pavement(
        view,
        tuple(thing for part in parts for thing in part.things),
        tuple(taking for part in parts for taking in part.takings),
        sun=scenario.sun,
    )


def _goods(random: Random) -> list[Part]:
    first, second = random.sample(SHOPS[:3], 2)
    return [
        goods(random, "g0", first, random.uniform(25, 45)),
        goods(random, "g1", second, random.uniform(60, 95), leaves=random.random() < 0.5),
        passing(random, 7),
    ]


def _stall(random: Random) -> list[Part]:
    leaves = random.uniform(120, 160)
    return [
        stall(random, "s0", random.uniform(6.5, 8.5), random.uniform(40, 55), stays=leaves),
        stall(random, "s1", random.uniform(12.5, 15.5), random.uniform(75, 100)),
        passing(random, 7),
    ]


def _umbrella(random: Random) -> list[Part]:
    return [
        parasol(random, "p0", random.uniform(6.5, 9), random.uniform(30, 50), leaves=random.random() < 0.5),
        parasol(random, "p1", random.uniform(13, 16), random.uniform(70, 110)),
        passing(random, 7),
    ]


def _heap(random: Random) -> list[Part]:
    return [
        heap(random, "h0", random.uniform(6.5, 9), random.uniform(30, 50), leaves=random.random() < 0.5),
        heap(random, "h1", random.uniform(12.5, 16), random.uniform(70, 110)),
        passing(random, 7),
    ]


def _mixed(random: Random) -> list[Part]:
    """One of each, and people in line at the shop in between."""
    near, far = (SHOPS[0], SHOPS[2]) if random.random() < 0.5 else (SHOPS[1], SHOPS[2])
    places = [random.uniform(6.3, 7.5), random.uniform(11, 12.5), random.uniform(15.5, 17)]
    random.shuffle(places)
    return [
        goods(random, "g0", near, random.uniform(25, 50)),
        stall(random, "s0", places[0], random.uniform(45, 70)),
        parasol(random, "p0", places[1], random.uniform(60, 100)),
        heap(random, "h0", places[2], random.uniform(75, 110)),
        queue(random, far),
        passing(random, 5),
    ]


def _puddle(random: Random) -> list[Part]:
    """Somebody empties a bucket, a gutter overflows: water that grows and stays."""
    puddles = [
        Thing(f"water{n}", Puddle(random.uniform(0.8, 1.3), random.uniform(20, 70), random.randrange(99)), ((t, x, y),))
        for n, (t, x, y) in enumerate((
            (random.uniform(20, 40), random.uniform(6, 9), random.uniform(7.2, 8.8)),
            (random.uniform(60, 100), random.uniform(11.5, 15), random.uniform(5.6, 7.0)),
        ))
    ]  # fmt: skip
    return [Part(tuple(puddles)), passing(random, 7)]


def _queue(random: Random) -> list[Part]:
    return [queue(random, random.choice(SHOPS[1:3])), passing(random, 7)]


def _bin(random: Random) -> list[Part]:
    """A container has stood by the kerb all the time; a cleaner pulls it some metres along."""
    wide, deep, high = random.choice(((1.36, 0.77, 1.15), (1.36, 0.77, 1.15), (1.2, 0.7, 1.1)))
    x, y = random.uniform(9, 11), KERB + 0.7
    moves, way = random.uniform(70, 120), random.choice((-1, 1)) * random.uniform(3, 4.5)
    done = moves + abs(way) / 0.6
    container = Thing(
        "bin",
        Blocks((Piece(wide, deep, high, "bin", random.randrange(99)),)),
        ((-1.0, x, y), (moves, x, y), (done, x + way, y)),
    )
    side = wide / 2 + 0.45 if way > 0 else -wide / 2 - 0.45
    cleaner = Thing(
        "cleaner",
        figure(random),
        (
            (moves - 22, 36.0 if way > 0 else -1.5, 7.2),
            (moves - 3, x + side, y + 0.9),
            (moves - 1.5, x + side, y + 0.1),
            (moves, x + side, y + 0.1),
            (done, x + way + side, y + 0.1),
            (done + 2, x + way + side, y + 0.9),
            (done + 24, 36.0 if way < 0 else -1.5, 7.2),
        ),
        done + 24,
    )
    return [Part((container, cleaner)), passing(random, 7)]


def _vehicle(random: Random) -> list[Part]:
    """A van parks with two wheels on the pavement, a car beside the kerb: for another rule, not for this one."""
    things = []
    for n, (look, x, y) in enumerate((("van", random.uniform(15, 19), 5.1), ("car", random.uniform(11, 13), 3.6))):
        comes, goes = random.uniform(25, 60), random.uniform(210, 280)
        marks = (
            (comes - 5, 7.0, 2.4),
            (comes - 1.2, x - 3, y - 0.5),
            (comes, x, y),
            (goes, x, y),
            (goes + 2, x + 4, 2.6),
            (goes + 6, 44, 2.4),
        )
        tint = random.choice(((1.0, 1.0, 1.0), (0.72, 0.72, 0.72), (0.8, 0.45, 0.4), (0.4, 0.4, 0.85)))
        things.append(Thing(f"vehicle{n}", Vehicle(look, tint), marks, goes + 6))
    return [Part(tuple(things)), passing(random, 7)]


def _shadow(random: Random) -> list[Part]:
    """The hard shadows of a house and of a sign creep along the pavement."""
    start, way = random.uniform(-2, 1), random.uniform(4, 7)
    house = ((-6.0, -4.4), (-0.4, -4.4), (1.5, 6.0), (-6.0, 6.0))
    sign = ((-0.9, 0.0), (0.9, 0.0), (0.9, 1.2), (0.12, 1.2), (0.12, 2.6), (-0.12, 2.6), (-0.12, 1.2), (-0.9, 1.2))
    at = random.uniform(11, 13)
    things = (
        Thing("house", Cast(house), ((-1.0, start + 4, 5.0), (SECONDS + 1.0, start + 4 + way, 5.0))),
        Thing(
            "sign",
            Cast(sign, 0.5),
            ((random.uniform(30, 60), at, 6.2), (SECONDS + 1.0, at + random.uniform(0.8, 2), 6.2)),
        ),
    )
    return [Part(things), passing(random, 7)]


def _busy(random: Random) -> list[Part]:
    return [passing(random, 70)]


def _pauses(random: Random) -> list[Part]:
    """Two people stop for 40 s, one of them twice."""
    things = []
    for n, (x, since) in enumerate(
        ((random.uniform(7, 9), 40.0), (random.uniform(12, 15), 110.0), (random.uniform(9, 11), 190.0))
    ):
        t, y = since + random.uniform(0, 25), random.uniform(6.6, 8.6)
        marks = ((t - 22, 36.0, 7.4), (t, x, y), (t + random.uniform(36, 42), x, y), (t + 60, -1.5, 7.6))
        things.append(Thing(f"idler{n}", figure(random), marks, t + 60))
    return [Part(tuple(things)), passing(random, 7)]


def _taken_in(random: Random) -> list[Part]:
    """Goods that are put out, and taken in again in time."""
    first, second = random.sample(SHOPS[:3], 2)
    return [
        goods(random, "g0", first, random.uniform(30, 60), taken_in=random.uniform(38, 44)),
        goods(random, "g1", second, random.uniform(150, 190), taken_in=random.uniform(38, 44)),
        passing(random, 7),
    ]


def _cart_passes(random: Random) -> list[Part]:
    """A vendor comes with a cart, sells for half a minute, and goes on."""
    return [
        stall(random, "c0", random.uniform(7, 9), random.uniform(50, 70), stays=random.uniform(28, 40), taking=False),
        stall(
            random, "c1", random.uniform(11, 15), random.uniform(150, 180), stays=random.uniform(28, 40), taking=False
        ),
        passing(random, 6),
    ]


def _night(view: Scene, random: Random) -> Scene:
    return replace(view, light=_NIGHT)


def _rain(view: Scene, random: Random) -> Scene:
    return replace(view, noise=Noise(sigma=3, rain=1.0), light=Light(points=((0, 0.6),)))


def _dusk(view: Scene, random: Random) -> Scene:
    return replace(view, light=Light(points=((0, 1.0), (SECONDS, 0.18))))


def _cloud(view: Scene, random: Random) -> Scene:
    starts = (random.uniform(10, 40), random.uniform(100, 130), random.uniform(190, 230))
    return replace(
        view, shades=tuple(Shade((s, s + random.uniform(25, 45)), random.uniform(0.5, 1), 0.45) for s in starts)
    )


def _pumping(view: Scene, random: Random) -> Scene:
    return replace(view, light=Light(points=((0, 0.8),), pumping=0.25, pumping_period=random.uniform(5, 12)))


def _shake(view: Scene, random: Random) -> Scene:
    return replace(view, noise=Noise(sigma=2, shake=random.uniform(1, 2.5)))


SCENARIOS = {
    one.name: one
    for one in (
        Scenario("goods", "跨门经营", _goods),
        Scenario("stall", "流动摊贩", _stall),
        Scenario("umbrella", "单独遮阳伞", _umbrella),
        Scenario("heap", "路边堆物", _heap),
        Scenario("mixed", "混合", _mixed),
        Scenario("puddle", "积水", _puddle),
        Scenario("queue", "排队人群", _queue),
        Scenario("bin", "保洁移动垃圾箱", _bin),
        Scenario("vehicle", "停放车辆", _vehicle, sun=0.6),
        Scenario("shadow", "移动硬阴影", _shadow, sun=0.8),
        Scenario("busy", "行人不断", _busy),
        Scenario("pauses", "行人驻足", _pauses),
        Scenario("taken-in", "及时收回", _taken_in),
        Scenario("cart-passes", "推车短停", _cart_passes),
        Scenario("sun", "晴天（硬投影）", _mixed, sun=0.85),
        Scenario("night", "夜间", _mixed, _night),
        Scenario("rain", "雨", _mixed, _rain),
        Scenario("dusk", "黄昏", _mixed, _dusk),
        Scenario("cloud", "云影", _mixed, _cloud),
        Scenario("pumping", "曝光起伏", _mixed, _pumping),
        Scenario("shake", "镜头抖动", _mixed, _shake),
        Scenario("coarse", "低码率", _mixed, encoding=Encoding(preset="superfast", b_frames=0, crf=36)),
    )
}
