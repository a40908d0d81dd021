"""What happens on the pavement of `tests.scenes.pavement`: parts that scenarios are put together from.

Along the wall lie the goods of shops (Y from 8.6 m), along the kerb stand stalls and parasols (to 6.4 m); people
walk in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.scenes.pavement import (
    WALL,
    Blocks,
    Figure,
    Mark,
    Parasol,
    Piece,
    Shopfront,
    Taking,
    Thing,
)

SECONDS = 300
_PEOPLE = 9
_WALK = 1.25
"""Metres per second."""
_LANE = (6.9, 8.1)
_ENDS = (-1.5, 36.0)
"""Where people come into the picture and leave it."""
_COATS = (
    (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (60.0, 26.0, 10.0), (18.0, 44.0, 60.0), (10.0, 14.0, 80.0), (40.0, 46.0, 44.0),
    (20.0, 50.0, 24.0), (80.0, 76.0, 70.0), (50.0, 16.0, 46.0),
)  # fmt: skip
_GOODS = ("crate", "plastic", "carton", "foam", "rack", "pots")
_HEIGHTS = {"crate": (0.3, 0.5), "plastic": (0.28, 0.4), "carton": (0.35, 0.8), "foam": (0.25, 0.4), "rack": (1.1, 1.4)}


@dataclass(frozen=True, slots=True)
class Part:
    """Things that belong together, and the ground that they take."""

    things: tuple[Thing, ...]
    takings: tuple[Taking, ...] = ()


def passing(random: Random, count: int, prefix: str = "w") -> Part:
    """People who walk through, some of them in pairs."""
    things = []
    for number in range(count):
        start, lane = random.uniform(-15, SECONDS - 10), random.uniform(*_LANE)
        ends = _ENDS if random.random() < 0.5 else _ENDS[::-1]
        speed = random.uniform(1.0, 1.5)
        time = (max(_ENDS) - min(_ENDS)) / speed
        bend = (start + time * 0.5, sum(_ENDS) / 2, min(max(lane + random.uniform(-0.4, 0.4), _LANE[0]), _LANE[1]))
        marks = ((start, ends[0], lane), bend, (start + time, ends[1], lane))
        things.append(Thing(f"{prefix}{number}", figure(random), marks, start + time))
    return Part(tuple(things))


def goods(
    random: Random, name: str, shop: Shopfront, start: float, *, taken_in: float | None = None, leaves: bool = False
) -> Part:
    """A shop's goods, put out piece by piece, from the wall outwards; `taken_in`: so many seconds after `start`."""
    skin = random.choice(_GOODS)
    columns, rows, wide, deep = _grid(random, skin, shop)
    x0, y0 = _corner(random, shop, columns * wide)
    who = figure(random)
    until = None if taken_in is None else start + taken_in
    if leaves:
        until = start + random.uniform(150, 200)
    pieces: list[Thing] = []
    trips: list[Thing] = []
    t, trip = start, 0
    for row in range(rows):
        for column in range(columns):
            x, y = x0 + (column + 0.5) * wide, y0 - (row + 0.5) * deep
            piece = _piece(random, skin, wide, deep)
            number = len(pieces)
            gone = None if until is None else until + number * (1.0 if taken_in else 2.0)
            pieces.append(Thing(f"{name}-{number}", Blocks((piece,)), ((round(t, 1), x, y),), gone))
            if trip * 2 == number:  # two pieces to a trip
                trips.append(_trip(f"{name}-owner-{trip}", who, shop, (x, y - deep / 2 - 0.35), t))
                trip += 1
            t += random.uniform(0.8, 1.6) if number % 2 == 0 else random.uniform(4.5, 7) * (0.35 if taken_in else 1)
    if until is not None:
        trips.append(_trip(f"{name}-owner-in", who, shop, (x0 + wide, y0 - rows * deep - 0.4), until, stays=4.0))
    if taken_in is not None:
        return Part((*pieces, *trips))
    taking = Taking("out_of_store", tuple(one.name for one in pieces), start, until, shop.id)
    return Part((*pieces, *trips), (taking,))


