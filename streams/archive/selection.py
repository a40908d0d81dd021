"""Which packets have to be decoded for the pictures that are wanted: whole groups are skipped where none is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from streams.interface import DecodeLevel
from streams.packets import TimedPacket

_MAX_PACKETS = 600
_MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Group:
    """Packets from one keyframe up to the next, in decoding order. Overlong groups come in several pieces."""

    packets: tuple[TimedPacket, ...]
    cut_short: bool
    """The same group goes on in the next piece."""

    @property
    def starts_with_key(self) -> bool:
        return self.packets[0].key


@dataclass(frozen=True, slots=True)
class Task:
    """What to decode of one group."""

    group: Group
    wanted: frozenset[int]
    """The pts of the pictures wanted."""
    to_the_end: bool
    """What follows refers to the end of this group, so all of it must be decoded."""


def groups(packets: Iterable[TimedPacket]) -> Iterator[Group]:
    """Split at keyframes, and where a group grows beyond what should be held in memory."""
    held: list[TimedPacket] = []
    size = 0
    for timed in packets:
        if held and (timed.key or len(held) >= _MAX_PACKETS or size >= _MAX_BYTES):
            yield Group(tuple(held), cut_short=not timed.key)
            held, size = [], 0
        held.append(timed)
        size += timed.packet.size
    if held:
        yield Group(tuple(held), cut_short=False)


class Selection:
    """Decides on pictures by pts. Sampling takes the first picture of each slot of 1/rate seconds, counted from the
    beginning of the recording, so that a slot means the same in every pass."""

    def __init__(
        self,
        level: DecodeLevel,
        *,
        first_pts: int,
        time_base: Fraction,
        rate: Fraction | None,
        pts_range: tuple[int, int] | None,
    ) -> None:
        self.level = level
        self.pts_range = pts_range
        self._first_pts = first_pts
        self._slots_per_tick = time_base * rate if rate is not None else None
        self._last_planned: int | None = None
        self._last_taken: int | None = None

    def plan(self, pieces: Iterable[Group]) -> Iterator[Task]:
        """One task per group, in order, ending behind the range."""
        held: Task | None = None
        for group in pieces:
            if self._is_behind(group):
                break
            task = Task(group, self._wanted(group), to_the_end=group.cut_short)
            if held is not None:
                yield Task(held.group, held.wanted, held.to_the_end or _refers_back(task))
            held = task
        if held is not None:
            yield held

    def takes(self, pts: int) -> bool:
        """Whether a decoded picture is handed out; called once per picture, in order of presentation."""
        if not self._in_range(pts):
            return False
        if self._slots_per_tick is None:
            return True
        slot = self._slot(pts)
        if self._last_taken is not None and slot <= self._last_taken:
            return False
        self._last_taken = slot
        return True

    def _wanted(self, group: Group) -> frozenset[int]:
        shown = (p for p in group.packets if not p.packet.is_discard)
        if self.level is DecodeLevel.KEYFRAMES:
            return frozenset(p.pts for p in shown if p.key and self._in_range(p.pts))
        inside = sorted(p.pts for p in shown if self._in_range(p.pts))
        if self._slots_per_tick is None:
            return frozenset(inside)
        wanted = []
        for pts in inside:
            slot = self._slot(pts)
            if self._last_planned is None or slot > self._last_planned:
                self._last_planned = slot
                wanted.append(pts)
        return frozenset(wanted)

    def _slot(self, pts: int) -> int:
        assert self._slots_per_tick is not None
        return (pts - self._first_pts) * self._slots_per_tick.numerator // self._slots_per_tick.denominator

    def _in_range(self, pts: int) -> bool:
        return self.pts_range is None or self.pts_range[0] <= pts <= self.pts_range[1]

    def _is_behind(self, group: Group) -> bool:
        return (
            self.pts_range is not None
            and group.starts_with_key
            and min(p.pts for p in group.packets) > self.pts_range[1]
        )


def _refers_back(task: Task) -> bool:
    """Whether wanted pictures are shown before their own group's keyframe: they need the group before it."""
    return task.group.starts_with_key and any(pts < task.group.packets[0].pts for pts in task.wanted)
