"""Which footage is to go and why, and what is said before it comes to that. Pure: it decides and does nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from evidence_export.words import Said
from streams.instant import NS_PER_S
from streetproof.store.holds import Hold
from streetproof.store.segments import StoredSegment

MOST = 500
"""Segments deleted per run: a run stays short, and so does what a mistake can cost."""
DAY_NS = 24 * 3600 * NS_PER_S
_GIB = 1 << 30
_SHORTEST_TREND_NS = 600 * NS_PER_S
_TREND_SAMPLES = 61
_LEAP_NS = 3600 * NS_PER_S


class Why(StrEnum):
    """Why a segment is deleted. Part of tombstones: names are stable."""

    EXPIRED = "expired"
    """It was kept as long as it was to be."""
    QUOTA = "quota"
    """Its camera has used up what it may take."""
    DISK = "disk"
    """The disk is nearly full, and it was the oldest."""


class ConcernKind(StrEnum):
    """What a person should see to."""

    LOW = "low"
    """Less is free than what is to be warned of."""
    NOTHING_LEFT = "nothing_left"
    """Too little is free, and nothing may be deleted."""
    SHORTENED = "shortened"
    """Footage goes earlier than it should, for want of room."""
    QUOTA_HELD = "quota_held"
    """A camera takes more than its quota, and nothing of it may be deleted."""
    CLOCK = "clock"
    """Nothing is deleted for its age, because this machine's clock is in doubt."""
    UNDELETABLE = "undeletable"
    """Files that should go cannot be removed."""


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that people should know."""

    kind: ConcernKind
    said: Said


@dataclass(frozen=True, slots=True)
class Limits:
    """What a camera's footage is allowed."""

    keep_ns: int
    quota_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Disk:
    """Room on the disk of the recordings, in bytes."""

    free: int
    min_free: int
    warn_free: int


class Decision(NamedTuple):
    """That a segment goes, and why."""

    segment: StoredSegment
    why: Why


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be deleted now, in this order, and what is to be said."""

    decisions: tuple[Decision, ...]
    concerns: tuple[Concern, ...]


_SLACK = 50


def plan(
    segments: Iterable[StoredSegment],
    *,
    holds: Sequence[Hold],
    limits: Mapping[str, Limits],
    default: Limits,
    used: Mapping[str, int],
    disk: Disk,
    now_ns: int,
    clock_in_doubt: bool = False,
    most: int = MOST,
) -> Plan:
    """Decide what goes. Pure.

    `segments`: the candidates, oldest first; more of them never changes what is decided about the first. `used`: bytes
    on disk per camera. `default` is for cameras that `limits` does not name, as those taken out of the site file. What
    a hold touches is never decided upon. At most `most` segments go.

    Each stretch that goes leaves a tombstone for ever, so footage goes in batches: once room is short, a little more
    goes than is needed just then (a `_SLACK`th). For the same reason `now_ns` is better a full hour than to the second.
    """
    over: set[str] = set()
    floor = disk.min_free
    by_camera: dict[str, list[Hold]] = {}
    for hold in holds:
        by_camera.setdefault(hold.camera, []).append(hold)
    candidates = [
        one
        for one in segments
        if not any(hold.touches(one.camera, one.start_ns, one.end_ns) for hold in by_camera.get(one.camera, ()))
    ]
    left = dict(used)
    free = disk.free
    decisions: list[Decision] = []
    shortened: dict[str, int] = {}
    for one in candidates:
        if len(decisions) == most:
            break
        allowed = limits.get(one.camera, default)
        expired = one.end_ns < now_ns - allowed.keep_ns
        quota = allowed.quota_bytes
        if quota is not None and one.camera in over:
            quota -= quota // _SLACK
        if expired and not clock_in_doubt:
            why = Why.EXPIRED
        elif quota is not None and left.get(one.camera, 0) > quota:
            why = Why.QUOTA
            over.add(one.camera)
        elif free < floor:
            why = Why.DISK
            floor = disk.min_free + disk.min_free // _SLACK
        else:
            continue
        if why is Why.DISK and not expired:
            shortened.setdefault(one.camera, now_ns - one.start_ns)
        decisions.append(Decision(one, why))
        left[one.camera] = left.get(one.camera, 0) - one.size
        free += one.size
    full = len(decisions) == most
    concerns = list(_about_room(disk, free, full=full, shortened=shortened))
    if not full:
        concerns += _about_quotas(left, limits, default)
    if clock_in_doubt:
        concerns.append(
            Concern(
                ConcernKind.CLOCK,
                Said(
                    "服务器时钟存疑，暂不因超期删除录像；请检查对时",
                    "This machine's clock is in doubt, so no footage is deleted for its age. Check its time source.",
                ),
            )
        )
    return Plan(tuple(decisions), tuple(concerns))


class Trend:
    """How fast the disk fills, whoever fills it, from what was free at several times. Bounded."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque(maxlen=_TREND_SAMPLES)
        self._freed = 0

    def freed(self, size: int) -> None:
        """So much was deleted: it would be less free now without that."""
        self._freed += size

    def hours_until(self, mono_ns: int, free: int, floor: int) -> float | None:
        """Hours until only `floor` bytes are free, when nothing is deleted; None: not known, or it does not fill.

        `mono_ns` is on a clock that only goes forward.
        """
        self._samples.append((mono_ns, free - self._freed))
        begin_ns, begin = self._samples[0]
        taken, elapsed = begin - (free - self._freed), mono_ns - begin_ns
        if elapsed < _SHORTEST_TREND_NS or taken <= 0:
            return None
        return max(0, free - floor) * elapsed / taken / NS_PER_S / 3600