def heap(random: Random, name: str, x: float, start: float, *, leaves: bool = False) -> Part:
    """Goods that somebody puts down by the kerb and walks away from."""
    skin, y = random.choice(("carton", "carton", "plastic", "foam")), random.uniform(5.3, 5.8)
    columns, rows = random.choice(((2, 2), (3, 2), (3, 1), (2, 3)))
    wide, deep = random.uniform(0.6, 0.8), random.uniform(0.5, 0.6)
    if columns * rows < 4:
        wide, deep = 0.85, 0.62
    until = start + random.uniform(130, 170) if leaves else None
    t, pieces = start, list[Thing]()
    for row in range(rows):
        for column in range(columns):
            at = (round(t, 1), x + column * wide, y - row * deep)
            piece = _piece(random, skin, wide, deep)
            pieces.append(Thing(f"{name}-{len(pieces)}", Blocks((piece,)), (at,), until))
            t += random.uniform(1.2, 2.5)
    near = (x - 0.7, y - 0.3)
    marks = _walk((start - 26, _ENDS[1], 7.2), (near[0], near[1]), start - 1)
    back = _walk((t, *near), (_ENDS[0], 7.4), None)
    carrier = Thing(f"{name}-carrier", figure(random), (*marks, *back), back[-1][0])
    things: list[Thing] = [*pieces, carrier]
    if until is not None:
        things.append(_fetcher(random, f"{name}-fetcher", near, until))
    return Part(tuple(things), (Taking("occupation", tuple(one.name for one in pieces), start, until),))


def parasol(random: Random, name: str, x: float, start: float, *, leaves: bool = False) -> Part:
    """A parasol that somebody opens and leaves."""
    y = random.uniform(5.5, 6.0)
    colours = random.choice((
        ((40, 40, 190), (225, 225, 225)), ((150, 70, 30), (220, 222, 224)), ((60, 120, 40), (215, 220, 222)),
        ((60, 140, 220), (50, 60, 160)), ((170, 60, 40), (170, 60, 40)),
    ))  # fmt: skip
    form = Parasol(random.uniform(1.05, 1.4), random.uniform(1.95, 2.15), colours)
    until = start + random.uniform(120, 170) if leaves else None
    near = (x - 0.6, y - 0.2)
    marks = _walk((start - 24, _ENDS[1], 7.3), near, start - 1.5)
    back = _walk((start + 2.5, *near), (_ENDS[0], 7.1), None)
    things = [
        Thing(name, form, ((round(start, 1), x, y),), until),
        Thing(f"{name}-opener", figure(random), (*marks, *back), back[-1][0]),
    ]
    if until is not None:
        things.append(_fetcher(random, f"{name}-fetcher", near, until))
    return Part(tuple(things), (Taking("occupation", (name,), start, until),))


