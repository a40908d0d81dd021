"""What `streetproof run` is told: where cameras are, what is recorded, who is told. Never a password."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from streams.instant import NS_PER_S
from streetproof.settings.base import Strict
from vision.durations import Duration

SCHEMES = ("rtsp", "rtsps", "http", "https", "srt", "v4l2", "file")
_VARIABLE = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]
_LISTEN = re.compile(r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})$")
_GIB = 1 << 30


def _address(value: str) -> str:
    """A camera's address without credentials; raises ValueError that does not repeat a password."""
    scheme = value.partition(":")[0].lower()
    if scheme not in SCHEMES:
        raise ValueError(f"an address begins with one of {', '.join(f'{name}:' for name in SCHEMES)}")
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ValueError("the address cannot be read; its port must be a number from 0 to 65535") from error
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "no user name or password in the address: give `username`, and `password_env` or `password_file`"
        )
    if scheme in ("v4l2", "file"):
        if not parts.path.startswith("/"):
            raise ValueError(f"write the whole path, for example {scheme}:/path")
    elif not parts.hostname:
        raise ValueError("the address names no host")
    return value


class Credentials(Strict):
    """Who asks. The password itself stands in the environment or in a file that only the service can read."""

    username: str | None = Field(default=None, min_length=1)
    password_env: _VARIABLE | None = Field(default=None, description="Environment variable that holds the password")
    password_file: Path | None = Field(
        default=None, description="File whose first line is the password, for example /run/credentials/cam-1"
    )

    @model_validator(mode="after")
    def _password_from_one_place(self) -> Self:
        if self.password_env is not None and self.password_file is not None:
            raise ValueError("give `password_env` or `password_file`, not both")
        if (self.password_env is not None or self.password_file is not None) and self.username is None:
            raise ValueError("a password needs a `username`")
        return self


class Stream(Credentials):
    """Where a camera's live stream is."""

    main: Annotated[str, Field(description="Address of the stream that is recorded, without user name and password")]
    sub: str | None = Field(
        default=None, description="Address of a smaller stream of the same camera, looked at while nothing is timed"
    )
    transport: Literal["tcp", "udp"] = Field(default="tcp", description="How RTSP carries media")
    connect_timeout: Duration = Field(default="10s", validate_default=True, description="For opening a connection")
    stall_timeout: Duration = Field(
        default="10s", validate_default=True, description="Without a packet of video for so long it is a fault"
    )
    keyframe_timeout: Duration = Field(
        default="60s", validate_default=True, description="Without a keyframe for so long it is a fault"
    )
    retry_max: Duration = Field(
        default="60s", validate_default=True, description="The longest pause between two attempts to connect"
    )

    @field_validator("main", "sub")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        return None if value is None else _address(value)

    @model_validator(mode="after")
    def _timeouts_mean_something(self) -> Self:
        for name in ("connect_timeout", "stall_timeout", "keyframe_timeout", "retry_max"):
            if getattr(self, name) < NS_PER_S:
                raise ValueError(f"`{name}` must be at least 1s")
        return self


class Retention(Strict):
    """How long a camera's recording is kept. What a case needs is kept whatever is said here."""

    keep: Duration = Field(
        default="30d", validate_default=True, description="At least 30 days are usual (公共安全视频条例); then deleted"
    )
    quota_gib: float | None = Field(default=None, gt=0, description="The most this camera may take; null: no limit")

    @property
    def quota_bytes(self) -> int | None:
        return None if self.quota_gib is None else int(self.quota_gib * _GIB)


class Webhook(Strict):
    """An address that is told of new leads and of faults, signed with HMAC-SHA-256."""

    url: str = Field(pattern=r"^https?://")
    secret_env: _VARIABLE | None = Field(default=None, description="Environment variable with the signing secret")
    secret_file: Path | None = None
    timeout: Duration = Field(default="10s", validate_default=True)

    @field_validator("url")
    @classmethod
    def _without_credentials(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.username is not None or parts.password is not None:
            raise ValueError("no user name or password in the address")
        return value

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if (self.secret_env is None) == (self.secret_file is None):
            raise ValueError("give `secret_env` or `secret_file`: notices are signed")
        return self


class Mqtt(Credentials):
    """A broker that is told of new leads and of faults."""

    host: str = Field(min_length=1)
    port: int = Field(default=1883, ge=1, le=65535)
    tls: bool = False
    topic: str = Field(default="streetproof", pattern=r"^[^#+\x00]+$", description="Messages go to TOPIC/SITE/KIND")


class Notices(Strict):
    """Who is told. Undelivered notices wait on disk."""

    webhooks: tuple[Webhook, ...] = ()
    mqtt: tuple[Mqtt, ...] = ()
    keep: Duration = Field(
        default="7d", validate_default=True, description="A notice nobody took for so long is given up, with a log line"
    )


class Live(Strict):
    """Settings of the daemon as a whole."""

    listen: str = Field(
        default="127.0.0.1:8750", description="Where /healthz, /readyz, /metrics and /status answer; HOST:PORT"
    )
    segment: Duration = Field(default="10s", validate_default=True, description="About this long, cut at keyframes")
    pre_roll: Duration = Field(
        default="30s", validate_default=True, description="Held in memory per camera, to look back in"
    )
    pre_roll_mib: int = Field(default=32, ge=1, le=1024, description="... and never more than this")
    seal_after: Duration = Field(
        default="60s",
        validate_default=True,
        description="A case is sealed so long after its rule fired, or when the vehicle has left, whichever is first",
    )
    retention: Retention = Retention()
    warn_free_gib: float = Field(default=20, gt=0, description="Less free disk than this raises a notice")
    min_free_gib: float = Field(default=5, gt=0, description="Less than this, and the oldest unheld footage goes")
    ntp: str | None = Field(
        default=None,
        description="Host of an NTP server to measure this machine's clock against; null: chrony is asked if it runs",
    )
    inference_threads: int = Field(default=1, ge=1, le=64)
    inference_batch: int = Field(default=8, ge=1, le=64, description="The most pictures the model gets at once")
    notices: Notices = Notices()

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        match = _LISTEN.match(value)
        if match is None or int(match[2]) > 65535:
            raise ValueError("write HOST:PORT, for example 127.0.0.1:8750 or [::1]:8750")
        return value

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        if not 2 * NS_PER_S <= self.segment <= 600 * NS_PER_S:
            raise ValueError("`segment` must be from 2s to 10m")
        if self.min_free_gib > self.warn_free_gib:
            raise ValueError("`min_free_gib` must not be above `warn_free_gib`: the warning comes first")
        return self

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)
