"""What the report says of each input and each case, as JSON values. Of a case it says what its bundle says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evidence_export.case import CaseRequest
from evidence_export.plates.words import plate_lines
from streetproof.batch.judge import Judge
from streetproof.batch.observations import coverage_of
from streetproof.batch.observe import Observed
from streetproof.batch.plan import Failure
from streetproof.batch.why import why_json


def input_json(observed: Observed, judge: Judge, cases: Sequence[Mapping[str, Any]], out: Path) -> dict[str, Any]:
    """One recording: its span, how much of it holds frames, its holes and faults, and the cases that touch it.

    `observations` is relative to `out`, the output folder; inputs stand in the order in which they were judged.
    """
    coverage = coverage_of(observed.end["coverage"])
    span_ns = coverage.end.utc_ns - coverage.start.utc_ns if coverage.start and coverage.end else 0
    missing_ns = sum(gap.duration_ns for gap in coverage.gaps)
    same_as = judge.duplicates.get(str(observed.path))
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
        "same_as": same_as,
        "reused": observed.reused,
        "observations": observed.file.relative_to(out).as_posix(),
        "violations": 0 if same_as else sum(observed.sha256 in case["recordings"] for case in cases),
    }


def case_json(manifest: Mapping[str, Any], bundle: Path, *, new: bool, note: str | None) -> dict[str, Any]:
    """One case: what its manifest says it is about, and where it lies, relative to the output folder."""
    violation = manifest["violation"]
    stay = violation["stay"]
    departed = stay["departed"]
    return {
        "id": manifest["case"]["id"],
        "status": manifest["case"]["status"],
        "approval_blocked_by": manifest["case"]["approval_blocked_by"],
        "bundle": bundle.as_posix(),
        "picture": None if bundle.suffix == ".zip" else (bundle / "data/overlay/panorama-1.png").as_posix(),
        "new": new,
        "note": note,
        "camera": manifest["camera"]["id"],
        "camera_name": manifest["camera"]["name"],
        "zone": violation["zone"],
        "zone_name": violation["zone_name"] if isinstance(violation["zone_name"], str) else violation["zone"],
        "rule": violation["rule"],
        "kind": violation["kind"] if isinstance(violation["kind"], str) else "",
        "count": violation["clutter"]["fired"]["count"] if "clutter" in violation else None,
        "cls": stay["class"],
        "arrived": stay["arrived"]["by"],
        "arrival_seen": isinstance(stay["arrived"]["after"], str),
        "last_seen": stay["last_seen"],
        "departure_seen": isinstance(departed, dict) and isinstance(departed["by"], str),
        "allowed_ns": violation["allowed_ns"],
        "fired_at": violation["fired_at"],
        "dwell_lower_bound_ns": violation["dwell_lower_bound_ns"],
        "sworn_ns": stay["sworn_ns"],
        "occluded_ns": stay["occluded_ns"],
        "gap_ns": stay["gap_ns"],
        "why": why_json(manifest),
        "plate": _plate(manifest, bundle),
        "weak_model": manifest["detection"]["weak"],
        "recordings": [recording["sha256"] for recording in manifest["recordings"]],
    }


def note_of(manifest: Mapping[str, Any], request: CaseRequest) -> str | None:
    """What a bundle sealed earlier does not say: it is never changed, whatever is learned later."""
    if manifest["policy"]["sha256"] != request.violation.policy_hash:
        return "earlier_policy"
    if manifest["detection"]["model"]["sha256"] != request.detector.sha256:
        return "earlier_model"
    if manifest["violation"]["stay"]["last_seen"] < request.stay.last_seen.isoformat():
        return "seen_longer"
    if request.plates is not None and "status" not in manifest["plate"]:
        return "no_plate"
    return None


def _plate(manifest: Mapping[str, Any], bundle: Path) -> dict[str, Any] | None:
    """What the bundle says of the plate; None where none was looked for. `picture`: its close-up, as for `picture`."""
    plate = manifest["plate"]
    if "status" not in plate:
        return None
    close_up = plate.get("close_up")
    picture = None if close_up is None or bundle.suffix == ".zip" else (bundle / close_up["path"]).as_posix()
    return {
        "status": plate["status"],
        "text": plate["text"] if isinstance(plate.get("text"), str) else None,
        "marked": plate["marked"] if isinstance(plate.get("marked"), str) else None,
        "doubts": plate.get("doubts", []),
        "colour": plate["colour"] if isinstance(plate.get("colour"), str) else None,
        "picture": picture,
        "said": [{"zh": said.zh, "en": said.en} for said in plate_lines(plate)],
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
