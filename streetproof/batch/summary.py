"""What the report says of each input and each case, as JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evidence_export.case import CaseRequest
from streetproof.batch.judge import Judge
from streetproof.batch.observations import coverage_of
from streetproof.batch.observe import Observed
from streetproof.batch.plan import Failure


def input_json(observed: Observed, judge: Judge, cases: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One recording: its span, how much of it holds frames, its holes and faults, and the cases that touch it."""
    coverage = coverage_of(observed.end["coverage"])
    span_ns = coverage.end.utc_ns - coverage.start.utc_ns if coverage.start and coverage.end else 0
    missing_ns = sum(gap.duration_ns for gap in coverage.gaps)
    return {
        "path": str(observed.path),
        "camera": observed.camera,
        "sha256": observed.sha256,
        "size_bytes": observed.size_bytes,
        "start": coverage.start.isoformat() if coverage.start else None,
        "end": coverage.end.isoformat() if coverage.end else None,
        "time_source": str(coverage.start.source) if coverage.start else None,
        "time_uncertainty_ns": coverage.start.uncertainty_ns if coverage.start else None,
        "span_ns": span_ns,
        "covered_ns": max(0, span_ns - missing_ns),
        "gaps": observed.end["coverage"]["gaps"],
        "problems": observed.end["coverage"]["problems"],
        "look": observed.end["level"],
        "frames_looked_at": observed.end["frames_looked_at"],
        "frames_inferred": observed.end["frames_inferred"],
        "frames_overlapping": judge.overlapping.get(str(observed.path), 0),
        "same_as": judge.duplicates.get(str(observed.path)),
        "reused": observed.reused,
        "violations": sum(str(observed.path) in case["recordings"] for case in cases),
    }


def case_json(case: str, bundle: Path, request: CaseRequest, *, new: bool) -> dict[str, Any]:
    """One case: what it is about and where it lies, relative to the output folder."""
    stay, violation = request.stay, request.violation
    return {
        "id": case,
        "bundle": bundle.as_posix(),
        "picture": None if bundle.suffix == ".zip" else (bundle / "data/overlay/panorama-1.png").as_posix(),
        "new": new,
        "camera": request.camera.id,
        "camera_name": request.camera.name,
        "zone": violation.zone,
        "rule": violation.rule,
        "cls": stay.cls,
        "arrived": stay.arrived[1].isoformat(),
        "arrival_seen": stay.arrived[0] is not None,
        "last_seen": stay.last_seen.isoformat(),
        "departure_seen": stay.departed is not None and stay.departed[1] is not None,
        "allowed_ns": violation.allowed_ns,
        "dwell_lower_bound_ns": stay.sworn_ns,
        "occluded_ns": stay.occluded_ns,
        "gap_ns": stay.gap_ns,
        "weak_model": request.detector_weakness is not None,
        "recordings": [str(recording.path) for recording in request.recordings],
    }


def totals_json(
    inputs: Sequence[Mapping[str, Any]],
    cases: Sequence[Mapping[str, Any]],
    failures: Sequence[Failure],
    wall_ns: int,
) -> dict[str, Any]:
    """The sums. The real-time factor counts only footage that this run looked at itself."""
    looked_ns = sum(one["span_ns"] for one in inputs if not one["reused"])
    return {
        "inputs": len(inputs),
        "failures": len(failures),
        "cases": len(cases),
        "new_cases": sum(bool(case["new"]) for case in cases),
        "span_ns": sum(one["span_ns"] for one in inputs),
        "covered_ns": sum(one["covered_ns"] for one in inputs),
        "wall_ns": wall_ns,
        "real_time_factor": round(looked_ns / wall_ns, 1) if wall_ns > 0 and looked_ns else None,
    }
