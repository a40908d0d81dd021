"""What the sealer needs to be told about a case. Frozen values; None means unknown, and is written as unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.interface import ModelInfo
from streams.instant import NS_PER_S, Instant
from streams.interface import Coverage
from vision.interface import Stay, Violation


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """Who runs the cameras. `timezone` is an IANA name."""

    id: str
    name: str
    timezone: str


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """The camera and what the register (GA/T 832, 行政处罚法 Art. 41) knows of it."""

    id: str
    name: str
    road: str | None = None
    direction: str | None = None
    location: str | None = None
    owner: str | None = None
    sharing_agreement: str | None = None
    gb28181_id: str | None = None
    legal_review: str | None = None
    technical_review: str | None = None
    calibration_valid_until: str | None = None
    """ISO 8601 date."""
    sign_photo_sha256: str | None = None
    location_published: str | None = None
    clock_offset_ns: int | None = None
    """Measured offset of the camera's clock to a reference; positive where the camera is ahead."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One source file. The sealer refuses it where its bytes are no longer those of `sha256`.

    `start` is the instant of its first frame, exactly as it was when the frames were observed. `coverage` is what the
    pass over it met: without it the bundle says that gaps are unknown.
    """

    path: Path
    sha256: str
    start: Instant
    coverage: Coverage | None = None


@dataclass(frozen=True, slots=True)
class EvidenceLimits:
    """How much footage goes into a bundle, in ns, and what the image set has to reach."""

    pre_roll_ns: int = 10 * NS_PER_S
    post_roll_ns: int = 10 * NS_PER_S
    max_clip_ns: int = 30 * 60 * NS_PER_S
    """A longer stay is cut `post_roll_ns` after the moment that proved it; the manifest says so."""
    min_separation_ns: int = 10 * NS_PER_S
    """The two panoramas stand at least this far apart, and at least the allowed dwell."""


@dataclass(frozen=True, slots=True)
class Software:
    """What made the case."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class CaseRequest:
    """A violation and everything its bundle is made from.

    - `stay` is the stay as it ended (or as it stood when the footage ended); `violation.stay` the one when it fired.
    - `recordings` in order of time, each with footage of the stay or its pre- and post-roll.
    - `policy` is the JSON content whose RFC 8785 form has the SHA-256 `violation.policy_hash`: the objects `policy` and
      `zone` as `vision` hashes them.
    - `detector_weakness` is what the catalog says against the model, None where it says nothing.
    - `detector_settings` and `look` are JSON values: thresholds, and how closely the footage was looked at.
    """

    site: SiteFacts
    camera: CameraFacts
    violation: Violation
    stay: Stay
    recordings: tuple[Recording, ...]
    detector: ModelInfo
    policy: Mapping[str, Any]
    config_sha256: str
    software: Software
    detector_weakness: str | None = None
    detector_settings: Mapping[str, Any] = field(default_factory=dict)
    look: Mapping[str, Any] = field(default_factory=dict)
    limits: EvidenceLimits = EvidenceLimits()
