"""`streetproof batch`: archived recordings in, cases and a report out."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from streetproof.cli.exits import Exit
from streetproof.cli.options import Key, Passphrase, Pin, Store, store_at
from streetproof.cli.output import counted, err, out, print_json, span

if TYPE_CHECKING:
    from streams.instant import Instant
    from streetproof.batch.inputs import BatchRequest
    from streetproof.batch.report import BatchReport
    from streetproof.settings.load import LoadedSite

EPILOG = (
    "Example: streetproof batch site.yaml /archive/2026-11-02 --out cases-2026-11-02    "
    "Exit codes: 0 done · 2 usage · 3 done, but some inputs could not be used · 4 nothing could be done · "
    "130 interrupted; the same command goes on where it stopped"
)


def batch(
    site: Annotated[Path, typer.Argument(help="The site file (YAML).")],
    inputs: Annotated[list[str], typer.Argument(help="Recordings: files, folders (with all below), globs in quotes.")],
    out_dir: Annotated[Path, typer.Option("--out", "-o", help="Folder for cases, reports and the state of the run.")],
    camera: Annotated[str | None, typer.Option(help="Camera of all inputs, instead of the site's globs.")] = None,
    start: Annotated[
        str | None,
        typer.Option(help="Start of the recording as its operator states it, e.g. 2026-11-02T08:00:00+08:00."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model instead of the site's: a catalog name or an .onnx.")] = None,
    key: Key = None,
    passphrase: Passphrase = None,
    pin: Pin = None,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes; default: one per core.")] = len(
        os.sched_getaffinity(0)
    ),
    as_zip: Annotated[bool, typer.Option("--zip", help="Pack each bundle as a zip.")] = False,
    events: Annotated[
        Path | None, typer.Option(help="Write what was found to this file as well, as `streetproof replay` does.")
    ] = None,
    stays: Annotated[bool, typer.Option("--stays", help="With --events: every stay, not only violations.")] = False,
    store: Store = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no tables; errors still show.")] = False,
) -> None:
    """Reprocess archived recordings: find violations, seal a verified bundle for each, write a report.

    Run it again with the same --out: finished work is kept, nothing is done or found twice.
    """
    from streetproof.batch.inputs import BatchRequest
    from streetproof.keys import key_spec
    from streetproof.settings.load import load_site

    if stays and events is None:
        raise typer.BadParameter("goes with --events", param_hint="--stays")
    loaded = overruled(load_site(site), model=model, as_zip=as_zip)
    stated = None if start is None else _parse_start(start, loaded.site.site.timezone)
    report = run_shown(
        BatchRequest(
            loaded=loaded,
            inputs=inputs,
            out=out_dir,
            key=key_spec(loaded, key, passphrase, pin),
            models=store_at(store),
            workers=workers,
            camera=camera,
            start=stated,
            events=events,
            stays=stays,
        ),
        quiet=quiet or as_json,
    )
    if as_json:
        print_json(report.document)
    elif quiet:
        show_failures(report, err)
    else:
        show(report)
    code = exit_of(report)
    if code is not Exit.OK:
        raise typer.Exit(code)


def overruled(loaded: LoadedSite, *, model: str | None, as_zip: bool) -> LoadedSite:
    """The site with what the command line says instead."""
    from streetproof.settings.load import LoadedSite

    site = loaded.site
    if model is not None:
        site = site.model_copy(update={"model": site.model.model_copy(update={"name": model})})
    if as_zip:
        site = site.model_copy(update={"evidence": site.evidence.model_copy(update={"zip": True})})
    return LoadedSite(site, loaded.path, loaded.sha256, loaded.document)


def run_shown(request: BatchRequest, *, quiet: bool) -> BatchReport:
    """Run a batch under a display; raises typer.Exit on Ctrl-C."""
    from streetproof.batch.run import run_batch
    from streetproof.cli.progress import display

    try:
        with display(quiet=quiet) as shown:
            return run_batch(request, shown)
    except KeyboardInterrupt as error:
        err.print("Interrupted. The same command goes on where this one stopped.", markup=False)
        raise typer.Exit(Exit.INTERRUPTED) from error


def exit_of(report: BatchReport) -> Exit:
    """The exit code that a report means."""
    if not report.failures:
        return Exit.OK
    return Exit.PARTIAL if report.document["inputs"] else Exit.ERROR


def show(report: BatchReport) -> None:
    """What was found, what failed, and where everything lies."""
    totals = report.document["totals"]
    if report.cases:
        out.print(_case_table(report))
        for case in report.cases:
            out.print(f"  {report.out / case['bundle']}", markup=False, style="dim")
    else:
        out.print("No violation was found." if report.document["inputs"] else "Nothing could be looked at.")
    show_failures(report, out)
    factor = totals["real_time_factor"]
    speed = f", {factor:g} times real time" if factor else ", all from earlier runs" if totals["inputs"] else ""
    out.print(
        f"\n{counted(totals['inputs'], 'recording')}, {span(totals['span_ns'])} of footage, "
        f"{totals['failures']} failed, "
        f"{counted(totals['cases'], 'case')} ({totals['new_cases']} new) in {span(totals['wall_ns'])}{speed}",
        markup=False,
    )
    out.print(f"Report: {report.html}", markup=False)


def show_failures(report: BatchReport, console: Console) -> None:
    """Each input that could not be used, why, and what to do."""
    for failure in report.failures:
        console.print("✗ ", style="bold red", end="")
        console.print(f"{failure['path']}: {failure['what']}", markup=False)
        if failure["remedy"]:
            console.print(f"    → {failure['remedy']}", markup=False, style="cyan")


def _case_table(report: BatchReport) -> Table:
    zone = ZoneInfo(report.document["site"]["timezone"])
    columns: dict[str, Callable[[dict[str, Any]], str]] = {
        "case": lambda case: case["id"],
        "camera": lambda case: case["camera"],
        "class": lambda case: case["cls"],
        "first seen": lambda case: f"{datetime.fromisoformat(case['arrived']).astimezone(zone):%F %T}",
        "stood ≥": lambda case: span(case["sworn_ns"]),
        "allowed": lambda case: span(case["allowed_ns"]),
    }
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=name in ("case", "first seen", "stood ≥"))
    for case in report.cases:
        table.add_row(*(value(case) for value in columns.values()))
    return table


def _parse_start(text: str, zone: str) -> Instant:
    from streams.archive.clock import parse_start

    try:
        return parse_start(text, zone)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--start") from error