class Leap:
    """Notices that this machine's clock has gone further ahead than time can have passed. Bounded.

    Footage that seems old then may be young: for a day nothing goes for its age, so that people can see to the clock.
    """

    def __init__(self) -> None:
        self._line_ns: int | None = None
        self._until_ns: int | None = None

    def in_doubt(self, now_ns: int, mono_ns: int) -> bool:
        """`now_ns` is UTC, `mono_ns` is on a clock that only goes forward. Ask at every run."""
        line_ns = now_ns - mono_ns
        if self._line_ns is not None and line_ns - self._line_ns > _LEAP_NS:
            self._until_ns = mono_ns + DAY_NS
        self._line_ns = line_ns
        return self._until_ns is not None and mono_ns < self._until_ns


def _about_room(disk: Disk, free: int, *, full: bool, shortened: Mapping[str, int]) -> Iterator[Concern]:
    gib = f"{disk.free / _GIB:.1f} GiB"
    if free < disk.min_free and not full:
        yield Concern(
            ConcernKind.NOTHING_LEFT,
            Said(
                f"磁盘仅剩 {gib}，且没有可删除的录像（其余为案件证据，或属于正在计时的停留）。"
                "请立即扩容或解除不再需要的证据保全，否则录像将中断",
                f"Only {gib} are free, and no footage may be deleted: the rest is held for cases, or shows "
                "what is being timed. Add room, or release holds that are no longer needed, before recording stops.",
            ),
        )
    elif disk.free < disk.warn_free:
        yield Concern(
            ConcernKind.LOW,
            Said(
                f"磁盘剩余 {gib}，低于预警值 {disk.warn_free / _GIB:.1f} GiB；"
                f"低于 {disk.min_free / _GIB:.1f} GiB 时将删除最早的录像",
                f"{gib} are free, less than the {disk.warn_free / _GIB:.1f} GiB to warn at. Below "
                f"{disk.min_free / _GIB:.1f} GiB the oldest footage is deleted.",
            ),
        )
    if shortened:
        days = min(shortened.values()) / DAY_NS
        yield Concern(
            ConcernKind.SHORTENED,
            Said(
                f"磁盘空间不足，未到保存期限的录像被提前删除（最短仅保存 {days:.1f} 天）",
                f"For want of room, footage is deleted before its time: after {days:.1f} days. Add room, or record "
                "less.",
            ),
        )


def _about_quotas(left: Mapping[str, int], limits: Mapping[str, Limits], default: Limits) -> Iterator[Concern]:
    for camera, size in sorted(left.items()):
        quota = limits.get(camera, default).quota_bytes
        if quota is not None and size > quota:
            yield Concern(
                ConcernKind.QUOTA_HELD,
                Said(
                    f"摄像机 {camera} 占用 {size / _GIB:.1f} GiB，超过配额 {quota / _GIB:.1f} GiB，"
                    "其余录像为案件证据，或属于正在计时的停留，不能删除",
                    f"Camera {camera} takes {size / _GIB:.1f} GiB, more than its quota of {quota / _GIB:.1f} GiB; what "
                    "is left of it is held for cases, or shows what is being timed.",
                ),
            )
