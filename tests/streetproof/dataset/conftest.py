"""Four sealed cases of three cameras; two of them show the same frames. And models that find what they are told to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence_export.case import CaseRequest
from evidence_export.keys import Ed25519Signer
from evidence_export.sealer import seal
from models.interface import Detections, ModelInfo
from models.plates.interface import PlateSpot
from streetproof.dataset.masking import Masker
from tests.evidence_export.conftest import SEALED_AT, make_request, write_recording

SIZE = (320, 180)
PLACES = {"first": (0.4, 0.5, 0.6, 0.75), "beside": (0.1, 0.5, 0.3, 0.75)}
PERSON = (0.02, 0.1, 0.07, 0.6)
STRANGER = (0.7, 0.5, 0.9, 0.75)


@dataclass(frozen=True)
class Bundles:
    """Where each bundle is, by what it is called here."""

    folder: Path
    paths: dict[str, Path]
    key: str

    def id(self, name: str) -> str:
        return self.paths[name].stem


def request_for(path: Path, camera: str, stay: str, place: tuple[float, float, float, float]) -> CaseRequest:
    request = make_request(path)
    moments = tuple(replace(moment, box=place) for moment in request.violation.moments)
    judged = replace(request.violation.stay, id=stay, camera=camera, place=place)
    return replace(
        request,
        camera=replace(request.camera, id=camera),
        stay=replace(request.stay, id=stay, camera=camera, place=place),
        violation=replace(request.violation, stay=judged, moments=moments),
    )


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    folder, footage = tmp_path_factory.mktemp("案件 库"), tmp_path_factory.mktemp("录像 库")
    signer = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    paths = {}
    for camera in ("cam-1", "cam-2", "cam-3"):
        recording = footage / f"{camera} 20260302_080000.mp4"
        write_recording(recording, 24, seed=int(camera[-1]))
        stays = PLACES if camera == "cam-1" else {camera: PLACES["first"]}
        for name, place in stays.items():
            request = request_for(recording, camera, f"stay-{name}", place)
            sealed = seal(request, folder / camera, signer, SEALED_AT, as_zip=camera == "cam-2")
            paths[name] = sealed.path
    return Bundles(folder, paths, signer.fingerprint)


class Told:
    """A detector that finds the same in every whole picture, and nothing in parts of one."""

    info = ModelInfo("told", "1" * 64, "x", "yolov8", ("person", "car"), (64, 64))

    def __init__(self, *found: tuple[str, tuple[float, float, float, float]], size: tuple[int, int] = SIZE) -> None:
        self.found = found
        self.size = size

    def fit(self, size: tuple[int, int]) -> tuple[int, int]:
        return size

    def detect(self, images, sizes=None) -> list[Detections]:
        return [self._one((image.shape[1], image.shape[0])) for image in images]

    def _one(self, size: tuple[int, int]) -> Detections:
        if size != self.size:
            return Detections.empty(size, self.info)
        boxes = np.array([box for _, box in self.found], np.float32).reshape(-1, 4) * np.tile(size, 2).astype(
            np.float32
        )
        cls = np.array([self.info.classes.index(name) for name, _ in self.found], np.int64)
        return Detections(boxes, np.full(len(cls), 0.5, np.float32), cls, size=size, model=self.info)


class Plates:
    """A reader that finds one plate in the middle of whatever is smaller than a whole picture."""

    models = ("told-plates@2",)

    def __init__(self, size: tuple[int, int] = SIZE) -> None:
        self.size = size

    def find(self, image) -> list[PlateSpot]:
        height, width = image.shape[:2]
        if (width, height) == self.size:
            return []
        x, y = width / 2, height / 2
        return [PlateSpot(((x - 8, y - 3), (x + 8, y - 3), (x + 8, y + 3), (x - 8, y + 3)), 0.9, 0.3, True)]

    def read(self, image, spots=None):
        raise AssertionError("nobody needs to read them")


@pytest.fixture
def masker() -> Masker:
    return Masker(Told(("person", PERSON), ("car", PLACES["first"]), ("car", STRANGER)), Plates())
