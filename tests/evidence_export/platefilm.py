"""A small recording of a grey street on which drawn plates stand or pass, and a detector that is told of vehicles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np

from evidence_export.bag.digest import digest_file
from evidence_export.case import CaseRequest, PlateRules, Recording
from models.interface import Detections, Image, ModelInfo
from streams.interface import Coverage
from tests.evidence_export.conftest import FPS, START, at, make_request
from tests.models.plates.drawing import plate
from vision.interface import Box

SIZE = (640, 360)
SECONDS = 24
OWN: Box = (0.25, 0.2, 0.75, 0.8)
"""Where the vehicle is said to stand: 320 x 216 pixels."""
MODEL = ModelInfo("told", "ab" * 32, "Apache-2.0", "yolox", ("person", "car", "truck"), (416, 416))
# Read well when drawn at this size; no real plate stands behind any of them.
TEXT, OTHER = "苏E05K83", "京C86B72"


@dataclass(frozen=True)
class Shown:
    """A plate on the street from `since` to `until` (seconds)."""

    text: str
    centre: tuple[int, int] = (320, 230)
    width: int = 110
    since: float = 0
    until: float = SECONDS
    blur: float = 0


def film(path: Path, *shown: Shown) -> Path:
    """H.264 with a keyframe every 2 s."""
    rng = np.random.default_rng(1)
    ground = np.clip(rng.normal(110, 6, (SIZE[1], SIZE[0], 3)), 0, 255).astype(np.uint8)
    with av.open(str(path), "w") as out:
        options = {"x264-params": "keyint=10:min-keyint=10:scenecut=0:threads=1", "crf": "18", "preset": "ultrafast"}
        stream = out.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.time_base = Fraction(1, FPS)
        for number in range(SECONDS * FPS):
            frame = av.VideoFrame.from_ndarray(_drawn(ground, shown, number / FPS), "bgr24")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def _drawn(ground: Image, shown: Sequence[Shown], second: float) -> Image:
    image = ground.copy()
    for one in shown:
        if one.since <= second < one.until:
            width, height = one.width, round(one.width * 140 / 440)
            face = cv2.resize(_plate(one.text), (width, height), interpolation=cv2.INTER_AREA)
            x, y = one.centre[0] - width // 2, one.centre[1] - height // 2
            image[y : y + height, x : x + width] = face
            if one.blur:
                edge = 12
                around = (slice(y - edge, y + height + edge), slice(x - edge, x + width + edge))
                image[around] = cv2.GaussianBlur(image[around], (0, 0), one.blur)
    return image


_plate = cache(plate)


class Told:
    """A `models.Detector` that gives the same boxes for every picture: the vehicle's own, and those of `others`."""

    info = MODEL

    def __init__(self, *others: Box, own: Box | None = OWN) -> None:
        self._boxes = [*([own] if own else []), *others]

    def fit(self, size: tuple[int, int]) -> tuple[int, int]:
        return size

    def detect(self, images: Sequence[Image], sizes: Sequence[tuple[int, int]] | None = None) -> list[Detections]:
        found = []
        for image in images:
            height, width = image.shape[:2]
            xyxy = np.array(self._boxes, np.float32).reshape(-1, 4) * np.float32((width, height, width, height))
            count = len(self._boxes)
            score, cls = np.full(count, 0.9, np.float32), np.ones(count, np.int64)
            found.append(Detections(xyxy, score, cls, (width, height), MODEL))
        return found


def about(path: Path, **changes: object) -> CaseRequest:
    """The request of `conftest`, about a vehicle that stands at `OWN` in that recording, with its plate to be read."""
    base = make_request(path)
    moments = tuple(replace(one, box=OWN) for one in base.violation.moments)
    stay = replace(base.violation.stay, place=OWN)
    frames = SECONDS * FPS
    recording = Recording(path, digest_file(path).sha256, START, Coverage(at(0), at(23.8), frames, frames, (), ()))
    request = replace(
        base,
        violation=replace(base.violation, stay=stay, moments=moments),
        stay=replace(base.stay, place=OWN),
        recordings=(recording,),
        plates=PlateRules(frames=2),
    )
    return replace(request, **changes)
