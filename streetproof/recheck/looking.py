"""Looks at the footage of a re-check: what a detector finds, and whether the view can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from models.interface import Detector, Image
from streams.archive.clock import TimeRules
from streams.archive.reader import open_archive
from streams.instant import NS_PER_S, Instant
from streams.interface import DecodeLevel
from vision.integrity.interface import ViewFault
from vision.integrity.monitor import COMPARING, EXPOSURE, ViewMonitor
from vision.integrity.picture import PictureError
from vision.integrity.picture import look as cells_of
from vision.integrity.reference import Reference
from vision.interface import Box
from vision.recheck import Look

_DARK = 24.0
"""Mean luma below which nobody should judge what is there; the view's own faults are not judged below it either."""
_ALIKE = 0.6
"""Correlation from which on the place is taken to look as it did; different vehicles seldom reach it."""
_CELLS = (16, 12)
_SLACK_NS = 60 * NS_PER_S
"""Headers are off by a little: recordings that they say ended so much earlier are not opened."""
_FAULTS = {judge.name: judge.fault for judge in (*EXPOSURE, *COMPARING)}


@dataclass(frozen=True, slots=True)
class Taken:
    """A look, and where its picture lies."""

    look: Look
    recording: Path
    pts: int


@dataclass(frozen=True, slots=True)
class Window:
    """When to look, ns UTC; the end belongs to it."""

    from_ns: int
    to_ns: int


class View:
    """What the view looked like when the rule was broken; without a picture of that nothing is said of it."""

    def __init__(self, picture: Image | None, place: Box | None) -> None:
        """`place`: compare its pixels as well; None: they say nothing, as where several may stand."""
        self._reference: Reference | None = None
        self._monitor: ViewMonitor | None = None
        self._patch: npt.NDArray[np.float32] | None = None
        self._place = place
        if picture is not None:
            grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
            self._patch = None if place is None else _patch(grey, place)
            with suppress(PictureError):  # too small to be compared: said in the evidence
                self._reference = Reference(np.clip(cells_of(grey).cells.round(), 0, 255).astype(np.uint8))
                self._monitor = ViewMonitor(self._reference)

    @property
    def compared(self) -> bool:
        """Whether looks are compared with the picture of the violation."""
        return self._reference is not None

    def look(self, at: Instant, luma: Image) -> tuple[str | None, bool, bool]:
        """The fault of the view, whether it is too dark, and whether the place looks as it did."""
        alike = False
        if self._patch is not None and self._place is not None:
            alike = _correlation(_patch(luma, self._place), self._patch) >= _ALIKE
        return self._fault(at, luma), float(luma.mean()) < _DARK, alike

    def _fault(self, at: Instant, luma: Image) -> str | None:
        if self._monitor is None:
            return None
        self._monitor.look(at, luma)
        reading = self._monitor.reading
        assert reading is not None, "there was a look"
        bad = [name for name, severity in reading.severities.items() if name in _FAULTS and (severity or 0.0) >= 1]
        confirmed = self._monitor.faults
        fault = _FAULTS[bad[0]] if bad else confirmed[0] if confirmed else None
        return None if fault is None or fault is ViewFault.BLACK else fault.value


def looks_at(
    recording: Path,
    camera: str,
    times: TimeRules,
    window: Window,
    rate: Fraction,
    detector: Detector,
    view: View,
) -> Iterator[Taken]:
    """Looks at the part of a recording that lies in the window, `rate` a second.

    Raises StreamsError for a recording that cannot be read, ModelsError where the detector fails.
    """
    source = open_archive(recording, camera, times)
    end = source.declared_end
    over = end is not None and end.utc_ns + _SLACK_NS < window.from_ns
    if over or source.start.utc_ns > window.to_ns:
        return
    first = max(source.first_pts, source.pts_of(window.from_ns))
    span = (first, max(first, source.pts_of(window.to_ns)))
    for frame in source.frames(DecodeLevel.SAMPLED, rate=rate, pts_range=span):
        if window.from_ns <= frame.at.utc_ns <= window.to_ns:
            fault, dark, alike = view.look(frame.at, frame.luma())
            found = detector.detect([frame.scaled(*detector.fit(frame.size))], sizes=[frame.size])[0]
            yield Taken(Look(frame.at, found, fault, dark, alike), recording, frame.pts)


def _patch(grey: Image, box: Box) -> npt.NDArray[np.float32]:
    """Grey levels of a place, 12 x 16 cells, without their mean."""
    height, width = grey.shape
    x1, y1 = int(box[0] * width), int(box[1] * height)
    x2, y2 = max(x1 + 1, round(box[2] * width)), max(y1 + 1, round(box[3] * height))
    part = grey[y1:y2, x1:x2].astype(np.float32)
    cells = np.asarray(cv2.resize(part, _CELLS, interpolation=cv2.INTER_AREA), np.float32)
    patch: npt.NDArray[np.float32] = cells - cells.mean()
    return patch


def _correlation(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """Pearson's, -1..1; 0 where one of the two is flat."""
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 0 else 0.0
