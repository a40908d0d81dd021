"""Joins what was seen in single frames over time, and says where it is to be painted over in the frames between.

A clip is finite: what comes later is known. So a thing is covered between two sightings, however it was missed there,
and for a while before its first and after its last one. All times are seconds from the beginning of the clip.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]

from evidence_export.masking.areas import around, iou, larger, moved, size_of
from evidence_export.masking.interface import Box, Settings, Thing

STILL = 0.5
"""Two boxes that overlap so much (intersection over union) are one thing that has not moved."""
SPEED = {"person": 1.2, "face": 8.0, "plate": 12.0}
OTHER_SPEED = 5.0
"""How many of its own sizes a thing of a class may move in a second beyond what was foreseen."""
STEP = 0.35
"""The same at once: boxes jump."""
DOUBTED = 0.25
DOUBTED_A_S = 0.3
"""Two sightings of a track may be two things where the later is further from what the earlier foresaw, in sizes at once
and in a second, or the earlier from what the later looks back on."""
ALIKE = 1.5
"""They may be two things as well where one is so many times larger."""
FORESEEN_S = 1.0
"""Speed is taken over the sightings of this time."""
SWAY = 0.25
"""By how many heights a second one that was missed may have left the straight line, on each side."""
MOST_SWAY = 0.75
HELD_SWAY = 0.15
"""The same where it is held: how far it may be beside where its speed would have brought it."""
UNKNOWN_SPEED = 0.7
"""So many of its sizes a second a thing may have moved to either side of which one sighting tells no speed; people walk
nearly so fast."""
SURE = 0.35
"""What was seen once only, and with a lower score than this, is likely to be nothing."""
STANDING = (0.0, 0.0)
_FAR = 1e6


@dataclass(slots=True)
class Track:
    """One thing over time."""

    at: list[float] = field(default_factory=list)
    things: list[Thing] = field(default_factory=list)

    def add(self, at: float, thing: Thing) -> None:
        """A later sighting."""
        self.at.append(at)
        self.things.append(thing)

    @property
    def still(self) -> bool:
        """Whether it has stood where it was first seen all along."""
        first = self.things[0].box
        return all(iou(first, one.box) >= STILL for one in self.things)

    def speed(self, index: int, later: bool) -> tuple[float, float] | None:
        """Pixels a second across and down at a sighting, by those before it, or by those after it (`later`).

        None where there is none. Where looks missed it for longer than `FORESEEN_S`, the next sighting tells.
        """
        step = 1 if later else -1
        other = index + step
        if not 0 <= other < len(self.at):
            return None
        while 0 <= other + step < len(self.at) and abs(self.at[other + step] - self.at[index]) <= FORESEEN_S:
            other += step
        elapsed = self.at[other] - self.at[index]
        (x, y), (from_x, from_y) = _middle(self.things[other].box), _middle(self.things[index].box)
        return (x - from_x) / elapsed, (y - from_y) / elapsed

    def parts(self) -> list[Track]:
        """The track cut wherever what was joined may be two things; itself where it never may."""
        cuts = [0, *(index + 1 for index in range(len(self.at) - 1) if self._doubtful(index)), len(self.at)]
        return [Track(self.at[a:b], self.things[a:b]) for a, b in pairwise(cuts)]

    def _doubtful(self, index: int) -> bool:
        """Whether the sighting after this one may be of something else."""
        a, b = self.things[index].box, self.things[index + 1].box
        if iou(a, b) >= STILL:
            return False
        elapsed = self.at[index + 1] - self.at[index]
        size = max(1.0, a[2] - a[0], a[3] - a[1])
        if not 1 / ALIKE <= size_of(b) / max(1.0, size_of(a)) <= ALIKE:
            return True
        ahead, back = self.speed(index, later=False) or STANDING, self.speed(index + 1, later=True) or STANDING
        away = min(
            _distance(moved(a, (ahead[0] * elapsed, ahead[1] * elapsed)), b),
            _distance(a, moved(b, (-back[0] * elapsed, -back[1] * elapsed))),
        )
        return away > (DOUBTED + DOUBTED_A_S * elapsed) * size


def link(looks: Sequence[tuple[float, Sequence[Thing]]], bridge_s: float) -> list[Track]:
    """The tracks of things of one kind; `looks` in order of time. Each thing is in exactly one track.

    What moved is joined over at most `bridge_s`; what stands where something stood before over any time.
    """
    tracks: list[Track] = []
    for at, things in looks:
        taken: set[int] = set()
        for row, column in _matched(tracks, at, things, bridge_s):
            tracks[row].add(at, things[column])
            taken.add(column)
        for index, thing in enumerate(things):
            if index not in taken:
                tracks.append(Track([at], [thing]))
    return tracks


class Cover:
    """Where one track has to be painted over at any time."""

    def __init__(self, track: Track, settings: Settings, interval_s: float) -> None:
        """`interval_s`: the usual time between two looks."""
        self._track = track
        self._interval = interval_s
        gaps = [b - a for a, b in pairwise(track.at)]
        # A model that missed it for so long between two sightings may have done so before the first and after the last.
        longest = max(gaps, default=0.0)
        still = track.still and len(track.at) >= 3
        if still:
            self._hold = max(settings.hold_s, 2 * longest)
        elif len(track.at) == 1 and track.things[0].score < SURE:
            self._hold = settings.weak_hold_s
        else:
            self._hold = max(settings.hold_s, min(longest, settings.bridge_s))
        self._usual = settings.hold_s

    @property
    def span(self) -> tuple[float, float]:
        """From when to when it is covered."""
        return self._track.at[0] - self._hold, self._track.at[-1] + self._hold

    def at(self, seconds: float) -> Iterator[Box]:
        """The areas at one time; none outside of `span`."""
        track = self._track
        begin, end = self.span
        if not begin <= seconds <= end:
            return
        after = bisect_right(track.at, seconds)
        if after == 0:
            yield self._held(0, seconds)
        elif after == len(track.at):
            yield self._held(after - 1, seconds)
        else:
            yield from self._between(after - 1, seconds)

    def _between(self, index: int, seconds: float) -> Iterator[Box]:
        track = self._track
        a, b = track.things[index], track.things[index + 1]
        since, until = track.at[index], track.at[index + 1]
        missed = until - since - 1.5 * self._interval
        if missed <= 0:
            # Everything that it swept over from the one look to the next.
            yield around((a.area, b.area))
            return
        share = (seconds - since) / (until - since)
        between = tuple((1 - share) * p + share * q for p, q in zip(a.area, b.area, strict=True))
        if iou(a.box, b.box) >= STILL:
            yield around((a.area, b.area))
        else:
            height = max(a.box[3] - a.box[1], b.box[3] - b.box[1])
            sway = min(MOST_SWAY, SWAY * (until - since)) * height
            x1, y1, x2, y2 = between
            yield x1 - sway, y1 - 0.3 * sway, x2 + sway, y2 + 0.3 * sway
        # Should the two not be one thing after all, each is still covered where it would have gone.
        if seconds - since <= self._usual:
            yield self._held(index, seconds)
        if until - seconds <= self._usual:
            yield self._held(index + 1, seconds)

    def _held(self, index: int, seconds: float) -> Box:
        """Where it was seen, where it would be had it gone on as before, and all between; larger with time."""
        track = self._track
        elapsed = seconds - track.at[index]
        speed = track.speed(index, later=elapsed < 0)
        reach = max(-self._usual, min(self._usual, elapsed))
        thing = track.things[index]
        size = max(thing.box[2] - thing.box[0], thing.box[3] - thing.box[1])
        across, down = speed or STANDING
        away = (HELD_SWAY if speed is not None else UNKNOWN_SPEED) * abs(reach) * size
        x1, y1, x2, y2 = larger(around((thing.area, moved(thing.area, (across * reach, down * reach)))), 0.1)
        return x1 - away, y1 - 0.3 * away, x2 + away, y2 + 0.3 * away


def _matched(tracks: Sequence[Track], at: float, things: Sequence[Thing], bridge_s: float) -> Iterator[tuple[int, int]]:
    """Pairs of a track and a thing, each in one pair at most, the nearest ones by and large."""
    if not tracks or not things:
        return
    cost = np.full((len(tracks), len(things)), _FAR)
    for row, track in enumerate(tracks):
        elapsed = at - track.at[-1]
        last = track.things[-1]
        across, down = track.speed(len(track.at) - 1, later=False) or STANDING
        foreseen = moved(last.box, (across * elapsed, down * elapsed))
        for column, thing in enumerate(things):
            if elapsed > bridge_s:
                same = iou(last.box, thing.box)
                if same >= STILL:
                    cost[row, column] = 2 - same
                continue
            scale = max(1.0, last.box[2] - last.box[0], last.box[3] - last.box[1])
            away = min(_distance(foreseen, thing.box), _distance(last.box, thing.box)) / scale
            alike = size_of(thing.box) / max(1.0, size_of(last.box))
            if away <= STEP + SPEED.get(thing.cls, OTHER_SPEED) * elapsed and 0.2 <= alike <= 5:
                cost[row, column] = away + 0.5 * abs(np.log(alike)) - iou(foreseen, thing.box)
    for row, column in zip(*linear_sum_assignment(cost), strict=True):
        if cost[row, column] < _FAR:
            yield int(row), int(column)


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _distance(a: Box, b: Box) -> float:
    (ax, ay), (bx, by) = _middle(a), _middle(b)
    return float(np.hypot(bx - ax, by - ay))
