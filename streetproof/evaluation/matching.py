"""Who is who: pairs of entries of two lists that may be the same stay, and the best one-to-one choice among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from streetproof.evaluation.assignment import assign
from streetproof.evaluation.entries import Entry
from vision.boxes import iou

MIN_IOU = 0.3
"""Boxes of one stay overlap at least this much: those of a truth are drawn by people, or without the detector's habit
of taking in mirrors and shadows; neighbours in a row of parked cars overlap less."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Matched:
    """Indices into the two lists that were compared."""

    pairs: tuple[tuple[int, int], ...]
    fits: tuple[dict[int, float], ...]
    """For each of the left list: which of the right it may be, and how well that fits, 0..1."""


def match_entries(
    left: Sequence[Entry],
    right: Sequence[Entry],
    *,
    min_iou: float = MIN_IOU,
    same: Callable[[Entry], object] = lambda entry: (entry.camera, entry.kind),
) -> Matched:
    """The pairing with the most pairs, and among those the best sum of fits.

    Two entries may be the same stay if `same` says so, their boxes overlap by `min_iou`, and they stood there at one
    time: from the latest arrival to the earliest departure that an entry allows, to the end of all where it never left.
    A fit is the mean of how much they overlap in time and in place (intersection over union, both).
    The order of the lists plays no part, but for entries that are equal in everything.
    """
    rows = sorted(range(len(left)), key=lambda i: left[i].sort_key())
    cols = sorted(range(len(right)), key=lambda i: right[i].sort_key())
    horizon = max((_known_end(entry) for entry in (*left, *right)), default=0)
    fits: list[dict[int, float]] = [{} for _ in left]
    for row, col in _together([left[i] for i in rows], [right[j] for j in cols], horizon):
        one, other = left[rows[row]], right[cols[col]]
        overlap = iou(one.box, other.box)
        if same(one) == same(other) and overlap >= min_iou:
            fits[rows[row]][cols[col]] = (overlap + _time_iou(one, other, horizon)) / 2
    place = {index: position for position, index in enumerate(cols)}
    found = assign([{place[index]: fit for index, fit in sorted(fits[i].items())} for i in rows])
    pairs = [(rows[row], cols[col]) for row, col in enumerate(found) if col is not None]
    return Matched(tuple(sorted(pairs)), tuple(fits))


def _known_end(entry: Entry) -> int:
    return entry.since_ns if entry.until_ns is None else entry.until_ns


def _stood(entry: Entry, horizon: int) -> tuple[int, int]:
    return entry.since_ns, horizon if entry.until_ns is None else entry.until_ns


def _time_iou(one: Entry, other: Entry, horizon: int) -> float:
    (a, b), (c, d) = _stood(one, horizon), _stood(other, horizon)
    union = max(b, d) - min(a, c)
    return max(0, min(b, d) - max(a, c)) / union if union else 1.0


def _together(left: Sequence[Entry], right: Sequence[Entry], horizon: int) -> Iterator[tuple[int, int]]:
    """Every pair of one camera that stood there at one time, by going through the arrivals once."""
    arrivals = sorted(
        (entry.since_ns, side, index)
        for side, entries in enumerate((left, right))
        for index, entry in enumerate(entries)
    )
    sides = (left, right)
    present: tuple[dict[str, list[int]], dict[str, list[int]]] = ({}, {})
    for since, side, index in arrivals:
        camera = sides[side][index].camera
        others = present[1 - side].get(camera, [])
        others[:] = [other for other in others if _stood(sides[1 - side][other], horizon)[1] >= since]
        for other in others:
            yield (index, other) if side == 0 else (other, index)
        present[side].setdefault(camera, []).append(index)
