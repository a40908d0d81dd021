"""From a finding of a batch to what the sealer must be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evidence_export.case import CaseRequest, Recording, SegmentFacts
from streams.recorder.errors import RecorderError
from streams.recorder.reading import read_facts, read_opening
from streetproof import cases
from streetproof.batch.judge import Finding
from streetproof.batch.observations import coverage_of, read_header
from streetproof.batch.observe import Observed
from streetproof.settings.load import LoadedSite
from streetproof.settings.site import Camera


def case_request(loaded: LoadedSite, camera: Camera, finding: Finding, recordings: Sequence[Observed]) -> CaseRequest:
    """What the sealer needs, from what the site file says and what was observed."""
    span = cases.span_of(finding.violation, finding.stay, cases.limits_of(loaded))
    return cases.case_request(
        loaded,
        camera,
        finding.violation,
        finding.stay,
        _touching(recordings, span),
        read_header(recordings[0].file).model,
        [observed.end["level"] for observed in recordings],
    )


def _touching(recordings: Sequence[Observed], span: tuple[int, int]) -> list[Recording]:
    found = []
    for observed in recordings:
        coverage = coverage_of(observed.end["coverage"])
        if coverage.start is None or coverage.end is None:
            continue
        if coverage.start.utc_ns <= span[1] and coverage.end.utc_ns >= span[0]:
            found.append(Recording(observed.path, observed.sha256, read_header(observed.file).start, coverage))
    segments = [_segment(one) for one in found]
    # What the daemon recorded is a chain with clocks and gaps; beside other footage it is footage like that.
    if all(segment is not None for segment in segments):
        return [replace(one, coverage=None, segment=segment) for one, segment in zip(found, segments, strict=True)]
    return found


def _segment(recording: Recording) -> SegmentFacts | None:
    """What a segment of the daemon says of itself, where its time is the one that was judged by."""
    try:
        if read_opening(recording.path) is None:
            return None
        opening, closing = read_facts(recording.path)
    except (RecorderError, ValueError):
        return None
    return SegmentFacts(opening, closing) if opening.start == recording.start else None
