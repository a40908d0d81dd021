"""What a case says of faults of the camera's view: moved, blocked, frozen and the like."""

from __future__ import annotations

from evidence_export.bag.canonical import JsonObject, JsonValue
from evidence_export.case import CaseRequest, ViewFaultFacts
from evidence_export.plan import clip_range, decisive_interval
from evidence_export.statements.values import brief, known


def faults_of(request: CaseRequest) -> tuple[ViewFaultFacts, ...] | None:
    """The faults that touch the footage of the case, in order of time; None where nobody watched for them."""
    if request.view_faults is None:
        return None
    wanted = clip_range(request)
    touching = (fault for fault in request.view_faults if _touches(fault, wanted.start_ns, wanted.end_ns))
    return tuple(sorted(touching, key=lambda fault: (fault.since.utc_ns, fault.kind)))


def in_decisive(request: CaseRequest) -> bool:
    """Whether a fault is known of any moment between the arrival and the proof."""
    return any(_touches(fault, *decisive_interval(request)) for fault in request.view_faults or ())


def view_statement(request: CaseRequest) -> JsonObject:
    """`view` of the manifest."""
    found = faults_of(request)
    faults: JsonValue = None
    if found is not None:
        interval = decisive_interval(request)
        faults = [
            {
                "kind": brief(fault.kind),
                "since": fault.since.isoformat(),
                "until": known(fault.until.isoformat() if fault.until else None),
                "decisive": _touches(fault, *interval),
            }
            for fault in found
        ]
    return {"faults": known(faults), "blocks_approval": in_decisive(request)}


def _touches(fault: ViewFaultFacts, first_ns: int, last_ns: int) -> bool:
    return fault.since.utc_ns <= last_ns and (fault.until is None or fault.until.utc_ns >= first_ns)
