"""What the engine knows of whoever judges one kind of rules on one camera."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Protocol

from models.interface import Detections
from streams.instant import Instant
from streams.interface import DecodeLevel
from vision.association.interface import JSON
from vision.footprints import View
from vision.holidays import Calendar
from vision.interface import NO_PIXELS, Event, PixelEvidence, Stay
from vision.policy import CameraRules
from vision.tuning import Tuning


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen in one look at one camera. Evidence that only some kinds use has a default."""

    at: Instant
    detections: Detections
    pixels: PixelEvidence = NO_PIXELS
    """What pixels say of places, see `vision.remembered`."""
    view: View | None = None
    """What came to stay on the ground, by its pixels; None: nobody looked, or the street is still being learned."""


class Judge(Protocol):
    """Judges all rules of one kind on one camera, in all zones where they hold.

    As pure as the engine: the same samples give the same events, and all memory is in what `save` gives. Whatever lasts
    is told as a `Stay` with its own id: opened before a rule fires for it, and ended at last.
    """

    @property
    def calendar(self) -> Calendar | None:
        """The calendar of public holidays that its rules depend on, if any does."""

    def step(self, sample: Sample) -> list[Event]:
        """Take in one sample, later than all before it."""

    def finish(self) -> list[Event]:
        """The footage ended: what is open ends, its departure unknown, and the next sample begins anew."""

    def suspend(self, since: Instant) -> None:
        """The view has been unusable since `since`: nothing since then counts, and the next sample follows a gap."""

    def standing(self) -> tuple[Stay, ...]:
        """What is open now, `departed` None, in the order in which it opened."""

    def timed(self) -> tuple[Stay, ...]:
        """Of these, what a rule may yet fire for: footage of it may be needed."""

    def attention(self) -> DecodeLevel:
        """SAMPLED where the next samples decide something, else KEYFRAMES."""

    def save(self) -> dict[str, JSON]:
        """All that later events depend on, ready for `json.dumps`."""

    def load(self, state: object, where: str) -> None:
        """Go on from what `save` gave, under the same rules. Hostile input: raises StateError for anything else."""


class Making(Protocol):
    """How a judge is made: its class, usually."""

    def __call__(self, rules: CameraRules, zone: tzinfo, tuning: Tuning, calendar: Calendar | None = None) -> Judge: ...
