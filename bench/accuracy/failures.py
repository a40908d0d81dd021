"""What went wrong, to look at: a clip around each failure, and stills of it with place and zone drawn in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
import numpy.typing as npt

from bench.accuracy.footage import Footage
from bench.accuracy.scoring import Failure, Kind
from bench.site import ZONE
from streams.cut import cut
from streams.errors import StreamsError
from streams.instant import NS_PER_S
from streetproof.evaluation.entries import Entry
from tests.scenes.truth import true_ns
from vision.interface import Box

Image = npt.NDArray[np.uint8]
CLIP_S = 60
_RED, _GREEN, _YELLOW, _GREY = (60, 60, 230), (80, 200, 80), (0, 215, 255), (190, 190, 190)
_WIDTH = 480


@dataclass(frozen=True, slots=True)
class Shown:
    """A failure with its files, relative to the report; None: the footage could not be cut."""

    failure: Failure
    since_s: float
    until_s: float
    still: str
    clip: str | None


def show_failure(
    failure: Failure,
    footage: Footage,
    others: tuple[Sequence[Entry], Sequence[Entry]],
    folder: Path,
    number: int,
) -> Shown:
    """Write a failure's still and clip under `folder`; `others` are the truth's and the contender's entries nearby."""
    since_s, until_s = span_s(failure.entry, footage)
    name = f"{failure.contender}-{failure.condition}-{footage.seed}-{failure.kind}-{number}"
    folder.mkdir(parents=True, exist_ok=True)
    still = folder / f"{name}.jpg"
    times = [since_s + (until_s - since_s) * share for share in (0.05, 0.5, 0.95)]
    pictures = [_drawn(picture, failure, footage, others, t) for t, picture in _pictures(footage.video, times)]
    if pictures:
        cv2.imwrite(str(still), np.hstack(pictures), [cv2.IMWRITE_JPEG_QUALITY, 80])
    begin, end = max(0.0, since_s - 8), min(until_s + 8, since_s - 8 + CLIP_S)
    return Shown(failure, since_s, until_s, still.name, _clip(footage.video, begin, end, folder / f"{name}.mp4"))


def span_s(entry: Entry, footage: Footage) -> tuple[float, float]:
    """From when to when it stood, in seconds of the scene."""
    start = true_ns(footage.scene, 0)
    seconds = float(footage.scene.seconds)
    until = seconds if entry.until_ns is None else (entry.until_ns - start) / NS_PER_S
    since = (entry.since_ns - start) / NS_PER_S
    return since, min(max(until, since + 1), seconds)


def _clip(video: Path, begin_s: float, end_s: float, out: Path) -> str | None:
    with av.open(video) as source:
        time_base = source.streams.video[0].time_base or Fraction(1, 90_000)
    try:
        return cut(video, int(Fraction(begin_s) / time_base), int(Fraction(end_s) / time_base), out).path.name
    except StreamsError:
        return None


def _pictures(video: Path, times: Sequence[float]) -> list[tuple[float, Image]]:
    """The picture shown at each time; where footage is missing, the next one there is."""
    found: list[tuple[float, Image]] = []
    with av.open(video) as source:
        stream = source.streams.video[0]
        for wanted in times:
            source.seek(int(Fraction(wanted) / (stream.time_base or Fraction(1, 90_000))), stream=stream)
            for frame in source.decode(stream):
                if frame.time >= wanted - 0.11:
                    found.append((frame.time, cast(Image, frame.to_ndarray(format="bgr24"))))
                    break
    return found


def _drawn(
    picture: Image, failure: Failure, footage: Footage, others: tuple[Sequence[Entry], Sequence[Entry]], t: float
) -> Image:
    height, width = picture.shape[:2]
    cv2.polylines(picture, [(np.array(ZONE) * (width, height)).astype(np.int32)], True, _YELLOW, 1, cv2.LINE_AA)
    truth, events = others
    for entries, colour in ((truth, _GREEN), (events, _RED)):
        for entry in entries:
            since, until = span_s(entry, footage)
            if since <= t <= until:
                _box(picture, entry.box, colour, 1)
    _box(picture, failure.entry.box, _GREEN if failure.kind is Kind.MISSED else _RED, 3)
    cv2.putText(picture, f"{t:.0f} s", (8, height - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.9, _GREY, 2, cv2.LINE_AA)
    small = cv2.resize(picture, (_WIDTH, height * _WIDTH // width), interpolation=cv2.INTER_AREA)
    return cast(Image, small)


def _box(picture: Image, box: Box, colour: tuple[int, int, int], thickness: int) -> None:
    height, width = picture.shape[:2]
    x1, y1, x2, y2 = (int(v) for v in np.array(box) * (width, height, width, height))
    cv2.rectangle(picture, (x1, y1), (x2, y2), colour, thickness, cv2.LINE_AA)
