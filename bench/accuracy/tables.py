"""The figures in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

_COLUMNS = ("scenes", "stays", "F1", "precision", "recall", "cases/stay", "swallowed", "off median", "RMSE", "max")


def show(console: Console, result: Mapping[str, Any]) -> None:
    """One table for each contender, and one of all of them on the scenes that all went through."""
    for name, own in result["contenders"].items():
        rows = {condition: own["conditions"][condition] for condition in own["conditions"]}
        console.print(_table(f"{name} ({own['model']})", {**rows, "overall": own["overall"]}))
        console.print()
    if result["shared"]:
        console.print(
            _table("all on the same scenes", {name: one["overall"] for name, one in result["shared"].items()})
        )


def _table(title: str, rows: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("condition", no_wrap=True)
    for name in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for name, one in rows.items():
        table.add_row(name, *cells(one), style="bold" if name == "overall" else None)
    return table


def cells(one: Mapping[str, Any]) -> list[str]:
    """One row's figures as text; a figure that nothing was measured for is a dash."""
    arrival = one["arrival"]
    return [
        str(one["scenes"]),
        str(one["truth"]),
        *(figure(one[key], 3) for key in ("f1", "precision", "recall")),
        figure(one["cases_per_stay"], 2),
        str(one["swallowed"]),
        *(figure(arrival[key], 1) for key in ("median_s", "rmse_s", "max_s")),
    ]


def figure(value: float | None, decimals: int) -> str:
    """A number or a dash."""
    return "–" if value is None else f"{value:.{decimals}f}"
