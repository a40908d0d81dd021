"""Which packets a clip takes: from a keyframe on, all that its frames need, with times that any container accepts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

import av.error

from streams.errors import CutError
from streams.packets import PacketStream, Probe

_REORDER_DEPTH = 16
"""H.264 and H.265 reorder by no more pictures than this (A.3.1, max_dec_frame_buffering)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Packets `first`..`last`, counted from where a pass that starts near `near` begins; times on the source's line."""

    near: int
    first: int
    last: int
    pts: tuple[int, ...]
    dts: tuple[int, ...]

    @property
    def first_pts(self) -> int:
        """Of the keyframe the clip starts with."""
        return self.pts[0]

    @property
    def last_pts(self) -> int:
        """The highest in the clip; a few packets beyond the range come along when frames inside refer to them."""
        return max(self.pts)


def plan(probed: Probe, pts_first: int, pts_last: int) -> Plan:
    """Find the packets from the last keyframe at or before `pts_first`, or else the first one after it, to the last
    packet, in decoding order, that is shown at or before `pts_last`.

    Raises CutError where there is no such packet.
    """
    where = str(probed.info.path)
    if pts_first > pts_last:
        raise CutError(f"cannot cut from pts {pts_first} back to {pts_last}", where=where)
    first, last = -1, -1
    times: list[tuple[int, int]] = []
    beyond = 0
    with PacketStream(probed.info.path, ordinal=probed.ordinal, near=pts_first) as packets:
        for index, timed in enumerate(packets):
            if timed.key and (first < 0 or timed.pts <= pts_first):
                first, last, times = index, -1, []
            if first < 0:
                continue
            if timed.key and times and timed.dts > pts_last:
                break
            beyond = beyond + 1 if timed.dts > pts_last else 0
            if beyond > _REORDER_DEPTH:
                break
            times.append((timed.pts, timed.dts))
            # Without stored pts, a picture shown in time may sit a few packets later in the file.
            if timed.pts <= pts_last or (probed.ordinal and beyond):
                last = index
    if last < 0:
        raise CutError(
            f"there is no keyframe to cut from between pts {pts_first} and {pts_last}",
            where=where,
            remedy="Choose a longer range",
        )
    times = times[: last - first + 1]
    if max(pts for pts, _ in times) < pts_first:
        raise CutError(f"the recording ends before pts {pts_first}", where=where, remedy="Choose an earlier range")
    shown = tuple(pts for pts, _ in times)
    if probed.ordinal:
        shown = _shown_order(probed, pts_first, first, last, shown)
    return Plan(pts_first, first, last, shown, _decoding_times(shown, tuple(dts for _, dts in times)))


def _decoding_times(pts: tuple[int, ...], dts: tuple[int, ...]) -> tuple[int, ...]:
    """Times that rise strictly and never pass the pts: the source's own where they do, else made from the pts."""
    own = all(a < b for a, b in pairwise(dts))
    if own and all(d <= p for d, p in zip(dts, pts, strict=True)):
        return dts
    rising: list[int] = []
    for value in sorted(pts):
        rising.append(value if not rising else max(value, rising[-1] + 1))
    late = max(0, *(d - p for d, p in zip(rising, pts, strict=True)), 0)
    return tuple(d - late for d in rising)


def _shown_order(probed: Probe, near: int, first: int, last: int, line: tuple[int, ...]) -> tuple[int, ...]:
    """Where no pts are stored, only decoding tells the order: the n-th picture shown gets the n-th time of `line`."""
    # A dict, because a picture made of two fields names its packet twice.
    seen = list(dict.fromkeys(_decoded_positions(probed, near, first, last)))
    if len(seen) != len(line):
        return line
    shown = dict(zip(seen, sorted(line), strict=True))
    return tuple(shown[position] for position in range(len(line)))


def _decoded_positions(probed: Probe, near: int, first: int, last: int) -> Iterator[object]:
    """For each picture in order of presentation, the place of its packet in the clip."""
    with PacketStream(probed.info.path, ordinal=True, near=near) as packets:
        context = packets.stream.codec_context
        context.copy_opaque = True
        for index, timed in enumerate(packets):
            if index > last:
                break
            if index >= first:
                timed.packet.opaque = index - first
                with suppress(av.error.FFmpegError):
                    yield from (frame.opaque for frame in context.decode(timed.packet))
        with suppress(av.error.FFmpegError):
            yield from (frame.opaque for frame in context.decode(None))
