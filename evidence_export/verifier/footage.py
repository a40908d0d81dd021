"""Checks what a `case.json` says of its footage against itself. Hostile input: nothing is taken for granted.

Of the recordings only their hashes are in a bundle, so this finds statements that cannot all be true: a chain that does
not link, an order that runs backwards, a clip across a break, a break that is not stated, a block that was left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from evidence_export.bag.canonical import JsonValue
from evidence_export.verifier.reading import at, flag, hexdigest, integer, items, moment, optional, text, texts

_BASE = re.compile(r"[1-9][0-9]{0,11}(/[1-9][0-9]{0,11})?")
_SEAM_NS = 500_000_000
"""Allowed at the seam of two segments that follow on each other: both its times are read from clocks."""
_REORDER_NS = 1_000_000_000
"""Pictures may be shown in another order than they are stored in, also across a seam, by as much as this."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One recording that says where it stands in the camera's chain. Times in ns since the epoch."""

    sha256: str
    decisive: bool
    session: str
    sequence: int
    previous: str | None
    first_pts: int
    last_pts: int
    start_ns: int
    end_ns: int
    stream: tuple[str, int, int, Fraction]
    gap_before: bool
    flags: tuple[str, ...]

    def is_followed_by(self, other: Segment) -> bool:
        """Whether `other` goes on where this one ends."""
        same = (self.session, self.sequence + 1, self.stream) == (other.session, other.sequence, other.stream)
        return same and not other.gap_before and abs(other.start_ns - self.end_ns) <= _SEAM_NS


@dataclass(frozen=True, slots=True)
class _Break:
    after: int
    start_ns: int
    end_ns: int
    duration_ns: int
    decisive: bool


@dataclass(frozen=True, slots=True)
class LiveFootage:
    """What a manifest says of live footage, read but not judged yet."""

    segments: tuple[Segment, ...]
    root: JsonValue

    def faults(self) -> Iterator[str]:
        """Everything that contradicts itself, in words. Raises ValueError where a part is missing or malformed."""
        yield from self._chain()
        breaks = tuple(self._breaks())
        yield from self._stated(breaks)
        yield from self._clips()
        yield from self._blocked(breaks)

    def _chain(self) -> Iterator[str]:
        for number, (one, other) in enumerate(pairwise(self.segments)):
            pair = f"recordings {number} and {number + 1}"
            if other.sequence <= one.sequence:
                yield f"{pair}: their sequence does not rise"
            elif other.sequence == one.sequence + 1 and other.previous != one.sha256:
                yield f"{pair}: the chain is broken, `previous` is not the SHA-256 of the segment before"
            elif one.is_followed_by(other):
                seam = (one.last_pts - other.first_pts) * one.stream[3] * 1_000_000_000
                if other.first_pts <= one.first_pts or other.last_pts <= one.last_pts or seam > _REORDER_NS:
                    yield f"{pair}: they overlap"
        for number, one in enumerate(self.segments):
            if one.last_pts < one.first_pts or one.end_ns < one.start_ns:
                yield f"recording {number}: it ends before it begins"

    def _breaks(self) -> Iterator[_Break]:
        for item in items(self.root, "continuity", "breaks"):
            after = integer(item, "after_recording")
            if integer(item, "before_recording") != after + 1:
                raise ValueError("continuity.breaks: a break is not between neighbours")
            text(item, "cause")
            text(item, "detail")
            start, end = (moment(text(item, name)) for name in ("from", "to"))
            yield _Break(after, start, end, integer(item, "duration_ns"), flag(item, "decisive"))

    def _stated(self, breaks: tuple[_Break, ...]) -> Iterator[str]:
        first, last = _decisive(self.root)
        expected = [n for n, (one, other) in enumerate(pairwise(self.segments)) if not one.is_followed_by(other)]
        if [one.after for one in breaks] != expected:
            yield "continuity.breaks: they are not the places where one segment does not follow on the other"
            return
        for one in breaks:
            before, after = self.segments[one.after], self.segments[one.after + 1]
            if (one.start_ns, one.end_ns) != (before.end_ns, after.start_ns):
                yield f"continuity.breaks: the one after recording {one.after} has other times than its recordings"
            if one.duration_ns != one.end_ns - one.start_ns:
                yield f"continuity.breaks: the one after recording {one.after} has another length than its times"
            low, high = sorted((one.start_ns, one.end_ns))
            if one.decisive is not (low < last and high > first):
                yield f"continuity.breaks: the one after recording {one.after} is wrongly said to be decisive or not"

    def _clips(self) -> Iterator[str]:
        reached = -1
        for number, clip in enumerate(items(self.root, "clips")):
            span = items(clip, "recordings")
            first = integer(clip, "recording")
            if len(span) != 2 or span[0] != first or isinstance(span[1], bool) or not isinstance(span[1], int):
                raise ValueError("clips: `recordings` is not the first and the last of them")
            if not reached < first <= span[1] < len(self.segments):
                yield f"clip {number}: its recordings are out of order, or not there"
                return
            reached = span[1]
            run = self.segments[first : reached + 1]
            if not all(one.is_followed_by(other) for one, other in pairwise(run)):
                yield f"clip {number}: it reaches across a break"
            begin, end = integer(clip, "first_pts"), integer(clip, "last_pts")
            if not (run[0].first_pts <= begin <= run[0].last_pts and begin <= end <= run[-1].last_pts):
                yield f"clip {number}: its pts are not those of its recordings"
            if end < run[-1].first_pts:
                yield f"clip {number}: it names recordings that it does not reach"

    def _blocked(self, breaks: tuple[_Break, ...]) -> Iterator[str]:
        blocked = texts(self.root, "case", "approval_blocked_by")
        first, last = _decisive(self.root)
        lost = sum(max(0, min(one.end_ns, last) - max(one.start_ns, first)) for one in breaks if one.decisive)
        stated = integer(self.root, "continuity", "gap_in_decisive_ns")
        if stated < lost:
            yield "continuity.gap_in_decisive_ns: it is less than the breaks in that time"
        torn = stated > 0 or any(one.decisive and one.duration_ns < 0 for one in breaks)
        if torn and "gap_in_decisive_interval" not in blocked:
            yield "case.approval_blocked_by: the gap in the decisive interval is left out"
        if torn is not flag(self.root, "continuity", "blocks_approval"):
            yield "continuity.blocks_approval: it does not follow from the gaps"
        flags = set(texts(self.root, "time", "flags"))
        measured = {name for one in self.segments if one.decisive for name in one.flags}
        if not measured <= flags:
            yield f"time.flags: {min(measured - flags)} of a decisive recording is left out"
        if not flags <= set(blocked):
            yield f"case.approval_blocked_by: {min(flags - set(blocked))} is left out"


