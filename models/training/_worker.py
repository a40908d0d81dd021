"""Runs alone in its own process: trains by job.json in the current folder. Imports nothing of this project.

Says how far it is in lines of JSON on its standard output; everything Ultralytics prints goes to standard error. Ends
when its standard input is closed, which is when whoever started it has gone.
"""

from __future__ import annotations

import json
import math
import os
import platform
import shutil
import sys
import threading
import types
from pathlib import Path

TRACKERS = ("clearml", "comet", "dvc", "hub", "mlflow", "neptune", "raytune", "sync", "tensorboard", "wandb")
"""Ultralytics' settings for services that would be told of the training; all are switched off."""


def main() -> None:
    """Train, or end with a line on stderr and a status other than 0."""
    job = json.loads(Path("job.json").read_text(encoding="utf-8"))
    # Nothing that a library prints may pass for progress.
    say = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import torch  # type: ignore[import-not-found,unused-ignore]
    import ultralytics  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from ultralytics import YOLO, settings
    from ultralytics.nn import tasks  # type: ignore[import-not-found,import-untyped,unused-ignore]

    if not getattr(tasks, "SAFE_LOAD", False):
        sys.exit("this version of Ultralytics cannot load weights safely; install a newer one")
    settings.update({name: False for name in TRACKERS if name in settings})
    _stand_in_for_torchvision()
    device = job["device"] or ("0" if torch.cuda.is_available() else "cpu")
    checkpoint = Path("checkpoint.pt")
    resume = checkpoint.exists()

    def tell(event: str, **facts: object) -> None:
        say.write(json.dumps({"event": event, **facts}) + "\n")

    def begun(trainer) -> None:  # type: ignore[no-untyped-def]
        tell(
            "begun",
            first_epoch=int(trainer.start_epoch),
            device=torch.cuda.get_device_name(0) if trainer.device.type == "cuda" else str(trainer.device),
            parameters=sum(p.numel() for p in trainer.model.parameters()),
            versions={
                "python": platform.python_version(),
                "torch": torch.__version__,
                "ultralytics": ultralytics.__version__,
            },
        )

    def batch_done(trainer) -> None:  # type: ignore[no-untyped-def]
        place["batch"] += 1
        tell("batch", epoch=int(trainer.epoch), batch=place["batch"], batches=len(trainer.train_loader))

    def epoch_begun(trainer) -> None:  # type: ignore[no-untyped-def]
        place["batch"] = 0

    def epoch_done(trainer) -> None:  # type: ignore[no-untyped-def]
        # Ultralytics writes last.pt in place; killed while it does, there would be nothing left to go on from.
        shutil.copyfile(trainer.last, "checkpoint.partial")
        os.replace("checkpoint.partial", checkpoint)
        tell("epoch", epoch=int(trainer.epoch), metrics=_metrics(trainer.metrics))

    place = {"batch": 0}
    model = YOLO(str(checkpoint) if resume else job["base"], task="detect")
    model.add_callback("on_train_start", begun)
    model.add_callback("on_train_epoch_start", epoch_begun)
    model.add_callback("on_train_batch_end", batch_done)
    # Not on_fit_epoch_end: that one comes again after the last epoch, and before the checkpoint is written.
    model.add_callback("on_model_save", epoch_done)
    model.train(
        data=str(Path("data.yaml").resolve()),
        epochs=job["epochs"],
        imgsz=job["imgsz"],
        batch=job["batch"],
        patience=job["patience"],
        seed=job["seed"],
        workers=job["workers"],
        device=device,
        save_dir=str(Path("run").resolve()),
        resume=resume,
        deterministic=True,
        # Half precision would first fetch a model to try it with.
        amp=False,
        plots=False,
        verbose=False,
    )
    tell("done", metrics=_metrics(model.trainer.metrics), epochs=int(model.trainer.epoch) + 1)
    say.flush()
    # At once: what hears of the end closes standard input, and the thread behind it must not win.
    os._exit(0)


def _metrics(found) -> dict[str, float | None]:  # type: ignore[no-untyped-def]
    """By names without slashes; what is no number is None."""
    names = {
        "metrics/precision(B)": "precision",
        "metrics/recall(B)": "recall",
        "metrics/mAP50(B)": "map50",
        "metrics/mAP50-95(B)": "map50_95",
    }
    values = {name: float(found[key]) for key, name in names.items() if key in found}
    return {name: round(value, 5) if math.isfinite(value) else None for name, value in values.items()}


def _stand_in_for_torchvision() -> None:
    """The torchvision of the package index cannot load beside a CPU build of torch; all that is asked of it is nms."""
    try:
        import torchvision  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: F401
    except Exception:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        from ultralytics.utils.nms import TorchNMS  # type: ignore[import-not-found,import-untyped,unused-ignore]

        stand_in = types.ModuleType("torchvision")
        stand_in.ops = types.SimpleNamespace(nms=TorchNMS.nms)  # type: ignore[attr-defined]
        sys.modules["torchvision"] = stand_in


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(3)


if __name__ == "__main__":
    main()
