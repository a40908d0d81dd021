"""Finds where packets are missing though the connection stood: the network lost them, or the camera never sent them."""

from __future__ import annotations

from fractions import Fraction

from streams.instant import NS_PER_S
from streams.recorder.interface import FRAMES_MISSING, MAX_MISSING, GapStatement, SegmentRecord
from streams.timeline import GAP_FACTOR, ticks, to_ns


class Missing:
    """Follows packets in decoding order. As in archives, a step is a gap beyond half a second and five frames."""

    def __init__(self, time_base: Fraction) -> None:
        self._floor = ticks(NS_PER_S // 2, time_base)
        self._last_dts: int | None = None
        self._highest: int | None = None
        self._stretches: list[tuple[int, int]] = []

    @property
    def stretches(self) -> tuple[tuple[int, int], ...]:
        """See `Closing.missing`."""
        return tuple(self._stretches)

    def add(self, pts: int, dts: int, interval: int) -> None:
        """The next packet; `interval`: ticks that a picture is usually shown."""
        last, highest = self._last_dts, self._highest
        if last is not None and highest is not None:
            gap = highest < pts and self.is_gap(dts - last, interval)
            self._stretches += [(highest, pts)] if gap and len(self._stretches) < MAX_MISSING else []
        self._last_dts = dts
        self._highest = pts if highest is None else max(highest, pts)

    def is_gap(self, step: int, interval: int) -> bool:
        """Whether a step of so many ticks is one."""
        return step > self._floor and step > GAP_FACTOR * interval


def missing_in(record: SegmentRecord) -> list[GapStatement]:
    """The gaps inside a segment."""
    opening = record.opening

    def at(pts: int) -> int:
        return to_ns(pts - opening.first_pts, opening.time_base)

    return [
        GapStatement(
            record.camera,
            opening.start.shifted(at(after)),
            opening.start.shifted(at(before)),
            FRAMES_MISSING,
            "no packet came, though the connection stood",
        )
        for after, before in record.closing.missing
    ]
