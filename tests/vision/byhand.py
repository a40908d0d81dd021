"""Footage without pictures: what a detector would have said, written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from zoneinfo import ZoneInfo

import numpy as np

from models.interface import Detections, ModelInfo
from streams.instant import NS_PER_S, Instant, TimeSource
from vision.engine import Engine
from vision.interface import Box, Event
from vision.policy import CameraRules, build_camera_rules, parse_policy

SHANGHAI = ZoneInfo("Asia/Shanghai")
MODEL = ModelInfo(
    name="by-hand",
    sha256="0" * 64,
    licence="none",
    layout="none",
    classes=("person", "car", "truck", "bus"),
    input_size=(416, 416),
)
T0 = 1_793_606_400 * NS_PER_S  # 2026-11-02 08:00 UTC, a Monday, 16:00 in Shanghai
PARKED: Box = (0.82, 0.40, 0.94, 0.56)
KERB = [[0.78, 0.2], [1.0, 0.2], [1.0, 0.9], [0.78, 0.9]]

Seen = tuple[str, float, Box]


def at(seconds: float, source: TimeSource = TimeSource.CONTAINER) -> Instant:
    return Instant(T0 + round(seconds * NS_PER_S), source, 0)


def detections(seen: Iterable[Seen], size: tuple[int, int] = (1920, 1080), model: ModelInfo = MODEL) -> Detections:
    rows = sorted(seen, key=lambda row: -row[1])
    if not rows:
        return Detections.empty(size, model)
    width, height = size
    return Detections(
        xyxy=(np.array([box for _, _, box in rows]) * (width, height, width, height)).astype(np.float32),
        score=np.array([score for _, score, _ in rows], np.float32),
        cls=np.array([model.classes.index(cls) for cls, _, _ in rows], np.int64),
        size=size,
        model=model,
    )


def moved(box: Box, dx: float = 0.0, dy: float = 0.0) -> Box:
    """The box moved by shares of its own width and height."""
    w, h = box[2] - box[0], box[3] - box[1]
    return (box[0] + dx * w, box[1] + dy * h, box[2] + dx * w, box[3] + dy * h)


def rules(
    camera: str = "gt-01",
    zones: Sequence[dict[str, object]] = ({"id": "west-kerb", "polygon": KERB, "rules": ["no-parking"]},),
    **rule: object,
) -> CameraRules:
    one = {"id": "no-parking", "kind": "no_parking", "classes": ["car", "truck", "bus"], "dwell": "60s"} | rule
    policy = parse_policy({"id": "guta-road", "name": "古塔路一路一策", "version": "1", "rules": [one]})
    return build_camera_rules(camera, policy, list(zones))


Script = Callable[[float], Iterable[Seen]]


def play(
    engine: Engine,
    script: Script,
    until: float,
    *,
    start: float = 0.0,
    every: float = 2.0,
    camera: str = "gt-01",
    model: ModelInfo = MODEL,
) -> list[Event]:
    """Events of samples every `every` seconds from `start` up to and including `until`."""
    events: list[Event] = []
    steps = round((until - start) / every)
    for i in range(steps + 1):
        t = start + i * every
        events += engine.step(camera, at(t), detections(script(t), model=model))
    return events