def stall(
    random: Random, name: str, x: float, start: float, *, stays: float | None = None, taking: bool = True
) -> Part:
    """A vendor comes along the kerb with a cart or a table on wheels, sells, and leaves after `stays` seconds."""
    y, steel = random.uniform(5.3, 5.7), random.random() < 0.5
    wide, deep = random.uniform(1.5, 1.9), random.uniform(0.8, 0.95)
    seed = random.randrange(1000)
    if steel:
        form = Blocks(
            (Piece(wide, deep, 0.9, "steel", seed), Piece(wide * 0.4, deep * 0.8, 0.35, "carton", seed, -0.3, 0.0, 0.9))
        )
    else:
        tops = tuple(
            Piece(0.46, 0.38, 0.22, random.choice(("crate", "plastic")), seed + n, (n - 1) * 0.5, 0.15, 0.78)
            for n in range(3)
        )
        form = Blocks((Piece(wide, deep, 0.78, "cloth", seed), *tops))
    come, speed = start - (_ENDS[1] - x) / 0.9, 0.9
    gone = None if stays is None else start + stays
    cart: list[Mark] = [(come, _ENDS[1], y), (start, x, y)]
    vendor: list[Mark] = [(come, _ENDS[1] + 1.3, y + 0.2), (start, x + 1.3, y + 0.2)]
    vendor += _lingers(random, (x, y + deep / 2 + 0.45), start + 1.5, (gone or SECONDS + 5) - 3)
    until = None
    if gone is not None:
        until = gone + (x - _ENDS[0]) / speed
        cart += [(gone, x, y), (until, _ENDS[0], y)]
        vendor += [(gone, x + 1.3, y + 0.2), (until, _ENDS[0] + 1.3, y + 0.2)]
    things = [Thing(name, form, tuple(cart), until), Thing(f"{name}-vendor", figure(random), _tidy(vendor), until)]
    extra = []
    if taking and random.random() < 0.6:  # boxes that are put down beside it
        for number in range(random.choice((1, 2))):
            piece = _piece(random, random.choice(("carton", "foam", "plastic")), 0.62, 0.5)
            at = (x - wide / 2 - 0.36, y - 0.2 + 0.52 * number)
            extra.append(
                Thing(
                    f"{name}-box-{number}",
                    Blocks((piece,)),
                    ((start + 8 + 4 * number, *at),),
                    None if gone is None else gone - 2,
                )
            )
    things += extra
    sells_until = (gone or SECONDS) - 12
    for number, t in enumerate(_times(random, start + 12, sells_until, 35, 70)):
        things.append(
            _customer(
                random, f"{name}-customer-{number}", (x + random.uniform(-0.5, 0.5), y + deep / 2 + 0.9), t, sells_until
            )
        )
    if not taking:
        return Part(tuple(things))
    names = (name, *(one.name for one in extra))
    return Part(tuple(things), (Taking("street_vendor", names, start, gone),))


def queue(random: Random, shop: Shopfront, name: str = "q") -> Part:
    """People who stand in line along the wall before a shop's door, two to four minutes each."""
    along = -1.0 if shop.door - shop.start > shop.end - shop.door else 1.0
    joined, served, t = [], [], random.uniform(8, 14)
    next_served = t + random.uniform(95, 120)
    for _ in range(12):
        joined.append(t)
        next_served = max(next_served + random.uniform(20, 38), t + 90)
        served.append(next_served)
        t += random.uniform(5, 34)
    things = []
    for number, (since, until) in enumerate(zip(joined, served, strict=True)):
        if since > SECONDS - 20:
            break
        moves = [s for s in served[:number] if s > since]

        def place(ahead: int, wobble: float = 0.0) -> tuple[float, float]:
            return shop.door + along * (0.35 + 0.62 * ahead), WALL - 0.75 + wobble

        wobble = random.uniform(-0.14, 0.14)
        first = place(len(moves), wobble)
        marks = list(_walk((since - 14, first[0] + along * 12, 7.6), first, since))
        for left, moment in enumerate(reversed(moves)):
            del left
            ahead = sum(s > moment for s in moves)
            begin = max(moment + 0.4 * (len(moves) - ahead), marks[-1][0] + 0.2)
            marks += [(begin, *marks[-1][1:]), (begin + 1.4, *place(ahead, wobble))]
        marks = list(_tidy(sorted(marks)))
        inside = max(until, marks[-1][0] + 0.5)
        marks += [(inside, *marks[-1][1:]), (inside + 2, shop.door, WALL - 0.1)]
        things.append(Thing(f"{name}{number}", figure(random, along > 0), _tidy(marks), inside + 2))
    return Part(tuple(things))


def _grid(random: Random, skin: str, shop: Shopfront) -> tuple[int, int, float, float]:
    if skin == "rack":
        return 2, random.choice((2, 3)), random.uniform(1.35, 1.6), random.uniform(0.52, 0.6)
    wide, deep = random.uniform(0.66, 0.9), random.uniform(0.52, 0.66)
    most = int((shop.end - shop.start - 1.4) / wide)
    return random.randint(3, min(5, most)), random.choice((2, 2, 3)), wide, deep


def _corner(random: Random, shop: Shopfront, wide: float) -> tuple[float, float]:
    """Upper left of the goods, beside the door."""
    low, high = (shop.door + 0.7, shop.end - 0.1) if shop.door - shop.start < 2 else (shop.start + 0.1, shop.door - 0.7)
    return random.uniform(low, max(low, high - wide)), WALL - random.uniform(0.06, 0.16)


