"""From a finding of a batch to what the sealer must be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evidence_export.case import CaseRequest, Recording
from streetproof import cases
from streetproof.batch.judge import Finding
from streetproof.batch.observations import coverage_of, read_header
from streetproof.batch.observe import Observed
from streetproof.settings.load import LoadedSite
from streetproof.settings.site import Camera


def case_request(loaded: LoadedSite, camera: Camera, finding: Finding, recordings: Sequence[Observed]) -> CaseRequest:
    """What the sealer needs, from what the site file says and what was observed."""
    span = cases.span_of(finding.stay, cases.limits_of(loaded))
    return cases.case_request(
        loaded,
        camera,
        finding.violation,
        finding.stay,
        tuple(_touching(recordings, span)),
        read_header(recordings[0].file).model,
        [observed.end["level"] for observed in recordings],
    )


def _touching(recordings: Sequence[Observed], span: tuple[int, int]) -> Iterator[Recording]:
    for observed in recordings:
        coverage = coverage_of(observed.end["coverage"])
        if coverage.start is None or coverage.end is None:
            continue
        if coverage.start.utc_ns <= span[1] and coverage.end.utc_ns >= span[0]:
            yield Recording(observed.path, observed.sha256, read_header(observed.file).start, coverage)
