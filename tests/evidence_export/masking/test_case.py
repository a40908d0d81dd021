"""A sealed case goes in, masked copies and an account of them come out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from evidence_export.bag import canonical
from evidence_export.bag.canonical import JsonObject
from evidence_export.bag.digest import digest_file
from evidence_export.errors import MaskError
from evidence_export.masking.case import mask_case
from evidence_export.masking.interface import Scope, Settings
from evidence_export.masking.own import own_of
from models.catalog import load_catalog
from models.errors import InferenceError, ModelRefusedError
from models.interface import Detections, Image, ModelInfo
from tests.evidence_export.helpers import files_of
from tests.evidence_export.masking.told import lumas
from vision.interface import Box

MODEL = ModelInfo("told", "ab" * 32, "Apache-2.0", "yolox", ("person", "car", "face"), (416, 416))
OWN: Box = (0.4, 0.5, 0.6, 0.75)
PERSON: Box = (0.1, 0.2, 0.25, 0.9)
BEFORE: Box = (0.42, 0.45, 0.48, 0.9)
"""Somebody before the vehicle."""
NEIGHBOUR: Box = (0.65, 0.45, 0.95, 0.8)
SMALL = (320, 180)


class Everywhere:
    """A detector that finds the same in every whole picture."""

    def __init__(self, *boxes: tuple[str, Box], info: ModelInfo = MODEL) -> None:
        self._boxes, self.info = boxes, info

    def fit(self, size: tuple[int, int]) -> tuple[int, int]:
        return size

    def detect(self, images: Sequence[Image], sizes: object = None) -> list[Detections]:
        found = []
        for image in images:
            size = image.shape[1], image.shape[0]
            if size != SMALL:
                found.append(Detections.empty(size, self.info))
                continue
            xyxy = np.array([box for _, box in self._boxes], np.float32).reshape(-1, 4) * np.float32([*size, *size])
            cls = np.array([self.info.classes.index(name) for name, _ in self._boxes], np.int64)
            found.append(Detections(xyxy, np.full(len(cls), 0.9, np.float32), cls, size, self.info))
        return found


STREET = Everywhere(("car", OWN), ("person", PERSON), ("person", BEFORE), ("car", NEIGHBOUR))
FAST = Settings(looks_per_s=2, motion=False)


def case_of(bundle: Path) -> JsonObject:
    case = canonical.loads((bundle / "case.json").read_bytes())
    assert isinstance(case, dict)
    return case


def grey(image: Image, x: float, y: float, factor: int = 1) -> bool:
    return bool((image[round(y * SMALL[1] * factor), round(x * SMALL[0] * factor)] == 114).all())


def test_every_copy_is_masked_and_named_with_its_original(bundle: Path, tmp_path: Path) -> None:
    before = {name: digest_file(bundle / name).sha256 for name in files_of(bundle)}
    steps: list[tuple[str, int, int]] = []
    out = tmp_path / "副本"
    made = mask_case(
        bundle, case_of(bundle), out, detector=STREET, settings=FAST, progress=lambda *step: steps.append(step)
    )
    assert {name: digest_file(bundle / name).sha256 for name in files_of(bundle)} == before, "originals are only read"
    names = {one.path: one.parent for one in made.files}
    assert names == {
        "clip.mp4": "data/clip.mp4",
        **{f"panorama-{n}.png": f"data/stills/panorama-{n}.png" for n in (1, 2)},
        **{f"panorama-{n}-overlay.png": f"data/overlay/panorama-{n}.png" for n in (1, 2)},
    }
    assert {one.name for one in out.iterdir()} == set(names)
    for one in made.files:
        digest = digest_file(out / one.path)
        assert (one.sha256, one.size) == (digest.sha256, digest.size)
        assert one.parent_sha256 == before[one.parent]
        assert one.transform.isascii() and f"told@{'ab' * 32}" in one.transform
        assert (out / one.path).read_bytes() != (bundle / one.parent).read_bytes()
    json.dumps(made.document())
    assert {what for what, _, _ in steps} == {"looking 查找", "masking 遮盖", "stills 图片"}
    assert all(done <= of for _, done, of in steps)
    clip = next(one for one in made.files if one.role == "clip")
    assert clip.counts.frames == clip.counts.painted == len(lumas(out / "clip.mp4")) > 0
    looks = clip.counts.looked_at
    # What stands at the own vehicle's place before and after its stay is another vehicle.
    assert clip.counts.people == 2 * looks and looks < clip.counts.vehicles < 2 * looks


def test_stills_and_their_copies_with_the_bar_are_masked_alike(bundle: Path, tmp_path: Path) -> None:
    mask_case(bundle, case_of(bundle), tmp_path / "out", detector=STREET, settings=FAST)
    for number in (1, 2):
        still = cv2.imread(str(tmp_path / "out" / f"panorama-{number}.png"))
        copy = cv2.imread(str(tmp_path / "out" / f"panorama-{number}-overlay.png"))
        original = cv2.imread(str(bundle / f"data/overlay/panorama-{number}.png"))
        assert still is not None and copy is not None and original is not None
        for image, factor in ((still, 1), (copy, copy.shape[1] // SMALL[0])):
            assert grey(image, 0.17, 0.22, factor) and grey(image, 0.12, 0.4, factor), "the head"
            assert grey(image, 0.45, 0.5, factor), "somebody before the vehicle"
            assert grey(image, 0.8, 0.75, factor) and grey(image, 0.9, 0.6, factor), "the neighbour's plate"
            assert not grey(image, 0.55, 0.65, factor), "the case's own vehicle"
        bar = SMALL[1] * (copy.shape[1] // SMALL[0])
        assert np.array_equal(copy[bar:], original[bar:]), "the bar stays"


def test_the_same_case_gives_the_same_copies(bundle: Path, tmp_path: Path) -> None:
    made = [
        mask_case(bundle, case_of(bundle), tmp_path / name, detector=STREET, settings=FAST).document() for name in "ab"
    ]
    assert made[0] == made[1]


def test_without_a_model_only_the_vehicles_place_can_be_shown(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(MaskError, match="without a model"):
        mask_case(bundle, case_of(bundle), tmp_path / "out", detector=None)
    assert not (tmp_path / "out").exists()
    made = mask_case(bundle, case_of(bundle), tmp_path / "out", detector=None, scope=Scope.ALL_BUT_VEHICLE)
    assert made.models == () and len(made.files) == 5
    for number in (1, 2):
        still = cv2.imread(str(tmp_path / "out" / f"panorama-{number}.png"))
        original = cv2.imread(str(bundle / f"data/stills/panorama-{number}.png"))
        assert still is not None and original is not None
        middle = slice(round(0.55 * 180), round(0.7 * 180)), slice(round(0.45 * 320), round(0.55 * 320))
        assert np.array_equal(still[middle], original[middle]), "the vehicle shows"
        # 16 cells along the longer side: 20 pixels each.
        assert all((still[:20, x : x + 20] == still[0, x]).all() for x in range(0, 320, 20))


def test_somebody_the_model_finds_before_the_vehicle_is_hidden_there_too(bundle: Path, tmp_path: Path) -> None:
    mask_case(bundle, case_of(bundle), tmp_path / "out", detector=STREET, scope=Scope.ALL_BUT_VEHICLE, settings=FAST)
    still = cv2.imread(str(tmp_path / "out" / "panorama-1.png"))
    assert still is not None and grey(still, 0.45, 0.52) and not grey(still, 0.55, 0.65)


def test_a_weak_model_is_called_weak_and_somebody_has_to_look(bundle: Path, tmp_path: Path) -> None:
    entry = load_catalog().entry("yolov3-tiny")
    assert entry.sha256 is not None
    weak = Everywhere(info=replace(MODEL, name=entry.name, sha256=entry.sha256))
    made = mask_case(bundle, case_of(bundle), tmp_path / "out", detector=weak, settings=FAST)
    assert made.weak == entry.weak and made.document()["must_be_looked_at"] is True
    said = " ".join(one.en for one in made.cautions)
    assert "a person must look" in said and "is weak" in said and "no model found anything" in said
    assert all(one.zh and one.zh != one.en for one in made.cautions)
    assert made.counts.without_detection == made.counts.looked_at > 0
    strong = mask_case(bundle, case_of(bundle), tmp_path / "b", detector=STREET, settings=FAST)
    assert strong.weak == "" and "a person must look" in strong.cautions[0].en


def test_an_original_that_was_changed_is_not_masked(bundle: Path, tmp_path: Path) -> None:
    case = case_of(bundle)
    path = bundle / "data/overlay/panorama-2.png"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(MaskError, match="not the file that the case lists"):
        mask_case(bundle, case, tmp_path / "out", detector=STREET, settings=FAST)
    assert not (tmp_path / "out").exists(), "what was made before is removed"


class Failing(Everywhere):
    """Fails at the stills, when the clip is done."""

    def detect(self, images: Sequence[Image], sizes: object = None) -> list[Detections]:
        self.count = getattr(self, "count", 0) + 1
        if self.count > 60:
            raise InferenceError("the model failed")
        return super().detect(images, sizes)


def test_what_is_not_finished_does_not_stay(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(InferenceError):
        mask_case(bundle, case_of(bundle), tmp_path / "out", detector=Failing(("person", PERSON)), settings=FAST)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "/etc/passwd", "data/../data/clip.mp4", "data/none.mp4", "README.txt/x"]
)
def test_a_case_that_names_other_files_is_refused(bundle: Path, tmp_path: Path, path: str) -> None:
    case: Any = json.loads(json.dumps(case_of(bundle)))
    case["clips"][0]["path"] = path
    with pytest.raises(MaskError):
        mask_case(bundle, case, tmp_path / "out", detector=STREET, settings=FAST)


@pytest.mark.parametrize(
    "change",
    [
        lambda case: case.pop("violation"),
        lambda case: case["violation"]["stay"].update(place=["0.5", "0.5", "0.1", "0.9"]),
        lambda case: case["violation"]["stay"].update(place=["nan", "0", "1", "1"]),
        lambda case: case.update(clips=[{"path": "data/clip.mp4"}]),
        lambda case: case.update(files=[1]),
        lambda case: case["images"].update(panoramas=[{}]),
        lambda case: case["images"]["panoramas"][0].update(at="yesterday"),
    ],
)
def test_a_case_that_makes_no_sense_is_told(bundle: Path, tmp_path: Path, change: Any) -> None:
    case: Any = json.loads(json.dumps(case_of(bundle)))
    change(case)
    with pytest.raises(MaskError, match=r"case\.json"):
        mask_case(bundle, case, tmp_path / "out", detector=STREET, settings=FAST)


def test_models_that_cannot_do_it_are_refused(bundle: Path, tmp_path: Path) -> None:
    blind = Everywhere(info=replace(MODEL, classes=("car",)))
    with pytest.raises(ModelRefusedError, match="people"):
        mask_case(bundle, case_of(bundle), tmp_path / "out", detector=blind)
    with pytest.raises(ModelRefusedError, match="faces"):
        mask_case(bundle, case_of(bundle), tmp_path / "out", detector=STREET, faces=blind)


def test_a_face_without_a_body_is_masked(bundle: Path, tmp_path: Path) -> None:
    faces = Everywhere(("face", (0.3, 0.3, 0.34, 0.38)))
    made = mask_case(
        bundle, case_of(bundle), tmp_path / "out", detector=Everywhere(("car", OWN)), faces=faces, settings=FAST
    )
    still = cv2.imread(str(tmp_path / "out" / "panorama-1.png"))
    assert still is not None and grey(still, 0.32, 0.34) and made.counts.faces > 0
    masked = lumas(tmp_path / "out" / "clip.mp4")
    assert all(abs(int(luma[round(0.34 * 180), round(0.32 * 320)]) - 114) < 5 for luma in masked)


def test_the_own_vehicle_is_known_from_the_case(bundle: Path) -> None:
    own = own_of(case_of(bundle))
    assert own.cls == "car" and OWN in own.boxes and own.plate is None
    assert own.since_ns is not None and own.arrived_ns is not None and own.until_ns is not None
    assert not own.stands(own.since_ns - 1) and own.stands(own.arrived_ns) and not own.stands(own.until_ns + 1)
    assert own.is_at((130.0, 92.0, 190.0, 134.0), SMALL) and not own.is_at((210.0, 81.0, 300.0, 144.0), SMALL)
    assert own.is_at((140.0, 100.0, 160.0, 120.0), SMALL), "a part of it is it"
    assert not own.is_at((140.0, 100.0, 160.0, 134.0), SMALL, "motorcycle"), "a motorcycle before it is not"
