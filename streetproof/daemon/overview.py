"""Puts together how the daemon is, from what each part knows."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from evidence_export.words import Said
from streams.instant import NS_PER_S
from streams.live.hostclock import LIMIT_NS, HostClock
from streetproof.daemon import problems
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

    @classmethod
    def of(cls, place: Path) -> Self:
        """As it is now. Raises OSError."""
        usage = shutil.disk_usage(place)
        return cls(usage.total, usage.free)


@dataclass(slots=True)
class Overview:
    """What the loop has learned last, and does not ask again for every snapshot."""

    disk: Room
    config_error: str | None = None
    house_error: Said | None = None
    index_problem: Said | None = None
    case_problem: Said | None = None
    ledger_problems: tuple[Said, ...] = ()
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


def _problems(hub: Hub, host: HostClock, known: Overview) -> Iterator[Said]:
    """The gravest first."""
    if hub.broken is not None:
        yield problems.model_failed(hub.broken)
    if hub.store_error is not None:
        yield problems.database_silent(hub.store_error)
    if known.config_error is not None:
        yield problems.site_file_refused(known.config_error)
    told = (known.index_problem, *known.ledger_problems, known.house_error, known.case_problem)
    yield from (said for said in told if said is not None)
    yield from (concern.said for concern in known.concerns)
    failed = known.findings.get(FindingState.FAILED, 0)
    if failed:
        yield problems.not_sealed(failed)
    offset = host.server_offset()
    if offset is not None and abs(offset.offset_ns) > LIMIT_NS:
        yield problems.server_clock_off(offset.offset_ns)
    elif offset is None and isinstance(known.measured, ReferenceUnknown):
        yield problems.server_clock_unknown(known.measured)
    if host.stepped():
        yield problems.server_clock_set(host.offset_ns())
