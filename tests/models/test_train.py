"""Training without the extra: a worker that only says what the real one says. test_training.py runs the real one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.backends import ultralytics
from models.dataset.reading import read_dataset
from models.errors import DatasetError, ExportError, ModelMissingError, ModelRefusedError, TrainingError
from models.training import run
from models.training.card import as_text
from models.training.finish import read_finished
from models.training.folder import TrainingFolder
from models.training.interface import Progress, TrainPlan
from tests.models.dataset.drawn import write_dataset

PLAN = TrainPlan("yolo11n.yaml", "own", epochs=2, imgsz=64, batch=2, workers=0, device="cpu")

# Epoch by epoch, from checkpoint.pt if there is one; dies where it is told to.
WORKER = """
import json, os, pathlib, sys, threading
job = json.loads(pathlib.Path("job.json").read_text())
say = lambda **event: print(json.dumps(event), flush=True)
checkpoint = pathlib.Path("checkpoint.pt")
start = int(checkpoint.read_text()) if checkpoint.exists() else 0
say(event="begun", first_epoch=start, device="cpu", parameters=1, versions={"torch": "0"})
print("a library that prints")
for epoch in range(start, job["epochs"]):
    say(event="batch", epoch=epoch, batch=1, batches=1)
    if os.environ.get("DIE_AT") == str(epoch):
        sys.exit("out of memory, say")
    checkpoint.write_text(str(epoch + 1))
    say(event="epoch", epoch=epoch, metrics={"map50": 0.5, "recall": None})
