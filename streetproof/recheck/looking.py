"""Looks at the footage of a re-check: what a detector finds, and whether the view can be trusted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from models.interface import Detections, Detector, Image, ModelInfo
from streams.archive.clock import TimeRules
from streams.archive.reader import open_archive
from streams.instant import NS_PER_S, Instant
from streams.interface import DecodeLevel, Frame
from vision.backdrop import Backdrop, size_for
from vision.footprints import Point
from vision.integrity.interface import ViewFault
from vision.integrity.monitor import COMPARING, EXPOSURE, ViewMonitor
from vision.integrity.picture import PictureError
from vision.integrity.picture import look as cells_of
from vision.integrity.reference import Reference
from vision.interface import Box
from vision.recheck import Look
from vision.regained import GroundLook

_DARK = 24.0
"""Mean luma below which nobody should judge what is there; the view's own faults are not judged below it either."""
_ALIKE = 0.6
"""Correlation from which on the place is taken to look as it did; different vehicles seldom reach it."""
_CELLS = (16, 12)
_SLACK_NS = 60 * NS_PER_S
"""Headers are off by a little: recordings that they say ended so much earlier are not opened."""
_LEARN_LOOKS, _LEARN_APART_NS = 3, 2 * NS_PER_S
"""A picture is shown to the backdrop so often, so far apart, to be learned as the street."""
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


class GroundEyes:
    """Watches ground by its pixels, beginning with a picture in which it was free."""

    def __init__(
        self,
        zones: Sequence[Sequence[Point]],
        taken: Sequence[Sequence[Point]],
        at: Instant,
        before: Image,
        model: ModelInfo,
    ) -> None:
        """`taken`: outlines of what was taken. `before`: H x W x 3 BGR uint8, the whole view at `at`; `model` has not
        looked at it: what stands in a street while it is learned is part of it, whatever it is."""
        self._taken = taken
        self._backdrop = Backdrop(zones)
        size = (before.shape[1], before.shape[0])
        small = np.asarray(cv2.resize(before, size_for(size), interpolation=cv2.INTER_AREA), np.uint8)
        for number in range(_LEARN_LOOKS):
            self._backdrop.look(at.shifted(number * _LEARN_APART_NS), small, Detections.empty(size, model))

    def look(self, frame: Frame, found: Detections) -> GroundLook:
        """What the next frame tells."""
        view = self._backdrop.look(frame.at, frame.scaled(*size_for(frame.size)), found)
        return GroundLook(view, self._backdrop.lost, self._backdrop.seen(self._taken))


class View:
    """What the view looked like when the rule was broken; without a picture of that nothing is said of it."""

    def __init__(self, picture: Image | None, place: Box | None, before: Image | None = None) -> None:
        """`place`: compare its pixels as well; None: they say nothing, as where several may stand.

        `before`: the whole view when the place was free; it looks as it did when the rule was broken if it looks more
        like that than like this.
        """
        self._reference: Reference | None = None
        self._monitor: ViewMonitor | None = None
        self._patch: npt.NDArray[np.float32] | None = None
        self._place = place
        self._before: npt.NDArray[np.float32] | None = None
        if before is not None and place is not None:
            self._before = _patch(_grey(before), place)
        if picture is not None:
            self._patch = None if place is None else _patch(_grey(picture), place)
            with suppress(PictureError):  # too small to be compared: said in the evidence
                # What stands about is no part of a view: where the street is known without it, that is compared with.
                cells = cells_of(_grey(picture if before is None else before)).cells
                self._reference = Reference(np.clip(cells.round(), 0, 255).astype(np.uint8))
                self._monitor = ViewMonitor(self._reference)

    @property
    def compared(self) -> bool:
        """Whether looks are compared with the picture of the violation."""
        return self._reference is not None

    def look(self, at: Instant, luma: Image) -> tuple[str | None, bool, bool]:
        """The fault of the view, whether it is too dark, and whether the place looks as it did."""
        alike = False
        if self._patch is not None and self._place is not None:
            now = _patch(luma, self._place)
            like = _correlation(now, self._patch)
            alike = like >= _ALIKE if self._before is None else like > _correlation(now, self._before)
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
    ground: GroundEyes | None = None,
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
            told = None if ground is None else ground.look(frame, found)
            yield Taken(Look(frame.at, found, fault, dark, alike, told), recording, frame.pts)


def _grey(picture: Image) -> Image:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)


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
