"""Runs the engine over the recordings of one camera, in order of time, whenever the next one is ready."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from streetproof.batch.observations import coverage_of, read_observations
from streetproof.batch.observe import Observed, Probed
from streetproof.course import Course, Ended
from streetproof.events import EventLog
from vision.interface import Stay, Violation
from vision.policy import CameraRules


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation whose stay has ended, so that a case can be sealed."""

    violation: Violation
    stay: Stay


class Judge:
    """The course of one camera and the queue of its recordings.

    Recordings are judged strictly in order of their start, each as soon as all before it are done or have failed, and a
    finding is held back until all footage that belongs into its bundle was judged; so the outcome does not depend on
    which worker was quicker.
    """

    def __init__(
        self,
        rules: CameraRules,
        zone: ZoneInfo,
        order: Sequence[Probed],
        post_roll_ns: int,
        log: EventLog | None = None,
    ) -> None:
        """`log` takes down every stay that ends, where somebody wants to know."""
        self._log = log
        self._course = Course(rules, zone)
        self._waiting = list(order)
        self._post_roll_ns = post_roll_ns
        self._held: list[Finding] = []
        self._ready: dict[object, Observed | None] = {}
        self.overlapping: dict[str, int] = {}
        """Frames left out, per recording, because earlier recordings reach past their time."""
        self.duplicates: dict[str, str] = {}
        """Recordings left out, with the one judged before that has the same bytes."""

    @property
    def standing(self) -> int:
        """How many stays are being timed now."""
        return self._course.standing

    @property
    def violations(self) -> int:
        """How many violations were found so far."""
        return self._course.violations

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
                self._take(self._course.finish())
        next_ns = self._waiting[0].start.utc_ns if self._waiting else None
        held, self._held = self._held, []
        for finding in held:
            if next_ns is None or finding.stay.last_seen.utc_ns + self._post_roll_ns < next_ns:
                yield finding
            else:
                self._held.append(finding)

    def _judge(self, observed: Observed) -> None:
        name = str(observed.path)
        first = self._course.begin(observed.sha256, name)
        if first is not None:
            # A copy under a name that tells another time would be a second case of one stay.
            self.duplicates[name] = first
            return
        for seen in read_observations(observed.file):
            ended = self._course.see(seen.at, seen.detections, seen.pixels, seen.view)
            if ended is None:
                self.overlapping[name] = self.overlapping.get(name, 0) + 1
            else:
                self._take(ended)
        self._course.cover(coverage_of(observed.end["coverage"]).end)

    def _take(self, ended: Sequence[Ended]) -> None:
        if self._log is not None:
            self._log.add(self._course.rules, ended)
        self._held += [Finding(violation, one.stay) for one in ended for violation in one.violations]
