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

import cv2
import numpy as np
import supervision as sv
from trackers import ByteTrackTracker

from bench.site import CLASSES, DWELL_S, MIN_SCORE, ZONE
from models.store import load_detector


def main() -> None:
    """Prints JSON: the frames read, and when each track id was first and last in the zone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("model")
    parser.add_argument("--seconds", type=float)
    given = parser.parse_args()

    detector = load_detector(given.model, min_score=MIN_SCORE, threads=1)
    capture = cv2.VideoCapture(given.file)
    fps = capture.get(cv2.CAP_PROP_FPS)
    width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    zone = sv.PolygonZone(polygon=(np.array(ZONE) * (width, height)).astype(np.int64))
    tracker = ByteTrackTracker(frame_rate=fps, track_activation_threshold=MIN_SCORE, high_conf_det_threshold=MIN_SCORE)
    frames_in_zone: dict[int, list[int]] = defaultdict(list)
    number = 0
    while given.seconds is None or number < given.seconds * fps:
        read, frame = capture.read()
        if not read:
            break
        found = detector.detect([frame])[0]
        wanted = np.isin(np.array(found.names, dtype=object), CLASSES) & (found.score >= MIN_SCORE)
        detections = sv.Detections(
            xyxy=found.xyxy[wanted], confidence=found.score[wanted], class_id=found.cls[wanted].astype(int)
        )
        tracked = tracker.update(detections)
        if len(tracked):
            for track in tracked.tracker_id[zone.trigger(tracked)]:
                if track >= 0:
                    frames_in_zone[int(track)].append(number)
        number += 1
    cases = [
        {"track": track, "arrived_s": frames[0] / fps, "last_seen_s": frames[-1] / fps, "dwell_s": len(frames) / fps}
        for track, frames in frames_in_zone.items()
        if len(frames) / fps > DWELL_S
    ]
    print(json.dumps({"frames": number, "tracks": len(frames_in_zone), "cases": cases}))


if __name__ == "__main__":
    main()
