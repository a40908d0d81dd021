"""Builds `case.json` (see docs/evidence-format.md). Pure: everything measured comes in, everything unknown stays so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evidence_export.bag import layout
from evidence_export.bag.canonical import JsonObject, JsonValue
from evidence_export.bag.digest import Digests
from evidence_export.case import CameraFacts, CaseRequest, Recording
from evidence_export.plan import ClipRange, ImageSet, decisive, local_date
from streams.cut import Cut, Framing
from streams.instant import Instant
from streams.interface import MediaInfo
from vision.interface import Moment, Stay

DUTY_WIDTH, DUTY_HEIGHT = 1280, 720
"""GA/T 832-2014 asks for pictures of at least this size."""


@dataclass(frozen=True, slots=True)
class Source:
    """A recording as it was found on disk; `changed_ns` is its time of change when it was hashed."""

    recording: Recording
    digests: Digests
    changed_ns: int
    info: MediaInfo


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip in the bundle and where it comes from: an index into the recordings."""

    path: str
    recording: int
    cut: Cut
    start: Instant
    end: Instant


@dataclass(frozen=True, slots=True)
class Panorama:
    """A still in the bundle, its derived copy, and the frame that it shows."""

    path: str
    overlay: str
    recording: int
    pts: int
    moment: Moment
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class BagFile:
    """A file of the bundle as `case.json` lists it."""

    path: str
    role: str
    digests: Digests
    parent: str | None = None
    transform: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """Everything that sealing has made or measured."""

    case_id: str
    sources: tuple[Source, ...]
    wanted: ClipRange
    clips: tuple[Clip, ...]
    images: ImageSet
    panoramas: tuple[Panorama, ...]


@dataclass(frozen=True, slots=True)
class Seal:
    """Who signs, and when."""

    sealed_at: Instant
    algorithm: str
    key_fingerprint: str


def known(value: JsonValue) -> JsonValue:
    """`value`, or the object that says it is not known."""
    return {"known": False} if value is None else value


def exact(value: Any) -> JsonValue:
    """A JSON value without floating-point numbers: they become the shortest decimal text that reads back the same."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        return {str(key): exact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [exact(item) for item in value]
    if value is None or isinstance(value, str | int):
        return value
    return str(value)


def build(request: CaseRequest, made: Made, files: Iterable[BagFile], seal: Seal) -> JsonObject:
    """The whole manifest, ready for `canonical.dumps`."""
    basis = rule_of(request).get("legal_basis") or {}
    blockers = _blockers(request, made, has_statute=bool(basis.get("statute")))
    return {
        "format": layout.FORMAT,
        "version": layout.FORMAT_VERSION,
        "case": {
            "id": made.case_id,
            "local_date": local_date(request),
            "status": "case" if basis.get("statute") else "lead",
            "approval_blocked_by": list(blockers),
        },
        "site": {"id": request.site.id, "name": request.site.name, "timezone": request.site.timezone},
        "camera": _camera(request.camera),
        "time": _time(request),
        "legal_basis": {name: known(basis.get(name)) for name in ("id", "statute", "reviewed_by")},
        "violation": _violation(request),
        "policy": _policy(request),
        "detection": _detection(request),
        "recordings": _recordings(request, made),
        "clips": [_clip(clip) for clip in made.clips],
        "clip_range": {
            "from": _iso(made.wanted.start_ns, request),
            "to": _iso(made.wanted.end_ns, request),
            "pre_roll_ns": request.limits.pre_roll_ns,
            "post_roll_ns": request.limits.post_roll_ns,
            "shortened": made.wanted.shortened,
        },
        "continuity": _continuity(request, made),
        "images": _images(made),
        "plate": known(None),
        "review": {"status": "none"},
        "procedure": {"status": "none"},
        "custody": {"status": "none"},
        "privacy": {"masking": "none", "release": "internal"},
        "config": {"sha256": request.config_sha256},
        "files": [_file(file) for file in sorted(files, key=lambda file: file.path)],
        "seal": {
            "sealed_at": seal.sealed_at.isoformat(),
            "algorithm": seal.algorithm,
            "key_fingerprint": seal.key_fingerprint,
            "software": {"name": request.software.name, "version": request.software.version},
            "time_stamp": known(None),
        },
    }


def detections(request: CaseRequest, made: Made, places: Mapping[int, tuple[int, int]]) -> dict[str, Any]:
    """`data/detections.json`: the sightings that the decision stands on, as the model gave them (numbers are floats).

    `places`: for each moment's `utc_ns`, the index of its recording and the pts of its frame.
    """
    return {
        "format": "streetproof-detections",
        "version": 1,
        "case": made.case_id,
        "camera": request.camera.id,
        "model": {"name": request.detector.name, "sha256": request.detector.sha256},
        "box": "x1, y1, x2, y2 as fractions of the picture's width and height",
        "moments": [
            {
                "at": moment.at.isoformat(),
                "recording": places[moment.at.utc_ns][0],
                "pts": places[moment.at.utc_ns][1],
                "box": list(moment.box),
                "class": moment.cls,
                "score": moment.score,
                "track": moment.track,
            }
            for moment in request.violation.moments
        ],
    }


def zone_of_policy(request: CaseRequest) -> Mapping[str, Any]:
    """The zone out of the policy's JSON; empty where there is none."""
    zone = request.policy.get("zone")
    return zone if isinstance(zone, Mapping) else {}


