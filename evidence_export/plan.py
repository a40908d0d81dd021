"""What goes into a case, decided before a single file is opened for writing. Pure functions of the request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from evidence_export.bag import layout
from evidence_export.case import MAX_MOMENT_TOLERANCE_NS, CaseRequest, Recording, SegmentFacts
from evidence_export.errors import SealError
from evidence_export.kinds import kind_of, separated_by_duty, shows_before
from streams.instant import NS_PER_S
from vision.interface import Moment, Stay, Violation

SEAM_NS = NS_PER_S // 2
"""Further apart than this, the end of a segment and the beginning of the next one are a break."""
MAX_BEFORE_NS = 300 * NS_PER_S
"""Ground that was last seen free longer than this before it was seen taken is not shown free: the clip would be of the
time between, most of it."""


@dataclass(frozen=True, slots=True)
class ImageSet:
    """The moments that the panoramas show, in order of time, and how far apart they have to stand."""

    moments: tuple[Moment, ...]
    required_ns: int


@dataclass(frozen=True, slots=True)
class ClipRange:
    """The stretch of time asked for, in ns since the epoch; `shortened`: the stay goes on after its end."""

    start_ns: int
    end_ns: int
    shortened: bool


def zone_of(request: CaseRequest) -> ZoneInfo:
    """The site's time zone. Raises SealError."""
    try:
        return ZoneInfo(request.site.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SealError(
            f"the time zone {request.site.timezone!r} is not known",
            where=f"site {request.site.id}",
            remedy="Use an IANA name such as Asia/Shanghai",
        ) from error


def local_date(request: CaseRequest) -> str:
    """The date of the arrival that was judged, in the site's time zone, YYYY-MM-DD."""
    return f"{request.violation.stay.arrived[1].local(zone_of(request)):%Y-%m-%d}"


def decisive_interval(request: CaseRequest) -> tuple[int, int]:
    """From the arrival to the proof, in ns since the epoch, as they stood when the rule fired.

    What is learnt of the stay afterwards must not change which case it is.
    """
    return request.violation.stay.arrived[1].utc_ns, request.violation.fired_at.utc_ns


def decisive(request: CaseRequest) -> tuple[Recording, ...]:
    """The recordings that began before the rule fired and hold footage from the arrival on: those the verdict needs.

    What was recorded later changes nothing about the verdict, so it has no part in the case id.
    """
    return _within(request.recordings, *decisive_interval(request))


def recordings_needed(request: CaseRequest) -> tuple[Recording, ...]:
    """The recordings that a bundle is made of: of a live camera's those that hold its clips, which are never deleted
    before it is sealed; of archived files all that were given. Raises SealError where the request holds no moment."""
    if not is_live(request):
        return request.recordings
    wanted = clip_range(request)
    arrived, fired = decisive_interval(request)
    return _within(request.recordings, min(wanted.start_ns, arrived), max(wanted.end_ns, fired))


def is_live(request: CaseRequest) -> bool:
    """Whether the case is made of a live camera's segments."""
    return any(recording.segment is not None for recording in request.recordings)


def _within(recordings: Sequence[Recording], first_ns: int, last_ns: int) -> tuple[Recording, ...]:
    spans = spans_of(recordings)
    found = [n for n, (start, end) in enumerate(spans) if start <= last_ns and (end is None or end >= first_ns)]
    if found and recordings[found[0]].segment is not None:
        # A clock that was set back must not tear a hole into the chain.
        found = list(range(found[0], found[-1] + 1))
    return tuple(recordings[n] for n in found)


def spans_of(recordings: Sequence[Recording]) -> list[tuple[int, int | None]]:
    """First and last moment of each in ns since the epoch. An end that no pass has seen is taken to be the next one's
    start, and is None for the last one. A segment ends where the next one of its session begins, which is not its."""
    following = [recording.start.utc_ns for recording in recordings[1:]]
    return [_span(one, after) for one, after in zip_longest(recordings, following)]


def _span(recording: Recording, following: int | None) -> tuple[int, int | None]:
    start = recording.start.utc_ns
    if recording.segment is not None:
        return start, max(start, recording.segment.closing.end.utc_ns - 1)
    if recording.coverage is not None and recording.coverage.end is not None:
        return start, recording.coverage.end.utc_ns
    return start, following


def follows(before: Recording, after: Recording) -> bool:
    """Whether `after` goes on where `before` ends, as one unbroken stream: both can be in one clip."""
    if before.segment is None or after.segment is None:
        return False
    one, other = before.segment.opening, after.segment.opening
    return (
        abs(other.start.utc_ns - before.segment.closing.end.utc_ns) <= SEAM_NS
        and one.session == other.session
        and one.sequence + 1 == other.sequence
        and other.gap_before is None
        and (one.codec, one.width, one.height, one.time_base)
        == (other.codec, other.width, other.height, other.time_base)
    )


def runs_of(recordings: Sequence[Recording]) -> list[range]:
    """The recordings' indices, in stretches that each can be one clip: an archived file alone, segments while they
    follow on each other."""
    runs: list[range] = []
    for index in range(len(recordings)):
        if runs and follows(recordings[index - 1], recordings[index]):
            runs[-1] = range(runs[-1].start, index + 1)
        else:
            runs.append(range(index, index + 1))
    return runs


def case_id_of(request: CaseRequest) -> str:
    """The id that follows from the content; see `layout.case_id`. Raises SealError."""
    try:
        return layout.case_id(
            local_date=local_date(request),
            site=request.site.id,
            camera=request.camera.id,
            rule=request.violation.rule,
            zone=request.violation.zone,
            policy_sha256=request.violation.policy_hash,
            recordings_sha256=[recording.sha256 for recording in decisive(request)],
            stay=request.stay.id,
        )
    except ValueError as error:
        raise SealError(f"no case id can be made ({error})", where=f"stay {request.stay.id}") from error


def image_set(request: CaseRequest, moments: Sequence[Moment] | None = None) -> ImageSet:
    """The first moment, and the one at which the rule fired, or else the first that stands far enough from it.

    Where none stands far enough, the last one is taken, and the manifest says so instead of pretending. `moments`:
    those to choose from, all of the violation's where it is None. Raises SealError where there is none.
    """
    moments = sorted(request.violation.moments if moments is None else moments, key=lambda moment: moment.at.utc_ns)
    required = required_separation_ns(request)
    if not moments:
        raise SealError("the violation holds no moment", where=f"stay {request.stay.id}")
    first, fired = moments[0], request.violation.fired_at.utc_ns
    far = [moment for moment in moments if moment.at.utc_ns - first.at.utc_ns >= required]
    at_firing = [moment for moment in far if moment.at.utc_ns == fired]
    second = (at_firing or far or moments[-1:])[0]
    chosen = (first,) if second.at.utc_ns == first.at.utc_ns else (first, second)
    return ImageSet(chosen, required)


def required_separation_ns(request: CaseRequest) -> int:
    """How far apart the panoramas have to stand: what the rule allows, and 10 s at least where that is a duty."""
    duty_ns = request.limits.min_separation_ns if separated_by_duty(kind_of(request)) else 0
    return max(duty_ns, request.violation.allowed_ns)


def later_moments(request: CaseRequest) -> tuple[Moment, ...]:
    """The sightings after the rule fired that lie inside the clip, in order of time."""
    end, fired = clip_range(request).end_ns, request.violation.fired_at.utc_ns
    return tuple(
        moment
        for later in request.stay.later
        if later.rule == request.violation.rule
        for moment in later.moments
        if fired < moment.at.utc_ns <= end
    )


def free_at(violation: Violation, pre_roll_ns: int) -> int | None:
    """`pre_roll_ns` before the last look that showed most of the ground free, ns since the epoch: it fills bit by bit.

    None: the case is of another kind, nobody saw the ground free, or that was too long before.
    """
    seen, taken = violation.stay.arrived
    if seen is None or not shows_before(violation) or taken.utc_ns - seen.utc_ns > MAX_BEFORE_NS:
        return None
    return seen.utc_ns - pre_roll_ns


def begins_at(violation: Violation, stay: Stay, pre_roll_ns: int) -> int:
    """From when on a case shows footage, ns since the epoch: from `pre_roll_ns` before the arrival, or from when the
    ground was free."""
    start = min(stay.arrived[1].utc_ns, violation.stay.arrived[1].utc_ns) - pre_roll_ns
    return min(start, free_at(violation, pre_roll_ns) or start)


def clip_range(request: CaseRequest) -> ClipRange:
    """From `begins_at` to `post_roll` after the last sighting, or after the proof if that is longer than allowed."""
    limits = request.limits
    start = begins_at(request.violation, request.stay, limits.pre_roll_ns)
    end = request.stay.last_seen.utc_ns + limits.post_roll_ns
    if end - start <= limits.max_clip_ns:
        return ClipRange(start, end, shortened=False)
    proof = max(request.violation.fired_at.utc_ns, image_set(request).moments[-1].at.utc_ns) + limits.post_roll_ns
    return ClipRange(start, min(end, proof), shortened=proof < end)


def recording_at(recordings: Sequence[Recording], utc_ns: int) -> int:
    """The index of the recording that holds a moment. Where recordings overlap it is the first of them: whoever judges
    leaves out what a later one says about time that an earlier one covers. Raises SealError."""
    spans = spans_of(recordings)
    holding = [index for index, (start, end) in enumerate(spans) if start <= utc_ns and (end is None or utc_ns <= end)]
    begun = [index for index, (start, _) in enumerate(spans) if start <= utc_ns]
    if not begun:
        raise SealError(
            "something was seen before the first recording begins",
            where=str(recordings[0].path) if recordings else "",
            remedy="Give every recording that holds a part of the stay",
        )
    return holding[0] if holding else begun[-1]


def check(request: CaseRequest) -> None:
    """Raises SealError where the parts of a request contradict each other."""
    stay, violation = request.stay, request.violation
    where = f"stay {stay.id}"
    if not request.recordings:
        raise SealError("there is no recording to take evidence from", where=where)
    if (stay.id, stay.camera, stay.zone) != (violation.stay.id, violation.stay.camera, violation.stay.zone):
        raise SealError("the stay and the violation are not about the same", where=where)
    if stay.camera != request.camera.id or stay.zone != violation.zone:
        raise SealError("the stay belongs to another camera or zone", where=where)
    if not 0 <= request.moment_tolerance_ns <= MAX_MOMENT_TOLERANCE_NS:
        raise SealError(
            f"a moment's frame cannot be looked for within {request.moment_tolerance_ns} ns",
            where=where,
            remedy=f"Give 0 to {MAX_MOMENT_TOLERANCE_NS}",
        )
    if request.still_standing and stay.departed is not None:
        raise SealError("the stay has ended, and is said to go on", where=where)
    if is_live(request):
        _check_segments(request)
    else:
        starts = [recording.start.utc_ns for recording in request.recordings]
        if starts != sorted(starts):
            raise SealError("the recordings are not in order of time", where=where)
    if not decisive(request):
        raise SealError("no recording holds the time between arrival and proof", where=where)


def _check_segments(request: CaseRequest) -> None:
    """Raises SealError where the segments are not the camera's own chain, or do not reach as far as the proof yet."""
    before: tuple[Recording, SegmentFacts] | None = None
    for recording in request.recordings:
        segment, where = recording.segment, str(recording.path)
        if segment is None:
            raise SealError("archived files and segments cannot be evidence of one stay", where=where)
        opening = segment.opening
        if (opening.site, opening.camera) != (request.site.id, request.camera.id):
            raise SealError(f"the segment is of camera {opening.camera} of site {opening.site}", where=where)
        if recording.start != opening.start:
            raise SealError("the segment is said to start at another time than it says itself", where=where)
        if before is not None:
            earlier, facts = before
            if opening.sequence <= facts.opening.sequence:
                raise SealError("the segments are not in order of their sequence", where=where)
            if opening.sequence == facts.opening.sequence + 1 and opening.previous != earlier.sha256:
                raise SealError(
                    f"the chain of segments is broken: it does not follow on {earlier.path.name}",
                    where=where,
                    remedy="Keep both files for inquiry: one of them is not what was recorded",
                )
            if follows(earlier, recording) and opening.first_pts <= facts.opening.first_pts:
                raise SealError("the segments of one session overlap", where=where)
        before = (recording, segment)
    _, fired = decisive_interval(request)
    if all(end is not None and end < fired for _, end in spans_of(request.recordings)):
        raise SealError(
            "the footage does not reach as far as the proof",
            where=str(request.recordings[-1].path),
            remedy="Seal when the segment with the proof is closed",
        )
