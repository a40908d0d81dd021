"""The script of a pavement: things in metres, when they come, move and go, and what they truly take of the ground.

Everything moves by marks: (second, x, y) in order of time, evenly in between. Before its first mark a thing is not
there; a first mark at or before 0 stands there from the start. Light, weather, noise, clock and gaps are those of
`scenes.Scene`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import hypot

from tests.scenes.pavement.camera import Camera
from tests.scenes.pavement.street import SHOPS, Shopfront
from tests.scenes.scene import Scene

Mark = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Piece:
    """A block: `wide` along the street, `deep` across it and `high`, in metres; its place is the middle of its foot."""

    wide: float
    deep: float
    high: float
    skin: str
    """What it looks like: one of `skins.SKINS`."""
    seed: int = 0
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    """Where it stands, from the place of the thing that it is part of."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """A crate, a table with what lies on it, a cart, a bin: whatever is made of blocks."""

    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Parasol:
    """A base, a pole and an eight-sided canopy."""

    radius: float = 1.25
    rim: float = 2.05
    """Height of the canopy's edge; its top is 0.4 m above."""
    colours: tuple[tuple[int, int, int], tuple[int, int, int]] = ((40, 40, 190), (225, 225, 225))


@dataclass(frozen=True, slots=True)
class Figure:
    """A person of the demo clip: walks while the marks move, and stands otherwise, shifting its weight now and then."""

    who: int
    tall: float = 1.72
    coat: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Blue, green and red that are added to dark clothes."""
    leftwards: bool | None = None
    """Which way it looks while it stands; None: the way it walked last."""


@dataclass(frozen=True, slots=True)
class Vehicle:
    """The demo clip's van or car, heading along the street."""

    look: str = "van"
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    size: float = 1.0


@dataclass(frozen=True, slots=True)
class Puddle:
    """Water on the slabs, of `radius` metres once it has grown for `grows` seconds."""

    radius: float
    grows: float
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Cast:
    """The hard shadow of something outside of the picture: a polygon on the ground about its place."""

    corners: tuple[tuple[float, float], ...]
    dark: float = 0.45
    """What is left of the light in it."""


Form = Blocks | Parasol | Figure | Vehicle | Puddle | Cast


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that comes at its first mark and is gone from `until` on; None: it stays to the end."""

    name: str
    form: Form
    marks: tuple[Mark, ...]
    until: float | None = None

    def __post_init__(self) -> None:
        if not self.marks or any(a[0] >= b[0] for a, b in zip(self.marks, self.marks[1:], strict=False)):
            raise ValueError(f"{self.name}: marks must be in order of time")
        if self.until is not None and self.until <= self.marks[0][0]:
            raise ValueError(f"{self.name}: is gone before it comes")

    def at(self, t: float) -> tuple[float, float, bool] | None:
        """x, y, and whether it moves; None while it is not there."""
        if t < self.marks[0][0] or (self.until is not None and t >= self.until):
            return None
        for (t0, x0, y0), (t1, x1, y1) in zip(self.marks, self.marks[1:], strict=False):
            if t < t1:
                share = (t - t0) / (t1 - t0)
                return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share, (x0, y0) != (x1, y1)
        return self.marks[-1][1], self.marks[-1][2], False

    def heading(self, t: float) -> float:
        """Along the street: the sign of its last move by then, or of its first one to come; 0: it never moves."""
        last = 0.0
        for (t0, x0, y0), (_, x1, y1) in zip(self.marks, self.marks[1:], strict=False):
            if last and t0 > t:
                break
            if hypot(x1 - x0, y1 - y0) > 0:
                last = x1 - x0 or 1e-6
        return last


@dataclass(frozen=True, slots=True)
class Taking:
    """Ground that is taken in a way a rule is about: which things take it, and as what kind of violation."""

    kind: str
    things: tuple[str, ...]
    since: float
    """From when on they stand where they take it: a cart's arrival is not when it comes into the picture."""
    until: float | None = None
    """When the last of them begins to leave; None: they stay to the end."""
    shop: str | None = None


@dataclass(frozen=True, slots=True)
class Pavement:
    """One camera above a pavement."""

    view: Scene
    """Camera id, length, rate, seed, light, weather, clock, gaps, condition; it has no actors of its own."""
    things: tuple[Thing, ...] = ()
    takings: tuple[Taking, ...] = ()
    sun: float = 0.0
    """How much darker the things' own shadows are than the ground, 0 (overcast) to 1."""
    camera: Camera = field(default_factory=Camera)
    shops: tuple[Shopfront, ...] = SHOPS

    def __post_init__(self) -> None:
        names = [thing.name for thing in self.things]
        if len(set(names)) != len(names):
            raise ValueError("two things of one name")
        for taking in self.takings:
            if missing := set(taking.things) - set(names):
                raise ValueError(f"no thing is called {', '.join(sorted(missing))}")

    def thing(self, name: str) -> Thing:
        """The thing of that name."""
        return next(thing for thing in self.things if thing.name == name)
