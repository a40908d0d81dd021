"""What was read, what was left out, and where that began: for the person who has to decide whether it matters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MAX_NAMES = 100
"""Names counted one by one; a file can hold any number of them."""
REST = "…"
"""Stands for all names beyond `MAX_NAMES`."""


class Names:
    """Counts by name, in memory that does not grow with what a file holds."""

    def __init__(self, always: frozenset[str] = frozenset()) -> None:
        """`always`: names that are counted by themselves however many there are."""
        self._counts: dict[str, int] = {}
        self._always = always

    def add(self, name: str, count: int = 1) -> None:
        """Count `name`; a new one beyond `MAX_NAMES` counts towards `REST`."""
        if name not in self._counts and len(self._counts) >= MAX_NAMES and name not in self._always:
            name = REST
        self._counts[name] = self._counts.get(name, 0) + count

    def __contains__(self, name: str) -> bool:
        return name in self._counts

    def counts(self) -> dict[str, int]:
        """The counts, most first, then by name."""
        return dict(sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0])))


@dataclass(slots=True)
class LeftOut:
    """How often something was left out, and where first."""

    count: int = 0
    first: str = ""

    def add(self, where: str, count: int = 1) -> None:
        """Count it; `where` is FILE:LINE."""
        if count and not self.count:
            self.first = where
        self.count += count


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the input that a person should look at: the result stands, but not on all that was given."""

    what: str
    where: str
    remedy: str


@dataclass(slots=True)
class CameraRead:
    """What was read of one camera. Times are ISO 8601 UTC of the first and the last frame judged."""

    frames: int = 0
    first_ns: int | None = None
    last_ns: int | None = None


@dataclass(slots=True)
class Read:
    """The tally of one pass over detections."""

    files: int = 0
    frames: int = 0
    """Read, those left out as well."""
    boxes: int = 0
    cameras: dict[str, CameraRead] = field(default_factory=dict)
    """Of the site, those with frames."""
    unknown_cameras: Names = field(default_factory=Names)
    """Frames of cameras that the site does not have."""
    unknown_first: str = ""
    repeated: LeftOut = field(default_factory=LeftOut)
    """Frames of a time that the same file has told before."""
    backwards: LeftOut = field(default_factory=LeftOut)
    """Frames whose time lies before that of a frame earlier in the same file."""
    overlapping: LeftOut = field(default_factory=LeftOut)
    """Frames that fall into time that earlier files cover."""
    copies: LeftOut = field(default_factory=LeftOut)
    """Files of observations of a recording that another file was of."""
    clipped: int = 0
    outside: LeftOut = field(default_factory=LeftOut)
    """Boxes wholly outside their image."""
    classes: Names = field(default_factory=Names)
    """Boxes by class."""
    farthest_px: float = -1.0
    """The largest coordinate of any box, in images of a usual size; -1: there was none."""

    def judged(self) -> int:
        """Frames that were judged."""
        return sum(camera.frames for camera in self.cameras.values())

    def as_json(self) -> dict[str, Any]:
        """The counts as JSON values."""
        return {
            "files": self.files,
            "frames": self.frames,
            "frames_judged": self.judged(),
            "boxes": self.boxes,
            "frames_of_unknown_cameras": self.unknown_cameras.counts(),
            "frames_repeated": self.repeated.count,
            "frames_backwards": self.backwards.count,
            "frames_overlapping": self.overlapping.count,
            "files_of_one_recording": self.copies.count,
            "boxes_clipped": self.clipped,
            "boxes_outside": self.outside.count,
            "boxes_by_class": self.classes.counts(),
        }
