"""The folder of a training: what it is for, what is in it, and whether it may go on."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from models.dataset.interface import Dataset, Split
from models.errors import TrainingError
from models.exporting.export import json_bytes
from models.fetch.interface import write_atomically
from models.training.interface import TrainPlan

FREE = ("device", "workers")
"""What may change when a training goes on."""


@dataclass(frozen=True, slots=True)
class TrainingFolder:
    """Where everything of one training lies."""

    path: Path

    @property
    def work(self) -> Path:
        """What only the training itself needs; it may be removed afterwards."""
        return self.path / "work"

    @property
    def plan(self) -> Path:
        return self.path / "training.json"

    @property
    def card(self) -> Path:
        return self.path / "card.json"

    @property
    def log(self) -> Path:
        return self.work / "log.txt"

    @property
    def best(self) -> Path:
        """Weights of the best epoch."""
        return self.work / "run" / "weights" / "best.pt"

    @property
    def ended(self) -> Path:
        """There once all epochs are done: what the worker said last."""
        return self.work / "ended.json"

    @property
    def checkpoint(self) -> Path:
        return self.work / "checkpoint.pt"

    def begin(self, plan: TrainPlan, dataset: Dataset, base_sha256: str | None) -> bool:
        """Make the folder, or find that it is of this very training; True where a part of it is done.

        Raises TrainingError where it holds anything else.
        """
        wanted = identity(plan, dataset, base_sha256)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if not self.plan.exists():
                if any(self.path.iterdir()):
                    raise TrainingError(
                        "the folder holds other things", where=str(self.path), remedy="Give an empty or a new folder."
                    )
                write_atomically(self.plan, json_bytes(wanted))
            found = json.loads(self.plan.read_bytes())
        except (OSError, ValueError) as error:
            raise TrainingError(
                f"cannot be used ({error})", where=str(self.path), remedy="Give a new folder."
            ) from error
        if found != wanted:
            raise TrainingError(
                f"another training lies here: {_differences(found, wanted)}",
                where=str(self.path),
                remedy="Give the same data set and settings to go on with it, or another folder for a new one.",
            )
        return self.checkpoint.exists() or self.ended.exists()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder. Raises TrainingError where another process does, or where it cannot be written."""
        try:
            self.work.mkdir(exist_ok=True)
            lock = (self.work / ".lock").open("ab")
        except OSError as error:
            raise _unwritable(self.work, error) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise TrainingError(
                    "another process trains here", where=str(self.path), remedy="Wait for it, or end it first."
                ) from error
            yield

    def lay_out(self, dataset: Dataset, plan: TrainPlan, base: str) -> None:
        """Put what the worker reads into `work`: links to the pictures under plain names, labels, and its orders.

        Ultralytics writes beside what it reads, and repairs pictures; so it is never shown the data set itself.
        Raises TrainingError.
        """
        data = self.work / "data"
        try:
            shutil.rmtree(data, ignore_errors=True)
            for split in (Split.TRAIN, Split.VAL):
                pictures, labels = data / "images" / split.value, data / "labels" / split.value
                pictures.mkdir(parents=True)
                labels.mkdir(parents=True)
                for number, image in enumerate(dataset.of(split), start=1):
                    os.symlink(image.path.resolve(), pictures / f"{number:07d}{image.path.suffix.lower()}")
                    (labels / f"{number:07d}.txt").write_text(image.labels(), encoding="ascii")
            described = {
                "path": str(data.resolve()),
                "train": "images/train",
                "val": "images/val",
                "names": dict(enumerate(dataset.classes)),
            }
            (self.work / "data.yaml").write_text(yaml.safe_dump(described, allow_unicode=True), encoding="utf-8")
            job = {name: value for name, value in asdict(plan).items() if name != "name"} | {"base": base}
            (self.work / "job.json").write_text(json.dumps(job), encoding="utf-8")
        except OSError as error:
            raise _unwritable(self.work, error) from error


def _unwritable(path: Path, error: OSError) -> TrainingError:
    return TrainingError(
        f"cannot be written ({error.strerror})", where=str(path), remedy="Check the disk and who may write there."
    )


def identity(plan: TrainPlan, dataset: Dataset, base_sha256: str | None) -> dict[str, Any]:
    """What makes two trainings the same one."""
    settings = {name: value for name, value in asdict(plan).items() if name not in (*FREE, "base")}
    return {
        "format": "streetproof-training",
        "version": 1,
        "dataset_sha256": dataset.sha256,
        "classes": list(dataset.classes),
        "base": {"name": Path(plan.base).name, "sha256": base_sha256},
        **settings,
    }


def _differences(found: object, wanted: Mapping[str, Any]) -> str:
    if not isinstance(found, dict):
        return "its training.json is damaged"
    names = [name for name in {**wanted, **found} if found.get(name) != wanted.get(name)]
    return "; ".join(f"{name} is {_short(found.get(name))}, not {_short(wanted.get(name))}" for name in names)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:12]}..."
