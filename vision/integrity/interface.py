"""What can be wrong with a view, how one look reads, and the events that tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from streams.instant import Instant
from vision.integrity.comparison import Comparison
from vision.integrity.picture import Picture


class ViewFault(StrEnum):
    """What is wrong with a view. Part of cases, metrics and notices: names are stable."""

    MOVED = "moved"
    """Turned, shifted, zoomed, or looking elsewhere: zones no longer lie where they were drawn."""
    BLOCKED = "blocked"
    """A large part of the picture has lost all the structure it had."""
    DEFOCUSED = "defocused"
    """Blurred against the reference: focus, a wet or dirty lens, dew."""
    FROZEN = "frozen"
    """Picture after picture is the same to the last bit."""
    BLACK = "black"
    OVEREXPOSED = "overexposed"


class ViewChange(StrEnum):
    BEGUN = "begun"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class ViewEvent:
    """A fault that is confirmed to have begun, or to have ended."""

    fault: ViewFault
    change: ViewChange
    since: Instant
    """The first look of those that confirmed it: what lies after it is faulty (begun), or sound again (ended)."""
    at: Instant
    """The look that confirmed it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a judge goes by."""

    picture: Picture
    comparison: Comparison | None
    """With the reference; None: there is no reference, or it does not fit."""
    repeated: bool
    """Whether the look before it was the same to the last bit."""


class Judge(Protocol):
    """Reads one sign of one fault. Without state: what lasts is the monitor's business."""

    @property
    def name(self) -> str:
        """Stable: saved states name it."""

    @property
    def fault(self) -> ViewFault: ...

    @property
    def confirm_ns(self) -> int:
        """How long it must be seen, without a look that says otherwise."""

    def severity(self, evidence: Evidence) -> float | None:
        """1 and above is bad, below `monitor.SOUND` is good, between the two says nothing new; None: cannot be told."""


@dataclass(frozen=True, slots=True)
class ViewReading:
    """One look."""

    at: Instant
    severities: dict[str, float | None]
    """Per judge."""
    shift: tuple[float, float] | None
    """How far the view stands from where it was when the reference was first made, right and down, in fractions of the
    picture's width and height; None: not known."""
    match: float | None
    """How much of the reference's structure is found, at that shift: about 0 (nothing) to 1."""
    sharpness: float | None
    """Fine structure over coarse, against that of the reference: 1 is as sharp."""
    brightness: float
    """Mean luma, 0..255."""
