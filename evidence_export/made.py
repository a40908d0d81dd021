"""What sealing has made or measured, on its way into the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evidence_export.bag.canonical import JsonObject
from evidence_export.bag.digest import Digests
from evidence_export.case import Recording
from evidence_export.continuity import Break, Hole
from evidence_export.footage import Contents
from evidence_export.plan import ClipRange
from streams.cut import Cut
from streams.instant import Instant
from streams.interface import MediaInfo
from vision.interface import Moment, RoadUser


@dataclass(frozen=True, slots=True)
class Source:
    """A recording as it was found on disk; `changed_ns` is its time of change when it was hashed.

    `contents`: what its packets tell, where the sealer read them itself.
    """

    recording: Recording
    digests: Digests
    changed_ns: int
    info: MediaInfo
    contents: Contents | None = None


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip in the bundle and where it comes from: the first and the last of the recordings it spans, as indices."""

    path: str
    recordings: tuple[int, int]
    cut: Cut
    start: Instant
    end: Instant


@dataclass(frozen=True, slots=True)
class Place:
    """The frame that shows a moment: index of its recording, pts, instant, and how much later it is than the moment."""

    recording: int
    pts: int
    at: Instant
    difference_ns: int


@dataclass(frozen=True, slots=True)
class Clarity:
    """How clearly a frame shows what stands, beside the other frames of its stay that were looked at; shares 0..1."""

    sharpness: float
    """Of the sharpest one: of the target or of the whole picture, whichever is less."""
    whole: bool
    """The target does not touch the border of the picture."""
    hidden: float
    """Of the target: what lies behind something nearer, or shows something else than most of the frames do."""
    surroundings_hidden: float
    """Of the picture: what shows something else than most of the frames do."""
    plate: float | None
    """What its plate is worth for reading, of the best one; None where none was found or looked for."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The sightings that the panoramas show, in order of time, and how far apart they have to stand."""

    pictures: tuple[tuple[Moment, Place, Clarity | None], ...]
    required_ns: int
    candidates: int
    """How many were looked at."""


@dataclass(frozen=True, slots=True)
class CutOut:
    """A part of a still, not scaled: x, y, width, height in pixels of the still, which is of `frame_size`."""

    path: str
    parent: str
    cut: tuple[int, int, int, int]
    frame_size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class SignShown:
    """A sign or marking as the policy names it, and what the bundle shows of it."""

    sign: Mapping[str, Any]
    close_up: CutOut | None
    hidden: float | None
    """Share of its place that is hidden in the panorama that shows it best; None where its place is not known."""
    photo: str | None


@dataclass(frozen=True, slots=True)
class Obstruction:
    """A still that shows who came near it while it stood, its derived copy, and the frame that it shows."""

    path: str
    overlay: str
    place: Place
    moment: Moment
    others: tuple[RoadUser, ...]


@dataclass(frozen=True, slots=True)
class Panorama:
    """A still in the bundle, its derived copy, and the frame that it shows."""

    path: str
    overlay: str
    place: Place
    moment: Moment
    size: tuple[int, int]
    clarity: Clarity | None = None

    @property
    def at(self) -> Instant:
        """Of the frame."""
        return self.place.at


@dataclass(frozen=True, slots=True)
class Before:
    """A still that shows the ground before it was taken, its derived copy, and the frame that it shows."""

    path: str
    overlay: str
    place: Place


@dataclass(frozen=True, slots=True)
class BagFile:
    """A file of the bundle as `case.json` lists it."""

    path: str
    role: str
    digests: Digests
    parent: str | None = None
    transform: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """Everything that sealing has made or measured."""

    case_id: str
    sources: tuple[Source, ...]
    wanted: ClipRange
    clips: tuple[Clip, ...]
    panoramas: tuple[Panorama, ...]
    separation_required_ns: int
    breaks: tuple[Break, ...]
    holes: tuple[Hole, ...]
    plates: JsonObject | None = None
    """`plate` of the manifest; None where no plate was looked for."""
    before: Before | None = None
    """None: the case is of another kind, or no frame is known to show the ground free."""
    chosen_from: int = 0
    """How many frames were looked at to choose the panoramas."""
    signs: tuple[SignShown, ...] = ()
    obstruction: Obstruction | None = None
    """None: nobody is known to have come near it, or no frame shows that."""

    @property
    def separation_ns(self) -> int:
        """Time between the first panorama and the last; 0 where there is one only."""
        return self.panoramas[-1].at.utc_ns - self.panoramas[0].at.utc_ns

    @property
    def separation_met(self) -> bool:
        return len(self.panoramas) > 1 and self.separation_ns >= self.separation_required_ns


@dataclass(frozen=True, slots=True)
class Seal:
    """Who signs, and when."""

    sealed_at: Instant
    algorithm: str
    key_fingerprint: str
    second: tuple[str, str] | None = None
    """Algorithm and fingerprint of a second key that signs, too."""
