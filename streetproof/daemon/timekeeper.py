"""Keeps an eye on this machine's clock: whether it was set, and how far it is from a reference. Sets nothing."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import structlog

from evidence_export.words import Said
from streams.instant import NS_PER_S
from streams.live.hostclock import LIMIT_NS, HostClock
from streetproof.daemon import announce
from streetproof.daemon.reference_time import Measured, ReferenceReading, measure

_log = structlog.get_logger(__name__)

PERIOD_S = 600.0


class Timekeeper:
    """Answers of a reference take seconds, so a thread asks; all else is done by `check`, in the hub's thread."""

    def __init__(
        self,
        host: HostClock,
        server: Callable[[], str | None],
        tell_line: Callable[[], None],
        say: Callable[[Said], None],
    ) -> None:
        """`server`: the NTP server to ask. `tell_line`: the line, or what is known of it, has changed, and the cameras
        have to know. `say`: people have to know."""
        self._host = host
        self._server = server
        self._tell_line = tell_line
        self._say = say
        self._answers: queue.SimpleQueue[Measured] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self.noted: Callable[[Measured], None] = lambda _: None
        """Told of every answer."""
        self.measured: Measured | None = None
        """The newest answer; None: there was none yet."""

    def start(self) -> None:
        """Begin to ask."""
        threading.Thread(target=self._ask, name="reference time", daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()

    def check(self) -> None:
        """Take in answers, and look whether the clock was set. Call it about every second."""
        while not self._answers.empty():
            self._take(self._answers.get())
        step = self._host.check()
        if step is not None:
            by_s = step.by_ns / NS_PER_S
            _log.warning("host_clock_stepped", by_s=by_s, slept_s=step.slept_ns / NS_PER_S)
            self._say(announce.clock_was_set(by_s))
        if self._host.stepped() and self._is_right_now():
            # Cameras stay on the line they are on until nothing is being timed there; only what begins takes the new.
            moved_ns = self._host.reanchor()
            _log.warning("time_line_put_right", by_s=moved_ns / NS_PER_S)
            self._tell_line()

    def _take(self, measured: Measured) -> None:
        self.measured = measured
        self.noted(measured)
        if isinstance(measured, ReferenceReading):
            _log.info("server_time", offset_s=measured.server_offset_ns / NS_PER_S, source=measured.source)
            self._host.note_reference(measured.line)
            self._tell_line()
        else:
            # The last answer goes on to count, with a growing uncertainty, until it is too old.
            _log.warning("server_time_unknown", reason=measured.reason.en)

    def _is_right_now(self) -> bool:
        """Whether nothing speaks against the system clock as it is since it was set."""
        known = self._host.server_offset()
        return known is None or abs(known.offset_ns + self._host.offset_ns()) <= LIMIT_NS

    def _ask(self) -> None:
        while not self._stopped.is_set():
            self._answers.put(measure(self._server()))
            self._stopped.wait(PERIOD_S)
