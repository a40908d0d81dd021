"""The plain script that people write: every frame -> YOLO -> ByteTrack -> polygon -> timer per track id.

    python -m bench.peer FILE MODEL [--seconds N]

Kept as the tutorials have it (OpenCV capture, dwell = frames / nominal fps, one timer per tracker id), with the same
model and the same score threshold as our batch. It gets one kindness: ByteTrack's activation threshold is lowered to
the detector's, without which it would track nothing that YOLOX-Nano scores below 0.7.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import supervision as sv
from trackers import ByteTrackTracker

from bench.site import CLASSES, DWELL_S, MIN_SCORE, ZONE
from models.detector import YoloDetector
from models.store import load_detector

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PeerCase:
    """A track that was in the zone for too long; seconds are frames / nominal fps."""

    track: int
    arrived_s: float
    last_seen_s: float
    dwell_s: float
    box: Box
    """Where it was when it had been there for half of its time, in fractions of the image."""


@dataclass(frozen=True, slots=True)
class PeerResult:
    """What the script says of one recording."""

    frames: int
    tracks: int
    cases: tuple[PeerCase, ...]


class Timers:
    """Tracks, zone and timers: all of the script but the model."""

    def __init__(self, fps: float, size: tuple[float, float]) -> None:
        self._fps = fps
        self._size = size
        self._zone = sv.PolygonZone(polygon=(np.array(ZONE) * size).astype(np.int64))
        self._tracker = ByteTrackTracker(
            frame_rate=fps, track_activation_threshold=MIN_SCORE, high_conf_det_threshold=MIN_SCORE
        )
        self._in_zone: dict[int, list[tuple[int, Box]]] = defaultdict(list)

    def add(self, number: int, detections: sv.Detections) -> None:
        """The next frame's detections."""
        tracked = self._tracker.update(detections)
        if len(tracked):
            inside = self._zone.trigger(tracked)
            for track, box in zip(tracked.tracker_id[inside], tracked.xyxy[inside], strict=True):
                if track >= 0:
                    self._in_zone[int(track)].append((number, tuple(float(v) for v in box)))  # type: ignore[arg-type]

    def result(self, frames: int) -> PeerResult:
        """All timers that ran out."""
        cases = tuple(
            self._case(track, seen) for track, seen in self._in_zone.items() if len(seen) / self._fps > DWELL_S
        )
        return PeerResult(frames, len(self._in_zone), cases)

    def _case(self, track: int, seen: list[tuple[int, Box]]) -> PeerCase:
        fps, (width, height) = self._fps, self._size
        x1, y1, x2, y2 = seen[len(seen) // 2][1]
        box = (max(0.0, x1 / width), max(0.0, y1 / height), min(1.0, x2 / width), min(1.0, y2 / height))
        return PeerCase(track, seen[0][0] / fps, seen[-1][0] / fps, len(seen) / fps, box)


def watch(file: str | Path, detector: YoloDetector, seconds: float | None = None) -> PeerResult:
    """The whole script on the first `seconds` of one recording."""
    capture = cv2.VideoCapture(str(file))
    fps = capture.get(cv2.CAP_PROP_FPS)
    timers = Timers(fps, (capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
    number = 0
    for number, frame in enumerate(_frames(capture, None if seconds is None else seconds * fps), start=1):
        found = detector.detect([frame])[0]
        wanted = np.isin(np.array(found.names, dtype=object), CLASSES) & (found.score >= MIN_SCORE)
        detections = sv.Detections(
            xyxy=found.xyxy[wanted], confidence=found.score[wanted], class_id=found.cls[wanted].astype(int)
        )
        timers.add(number - 1, detections)
    return timers.result(number)


def _frames(capture: Any, limit: float | None) -> Iterator[npt.NDArray[np.uint8]]:
    number = 0
    while limit is None or number < limit:
        read, frame = capture.read()
        if not read:
            return
        yield frame
        number += 1


def main() -> None:
    """Prints JSON: the frames read, and when each track id was first and last in the zone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("model")
    parser.add_argument("--seconds", type=float)
    given = parser.parse_args()
    result = watch(given.file, load_detector(given.model, min_score=MIN_SCORE, threads=1), given.seconds)
    cases = [
        {"track": one.track, "arrived_s": one.arrived_s, "last_seen_s": one.last_seen_s, "dwell_s": one.dwell_s}
        for one in result.cases
    ]
    print(json.dumps({"frames": result.frames, "tracks": result.tracks, "cases": cases}))


if __name__ == "__main__":
    main()
