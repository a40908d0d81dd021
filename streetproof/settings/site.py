"""The site: its cameras, roads, policies and evidence settings, as pydantic models that also make the JSON Schema."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AwareDatetime, ConfigDict, Field, ValidationError, field_validator, model_validator

from streams.archive.filename_time import compile_pattern
from streams.instant import NS_PER_S
from streams.interface import DecodeLevel
from streetproof.settings.base import Strict
from streetproof.settings.case_retention import CaseRetention
from streetproof.settings.database import Database
from streetproof.settings.keys import Keys
from streetproof.settings.live import Live, Retention, Stream
from streetproof.settings.plates import Plates
from streetproof.settings.procedure import ProcedureTerms
from vision.durations import Duration
from vision.policy import CameraRules, Ground, Policy, Shop, Zone
from vision.words import PlacedError, placed, unknown_id

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class SiteFacts(Strict):
    """Who runs the cameras."""

    id: Identifier = Field(description="Short id of the site, part of every case")
    name: str = Field(min_length=1, description="Name as it appears in evidence, for example 示范区综合行政执法局")
    timezone: str = Field(description="IANA time zone of the site, for example Asia/Shanghai")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value!r} is no IANA time zone; write for example Asia/Shanghai")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The time zone object."""
        return ZoneInfo(self.timezone)


class ModelSettings(Strict):
    """Which detector looks at the frames."""

    name: str = Field(
        default="yolov3-tiny", description="Name in the model catalog, or the path of an .onnx file the catalog knows"
    )
    min_score: float = Field(default=0.1, gt=0, lt=1, description="Boxes below this score are not kept at all")
    iou: float = Field(default=0.45, gt=0, lt=1, description="Boxes of one class that overlap more are one box")


