"""What a case says of the clocks behind its times."""

from __future__ import annotations

import re
from collections.abc import Iterable

from evidence_export.bag.canonical import JsonObject, JsonValue
from evidence_export.case import CaseRequest, TimeFacts
from evidence_export.errors import SealError
from evidence_export.plan import decisive
from evidence_export.statements.values import known
from streams.instant import NS_PER_S, iso_utc
from streams.recorder.interface import ClockStatement

OVER_1S_NS = NS_PER_S
"""GA/T 832-2014, 3.2: a clock that is further off than this may not be used as it is."""
FLAGS = (
    "camera_offset_over_1s",
    "camera_offset_unknown",
    "server_offset_over_1s",
    "server_offset_unknown",
    "camera_clock_jumped",
    "host_clock_stepped",
)
_FLAG = re.compile(r"[a-z][a-z0-9_]{0,59}")


def time_facts(request: CaseRequest) -> TimeFacts | None:
    """What the request and the decisive segments say of the clocks, with every flag that follows from either.

    Where the request says nothing, each value is the worst one of the decisive segments. None: an archived file, of
    which nothing was measured. Raises SealError where a flag is no name.
    """
    clocks = [one.segment.opening.clock for one in decisive(request) if one.segment is not None]
    if request.time is None and not clocks:
        return None
    facts = request.time or _worst(clocks)
    flags = {*facts.flags, *_implied(facts.camera_offset_ns, facts.server_offset_ns)}
    for clock in clocks:
        flags |= {*clock.flags, *_implied(clock.camera_offset_ns, clock.server_offset_ns)}
    for flag in flags:
        if not _FLAG.fullmatch(flag):
            raise SealError(f"{flag!r} is no name of a flag", where=f"stay {request.stay.id}")
    ordered = (*(flag for flag in FLAGS if flag in flags), *sorted(flags - set(FLAGS)))
    return TimeFacts(
        facts.camera_offset_ns, facts.camera_drift_ppb, facts.server_offset_ns, facts.server_checked_ns, ordered
    )


def reference_offset_ns(request: CaseRequest) -> int | None:
    """The camera's clock minus the reference: as registered, or by way of the server; None where either is unknown."""
    if request.camera.clock_offset_ns is not None:
        return request.camera.clock_offset_ns
    facts = time_facts(request)
    if facts is None or facts.camera_offset_ns is None or facts.server_offset_ns is None:
        return None
    return facts.camera_offset_ns + facts.server_offset_ns


def time_statement(request: CaseRequest) -> JsonObject:
    """`time` of the manifest."""
    arrival = request.stay.arrived[1]
    facts = time_facts(request)
    checked = None if facts is None or facts.server_checked_ns is None else iso_utc(facts.server_checked_ns)
    flags: JsonValue = None if facts is None else list(facts.flags)
    return {
        "zone": request.site.timezone,
        "source": str(arrival.source),
        "uncertainty_ns": arrival.uncertainty_ns,
        "clock_offset_ns": known(reference_offset_ns(request)),
        "camera_offset_ns": known(facts.camera_offset_ns if facts else None),
        "camera_drift_ppb": known(facts.camera_drift_ppb if facts else None),
        "server_offset_ns": known(facts.server_offset_ns if facts else None),
        "server_checked_at": known(checked),
        "flags": known(flags),
    }


def clock_statement(clock: ClockStatement) -> JsonObject:
    """`recordings[].segment.clock` of the manifest."""
    checked = None if clock.server_checked_ns is None else iso_utc(clock.server_checked_ns)
    return {
        "camera_offset_ns": known(clock.camera_offset_ns),
        "camera_drift_ppb": known(clock.camera_drift_ppb),
        "server_offset_ns": known(clock.server_offset_ns),
        "server_checked_at": known(checked),
        "flags": list(clock.flags),
    }


def _implied(camera_ns: int | None, server_ns: int | None) -> set[str]:
    found = set()
    for whose, offset in (("camera", camera_ns), ("server", server_ns)):
        if offset is None:
            found.add(f"{whose}_offset_unknown")
        elif abs(offset) > OVER_1S_NS:
            found.add(f"{whose}_offset_over_1s")
    return found


def _worst(clocks: Iterable[ClockStatement]) -> TimeFacts:
    clocks = tuple(clocks)
    server = max(
        (clock for clock in clocks if clock.server_offset_ns is not None),
        key=lambda clock: abs(clock.server_offset_ns or 0),
        default=None,
    )
    return TimeFacts(
        camera_offset_ns=_largest(clock.camera_offset_ns for clock in clocks),
        camera_drift_ppb=_largest(clock.camera_drift_ppb for clock in clocks),
        server_offset_ns=server.server_offset_ns if server else None,
        server_checked_ns=server.server_checked_ns if server else None,
    )


def _largest(values: Iterable[int | None]) -> int | None:
    return max((value for value in values if value is not None), key=abs, default=None)
