"""Looks at one recording with a model and writes down what it saw. Runs in a worker process."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from models.detector import YoloDetector
from models.interface import Detections, Image
from models.store import ModelStore, load_detector
from streams.archive.clock import TimeRules
from streams.archive.reader import ArchiveFile, open_archive
from streams.instant import NS_PER_S, Instant
from streams.interface import Coverage, DecodeLevel, Frame
from streams.recorder.durable import write_whole
from streetproof.batch import pool
from streetproof.batch.events import Advanced
from streetproof.batch.observations import (
    FORMAT,
    ObservationsError,
    ObservationWriter,
    as_stored,
    coverage_json,
    coverage_of,
    model_json,
    read_end,
)
from streetproof.errors import StreetproofError
from streetproof.settings.site import Look
from vision.attention import ChangeGate
from vision.backdrop import REVISION as BACKDROP
from vision.backdrop import Backdrop, size_for
from vision.carried import frozen, thawed
from vision.codec import to_json
from vision.errors import StateError
from vision.remembered import RememberedPlaces
from vision.sight import REVISION, Sight

_REPORT_EVERY_NS = 5 * NS_PER_S
_FAR = 1 << 62


@dataclass(frozen=True, slots=True)
class DetectorSpec:
    """Enough to load the same detector in every worker; `model` is a catalog name or a path."""

    model: str
    store: ModelStore
    min_score: float
    iou: float


@dataclass(frozen=True, slots=True)
class Probe:
    """Open a recording and say when it begins."""

    path: Path
    camera: str
    time_rules: TimeRules


@dataclass(frozen=True, slots=True)
class Probed:
    """A recording that can be opened."""

    path: Path
    camera: str
    start: Instant
    footage_ns: int | None
    """As the container tells; None where it does not."""


class CarryMissingError(StreetproofError):
    """What the recording before left behind is no longer there, and is needed."""


@dataclass(frozen=True, slots=True)
class Carry:
    """What one recording leaves behind for the next one of its camera: its memory of the ground."""

    key: str
    """Of the observations, and so of all that it was made from."""
    file: Path
    """There until the next recording was looked at."""
    end_ns: int
    """When that recording ended, UTC; the memory says nothing of frames before."""


@dataclass(frozen=True, slots=True)
class Observe:
    """Look at a recording. `sha256` is given where the file is known from an earlier run and has not changed since."""

    path: Path
    camera: str
    time_rules: TimeRules
    look: Look
    detector: DetectorSpec
    folder: Path
    sha256: str | None
    ground: tuple[tuple[tuple[float, float], ...], ...] = ()
    """Zones whose ground is watched by its pixels (`CameraRules.watched_ground`)."""
    carry: Carry | None = None
    """What the recording before left behind, where ground is watched; None: it is learned anew."""
    again: bool = False
    """Look also where that was done before."""


@dataclass(frozen=True, slots=True)
class Observed:
    """A recording that was looked at; `file` holds the observations."""

    path: Path
    camera: str
    size_bytes: int
    changed_ns: int
    sha256: str
    file: Path
    end: dict[str, Any]
    reused: bool
    carry: Carry | None = None
    """What it leaves behind, where ground was watched and anything was seen."""


def probe(task: Probe) -> Probed:
    """Raises StreamsError where the file is no recording, or nobody knows when it was made."""
    source = open_archive(task.path, task.camera, task.time_rules)
    end = source.declared_end
    return Probed(task.path, task.camera, source.start, None if end is None else end.utc_ns - source.start.utc_ns)


def observe(task: Observe) -> Observed:
    """Look at the whole recording, or find that this was done before.

    Raises StreamsError, ModelsError, CarryMissingError where what the one before left behind is gone.
    """
    status = task.path.stat()
    sha256 = task.sha256 or sha256_of(task.path)
    detector = detector_of(task.detector)
    source = open_archive(task.path, task.camera, task.time_rules)
    header = {
        "camera": task.camera,
        "recording_sha256": sha256,
        "model": model_json(detector.info),
        "detector": {"min_score": task.detector.min_score, "iou": task.detector.iou},
        "look": task.look.model_dump(mode="json"),
        "start": to_json(source.start),
        "time_base": str(source.info.time_base),
        "sight": REVISION,
    }
    if task.ground:
        header["ground"] = {
            "zones": [[list(point) for point in zone] for zone in task.ground],
            "revision": BACKDROP,
            "after": None if task.carry is None else task.carry.key,
        }
    key = hashlib.sha256(json.dumps([FORMAT, header], sort_keys=True).encode()).hexdigest()
    file = task.folder / f"{key}.jsonl.gz"
    end, reused = None if task.again else _end_if_whole(file), True
    if end is None:
        end, reused = _look(task, source, detector, file, header), False
    left = _carry_of(key, file, end) if task.ground else None
    return Observed(task.path, task.camera, status.st_size, status.st_ctime_ns, sha256, file, end, reused, left)


def _carry_of(key: str, file: Path, end: dict[str, Any]) -> Carry | None:
    until = coverage_of(end["coverage"]).end
    return None if until is None else Carry(key, _memory_of(file), until.utc_ns)


def _memory_of(file: Path) -> Path:
    """Where the memory of the ground lies beside observations."""
    return file.with_suffix("").with_suffix(".ground")


def _remembered(task: Observe) -> Backdrop:
    """The memory of the ground to go on with. Raises CarryMissingError."""
    if task.carry is None:
        return Backdrop(task.ground)
    try:
        return thawed(task.carry.file.read_bytes(), str(task.carry.file))
    except (OSError, StateError) as error:
        raise CarryMissingError(
            f"what the recording before left behind cannot be read ({error})", where=str(task.carry.file)
        ) from error


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def detector_of(spec: DetectorSpec) -> YoloDetector:
    """One per worker: loading costs more than looking at many frames."""
    return load_detector(spec.model, store=spec.store, min_score=spec.min_score, iou=spec.iou, threads=1)


def _end_if_whole(file: Path) -> dict[str, Any] | None:
    if not file.exists():
        return None
    try:
        return read_end(file)
    except ObservationsError:
        return None


class _TooSparseError(Exception):
    """Keyframes stand further apart than the site allows."""


def _look(
    task: Observe, source: ArchiveFile, detector: YoloDetector, file: Path, header: dict[str, Any]
) -> dict[str, Any]:
    try:
        return _look_at(task, source, detector, file, header, task.look.level)
    except _TooSparseError:
        # A fresh source: coverage counts what all passes over one source met.
        source = open_archive(task.path, task.camera, task.time_rules)
        return _look_at(task, source, detector, file, header, DecodeLevel.SAMPLED)


def _look_at(
    task: Observe,
    source: ArchiveFile,
    detector: YoloDetector,
    file: Path,
    header: dict[str, Any],
    level: DecodeLevel,
) -> dict[str, Any]:
    rate = task.look.rate if level is DecodeLevel.SAMPLED else None
    sight = Sight(ChangeGate(task.look.max_reuse) if task.look.skip_unchanged else None)
    spacing = _Spacing(task.look.max_interval) if level is DecodeLevel.KEYFRAMES else None
    places = RememberedPlaces()
    backdrop = _remembered(task) if task.ground else None
    known_ns = None if task.carry is None else task.carry.end_ns
    last: Detections | None = None
    shown: Image | None = None
    looked = inferred = 0
    reported_ns = 0
    with ObservationWriter(file, header) as writer:
        for frame in source.frames(level, rate=rate):
            if spacing is not None:
                spacing.add(frame)
            image = sight.look(frame, detector.fit(frame.size))
            repeated = image is None and last is not None and last.size == frame.size
            if last is None or not repeated:
                shown = image if image is not None else frame.scaled(*detector.fit(frame.size))
                last = as_stored(detector.detect([shown], sizes=[frame.size])[0])
                inferred += 1
            looked += 1
            pixels = places.look(frame.at, None if repeated else shown, last)
            view = None
            if backdrop is not None and (known_ns is None or frame.at.utc_ns >= known_ns):
                view = backdrop.look(frame.at, None if repeated else frame.scaled(*size_for(frame.size)), last)
            writer.add(task.camera, frame.at, frame.pts, last, repeated, pixels, view)
            done_ns = frame.at.utc_ns - source.start.utc_ns
            if done_ns - reported_ns >= _REPORT_EVERY_NS:
                reported_ns = done_ns
                pool.send(Advanced(task.path, done_ns))
        if backdrop is not None:
            # Before the observations are whole, so that whole ones never lack it.
            write_whole(_memory_of(file), frozen(backdrop))
        coverage = source.coverage()
        if spacing is not None:
            spacing.end(coverage)
        end = {
            "level": str(level),
            "frames_looked_at": looked,
            "frames_inferred": inferred,
            "coverage": coverage_json(coverage),
        }
        writer.finish(end)
    return end


class _Spacing:
    """Watches the distance between keyframes. A hole in the footage explains a distance, a lazy encoder does not."""

    def __init__(self, max_interval_ns: int) -> None:
        self._max_ns = max_interval_ns
        self._before: Frame | None = None
        self._wide: list[tuple[int, int, int]] = []
        self._wide_in_a_row = 0

    def add(self, frame: Frame) -> None:
        """Take the next keyframe; raises _TooSparseError as soon as two distances in a row are too wide."""
        if self._before is not None:
            self._step(self._before, frame.pts, frame.at.utc_ns)
            if self._wide_in_a_row >= 2:
                raise _TooSparseError
        self._before = frame

    def end(self, coverage: Coverage) -> None:
        """The recording has ended; raises _TooSparseError where a distance is too wide and no gap explains it."""
        if self._before is not None and coverage.end is not None:
            self._step(self._before, _FAR, coverage.end.utc_ns)
        for after_pts, before_pts, distance_ns in self._wide:
            missing_ns = sum(
                gap.duration_ns for gap in coverage.gaps if after_pts <= gap.after_pts and gap.before_pts <= before_pts
            )
            if distance_ns - missing_ns > self._max_ns:
                raise _TooSparseError

    def _step(self, before: Frame, pts: int, utc_ns: int) -> None:
        distance_ns = utc_ns - before.at.utc_ns
        wide = distance_ns > self._max_ns
        self._wide_in_a_row = self._wide_in_a_row + 1 if wide else 0
        if wide:
            self._wide.append((before.pts, pts, distance_ns))
