"""Which frame of which recording shows a moment, and where recordings have holes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from evidence_export.case import CaseRequest
from evidence_export.continuity import Hole
from evidence_export.errors import SealError
from evidence_export.footage import Footage
from evidence_export.made import Place, Source
from evidence_export.plan import free_at, is_live, later_moments, recording_at, spans_of
from streams.instant import NS_PER_S
from streams.timeline import ticks
from vision.interface import Moment

NEAR_NS = 2 * NS_PER_S
"""A keyframe that shows ground free is looked for so far beyond the time at which it should."""


def places_of(request: CaseRequest, footage: Sequence[Footage]) -> dict[int, Place]:
    """For each moment's `utc_ns` the frame that shows it: the nearest one within the tolerance of the request.

    Without a tolerance it is the frame at exactly that time. With one, a moment that no recorded frame is near enough
    to is left out. Raises SealError where no moment is left, and, of segments, where an exact frame is not there.
    Sightings that only serve to show more, of later or of others near it, are left out where no frame is theirs.
    """
    places: dict[int, Place] = {}
    for moment in request.violation.moments:
        place = _place(request, footage, moment)
        if place is not None:
            places[moment.at.utc_ns] = place
    shown = request.violation.hindrance.moment if request.violation.hindrance is not None else None
    for moment in (*later_moments(request), *([shown] if shown is not None else [])):
        if moment.at.utc_ns not in places:
            found = list(_near(request, footage, moment))
            if found:
                places[moment.at.utc_ns] = min(found, key=lambda place: (abs(place.difference_ns), place.recording))
    if request.violation.moments and not places:
        raise SealError(
            "no recorded frame is near enough to any moment at which it was seen",
            where=f"stay {request.stay.id}",
            remedy="See whether the camera's main stream was recorded at that time",
        )
    return places


def place_before(request: CaseRequest, footage: Sequence[Footage]) -> Place | None:
    """The keyframe that shows the ground before it was taken: the one nearest to `free_at`, and no later than the last
    look that showed it free. None: no recording has one, or nobody knows of such a look."""
    wanted, seen = free_at(request.violation, request.limits.pre_roll_ns), request.violation.stay.arrived[0]
    if wanted is None or seen is None:
        return None
    found = []
    for index, (start, end) in enumerate(spans_of(request.recordings)):
        if start <= seen.utc_ns and (end is None or end >= wanted - NEAR_NS):
            one = footage[index]
            within = ticks(seen.utc_ns - wanted + NEAR_NS, one.info.time_base)
            pts = one.nearest(one.pts_of(wanted), within, keyframe=True)
            if pts is not None and one.instant_of(pts).utc_ns <= seen.utc_ns:
                found.append(_at(footage, index, pts, wanted))
    return min(found, key=lambda place: (abs(place.difference_ns), place.recording), default=None)


def holes_of(sources: Iterable[Source], footage: Sequence[Footage]) -> tuple[Hole, ...]:
    """The holes inside segments, in UTC. Of archived files the engine has counted them."""
    return tuple(
        Hole(one.instant_of(gap.after_pts).utc_ns, one.instant_of(gap.before_pts).utc_ns)
        for source, one in zip(sources, footage, strict=True)
        if source.contents is not None
        for gap in source.contents.gaps
    )


def _place(request: CaseRequest, footage: Sequence[Footage], moment: Moment) -> Place | None:
    if not request.moment_tolerance_ns and not is_live(request):
        index = recording_at(request.recordings, moment.at.utc_ns)
        return _at(footage, index, footage[index].pts_of(moment.at.utc_ns), moment.at.utc_ns)
    found = list(_near(request, footage, moment))
    if found:
        return min(found, key=lambda place: (abs(place.difference_ns), place.recording))
    if request.moment_tolerance_ns:
        return None
    raise SealError(
        f"there is no frame at {moment.at.isoformat()}, though something was seen in it",
        where=f"camera {request.camera.id}",
        remedy="Where it was seen in another stream of the camera, give the tolerance within which to look",
    )


def _near(request: CaseRequest, footage: Sequence[Footage], moment: Moment) -> Iterator[Place]:
    """The nearest frame of each recording that may hold one near enough."""
    tolerance = request.moment_tolerance_ns
    at = moment.at.utc_ns
    for index, (start, end) in enumerate(spans_of(request.recordings)):
        one = footage[index]
        # One tick more: a moment on the seam of two segments may be rounded to either of them.
        reach = tolerance + round(one.info.time_base * 1_000_000_000) + 1
        if start - reach > at or (end is not None and end + reach < at):
            continue
        pts = one.nearest(one.pts_of(at), ticks(tolerance, one.info.time_base) if tolerance else 0)
        if pts is not None:
            place = _at(footage, index, pts, at)
            if not tolerance or abs(place.difference_ns) <= tolerance:
                yield place


def _at(footage: Sequence[Footage], index: int, pts: int, wanted_ns: int) -> Place:
    at = footage[index].instant_of(pts)
    return Place(index, pts, at, at.utc_ns - wanted_ns)
