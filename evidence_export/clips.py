"""The clips of a case: one for each run of recordings that follow on each other and hold a part of the time wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence_export.bag import layout
from evidence_export.case import CaseRequest
from evidence_export.footage import Footage, cut_run
from evidence_export.made import Clip, Source
from evidence_export.plan import clip_range, runs_of, spans_of


def make_clips(
    request: CaseRequest, sources: Sequence[Source], footage: Sequence[Footage], folder: Path
) -> Iterator[tuple[Clip, str, str]]:
    """Cut them into `folder`; each with its parent and its transform, as the manifest names them.

    `sources` and `footage` are those of `request.recordings`, in that order. Raises StreamsError, OSError.
    """
    cutter = _Cutter(request, sources, footage)
    runs = [one for run in runs_of(request.recordings) if (one := cutter.wanted_of(run))]
    for number, run in enumerate(runs, start=1):
        yield cutter.clip(run, folder / ("clip" if len(runs) == 1 else f"clip-{number:02d}"))


@dataclass(frozen=True, slots=True)
class _Cutter:
    request: CaseRequest
    sources: Sequence[Source]
    footage: Sequence[Footage]

    def wanted_of(self, run: range) -> range:
        """The recordings of a run that hold a part of the time wanted; an empty range where none does."""
        wanted, spans = clip_range(self.request), spans_of(self.request.recordings)
        touched = [
            index
            for index in run
            if spans[index][0] <= wanted.end_ns and ((end := spans[index][1]) is None or end >= wanted.start_ns)
        ]
        if not touched:
            return range(0)
        last = self.sources[touched[-1]].contents
        if last is not None and last.last_pts < self.footage[touched[-1]].pts_of(wanted.start_ns):
            return range(0)  # it ends with the frame before
        return range(touched[0], touched[-1] + 1)

    def clip(self, run: range, out: Path) -> tuple[Clip, str, str]:
        """Cut one; `out` gets the suffix of its container."""
        wanted, end = clip_range(self.request), spans_of(self.request.recordings)[run[-1]][1]
        opening, closing = self.footage[run[0]], self.footage[run[-1]]
        first = max(opening.first_pts, opening.pts_of(wanted.start_ns))
        last = closing.pts_of(wanted.end_ns if end is None else min(wanted.end_ns, end))
        cut = cut_run([self.footage[index] for index in run], first, max(first, last), out)
        held = [index for index in run if self._holds(index, cut.first_pts, cut.last_pts)] or [run[0]]
        start, end_at = self.footage[held[0]], self.footage[held[-1]]
        made = Clip(
            path=f"{layout.PAYLOAD}{cut.path.name}",
            recordings=(held[0], held[-1]),
            cut=cut,
            start=start.instant_of(cut.first_pts),
            end=end_at.instant_of(cut.last_pts),
        )
        several = f" of the {len(held)} recordings that follow on each other from there on" if len(held) > 1 else ""
        how = f"stream copy of the packets with pts {cut.first_pts} to {cut.last_pts}{several}; not re-encoded"
        return made, f"recording:{self.sources[held[0]].digests.sha256}", how

    def _holds(self, index: int, first_pts: int, last_pts: int) -> bool:
        """Whether a recording has a part in that range; what its last pts is, is known of segments only."""
        contents = self.sources[index].contents
        begins_in_time = self.footage[index].first_pts <= last_pts
        return begins_in_time and (contents is None or contents.last_pts >= first_pts)
