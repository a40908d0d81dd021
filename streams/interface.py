"""What the rest of the project may know of footage: frames with exact positions, and a source that yields them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from streams.instant import Instant

Image = npt.NDArray[np.uint8]


class DecodeLevel(StrEnum):
    """How closely to look: the cheapest first."""

    KEYFRAMES = "keyframes"
    SAMPLED = "sampled"
    EVERY_FRAME = "every_frame"


class Frame(Protocol):
    """One decoded picture at an exact media position. The image is converted only when asked for."""

    @property
    def camera(self) -> str: ...

    @property
    def pts(self) -> int:
        """Presentation timestamp in units of `time_base`, unwrapped so that it never decreases within a file."""

    @property
    def time_base(self) -> Fraction: ...

    @property
    def at(self) -> Instant: ...

    @property
    def key(self) -> bool: ...

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""

    @property
    def image(self) -> Image:
        """H x W x 3 BGR uint8 at full size; converted on first access and kept."""

    def scaled(self, width: int, height: int) -> Image:
        """The picture resized to `height` x `width` x 3 BGR uint8, without making the full-size copy first."""

    def luma(self) -> Image:
        """A read-only view, H x W uint8, of the decoded luma plane: no conversion, nearly free."""


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a container says of its first video stream, before anything is decoded."""

    path: Path
    container: str
    codec: str
    width: int
    height: int
    time_base: Fraction
    average_rate: Fraction | None
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch inside a recording for which no frame exists."""

    after_pts: int
    before_pts: int
    duration_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with an input: what, where in it, and what was saved in spite of it."""

    what: str
    where: str
    salvaged: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one pass over a source met: its span, its holes, and its faults."""

    start: Instant | None
    end: Instant | None
    packets: int
    frames: int
    gaps: tuple[Gap, ...]
    problems: tuple[Problem, ...]


class Source(Protocol):
    """Footage of one camera: an archived file here, a live stream elsewhere."""

    @property
    def camera(self) -> str: ...

    @property
    def info(self) -> MediaInfo: ...

    @property
    def start(self) -> Instant:
        """The instant of the first frame in presentation order."""

    def frames(
        self, level: DecodeLevel, *, rate: Fraction | None = None, pts_range: tuple[int, int] | None = None
    ) -> Iterator[Frame]:
        """Frames in presentation order; `rate` (frames per second) is needed by, and only used for, SAMPLED.

        `pts_range` limits to first <= pts <= last. Faults inside the stream do not raise: they are counted, bounded,
        and told by `coverage`. Raises MediaError where nothing at all can be decoded.
        """

    def coverage(self) -> Coverage:
        """What the passes made so far met; complete once an iteration of `frames` over the whole source has ended."""
