"""What masking is asked for, and what it says of the copies it made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Self

from evidence_export.bag.canonical import JsonObject
from evidence_export.words import Said

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels of the picture; pixel i covers [i, i + 1)."""
Progress = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and how much there is (0: not known)."""


class Scope(StrEnum):
    """What is painted over."""

    PEOPLE_AND_PLATES = "people-and-plates"
    """Heads, and plates of all vehicles but the case's own, as far as models find them."""
    ALL_BUT_VEHICLE = "all-but-vehicle"
    """Everything but the place where the case's vehicle stands, and there whatever moves before it: needs no model."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How closely is looked, and how generously is painted. The defaults are those that were measured."""

    looks_per_s: int = 5
    """At least so many frames of a second are looked at, where it has as many; those between are covered by both."""
    hold_s: float = 1.5
    """For so long before it was first seen, and after it was last seen, a thing is taken to have been there."""
    bridge_s: float = 3.0
    """Two sightings up to so far apart may be one thing that moved and was missed between."""
    small_px: int = 48
    """A person less high, or a vehicle less than twice as wide as this is painted over as a whole."""
    weak_hold_s: float = 0.5
    """As `hold_s`, of what was seen once only and not surely: it is likely to be nothing."""
    motion: bool = True
    """Whether what moves and no model explains is painted over as well. Only of clips, which are of fixed cameras."""

    def __post_init__(self) -> None:
        if self.looks_per_s < 1 or min(self.hold_s, self.weak_hold_s, self.bridge_s, self.small_px) < 0:
            raise ValueError(f"nothing can be masked with {self}")


@dataclass(frozen=True, slots=True)
class Counts:
    """What was found and painted over in one file. Things are counted in each frame looked at, not once each."""

    frames: int = 0
    looked_at: int = 0
    without_detection: int = 0
    """Frames looked at in which no model found anything but the case's own vehicle, or not even that."""
    people: int = 0
    faces: int = 0
    vehicles: int = 0
    """Vehicles other than the case's own."""
    plates: int = 0
    moving: int = 0
    """Frames looked at in which something moved that no model explained."""
    painted: int = 0
    """Frames of which anything was painted over."""
    motion_unusable: int = 0
    """Frames looked at in which so much changed that motion says nothing."""

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def document(self) -> JsonObject:
        return dict(asdict(self))


@dataclass(frozen=True, slots=True)
class MaskedFile:
    """One masked copy."""

    path: str
    """Its name in the folder of the copies: plain ASCII."""
    role: str
    """As in the case: `panorama`, `overlay`, `before`, `obstruction`, `sign_close_up`, `sign_photo` or `clip`."""
    parent: str
    """The original: its path in the case."""
    parent_sha256: str
    sha256: str
    size: int
    transform: str
    """For `derived_from`: what was done, with what, and how often. ASCII."""
    counts: Counts

    def document(self) -> JsonObject:
        return {
            "path": self.path,
            "role": self.role,
            "derived_from": {
                "parent": self.parent,
                "parent_sha256": self.parent_sha256,
                "transform": self.transform,
            },
            "sha256": self.sha256,
            "size": self.size,
            "counts": self.counts.document(),
        }


@dataclass(frozen=True, slots=True)
class Masked:
    """All masked copies of a case, and how far they can be trusted."""

    scope: Scope
    files: tuple[MaskedFile, ...]
    models: tuple[str, ...]
    """As `name@sha256`; empty where none was used."""
    weak: str
    """What the catalog warns of in the model that looked for people and vehicles; empty where it warns of nothing."""
    cautions: tuple[Said, ...] = field(default=())
    """What may show nevertheless. Never empty: a person must look at the copies before they leave."""

    @property
    def counts(self) -> Counts:
        """Of all files together."""
        return sum((one.counts for one in self.files), Counts())

    def document(self) -> JsonObject:
        """Everything as JSON."""
        return {
            "scope": str(self.scope),
            "models": list(self.models),
            "weak": bool(self.weak),
            "weakness": self.weak,
            "must_be_looked_at": True,
            "counts": self.counts.document(),
            "cautions": [{"zh": one.zh, "en": one.en} for one in self.cautions],
            "files": [one.document() for one in self.files],
        }


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that was seen in one frame."""

    cls: str
    box: Box
    area: Box
    """The part of the picture that has to be painted over for it."""
    score: float = 1.0

    @classmethod
    def whole(cls, name: str, box: Box, score: float = 1.0) -> Self:
        """A thing that is painted over as a whole."""
        return cls(name, box, box, score)
