"""From looks at single frames to what is painted over in each frame of a clip."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from evidence_export.masking.areas import around, overlap, size_of
from evidence_export.masking.interface import Box, Counts, Settings, Thing
from evidence_export.masking.looking import TWO_WHEELERS
from evidence_export.masking.own import Own
from evidence_export.masking.things import ON_OWN_SCORE, Look, riders
from evidence_export.masking.tracks import Cover, Track, link
from streams.instant import NS_PER_S

NEARER = 0.1
"""A vehicle stands before the own one where its box ends lower, by this share of the own one's height."""


@dataclass(frozen=True, slots=True)
class TimedLook:
    """A look at the frame that is shown `at` seconds after the first one, `at_ns` in UTC."""

    at: float
    at_ns: int
    look: Look
    moving: tuple[Box, ...] = ()
    """What moved and nothing explained."""


@dataclass(slots=True)
class Plan:
    """What is painted over, at any time of the clip."""

    size: tuple[int, int]
    own: Own
    start_ns: int
    covers: list[Cover] = field(default_factory=list)
    behind: list[Cover] = field(default_factory=list)
    """Of vehicles: painted over only where the own one does not stand before them."""
    looks: Sequence[TimedLook] = ()
    counts: Counts = field(default_factory=Counts)
    _seconds: dict[int, tuple[list[Cover], list[Cover]]] = field(default_factory=dict)

    def areas(self, seconds: float) -> list[Box]:
        """In pixels, for the frame shown at this time."""
        covers, behind = self._near(int(seconds // 1))
        found = [box for cover in covers for box in cover.at(seconds)]
        found += self._moving(seconds)
        place = self.own.place(self.size)
        stands = place is not None and self.own.stands(self.start_ns + round(seconds * NS_PER_S))
        for cover in behind:
            for box in cover.at(seconds):
                if place is None or not stands or overlap(box, place) <= 0 or box[3] > _nearer_than(place):
                    found.append(box)
                else:
                    found += _without(box, place)
        return found

    def _near(self, second: int) -> tuple[list[Cover], list[Cover]]:
        """Those that cover anything in this second; a clip has thousands, and few at a time."""
        if second not in self._seconds:
            covers, behind = (
                [one for one in group if one.span[0] < second + 1 and one.span[1] >= second]
                for group in (self.covers, self.behind)
            )
            self._seconds[second] = covers, behind
        return self._seconds[second]

    def _moving(self, seconds: float) -> list[Box]:
        """What moved at the look before this time and at the one after it."""
        after = bisect_right(self.looks, seconds, key=lambda one: one.at)
        return [box for one in self.looks[max(0, after - 1) : after + 1] for box in one.moving]


def plan_of(looks: Sequence[TimedLook], own: Own, size: tuple[int, int], settings: Settings) -> Plan:
    """`looks` in order of time, at least one."""
    times = [one.at for one in looks]
    interval = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    plan = Plan(size, own, looks[0].at_ns - round(looks[0].at * NS_PER_S), looks=looks)

    def covered(track: Track) -> list[Cover]:
        """Of the whole track, and of its parts where it may be several things: each is held on its own then."""
        parts = track.parts()
        return [Cover(one, settings, interval) for one in (track, *(parts if len(parts) > 1 else ()))]

    def linked(things: Sequence[Sequence[Thing]]) -> list[Track]:
        return link(list(zip(times, things, strict=True)), settings.bridge_s)

    people = [track for track in linked([one.look.people for one in looks]) if not _is_window(track, own, size)]
    vehicles, driving = [], []
    for track in linked([one.look.vehicles for one in looks]):
        ours, others = _split(track, own, size, plan.start_ns)
        if ours.at:
            driving.append(ours)
        if others.at:
            vehicles.append(others)
    faces = linked([one.look.faces for one in looks])
    plates = linked(
        [_not_on(one.look.plates, one.at, driving) if own.arriving(one.at_ns) else one.look.plates for one in looks]
    )
    everybody = [thing for track in people for thing in track.things]
    for track in vehicles:
        if track.things[0].cls in TWO_WHEELERS and not track.still:
            track.things = riders(track.things, everybody)
        elif track.things[0].cls == "bicycle":
            continue
        plan.behind += covered(track)
    plan.covers = [cover for track in (*people, *faces, *plates) for cover in covered(track)]
    plan.counts = Counts(
        looked_at=len(looks),
        without_detection=sum(one.look.nothing for one in looks),
        people=sum(len(track.at) for track in people),
        faces=sum(len(track.at) for track in faces),
        vehicles=sum(len(track.at) for track in vehicles),
        plates=sum(len(track.at) for track in plates),
        moving=sum(bool(one.moving) for one in looks),
    )
    return plan


def _split(track: Track, own: Own, size: tuple[int, int], start_ns: int) -> tuple[Track, Track]:
    """The sightings that are the case's own vehicle, and the others.

    Standing at its place in its time makes it the own one. So is what the same track shows elsewhere while it drives in
    or out; what stands at the place before or after, or elsewhere meanwhile, is another.
    """
    ours, others = Track(), Track()
    known = [
        (own.is_at(one.box, size, one.cls), start_ns + round(at * NS_PER_S))
        for at, one in zip(track.at, track.things, strict=True)
    ]
    is_own = any(here and own.stands(at_ns) for here, at_ns in known)
    for at, one, (here, at_ns) in zip(track.at, track.things, known, strict=True):
        mine = is_own and (own.stands(at_ns) if here else own.arriving(at_ns))
        (ours if mine else others).add(at, one)
    return ours, others


def _not_on(things: Sequence[Thing], at: float, tracks: Sequence[Track]) -> list[Thing]:
    """The plates that are not on any of these vehicles at that time."""
    boxes = [one.box for track in tracks for when, one in zip(track.at, track.things, strict=True) if when == at]
    return [one for one in things if not any(overlap(one.box, box) >= 0.5 * size_of(one.box) for box in boxes)]


def _is_window(track: Track, own: Own, size: tuple[int, int]) -> bool:
    """Whether it is a weak person that never was anywhere but on the own vehicle."""
    place = own.place(size)
    if place is None or max(one.score for one in track.things) >= ON_OWN_SCORE:
        return False
    around_all = around(one.box for one in track.things)
    return all(a >= p for a, p in zip(around_all[:2], place[:2], strict=True)) and all(
        a <= p for a, p in zip(around_all[2:], place[2:], strict=True)
    )


def _nearer_than(place: Box) -> float:
    return place[3] + NEARER * (place[3] - place[1])


def _without(box: Box, place: Box) -> list[Box]:
    """The parts of `box` outside of `place`: above, below, left and right of it."""
    x1, y1, x2, y2 = box
    px1, py1, px2, py2 = place
    top, bottom = max(y1, py1), min(y2, py2)
    parts = [(x1, y1, x2, py1), (x1, py2, x2, y2), (x1, top, px1, bottom), (px2, top, x2, bottom)]
    return [one for one in parts if one[2] > one[0] and one[3] > one[1]]
