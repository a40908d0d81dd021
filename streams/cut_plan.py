"""Which packets a clip takes: from a keyframe on, all that its frames need, with times that any container accepts."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice, pairwise

import av.error

from streams.cut_source import CutSource, Part
from streams.errors import CutError
from streams.packets import PacketStamp, Probe

_REORDER_DEPTH = 16
"""H.264 and H.265 reorder by no more pictures than this (A.3.1, max_dec_frame_buffering)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Packets `first`..`last`, counted from where a pass from `part` near `near` begins; times on the source's line.

    `near` None: from the beginning of the part.
    """

    near: int | None
    first: int
    last: int
    pts: tuple[int, ...]
    dts: tuple[int, ...]
    part: int = 0

    @property
    def first_pts(self) -> int:
        """Of the keyframe the clip starts with."""
        return self.pts[0]

    @property
    def last_pts(self) -> int:
        """The highest in the clip; a few packets beyond the range come along when frames inside refer to them."""
        return max(self.pts)


def plan(probed: Probe, pts_first: int, pts_last: int) -> Plan:
    """`plan_joined` for a single recording."""
    return plan_joined(CutSource((Part(probed.info.path),)), pts_first, pts_last)


def plan_joined(source: CutSource, pts_first: int, pts_last: int) -> Plan:
    """Find the packets from the last keyframe at or before `pts_first`, or else the first one after it, to the last
    packet, in decoding order, that is shown at or before `pts_last`.

    Raises CutError where there is no such packet, or the parts do not follow on each other.
    """
    if pts_first > pts_last:
        raise CutError(f"cannot cut from pts {pts_first} back to {pts_last}", where=source.where)
    part = source.part_at(pts_first)
    while True:
        known = source.known_stamps(part)
        near = pts_first if known is None else None
        with closing(known or _stamps(source, part, pts_first)) as stamps:
            first, last, times = _find(stamps, pts_first, pts_last, ordinal=source.probed.ordinal)
        # The pictures at the beginning of a part may need the keyframe of the one before.
        if part == 0 or (last >= 0 and times[0][0] <= pts_first):
            break
        part -= 1
    if last < 0:
        raise CutError(
            f"there is no keyframe to cut from between pts {pts_first} and {pts_last}",
            where=source.where,
            remedy="Choose a longer range",
        )
    times = times[: last - first + 1]
    if max(pts for pts, _ in times) < pts_first:
        raise CutError(
            f"the recording ends before pts {pts_first}", where=source.where, remedy="Choose an earlier range"
        )
    shown = tuple(pts for pts, _ in times)
    if source.probed.ordinal:
        shown = _shown_order(source, near, first, last, shown)
    return Plan(near, first, last, shown, _decoding_times(shown, tuple(dts for _, dts in times)), part)


def _stamps(source: CutSource, part: int, near: int) -> Generator[PacketStamp]:
    with source.packets(part, near, decodes=False) as packets:
        for timed in packets:
            yield PacketStamp(timed.pts, timed.dts, timed.key)


def _find(
    stamps: Iterator[PacketStamp], pts_first: int, pts_last: int, *, ordinal: bool
) -> tuple[int, int, list[tuple[int, int]]]:
    """Index of the first packet and of the last (-1: none), and the times of all from the first on."""
    first, last, beyond = -1, -1, 0
    times: list[tuple[int, int]] = []
    for index, (pts, dts, key) in enumerate(stamps):
        if key and (first < 0 or pts <= pts_first):
            first, last, times = index, -1, []
        if first < 0:
            continue
        if key and times and dts > pts_last:
            break
        beyond = beyond + 1 if dts > pts_last else 0
        if beyond > _REORDER_DEPTH:
            break
        times.append((pts, dts))
        # Without stored pts, a picture shown in time may sit a few packets later in the file.
        if pts <= pts_last or (ordinal and beyond):
            last = index
    return first, last, times


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


def _shown_order(source: CutSource, near: int | None, first: int, last: int, line: tuple[int, ...]) -> tuple[int, ...]:
    """Where no pts are stored, only decoding tells the order: the n-th picture shown gets the n-th time of `line`."""
    # A dict, because a picture made of two fields names its packet twice.
    seen = list(dict.fromkeys(_decoded_positions(source, near, first, last)))
    if len(seen) != len(line):
        return line
    shown = dict(zip(seen, sorted(line), strict=True))
    return tuple(shown[position] for position in range(len(line)))


def _decoded_positions(source: CutSource, near: int | None, first: int, last: int) -> Iterator[object]:
    """For each picture in order of presentation, the place of its packet in the clip."""
    with source.packets(0, near) as packets:
        context = packets.stream.codec_context
        context.copy_opaque = True
        for place, packet in enumerate(islice(packets.unplaced(), first, last + 1)):
            packet.opaque = place
            with suppress(av.error.FFmpegError):
                yield from (frame.opaque for frame in context.decode(packet))
        with suppress(av.error.FFmpegError):
            yield from (frame.opaque for frame in context.decode(None))