def rule_of(request: CaseRequest) -> Mapping[str, Any]:
    """The rule that was broken, out of the policy's JSON; empty where it cannot be found there."""
    policy = request.policy.get("policy")
    rules = policy.get("rules") if isinstance(policy, Mapping) else None
    for rule in rules if isinstance(rules, Sequence) else ():
        if isinstance(rule, Mapping) and rule.get("id") == request.violation.rule:
            return rule
    return {}


def _iso(utc_ns: int, request: CaseRequest) -> str:
    return Instant(utc_ns, request.stay.last_seen.source, 0).isoformat()


def _blockers(request: CaseRequest, made: Made, *, has_statute: bool) -> list[str]:
    """Why a case may not be approved as it stands; empty where nothing known speaks against it."""
    camera = request.camera
    found = {
        "legal_basis_unknown": not has_statute,
        "gap_in_decisive_interval": _decisive_gap_ns(request) > 0,
        "gaps_unknown": any(source.recording.coverage is None for source in made.sources),
        "panoramas_too_close": not made.images.met,
        "clock_offset_unknown": camera.clock_offset_ns is None,
        "camera_review_unknown": camera.legal_review is None or camera.technical_review is None,
        "calibration_unknown": camera.calibration_valid_until is None,
        "location_unpublished_or_unknown": camera.location_published is None,
        "plate_unknown": True,
        "not_reviewed": True,
    }
    return [name for name, holds in found.items() if holds]


def _camera(camera: CameraFacts) -> JsonObject:
    register = (
        "owner",
        "sharing_agreement",
        "gb28181_id",
        "legal_review",
        "technical_review",
        "calibration_valid_until",
        "sign_photo_sha256",
        "location_published",
    )
    return {
        "id": camera.id,
        "name": camera.name,
        "road": known(camera.road),
        "direction": known(camera.direction),
        "location": known(camera.location),
        "register": {name: known(getattr(camera, name)) for name in register},
    }


def _time(request: CaseRequest) -> JsonObject:
    arrival = request.stay.arrived[1]
    return {
        "zone": request.site.timezone,
        "source": str(arrival.source),
        "uncertainty_ns": arrival.uncertainty_ns,
        "clock_offset_ns": known(request.camera.clock_offset_ns),
    }


def _violation(request: CaseRequest) -> JsonObject:
    violation = request.violation
    rule = rule_of(request)
    return {
        "rule": violation.rule,
        "kind": known(rule.get("kind")),
        "zone": violation.zone,
        "zone_name": known(zone_of_policy(request).get("name") or None),
        "allowed_ns": violation.allowed_ns,
        "dwell_lower_bound_ns": violation.dwell_lower_bound_ns,
        "fired_at": violation.fired_at.isoformat(),
        "stay": _stay(request.stay),
    }


def _stay(stay: Stay) -> JsonObject:
    after, by = stay.arrived
    departed: JsonValue = "not_seen_leaving"
    if stay.departed is not None:
        since, before = stay.departed
        departed = {"after": since.isoformat(), "by": known(before.isoformat() if before else None)}
    return {
        "id": stay.id,
        "class": stay.cls,
        "place": exact(stay.place),
        "arrived": {"after": known(after.isoformat() if after else None), "by": by.isoformat()},
        "last_seen": stay.last_seen.isoformat(),
        "departed": departed,
        "seen_ns": stay.seen_ns,
        "sworn_ns": stay.sworn_ns,
        "occluded_ns": stay.occluded_ns,
        "gap_ns": stay.gap_ns,
        "sightings": stay.sightings,
    }


def _policy(request: CaseRequest) -> JsonObject:
    policy = request.policy.get("policy")
    facts = policy if isinstance(policy, Mapping) else {}
    return {
        "sha256": request.violation.policy_hash,
        "file": layout.POLICY,
        "id": request.violation.policy,
        "name": known(facts.get("name")),
        "version": known(facts.get("version")),
    }


