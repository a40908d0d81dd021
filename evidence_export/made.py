"""What sealing has made or measured, on its way into the manifest."""

from __future__ import annotations

from dataclasses import dataclass

from evidence_export.bag.canonical import JsonObject
from evidence_export.bag.digest import Digests
from evidence_export.case import Recording
from evidence_export.continuity import Break, Hole
from evidence_export.footage import Contents
from evidence_export.plan import ClipRange
from streams.cut import Cut
from streams.instant import Instant
from streams.interface import MediaInfo
from vision.interface import Moment


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
class Panorama:
    """A still in the bundle, its derived copy, and the frame that it shows."""

    path: str
    overlay: str
    place: Place
    moment: Moment
    size: tuple[int, int]

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
    revised: bool = False
    """It is more than the seal of one bare Ed25519 key."""
