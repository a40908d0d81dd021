"""A drawn street of 40 s with everything that an image set has to tell of, and requests about it.

From 4 s on a car stands in a fire lane. At its first sighting the picture is blurred; when the rule fires, at 18 s, a
bus that no detector found stands before the car; from 12 s to 13 s somebody on a bicycle rides past.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import rfc8785

from evidence_export.bag.digest import digest_file
from evidence_export.case import CaseRequest, Recording
from streams.interface import Coverage
from tests.evidence_export.conftest import FPS, POLICY, START, S, at, make_request
from vision.interface import Box, Hindrance, Moment, RoadUser, SeenLater

WIDTH, HEIGHT = 1280, 720
CAR: Box = (0.40, 0.50, 0.62, 0.75)
RIDER: Box = (0.66, 0.55, 0.71, 0.74)
SIGN_PLACE = [[0.16, 0.18], [0.22, 0.18], [0.22, 0.30], [0.16, 0.30]]
LINE_PLACE = [[0.24, 0.79], [0.78, 0.79], [0.78, 0.82], [0.24, 0.82]]
SIGN = {"kind": "sign", "name": "禁止停车标志", "code": "禁22", "place": SIGN_PLACE}
LINE = {"kind": "marking", "name": "消防车通道标线", "place": LINE_PLACE}
BLURRED, COVERED, RIDDEN = 4, 18, (12, 14)


def write_street(path: Path, seconds: int = 40) -> None:
    """H.264 with a keyframe every 2 s."""
    ground = _ground()
    with av.open(str(path), "w") as out:
        options = {"crf": "18", "x264-params": "keyint=10:min-keyint=10:scenecut=0:threads=1"}
        stream = out.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = Fraction(1, FPS)
        for number in range(seconds * FPS):
            frame = av.VideoFrame.from_ndarray(_picture(ground, number / FPS), "bgr24")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode())


def moment(seconds: float, others: tuple[RoadUser, ...] | None = (), box: Box = CAR) -> Moment:
    return Moment(at(seconds), box, 0.875, "car", 7, others)


RIDDEN_PAST = moment(12, (RoadUser("bicycle", RIDER, 0.75, came=True),))


def policy_of(*signs: dict[str, Any], purpose: str | None = "fire_lane", **more: Any) -> dict[str, Any]:
    zone = {**POLICY["zone"], "polygon": [[0.2, 0.45], [0.8, 0.45], [0.85, 0.86], [0.15, 0.86]]}
    zone |= {"purpose": purpose} if purpose else {}
    return {**POLICY, "zone": {**zone, **({"signs": list(signs)} if signs else {})}, **more}


def street_request(path: Path, policy: dict[str, Any], **changes: object) -> CaseRequest:
    """Seen in six looks until the rule fired and in four after that."""
    request = make_request(path)
    violation = replace(
        request.violation,
        policy_hash=hashlib.sha256(rfc8785.dumps(policy)).hexdigest(),
        stay=replace(request.violation.stay, place=CAR),
        moments=tuple(RIDDEN_PAST if second == 12 else moment(second) for second in (4, 6, 8, 12, 16, 18)),
        hindrance=Hindrance(7, 1, RIDDEN_PAST),
    )
    stay = replace(
        request.stay,
        place=CAR,
        last_seen=at(28),
        departed=(at(28), at(30)),
        seen_ns=24 * S,
        sworn_ns=24 * S,
        later=(SeenLater("no-parking", tuple(moment(second) for second in (20, 22, 24, 26))),),
    )
    recording = Recording(path, digest_file(path).sha256, START, Coverage(at(0), at(39.8), 200, 200, (), ()))
    request = replace(request, violation=violation, stay=stay, recordings=(recording,), policy=policy)
    return replace(request, **changes)


def _ground() -> np.ndarray[Any, Any]:
    generator = np.random.default_rng(7)
    image = np.full((HEIGHT, WIDTH, 3), 118, np.uint8)
    image[: HEIGHT * 2 // 5] = (168, 150, 132)
    texture = generator.integers(0, 40, (HEIGHT // 4, WIDTH // 4, 3), np.uint8)
    image += cv2.resize(texture, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
    for x in range(40, WIDTH, 160):
        cv2.rectangle(image, (x, 60), (x + 70, 200), (90, 70, 50), -1)
    left, top, right, bottom = _pixels((0.24, 0.79, 0.78, 0.82))
    image[top:bottom, left:right] = (60, 210, 240)
    cv2.line(image, (243, 215), (243, 420), (80, 80, 80), 8)
    cv2.circle(image, (243, 172), 36, (40, 40, 210), -1)
    cv2.circle(image, (243, 172), 28, (190, 90, 20), -1)
    cv2.line(image, (223, 152), (263, 192), (40, 40, 210), 8)
    return image


def _picture(ground: np.ndarray[Any, Any], second: float) -> np.ndarray[Any, Any]:
    image = ground.copy()
    if second >= 4:
        _car(image)
    if RIDDEN[0] <= second < RIDDEN[1]:
        x1, y1, x2, y2 = _pixels(RIDER)
        shift = round((second - RIDDEN[0]) * 180)
        cv2.ellipse(image, ((x1 + x2) // 2 + shift, (y1 + y2) // 2), (22, 66), 0, 0, 360, (30, 60, 20), -1)
        cv2.circle(image, ((x1 + x2) // 2 + shift, y1 + 8), 14, (120, 160, 210), -1)
    if COVERED <= second < COVERED + 1:
        x1, y1, x2, y2 = _pixels((0.30, 0.40, 0.56, 0.95))
        image[y1:y2, x1:x2] = (30, 160, 60)
        image[y1 + 40 : y1 + 120, x1 + 20 : x2 - 20] = (210, 200, 190)
    return cv2.GaussianBlur(image, (0, 0), 4) if BLURRED <= second < BLURRED + 1 else image


def _car(image: np.ndarray[Any, Any]) -> None:
    x1, y1, x2, y2 = _pixels(CAR)
    image[y1 + 40 : y2 - 20, x1:x2] = (50, 40, 190)
    image[y1 : y1 + 60, x1 + 50 : x2 - 50] = (50, 40, 190)
    image[y1 + 10 : y1 + 50, x1 + 66 : x2 - 66] = (190, 170, 150)
    for x in (x1 + 50, x2 - 50):
        cv2.circle(image, (x, y2 - 22), 22, (25, 25, 25), -1)
    image[y2 - 74 : y2 - 54, x1 + 104 : x1 + 174] = (200, 90, 20)


def _pixels(box: Box) -> tuple[int, int, int, int]:
    return round(box[0] * WIDTH), round(box[1] * HEIGHT), round(box[2] * WIDTH), round(box[3] * HEIGHT)