def _piece(random: Random, skin: str, wide: float, deep: float) -> Piece:
    """A little smaller than its place in the grid."""
    low, high = _HEIGHTS.get(skin, (0.45, 0.65))
    return Piece(
        round(wide - random.uniform(0.03, 0.07), 2),
        round(deep - random.uniform(0.03, 0.07), 2),
        round(random.uniform(low, high), 2),
        skin,
        random.randrange(10_000),
    )


def _trip(name: str, who: Figure, shop: Shopfront, at: tuple[float, float], t: float, stays: float = 1.5) -> Thing:
    """Out of the door, to a place, and in again."""
    way = (abs(shop.door - at[0]) + abs(WALL - at[1])) / _WALK
    corner = (shop.door, at[1])
    split = abs(WALL - at[1]) / _WALK
    marks: list[Mark] = [
        (t - way - 0.2, shop.door, WALL - 0.1),
        (t - way - 0.2 + split, *corner),
        (t - 0.2, *at),
        (t + stays, *at),
    ]
    marks += [(t + stays + way - split, *corner), (t + stays + way, shop.door, WALL - 0.1)]
    return Thing(name, who, _tidy(marks), t + stays + way)


def _fetcher(random: Random, name: str, near: tuple[float, float], until: float) -> Thing:
    marks = _walk((until - 26, _ENDS[1], 7.6), near, until - 1.5)
    back = _walk((until + 2, *near), (_ENDS[0], 7.5), None)
    return Thing(name, figure(random), (*marks, *back), back[-1][0])


def _customer(random: Random, name: str, at: tuple[float, float], t: float, latest: float) -> Thing:
    marks = _walk((t - 18, random.choice(_ENDS), 7.7), at, t)
    leaves = min(t + random.uniform(10, 24), latest)
    back = _walk((max(leaves, t + 2), *at), (random.choice(_ENDS), 7.4), None)
    return Thing(name, figure(random), _tidy([*marks, *back]), back[-1][0])


def _lingers(random: Random, about: tuple[float, float], since: float, until: float) -> list[Mark]:
    marks: list[Mark] = []
    t = since
    at = about
    while t < until:
        marks.append((t, *at))
        t = min(until, t + random.uniform(12, 35))
        marks.append((t, *at))
        at = (about[0] + random.uniform(-0.7, 0.7), about[1] + random.uniform(-0.05, 0.25))
        t += 1.2
    return marks


def _walk(start: Mark, to: tuple[float, float], arrives: float | None) -> tuple[Mark, ...]:
    """From a mark to a place; `arrives` None: as fast as people walk. Along the lane, then straight to it."""
    t, x, y = start
    if arrives is None:
        arrives = t + (abs(to[0] - x) + abs(to[1] - y)) / _WALK
    away = abs(to[0] - x) + abs(to[1] - y)
    lane, place = (
        ((x, y), to) if arrives and abs(to[0] - _ENDS[0]) > 1e-9 and abs(to[0] - _ENDS[1]) > 1e-9 else (to, (x, y))
    )
    bend = (place[0] + (1.0 if lane[0] > place[0] else -1.0), lane[1])
    share = (abs(bend[0] - x) + abs(bend[1] - y)) / away if away else 0.5
    middle: Mark = (t + (arrives - t) * min(max(share, 0.05), 0.95), *bend)
    return (start, middle, (arrives, *to))


def _times(random: Random, since: float, until: float, low: float, high: float) -> list[float]:
    found, t = [], since
    while t < until - 12:
        found.append(t)
        t += random.uniform(low, high)
    return found


def _tidy(marks: list[Mark]) -> tuple[Mark, ...]:
    """Without marks that do not run forward."""
    kept: list[Mark] = []
    for t, x, y in marks:
        if not kept or t > kept[-1][0] + 1e-6:
            kept.append((round(t, 3), x, y))
    return tuple(kept)


def figure(random: Random, leftwards: bool | None = None) -> Figure:
    """Somebody; `leftwards`: how they look while they stand."""
    return Figure(random.randrange(_PEOPLE), _tall(random), random.choice(_COATS), leftwards)


def _tall(random: Random) -> float:
    return round(random.uniform(1.58, 1.82), 2)
