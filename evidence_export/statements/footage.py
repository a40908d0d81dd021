"""What a case says of its footage: the recordings, the clips cut from them, and what is missing."""

from __future__ import annotations

from evidence_export.bag.canonical import JsonObject, JsonValue
from evidence_export.case import CaseRequest, SegmentFacts
from evidence_export.continuity import lost_ns
from evidence_export.made import Clip, Made, Source
from evidence_export.plan import decisive, decisive_interval
from evidence_export.statements.time import clock_statement
from evidence_export.statements.values import brief, known
from streams.cut import Framing
from streams.recorder.interface import GapStatement


def recordings(request: CaseRequest, made: Made) -> list[JsonValue]:
    """`recordings` of the manifest."""
    needed = {recording.path for recording in decisive(request)}
    return [_recording(source, decisive=source.recording.path in needed) for source in made.sources]


def clips(made: Made) -> list[JsonValue]:
    """`clips` of the manifest."""
    return [_clip(clip) for clip in made.clips]


def lost_in_decisive_ns(request: CaseRequest, made: Made) -> int:
    """The time between arrival and proof without frames: as the engine met it, or as the footage shows it, whichever
    is longer."""
    footage = lost_ns(made.breaks, made.holes, *decisive_interval(request))
    return max(request.violation.stay.gap_ns, footage)


def clock_set_back(request: CaseRequest, made: Made) -> bool:
    """Whether a break between arrival and proof took a time that nobody knows."""
    return any(one.duration_ns < 0 and one.touches(*decisive_interval(request)) for one in made.breaks)


def continuity(request: CaseRequest, made: Made) -> JsonObject:
    """`continuity` of the manifest."""
    interval = decisive_interval(request)
    lost = lost_in_decisive_ns(request, made)
    return {
        "decisive_from": request.violation.stay.arrived[1].isoformat(),
        "decisive_to": request.violation.fired_at.isoformat(),
        "gap_in_decisive_ns": lost,
        "blocks_approval": lost > 0 or clock_set_back(request, made),
        "breaks": [
            {
                "after_recording": one.after,
                "before_recording": one.before,
                "from": one.start.isoformat(),
                "to": one.end.isoformat(),
                "duration_ns": one.duration_ns,
                "cause": brief(one.cause),
                "detail": brief(one.detail),
                "decisive": one.touches(*interval),
            }
            for one in made.breaks
        ],
        "clips": len(made.clips),
    }


def _recording(source: Source, *, decisive: bool) -> JsonObject:
    recording, info, coverage = source.recording, source.info, source.recording.coverage
    start, segment = recording.start, recording.segment
    met = source.contents or coverage
    end = segment.closing.end if segment is not None else coverage.end if coverage is not None else None
    gaps: JsonValue = None
    problems: JsonValue = None
    if met is not None:
        gaps = [
            {
                "after_pts": gap.after_pts,
                "before_pts": gap.before_pts,
                "duration_ns": gap.duration_ns,
                "reason": gap.reason,
            }
            for gap in met.gaps
        ]
        problems = [{"what": problem.what, "salvaged": problem.salvaged} for problem in met.problems]
    stated: JsonObject = {
        "name": recording.path.name.encode("utf-8", "backslashreplace").decode("utf-8"),
        "size": source.digests.size,
        "sha256": source.digests.sha256,
        "sm3": source.digests.sm3,
        "decisive": decisive,
        "container": info.container,
        "codec": info.codec,
        "width": info.width,
        "height": info.height,
        "time_base": str(info.time_base),
        "start": start.isoformat(),
        "start_source": str(start.source),
        "start_uncertainty_ns": start.uncertainty_ns,
        "end": known(end.isoformat() if end else None),
        "frames_decoded": known(coverage.frames if coverage else None),
        "gaps": known(gaps),
        "problems": known(problems),
    }
    if segment is not None:
        stated["segment"] = _segment(segment)
    return stated


def _segment(segment: SegmentFacts) -> JsonObject:
    opening, closing = segment.opening, segment.closing
    return {
        "session": opening.session,
        "sequence": opening.sequence,
        "previous": opening.previous,
        "protocol": brief(opening.protocol),
        "first_pts": opening.first_pts,
        "last_pts": closing.last_pts,
        "packets": closing.packets,
        "nal_sha256": known(closing.nal_sha256),
        "closed": str(closing.reason),
        "closed_detail": brief(closing.detail),
        "gap_before": _gap(opening.gap_before),
        "clock": clock_statement(opening.clock),
    }


def _gap(gap: GapStatement | None) -> JsonValue:
    if gap is None:
        return None
    return {
        "from": known(gap.start.isoformat() if gap.start else None),
        "to": known(gap.end.isoformat() if gap.end else None),
        "cause": brief(gap.cause),
        "detail": brief(gap.detail),
    }


def _clip(clip: Clip) -> JsonObject:
    cut = clip.cut
    return {
        "path": clip.path,
        "recording": clip.recordings[0],
        "recordings": list(clip.recordings),
        "container": cut.container,
        "start": clip.start.isoformat(),
        "end": clip.end.isoformat(),
        "first_pts": cut.first_pts,
        "last_pts": cut.last_pts,
        "time_base": str(cut.source_time_base),
        "clip_first_pts": cut.out_first_pts,
        "clip_time_base": str(cut.time_base),
        "timing": str(cut.timing),
        "packets": cut.packets,
        "framing": str(cut.framing),
        "payload_identical": cut.framing is Framing.IDENTICAL,
        "payload_sha256": cut.payload_sha256,
        "source_payload_sha256": cut.source_payload_sha256,
        "nal_sha256": known(cut.nal_sha256),
    }
