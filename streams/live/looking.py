"""Decodes packets of a live stream at one of the three levels; what is not wanted is skipped before it is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction

import av.error
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from streams.archive.frame import ArchiveFrame
from streams.instant import Instant
from streams.interface import DecodeLevel, Frame
from streams.libav import MAX_PIXELS
from streams.live.interface import LivePacket, StreamInfo
from streams.timeline import to_ns

_MAX_HELD = 250
"""Packets held undecoded: ten seconds of usual video."""


class LiveDecoder:
    """A single-threaded decoder of one connection. Packets come in decoding order; leaving some out is allowed.

    Damage is counted in `undecodable` and never raised: a camera goes on sending.
    """

    def __init__(self, camera: str, info: StreamInfo, extradata: bytes | None, *, rate: Fraction) -> None:
        """`rate`: pictures per second at the level SAMPLED."""
        context = CodecContext.create(info.codec, "r")
        assert isinstance(context, VideoCodecContext)
        if extradata:
            context.extradata = extradata
        context.thread_count = 1
        context.copy_opaque = True
        self._context = context
        self._camera = camera
        self._time_base = info.time_base
        self._slots_per_tick = rate * info.time_base
        self._last_slot: int | None = None
        self._following = False
        self._last_shown: int | None = None
        self._held: list[tuple[LivePacket, Instant]] = []
        """Packets of no picture that is due; they are decoded only if one is due before the next keyframe."""
        self._newest: int | None = None
        self._reordered = False
        self.undecodable = 0

    def feed(self, packet: LivePacket, at: Instant, level: DecodeLevel) -> Iterator[Frame]:
        """The pictures that `packet` brings out, in order of presentation; `at` is the instant of its own picture."""
        if level is DecodeLevel.KEYFRAMES:
            if self._following:
                # What comes next may build on this packet: if it is wanted again, then from a keyframe on.
                self._restart()
            if packet.key:
                yield from self._frames(self._decode(packet, at), level)
                yield from self._frames(self._drain(), level)
            return
        if packet.key and not self._following:
            self._following = True
        if not self._following:
            return
        due = level is DecodeLevel.EVERY_FRAME or self._slot(packet.pts) != self._last_slot
        in_order = self._comes_in_order(packet.pts)
        if packet.key and in_order:
            self._held.clear()  # nothing builds on them any more
        if not due and in_order and len(self._held) < _MAX_HELD:
            self._held.append((packet, at))
            return
        held, self._held = self._held, []
        self._context.skip_frame = "NONREF"
        for earlier in held:
            yield from self._frames(self._decode(*earlier), level)
        self._context.skip_frame = "DEFAULT" if due else "NONREF"
        yield from self._frames(self._decode(packet, at), level)

    def _comes_in_order(self, pts: int) -> bool:
        """Whether all pictures so far came in the order in which they are shown, so that none builds on a later one.

        Otherwise pictures that are shown before a keyframe may come behind it, and need what came before it.
        """
        self._reordered |= self._newest is not None and pts < self._newest
        self._newest = pts if self._newest is None else max(pts, self._newest)
        return not self._reordered and not self._context.has_b_frames

    def flush(self) -> Iterator[Frame]:
        """What is still inside, after the last packet."""
        yield from self._frames(self._drain(), DecodeLevel.EVERY_FRAME)

    def _decode(self, packet: LivePacket, at: Instant) -> list[VideoFrame]:
        packet.packet.opaque = (packet.pts, at)
        try:
            return self._context.decode(packet.packet)
        except av.error.FFmpegError:
            self.undecodable += 1
            return []

    def _drain(self) -> list[VideoFrame]:
        found: list[VideoFrame] = []
        with suppress(av.error.FFmpegError):
            found = self._context.decode(None)
        self._context.flush_buffers()
        return found

    def _restart(self) -> None:
        self._drain()
        self._held.clear()
        self._following = False

    def _frames(self, pictures: list[VideoFrame], level: DecodeLevel) -> Iterator[Frame]:
        for picture in pictures:
            if not isinstance(picture.opaque, tuple) or picture.width * picture.height > MAX_PIXELS:
                continue
            pts, at = picture.opaque
            if self._last_shown is not None and pts <= self._last_shown:
                continue
            if level is DecodeLevel.SAMPLED:
                slot = self._slot(pts)
                if slot == self._last_slot:
                    continue
                self._last_slot = slot
            self._last_shown = pts
            yield ArchiveFrame(self._camera, pts, self._time_base, at, bool(picture.key_frame), picture)

    def _slot(self, pts: int) -> int:
        return int(pts * self._slots_per_tick.numerator // self._slots_per_tick.denominator)


def instant_on(line_start: Instant, first_pts: int, pts: int, time_base: Fraction) -> Instant:
    """The instant of `pts` on the line that says `line_start` at `first_pts`; exact to the nearest nanosecond."""
    return line_start.shifted(to_ns(pts - first_pts, time_base))
