"""Masks a clip: looks at it, joins what was seen over time, and writes it anew with that painted over."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from evidence_export.errors import MaskError
from evidence_export.masking.areas import larger
from evidence_export.masking.encode import Painted, colour_of, write_clip
from evidence_export.masking.frames import Clip, Planes, mosaic, paint_planes, planes_of, views
from evidence_export.masking.interface import Box, Counts, Progress, Settings
from evidence_export.masking.looking import Looker
from evidence_export.masking.motion import MOST_SAMPLES, Background, Luma, reduced
from evidence_export.masking.own import Own
from evidence_export.masking.plan import Plan, TimedLook, plan_of
from evidence_export.masking.things import Look, look_at
from evidence_export.masking.vehicle import Standing, part_of
from streams.archive.frame import ArchiveFrame
from streams.instant import NS_PER_S

USUAL = 0.6
"""What stands in this share of the frames is a part of the median picture of them."""
AROUND = 0.2
"""A box explains what moves in it, and around it by this share: shadows, swinging arms."""
LOOKING, MASKING = "looking 查找", "masking 遮盖"


Hidden = list[tuple[float, list[Box]]]
"""For each frame in which the vehicle's place shows, by its seconds from the first: what is hidden there, in pixels."""


@dataclass(frozen=True, slots=True)
class Timed:
    """A clip, when its first frame was taken, and how many frames it should have."""

    clip: Clip
    start_ns: int
    frames: int

    def at_ns(self, seconds: float) -> int:
        """UTC of a frame that is shown so many seconds after the first."""
        return self.start_ns + round(seconds * NS_PER_S)


def mask_clip(timed: Timed, plan: Plan, out: Path, progress: Progress) -> Counts:
    """Write the clip to `out` with what the plan says painted over. Raises MaskError."""

    def paint(planes: Planes, seconds: float) -> bool:
        areas = plan.areas(seconds)
        paint_planes(planes, timed.clip.size, areas)
        return bool(areas)

    frames, painted = _write(timed, out, paint, progress)
    return replace(plan.counts, frames=frames, painted=painted)


def mask_all_but_vehicle(
    timed: Timed, plan: Plan | None, own: Own, out: Path, progress: Progress
) -> tuple[Counts, Hidden]:
    """Write the clip to `out` as a coarse mosaic that is renewed once a second, but for the vehicle's place.

    There, what moves before the vehicle is painted over, and where a plan is given, what that says. Raises MaskError.
    """
    found: Hidden = []
    size = timed.clip.size
    standing = Standing(own, size, _samples(timed, own))
    coarse: tuple[int, Planes] | None = None

    def paint(planes: Planes, seconds: float) -> bool:
        nonlocal coarse
        if coarse is None or coarse[0] != int(seconds):
            coarse = int(seconds), mosaic(planes, size)
        shown = planes.copy()
        planes[:] = coarse[1]
        place = standing.place
        if place is not None and own.stands(timed.at_ns(seconds)):
            hidden = standing.hidden(views(shown, size)[0])
            found.append((seconds, hidden))
            paint_planes(shown, size, hidden)
            standing.copy(shown, planes)
            if plan is not None:
                paint_planes(planes, size, standing.within(plan.areas(seconds)))
        return True

    frames, painted = _write(timed, out, paint, progress)
    return replace(plan.counts if plan is not None else Counts(), frames=frames, painted=painted), found


def look_through(timed: Timed, looker: Looker, own: Own, settings: Settings, progress: Progress) -> Plan:
    """Look at the clip, and plan what is painted over. Raises MaskError and InferenceError."""
    clip = timed.clip
    background, usual = _background(timed, own) if settings.motion else (None, False)
    looks: list[TimedLook] = []
    unusable = 0

    def look_there(frame: ArchiveFrame, at_ns: int) -> Look:
        return look_at(frame.image, looker, own, at_ns=at_ns, small_px=settings.small_px, closely=False)

    wanted = ((frame, seconds, timed.at_ns(seconds)) for frame, seconds in _looked_at(clip, settings.looks_per_s))
    for number, (frame, seconds, at_ns, look) in enumerate(_at_once(wanted, look_there)):
        moving: list[Box] | None = []
        if background is not None:
            explained = [larger(one.box, AROUND) for one in (*look.people, *look.vehicles)]
            place = own.place(clip.size)
            if place is not None and own.stands(at_ns):
                # The own vehicle's box explains nothing but the vehicle, where that is a part of the usual picture.
                explained = [one for one in explained if not own.is_at(one, clip.size)]
                explained += [] if usual else [place]
            moving = background.moving(frame.luma(), explained)
            unusable += moving is None
        looks.append(TimedLook(seconds, at_ns, look, tuple(moving or ())))
        progress(LOOKING, min(timed.frames, round((number + 1) * _every(clip, settings.looks_per_s))), timed.frames)
    progress(LOOKING, timed.frames, timed.frames)
    if not looks:
        raise MaskError("has no frame that can be decoded", where=str(clip.path))
    plan = plan_of(looks, own, clip.size, settings)
    plan.counts = replace(plan.counts, motion_unusable=unusable)
    return plan


