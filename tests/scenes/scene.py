"""The script of a scene: plain frozen values. Everything rendered and every truth follows from them and from `seed`.

Places are fractions of the image (0..1, origin top left). The place of an object is the middle of its contact with the
ground; how large it is drawn follows from how low in the picture it stands. Times are seconds of scene time; frame i
of a scene at rate `fps` is taken at exactly i / fps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction

Point = tuple[float, float]
Seconds = float | Fraction


class Backdrop(StrEnum):
    """What stands behind everything."""

    VTEST = "vtest"
    """The demo clip without its people and parked cars, scaled to fill the frame."""
    DRAWN = "drawn"
    """A drawn street; a stock detector will not care for what happens on it."""


class Look(StrEnum):
    """What an object looks like."""

    VAN = "van"
    """The white van of the demo clip, seen from behind, heading up and to the right."""
    CAR = "car"
    """The pale blue car at the edge of the demo clip, seen from behind."""
    WALKER = "walker"
    """A woman walking away to the left, twelve frames of one and a half steps."""
    STANDER = "stander"
    """A man standing."""
    BUS = "bus"
    """A drawn bus, seen from the side."""
    DRAWN_CAR = "drawn_car"
    """A drawn car, seen from the side."""

    @property
    def cls(self) -> str:
        """The COCO class that fits best."""
        return _CLASSES[self]


_CLASSES = {
    Look.VAN: "truck",
    Look.CAR: "car",
    Look.WALKER: "person",
    Look.STANDER: "person",
    Look.BUS: "bus",
    Look.DRAWN_CAR: "car",
}


@dataclass(frozen=True, slots=True)
class Stop:
    """Standing still at a place. `departed` None: still there when the scene ends."""

    at: Point
    arrived: Seconds
    departed: Seconds | None = None
    kind: str | None = "no_parking"
    """The kind of truth this stop makes; None: it makes none (waiting in a queue, say)."""
    condition: str | None = None
    """Overrides the scene's condition for this stop."""


@dataclass(frozen=True, slots=True)
class Actor:
    """An object that drives or walks in along `enter`, makes its stops, and leaves along `leave`.

    With stops: it reaches the first stop, slowing down, at `arrived`, having taken `approach` seconds from `enter[0]`;
    between stops it takes the time that is left between them; it reaches the end of `leave` `approach` seconds after
    the last `departed`. A stop that `arrived` at or before 0 stands there from the first frame. Without stops: it moves
    at an even speed along `enter` during `passes` = (from, to).
    """

    name: str
    look: Look = Look.VAN
    enter: tuple[Point, ...] = ()
    stops: tuple[Stop, ...] = ()
    leave: tuple[Point, ...] = ()
    approach: Seconds = 4
    passes: tuple[Seconds, Seconds] | None = None
    mirrored: bool = False
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Factors for blue, green and red."""
    size: float = 1.0
    leaving: Seconds | None = None
    """How many seconds it takes to the end of `leave`, where that is not `approach`: one that is towed takes long."""
    plate: str | None = None
    """What stands on the plate at its rear, drawn; None: no plate. Vans and cars only."""

    def __post_init__(self) -> None:
        if bool(self.stops) == (self.passes is not None):
            raise ValueError(f"{self.name}: an actor has either stops or a passage")
        if self.passes is not None and (len(self.enter) < 2 or self.passes[0] >= self.passes[1]):
            raise ValueError(f"{self.name}: a passage needs two points and a time that runs forward")
        for before, after in zip(self.stops, self.stops[1:], strict=False):
            if before.departed is None or before.departed >= after.arrived:
                raise ValueError(f"{self.name}: stops must follow each other, with time to move between them")
        for stop in self.stops:
            if stop.departed is not None and stop.departed <= stop.arrived:
                raise ValueError(f"{self.name}: departs before it arrives")


@dataclass(frozen=True, slots=True)
class Occluder:
    """Something in front: comes along `path`, waits `hold` seconds at the middle of it, moves on. Never in the truth.

    It is on screen during (from, to), the waiting included.
    """

    path: tuple[Point, ...]
    passes: tuple[Seconds, Seconds]
    hold: Seconds = 0
    look: Look = Look.BUS
    mirrored: bool = False
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    size: float = 1.0

    def __post_init__(self) -> None:
        if len(self.path) < 2 or self.passes[1] - self.passes[0] <= self.hold:
            raise ValueError("an occluder needs two points, and more time than it waits")


@dataclass(frozen=True, slots=True)
class Light:
    """How bright it is over time: 1 is the backdrop's day, 0.15 night."""

    points: tuple[tuple[Seconds, float], ...] = ((0, 1.0),)
    """(second, level) pairs in order of time, joined by straight lines."""
    pumping: float = 0.0
    """Amplitude of auto-exposure hunting, as a share of the level."""
    pumping_period: Seconds = 7
    headlights_below: float = 0.5
    """Vehicles that move have their lights on when the level is lower than this."""

    def level(self, t: float) -> float:
        """The level at second `t`, before pumping."""
        times = [float(p[0]) for p in self.points]
        if t <= times[0]:
            return self.points[0][1]
        for (t0, a), (t1, b) in zip(self.points, self.points[1:], strict=False):
            if t < t1:
                return a + (b - a) * (t - float(t0)) / (float(t1) - float(t0))
        return self.points[-1][1]


