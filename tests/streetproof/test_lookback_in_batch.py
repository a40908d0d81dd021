"""A batch narrows a departure by the frames between the last sighting and the first look without it."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence_export.case import CaseRequest
from evidence_export.keys import Ed25519Signer
from evidence_export.sealer import seal
from evidence_export.verifier import verify
from models.errors import InferenceError
from models.interface import Detections, Image
from streetproof.batch import lookback
from streetproof.batch.lookback import looked_back
from tests.evidence_export.conftest import FPS, POLICY, SEALED_AT, S, at, make_request
from tests.evidence_export.helpers import resign
from vision.lookback import PinReason

WIDTH, HEIGHT = 320, 180
LEAVES = 20.6
"""Seconds after the start; the engine saw it at 20, and its place without it at 22."""


def offset(second: float) -> int:
    """Pixels to the right of its place: ever faster."""
    frames = max(0, round((second - LEAVES) * FPS))
    return sum(min(28, 8 * k + 4) for k in range(frames))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "20260302_080000.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=FPS, options={"x264-params": "keyint=10:scenecut=0:threads=1"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = Fraction(1, FPS)
        for number in range(30 * FPS):
            image = np.full((HEIGHT, WIDTH, 3), 96, np.uint8)
            left = 128 + offset(number / FPS)
            if left < WIDTH:
                image[90:135, left : left + 64] = (40, 40, 200)
            frame = av.VideoFrame.from_ndarray(image, "bgr24")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


class RedFinder:
    """Finds the one red thing."""

    def __init__(self, request: CaseRequest) -> None:
        self.info = request.detector
        self.looks = 0

    def fit(self, size: tuple[int, int]) -> tuple[int, int]:
        return size

    def detect(self, images: Sequence[Image], sizes: Sequence[tuple[int, int]] | None = None) -> list[Detections]:
        self.looks += len(images)
        return [self._find(image) for image in images]

    def _find(self, image: Image) -> Detections:
        rows, columns = np.nonzero((image[..., 2] > 150) & (image[..., 0] < 90))
        size = (image.shape[1], image.shape[0])
        if not len(rows):
            return Detections.empty(size, self.info)
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        return Detections(
            np.array([box], np.float32), np.array([0.9], np.float32), np.array([1], np.int64), size, self.info
        )


@pytest.fixture
def request_(film: Path) -> CaseRequest:
    return make_request(film)


def test_the_frames_between_the_two_looks_tell_when_it_left(request_: CaseRequest, tmp_path: Path) -> None:
    finder = RedFinder(request_)
    narrowed = looked_back(request_, finder)
    pinned = narrowed.departure
    assert pinned is not None and pinned.reason is PinReason.SEEN_MOVING
    assert pinned.earliest is not None and pinned.latest is not None
    assert at(20).utc_ns <= pinned.earliest.utc_ns <= at(LEAVES + 0.4).utc_ns
    assert at(LEAVES).utc_ns <= pinned.latest.utc_ns < at(22).utc_ns
    assert finder.looks == 7 * FPS + 1
    assert narrowed == replace(request_, departure=pinned), "and nothing else"

    signer = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    bundle = seal(narrowed, tmp_path, signer, SEALED_AT).path
    assert verify(bundle, trusted_key=signer.fingerprint).ok
    departed = json.loads((bundle / "case.json").read_bytes())["violation"]["stay"]["departed"]
    assert departed == {
        "after": at(20).isoformat(),
        "by": at(22).isoformat(),
        "pinned": {
            "after": pinned.earliest.isoformat(),
            "by": pinned.latest.isoformat(),
            "reason": "seen_moving",
        },
    }
    readme = (bundle / "README.txt").read_text("utf-8")
    assert "逐帧回看离开时刻：" in readme and "looked at frame by frame: still in its place at" in readme

    def widen(case: dict[str, object]) -> None:
        case["violation"]["stay"]["departed"]["pinned"]["by"] = at(23).isoformat()  # type: ignore[index]

    resign(bundle, signer, widen)
    step = verify(bundle, trusted_key=signer.fingerprint).steps[10]
    assert [finding.what for finding in step.findings] == [
        "violation.stay.departed.pinned: it does not narrow the departure"
    ]


def test_what_did_not_end_or_is_no_parked_vehicle_is_not_looked_at(request_: CaseRequest) -> None:
    finder = RedFinder(request_)
    for departed in (None, (at(20), None)):
        left = replace(request_, stay=replace(request_.stay, departed=departed))
        assert looked_back(left, finder) is left
    policy = copy.deepcopy(POLICY)
    policy["policy"]["rules"][0]["kind"] = "intrusion"  # type: ignore[index]
    digest = hashlib.sha256(rfc8785.dumps(policy)).hexdigest()
    visit = replace(request_, policy=policy, violation=replace(request_.violation, policy_hash=digest))
    assert looked_back(visit, finder) is visit
    assert finder.looks == 0


def test_where_it_cannot_be_narrowed_the_interval_stays(
    request_: CaseRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Blind(RedFinder):
        def _find(self, image: Image) -> Detections:
            return Detections.empty((image.shape[1], image.shape[0]), self.info)

    class Broken(RedFinder):
        def _find(self, image: Image) -> Detections:
            raise InferenceError("out of memory")

    assert looked_back(request_, Blind(request_)) is request_
    assert looked_back(request_, Broken(request_)) is request_
    gone = replace(request_.recordings[0], path=tmp_path / "gone.mp4")
    assert looked_back(replace(request_, recordings=(gone,)), RedFinder(request_)).departure is None
    monkeypatch.setattr(lookback, "LIMIT", 3)
    finder = RedFinder(request_)
    looked_back(request_, finder)
    assert finder.looks == 3


def test_recordings_that_overlap_are_looked_at_once(request_: CaseRequest) -> None:
    finder = RedFinder(request_)
    twice = replace(request_, recordings=request_.recordings * 2)
    assert looked_back(twice, finder).departure == looked_back(request_, RedFinder(request_)).departure
    assert finder.looks == 7 * FPS + 1
    assert request_.limits.post_roll_ns >= 2 * S, "what is looked at lies in the recordings of the case"
