"""The server's side of time: one straight line from CLOCK_MONOTONIC to UTC, and what is known against it.

A *line* is an integer: UTC (ns since 1970, POSIX scale) minus CLOCK_MONOTONIC (ns). Three of them matter here:

- the line in force, taken once from the system clock. It is never bent and moves in one place only, `reanchor()`;
- the system's, read again every second. Both clocks run at the one rate that NTP disciplines, so slewing leaves their
  difference alone: where it changes, somebody has set the clock (a person, NTP's `makestep`, a leap second);
- the reference's, as somebody measured it against an NTP server. The system clock may step meanwhile: this stays true.

CLOCK_MONOTONIC, and not CLOCK_BOOTTIME, because packets are stamped with it on arrival. It stands still while a machine
sleeps; then the system clock has gone ahead of the line, which looks like a step and is stated as one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from streams.instant import NS_PER_S

STEP_NS = 50_000_000
"""A smaller difference between the system clock and the line is not called a step. It is stated all the same."""
LIMIT_NS = NS_PER_S
"""How far a clock may be off before whatever it stamped is flagged: 1.0 s (GA/T 832-2014, 3.2)."""
REFERENCE_VALID_NS = 2 * 3_600 * NS_PER_S
"""An offset measured longer ago counts as unknown."""
WANDER_PPM = 100
"""How far from true rate a quartz without discipline may run; so much a measured offset loses its worth with time."""
_ATTEMPTS = 5
_NARROW_NS = 100_000


@dataclass(frozen=True, slots=True)
class HostReading:
    """The system's clocks, read together: `utc_ns` belongs to `monotonic_ns` give or take `width_ns` / 2."""

    monotonic_ns: int
    utc_ns: int
    boottime_ns: int
    """CLOCK_BOOTTIME: goes on while the machine sleeps."""
    width_ns: int

    @property
    def line_ns(self) -> int:
        return self.utc_ns - self.monotonic_ns