def view_faults(root: JsonValue) -> Iterator[str]:
    """What contradicts itself in `view`. Raises ValueError where it is malformed."""
    faults = optional(root, "view", "faults")
    first, last = _decisive(root)
    decisive = False
    for item in items(faults) if faults is not None else ():
        text(item, "kind")
        until = optional(item, "until")
        since_ns = moment(text(item, "since"))
        until_ns = None if until is None else moment(text(item, "until"))
        touches = since_ns <= last and (until_ns is None or until_ns >= first)
        if flag(item, "decisive") is not touches:
            yield "view.faults: a fault is wrongly said to be decisive or not"
        decisive = decisive or touches
    if decisive is not ("view_fault_in_decisive_interval" in texts(root, "case", "approval_blocked_by")):
        yield "case.approval_blocked_by: it does not follow from view.faults"


def live_footage(root: JsonValue) -> LiveFootage | None:
    """The live footage of a manifest; None where its recordings are archived files. Raises ValueError."""
    listed = items(root, "recordings")
    segments = tuple(_segment(item) for item in listed if optional(item, "segment") is not None)
    if not segments:
        return None
    if len(segments) != len(listed):
        raise ValueError("recordings: archived files and segments are mixed")
    return LiveFootage(segments, root)


def _segment(item: JsonValue) -> Segment:
    facts = at(item, "segment")
    previous = optional(facts, "previous")
    return Segment(
        sha256=hexdigest(item, "sha256"),
        decisive=flag(item, "decisive"),
        session=text(facts, "session"),
        sequence=integer(facts, "sequence"),
        previous=None if previous is None else hexdigest(facts, "previous"),
        first_pts=integer(facts, "first_pts"),
        last_pts=integer(facts, "last_pts"),
        start_ns=moment(text(item, "start")),
        end_ns=moment(text(item, "end")),
        stream=(
            text(item, "codec"),
            integer(item, "width"),
            integer(item, "height"),
            _base(text(item, "time_base")),
        ),
        gap_before=optional(facts, "gap_before") is not None,
        flags=texts(facts, "clock", "flags"),
    )


def _decisive(root: JsonValue) -> tuple[int, int]:
    return moment(text(root, "continuity", "decisive_from")), moment(text(root, "continuity", "decisive_to"))


def _base(written: str) -> Fraction:
    if not _BASE.fullmatch(written):
        raise ValueError("recordings: a time base is no positive fraction")
    return Fraction(written)
