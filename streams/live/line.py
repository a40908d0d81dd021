"""Gives every packet of a live stream its place on one line of time, whatever stamps it came with.

Cameras and libav leave stamps out: over RTSP the first keyframe comes without any, and with B-frames the next few
without dts. A few packets are held until one has both, and those before it are placed by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median_low

from streams.instant import NS_PER_S
from streams.live.interface import LivePacket
from streams.live.pace import Pace
from streams.packets import VideoPacket
from streams.timeline import ticks, to_ns

MAX_HELD = 24
"""No codec reorders more than 16 pictures: what has not told its dts by then never will."""
BACK_NS = NS_PER_S // 2
_FALLBACK_RATE = Fraction(25)


class LineBrokenError(Exception):
    """The stamps do not continue the line; the text is a clause for people."""


@dataclass(slots=True)
class _Held:
    packet: VideoPacket
    pts: int | None
    dts: int | None
    arrived_ns: int
    reference_ns: int | None


class Line:
    """Places packets in the order they came: dts from 0 on, strictly rising, never above pts.

    - `wrap_bits`: width of the container's counter, which is unwrapped; None where libav has done it.
    - a step back of up to half a second is flattened: packets stand a tick apart until the stamps have caught up;
      a larger one raises LineBrokenError;
    - `pace`, where given, judges each stamp against its arrival.

    `reference` reads from a packet what the camera says of the time of capture.
    """

    def __init__(
        self,
        time_base: Fraction,
        *,
        wrap_bits: int | None,
        rate: Fraction | None,
        reference: Callable[[VideoPacket], int | None],
        pace: Pace | None,
    ) -> None:
        self._time_base = time_base
        self._wrap = 1 << wrap_bits if wrap_bits else None
        self._back = ticks(BACK_NS, time_base)
        self._step = max(1, round(1 / ((rate or _FALLBACK_RATE) * time_base)))
        self._reference = reference
        self._pace = pace
        self._held: list[_Held] = []
        self._near: int | None = None
        self._base = 0
        self._last: int | None = None

    @property
    def step(self) -> int:
        """The usual distance between two pictures in ticks, as far as it is known."""
        return self._step

    def add(self, packet: VideoPacket, arrived_ns: int) -> list[LivePacket]:
        """The packets that can be placed now: this one, none, or at the beginning several. Raises LineBrokenError."""
        pts, dts = self._unwrapped(packet.pts), self._unwrapped(packet.dts)
        stamp = pts if pts is not None else dts
        if stamp is not None:
            if self._last is not None and stamp - self._base < self._last - self._back:
                raise LineBrokenError("its timestamps ran back")
            trouble = self._pace.check(to_ns(stamp, self._time_base), arrived_ns) if self._pace is not None else None
            if trouble is not None:
                raise LineBrokenError(trouble)
        held = _Held(packet, pts, dts, arrived_ns, self._reference(packet))
        if self._last is not None:
            return [self._place(held)]
        self._held.append(held)
        return self.flush() if self._decided() or len(self._held) >= MAX_HELD else []

    def flush(self) -> list[LivePacket]:
        """The packets that are still held, placed as well as can be: the stream has ended."""
        held, self._held = self._held, []
        if not held:
            return []
        pts = self._settled_pts(held)
        dts = self._settled_dts(held, pts)
        self._base = dts[0]
        return [self._finish(each, p - self._base, d - self._base) for each, p, d in zip(held, pts, dts, strict=True)]

    def _decided(self) -> bool:
        newest = self._held[-1]
        if newest.pts is None or newest.dts is None:
            return False
        # The first pictures are shown before all others: nothing may come that is shown before those known so far.
        shown = [each.pts for each in self._held if each.pts is not None]
        return self._held[0].pts is not None or newest.dts >= min(shown)

    def _unwrapped(self, stamp: int | None) -> int | None:
        if stamp is None:
            return None
        if self._wrap is not None and self._near is not None:
            stamp += (self._near - stamp + self._wrap // 2) // self._wrap * self._wrap
        self._near = stamp
        return stamp

    def _settled_pts(self, held: list[_Held]) -> list[int]:
        known = sorted({each.pts for each in held if each.pts is not None})
        if not known:
            # Neither pts nor dts on any: the usual distance is all there is.
            start = next((each.dts for each in held if each.dts is not None), 0)
            return [start + place * self._step for place in range(len(held))]
        if len(known) > 1:
            self._step = max(1, median_low([b - a for a, b in pairwise(known)]))
        leading = next(place for place, each in enumerate(held) if each.pts is not None)
        # What comes first is a keyframe, shown before everything that came behind it.
        settled = [known[0] - (leading - place) * self._step for place in range(leading)]
        for each in held[leading:]:
            settled.append(each.pts if each.pts is not None else max(settled) + self._step)
        return settled

    def _settled_dts(self, held: list[_Held], pts: list[int]) -> list[int]:
        if held[-1].dts is not None:
            settled = [min(held[-1].dts, pts[-1])]
            for each, shown in zip(reversed(held[:-1]), reversed(pts[:-1]), strict=True):
                given = each.dts
                usable = given is not None and given <= shown and given < settled[-1]
                settled.append(given if given is not None and usable else min(settled[-1] - self._step, shown))
            return settled[::-1]
        # The n-th picture shown has the n-th dts: early enough for the one that is shown soonest after it came, and for
        # those that are still to come and are shown before the last of these.
        shown_order = sorted(pts)
        apart = [a - b for a, b in zip(shown_order, pts, strict=True)]
        early = max(apart) - min(apart)
        settled = []
        for place, wanted in enumerate(shown_order):
            dts = wanted - early
            settled.append(dts if place == 0 else max(dts, settled[-1] + 1))
        return settled

    def _place(self, held: _Held) -> LivePacket:
        assert self._last is not None
        after = self._last + 1
        pts = None if held.pts is None else held.pts - self._base
        dts = self._last + self._step if held.dts is None else held.dts - self._base
        if pts is not None:
            dts = min(dts, pts)
        return self._finish(held, dts if pts is None else pts, max(dts, after))

    def _finish(self, held: _Held, pts: int, dts: int) -> LivePacket:
        self._last = dts
        return LivePacket(
            packet=held.packet,
            pts=max(pts, dts),
            dts=dts,
            key=bool(held.packet.is_keyframe),
            arrived_ns=held.arrived_ns,
            reference_ns=held.reference_ns,
        )
