"""What a notice is, and what a target of notices has to be able to do."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from uuid import uuid4

from streams.instant import iso_utc
from streetproof.errors import StreetproofError

FORMAT = "streetproof-notice/1"
MAX_BYTES = 64 * 1024
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class NoticeKind(StrEnum):
    """What a notice is about. Part of MQTT topics and of what receivers filter by: names are stable."""

    LEAD = "lead"
    """A violation was sealed as a lead or a case."""
    RECHECK = "recheck"
    """The place of a case was looked at again, or could not be."""
    FAULT = "fault"
    """A camera gives no usable stream."""
    RECOVERED = "recovered"
    """It does again."""
    VIEW = "view"
    """A camera's view cannot be trusted, or can be again."""
    DISK = "disk"
    """Room for footage runs out."""
    TIME = "time"
    """A clock is off, or unknown."""
    CONFIG = "config"
    """The newest site file is not in force, or is again."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that somebody should know. `data` is for programs; it never holds a secret."""

    kind: NoticeKind
    site: str
    camera: str | None
    """None: it concerns the whole site."""
    at_ns: int
    """UTC of what it tells, not of when it is sent."""
    zh: str
    en: str
    data: dict[str, Json] = field(default_factory=dict)
    id: str = field(default_factory=lambda: uuid4().hex)
    """The same over all attempts: a receiver that knows it has the notice already."""

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"{self.id!r} is no notice id: 1 to 64 of letters, digits, '.', '_' and '-'")
        size = len(self.body())
        if size > MAX_BYTES:
            raise ValueError(f"a notice is at most {MAX_BYTES} bytes, not {size}")

    def body(self) -> bytes:
        """What is sent: one JSON object in UTF-8."""
        value = {
            "format": FORMAT,
            "id": self.id,
            "kind": self.kind.value,
            "site": self.site,
            "camera": self.camera,
            "at": iso_utc(self.at_ns),
            "text": {"zh": self.zh, "en": self.en},
            "data": self.data,
        }
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


@dataclass(frozen=True, slots=True)
class Message:
    """A notice on its way: what is stored, and what targets are given."""

    id: str
    kind: str
    site: str
    body: bytes


class DeliveryError(StreetproofError):
    """A target did not take a notice. The text names no address beyond the host, and never a secret."""

    whole_target = True
    """Whether others would fare no better, so that the target is left alone for a while."""


class UnreachableError(DeliveryError):
    """The target cannot be reached, or has trouble of its own."""


class RefusedError(DeliveryError):
    """The target answered, and does not want this notice; it may want others."""

    whole_target = False


Deliver = Callable[[Message], Awaitable[None]]


class Target(Protocol):
    """Somebody who is told."""

    @property
    def key(self) -> str:
        """At most 80 characters; the same over restarts as long as it is the same receiver. No secret."""

    @property
    def label(self) -> str:
        """For logs: kind and host."""

    def connect(self) -> AbstractAsyncContextManager[Deliver]:
        """What hands over messages, one after another, while the context lasts.

        Entering it and each call raise DeliveryError, and nothing else that the network can cause; each takes a
        bounded time. A call that returns means: the receiver has it.
        """