class RecordingTime(Strict):
    """How the wall-clock start of a recording is found. The source and its uncertainty stand in every case."""

    timezone: str | None = Field(default=None, description="Zone of times in file names; the site's zone when absent")
    sources: tuple[Literal["filename", "container", "operator"], ...] = Field(
        default=("filename", "container"), min_length=1, description="Where to look, first match wins"
    )
    patterns: tuple[str, ...] = Field(
        default=(), description="Additional strftime-like file name patterns, for example cam1-%Y%m%d-%H%M%S"
    )
    start: AwareDatetime | None = Field(
        default=None, description="Start stated by the operator for every recording of this camera, with UTC offset"
    )
    start_uncertainty: Duration = Field(
        default="60s", validate_default=True, description="How far the stated start may be off, either way"
    )

    @model_validator(mode="after")
    def _start_is_asked_for(self) -> Self:
        if (self.start is not None) != ("operator" in self.sources):
            raise ValueError("`start` and the source `operator` need each other: give both or neither")
        return self

    @field_validator("patterns")
    @classmethod
    def _patterns_compile(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for template in value:
            compile_pattern(template)
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            raise ValueError(f"{value!r} is no IANA time zone; write for example Asia/Shanghai")
        return value


class Look(Strict):
    """How closely recordings are looked at."""

    level: DecodeLevel = Field(
        default=DecodeLevel.KEYFRAMES, description="keyframes: cheapest; sampled: at `rate`; every_frame: dearest"
    )
    rate: Fraction = Field(
        default=Fraction(1), gt=0, le=60, description="Frames per second for `sampled`, e.g. 1 or 1/2"
    )
    max_interval: Duration = Field(
        default="4s",
        validate_default=True,
        description="Where keyframes stand further apart than this, the recording is sampled at `rate` instead",
    )
    skip_unchanged: bool = Field(
        default=True, description="Do not run the model again while no pixel block in the view has changed"
    )
    max_reuse: Duration = Field(
        default="10s", validate_default=True, description="... but look again after this time, however still the view"
    )

    @model_validator(mode="after")
    def _rate_is_close_enough(self) -> Self:
        if 1 / self.rate > Fraction(self.max_interval, NS_PER_S):
            raise ValueError(f"a rate of {self.rate} per second leaves more than `max_interval` between frames")
        return self


class Register(Strict):
    """What the camera register knows. Anything absent is unknown, and is written as unknown."""

    owner: str | None = Field(
        default=None,
        description="Whose it is, the site's own name where it is its own; without it its cases are blocked",
    )
    gb28181_id: str | None = Field(default=None, pattern=r"^\d{20}$")
    legal_review: str | None = Field(default=None, description="Who reviewed the site and when")
    technical_review: str | None = None
    calibration_valid_until: date | None = None
    sign_photo_sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    location_published: str | None = Field(default=None, description="Where the location was made public")
    published_since: date | None = Field(default=None, description="Since when its location is public")
    sharing_agreement: str | None = Field(
        default=None, description="Under which another owner's camera is used; without one its cases are blocked"
    )
    purpose: str | None = Field(default=None, description="What it is used for, as the public register says it")
    legal_basis: str | None = Field(default=None, description="Under which provision it was installed, likewise")


class Publication(Strict):
    """The public register of camera locations (公示), `streetproof register`."""

    contact: str | None = Field(default=None, description="Whom people ask or complain to: office, telephone, address")
    gb28181_ids: bool = Field(default=False, description="Whether device ids (GB/T 28181) are shown to the public")


class Camera(Strict):
    """One fixed camera and what is forbidden in its view."""

    id: Identifier
    name: str = Field(min_length=1)
    road: str | None = None
    direction: str | None = None
    location: str | None = Field(default=None, description="Address or coordinates as they shall appear in evidence")
    policy: Identifier
    zones: tuple[Zone, ...] = Field(min_length=1)
    ground: Ground | None = Field(
        default=None, description="Four points known in the picture and on the road; with it zones are measured in m²"
    )
    shops: tuple[Shop, ...] = Field(
        default=(), description="Shops along the road (一店一档), which rules of the kind occupation link findings to"
    )
    recordings: tuple[str, ...] = Field(
        default=(),
        description="Globs matched against the path of each input (* also crosses folders), e.g. */gate-1/*; a site "
        "with one camera may leave it out",
    )
    time: RecordingTime = RecordingTime()
    look: Look = Look()
    register_: Register = Field(default=Register(), alias="register")
    stream: Stream | None = Field(default=None, description="Its live stream; null: archived recordings only")
    retention: Retention | None = Field(default=None, description="Instead of the site's `live.retention`")


class TimeStampSettings(Strict):
    """A time-stamping authority (RFC 3161)."""

    url: str = Field(pattern=r"^https?://[^\s]{1,1000}$", description="Where it is asked, by HTTP POST")
    ca: str = Field(
        min_length=1, description="Its root certificates (PEM), a path relative to the site file: tokens are checked"
    )


class CopySettings(Strict):
    """A store that keeps a copy of every sealed case, and never replaces one."""

    url: str = Field(
        pattern=r"^(s3://[^\s@]{1,500}|file:///[^\n]{1,500})$", description="s3://bucket/prefix, or file:///folder"
    )
    endpoint: str | None = Field(
        default=None, pattern=r"^https?://[^\s@]{1,500}$", description="Of an S3 server that is not Amazon's"
    )
    region: str | None = Field(default=None, description="Of the bucket")
    access_key_env: str | None = Field(
        default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="Variable that holds the access key"
    )
    secret_key_env: str | None = Field(
        default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="Variable that holds the secret key"
    )


class EvidenceSettings(Strict):
    """What goes into a bundle."""

    pre_roll: Duration = Field(default="10s", validate_default=True, description="Footage before the arrival")
    post_roll: Duration = Field(default="10s", validate_default=True, description="Footage after the last sighting")
    max_clip: Duration = Field(
        default="30m",
        validate_default=True,
        description="A longer stay is cut after the moment that proved it; the bundle says so",
    )
    zip: bool = Field(default=False, description="Pack each bundle as one zip instead of a folder")
    retention: CaseRetention = Field(
        default=CaseRetention(), description="How long cases are kept, by what became of them"
    )
    time_stamps: TimeStampSettings | None = Field(
        default=None, description="The authority that stamps checkpoints of the ledger; none: nobody does"
    )
    copies: tuple[CopySettings, ...] = Field(
        default=(), description="Stores that keep a copy of every sealed case (docs/storage.md)"
    )


class Site(Strict):
    """A whole site file."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        title="Streetproof site",
        json_schema_extra={"$schema": "https://json-schema.org/draft/2020-12/schema"},
    )

    site: SiteFacts
    model: ModelSettings = ModelSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    plates: Plates | None = Field(
        default=None, description="Read number plates when a case is sealed; leave it out: plates are not read"
    )
    keys: Keys = Keys()
    procedure: ProcedureTerms | None = Field(
        default=None, description="Other terms than the statutory ones (docs/procedure.md); none: those"
    )
    publication: Publication = Publication()
    database: Database | None = Field(
        default=None, description="PostgreSQL for the state and the ledger; none: SQLite files in the data folder"
    )
    live: Live = Live()
    policies: tuple[Policy, ...] = Field(min_length=1)
    cameras: tuple[Camera, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_resolve(self) -> Self:
        for what, ids in (("policy", [p.id for p in self.policies]), ("camera", [c.id for c in self.cameras])):
            twice = sorted({i for i in ids if ids.count(i) > 1})
            if twice:
                raise ValueError(f"{what} id {twice[0]!r} stands twice; ids must be unique")
        known = [policy.id for policy in self.policies]
        for number, camera in enumerate(self.cameras):
            place = ("cameras", number)
            if camera.policy not in known:
                message = f"camera {camera.id}: {unknown_id('policy', camera.policy, known)}"
                raise PlacedError(message, (*place, "policy"))
            try:
                self.rules_of(camera)
            except ValidationError as error:
                location, message = placed(error.errors(include_url=False)[0])
                raise PlacedError(f"camera {camera.id}: {message}", (*place, *location)) from None
        if len(self.cameras) > 1:
            for camera in self.cameras:
                if not camera.recordings and camera.stream is None:
                    raise ValueError(
                        f"camera {camera.id!r} needs `recordings`: with several cameras, globs say whose it is"
                    )
        return self

    def camera(self, camera_id: str) -> Camera | None:
        """The camera with this id; None where the site has none."""
        return next((one for one in self.cameras if one.id == camera_id), None)

    def rules_of(self, camera: Camera) -> CameraRules:
        """The rules of one camera as the engine takes them; raises ValueError for a rule id that does not exist."""
        policy = next(policy for policy in self.policies if policy.id == camera.policy)
        return CameraRules(
            camera=camera.id, policy=policy, zones=camera.zones, ground=camera.ground, shops=camera.shops
        )
