"""The end of a training: the best weights become ONNX, are held against it, and get their card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from models.backends.ultralytics import require
from models.dataset.interface import Dataset, Split
from models.dataset.pictures import pictures_of
from models.errors import ModelsError, TrainingError
from models.exporting.export import ULTRALYTICS_LICENCE, ExportedModel, ExportKind, export, json_bytes
from models.fetch.interface import write_atomically
from models.training.card import as_text
from models.training.folder import TrainingFolder
from models.training.interface import Trained, TrainPlan
from streetproof.version import __version__


def finish(
    folder: TrainingFolder, plan: TrainPlan, data: Dataset, base_sha256: str | None, *, resumed: bool, made_at: str
) -> Trained:
    """Export, compare, and write the model's card last: once it is there, all is done. Raises ExportError."""
    require(str(folder.path))
    made = export(
        folder.best,
        ExportKind.ONNX,
        out=folder.path,
        pictures=pictures_of(data),
        name=plan.name,
        side=plan.imgsz,
    )
    write_atomically(folder.path / f"{plan.name}.pt", folder.best.read_bytes())
    ended = json.loads(folder.ended.read_bytes())
    tries = [json.loads(line) for line in (folder.work / "tries.jsonl").read_text(encoding="utf-8").splitlines()]
    card = _card(folder, plan, data, base_sha256, made, ended, tries, made_at)
    write_atomically(folder.path / "CARD.md", as_text(card).encode())
    write_atomically(folder.card, json_bytes(card))
    return Trained(
        made.name,
        made.path,
        made.description,
        folder.card,
        ended["metrics"],
        made.difference,
        resumed=resumed,
        done_before=False,
    )


def read_finished(folder: TrainingFolder) -> Trained:
    """What a training that is done has left. Raises TrainingError where that was changed since."""
    from models.store import locate

    try:
        card = json.loads(folder.card.read_bytes())
        model = folder.path / card["model"]["file"]
        if locate(model).info.sha256 != card["model"]["sha256"]:
            raise TrainingError(
                "the model is not the one that its card describes", where=str(model), remedy="Train in a new folder."
            )
        metrics = dict(card["metrics"]["values"])
    except (OSError, ValueError, KeyError, TypeError, ModelsError) as error:
        raise TrainingError(
            f"this training was done, but what it left was changed ({error})",
            where=str(folder.path),
            remedy="Bring the files back, or train in a new folder.",
        ) from error
    return Trained(
        card["name"],
        model,
        model.with_suffix(".yaml"),
        folder.card,
        metrics,
        None,
        resumed=True,
        done_before=True,
    )


def _card(
    folder: TrainingFolder,
    plan: TrainPlan,
    data: Dataset,
    base_sha256: str | None,
    made: ExportedModel,
    ended: dict[str, Any],
    tries: list[dict[str, Any]],
    made_at: str,
) -> dict[str, Any]:
    used = (Split.TRAIN, Split.VAL)
    last = tries[-1]
    return {
        "format": "streetproof-model-card",
        "version": 1,
        "name": made.name,
        "made_at": made_at,
        "licence": ULTRALYTICS_LICENCE,
        "model": {
            "file": made.path.name,
            "sha256": made.sha256,
            "layout": "yolov8",
            "input_size": [plan.imgsz, plan.imgsz],
            "parameters": last["parameters"],
        },
        "classes": list(data.classes),
        "base": {"name": Path(plan.base).name, "sha256": base_sha256, "from_nothing": base_sha256 is None},
        "dataset": {
            "file": data.path.name,
            "sha256": data.sha256,
            "images": {split.value: len(data.of(split)) for split in used},
            "backgrounds": {split.value: sum(not image.boxes for image in data.of(split)) for split in used},
            "boxes": {split.value: data.boxes(split) for split in used},
        },
        "training": {
            "epochs": plan.epochs,
            "epochs_done": ended["epochs"],
            "imgsz": plan.imgsz,
            "batch": plan.batch,
            "seed": plan.seed,
            "patience": plan.patience,
            "device": last["device"],
            "workers": plan.workers,
            "half_precision": False,
            "optimiser": "chosen by Ultralytics (optimizer=auto)",
            "tries": [one["first_epoch"] + 1 for one in tries],
        },
        "metrics": {"on": "val", "of": "the best epoch, which val itself chose", "values": ended["metrics"]},
        "export": {"compared_on": made.compared_on, "difference": made.difference.record(made.limits)},
        "versions": {"streetproof": __version__, **last["versions"]},
    }
