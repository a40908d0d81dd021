"""Ultralytics' own architectures with random weights: our decoders against Ultralytics' own boxes on the same input."""

from __future__ import annotations

import importlib.util
import os
import pickle

import numpy as np
import pytest

from models.backends.ultralytics import INSTALL
from models.catalog import load_catalog
from models.errors import ModelMissingError, ModelRefusedError
from models.pull import pull
from models.spec import LayoutName, ModelSpec
from models.store import ModelStore, load_detector

HERE = importlib.util.find_spec("torch") is not None and importlib.util.find_spec("ultralytics") is not None
# Asked for before anything imports Ultralytics: no network, no installs, no settings in the home folder.
os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_VERBOSE="false")
needs_extra = pytest.mark.skipif(not HERE, reason=INSTALL)
COCO = load_catalog().class_lists["coco"]
SIZE = (320, 256)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("权重 pt")
    os.environ["YOLO_CONFIG_DIR"] = str(place)
    return place


@pytest.fixture(scope="module")
def weights(folder, frame):
    """A function: architecture -> a .pt file with random weights whose heads are spread out enough to fire."""
    import torch
    from ultralytics import YOLO

    def make(architecture: str):
        path = folder / f"{architecture}.pt"
        if path.exists():
            return path
        torch.manual_seed(4)
        model = YOLO(f"{architecture}.yaml", task="detect")
        model.model.names = dict(enumerate(COCO))
        stir(model.model, frame)
        model.save(path)
        return path

    return make


def stir(network, frame) -> None:
    """Spread the scores out: as initialised, signals fade layer by layer and every class scores 1e-5 everywhere."""
    import torch

    picture = torch.from_numpy(frame[:512:2, :640:2, ::-1].transpose(2, 0, 1).copy()).float()[None] / 255
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            # Tried from 1.5 to 3: keeps the signal's size from layer to layer without turning noise into signal.
            torch.nn.init.constant_(module.weight, 2.5)
    head = network.model[-1]
    levels = [level[-1] for branch in (head.cv3, getattr(head, "one2one_cv3", None)) for level in branch or ()]
    seen = {}
    hooks = [level.register_forward_hook(lambda m, i, o: seen.setdefault(m, i[0])) for level in levels]
    with torch.no_grad():
        network.eval()(picture)
        for hook in hooks:
            hook.remove()
        for level in levels:
            torch.nn.init.normal_(level.weight)
            level.bias.zero_()
            logits = level(seen[level])
            level.weight /= logits.std()
            level.bias -= logits.mean() / logits.std() + 3.5


def catalog_with(tmp_path, layout: LayoutName, weights_name: str):
    import yaml

    entry = {
        "title": "Random",
        "licence": "AGPL-3.0",
        "layout": layout.value,
        "input_size": list(SIZE),
        "classes": "coco",
        "sources": [{"kind": "ultralytics", "weights": weights_name}],
    }
    path = tmp_path / "catalog.yaml"
    path.write_text(yaml.safe_dump({"version": 1, "models": {"random": entry}}), encoding="utf-8")
    return load_catalog([path])


def their_boxes(path, spec: ModelSpec, image: np.ndarray, floor: float, iou: float) -> np.ndarray:
    """x1, y1, x2, y2, score, class in pixels of `image`, by Ultralytics' network, suppression and scaling."""
    import torch
    from ultralytics import YOLO
    from ultralytics.data.augment import LetterBox
    from ultralytics.utils import nms, ops

    model = YOLO(str(path), task="detect").model.eval().float()
    end_to_end = spec.layout is LayoutName.END_TO_END
    model.end2end = end_to_end
    boxed = LetterBox((SIZE[1], SIZE[0]), auto=False)(image=image)
    tensor = torch.from_numpy(np.ascontiguousarray(boxed[..., ::-1].transpose(2, 0, 1))).float()[None] / 255
    with torch.no_grad():
        raw = model(tensor)
    (found,) = nms.non_max_suppression(raw, floor, iou, max_det=300, nc=80, end2end=end_to_end, max_time_img=60)
    found[:, :4] = ops.scale_boxes(tensor.shape[2:], found[:, :4], image.shape)
    return found.numpy()


@needs_extra
@pytest.mark.parametrize(
    ("architecture", "layout"),
    [
        ("yolov5nu", LayoutName.YOLOV8),
        ("yolov8n", LayoutName.YOLOV8),
        ("yolo11n", LayoutName.YOLOV8),
        ("yolo26n", LayoutName.END_TO_END),
        ("yolo26n", LayoutName.YOLOV8),
    ],
)
def test_our_boxes_are_ultralytics_boxes(weights, tmp_path, frame, architecture, layout):
    path = weights(architecture)
    catalog, store = catalog_with(tmp_path, layout, path.name), ModelStore(tmp_path / "store")
    made = pull("random", source=path, store=store, catalog=catalog)
    assert all(step.ok for step in made.steps)
    # A quarter of the frame has the aspect ratio of the input: what differs is the decoder, not the rounding.
    image = np.ascontiguousarray(frame[:512, :640])
    want = their_boxes(path, catalog.entry("random"), image, 0.3, 0.45)
    detector = load_detector("random", store=store, catalog=catalog, min_score=0.3, iou=0.45)
    (got,) = detector.detect([image])
    assert len(want) > 20, "random weights that never fire compare nothing"
    edge = np.tile(np.array(got.size), 2)
    want = want[((want[:, 2:4] > 0) & (want[:, :2] < edge[:2])).all(axis=1)]
    # Suppression may turn on the last bit of a score, so a box or two may have no partner.
    pairs = 0
    for box, score, cls in zip(got.xyxy, got.score, got.cls, strict=True):
        near = np.abs(want[:, :4].clip(0, edge) - box).max(axis=1)
        pairs += bool(((near < 0.5) & (np.abs(want[:, 4] - score) < 1e-3) & (want[:, 5] == cls)).any())
    assert pairs >= 0.99 * max(len(got), len(want)), (pairs, len(got), len(want))


@needs_extra
def test_weights_with_a_program_inside_are_refused_and_not_run(tmp_path, folder):
    import torch

    canary = tmp_path / "canary"

    class Evil:
        def __reduce__(self):
            return os.system, (f"touch '{canary}'",)

    path = tmp_path / "evil.pt"
    for save in (
        lambda: torch.save({"model": Evil()}, path),
        lambda: path.write_bytes(pickle.dumps({"model": Evil()})),
    ):
        save()
        with pytest.raises(ModelRefusedError, match="cannot export these weights"):
            pull("yolo11n", source=path, store=ModelStore(tmp_path / "store"))
        assert not canary.exists()
    path.write_bytes(b"no weights at all")
    with pytest.raises(ModelRefusedError, match="cannot export these weights"):
        pull("yolo11n", source=path, store=ModelStore(tmp_path / "store"))


@needs_extra
def test_weights_with_other_classes_are_refused(tmp_path, folder):
    from ultralytics import YOLO

    path = tmp_path / "own.pt"
    model = YOLO("yolo11n.yaml", task="detect")
    model.save(path)
    with pytest.raises(ModelRefusedError, match=r"0, 1, 2"):
        pull("yolo11n", source=path, store=ModelStore(tmp_path / "store"))


def test_without_the_extra_the_line_that_installs_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (tmp_path / "yolo11n.pt").write_bytes(b"weights")
    with pytest.raises(ModelMissingError, match=r"pip install 'streetproof\[ultralytics\]'"):
        pull("yolo11n", source=tmp_path / "yolo11n.pt", store=ModelStore(tmp_path / "store"))
