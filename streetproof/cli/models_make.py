"""`streetproof models train | export`: a model of one's own, and other forms of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from streetproof.cli.options import Json, Store, store_at
from streetproof.cli.output import err, out, print_json

if TYPE_CHECKING:
    from models.exporting.compare import Difference
    from models.training.interface import Progress, Report

TRAIN_EPILOG = (
    "Example: streetproof models train dataset/dataset.yaml --base yolo11n.pt --epochs 100 --imgsz 640 --out my-van    "
    "Ctrl-C stops it; the same command goes on from the last whole epoch.    "
    "Exit codes: 0 trained, compared and written · 1 refused, or it failed · 2 usage · 130 interrupted"
)
EXPORT_EPILOG = (
    "Example: streetproof models export my-van.pt --format onnx --imgsz 640 --out models/ · streetproof models "
    "export my-van/my-van.onnx --format openvino-int8 --calibration dataset/dataset.yaml --out models/    "
    "Exit codes: 0 written · 1 refused, also where the export does not find what the original finds · 2 usage"
)


class Format(StrEnum):
    """As models.exporting.export.ExportKind, which takes long to load."""

    ONNX = "onnx"
    OPENVINO_INT8 = "openvino-int8"
    OPENVINO_FP16 = "openvino-fp16"
    OPENVINO_FP32 = "openvino-fp32"


def train(
    dataset: Annotated[Path, typer.Argument(help="The data set's YAML file.", show_default=False)],
    base: Annotated[
        str,
        typer.Option(
            help="Ultralytics weights to go on from (a .pt file), or an architecture to begin with nothing "
            "(yolo11n.yaml). Nothing is downloaded.",
            show_default=False,
        ),
    ],
    folder: Annotated[Path, typer.Option("--out", help="Folder for the model and its card.", show_default=False)],
    epochs: Annotated[int, typer.Option(help="At most so many rounds through the data set.")] = 100,
    imgsz: Annotated[int, typer.Option(help="Side of the network's input in pixels, a multiple of 32.")] = 640,
    batch: Annotated[int, typer.Option(help="Pictures per step; less needs less memory.")] = 16,
    patience: Annotated[int, typer.Option(help="End after so many epochs without a better one.")] = 50,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, or the number of a GPU; default: a GPU where there is one.")] = "",
    workers: Annotated[int, typer.Option(help="Processes that read pictures.")] = 2,
    name: Annotated[
        str | None, typer.Option(help="What evidence will call the model; default: the name of the folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Fine-tune a detector on a data set, with Ultralytics (AGPL-3.0), and export it to ONNX with its model card.

    The data set is looked over first; a picture that is in `train` and `val` alike stops it.
    """
    from models.exporting.export import usable_name
    from models.training.interface import TrainPlan
    from models.training.run import train as train_model
    from streetproof.clock import now

    plan = TrainPlan(base, name or usable_name(folder.name), epochs, imgsz, batch, seed, patience, device, workers)
    with _shown(epochs) as report:
        done = train_model(dataset, plan, folder, progress=report, made_at=now().isoformat())
    if as_json:
        print_json(
            {
                "name": done.name,
                "model": str(done.model),
                "description": str(done.description),
                "card": str(done.card),
                "metrics": dict(done.metrics),
                "difference": asdict(done.difference) if done.difference else None,
                "resumed": done.resumed,
                "done_before": done.done_before,
                "licence": "AGPL-3.0",
            }
        )
        return
    state = "was trained before 此前已训练完成" if done.done_before else "is trained 训练完成"
    out.print(f"[green]✓[/] {done.name} {state}: ", end="")
    out.print(_figures(done.metrics), markup=False)
    if done.difference:
        _show(done.difference)
    out.print(f"  model: {done.model}", markup=False)
    out.print(f"  card 模型卡: {done.card}, {done.card.with_name('CARD.md').name}", markup=False)
    out.print("  AGPL-3.0: read the card before you offer a service with it 对外提供服务前请阅读模型卡", style="yellow")


def export(
    model: Annotated[
        str,
        typer.Argument(
            help="A name from the catalog, an .onnx file, or Ultralytics weights (.pt).", show_default=False
        ),
    ],
    kind: Annotated[Format, typer.Option("--format", help="What to make of it.", show_default=False)],
    folder: Annotated[Path, typer.Option("--out", help="Folder for the export.", show_default=False)],
    calibration: Annotated[
        Path | None,
        typer.Option(
            help="A data set's YAML file, or a folder of pictures: to calibrate 8-bit numbers with, and to compare on. "
            "Needed for openvino-int8 and openvino-fp16."
        ),
    ] = None,
    imgsz: Annotated[int | None, typer.Option(help="Side of the input of a .pt in pixels; default 640.")] = None,
    name: Annotated[str | None, typer.Option(help="What evidence will call the export.")] = None,
    licence: Annotated[str | None, typer.Option(help="Of a .pt; default AGPL-3.0, Ultralytics' own.")] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Make another form of a model, and compare: an export that does not find what the original finds is refused."""
    from models.dataset.pictures import choose
    from models.exporting.export import ExportKind
    from models.exporting.export import export as export_model

    with err.status(f"{kind.value} ..."):
        pictures = choose(calibration) if calibration else None
        made = export_model(
            model,
            ExportKind(kind.value),
            out=folder,
            pictures=pictures,
            name=name,
            side=imgsz,
            licence=licence,
            store=store_at(store),
        )
    if as_json:
        print_json(
            {
                "name": made.name,
                "format": kind.value,
                "model": str(made.path),
                "description": str(made.description),
                "sha256": made.sha256,
                "calibrated_on": made.calibrated_on,
                "compared_on": made.compared_on,
                "difference": made.difference.record(made.limits),
            }
        )
        return
    out.print(f"[green]✓[/] {made.name} is written 导出完成, compared on 对比依据: {made.compared_on}")
    _show(made.difference)
    out.print(f"  model: {made.path}", markup=False)


def _show(difference: Difference) -> None:
    """How far the export is from its original, for people."""
    out.print(
        f"  against the original 与原模型对比: {difference.boxes} boxes, {difference.lost} lost 漏, "
        f"{difference.added} new 多; IoU loss {difference.iou_loss_mean:.4f} mean, {difference.iou_loss_max:.4f} max; "
        f"score off {difference.score_mean:.4f} mean, {difference.score_max:.4f} max",
        markup=False,
    )


def _figures(metrics: Mapping[str, float | None]) -> str:
    return ", ".join(f"{name} {'unknown' if value is None else f'{value:.3f}'}" for name, value in metrics.items())


@contextmanager
def _shown(epochs: int) -> Iterator[Report]:
    """A bar on a terminal, a line per epoch elsewhere; on standard error."""
    if not err.is_terminal:

        def line(progress: Progress) -> None:
            if progress.metrics is not None:
                err.print(f"epoch {progress.epoch}/{progress.epochs}: {_figures(progress.metrics)}", markup=False)

        yield line
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=err, transient=True) as bar:
        task = bar.add_task("looking the data set over 检查数据集", total=epochs)

        def show(progress: Progress) -> None:
            part = 1.0 if progress.metrics is not None else progress.batch / max(1, progress.batches)
            bar.update(task, description="epochs 训练轮次", completed=progress.epoch - 1 + part)
            if progress.metrics is not None:
                bar.update(task, description=_figures(progress.metrics))

        yield show
