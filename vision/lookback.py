"""Looking back: when a vehicle came to rest, or moved off, from every frame that was recorded around that moment.

The engine sees a few frames a minute and knows an arrival only as an interval: not there in this sample, there in the
next. A recorder keeps all frames between the two. Here boxes of all of them narrow the interval, and only as far as
they prove it: what is unsure leaves it as it was. A single frame without a box proves nothing, since detectors miss;
a vehicle that drives through the place is not the one that stands there.

Pure and deterministic, as the engine is. A departure is an arrival with the time turned round.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from models.interface import Detections
from streams.instant import NS_PER_S, Instant
from vision.boxes import family, iou, normalised, shift
from vision.errors import OrderError
from vision.interface import Box, Stay
from vision.matching import hidden
from vision.tuning import Tuning

MAX_SAMPLES = 20_000
"""Over 13 minutes at 25 frames per second; whoever gives more gets the interval back as it was."""
_THERE = 0.12
"""A box shows the place up to this shift in sizes of the object, as when the engine opens a stay."""
_AWAY = 0.3
"""From here on it surely stands elsewhere: a box's own jitter does not reach so far."""
_FAR, _FAR_SAMPLES = 1.0, 3
"""To be seen coming, it must have been a length away in this many samples; less may be a box that grew."""
_LINK_SHIFT, _LINK_NS = 0.5, NS_PER_S // 2
"""Boxes of one object in two samples lie so near to each other, and the samples too."""
_REACH = 6.0
"""Boxes farther from the place, in its sizes, are left out."""
_CROSSING_NS = 6 * NS_PER_S // 10
"""What is at the place no longer than this, and comes from and goes elsewhere, drives through it."""
_ROLLS, _NOISE = 0.02, 0.7
"""What is so near, in its sizes, to where it comes to rest may still roll; and so many times the boxes' own scatter."""
_SETTLE_NS = NS_PER_S
"""Time given to this last bit of its way: an even braking over two lengths in ten seconds needs less."""
_EMPTY_NS, _EMPTY_SAMPLES = 2 * NS_PER_S, 10
"""A place seen empty for both of these, without a break, was empty."""
_STEADY = 0.8
"""... if the detector found what stood there afterwards in at least this share of the samples."""


