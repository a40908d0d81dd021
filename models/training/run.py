"""Trains: looks the data set over, runs the worker, goes on where it was interrupted, and finishes the model."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from models.backends import ultralytics
from models.catalog import load_catalog
from models.dataset.reading import read_dataset
from models.errors import TrainingError
from models.exporting.export import check_name, check_weights, json_bytes
from models.fetch.interface import write_atomically
from models.guard import read_model
from models.training.finish import finish, read_finished
from models.training.folder import TrainingFolder
from models.training.interface import Progress, Report, Trained, TrainPlan

_WORKER = Path(__file__).with_name("_worker.py")
_ARCHITECTURE = re.compile(r"yolo(v5[nsmlx]u|v8[nsmlx]|11[nsmlx]|26[nsmlx])\.yaml")
"""Those whose export the tests hold against Ultralytics' own boxes."""


def train(dataset: Path, plan: TrainPlan, out: Path, *, progress: Report, made_at: str) -> Trained:
    """Train by `plan` on the data set that the file `dataset` describes; everything goes into the folder `out`.

    The same call goes on with what an earlier one left there, from the last whole epoch, and does nothing where all is
    done. `made_at` (ISO 8601, UTC) is written into the model's card. Raises DatasetError, TrainingError, ExportError,
    ModelMissingError where the extra is not installed, ModelRefusedError for a base that is none of a detector.
    """
    ultralytics.require(plan.base)
    check_name(plan.name, load_catalog())
    base, base_sha256 = _base(plan.base)
    data = read_dataset(dataset)
    folder = TrainingFolder(out)
    if base_sha256 is not None and not folder.plan.exists():
        # Before the hours, not after them.
        check_weights(Path(plan.base), plan.imgsz)
    resumed = folder.begin(plan, data, base_sha256)
    with folder.alone():
        if folder.card.exists():
            return read_finished(folder)
        if not folder.ended.exists():
            folder.lay_out(data, plan, base)
            _run(folder, plan, progress)
        return finish(folder, plan, data, base_sha256, resumed=resumed, made_at=made_at)


def _base(given: str) -> tuple[str, str | None]:
    """What to tell the worker to begin with, and the SHA-256 of weights; None for an architecture."""
    if given.endswith(".pt"):
        _, sha256 = read_model(Path(given))
        return str(Path(given).resolve()), sha256
    if _ARCHITECTURE.fullmatch(given):
        return given, None
    raise TrainingError(
        "a training begins with Ultralytics weights (a .pt file) or one of its architectures (such as yolo11n.yaml)",
        where=given,
        remedy="Nothing is downloaded: fetch the weights first, and give their path. Of architectures, those of "
        "YOLOv5u, YOLOv8, YOLO11 and YOLO26 for detection are taken; architectures of one's own are not.",
    )


def _run(folder: TrainingFolder, plan: TrainPlan, progress: Report) -> None:
    """Run the worker to its end. Raises TrainingError where it ends otherwise."""
    command = [sys.executable, "-P", str(_WORKER)]
    last: dict[str, Any] = {}
    with folder.log.open("ab") as log:
        log_from = log.tell()
        with subprocess.Popen(
            command,
            cwd=folder.work,
            env=ultralytics.environment(folder.work.resolve()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
            # Ctrl-C is for this process, which then ends the worker.
            start_new_session=True,
        ) as worker:
            assert worker.stdout is not None
            try:
                for line in worker.stdout:
                    last = _heard(line, folder, plan, progress) or last
                status = worker.wait()
            except BaseException:
                worker.terminate()
                worker.wait()
                raise
    if status or last.get("event") != "done":
        raise TrainingError(
            f"the training ended early ({_why(folder.log, log_from, status)})",
            where=str(folder.path),
            remedy=f"Details are in {folder.log}. The same command goes on from the last whole epoch; where memory was "
            "short, give a smaller --batch in a new folder.",
        )
    write_atomically(folder.ended, json_bytes(last))


def _heard(line: str, folder: TrainingFolder, plan: TrainPlan, progress: Report) -> dict[str, Any] | None:
    """Pass on what the worker says; the event where it is one to remember."""
    try:
        event = json.loads(line)
        kind = event["event"]
    except (ValueError, TypeError, KeyError):
        return None
    match kind:
        case "begun":
            with (folder.work / "tries.jsonl").open("a", encoding="utf-8") as tries:
                tries.write(line)
        case "batch":
            progress(Progress(event["epoch"] + 1, plan.epochs, event["batch"], event["batches"]))
        case "epoch":
            progress(Progress(event["epoch"] + 1, plan.epochs, 0, 0, event["metrics"]))
        case "done":
            return dict(event)
    return None


def _why(log: Path, start: int, status: int) -> str:
    if status < 0:
        return f"signal {-status}" + (", often for want of memory" if status == -9 else "")
    with log.open("rb") as file:
        file.seek(start)
        lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else f"status {status}"