say(event="done", metrics={"map50": 0.5, "recall": None}, epochs=job["epochs"])
"""


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "数据 集")


@pytest.fixture
def trains(tmp_path, dataset, monkeypatch):
    """A function that trains with the worker above, and gives what was shown."""
    worker = tmp_path / "worker.py"
    worker.write_text(WORKER)
    monkeypatch.setattr(ultralytics, "require", lambda where: None)
    monkeypatch.setattr(run, "_WORKER", worker)
    monkeypatch.setattr(run, "finish", lambda folder, *rest, resumed, made_at: resumed)
    shown: list[Progress] = []

    def train(plan: TrainPlan = PLAN, out: str = "结果 一"):
        shown.clear()
        return run.train(dataset, plan, tmp_path / out, progress=shown.append, made_at="2026-11-24T00:00:00Z"), shown

    return train


def test_it_shows_how_far_it_is_and_remembers_the_end(trains, tmp_path) -> None:
    resumed, shown = trains()
    assert not resumed
    assert [(p.epoch, p.metrics) for p in shown if p.metrics] == [
        (1, {"map50": 0.5, "recall": None}),
        (2, {"map50": 0.5, "recall": None}),
    ]
    folder = TrainingFolder(tmp_path / "结果 一")
    assert json.loads(folder.ended.read_bytes())["epochs"] == 2


def test_killed_and_called_again_it_goes_on(trains, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("DIE_AT", "1")
    with pytest.raises(TrainingError, match=r"ended early \(out of memory, say\).*goes on from the last whole epoch"):
        trains()
    monkeypatch.delenv("DIE_AT")
    resumed, shown = trains()
    assert resumed and [p.epoch for p in shown if p.metrics] == [2]
    tries = (tmp_path / "结果 一" / "work" / "tries.jsonl").read_text().splitlines()
    assert [json.loads(line)["first_epoch"] for line in tries] == [0, 1]


def test_another_training_is_not_mixed_in(trains, dataset, tmp_path) -> None:
    trains()
    for plan, what in (
        (TrainPlan("yolo11n.yaml", "own", epochs=3, imgsz=64, batch=2), "epochs is 2, not 3"),
        (TrainPlan("yolov8n.yaml", "own", epochs=2, imgsz=64, batch=2, patience=50), "base is"),
    ):
        with pytest.raises(TrainingError, match=what):
            trains(plan)
    next((dataset.parent / "labels" / "train").iterdir()).write_text("0 0.5 0.5 0.3 0.3\n")
    with pytest.raises(TrainingError, match="dataset_sha256 is"):
        trains()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(TrainingError, match="holds other things"):
        trains(out="full")


def test_the_device_may_change_when_it_goes_on(trains) -> None:
    trains()
    trains(TrainPlan("yolo11n.yaml", "own", epochs=2, imgsz=64, batch=2, workers=4, device="0"))


def test_one_process_trains_in_a_folder(trains, tmp_path) -> None:
    folder = TrainingFolder(tmp_path / "结果 一")
    folder.path.mkdir()
    with folder.alone():
        folder.work.rename(tmp_path / "elsewhere")  # begin refuses what is there without its plan
        (tmp_path / "elsewhere").rename(folder.work)
        with pytest.raises(TrainingError, match="another process"), folder.alone():
            pass


def test_the_data_set_itself_is_never_shown(dataset, tmp_path) -> None:
    before = {p: p.read_bytes() for p in dataset.parent.rglob("*") if p.is_file()}
    data = read_dataset(dataset)
    folder = TrainingFolder(tmp_path / "结果")
    folder.begin(PLAN, data, None)
    with folder.alone():
        folder.lay_out(data, PLAN, PLAN.base)
    links = sorted((folder.work / "data" / "images" / "train").iterdir())
    assert [link.name for link in links] == [f"{n:07d}.jpg" for n in range(1, 5)]
    assert links[0].is_symlink() and links[0].read_bytes() == data.images[0].path.read_bytes()
    labels = folder.work / "data" / "labels" / "train" / "0000001.txt"
    assert labels.read_text() == data.images[0].labels()
    assert {p: p.read_bytes() for p in dataset.parent.rglob("*") if p.is_file()} == before


def test_what_cannot_begin_is_told(dataset, tmp_path, monkeypatch) -> None:
    def train(plan: TrainPlan = PLAN):
        return run.train(dataset, plan, tmp_path / "o", progress=lambda p: None, made_at="")

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelMissingError, match=r"pip install 'streetproof\[ultralytics\]'"):
        train()
    monkeypatch.setattr(ultralytics, "require", lambda where: None)
    with pytest.raises(TrainingError, match="Nothing is downloaded"):
        train(TrainPlan("yolo11n", "own"))
    with pytest.raises(TrainingError, match="architectures of one's own"):
        train(TrainPlan("./own.yaml", "own"))
    with pytest.raises(TrainingError, match="Of architectures"):
        train(TrainPlan("yolov8n-seg.yaml", "own"))
    with pytest.raises(ModelMissingError, match="no such file"):
        train(TrainPlan("yolo11n.pt", "own"))
    for name, what in (("yolo11n", "a name of the catalog"), ("小车", "no name for a model")):
        with pytest.raises(ExportError, match=what):
            train(TrainPlan("yolo11n.yaml", name))
    weights = tmp_path / "w.pt"
    weights.write_bytes(b"weights of something else")

    def refuse(path: Path, side: int) -> None:
        raise ModelRefusedError(f"no detector of {side} pixels", where=str(path))

    monkeypatch.setattr(run, "check_weights", refuse)
    with pytest.raises(ModelRefusedError, match="no detector of 640 pixels"):
        train(TrainPlan(str(weights), "own"))
    (dataset.parent / "labels" / "val").rename(dataset.parent / "nowhere")
    with pytest.raises(DatasetError, match="no picture for `val` has a box"):
        train()
    assert not (tmp_path / "o").exists()
    for wrong in ({"epochs": 0}, {"imgsz": 100}, {"batch": 0}, {"seed": -1}, {"patience": 0}, {"workers": 99}):
        with pytest.raises(TrainingError, match=next(iter(wrong))):
            TrainPlan("yolo11n.yaml", "own", **wrong)


def test_a_finished_training_that_was_changed_is_refused(tmp_path) -> None:
    folder = TrainingFolder(tmp_path)
    folder.card.write_text('{"model": {"file": "own.onnx", "sha256": "0"}, "metrics": {"values": {}}, "name": "own"}')
    with pytest.raises(TrainingError, match=r"was changed.*own\.onnx"):
        read_finished(folder)


def test_a_card_says_what_is_not_known() -> None:
    values = {"precision": None, "map50": 0.25}
    card = {
        "name": "own",
        "made_at": "2026-11-24T00:00:00Z",
        "licence": "AGPL-3.0",
        "model": {"file": "own.onnx", "sha256": "00", "layout": "yolov8", "input_size": [64, 64], "parameters": 1},
        "base": {"name": "yolo11n.yaml", "sha256": None, "from_nothing": True},
        "dataset": {
            "file": "d.yaml",
            "sha256": "00",
            "images": {"train": 4, "val": 2},
            "backgrounds": {"train": 0, "val": 0},
            "boxes": {"train": {"小汽车": 4}, "val": {"小汽车": 2}},
        },
        "training": {
            **dict.fromkeys(("epochs", "epochs_done", "imgsz", "batch", "seed", "patience", "device", "optimiser"), 1),
            "tries": [1, 2],
        },
        "metrics": {"on": "val", "of": "the best epoch", "values": values},
        "export": {
            "compared_on": "2 pictures",
            "difference": {"boxes": 1, "lost": 0, "added": 0, "score_max": 0.0, "numbers": 0.0},
        },
        "versions": {"torch": "0"},
    }
    text = as_text(card)
    assert "trained from nothing" in text and "AGPL-3.0" in text and "| unknown | 0.250 |" in text and "小汽车" in text
