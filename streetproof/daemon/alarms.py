"""Tells people what is wrong with cameras, and when it is over: once, and not at every turn of a camera that flaps."""

from __future__ import annotations

from collections.abc import Callable

from streams.instant import NS_PER_S
from streetproof.daemon import announce
from streetproof.daemon.notices.debounce import Debounce
from streetproof.daemon.notices.interface import Notice
from streetproof.settings.site import Camera, Site

DEBOUNCE_NS = 300 * NS_PER_S


class Alarms:
    """Faults of streams and of clocks, debounced. Called by the hub's thread."""

    def __init__(
        self,
        notify: Callable[[Notice], None],
        place: Callable[[str], tuple[Site, Camera] | None],
        monotonic: Callable[[], int],
        now_ns: Callable[[], int],
    ) -> None:
        """`place`: the site and the settings of a camera, None where it is watched no more."""
        self._notify = notify
        self._place = place
        self._monotonic = monotonic
        self._now_ns = now_ns
        self._faults: Debounce[str] = Debounce(DEBOUNCE_NS, "")
        self._clocks: Debounce[bool] = Debounce(DEBOUNCE_NS, False)
        self._details: dict[str, str] = {}
        self._offsets: dict[str, int | None] = {}

    def fault(self, camera: str, kind: str, what: str = "") -> None:
        """The stream of a camera has this fault now; an empty kind: it has none."""
        self._details[camera] = what
        telling = self._faults.observe(camera, kind, self._monotonic())
        if telling is not None:
            self._tell_fault(camera, telling.state, telling.changes)

    def clock(self, camera: str, off: bool, offset_ns: int | None) -> None:
        """Whether the camera's clock is more than 1.0 s off now, or may be."""
        self._offsets[camera] = offset_ns
        telling = self._clocks.observe(camera, off, self._monotonic())
        if telling is not None:
            self._tell_clock(camera, telling.state)

    def tell_due(self) -> None:
        """What was held back while it changed to and fro. Call it about every second."""
        now_ns = self._monotonic()
        for fault in self._faults.due(now_ns):
            self._tell_fault(fault.key, fault.state, fault.changes)
        for clock in self._clocks.due(now_ns):
            self._tell_clock(clock.key, clock.state)

    def forget(self, camera: str) -> None:
        """The camera is watched no more."""
        self._faults.forget(camera)
        self._clocks.forget(camera)
        self._details.pop(camera, None)
        self._offsets.pop(camera, None)

    def _tell_fault(self, name: str, kind: str, changes: int) -> None:
        place = self._place(name)
        if place is None:
            return
        site, camera = place
        if kind:
            what, times = self._details.get(name) or kind, (changes + 1) // 2
            self._notify(announce.fault(site, camera, kind, what, times, self._now_ns()))
        else:
            self._notify(announce.recovered(site, camera, self._now_ns()))

    def _tell_clock(self, name: str, off: bool) -> None:
        place = self._place(name)
        if place is not None:
            site, camera = place
            self._notify(announce.clock(site, camera, off, self._offsets.get(name), self._now_ns()))
