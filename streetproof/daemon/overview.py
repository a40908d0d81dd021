"""Puts together how the daemon is, from what each part knows. Sentences for people are in plain words."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

from streams.instant import NS_PER_S
from streams.live.hostclock import LIMIT_NS, HostClock
from streetproof.daemon.fleet import Fleet
from streetproof.daemon.hub import Hub
from streetproof.daemon.reference_time import Measured, ReferenceUnknown
from streetproof.daemon.retention import Concern
from streetproof.daemon.snapshot import CameraSnapshot, DaemonSnapshot
from streetproof.store.findings import FindingState
from streetproof.version import __version__


@dataclass(slots=True)
class Room:
    """Of the disk with the recordings, in bytes."""

    total: int
    free: int


@dataclass(slots=True)
class Overview:
    """What the loop has learned last, and does not ask again for every snapshot."""

    disk: Room
    config_error: str | None = None
    house_error: str | None = None
    index_problem: str | None = None
    concerns: tuple[Concern, ...] = ()
    measured: Measured | None = None
    findings: dict[FindingState, int] = field(default_factory=dict)
    notices: int = 0
    batches: int = 0
    inference_ns: int = 0


def overview(hub: Hub, fleet: Fleet, host: HostClock, known: Overview, started_ns: int) -> DaemonSnapshot:
    """A snapshot of everything, now."""
    now_ns = time.monotonic_ns()
    facts = hub.loaded.site.site
    offset = host.server_offset()
    return DaemonSnapshot(
        site=facts.id,
        site_name=facts.name,
        version=__version__,
        pid=os.getpid(),
        started_ns=host.utc_ns(started_ns),
        now_ns=host.utc_ns(now_ns),
        uptime_s=round((now_ns - started_ns) / NS_PER_S, 1),
        config=str(hub.loaded.path),
        config_sha256=hub.loaded.sha256,
        config_error=known.config_error,
        ready=bool(hub.stations) and fleet.all_alive and hub.store_error is None and hub.broken is None,
        problems=tuple(_problems(hub, host, known)),
        model=hub.detector.info.name,
        inference_batches=known.batches,
        inference_s=round(known.inference_ns / NS_PER_S, 3),
        cases=hub.cases,
        sealing_waiting=known.findings.get(FindingState.WAITING, 0) + known.findings.get(FindingState.SEALING, 0),
        sealing_failed=known.findings.get(FindingState.FAILED, 0),
        notices_waiting=known.notices,
        disk_free_bytes=known.disk.free,
        disk_total_bytes=known.disk.total,
        server_offset_s=None if offset is None else offset.offset_ns / NS_PER_S,
        cameras=tuple(_camera(hub, fleet, name, now_ns) for name in hub.stations),
    )


def _camera(hub: Hub, fleet: Fleet, name: str, now_ns: int) -> CameraSnapshot:
    station = hub.stations[name]
    desk = station.desk
    return station.tally.snapshot(
        now_ns,
        pid=fleet.pid(name),
        level=desk.level().value,
        looks=desk.looks,
        inferred=desk.inferred,
        shed=hub.pictures.shed(name),
        queue=hub.pictures.waiting(name),
        standing=len(desk.standing()),
        violations=desk.violations,
    )


def _problems(hub: Hub, host: HostClock, known: Overview) -> list[str]:
    found = []
    if hub.broken is not None:
        found.append(f"The model failed, nothing is looked at any more, recording goes on: {hub.broken}. Restart.")
    if hub.store_error is not None:
        found.append(f"The database does not answer; recording goes on: {hub.store_error}")
    if known.config_error is not None:
        found.append(f"The newest site file is not in force: {known.config_error}")
    found += [text for text in (known.index_problem, known.house_error) if text is not None]
    found += [concern.en for concern in known.concerns]
    failed = known.findings.get(FindingState.FAILED, 0)
    if failed:
        found.append(
            f"{failed} findings could not be sealed and were given up; the log says why. Their footage is kept"
        )
    offset = host.server_offset()
    if offset is not None and abs(offset.offset_ns) > LIMIT_NS:
        found.append(f"This server's clock is {offset.offset_ns / NS_PER_S:+.3f} s off: set up NTP. Cases are flagged")
    elif offset is None and isinstance(known.measured, ReferenceUnknown):
        found.append(
            f"Nobody knows how far this server's clock is off: {known.measured.reason}. {known.measured.remedy}"
        )
    if host.stepped():
        found.append(
            f"This server's clock was set by {host.offset_ns() / NS_PER_S:+.3f} s, away from its reference; times go "
            "on as before. Put the clock right"
        )
    return found
