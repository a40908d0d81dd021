"""What goes into a case, decided before a single file is opened for writing. Pure functions of the request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from evidence_export.bag import layout
from evidence_export.case import CaseRequest, Recording
from evidence_export.errors import SealError
from vision.interface import Moment


@dataclass(frozen=True, slots=True)
class ImageSet:
    """The panoramas, in order of time, and whether they stand far enough apart."""

    moments: tuple[Moment, ...]
    required_ns: int

    @property
    def separation_ns(self) -> int:
        """Time between the first and the last; 0 where there is one only."""
        return self.moments[-1].at.utc_ns - self.moments[0].at.utc_ns

    @property
    def met(self) -> bool:
        return len(self.moments) > 1 and self.separation_ns >= self.required_ns


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
    """The date of the first sighting in the site's time zone, YYYY-MM-DD."""
    return f"{request.stay.arrived[1].local(zone_of(request)):%Y-%m-%d}"


def decisive(request: CaseRequest) -> tuple[Recording, ...]:
    """The recordings that began before the rule fired and hold footage from the arrival on: those the verdict needs.

    What was recorded later changes nothing about the verdict, so it has no part in the case id.
    """
    arrived, fired = request.stay.arrived[1].utc_ns, request.violation.fired_at.utc_ns
    spans = spans_of(request.recordings)
    return tuple(
        recording
        for recording, (start, end) in zip(request.recordings, spans, strict=True)
        if start <= fired and (end is None or end >= arrived)
    )


def spans_of(recordings: Sequence[Recording]) -> list[tuple[int, int | None]]:
    """Start and end of each in ns since the epoch. An end that no pass has seen is taken to be the next one's start,
    and is None for the last one."""
    following = [recording.start.utc_ns for recording in recordings[1:]]
    return [
        (one.start.utc_ns, one.coverage.end.utc_ns if one.coverage and one.coverage.end else after)
        for one, after in zip_longest(recordings, following)
    ]


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


def image_set(request: CaseRequest) -> ImageSet:
    """The first moment, and the one at which the rule fired, or else the first that stands far enough from it.

    Where none stands far enough, the last one is taken, and `met` is false: the set says so instead of pretending.
    """
    moments = sorted(request.violation.moments, key=lambda moment: moment.at.utc_ns)
    required = max(request.limits.min_separation_ns, request.violation.allowed_ns)
    if not moments:
        raise SealError("the violation holds no moment", where=f"stay {request.stay.id}")
    first, fired = moments[0], request.violation.fired_at.utc_ns
    far = [moment for moment in moments if moment.at.utc_ns - first.at.utc_ns >= required]
    at_firing = [moment for moment in far if moment.at.utc_ns == fired]
    second = (at_firing or far or moments[-1:])[0]
    chosen = (first,) if second.at.utc_ns == first.at.utc_ns else (first, second)
    return ImageSet(chosen, required)


def clip_range(request: CaseRequest) -> ClipRange:
    """From `pre_roll` before the arrival to `post_roll` after the last sighting, or after the proof if that is longer
    than allowed."""
    limits = request.limits
    start = request.stay.arrived[1].utc_ns - limits.pre_roll_ns
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
    starts = [recording.start.utc_ns for recording in request.recordings]
    if starts != sorted(starts):
        raise SealError("the recordings are not in order of time", where=where)
    if not decisive(request):
        raise SealError("no recording holds the time between arrival and proof", where=where)
