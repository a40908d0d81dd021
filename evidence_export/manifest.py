"""Builds `case.json` (see docs/evidence-format.md). Pure: everything measured comes in, everything unknown stays so."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from evidence_export.bag import layout
from evidence_export.bag.canonical import JsonObject, JsonValue
from evidence_export.case import CameraFacts, CaseRequest
from evidence_export.imageset.statement import blockers_of, clarity_facts, first_sign, image_facts
from evidence_export.imageset.zone import zone_of_policy
from evidence_export.kinds import basis_of, facts_of, has_plate, kind_of, lacking_of_basis, rule_of, shows_before
from evidence_export.made import BagFile, Made, Place, Seal
from evidence_export.plan import local_date, zone_of
from evidence_export.plates.words import CERTAIN
from evidence_export.register import CALIBRATION_EXPIRED, OWNER_UNKNOWN, SHARING_UNKNOWN, register_blockers
from evidence_export.statements.footage import clips, clock_set_back, continuity, lost_in_decisive_ns, recordings
from evidence_export.statements.sealed import file_json, seal_json
from evidence_export.statements.time import OVER_1S_NS, time_facts, time_statement
from evidence_export.statements.values import exact, known
from evidence_export.statements.view import in_decisive, view_statement
from evidence_export.traffic import BLOCKER, may_be_traffic
from streams.instant import Instant
from vision.codec import grounds_json
from vision.codec_reasons import reckoning_json, trace_json
from vision.interface import Grounds, Moment, Stay
from vision.lookback import Pinned
from vision.rules.interface import NEEDED_OF_BASIS

DUTY_WIDTH, DUTY_HEIGHT = 1280, 720
"""GA/T 832-2014 asks for pictures of at least this size."""


def build(request: CaseRequest, made: Made, files: Iterable[BagFile], seal: Seal) -> JsonObject:
    """The whole manifest, ready for `canonical.dumps`."""
    basis, lacking = basis_of(request), lacking_of_basis(request)
    blockers = _blockers(request, made, lacking)
    return {
        "format": layout.FORMAT,
        "version": layout.FORMAT_VERSION,
        "revision": layout.FORMAT_REVISION,
        "case": {
            "id": made.case_id,
            "local_date": local_date(request),
            "status": "lead" if lacking else "case",
            "approval_blocked_by": list(blockers),
        },
        "site": {"id": request.site.id, "name": request.site.name, "timezone": request.site.timezone},
        "camera": _camera(request.camera),
        "time": time_statement(request),
        "legal_basis": {name: known(basis.get(name)) for name in ("id", *NEEDED_OF_BASIS)},
        "violation": _violation(request),
        "policy": _policy(request),
        "detection": _detection(request),
        "recordings": recordings(request, made),
        "clips": clips(made),
        "clip_range": {
            "from": _iso(made.wanted.start_ns, request),
            "to": _iso(made.wanted.end_ns, request),
            "pre_roll_ns": request.limits.pre_roll_ns,
            "post_roll_ns": request.limits.post_roll_ns,
            "shortened": made.wanted.shortened,
        },
        "continuity": continuity(request, made),
        "view": view_statement(request),
        "images": _images(request, made),
        "plate": known(made.plates),
        "review": {"status": "none"},
        "procedure": {"status": "none"},
        "custody": {"status": "none"},
        "privacy": {"masking": "none", "release": "internal"},
        "config": {"sha256": request.config_sha256},
        "files": [file_json(file) for file in sorted(files, key=lambda file: file.path)],
        "seal": {**seal_json(seal, request.software), "time_stamp": known(None)},
    }


def detections(request: CaseRequest, made: Made, places: Mapping[int, Place]) -> dict[str, Any]:
    """`data/detections.json`: the sightings that the decision stands on, as the model gave them (numbers are floats).

    `places`: for each moment's `utc_ns`, the frame of the recordings that shows it; left out where none does. `shown`:
    sightings that decide nothing, and that pictures of the bundle show.
    """
    pictures = [panorama.moment for panorama in made.panoramas]
    pictures += [made.obstruction.moment] if made.obstruction is not None else []
    decisive = {moment.at.utc_ns for moment in request.violation.moments}
    shown = {one.at.utc_ns: one for one in pictures if one.at.utc_ns not in decisive}.values()
    return {
        "format": "streetproof-detections",
        "version": 1,
        "case": made.case_id,
        "camera": request.camera.id,
        "model": {"name": request.detector.name, "sha256": request.detector.sha256},
        "box": "x1, y1, x2, y2 as fractions of the picture's width and height",
        "seen_in": request.stream_seen,
        "moments": [_sighting(moment, places) for moment in request.violation.moments],
        **({"shown": [_sighting(moment, places) for moment in shown]} if shown else {}),
    }


def _sighting(moment: Moment, places: Mapping[int, Place]) -> dict[str, Any]:
    return {
        "at": moment.at.isoformat(),
        **_frame(places.get(moment.at.utc_ns)),
        "box": list(moment.box),
        "class": moment.cls,
        "score": moment.score,
        "track": moment.track,
    }


def _frame(place: Place | None) -> JsonObject:
    return {
        "recording": known(place.recording if place else None),
        "pts": known(place.pts if place else None),
        "frame_at": known(place.at.isoformat() if place else None),
    }


def _iso(utc_ns: int, request: CaseRequest) -> str:
    return Instant(utc_ns, request.stay.last_seen.source, 0).isoformat()


def _blockers(request: CaseRequest, made: Made, lacking: Collection[str]) -> list[str]:
    """Why a case may not be approved as it stands; empty where nothing known speaks against it. `lacking`: of the legal
    basis."""
    camera, facts = request.camera, time_facts(request)
    registered = set(
        register_blockers(
            owner=camera.owner,
            site=request.site.name,
            sharing_agreement=camera.sharing_agreement,
            calibration_valid_until=camera.calibration_valid_until,
            day=request.violation.fired_at.local(zone_of(request)).date(),
        )
    )
    found = {
        "legal_basis_unknown": "statute" in lacking,
        "competence_unknown": "competence" in lacking,
        "legal_basis_not_reviewed": "reviewed_by" in lacking,
        "gap_in_decisive_interval": lost_in_decisive_ns(request, made) > 0 or clock_set_back(request, made),
        "gaps_unknown": any(source.recording.coverage is None and source.contents is None for source in made.sources),
        "view_fault_in_decisive_interval": in_decisive(request),
        BLOCKER: may_be_traffic(request.violation),
        "calendar_year_unknown": not _days_known(request.violation.grounds),
        "panoramas_too_close": not made.separation_met,
        **blockers_of(request, made),
        "clock_offset_unknown": camera.clock_offset_ns is None and facts is None,
        "camera_offset_over_1s": abs(camera.clock_offset_ns or 0) > OVER_1S_NS,
        **dict.fromkeys(facts.flags if facts else (), True),
        "camera_review_unknown": camera.legal_review is None or camera.technical_review is None,
        "calibration_unknown": camera.calibration_valid_until is None,
        CALIBRATION_EXPIRED: CALIBRATION_EXPIRED in registered,
        "location_unpublished_or_unknown": camera.location_published is None,
        OWNER_UNKNOWN: OWNER_UNKNOWN in registered,
        SHARING_UNKNOWN: SHARING_UNKNOWN in registered,
        "plate_unknown": has_plate(kind_of(request)) and (made.plates is None or made.plates["status"] != CERTAIN),
        "not_reviewed": True,
    }
    return [name for name, holds in found.items() if holds]


def _close_up(made: Made) -> JsonValue:
    shown = made.plates.get("close_up") if made.plates else None
    return shown["path"] if isinstance(shown, dict) else None


def _days_known(grounds: Grounds | None) -> bool:
    """Whether the calendar knew every day that it was asked for; a day taken by its weekday is for people to judge."""
    return grounds is None or grounds.calendar is None or all(day.known for day in grounds.calendar.days)


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
        "stay": _stay(request.stay, request.departure, still_standing=request.still_standing),
        **_grounds(violation.grounds),
        **facts_of(violation),
        **({} if violation.reckoning is None else {"reckoning": exact(reckoning_json(violation.reckoning))}),
    }


def _grounds(grounds: Grounds | None) -> JsonObject:
    """Only where the rule has more than one plain limit: bundles of other rules stay what they were."""
    if grounds is None:
        return {}
    return {"grounds": exact(grounds_json(grounds))}


def _stay(stay: Stay, pinned: Pinned | None, *, still_standing: bool) -> JsonObject:
    after, by = stay.arrived
    departed: JsonValue = "still_standing_when_sealed" if still_standing else "not_seen_leaving"
    if stay.departed is not None:
        since, before = stay.departed
        departed = {**_interval(since, before), **({} if pinned is None else {"pinned": _pinned(pinned)})}
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
        **({"kept": stay.kept} if stay.kept else {}),
        **_trace(stay),
    }


def _interval(after: Instant | None, by: Instant | None) -> JsonObject:
    return {"after": known(after.isoformat() if after else None), "by": known(by.isoformat() if by else None)}


def _pinned(pinned: Pinned) -> JsonObject:
    return {**_interval(pinned.earliest, pinned.latest), "reason": pinned.reason.value}


def _trace(stay: Stay) -> JsonObject:
    told = trace_json(stay)
    if told is None:
        return {}
    return {"trace": exact({**told, "ended": known(exact(told["ended"]))})}


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


def _images(request: CaseRequest, made: Made) -> JsonObject:
    width, height = min((panorama.size for panorama in made.panoramas), key=lambda size: size[0] * size[1])
    return {
        "panoramas": [
            {
                "path": panorama.path,
                "overlay": panorama.overlay,
                "recording": panorama.place.recording,
                "pts": panorama.place.pts,
                "at": panorama.at.isoformat(),
                "seen_at": panorama.moment.at.isoformat(),
                "seen_in": request.stream_seen,
                "difference_ns": panorama.place.difference_ns,
                "box": exact(panorama.moment.box),
                "score": exact(panorama.moment.score),
                **clarity_facts(request, panorama.clarity),
            }
            for panorama in made.panoramas
        ],
        "separation_ns": made.separation_ns,
        "separation_required_ns": made.separation_required_ns,
        "separation_met": made.separation_met,
        "resolution": {
            "width": width,
            "height": height,
            "required_width": DUTY_WIDTH,
            "required_height": DUTY_HEIGHT,
            "met": width >= DUTY_WIDTH and height >= DUTY_HEIGHT,
        },
        "plate_close_up": known(_close_up(made)),
        "sign_or_marking": known(first_sign(made)),
        **image_facts(request, made),
        **({"before": known(_before(made))} if shows_before(request.violation) else {}),
    }


def _before(made: Made) -> JsonValue:
    if made.before is None:
        return None
    place = made.before.place
    return {
        "path": made.before.path,
        "overlay": made.before.overlay,
        "recording": place.recording,
        "pts": place.pts,
        "at": place.at.isoformat(),
        "difference_ns": place.difference_ns,
    }
