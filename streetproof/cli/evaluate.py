"""`streetproof evaluate`: how well events fit a truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from streetproof.cli.options import Json
from streetproof.cli.output import out, print_json

if TYPE_CHECKING:
    from streetproof.evaluation.measures import Evaluation, Scores, TimeError

EPILOG = (
    "Example: streetproof evaluate --truth truth.json --events events.json    "
    "Exit codes: 0 done, whatever the figures are · 2 usage · 4 a file cannot be used; the message names the entry"
)


def evaluate(
    truth: Annotated[list[Path], typer.Option(help="What truly happened (JSON); may be given several times.")],
    events: Annotated[list[Path], typer.Option(help="What was found (JSON); may be given several times.")],
    min_iou: Annotated[
        float | None,
        typer.Option("--iou", min=0.01, max=1.0, help="Boxes of one stay overlap at least this much; default: 0.3."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Precision, recall, F1, cases per stay, and how far arrivals, departures and areas are off, per condition too.

    docs/replay.md says what each figure is, to the letter.
    """
    from streetproof.evaluation import measures
    from streetproof.evaluation.entries import read_entries
    from streetproof.evaluation.matching import MIN_IOU

    min_iou = MIN_IOU if min_iou is None else min_iou
    evaluation = measures.evaluate(read_entries(truth), read_entries(events), min_iou=min_iou)
    if as_json:
        print_json({"iou": min_iou, **evaluation.as_json()})
        return
    out.print(_found_table(evaluation))
    out.print()
    out.print(_times_table(evaluation))
    if evaluation.overall.area.measured:
        out.print()
        out.print(_area_table(evaluation))
    if evaluation.overall.ignored:
        out.print(f"\n{evaluation.overall.ignored} events of stays that the truth says to ignore", markup=False)


def _rows(evaluation: Evaluation) -> list[tuple[str, Scores]]:
    return [("overall", evaluation.overall), *evaluation.conditions.items()]


def _found_table(evaluation: Evaluation) -> Table:
    columns = ("truth", "found", "missed", "false", "precision", "recall", "F1", "cases/stay")
    table = _table(columns)
    for name, one in _rows(evaluation):
        table.add_row(
            name,
            *map(str, (one.truth, one.matched, one.missed, one.false)),
            *(_figure(value, 3) for value in (one.precision, one.recall, one.f1, one.cases_per_stay)),
            style="bold" if one is evaluation.overall else None,
        )
    return table


def _times_table(evaluation: Evaluation) -> Table:
    table = _table(("seconds off", "of", "median", "RMSE", "max", "width"))
    for name, one in _rows(evaluation):
        style = "bold" if one is evaluation.overall else None
        table.add_row(name, "arrival", *_times(one.arrival), style=style)
        table.add_row("", "departure", *_times(one.departure), style=style)
    return table


def _area_table(evaluation: Evaluation) -> Table:
    table = _table(("area of", "off, median", "max", "within 20 %"))
    for name, one in _rows(evaluation):
        figures = (one.area.median, one.area.max, one.area.within)
        style = "bold" if one is evaluation.overall else None
        table.add_row(name, str(one.area.measured), *map(_percent, figures), style=style)
    return table


def _times(one: TimeError) -> list[str]:
    figures = (one.median_s, one.rmse_s, one.max_s, one.width_median_s)
    return [str(one.measured), *(_figure(value, 2) for value in figures)]


def _table(columns: tuple[str, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("condition", overflow="fold")
    for name in columns:
        table.add_column(name, justify="left" if name == "seconds off" else "right", no_wrap=True)
    return table


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}".replace("%", " %")


def _figure(value: float | None, decimals: int) -> str:
    return "–" if value is None else f"{value:.{decimals}f}"
