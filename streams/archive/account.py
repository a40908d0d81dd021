"""Adds up what the passes over one recording met, and says it in words."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from streams.archive.decode import DecodeFaults
from streams.instant import NS_PER_S, Instant, iso_utc
from streams.interface import Coverage, Gap, Problem
from streams.packets import MAX_CONSECUTIVE_FAULTS, Faults, Probe
from streams.timeline import GAP_FACTOR, Break, Kind, to_ns

RESTARTED = "timestamps start again; how long the interruption took is not known"
MISSING = "no frames are stored"
NO_KEYFRAME = "nothing can be decoded before the first keyframe"
UNDECODABLE = "frames are stored but could not be decoded"


@dataclass(slots=True)
class Pass:
    """The running tally of one pass."""

    lowest: int | None = None
    highest: int | None = None
    leading: int = 0
    """Packets before the first keyframe."""
    first_key: int | None = None
    out_of_order: int = 0
    other_sizes: int = 0
    silences: list[tuple[int, int]] = field(default_factory=list)
    """Half a second and more between two pictures of a pass that decodes all."""
    last_shown: int | None = None
    whole: bool = False
    """The pass went through the whole recording and ended by itself."""

    def met(self, pts: int) -> None:
        """A packet with this pts was read."""
        self.lowest = pts if self.lowest is None else min(self.lowest, pts)
        self.highest = pts if self.highest is None else max(self.highest, pts)


class Account:
    """Merges passes: gaps and problems as a set, counts from the pass that read the most."""

    def __init__(self, probed: Probe, start: Instant, problems: tuple[Problem, ...]) -> None:
        self._probe = probed
        self._start = start
        self._where = str(probed.info.path)
        self._gaps: list[Gap] = []
        """In ascending order, none inside another."""
        self._problems: dict[str, Problem] = {p.what: p for p in problems}
        self._counts: dict[str, int] = {}
        self._packets = 0
        self._frames = 0
        self._lowest: int | None = None
        self._highest: int | None = None

    def close(self, tally: Pass, faults: Faults, decoding: DecodeFaults, typical: int) -> None:
        """Take in a pass that has ended, or was left."""
        self._packets, self._frames = max((self._packets, self._frames), (faults.packets, decoding.frames))
        if tally.lowest is not None and tally.highest is not None:
            self._lowest = tally.lowest if self._lowest is None else min(self._lowest, tally.lowest)
            self._highest = tally.highest if self._highest is None else max(self._highest, tally.highest)
        for broke in faults.breaks:
            self._break(broke)
        self._count(faults.outliers, "timestamp is", "timestamps are", "far from its neighbours", "moved between them")
        self._silences(tally, typical)
        salvaged = f"{decoding.frames} frames decoded"
        self._count(faults.corrupt, "packet is", "packets are", "marked as damaged by the container", salvaged)
        self._count(faults.unreadable, "read", "reads", "failed inside the file", salvaged)
        self._count(decoding.undecodable, "packet", "packets", "could not be decoded", salvaged)
        self._count(decoding.damaged, "frame is", "frames are", "damaged", "they are used as they are")
        self._count(decoding.oversized, "frame was", "frames were", "left out for its size", salvaged)
        self._count(tally.out_of_order, "frame", "frames", "had a time not after the one before", "left out")
        self._count(tally.other_sizes, "frame has", "frames have", "another size than the header says", "used as is")
        if faults.gave_up:
            self._say(f"reading stopped after {MAX_CONSECUTIVE_FAULTS} failed reads in a row", salvaged)
        if tally.whole and tally.highest is not None:
            self._compare_with_header(tally.highest, typical)

    def gave_up_decoding(self, pts: int, salvaged: int) -> None:
        """Too many packets in a row failed, the last at `pts`."""
        self._say(
            f"decoding stopped at {self._at(pts)} after {MAX_CONSECUTIVE_FAULTS} packets in a row could not be decoded",
            f"{salvaged} frames before it",
        )

    def coverage(self) -> Coverage:
        """What is known so far."""
        return Coverage(
            start=self._instant(self._lowest),
            end=self._instant(self._highest),
            packets=self._packets,
            frames=self._frames,
            gaps=tuple(self._gaps),
            problems=tuple(self._problems.values()),
        )

    def _break(self, broke: Break) -> None:
        if broke.kind is Kind.RESTART:
            self._say(
                f"timestamps start again at {self._at(broke.before_pts)}",
                "read on; times from there on are the earliest possible",
            )
        self._gap(broke.after_pts, broke.before_pts, RESTARTED if broke.kind is Kind.RESTART else MISSING)

    def _silences(self, tally: Pass, typical: int) -> None:
        if tally.leading:
            until = tally.first_key
            self._count(
                tally.leading,
                "packet",
                "packets",
                "at the beginning cannot be decoded: the first keyframe comes later",
                "read from the first keyframe on" if until is not None else "nothing: there is no keyframe",
            )
            if until is not None and tally.lowest is not None and tally.lowest < until:
                self._gap(tally.lowest, until, NO_KEYFRAME)
        for after, before in tally.silences:
            if before - after > GAP_FACTOR * typical:
                self._gap(after, before, UNDECODABLE)

    def _compare_with_header(self, highest: int, typical: int) -> None:
        declared = self._probe.declared_duration
        if declared is None:
            return
        read_ns = to_ns(highest + typical - self._probe.first_pts, self._probe.info.time_base)
        missing_ns = to_ns(declared, self._probe.info.time_base) - read_ns
        if missing_ns > max(NS_PER_S, read_ns // 50):
            self._say(
                f"the recording ends {missing_ns / NS_PER_S:.1f} s before its header says: it is cut off or damaged",
                f"{read_ns / NS_PER_S:.1f} s",
            )

    def _gap(self, after: int, before: int, reason: str) -> None:
        """Gaps inside a wider one are part of it, whichever pass met them."""
        place = bisect_left(self._gaps, after, key=lambda gap: gap.after_pts)
        beside = self._gaps[max(0, place - 1) : place + 1]
        if any(gap.after_pts <= after and before <= gap.before_pts for gap in beside):
            return
        while place < len(self._gaps) and self._gaps[place].before_pts <= before:
            reason = self._gaps.pop(place).reason
        duration = max(0, to_ns(before - after, self._probe.info.time_base))
        self._gaps.insert(place, Gap(after, before, duration, reason))

    def _count(self, number: int, one: str, many: str, what: str, salvaged: str) -> None:
        """One line per kind of fault, with the highest number that a pass has met."""
        if number and number >= self._counts.get(what, 0):
            self._counts[what] = number
            self._problems[what] = Problem(f"{number} {one if number == 1 else many} {what}", self._where, salvaged)

    def _say(self, what: str, salvaged: str) -> None:
        self._problems[what] = Problem(what, self._where, salvaged)

    def _at(self, pts: int) -> str:
        instant = self._instant(pts)
        return iso_utc(instant.utc_ns) if instant is not None else "?"

    def _instant(self, pts: int | None) -> Instant | None:
        if pts is None:
            return None
        return self._start.shifted(to_ns(pts - self._probe.first_pts, self._probe.info.time_base))
