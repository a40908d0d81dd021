"""One camera's footage through the engine, in order of time: the part of judging that batch and replay share.

What is fed in is decided here and nowhere else, so that the same detections give the same findings whichever of the two
was asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from models.interface import Detections
from streams.instant import Instant
from vision.engine import Engine
from vision.footprints import View
from vision.interface import NO_PIXELS, Event, PixelEvidence, Stay, StayEnded, StayOpened, Violation, ViolationFired
from vision.policy import CameraRules


@dataclass(frozen=True, slots=True)
class Ended:
    """A stay that is over, and the violations it was: none, or one for each rule that it broke."""

    stay: Stay
    violations: tuple[Violation, ...]


class Course:
    """The engine of one camera, and how far its footage has come.

    Where recordings overlap, the earlier one speaks: frames that fall into time already covered are left out. Of two
    recordings with the same content the first one counts, whatever time the other tells.
    """

    def __init__(self, rules: CameraRules, zone: ZoneInfo) -> None:
        """`zone` is the site's time zone, in which schedules are written."""
        self.rules = rules
        self.engine = Engine([rules], zone)
        self.violations = 0
        """Fired so far."""
        self._last_ns: int | None = None
        self._standing: set[str] = set()
        self._fired: dict[str, list[Violation]] = {}
        self._known: dict[str, str] = {}

    @property
    def standing(self) -> int:
        """How many stays are being timed now."""
        return len(self._standing)

    def begin(self, sha256: str, name: str) -> str | None:
        """A recording begins; the name of one before it that has the same bytes, so that this one is to be left out."""
        first = self._known.setdefault(sha256, name)
        return None if first == name else first

    def see(
        self, at: Instant, detections: Detections, pixels: PixelEvidence = NO_PIXELS, view: View | None = None
    ) -> list[Ended] | None:
        """Take in what was seen at `at`; the stays that this ends. None: the time was covered, the frame is left out.

        Raises OrderError for a time that no camera can have.
        """
        if self._last_ns is not None and at.utc_ns <= self._last_ns:
            return None
        self._last_ns = at.utc_ns
        return self._take(self.engine.step(self.rules.camera, at, detections, pixels, view))

    def cover(self, until: Instant | None) -> None:
        """The recording reaches to `until`, whether or not its last frames were looked at; None: nobody knows."""
        if until is not None:
            self._last_ns = max(self._last_ns or until.utc_ns, until.utc_ns)

    def finish(self) -> list[Ended]:
        """There is no more footage: what stands ends, its departure unknown."""
        return self._take(self.engine.finish(self.rules.camera))

    def _take(self, events: Sequence[Event]) -> list[Ended]:
        ended = []
        for event in events:
            match event:
                case StayOpened(stay=stay):
                    self._standing.add(stay.id)
                case ViolationFired(violation):
                    self.violations += 1
                    self._fired.setdefault(violation.stay.id, []).append(violation)
                case StayEnded(stay):
                    self._standing.discard(stay.id)
                    ended.append(Ended(stay, tuple(self._fired.pop(stay.id, ()))))
        return ended
