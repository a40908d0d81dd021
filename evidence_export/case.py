"""What the sealer needs to be told about a case. Frozen values; None means unknown, and is written as unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from models.interface import ModelInfo
from streams.instant import NS_PER_S, Instant
from streams.interface import Coverage
from streams.recorder.interface import Closing, Opening, SegmentRecord
from vision.interface import Stay, Violation
from vision.lookback import Pinned

MAX_MOMENT_TOLERANCE_NS = 2 * NS_PER_S
"""A picture further from the sighting than this is another picture."""
SeenIn = Literal["main", "sub"]


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
class SegmentFacts:
    """What a recorded segment says of itself; `sm3` as its index holds it, None where nobody hashed it."""

    opening: Opening
    closing: Closing
    sm3: str | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """One source file. The sealer refuses it where its bytes are no longer those of `sha256`.

    `start` is the instant of its first frame, exactly as it was when the frames were observed. `coverage` is what the
    pass over it met: without it the bundle says that gaps are unknown. A live camera's recording is a chain of files;
    each carries its `segment` and needs no `coverage`, because the sealer reads so short a file itself.
    """

    path: Path
    sha256: str
    start: Instant
    coverage: Coverage | None = None
    segment: SegmentFacts | None = None


def recording_of(record: SegmentRecord, folder: Path) -> Recording:
    """A recorded segment as a source of evidence. `folder` is the one that `record.path` is relative to."""
    facts = SegmentFacts(record.opening, record.closing, record.sm3)
    return Recording(folder / record.path, record.sha256, record.opening.start, segment=facts)


@dataclass(frozen=True, slots=True)
class TimeFacts:
    """What was measured of the clocks while the evidence was recorded. None is unknown, and never taken for zero."""

    camera_offset_ns: int | None
    """The camera's clock minus the server's; positive where the camera is ahead."""
    camera_drift_ppb: int | None
    """How much faster the camera's media clock runs than the server's, in parts per billion."""
    server_offset_ns: int | None
    """The server's clock minus a reference (NTP)."""
    server_checked_ns: int | None
    """UTC of that check."""
    flags: tuple[str, ...] = ()
    """As in `streams.recorder.interface.ClockStatement`. What follows from the values or from the decisive segments is
    added when the case is sealed: nothing can be left out by forgetting it here."""


@dataclass(frozen=True, slots=True)
class ViewFaultFacts:
    """A time during which the camera did not show the view that its zones were drawn on. `until`: None while it lasts.

    `kind` is a stable name, for example `moved`, `turned`, `blocked`, `defocused`, `frozen`, `black`, `overexposed`.
    """

    kind: str
    since: Instant
    until: Instant | None


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
class PlateRules:
    """How the plate of a stay is read when its case is sealed."""

    frames: int = 5
    """From how many frames it is read at most, 1..20."""
    min_character: float = 0.98
    """Share that the weakest character needs over all frames to be called certain, 0..1 (`vision.plates.VoteRule`)."""

    def __post_init__(self) -> None:
        if not (1 <= self.frames <= 20 and 0 < self.min_character <= 1):
            raise ValueError(f"frames must be 1..20 and min_character in (0, 1]: {self}")


@dataclass(frozen=True, slots=True)
class Software:
    """What made the case."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class CaseRequest:
    """A violation and everything its bundle is made from.

    - `stay` is the stay as it ended (or as it stood when the footage ended); `violation.stay` the one when it fired.
    - `recordings` in order of time, each with footage of the stay or its pre- and post-roll. Segments of a live camera
      in order of their sequence; archived files and segments do not mix.
    - `policy` is the JSON content whose RFC 8785 form has the SHA-256 `violation.policy_hash`: the objects `policy` and
      `zone`, and `ground` where the camera has one, as `vision` hashes them.
    - `detector_weakness` is what the catalog says against the model, None where it says nothing.
    - `detector_settings` and `look` are JSON values: thresholds, and how closely the footage was looked at.
    - `time`: what was measured of the clocks; None: what the decisive segments say, and unknown for archived files.
    - `view_faults`: faults of the view; those that touch the footage are stated. None: nobody watched for them.
    - `moment_tolerance_ns`: how far from a moment the frame that shows it may lie, 0..`MAX_MOMENT_TOLERANCE_NS`. 0: it
      is a frame of the recording. Above 0: the moments were seen in other pictures, and the nearest frame is taken.
    - `seen_in`: the camera's stream that the moments were seen in; None: `sub` where a tolerance is given, else `main`.
    - `still_standing`: the vehicle stands there while the case is sealed; `stay.departed` is None then.
    - `departure`: when it left, as frames between its last sighting and the first look without it narrow it; None: they
      were not looked at, or say nothing better than `stay.departed`.
    - `plates`: how its plate is to be read; None: it is not looked for, and the bundle says that it is unknown.
    - `sign_photos`: where the photographs lie that the policy's zone names for its signs, by their SHA-256.
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
    time: TimeFacts | None = None
    view_faults: tuple[ViewFaultFacts, ...] | None = None
    moment_tolerance_ns: int = 0
    seen_in: SeenIn | None = None
    still_standing: bool = False
    departure: Pinned | None = None
    plates: PlateRules | None = None
    sign_photos: Mapping[str, Path] = field(default_factory=dict)

    @property
    def stream_seen(self) -> SeenIn:
        """The stream that the moments were seen in."""
        return self.seen_in or ("sub" if self.moment_tolerance_ns else "main")