def _detection(request: CaseRequest) -> JsonObject:
    model = request.detector
    return {
        "model": {
            "name": model.name,
            "sha256": model.sha256,
            "licence": model.licence,
            "layout": model.layout,
            "input_size": list(model.input_size),
        },
        "weak": request.detector_weakness is not None,
        "weakness": request.detector_weakness or "",
        "settings": exact(request.detector_settings),
        "look": exact(request.look),
        "file": layout.DETECTIONS,
    }


def _recordings(request: CaseRequest, made: Made) -> list[JsonValue]:
    needed = {recording.path for recording in decisive(request)}
    found: list[JsonValue] = []
    for source in made.sources:
        recording, info, coverage = source.recording, source.info, source.recording.coverage
        start = recording.start
        gaps: JsonValue = None
        problems: JsonValue = None
        if coverage is not None:
            gaps = [
                {
                    "after_pts": gap.after_pts,
                    "before_pts": gap.before_pts,
                    "duration_ns": gap.duration_ns,
                    "reason": gap.reason,
                }
                for gap in coverage.gaps
            ]
            problems = [{"what": problem.what, "salvaged": problem.salvaged} for problem in coverage.problems]
        found.append(
            {
                "name": recording.path.name.encode("utf-8", "backslashreplace").decode("utf-8"),
                "size": source.digests.size,
                "sha256": source.digests.sha256,
                "sm3": source.digests.sm3,
                "decisive": recording.path in needed,
                "container": info.container,
                "codec": info.codec,
                "width": info.width,
                "height": info.height,
                "time_base": str(info.time_base),
                "start": start.isoformat(),
                "start_source": str(start.source),
                "start_uncertainty_ns": start.uncertainty_ns,
                "end": known(coverage.end.isoformat() if coverage and coverage.end else None),
                "frames_decoded": known(coverage.frames if coverage else None),
                "gaps": known(gaps),
                "problems": known(problems),
            }
        )
    return found


def _clip(clip: Clip) -> JsonObject:
    cut = clip.cut
    return {
        "path": clip.path,
        "recording": clip.recording,
        "container": cut.container,
        "start": clip.start.isoformat(),
        "end": clip.end.isoformat(),
        "first_pts": cut.first_pts,
        "last_pts": cut.last_pts,
        "time_base": str(cut.source_time_base),
        "clip_first_pts": cut.out_first_pts,
        "clip_time_base": str(cut.time_base),
        "timing": str(cut.timing),
        "packets": cut.packets,
        "framing": str(cut.framing),
        "payload_identical": cut.framing is Framing.IDENTICAL,
        "payload_sha256": cut.payload_sha256,
        "source_payload_sha256": cut.source_payload_sha256,
        "nal_sha256": known(cut.nal_sha256),
    }


def _decisive_gap_ns(request: CaseRequest) -> int:
    return request.violation.stay.gap_ns


def _continuity(request: CaseRequest, made: Made) -> JsonObject:
    gap = _decisive_gap_ns(request)
    return {
        "decisive_from": request.stay.arrived[1].isoformat(),
        "decisive_to": request.violation.fired_at.isoformat(),
        "gap_in_decisive_ns": gap,
        "blocks_approval": gap > 0,
        "clips": len(made.clips),
    }


def _images(made: Made) -> JsonObject:
    width, height = min((panorama.size for panorama in made.panoramas), key=lambda size: size[0] * size[1])
    return {
        "panoramas": [
            {
                "path": panorama.path,
                "overlay": panorama.overlay,
                "recording": panorama.recording,
                "pts": panorama.pts,
                "at": panorama.moment.at.isoformat(),
                "box": exact(panorama.moment.box),
                "score": exact(panorama.moment.score),
            }
            for panorama in made.panoramas
        ],
        "separation_ns": made.images.separation_ns,
        "separation_required_ns": made.images.required_ns,
        "separation_met": made.images.met,
        "resolution": {
            "width": width,
            "height": height,
            "required_width": DUTY_WIDTH,
            "required_height": DUTY_HEIGHT,
            "met": width >= DUTY_WIDTH and height >= DUTY_HEIGHT,
        },
        "plate_close_up": known(None),
        "sign_or_marking": known(None),
    }


def _file(file: BagFile) -> JsonObject:
    listed: JsonObject = {
        "path": file.path,
        "role": file.role,
        "size": file.digests.size,
        "sha256": file.digests.sha256,
        "sm3": file.digests.sm3,
    }
    if file.parent is not None:
        listed["derived_from"] = {"parent": file.parent, "transform": file.transform or ""}
    return listed
