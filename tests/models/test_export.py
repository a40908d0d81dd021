"""Exports without the extras: what is compared, what is refused, and what is told where a package is missing."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.backends.interface import GraphSignature, Tensor
from models.catalog import ModelEntry, load_catalog
from models.errors import ExportError, ModelMissingError, ModelRefusedError
from models.exporting.compare import LIMITS, Listening, Recorded, compare
from models.exporting.export import ExportKind, _judge, export, usable_name
from models.interface import Detections, ModelInfo
from models.spec import LayoutName, ModelSpec
from models.store import LocatedModel, describe, load_detector, locate
from tests.models.graphs import constant_graph

INFO = ModelInfo("m", "0" * 64, "x", "yolov8", ("car", "person"), (64, 64))
IMAGE = np.zeros((64, 64, 3), np.uint8)
BOXES = ((10, 10, 30, 30, 0.9, 0), (32, 10, 60, 40, 0.5, 1), (0, 0, 9, 9, 0.24, 0))


class Fixed:
    """A detector that always finds the same."""

    info = INFO

    def __init__(self, *boxes: tuple[float, ...]) -> None:
        self.boxes = np.array(sorted(boxes, key=lambda box: -box[4]), np.float32).reshape(-1, 6)

    def fit(self, size: tuple[int, int]) -> tuple[int, int]:
        return size

    def detect(self, images, sizes=None) -> list[Detections]:
        b = self.boxes
        return [Detections(b[:, :4], b[:, 4], b[:, 5].astype(np.int64), size=(64, 64), model=INFO) for _ in images]


def difference(*boxes: tuple[float, ...], kind: str = "openvino-int8"):
    return compare(Fixed(*BOXES), Fixed(*boxes), [IMAGE, IMAGE], LIMITS[kind])


def test_what_is_the_same_differs_in_nothing() -> None:
    found = difference(*BOXES)
    assert (found.images, found.boxes, found.lost, found.added) == (2, 4, 0, 0)
    assert found.iou_loss_max == pytest.approx(0) and found.score_max == 0
    for limits in LIMITS.values():
        assert found.faults(limits) == []


def test_lost_and_new_boxes_are_counted_and_refused() -> None:
    lost = difference(BOXES[1])
    assert (lost.lost, lost.added) == (2, 0)
    assert "2 boxes are lost of 4, allowed are 10%" in lost.faults(LIMITS["openvino-int8"])
    new = difference(*BOXES, (40, 45, 60, 60, 0.8, 0))
    assert (new.lost, new.added) == (0, 2)
    assert any("new" in fault for fault in new.faults(LIMITS["openvino-int8"]))
    other_class = difference((*BOXES[0][:5], 1), BOXES[1])
    assert (other_class.lost, other_class.added) == (2, 2)


def test_a_box_at_the_threshold_proves_nothing() -> None:
    """0.24 is no sure box; that the export gives it 0.26 makes none new."""
    found = difference(*BOXES[:2], (*BOXES[2][:4], 0.26, 0))
    assert (found.lost, found.added) == (0, 0)


def test_how_far_boxes_move_and_scores_fall_is_told() -> None:
    found = difference((10, 10, 30, 32, 0.8, 0), BOXES[1])
    assert found.iou_loss_max == pytest.approx(1 - 400 / 440)
    assert found.score_max == pytest.approx(0.1)
    assert found.faults(LIMITS["openvino-int8"]) == []
    assert {fault.split()[0] for fault in found.faults(LIMITS["onnx"])} >= {"iou_loss_max", "score_max"}


def test_two_boxes_do_not_share_a_partner() -> None:
    near = (11, 10, 31, 30, 0.7, 0)
    found = compare(Fixed(BOXES[0], near), Fixed(BOXES[0]), [IMAGE], LIMITS["openvino-int8"])
    assert (found.boxes, found.lost) == (2, 1)


def test_bare_numbers_are_compared() -> None:
    signature = GraphSignature((Tensor("i", (1, 3, 64, 64), "tensor(float)"),), ())
    one = np.ones((1, 6, 84), np.float32)
    taps = tuple(Listening(Recorded(signature, array)) for array in (one, one * 1.5))
    for tap in taps:
        tap.run(np.zeros((1, 3, 64, 64), np.float32))
    found = compare(Fixed(), Fixed(), [IMAGE], LIMITS["onnx"], taps)
    assert found.numbers == pytest.approx(0.25)
    assert any("the outputs differ" in fault for fault in found.faults(LIMITS["onnx"]))
    assert any("outputs differ" in f for f in replace(found, numbers=float("nan")).faults(LIMITS["onnx"]))


@pytest.fixture
def own_model(tmp_path: Path) -> Path:
    """An ONNX file with its description; it finds nothing."""
    path = tmp_path / "模型 一" / "own.onnx"
    path.parent.mkdir()
    path.write_bytes(constant_graph([np.zeros((6, 84), np.float32)]))
    spec = ModelSpec(layout=LayoutName.YOLOV8, input_size=(64, 64), classes=("car", "person"))
    path.with_suffix(".yaml").write_bytes(describe("own", "MIT", spec, hashlib.sha256(path.read_bytes()).hexdigest()))
    return path


def entry_of(path: Path) -> ModelEntry:
    """As the catalog would know it, with a warning."""
    data = path.read_bytes()
    fields = locate(path).spec.model_dump(include=set(ModelSpec.model_fields))
    sha256 = hashlib.sha256(data).hexdigest()
    more = {"name": "own", "title": "own", "licence": "MIT", "weak": "blind at night", "size": len(data)}
    return ModelEntry.model_validate({**fields, **more, "sha256": sha256})


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in names else there(name) or object())


def test_a_missing_package_is_named_with_the_line_that_installs_it(own_model, tmp_path, monkeypatch) -> None:
    without(monkeypatch, "nncf")
    with pytest.raises(ModelMissingError, match=r"need the package nncf.*streetproof\[int8\].*openvino-fp16"):
        export(own_model, ExportKind.OPENVINO_INT8, out=tmp_path / "o")
    without(monkeypatch, "openvino")
    with pytest.raises(ModelMissingError, match=r"package openvino is not installed.*streetproof\[openvino\]"):
        export(own_model, ExportKind.OPENVINO_FP32, out=tmp_path / "o")
    without(monkeypatch, "ultralytics")
    (tmp_path / "w.pt").write_bytes(b"weights")
    with pytest.raises(ModelMissingError, match=r"streetproof\[ultralytics\]"):
        export(tmp_path / "w.pt", ExportKind.ONNX, out=tmp_path / "o")
    assert not (tmp_path / "o").exists()


def test_what_cannot_be_exported_is_refused(own_model, tmp_path, monkeypatch) -> None:
    with pytest.raises(ExportError, match="ONNX already"):
        export(own_model, ExportKind.ONNX, out=tmp_path / "o")
    without(monkeypatch)
    with pytest.raises(ExportError, match="has to be tried on pictures"):
        export(own_model, ExportKind.OPENVINO_INT8, out=tmp_path / "o")
    known = replace(load_catalog(), models={"own": entry_of(own_model)})
    with pytest.raises(ExportError, match="the catalog warns of own"):
        export(own_model, ExportKind.OPENVINO_FP32, out=tmp_path / "o", catalog=known)
    with pytest.raises(ExportError, match="only weights"):
        export(own_model, ExportKind.OPENVINO_FP32, out=tmp_path / "o", side=320)
    (tmp_path / "x.onnx").write_bytes(b"no model")
    with pytest.raises(ModelRefusedError):
        export(tmp_path / "x.onnx", ExportKind.OPENVINO_FP32, out=tmp_path / "o")


def test_an_export_of_which_nothing_can_be_said_is_refused(own_model) -> None:
    target = locate(own_model)
    with pytest.raises(ExportError, match=r"finds nothing at score 0\.25"):
        _judge(compare(Fixed(), Fixed(), [IMAGE], LIMITS["openvino-int8"]), ExportKind.OPENVINO_INT8, target, None)
    _judge(compare(Fixed(), Fixed(), [IMAGE], LIMITS["onnx"]), ExportKind.ONNX, target, None)
    with pytest.raises(ExportError, match=r"does not find what the original finds.*Nothing was written"):
        _judge(compare(Fixed(*BOXES), Fixed(), [IMAGE], LIMITS["onnx"]), ExportKind.ONNX, target, None)


def test_a_model_of_openvino_is_one_model_in_two_files(own_model, tmp_path) -> None:
    """Without OpenVINO: identity and errors. tests/models/test_training.py runs one."""
    xml = tmp_path / "own-int8.xml"
    xml.write_bytes(b"<net/>")
    with pytest.raises(ModelMissingError, match=r"own-int8\.bin"):
        locate(xml)
    xml.with_suffix(".bin").write_bytes(b"weights")
    spec = locate(own_model).spec
    sha256 = hashlib.sha256(b"<net/>weights").hexdigest()
    xml.with_suffix(".yaml").write_bytes(describe("own-int8", "MIT", spec, sha256))
    found = locate(xml)
    assert isinstance(found, LocatedModel) and found.weights == b"weights" and found.info.sha256 == sha256
    if importlib.util.find_spec("openvino") is None:
        with pytest.raises(ModelMissingError, match="OpenVINO backend is not installed"):
            load_detector(xml)
    xml.with_suffix(".bin").write_bytes(b"Weights")
    with pytest.raises(ModelRefusedError, match=r"own-int8\.yaml says"):
        locate(xml)


def test_names_out_of_file_names() -> None:
    assert usable_name("My Van (v2)") == "my-van-v2"
    assert usable_name("小车") == "model"
    assert not set(load_catalog().models) & {usable_name("best")}
