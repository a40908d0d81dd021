"""Runs the engine over the recordings of one camera, in order of time, whenever the next one is ready."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from streetproof.batch.observations import coverage_of, read_observations
from streetproof.batch.observe import Observed, Probed
from vision.engine import Engine
from vision.interface import Event, Stay, StayEnded, StayOpened, Violation, ViolationFired
from vision.policy import CameraRules


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation whose stay has ended, so that a case can be sealed."""

    violation: Violation
    stay: Stay


class Judge:
    """The engine of one camera and the queue of its recordings.

    Recordings are judged strictly in order of their start, each as soon as all before it are done or have failed, and a
    finding is held back until all footage that belongs into its bundle was judged; so the outcome does not depend on
    which worker was quicker. Where recordings overlap, the earlier one speaks: frames of a later one that fall into its
    time are left out.
    """

    def __init__(self, rules: CameraRules, zone: ZoneInfo, order: Sequence[Probed], post_roll_ns: int) -> None:
        self._camera = rules.camera
        self._engine = Engine([rules], zone)
        self._waiting = list(order)
        self._post_roll_ns = post_roll_ns
        self._held: list[Finding] = []
        self._ready: dict[object, Observed | None] = {}
        self._last_ns: int | None = None
        self._standing: set[str] = set()
        self._fired: dict[str, list[Violation]] = {}
        self.violations = 0
        self.overlapping: dict[str, int] = {}
        """Frames left out, per recording, because earlier recordings reach past their time."""
        self.duplicates: dict[str, str] = {}
        """Recordings left out, with the one judged before that has the same bytes."""
        self._known: dict[str, str] = {}

    @property
    def standing(self) -> int:
        """How many stays are being timed now."""
        return len(self._standing)

    @property
    def finished(self) -> bool:
        """Whether every recording was judged."""
        return not self._waiting

    def give(self, recording: Probed, observed: Observed | None) -> Iterator[Finding]:
        """Take one recording's observations, None if it failed; yield the findings that this completes."""
        self._ready[recording.path] = observed
        while self._waiting and self._waiting[0].path in self._ready:
            ready = self._ready.pop(self._waiting.pop(0).path)
            if ready is not None:
                self._judge(ready)
            if not self._waiting:
                self._take(self._engine.finish(self._camera))
        next_ns = self._waiting[0].start.utc_ns if self._waiting else None
        held, self._held = self._held, []
        for finding in held:
            if next_ns is None or finding.stay.last_seen.utc_ns + self._post_roll_ns < next_ns:
                yield finding
            else:
                self._held.append(finding)

    def _judge(self, observed: Observed) -> None:
        first = self._known.setdefault(observed.sha256, str(observed.path))
        if first != str(observed.path):
            # A copy under a name that tells another time would be a second case of one stay.
            self.duplicates[str(observed.path)] = first
            return
        for seen in read_observations(observed.file):
            if self._last_ns is not None and seen.at.utc_ns <= self._last_ns:
                self.overlapping[str(observed.path)] = self.overlapping.get(str(observed.path), 0) + 1
                continue
            self._last_ns = seen.at.utc_ns
            self._take(self._engine.step(self._camera, seen.at, seen.detections, None))
        end = coverage_of(observed.end["coverage"]).end
        if end is not None:
            self._last_ns = max(self._last_ns or end.utc_ns, end.utc_ns)

    def _take(self, events: Sequence[Event]) -> None:
        for event in events:
            match event:
                case StayOpened(stay):
                    self._standing.add(stay.id)
                case ViolationFired(violation):
                    self.violations += 1
                    self._fired.setdefault(violation.stay.id, []).append(violation)
                case StayEnded(stay):
                    self._standing.discard(stay.id)
                    for violation in self._fired.pop(stay.id, []):
                        self._held.append(Finding(violation, stay))
