"""A decoded picture that is converted only as far, and as large, as it is asked for."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from streams.instant import Instant
from streams.interface import Image

_EIGHT_BIT_LUMA = frozenset(
    {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "yuv440p", "yuvj440p", "yuv411p"}
    | {"yuvj411p", "yuv410p", "nv12", "nv21", "nv16", "nv24", "gray", "yuva420p"}
)
_local = threading.local()


@dataclass(frozen=True, slots=True, eq=False)
class ArchiveFrame:
    """Implements `streams.interface.Frame`. It outlives the file it came from; keeping many keeps their memory."""

    camera: str
    pts: int
    time_base: Fraction
    at: Instant
    key: bool
    picture: VideoFrame = field(repr=False)
    _converted: list[Image] = field(default_factory=list, repr=False)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.picture.width, self.picture.height

    @property
    def image(self) -> Image:
        """H x W x 3 BGR uint8, read-only; converted on first access and kept."""
        if not self._converted:
            image = _reformat(self.picture, *self.size, "bgr24")
            image.flags.writeable = False
            self._converted.append(image)
        return self._converted[0]

    def scaled(self, width: int, height: int) -> Image:
        """`height` x `width` x 3 BGR uint8, resized and converted in one step; a fresh array each time."""
        if width <= 0 or height <= 0:
            raise ValueError(f"size must be positive, got {width} x {height}")
        return _reformat(self.picture, width, height, "bgr24")

    def luma(self) -> Image:
        """H x W uint8, read-only: the decoder's own luma plane where that has eight bits, else a converted copy."""
        if self.picture.format.name not in _EIGHT_BIT_LUMA:
            gray = _reformat(self.picture, *self.size, "gray")
            gray.flags.writeable = False
            return gray
        plane = self.picture.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, abs(plane.line_size))
        view: Image = rows[: self.picture.height, : self.picture.width]
        view.flags.writeable = False
        return view


def _reformat(picture: VideoFrame, width: int, height: int, pixels: str) -> Image:
    # A reformatter keeps its scaling context between frames of one shape; it must not be shared between threads. One
    # thread per conversion: the cores belong to other files.
    cache: dict[tuple[int, int, str], VideoReformatter] = _local.__dict__.setdefault("reformatters", {})
    key = (width, height, pixels)
    if key not in cache:
        if len(cache) >= 8:
            cache.clear()
        cache[key] = VideoReformatter()
    shaped = cache[key].reformat(picture, width, height, pixels, interpolation=Interpolation.AREA, threads=1)
    return shaped.to_ndarray().view(np.uint8)
