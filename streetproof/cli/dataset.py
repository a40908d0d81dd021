"""`streetproof dataset check`: data sets to train models from."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streetproof.cli.exits import Exit
from streetproof.cli.options import Json
from streetproof.cli.output import counted, out, print_json

if TYPE_CHECKING:
    from models.dataset.interface import Dataset

app = typer.Typer(help="Data sets to train models from.", no_args_is_help=True, rich_markup_mode=None)

MOST_SHOWN = 50


@app.command(
    epilog="Example: streetproof dataset check dataset/dataset.yaml    Exit codes: 0 it can be trained with · 1 it has "
    "faults · 2 usage · 4 it cannot be read"
)
def check(
    path: Annotated[Path, typer.Argument(help="The data set's YAML file.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Look a YOLO-format data set over: folders, labels, classes, pictures, and pictures in `train` and `val` alike."""
    from models.dataset.reading import look_over

    found = look_over(path)
    if as_json:
        print_json(
            {
                "path": str(path),
                "valid": found.dataset is not None,
                "dataset": _summary(found.dataset) if found.dataset else None,
                "faults": [asdict(one) for one in found.faults],
                "warnings": [asdict(one) for one in found.warnings],
            }
        )
    else:
        for mark, style, listed in (("✗", "bold red", found.faults), ("!", "yellow", found.warnings)):
            for one in listed[:MOST_SHOWN]:
                out.print(f"{mark} {one.where}: {one.what}", style=style, markup=False)
                out.print(f"    → {one.remedy}", style="dim", markup=False)
            if len(listed) > MOST_SHOWN:
                out.print(f"  and {len(listed) - MOST_SHOWN} more; all with --json", style=style)
        if found.dataset:
            _show(found.dataset)
        else:
            out.print(f"{counted(len(found.faults), 'fault')} 有错误，不能用于训练", style="bold red")
    if found.dataset is None:
        raise typer.Exit(Exit.FAILED)


def _summary(dataset: Dataset) -> dict[str, object]:
    from models.dataset.interface import Split

    return {
        "sha256": dataset.sha256,
        "classes": list(dataset.classes),
        "images": {split.value: len(dataset.of(split)) for split in Split},
        "boxes": {split.value: dataset.boxes(split) for split in Split},
    }


def _show(dataset: Dataset) -> None:
    from models.dataset.interface import Split

    out.print(f"[green]✓[/] can be trained with 可用于训练  SHA-256 {dataset.sha256}")
    for split in Split:
        if images := dataset.of(split):
            boxes = ", ".join(f"{name} {count}" for name, count in dataset.boxes(split).items())
            out.print(f"  {split.value}: {counted(len(images), 'picture')}; boxes: {boxes}", markup=False)
