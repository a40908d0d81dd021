"""Whether the recording holds every picture that came: NAL units on disk against those of the source, in order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from streams.recorder.interface import SegmentRecord
from tests.chaos.evidence import sessions
from tests.streams.live.watch import pictures_of

Picture = list[bytes]
"""The NAL units of one picture, without parameter sets and delimiters, which servers add and drop."""


def recorded(data: Path, segments: Sequence[SegmentRecord]) -> list[Picture]:
    """The pictures of some segments, joined."""
    return [picture for one in segments for picture in pictures_of(data / "recordings" / one.path) if picture]


def slices(units: Sequence[bytes]) -> list[bytes]:
    """Of NAL units of H.264, those that hold the pictures themselves."""
    return [unit for unit in units if unit[0] & 0x1F in (1, 5)]


def run_in(source: Sequence[Picture], pictures: Sequence[Picture]) -> range:
    """Where `pictures` stand in `source`, one after the other with nothing left out; fails where they do not."""
    assert pictures, "nothing was recorded"
    count = len(pictures)
    first = [place for place, picture in enumerate(source) if picture == pictures[0]]
    for place in first:
        if list(source[place : place + count]) == list(pictures):
            return range(place, place + count)
    best = max((_common(source[place:], pictures) for place in first), default=0)
    raise AssertionError(f"of {count} pictures recorded, {best} follow the source; then one is missing or changed")


def check_sessions(data: Path, found: list[SegmentRecord], source: Path, *, every: int = 1) -> dict[str, range]:
    """Each session is an unbroken run of the source's pictures, from a keyframe on (every `every`-th picture is one).

    Returns where each stands. The counts that the segments state are those of what is in them.
    """
    pictures = pictures_of(source)
    places = {}
    for name, segments in sessions(found).items():
        joined = recorded(data, segments)
        assert len(joined) == sum(one.closing.packets for one in segments)
        places[name] = run_in(pictures, joined)
        assert places[name].start % every == 0, "it does not begin with a keyframe"
    return places


def _common(one: Sequence[Picture], two: Sequence[Picture]) -> int:
    return next((k for k, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