class PinReason(StrEnum):
    """Why an interval is what it is. Part of cases: names are stable."""

    SEEN_MOVING = "seen_moving"
    """The object was followed from (or to) a length away."""
    PLACE_EMPTY = "place_empty"
    """Its way was not seen, but its place was, empty, for long enough."""
    SEEN_STANDING = "seen_standing"
    """Only the time from which on it surely stood could be narrowed."""
    AMBIGUOUS = "ambiguous"
    """More than one object stood or may have stood there; nothing is narrowed."""
    NOT_SEEN = "not_seen"
    """The frames do not show it, or show nothing better than was known."""
    TOO_LONG = "too_long"
    """More than MAX_SAMPLES frames."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """An interval (earliest, latest) inside the given one; None: not known, as in the stay."""

    earliest: Instant | None
    latest: Instant | None
    reason: PinReason

    @property
    def narrowed(self) -> bool:
        """Whether anything is known better than before."""
        return self.reason in (PinReason.SEEN_MOVING, PinReason.PLACE_EMPTY, PinReason.SEEN_STANDING)


def pin_arrival(stay: Stay, samples: Iterable[tuple[Instant, Detections]]) -> Pinned:
    """When it came to rest: `stay.arrived`, narrowed.

    `samples`: frames forward in time, as densely as they exist, of `stay.arrived` and some seconds on either side: they
    show where it came from, and that it stays. Only `earliest` may go into `Engine.note_arrival`: dwell counts from the
    engine's own first sighting, and `latest` is what is known beyond that. Raises OrderError for samples that do not go
    forward.
    """
    earliest, latest = stay.arrived
    scene = _scene(stay, samples)
    if scene is None:
        return Pinned(earliest, latest, PinReason.TOO_LONG)
    away, still, reason = _pin(scene, None if earliest is None else earliest.utc_ns)
    return _pinned(earliest, latest, scene.instants, away, still, reason)


def pin_departure(stay: Stay, samples: Iterable[tuple[Instant, Detections]]) -> Pinned:
    """When it moved off: `stay.departed`, narrowed. `earliest` is then the last time it surely still stood.

    As `pin_arrival`. A departure that the engine did not see (`(.., None)`) can be pinned from frames after the last
    sighting. Raises ValueError for a stay that has not ended.
    """
    if stay.departed is None:
        raise ValueError("a stay that has not ended has no departure to pin")
    earliest, latest = stay.departed
    scene = _scene(stay, samples)
    if scene is None:
        return Pinned(earliest, latest, PinReason.TOO_LONG)
    away, still, reason = _pin(scene.turned(), None if latest is None else -latest.utc_ns)
    last = len(scene.instants) - 1
    still, away = (None if i is None else last - i for i in (still, away))
    return _pinned(earliest, latest, scene.instants, still, away, reason)


def _pinned(
    earliest: Instant | None,
    latest: Instant | None,
    instants: Sequence[Instant],
    first: int | None,
    last: int | None,
    reason: PinReason,
) -> Pinned:
    """The interval between two samples, either of which may be unknown, as far as it lies inside the given one."""
    low, high = earliest, latest
    if first is not None and (low is None or instants[first].utc_ns > low.utc_ns):
        low = instants[first]
    if last is not None and (high is None or instants[last].utc_ns < high.utc_ns):
        high = instants[last]
    unchanged = (low, high) == (earliest, latest)
    crossed = low is not None and high is not None and low.utc_ns >= high.utc_ns
    if crossed:
        return Pinned(earliest, latest, PinReason.AMBIGUOUS)
    if unchanged and reason is not PinReason.AMBIGUOUS:
        reason = PinReason.NOT_SEEN
    return Pinned(low, high, reason)


# -- what the samples show --------------------------------------------------------------------------------------


class _Step(NamedTuple):
    """Where an object is in one sample."""

    sample: int
    away: float
    """Shift from the place, in sizes of the object."""
    here: bool
    """Whether its box shows the place."""
    at: tuple[float, float]
    """From the place, right and down, in sizes of the place."""


@dataclass(slots=True)
class _Track:
    """One object followed from sample to sample."""

    box: Box
    path: list[_Step] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Scene:
    instants: list[Instant]
    times: list[int]
    """ns, rising: the instants' own, or turned round."""
    boxes: list[list[Box]]
    """Per sample those of the object's family within reach of the place."""
    covered: list[bool]
    """Per sample whether something stands before the place."""
    place: Box

    def turned(self) -> _Scene:
        """The same with the time running backwards."""
        times = [-t for t in reversed(self.times)]
        return _Scene(self.instants[::-1], times, self.boxes[::-1], self.covered[::-1], self.place)


def _scene(stay: Stay, samples: Iterable[tuple[Instant, Detections]]) -> _Scene | None:
    place, kind, tuning = stay.place, family(stay.cls), Tuning()
    scene = _Scene([], [], [], [], place)
    before: int | None = None
    for at, detections in samples:
        if before is not None and at.utc_ns <= before:
            raise OrderError(
                f"a frame at {at.isoformat()} does not follow the one before it", where=f"camera {stay.camera}"
            )
        before = at.utc_ns
        if len(scene.times) == MAX_SAMPLES:
            return None
        boxes = normalised(detections)
        near = [
            box
            for box, name in zip(boxes, detections.names, strict=True)
            if family(name) == kind and shift(place, box) <= _REACH
        ]
        scene.instants.append(at)
        scene.times.append(at.utc_ns)
        scene.boxes.append(sorted(near))
        # What shows the object itself does not hide it.
        scene.covered.append(not any(_there(place, box) for box in near) and hidden(place, boxes, tuning))
    return scene


def _there(place: Box, box: Box) -> bool:
    return shift(place, box) <= _THERE and iou(place, box) >= 0.6


def _tracks(scene: _Scene) -> list[_Track]:
    """Objects, followed by the overlap of their boxes; nearest pairs first."""
    done: list[_Track] = []
    live: list[_Track] = []
    for i, boxes in enumerate(scene.boxes):
        fresh: list[_Track] = []
        for track in live:
            (fresh if scene.times[i] - scene.times[track.path[-1].sample] <= _LINK_NS else done).append(track)
        live = fresh
        pairs = sorted(
            (shift(track.box, box), t, b)
            for t, track in enumerate(live)
            for b, box in enumerate(boxes)
            if shift(track.box, box) <= _LINK_SHIFT
        )
        taken_tracks, taken_boxes = set[int](), set[int]()
        for _, t, b in pairs:
            if t in taken_tracks or b in taken_boxes:
                continue
            taken_tracks.add(t)
            taken_boxes.add(b)
            _follow(live[t], i, boxes[b], scene.place)
        for b, box in enumerate(boxes):
            if b not in taken_boxes:
                track = _Track(box)
                _follow(track, i, box, scene.place)
                live.append(track)
    return [*done, *live]


