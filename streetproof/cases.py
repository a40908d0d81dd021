"""From a violation, and what the site file says, to what the sealer must be told. Batch and daemon share it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evidence_export.case import CameraFacts, CaseRequest, EvidenceLimits, Recording, SiteFacts, Software
from evidence_export.kinds import has_plate
from evidence_export.plan import begins_at
from models.catalog import load_catalog
from models.interface import ModelInfo
from streetproof.plates import plate_rules
from streetproof.settings.load import LoadedSite
from streetproof.settings.site import Camera
from streetproof.version import __version__
from vision.interface import Stay, Violation
from vision.policy import Zone, policy_content
from vision.sight import AVERAGED_LOOKS


def limits_of(loaded: LoadedSite) -> EvidenceLimits:
    """How much footage the site wants in a bundle."""
    evidence = loaded.site.evidence
    return EvidenceLimits(pre_roll_ns=evidence.pre_roll, post_roll_ns=evidence.post_roll, max_clip_ns=evidence.max_clip)


def span_of(violation: Violation, stay: Stay, limits: EvidenceLimits) -> tuple[int, int]:
    """The time from which footage is wanted for a case, ns UTC."""
    return begins_at(violation, stay, limits.pre_roll_ns), stay.last_seen.utc_ns + limits.post_roll_ns


def case_request(
    loaded: LoadedSite,
    camera: Camera,
    violation: Violation,
    stay: Stay,
    recordings: Sequence[Recording],
    model: ModelInfo,
    levels_used: Sequence[str],
) -> CaseRequest:
    """The request for one case; `recordings` in order of time, those that `span_of` touches."""
    site = loaded.site
    rules = site.rules_of(camera)
    zone = next(zone for zone in rules.zones if zone.id == violation.zone)
    register = camera.register_
    return CaseRequest(
        site=SiteFacts(site.site.id, site.site.name, site.site.timezone),
        camera=CameraFacts(
            id=camera.id,
            name=camera.name,
            road=camera.road,
            direction=camera.direction,
            location=camera.location,
            owner=register.owner,
            sharing_agreement=register.sharing_agreement,
            gb28181_id=register.gb28181_id,
            legal_review=register.legal_review,
            technical_review=register.technical_review,
            calibration_valid_until=(
                register.calibration_valid_until.isoformat() if register.calibration_valid_until else None
            ),
            sign_photo_sha256=register.sign_photo_sha256,
            location_published=register.location_published,
        ),
        violation=violation,
        stay=stay,
        recordings=tuple(recordings),
        detector=model,
        detector_weakness=_weakness(model),
        detector_settings={"min_score": str(site.model.min_score), "iou": str(site.model.iou)},
        look=_look(camera, levels_used),
        policy=policy_content(rules.policy, zone, rules.ground, rules.shops),
        config_sha256=loaded.sha256,
        software=Software("streetproof", __version__),
        limits=limits_of(loaded),
        sign_photos=sign_photos(loaded, zone),
        plates=plate_rules(site, stay.cls) if has_plate(rules.policy.rule(violation.rule).kind) else None,
    )


def sign_photos(loaded: LoadedSite, zone: Zone) -> Mapping[str, Path]:
    """Where the photographs of a zone's signs should lie, by the SHA-256 that the site file names."""
    folder = loaded.path.parent
    return {sign.photo.sha256: folder / sign.photo.file for sign in zone.signs if sign.photo is not None}


def _look(camera: Camera, levels_used: Sequence[str]) -> Mapping[str, Any]:
    return {
        **camera.look.model_dump(mode="json"),
        "level_used": sorted(set(levels_used)),
        "steadied_over": AVERAGED_LOOKS,
    }


def _weakness(model: ModelInfo) -> str | None:
    entry = load_catalog().by_hash(model.sha256)
    return None if entry is None else entry.weak or None
