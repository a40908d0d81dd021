"""What is done now and then beside the cameras: footage is kept within its limits, and queues are counted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from evidence_export.words import Said
from streams.live.hostclock import LIMIT_NS, HostClock
from streetproof.daemon import problems
from streetproof.daemon.casework import needed_from_ns
from streetproof.daemon.housekeeping import Housekeeper
from streetproof.daemon.hub import Hub
from streetproof.daemon.notices.interface import NoticeKind
from streetproof.daemon.notices.queue import NoticeQueue
from streetproof.daemon.overview import Overview, Room
from streetproof.daemon.retention import DAY_NS, ConcernKind, Limits
from streetproof.errors import StreetproofError
from streetproof.store.database import Store

_log = structlog.get_logger(__name__)
_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Before:
    """What is known from before a daemon recorded anything itself."""

    began_ns: int
    """When it started, on CLOCK_MONOTONIC."""
    newest_ns: int | None
    """Up to when there was footage by then, UTC; None: there was none."""


class Upkeep:
    """Fills in the parts of the overview that cost a query. Called by the hub's thread."""

    def __init__(
        self,
        hub: Hub,
        store: Store,
        house: Housekeeper,
        notices: NoticeQueue,
        data: Path,
        say: Callable[[NoticeKind, Said], None],
        before: Before | None = None,
    ) -> None:
        """`before`: where something was recorded already, which must not vouch for the clock that it was stamped by;
        None: nothing was."""
        self._hub = hub
        self._store = store
        self._house = house
        self._notices = notices
        self._data = data
        self._say = say
        self.overview = Overview(Room.of(self._data))
        if before is None:
            lasts = [store.segments.last(camera) for camera in store.segments.footage()]
            newest_ns = max((last.closing.end.utc_ns for last in lasts if last is not None), default=None)
            before = Before(time.monotonic_ns(), newest_ns)
        self._before = before
        self._sure_ns: int | None = None

    def run(self, host: HostClock) -> None:
        """Delete what has to go, say what should be known. A refusal of disk or database is told, and tried again."""
        overview = self.overview
        try:
            in_doubt = host.stepped() or self._is_the_clock_in_doubt(host)
            self._sure_ns = None if in_doubt else host.now_ns()
            self._keep_house(host.now_ns(), clock_in_doubt=in_doubt)
            for camera, amount in self._store.segments.footage().items():
                if camera in self._hub.stations:
                    self._hub.stations[camera].tally.recorded_bytes = amount.bytes
            overview.findings = self._store.findings.counts()
            overview.notices = self._notices.waiting()
            overview.house_error = None
        except StreetproofError as error:
            _log.error("housekeeping_failed", error=error)
            overview.house_error = problems.upkeep_failed(error)
        overview.disk = Room.of(self._data)

    def sure_now_ns(self) -> int | None:
        """The time, where it was not in doubt at the last run, no later than that; None where it was. From any
        thread."""
        return self._sure_ns

    def _is_the_clock_in_doubt(self, host: HostClock) -> bool:
        """Whether this machine may have started with a clock that is far ahead: all footage would seem to be old.

        It is in doubt where the footage before the start is more than a day old, until a reference confirms the clock,
        or a day has passed.
        """
        began_ns, newest_ns = self._before.began_ns, self._before.newest_ns
        if newest_ns is None or host.utc_ns(began_ns) - newest_ns <= DAY_NS:
            return False
        known = host.server_offset()
        if known is not None:
            return abs(known.offset_ns) > LIMIT_NS
        return time.monotonic_ns() - began_ns < DAY_NS

    def _wanted_from(self, now_ns: int) -> dict[str, int]:
        """Per camera, from when on its footage may yet be part of a case: something stands there and is being timed.

        No further back than a day: what stands for so long without breaking a rule must not fill the disk.
        """
        site = self._hub.loaded.site
        arrivals = {name: station.desk.timed_since_ns() for name, station in self._hub.stations.items()}
        return {
            name: max(needed_from_ns(site, arrived_ns), now_ns - DAY_NS)
            for name, arrived_ns in arrivals.items()
            if arrived_ns is not None
        }

    def _keep_house(self, now_ns: int, *, clock_in_doubt: bool) -> None:
        site = self._hub.loaded.site
        live = site.live
        report = self._house.run(
            {
                camera.id: Limits(camera.retention.keep, camera.retention.quota_bytes)
                for camera in site.cameras
                if camera.retention is not None
            },
            Limits(live.retention.keep, live.retention.quota_bytes),
            min_free=int(live.min_free_gib * _GIB),
            warn_free=int(live.warn_free_gib * _GIB),
            wanted_from=self._wanted_from(now_ns),
            clock_in_doubt=clock_in_doubt,
        )
        known = {concern.kind for concern in self.overview.concerns}
        for concern in report.concerns:
            if concern.kind not in known:
                kind = NoticeKind.TIME if concern.kind is ConcernKind.CLOCK else NoticeKind.DISK
                self._say(kind, concern.said)
        self.overview.concerns = report.concerns
        if report.deleted:
            _log.info("footage_deleted", segments=report.deleted, bytes=report.freed, free=report.free)