def _follow(track: _Track, i: int, box: Box, place: Box) -> None:
    track.box = box
    width, height = max(place[2] - place[0], 1e-6), max(place[3] - place[1], 1e-6)
    at = ((box[0] + box[2] - place[0] - place[2]) / 2 / width, (box[3] - place[3]) / height)
    track.path.append(_Step(i, shift(place, box), _there(place, box), at))


# -- what they prove --------------------------------------------------------------------------------------------


def _pin(scene: _Scene, absent_ns: int | None) -> tuple[int | None, int | None, PinReason]:
    """Of an arrival: the last sample in which it surely was not there, the first in which it surely stood.

    What stood there until `absent_ns`, when the engine saw that it was not there yet, was another object.
    """
    standing: list[tuple[int, _Track]] = []
    seen: set[int] = set()
    for track in _tracks(scene):
        here = (step.sample for step in track.path if step.here)
        there = [i for i in here if absent_ns is None or scene.times[i] > absent_ns]
        if not there:
            continue
        comes = _far(track, 0, there[0])
        goes = _far(track, there[-1] + 1, len(scene.times))
        if comes and goes and scene.times[there[-1]] - scene.times[there[0]] <= _CROSSING_NS:
            continue
        if goes:
            # It stood, or two objects were taken for one where they met: either way another one stands there now.
            return None, None, PinReason.AMBIGUOUS
        standing.append((there[0], track))
        seen.update(there)
    if not standing:
        return None, None, PinReason.NOT_SEEN
    first, owner = min(standing, key=lambda pair: pair[0])
    sightings = sorted(seen)
    still = _still(scene, [track for _, track in standing], sightings)
    if _far(owner, 0, first):
        away = max((step.sample for step in owner.path if step.sample < first and step.away >= _AWAY), default=None)
        return away, still, PinReason.SEEN_MOVING
    empty = _empty(scene, sightings)
    if empty is not None:
        return empty, still, PinReason.PLACE_EMPTY
    return None, still, PinReason.SEEN_STANDING


def _far(track: _Track, start: int, end: int) -> bool:
    """Whether samples start <= i < end of the track show it well away from the place."""
    return sum(1 for step in track.path if start <= step.sample < end and step.away >= _FAR) >= _FAR_SAMPLES


def _still(scene: _Scene, standing: Sequence[_Track], seen: Sequence[int]) -> int | None:
    """The first sample in which it had been there for long enough to stand, without a long look away since."""
    if any(scene.times[b] - scene.times[a] > _EMPTY_NS for a, b in pairwise(seen)):
        return None
    path = sorted(step for track in standing for step in track.path if step.sample >= seen[0])
    ends = scene.times[path[-1].sample] - _SETTLE_NS
    rest = [step.at for step in path if scene.times[step.sample] >= ends]
    right, down = median(x for x, _ in rest), median(y for _, y in rest)
    apart = [max(abs(step.at[0] - right), abs(step.at[1] - down)) for step in path]
    limit = _ROLLS + _NOISE * median(apart[-len(rest) :])
    start = len(path)
    while start and _calm([step.at for step in path[max(0, start - 6) : start + 5]], right, down) <= limit:
        start -= 1
    if start == len(path):
        return None
    ready = scene.times[path[start].sample] + _SETTLE_NS
    return next((i for i in seen if scene.times[i] >= ready), None)


def _calm(near: Sequence[tuple[float, float]], right: float, down: float) -> float:
    """How far the middle of some neighbouring boxes lies from where the object rests, in sizes."""
    return max(abs(median(x for x, _ in near) - right), abs(median(y for _, y in near) - down))


def _empty(scene: _Scene, seen: Sequence[int]) -> int | None:
    """The last of a long unbroken run of samples before the first sighting that show the place, and nothing on it."""
    first = seen[0]
    clear = [i for i in range(first, len(scene.times)) if not scene.covered[i]]
    if len(seen) < _EMPTY_SAMPLES or len(seen) < _STEADY * len(clear):
        return None
    run: list[int] = []
    for i in range(first - 1, -1, -1):
        if scene.covered[i] or any(iou(scene.place, box) > 0 for box in scene.boxes[i]):
            if run:
                break
            continue
        run.append(i)
    if len(run) < _EMPTY_SAMPLES or scene.times[run[0]] - scene.times[run[-1]] < _EMPTY_NS:
        return None
    return run[0]
