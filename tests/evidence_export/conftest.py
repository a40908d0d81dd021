"""A small real recording, a request about it, and sealed bundles to tamper with."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence_export import manifest
from evidence_export.bag.digest import digest_file
from evidence_export.case import CameraFacts, CaseRequest, Recording, SiteFacts, Software
from evidence_export.keys import Ed25519Signer
from evidence_export.sealer import seal
from models.interface import ModelInfo
from streams.instant import NS_PER_S, Instant, TimeSource
from streams.interface import Coverage
from tests.evidence_export.schema import watched
from vision.interface import Moment, Stay, Violation

S = NS_PER_S
START = Instant(1_772_409_600_000_000_000, TimeSource.FILENAME, S)  # 2026-03-02T00:00:00Z
SEALED_AT = Instant(1_772_500_000_123_456_789, TimeSource.ARRIVAL, 0)
FPS = 5
POLICY = {
    "policy": {
        "id": "east-road",
        "name": "东大街一路一策",
        "version": "3",
        "rules": [
            {
                "id": "no-parking",
                "kind": "no_parking",
                "dwell": "12s",
                "min_score": 0.3,
                "legal_basis": {"id": None, "statute": None, "reviewed_by": None},
            }
        ],
    },
    "zone": {
        "id": "kerb",
        "name": "东侧路缘",
        "polygon": [[0.3, 0.4], [0.7, 0.4], [0.75, 0.8], [0.25, 0.8]],
        "rules": ["no-parking"],
    },
}


def at(seconds: float) -> Instant:
    return START.shifted(round(seconds * S))


def write_recording(path: Path, seconds: int, *, width: int = 320, height: int = 180, seed: int = 0) -> None:
    """An H.264 recording with a keyframe every 2 s: a car-like block stands from 4 s on."""
    ground = np.full((height, width, 3), 96 + seed, np.uint8)
    ground += np.linspace(0, 60, width, dtype=np.uint8)[None, :, None]
    with av.open(str(path), "w") as out:
        stream = out.add_stream(
            "libx264", rate=FPS, options={"x264-params": "keyint=10:min-keyint=10:scenecut=0:threads=1"}
        )
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = Fraction(1, FPS)
        for number in range(seconds * FPS):
            image = ground.copy()
            image[5:15, number % (width - 20) : number % (width - 20) + 20] = 255
            if number >= 4 * FPS:
                image[height // 2 : height * 3 // 4, width * 2 // 5 : width * 3 // 5] = (40, 40, 200)
            frame = av.VideoFrame.from_ndarray(image, "bgr24")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode())


def moment(seconds: float) -> Moment:
    return Moment(at(seconds), (0.4, 0.5, 0.6, 0.75), 0.8125, "car", 7)


def make_request(path: Path, **changes: object) -> CaseRequest:
    stay = Stay(
        id="stay-0001",
        camera="cam-1",
        zone="kerb",
        place=(0.4, 0.5, 0.6, 0.75),
        appearance=None,
        cls="car",
        arrived=(at(2), at(4)),
        last_seen=at(18),
        departed=None,
        seen_ns=14 * S,
        sworn_ns=14 * S,
        occluded_ns=0,
        gap_ns=0,
        sightings=8,
    )
    violation = Violation(
        rule="no-parking",
        zone="kerb",
        policy="east-road",
        policy_hash=hashlib.sha256(rfc8785.dumps(POLICY)).hexdigest(),
        allowed_ns=12 * S,
        fired_at=at(18),
        stay=stay,
        moments=(moment(4), moment(10), moment(18)),
        dwell_lower_bound_ns=14 * S,
    )
    request = CaseRequest(
        site=SiteFacts("demo", "示范区综合行政执法局", "Asia/Shanghai"),
        camera=CameraFacts("cam-1", "东大街1号机", road="东大街", direction="由北向南", owner="示范区综合行政执法局"),
        violation=violation,
        stay=replace(stay, last_seen=at(20), departed=(at(20), at(22)), seen_ns=16 * S, sightings=9),
        recordings=(Recording(path, digest_file(path).sha256, START, Coverage(at(0), at(29.8), 150, 150, (), ())),),
        detector=ModelInfo("yolox-nano", "ab" * 32, "Apache-2.0", "yolox", ("person", "car"), (416, 416)),
        policy=POLICY,
        config_sha256="cd" * 32,
        software=Software("streetproof", "0.1.0"),
        detector_settings={"min_score": 0.1, "iou": 0.45},
        look={"level": "keyframes"},
    )
    return replace(request, **changes)


@pytest.fixture(scope="session", autouse=True)
def _manifests_fit_the_schema() -> Iterator[None]:
    """Every case that a test of this folder seals is held against the published schema."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest, "build", watched(manifest.build))
        yield


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("录像 一") / "东门 20260302_080000.mp4"
    write_recording(path, 30)
    return path


@pytest.fixture(scope="session")
def request_(recording: Path) -> CaseRequest:
    return make_request(recording)


@pytest.fixture(scope="session")
def signer() -> Ed25519Signer:
    return Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@pytest.fixture(scope="session")
def sealed_folder(request_: CaseRequest, signer: Ed25519Signer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seal(request_, tmp_path_factory.mktemp("案件 库"), signer, SEALED_AT).path


@pytest.fixture(scope="session")
def sealed_zip(request_: CaseRequest, signer: Ed25519Signer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seal(request_, tmp_path_factory.mktemp("zips"), signer, SEALED_AT, as_zip=True).path


@pytest.fixture
def bundle(sealed_folder: Path, tmp_path: Path) -> Path:
    """A copy to tamper with."""
    return Path(shutil.copytree(sealed_folder, tmp_path / "证据 包" / sealed_folder.name))