def read_host(
    *,
    monotonic: Callable[[], int] = time.monotonic_ns,
    utc: Callable[[], int] = time.time_ns,
    boottime: Callable[[], int] = lambda: time.clock_gettime_ns(time.CLOCK_BOOTTIME),
) -> HostReading:
    """Read UTC between two readings of CLOCK_MONOTONIC; of a few attempts, the one that was interrupted least."""
    best: HostReading | None = None
    for _ in range(_ATTEMPTS):
        before = monotonic()
        now, awake = utc(), boottime()
        width = monotonic() - before
        if best is None or width < best.width_ns:
            best = HostReading(before + width // 2, now, awake, width)
        if width <= _NARROW_NS:
            break
    assert best is not None
    return best


@dataclass(frozen=True, slots=True)
class ReferenceLine:
    """True time, as an NTP server or the like has it: UTC minus CLOCK_MONOTONIC, half-width, and when it was measured.

    Holds on this machine until it boots again, in every process, whatever happens to the system clock meanwhile.
    """

    line_ns: int
    uncertainty_ns: int
    monotonic_ns: int

    @property
    def checked_ns(self) -> int:
        """UTC of the measurement, by the reference itself."""
        return self.line_ns + self.monotonic_ns


@dataclass(frozen=True, slots=True)
class ServerOffset:
    """How far times on a line are from the reference; positive where they are ahead."""

    offset_ns: int
    uncertainty_ns: int
    checked_ns: int

    @property
    def within_limit(self) -> bool:
        """Whether it is shown to be within 1.0 s: the whole interval is."""
        return abs(self.offset_ns) + self.uncertainty_ns <= LIMIT_NS


@dataclass(frozen=True, slots=True)
class Step:
    """The system clock was set, or the machine slept. Times on the line go on as if nothing had happened."""

    at_ns: int
    """UTC on the line in force."""
    by_ns: int
    """How much the system clock moved against CLOCK_MONOTONIC; positive: ahead."""
    slept_ns: int
    """So much of it is explained by the machine having slept."""
    offset_ns: int
    """The system clock minus the line in force, now."""


class HostClock:
    """One machine's time. Make one and hand its `line_ns` to every process: CLOCK_MONOTONIC is common to all of them.

    `read` is the reading of the clocks, a parameter so that tests can set them. Not for use by several threads at once.
    """

    def __init__(self, read: Callable[[], HostReading] = read_host, *, line_ns: int | None = None) -> None:
        self._read = read
        now = read()
        self._line_ns = now.line_ns if line_ns is None else line_ns
        # What a line from elsewhere has missed is reported by the first check.
        self._told_ns = self._line_ns
        self._system_ns = now.line_ns
        self._asleep_ns = now.boottime_ns - now.monotonic_ns
        self._reference: ReferenceLine | None = None

    @property
    def line_ns(self) -> int:
        """The line in force: UTC minus CLOCK_MONOTONIC."""
        return self._line_ns

    @property
    def reference(self) -> ReferenceLine | None:
        """What was measured last; None: nothing yet."""
        return self._reference

    def utc_ns(self, monotonic_ns: int) -> int:
        """UTC of a reading of CLOCK_MONOTONIC, on the line in force."""
        return self._line_ns + monotonic_ns

    def now_ns(self) -> int:
        """UTC now, on the line in force."""
        return self.utc_ns(self._read().monotonic_ns)

    def offset_ns(self, line_ns: int | None = None) -> int:
        """The system clock, as last checked, minus a line (None: the one in force)."""
        return self._system_ns - (self._line_ns if line_ns is None else line_ns)

    def stepped(self, line_ns: int | None = None) -> bool:
        """Whether the system clock has left a line (None: the one in force) by a step, or by several."""
        return abs(self.offset_ns(line_ns)) > STEP_NS

    def check(self) -> Step | None:
        """Compare the clocks; call it about once a second. Says once that the system clock was stepped.

        Differences add up: ten steps of 40 ms do not go unseen. A reading that was interrupted proves nothing smaller
        than the interruption.
        """
        now = self._read()
        moved = now.line_ns - self._told_ns
        if abs(moved) <= STEP_NS + now.width_ns:
            if now.width_ns <= _NARROW_NS:
                self._system_ns = now.line_ns
            return None
        asleep = now.boottime_ns - now.monotonic_ns
        slept, self._asleep_ns = asleep - self._asleep_ns, asleep
        self._system_ns = self._told_ns = now.line_ns
        return Step(
            at_ns=self.utc_ns(now.monotonic_ns),
            by_ns=moved,
            slept_ns=slept if abs(slept) > now.width_ns else 0,
            offset_ns=self.offset_ns(),
        )

    def reanchor(self) -> int:
        """Take the system clock's line from now on, and say by how much the line moved (ns; positive: ahead).

        For whoever knows that the system clock is right again. Cameras that are being recorded stay on the line they
        began with until each is reanchored or connects anew.
        """
        now = self._read()
        moved = now.line_ns - self._line_ns
        self._line_ns = self._system_ns = self._told_ns = now.line_ns
        self._asleep_ns = now.boottime_ns - now.monotonic_ns
        return moved

    def adopt(self, line_ns: int) -> None:
        """Take the line that another process on this machine has taken, by the same rule as `reanchor`."""
        now = self._read()
        self._line_ns, self._system_ns, self._told_ns = line_ns, now.line_ns, now.line_ns
        self._asleep_ns = now.boottime_ns - now.monotonic_ns

    def note_reference(self, measured: ReferenceLine | None) -> None:
        """Take what was measured against a reference; None: the measurement failed, the last one ages."""
        if measured is not None:
            self._reference = measured

    def server_offset(self, line_ns: int | None = None) -> ServerOffset | None:
        """How far times on a line (None: the one in force) are from the reference, or None: unknown.

        The uncertainty grows with the age of the measurement; after two hours it is worth nothing.
        """
        if self._reference is None:
            return None
        age_ns = self._read().monotonic_ns - self._reference.monotonic_ns
        if not 0 <= age_ns <= REFERENCE_VALID_NS:
            return None
        return ServerOffset(
            offset_ns=(self._line_ns if line_ns is None else line_ns) - self._reference.line_ns,
            uncertainty_ns=self._reference.uncertainty_ns + age_ns * WANDER_PPM // 1_000_000,
            checked_ns=self._reference.checked_ns,
        )