@dataclass(frozen=True, slots=True)
class Noise:
    """What the sensor and the weather add."""

    sigma: float = 1.5
    """Standard deviation of the luma noise by day."""
    night_sigma: float = 7.0
    """The same at level 0.15, where a camera turns its gain up."""
    rain: float = 0.0
    """0 none, 1 heavy."""
    shake: float = 0.0
    """Amplitude of the camera's sway in pixels of a 768 pixel wide image."""
    fog: float = 0.0
    """0 none; 0.3 leaves half of the contrast in the middle of the picture, 0.6 a quarter, and less further away."""
    drift: float = 0.0
    """How far the view wanders in a minute, in pixels of a 768 pixel wide image. Boxes of the truth stay behind."""


@dataclass(frozen=True, slots=True)
class Shade:
    """A shadow that wanders over the picture from the left to the right during `passes`."""

    passes: tuple[Seconds, Seconds]
    """When its front edge comes to the left border, and when its rear edge leaves at the right one."""
    width: float = 0.6
    """From edge to edge, as a fraction of the picture's width."""
    dark: float = 0.5
    """What is left of the light in it."""
    soft: float = 0.15
    """How wide an edge is, as a fraction of the picture's width: a cloud's is soft, that of a house is hard."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The camera's clock against true time. `start` is the true UTC of frame 0."""

    start: datetime = datetime(2026, 11, 2, 0, 0, 0, tzinfo=UTC)
    offset_ms: int = 0
    """Reading minus truth at frame 0."""
    drift_ppm: int = 0
    """How many microseconds per second the clock runs fast; the recording's pts run by it too."""

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise ValueError("the start needs a time zone")


@dataclass(frozen=True, slots=True)
class Gap:
    """No frames exist for start <= t < end."""

    start: Seconds
    end: Seconds


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the frames are written. The container follows from the name of the file."""

    codec: str = "libx264"
    gop: int = 0
    """Frames from keyframe to keyframe; 0: two seconds of them."""
    crf: int = 26
    preset: str = "veryfast"
    b_frames: int = 2
    threads: int = 1
    creation_time: bool = True
    """Whether the container tells when the recording began, by the camera's clock."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One fixed camera for `seconds` seconds."""

    camera: str = "cam-1"
    seconds: Seconds = 20
    fps: Fraction = Fraction(10)
    size: tuple[int, int] = (768, 576)
    """Width and height, both even."""
    seed: int = 0
    condition: str = "day"
    backdrop: Backdrop = Backdrop.VTEST
    actors: tuple[Actor, ...] = ()
    occluders: tuple[Occluder, ...] = ()
    light: Light = field(default_factory=Light)
    noise: Noise = field(default_factory=Noise)
    shades: tuple[Shade, ...] = ()
    clock: Clock = field(default_factory=Clock)
    gaps: tuple[Gap, ...] = ()
    stamped: bool = False
    """Draws the frame's number as a row of black and white cells along the top edge, for `OracleDetector`."""

    def __post_init__(self) -> None:
        if self.size[0] % 2 or self.size[1] % 2 or min(self.size) < 64:
            raise ValueError(f"width and height must be even and at least 64, got {self.size}")
        if len({actor.name for actor in self.actors}) != len(self.actors):
            raise ValueError("two actors of one name")
        if self.seconds <= 0 or self.fps <= 0:
            raise ValueError("a scene needs a length and a rate")

    @property
    def frame_count(self) -> int:
        """Frames from 0 to the end, those inside gaps included."""
        return int(Fraction(self.seconds) * self.fps)

    def second(self, index: int) -> float:
        """The scene time of frame `index`."""
        return float(Fraction(index) / self.fps)

    def in_gap(self, index: int) -> bool:
        """Whether frame `index` was never recorded."""
        t = Fraction(index) / self.fps
        return any(Fraction(gap.start) <= t < Fraction(gap.end) for gap in self.gaps)
