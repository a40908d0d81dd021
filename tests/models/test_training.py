"""The real thing, with Ultralytics, OpenVINO and NNCF: trained, interrupted, gone on with, exported, quantised, run."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.backends.ultralytics import INSTALL
from models.catalog import Catalog, load_catalog
from models.checks import check
from models.dataset.pictures import Pictures, choose
from models.errors import ExportError, TrainingError
from models.exporting.export import ExportKind, export
from models.store import load_detector
from models.training.interface import Progress, TrainPlan
from models.training.run import train
from tests.models.dataset.drawn import write_dataset

NNCF = "Install it with: pip install 'streetproof[int8]'"


def there(*names: str) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in names)


needs_ultralytics = pytest.mark.skipif(not there("torch", "ultralytics"), reason=INSTALL)
needs_nncf = pytest.mark.skipif(not there("openvino", "nncf"), reason=NNCF)
PLAN = TrainPlan("yolo11n.yaml", "red-squares", epochs=2, imgsz=64, batch=4, workers=0, device="cpu")


class Enough(Exception):
    """Stands for Ctrl-C."""


@needs_ultralytics
def test_a_training_that_is_interrupted_goes_on_and_ends_in_a_model(tmp_path: Path) -> None:
    dataset, out = write_dataset(tmp_path / "数据 集"), tmp_path / "结果 一"
    before = {p: p.read_bytes() for p in dataset.parent.rglob("*") if p.is_file()}
    shown: list[int] = []

    def stop(progress: Progress) -> None:
        shown.append(progress.epoch)
        if progress.metrics:
            raise Enough

    with pytest.raises(Enough):
        train(dataset, PLAN, out, progress=stop, made_at="2026-11-24T00:00:00Z")
    assert set(shown) == {1}
    shown.clear()
    done = train(dataset, PLAN, out, progress=lambda p: shown.append(p.epoch), made_at="2026-11-24T00:00:00Z")
    assert done.resumed and set(shown) == {2}
    assert done.difference is not None and done.difference.numbers < 0.01
    card = json.loads(done.card.read_bytes())
    assert card["training"]["tries"] == [1, 2] and card["training"]["epochs_done"] == 2
    assert card["dataset"]["boxes"] == {"train": {"小汽车": 4}, "val": {"小汽车": 2}}
    assert set(card["metrics"]["values"]) == {"precision", "recall", "map50", "map50_95"}
    assert card["licence"] == "AGPL-3.0" and card["base"]["from_nothing"]
    assert all(step.ok for step in check(done.model))
    assert load_detector(done.model).info.classes == ("小汽车",)
    assert {p: p.read_bytes() for p in dataset.parent.rglob("*") if p.is_file()} == before
    again = train(dataset, PLAN, out, progress=lambda p: pytest.fail("nothing is left to do"), made_at="")
    assert again.done_before and again.metrics == card["metrics"]["values"]
    with pytest.raises(TrainingError, match="another training"):
        train(dataset, TrainPlan(PLAN.base, PLAN.name, epochs=3, imgsz=64), out, progress=shown.append, made_at="")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, frame: np.ndarray) -> Pictures:
    """The frame of a street, and it brighter, darker, and mirrored."""
    folder = tmp_path_factory.mktemp("帧 一")
    for number, image in enumerate((frame, frame[:, ::-1], frame // 2, cv2.add(frame, 20))):
        (folder / f"{number} 帧.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    chosen = choose(folder)
    return Pictures(chosen.calibrating, (*chosen.comparing, chosen.calibrating[0]), None)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """Without what the catalog warns of: what is weak is not exported, but every machine has it to try with."""
    known = load_catalog()
    return replace(known, models={name: e.model_copy(update={"weak": ""}) for name, e in known.models.items()})


@needs_nncf
def test_an_8_bit_model_is_calibrated_compared_and_run(
    bootstrap_store, pictures, catalog, tmp_path, frame, bootstrap
) -> None:
    given = {"pictures": pictures, "store": bootstrap_store, "catalog": catalog}
    made = export("yolov3-tiny", ExportKind.OPENVINO_INT8, out=tmp_path / "八位", **given)
    assert made.calibrated_on == 3 and made.difference.boxes >= 4 and made.difference.score_max > 0
    record = json.loads(made.path.with_suffix(".export.json").read_bytes())
    assert record["difference"]["limits"]["lost"] == 0.1 and record["sha256"] == made.sha256
    assert all(step.ok for step in check(made.path))
    (found,), (original,) = load_detector(made.path, min_score=0.3).detect([frame]), bootstrap.detect([frame])
    assert found.model.sha256 == made.sha256 and abs(len(found) - len(original)) <= 1
    assert made.path.with_suffix(".bin").stat().st_size < 10_000_000  # 35 MB in 32 bits


@needs_nncf
def test_a_spoilt_8_bit_model_is_refused_and_not_written(bootstrap_store, pictures, catalog, tmp_path) -> None:
    """Calibrated with pictures of nothing, it sees nothing of a street."""
    black = tmp_path / "black.png"
    black.write_bytes(cv2.imencode(".png", np.zeros((64, 64, 3), np.uint8))[1].tobytes())
    spoilt = Pictures((black,), pictures.comparing, None)
    with pytest.raises(ExportError, match="does not find what the original finds"):
        given = {"pictures": spoilt, "store": bootstrap_store, "catalog": catalog}
        export("yolov3-tiny", ExportKind.OPENVINO_INT8, out=tmp_path / "o", **given)
    assert not (tmp_path / "o").exists()
