"""Feeds packets to one decoder and takes pictures out, each with the pts of the packet it was made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

import av.error
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from streams.libav import MAX_PIXELS
from streams.packets import MAX_CONSECUTIVE_FAULTS, TimedPacket

Picture = tuple[int, VideoFrame]
"""An unwrapped pts, and the picture shown at it."""


class GaveUpError(Exception):
    """Too many packets in a row could not be decoded. Never leaves this package."""


@dataclass(slots=True)
class DecodeFaults:
    """What one pass met while decoding; counted, never raised."""

    undecodable: int = 0
    first_undecodable: int | None = None
    damaged: int = 0
    oversized: int = 0
    frames: int = 0


class Decoder:
    """A single-threaded decoder. In an `ordinal` stream pictures take the fed timestamps in ascending order."""

    def __init__(self, stream: VideoStream, *, ordinal: bool) -> None:
        self._context = stream.codec_context
        self._context.copy_opaque = True
        self.ordinal = ordinal
        self._waiting: list[int] = []
        self._consecutive = 0
        self.faults = DecodeFaults()

    def feed(self, timed: TimedPacket, *, needed: bool = True) -> Iterator[Picture]:
        """Decode one packet. A picture that is not `needed` is left out where no other picture refers to it.

        Raises GaveUpError when too many packets in a row have failed.
        """
        self._context.skip_frame = "DEFAULT" if needed or self.ordinal else "NONREF"
        timed.packet.opaque = timed.pts
        if self.ordinal:
            heappush(self._waiting, timed.pts)
        try:
            pictures = self._context.decode(timed.packet)
        except av.error.FFmpegError as error:
            self.faults.undecodable += 1
            if self.faults.first_undecodable is None:
                self.faults.first_undecodable = timed.pts
            self._consecutive += 1
            if self._consecutive >= MAX_CONSECUTIVE_FAULTS:
                raise GaveUpError from error
            return
        self._consecutive = 0
        yield from self._numbered(pictures)

    def restart(self) -> Iterator[Picture]:
        """Take out what is still inside, and make ready for a keyframe that does not follow on."""
        try:
            pictures = self._context.decode(None)
        except av.error.FFmpegError:
            pictures = []
        yield from self._numbered(pictures)
        self._waiting.clear()
        self._context.flush_buffers()

    def _numbered(self, pictures: list[VideoFrame]) -> Iterator[Picture]:
        for picture in pictures:
            if picture.width * picture.height > MAX_PIXELS:
                self.faults.oversized += 1
                continue
            pts = picture.opaque
            if self.ordinal:
                pts = self._next_in_order(pts if picture.key_frame and isinstance(pts, int) else None)
            if not isinstance(pts, int):
                self.faults.damaged += 1
                continue
            self.faults.frames += 1
            self.faults.damaged += bool(picture.is_corrupt)
            yield pts, picture

    def _next_in_order(self, key_pts: int | None) -> int | None:
        # Pictures that never came out leave their timestamps behind; the next keyframe puts the count right.
        while self._waiting and key_pts is not None and self._waiting[0] < key_pts:
            heappop(self._waiting)
        return heappop(self._waiting) if self._waiting else None
