"""`streetproof whatif`: what another policy would have changed, on detections that are there already."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from streetproof.cli.detections import (
    Detections,
    Quiet,
    clock,
    exit_with,
    read_json,
    read_line,
    replayed,
    show_notes,
    show_problems,
    stood,
)
from streetproof.cli.options import Json
from streetproof.cli.output import counted, err, out, print_json, span

if TYPE_CHECKING:
    from streetproof.replay.compare import Comparison

EPILOG = (
    "Example: streetproof whatif cases/observations site.yaml stricter.yaml    "
    "Exit codes: 0 done, whatever changes · 2 usage · 3 done, but frames or boxes were left out that should not be "
    "there · 4 a site or the detections cannot be used · 130 interrupted"
)
_MOST = 20
"""Lines of a table; --json has all."""


def whatif(
    detections: Detections,
    site_a: Annotated[Path, typer.Argument(help="The site file (YAML) as it is: A.", show_default=False)],
    site_b: Annotated[Path, typer.Argument(help="The site file with the changed policy: B.", show_default=False)],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show what a changed policy would change: violations that appear, vanish, or fire at another time.

    Copy the site file, change a rule, a zone or a schedule in the copy, and give both. Nothing is written.
    """
    from streetproof.replay.compare import compare
    from streetproof.settings.load import load_site

    sites = [load_site(site_a), load_site(site_b)]
    result = replayed(detections, sites, stays=False, quiet=quiet or as_json)
    comparison = compare(*result.documents)
    if as_json:
        named = [{"path": str(one.path), "sha256": one.sha256, "site": one.site.site.id} for one in sites]
        print_json(
            {
                "a": named[0],
                "b": named[1],
                **comparison.as_json(),
                **read_json(result, [one.site for one in sites]),
            }
        )
    elif quiet:
        show_problems(result, err)
    else:
        out.print(f"A  {site_a}\nB  {site_b}\n", markup=False)
        _show(comparison, sites[0].site.site.zone)
        show_problems(result, out)
        show_notes(result, [one.site for one in sites], out)
        out.print(f"\n{read_line(result)} under both", markup=False)
    exit_with(result)


def _show(comparison: Comparison, zone: ZoneInfo) -> None:
    total = comparison.total()
    if not total.a and not total.b:
        out.print("No violation under either.")
        return
    out.print(_counts_table(comparison))
    for title, entries in (("Appear under B", comparison.appear), ("Vanish under B", comparison.vanish)):
        if entries:
            out.print(f"\n{title}", style="bold")
            out.print(_entries_table(entries, zone))
            _more(len(entries))
    if comparison.changed:
        out.print("\nChange under B", style="bold")
        out.print(_changes_table(comparison, zone))
        _more(len(comparison.changed))
    if not (comparison.appear or comparison.vanish or comparison.changed):
        out.print("\nNothing changes: each violation is the same under both.")


def _counts_table(comparison: Comparison) -> Table:
    table = _table("camera", "rule", right=("A", "B", "appear", "vanish", "change", "same"))
    rules, total = comparison.rules(), comparison.total()
    for one in [*rules, total]:
        last = one is total
        numbers = (one.a, one.b, one.appear, one.vanish, one.changed, one.same)
        if last:
            table.add_section()
        table.add_row(
            "total" if last else one.camera,
            "" if last else one.rule,
            *(str(number) if number else "·" for number in numbers),
            style="bold" if last else None,
        )
    return table


def _entries_table(entries: Sequence[dict[str, Any]], zone: ZoneInfo) -> Table:
    from streams.instant import from_iso

    table = _table("camera", "rule", "class", right=("first seen", "fires after", "stood ≥"))
    for entry in entries[:_MOST]:
        table.add_row(
            entry["camera"],
            entry["rule"],
            entry["cls"],
            clock(entry["arrived"][1], zone),
            span(from_iso(entry["fired_at"]) - from_iso(entry["arrived"][1])),
            stood(entry),
        )
    return table


def _changes_table(comparison: Comparison, zone: ZoneInfo) -> Table:
    table = _table("camera", "rule", "class", right=("first seen", "fires", "stood ≥ A", "B"))
    for one in comparison.changed[:_MOST]:
        later = one.fires_later_s
        shift = f"{span(round(abs(later) * 1e9))} {'later' if later > 0 else 'earlier'}" if later else "as before"
        seen_b = stood(one.b)
        table.add_row(
            one.b["camera"],
            one.b["rule"],
            one.b["cls"],
            clock(one.b["arrived"][1], zone),
            shift,
            stood(one.a),
            "same" if seen_b == stood(one.a) else seen_b,
        )
    return table


def _table(*left: str, right: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in left:
        table.add_column(name, overflow="fold")
    for name in right:
        table.add_column(name, justify="left" if name == "first seen" else "right", no_wrap=True)
    return table


def _more(count: int) -> None:
    if count > _MOST:
        out.print(f"… and {counted(count - _MOST, 'more violation')}; --json has all", style="dim", markup=False)
