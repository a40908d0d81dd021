"""From a finding to what the sealer must be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evidence_export.case import CameraFacts, CaseRequest, EvidenceLimits, Recording, SiteFacts, Software
from models.catalog import load_catalog
from models.interface import ModelInfo
from streetproof.batch.judge import Finding
from streetproof.batch.observations import coverage_of, read_header
from streetproof.batch.observe import Observed
from streetproof.settings.load import LoadedSite
from streetproof.settings.site import Camera
from streetproof.version import __version__
from vision.policy import policy_content


def case_request(loaded: LoadedSite, camera: Camera, finding: Finding, recordings: Sequence[Observed]) -> CaseRequest:
    """What the sealer needs, from what the site file says and what was observed."""
    site, violation, stay = loaded.site, finding.violation, finding.stay
    rules = site.rules_of(camera)
    zone = next(zone for zone in rules.zones if zone.id == violation.zone)
    register = camera.register_
    limits = EvidenceLimits(
        pre_roll_ns=site.evidence.pre_roll, post_roll_ns=site.evidence.post_roll, max_clip_ns=site.evidence.max_clip
    )
    span = (stay.arrived[1].utc_ns - limits.pre_roll_ns, stay.last_seen.utc_ns + limits.post_roll_ns)
    model = read_header(recordings[0].file).model
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
        recordings=tuple(_touching(recordings, span)),
        detector=model,
        detector_weakness=_weakness(model),
        detector_settings={"min_score": str(site.model.min_score), "iou": str(site.model.iou)},
        look={
            **camera.look.model_dump(mode="json"),
            "level_used": sorted({observed.end["level"] for observed in recordings}),
        },
        policy=policy_content(rules.policy, zone),
        config_sha256=loaded.sha256,
        software=Software("streetproof", __version__),
        limits=limits,
    )


def _touching(recordings: Sequence[Observed], span: tuple[int, int]) -> Iterator[Recording]:
    for observed in recordings:
        coverage = coverage_of(observed.end["coverage"])
        if coverage.start is None or coverage.end is None:
            continue
        if coverage.start.utc_ns <= span[1] and coverage.end.utc_ns >= span[0]:
            yield Recording(observed.path, observed.sha256, read_header(observed.file).start, coverage)


def _weakness(model: ModelInfo) -> str | None:
    entry = load_catalog().by_hash(model.sha256)
    return None if entry is None else entry.weak or None
