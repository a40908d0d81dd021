from __future__ import annotations

import shutil

import numpy as np
import pytest
import yaml

from models.catalog import load_catalog
from models.checks import check
from models.errors import CatalogError, ModelMissingError, ModelRefusedError
from models.listing import list_models
from models.store import ModelStore, load_detector
from models.timing import bench
from tests.models.graphs import constant_graph

SIDECAR = {
    "name": "own-van",
    "licence": "CC0-1.0",
    "layout": "yolov8",
    "input_size": [64, 64],
    "classes": ["car", "person"],
}


@pytest.fixture
def own(tmp_path):
    """A model of one's own, described beside it, under a Chinese name with a space."""
    path = tmp_path / "我的 模型.onnx"
    output = np.zeros((6, 84), np.float32)
    output[:, 0] = [32, 32, 20, 10, 0.9, 0]
    path.write_bytes(constant_graph([output]))
    describe(path)
    return path


def describe(path, **fields):
    text = yaml.safe_dump({k: v for k, v in (SIDECAR | fields).items() if v is not None}, allow_unicode=True)
    path.with_suffix(".yaml").write_text(text, encoding="utf-8")


def test_a_described_model_runs(own):
    detector = load_detector(own)
    assert detector.info.name == "own-van"
    assert len(detector.info.sha256) == 64
    (found,) = detector.detect([np.zeros((64, 64, 3), np.uint8)])
    assert found.names == ("car",)
    assert [step.ok for step in check(own)] == [True] * 5


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"layout": "yolo99"}, "layout"),
        ({"layout": None}, "layout"),
        ({"layout": "yolov3_tiny"}, "heads"),
        ({"classes": "cocoa"}, "no class list 'cocoa'.*coco"),
        ({"classes": []}, "classes"),
        ({"classes": ["car", "car"]}, "differ"),
        ({"input_size": [63, 64]}, "multiple of 32"),
        ({"surprise": 1}, "surprise"),
        ({"name": "../../etc"}, "name"),
    ],
)
def test_a_description_that_makes_no_sense_is_told(own, fields, why):
    describe(own, **fields)
    with pytest.raises(CatalogError, match=why):
        load_detector(own)


def test_a_description_of_another_graph_is_refused(own):
    describe(own, layout="yolox")
    with pytest.raises(ModelRefusedError, match=r"expected \[n, 84, 7\].*found \[1, 6, 84\]"):
        load_detector(own)
    describe(own, classes="coco")
    with pytest.raises(ModelRefusedError, match="84, 84"):
        load_detector(own)
    describe(own, sha256="0" * 64)
    with pytest.raises(ModelRefusedError, match="says 0000"):
        load_detector(own)
    assert [(s.name, s.ok) for s in check(own)] == [("identity", False)]


def test_a_file_that_nobody_knows_is_refused(own):
    own.with_suffix(".yaml").unlink()
    with pytest.raises(ModelRefusedError, match=r"does not know this file.*我的 模型.yaml"):
        load_detector(own)


def test_weights_of_pytorch_are_not_run(tmp_path):
    with pytest.raises(ModelRefusedError, match="a program, not data"):
        load_detector(tmp_path / "best.pt")


def test_names_that_are_not_known_or_not_here(tmp_path):
    store = ModelStore(tmp_path)
    with pytest.raises(ModelMissingError, match=r"no model is called 'yolo'.*yolov3-tiny"):
        load_detector("yolo", store=store)
    with pytest.raises(ModelMissingError, match="streetproof models pull yolox-nano"):
        load_detector("yolox-nano", store=store)
    with pytest.raises(ModelMissingError, match="no such file"):
        load_detector(tmp_path / "gone.onnx")


def test_a_changed_or_cut_file_is_refused(bootstrap_store, tmp_path):
    entry = load_catalog().entry("yolov3-tiny")
    store = ModelStore(tmp_path)
    original = bootstrap_store.path(entry).read_bytes()
    path = store.path(entry)
    flipped = bytearray(original)
    flipped[len(flipped) // 2] ^= 1
    for data in (bytes(flipped), original[:-1], original[: len(original) // 2], b"", original + b"\0"):
        path.write_bytes(data)
        with pytest.raises(ModelRefusedError, match=r"SHA-256 .* the catalog says 4d2cb37b"):
            load_detector("yolov3-tiny", store=store)
        steps = check("yolov3-tiny", store=store)
        assert [(s.name, s.ok) for s in steps] == [("identity", False)]
        # Under another name it is a stranger, not yolov3-tiny.
        stranger = tmp_path / "copy.onnx"
        shutil.copy(path, stranger)
        with pytest.raises(ModelRefusedError, match="does not know this file"):
            load_detector(stranger)


def test_every_model_at_hand_passes_its_check(bootstrap_store, shared_models):
    for steps in (check("yolov3-tiny", store=bootstrap_store), *(check(path) for path in shared_models)):
        assert [s.name for s in steps] == ["identity", "content", "layout", "reference", "detection"]
        assert all(s.ok for s in steps), steps
        assert "catalogued numbers" in steps[3].detail


def test_the_reference_notices_a_runtime_that_computes_otherwise(bootstrap_store, monkeypatch):
    from models.backends import onnxruntime

    plain = onnxruntime.OnnxRuntimeSession.run
    monkeypatch.setattr(
        onnxruntime.OnnxRuntimeSession, "run", lambda self, batch: [o * 1.05 for o in plain(self, batch)]
    )
    steps = check("yolov3-tiny", store=bootstrap_store)
    assert (steps[-1].name, steps[-1].ok) == ("reference", False)
    assert "instead of" in steps[-1].detail


def test_the_list_says_what_is_here(bootstrap_store):
    rows = {row.name: row for row in list_models(store=bootstrap_store)}
    assert rows["yolov3-tiny"].installed
    assert rows["yolov3-tiny"].weak
    assert not rows["yolox-nano"].installed
    assert rows["yolox-nano"].licence == "Apache-2.0"
    assert "yolo11n.pt" in rows["yolo11n"].origin
    assert all(row.licence and row.title for row in rows.values())


def test_the_folder_is_the_operators_choice(monkeypatch, tmp_path):
    monkeypatch.setenv("STREETPROOF_MODELS", str(tmp_path / "模型"))
    assert ModelStore.default().folder == tmp_path / "模型"
    monkeypatch.delenv("STREETPROOF_MODELS")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ModelStore.default().folder == tmp_path / ".local/share/streetproof/models"


def test_bench_counts_what_it_ran(own):
    rows = list(bench(load_detector(own), seconds=0.01, batches=(1, 3), size=(128, 96)))
    assert [row.batch for row in rows] == [1, 3]
    for row in rows:
        assert row.images % row.batch == 0
        assert row.elapsed_ns >= 10_000_000
        assert row.images_per_s == pytest.approx(1000 / row.ms_per_image)