def _at_once(
    frames: Iterable[tuple[ArchiveFrame, float, int]], look: Callable[[ArchiveFrame, int], Look]
) -> Iterator[tuple[ArchiveFrame, float, int, Look]]:
    """Each with what was seen, in their order; as many are looked at together as there are processors.

    Models work outside of Python's lock, each with one thread: what they find is the same as one after the other.
    """
    many = len(os.sched_getaffinity(0))
    waiting: deque[tuple[ArchiveFrame, float, int, Future[Look]]] = deque()
    pool = ThreadPoolExecutor(many, thread_name_prefix="look")

    def done() -> tuple[ArchiveFrame, float, int, Look]:
        frame, seconds, at_ns, future = waiting.popleft()
        return frame, seconds, at_ns, future.result()

    try:
        for frame, seconds, at_ns in frames:
            waiting.append((frame, seconds, at_ns, pool.submit(look, frame, at_ns)))
            if len(waiting) > 2 * many:
                yield done()
        while waiting:
            yield done()
    finally:
        pool.shutdown(cancel_futures=True)


def _looked_at(clip: Clip, rate: int) -> Iterator[tuple[ArchiveFrame, float]]:
    """The frames to look at, with their seconds from the first: at least `rate` a second, the first and the last."""
    first: int | None = None
    last = float("-inf")
    held: tuple[ArchiveFrame, float] | None = None
    for frame in clip.frames():
        first = frame.pts if first is None else first
        seconds = float((frame.pts - first) * frame.time_base)
        # The one before this comes too late where this one would be: looks are never further apart than asked for.
        if held is not None and seconds - last > 1 / rate + 0.001:
            yield held
            last = held[1]
        held = frame, seconds
        if last == float("-inf"):
            yield held
            last, held = seconds, None
    if held is not None:
        yield held


def _every(clip: Clip, rate: int) -> float:
    """About how many frames lie from look to look."""
    return max(1.0, float(clip.info.average_rate or rate) / rate)


def _background(timed: Timed, own: Own) -> tuple[Background, bool]:
    """The street without what passes, of frames spread over the clip; and whether the own vehicle is a part of it."""
    kept: list[tuple[Luma, bool]] = []
    step = 1
    first: int | None = None
    for number, frame in enumerate(timed.clip.frames()):
        first = frame.pts if first is None else first
        if number % step:
            continue
        stands = own.stands(timed.at_ns(float((frame.pts - first) * frame.time_base)))
        kept.append((reduced(frame.luma()), stands))
        if len(kept) > MOST_SAMPLES:
            kept, step = kept[::2], step * 2
    if not kept:
        raise MaskError("has no frame that can be decoded", where=str(timed.clip.path))
    usual = sum(stands for _, stands in kept) >= USUAL * len(kept)
    return Background([luma for luma, _ in kept], timed.clip.size), usual


def _samples(timed: Timed, own: Own) -> list[Luma]:
    """The vehicle's place in frames spread over the time that it stands."""
    kept: list[Luma] = []
    part = part_of(own, timed.clip.size)
    if part is None:
        return kept
    step, number = 1, 0
    first: int | None = None
    for frame in timed.clip.frames():
        first = frame.pts if first is None else first
        if not own.stands(timed.at_ns(float((frame.pts - first) * frame.time_base))):
            continue
        if number % step == 0:
            planes, _ = planes_of(frame.picture, timed.clip.size)
            kept.append(views(planes, timed.clip.size)[0][part].copy())
            if len(kept) > MOST_SAMPLES:
                kept, step = kept[::2], step * 2
        number += 1
    return kept


def _write(timed: Timed, out: Path, paint: Callable[[Planes, float], bool], progress: Progress) -> tuple[int, int]:
    """Frames written, and how many of them were painted on."""
    clip = timed.clip
    opening = next(clip.frames(), None)
    if opening is None:
        raise MaskError("has no frame that can be decoded", where=str(clip.path))
    _, pixels = planes_of(opening.picture, clip.size)
    painted = 0

    def frames() -> Iterator[Painted]:
        nonlocal painted
        assert opening is not None
        for number, frame in enumerate(clip.frames()):
            planes, form = planes_of(frame.picture, clip.size)
            painted += paint(planes, float((frame.pts - opening.pts) * frame.time_base))
            progress(MASKING, number + 1, timed.frames)
            yield Painted(frame.pts, planes, form)

    count = write_clip(
        out,
        frames(),
        size=clip.size,
        time_base=Fraction(clip.info.time_base),
        rate=clip.info.average_rate,
        pixels=pixels,
        colour=colour_of(opening.picture),
    )
    return count, painted
