"""One picture of a recording, for drawing zones on: its time need not be known."""

from __future__ import annotations

from fractions import Fraction
from itertools import takewhile
from pathlib import Path

from streams.archive.clock import StartReading
from streams.archive.reader import ArchiveFile
from streams.errors import MediaError
from streams.instant import NS_PER_S, Instant, TimeSource
from streams.interface import DecodeLevel, Image
from streams.packets import probe
from streams.timeline import to_pts

_UNKNOWN = StartReading(Instant(0, TimeSource.OPERATOR, 1 << 62), "not asked for", ())


def still(path: Path | str, seconds: Fraction = Fraction(0)) -> Image:
    """The last keyframe not later than `seconds` after the beginning, or else the first one: H x W x 3 BGR uint8.

    Raises MediaError where the file holds no video, or no decodable keyframe.
    """
    probed = probe(Path(path))
    source = ArchiveFile(probed, "", _UNKNOWN)
    wanted = probed.first_pts + to_pts(round(seconds * NS_PER_S), probed.info.time_base)
    frames = source.frames(DecodeLevel.KEYFRAMES)
    chosen = next(frames, None)
    if chosen is None:
        raise MediaError("has no decodable keyframe", where=str(path))
    for frame in takewhile(lambda frame: frame.pts <= wanted, frames):
        chosen = frame
    return chosen.image
