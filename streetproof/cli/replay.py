"""`streetproof replay`: stored detections in, what the rules make of them out; no video, no model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from streetproof.cli.detections import (
    Detections,
    Quiet,
    allowed,
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
from streetproof.cli.output import counted, err, out, print_json

EPILOG = (
    "Example: streetproof replay cases/observations site.yaml --events events.json    "
    "Exit codes: 0 done · 2 usage · 3 done, but frames or boxes were left out that should not be there; each kind is "
    "told with file and line · 4 the site or the detections cannot be used · 130 interrupted"
)


def replay(
    detections: Detections,
    site: Annotated[Path, typer.Argument(help="The site file (YAML) with the rules.", show_default=False)],
    events: Annotated[Path | None, typer.Option(help="Write what was found to this file (JSON).")] = None,
    stays: Annotated[bool, typer.Option("--stays", help="Every stay, not only violations.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Judge stored detections by a site's rules: the same detections give the same events, byte for byte."""
    from streetproof.events import check_place, write_events
    from streetproof.settings.load import load_site

    if events is not None:
        check_place(events, [site, *detections])
    loaded = load_site(site)
    result = replayed(detections, [loaded], stays=stays, quiet=quiet or as_json)
    (document,) = result.documents
    if events is not None:
        write_events(events, document)
    if as_json:
        print_json({"events": document, **read_json(result, [loaded.site])})
    elif quiet:
        show_problems(result, err)
    else:
        if document["entries"]:
            out.print(violations_table(document["entries"], loaded.site.site.zone))
        else:
            out.print("No violation was found.")
        show_problems(result, out)
        show_notes(result, [loaded.site], out)
        more = f" in {counted(len(document['stays']), 'stay')}" if stays else ""
        out.print(f"\n{read_line(result)}: {counted(len(document['entries']), 'violation')}{more}", markup=False)
        if events is not None:
            out.print(f"Events: {events}", markup=False)
    exit_with(result)


def violations_table(entries: list[dict[str, Any]], zone: ZoneInfo) -> Table:
    """One line per violation, times on the wall of the site."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("camera", "rule", "zone", "class"):
        table.add_column(name, overflow="fold")
    for name in ("first seen", "stood ≥", "allowed"):
        table.add_column(name, no_wrap=True)
    for entry in entries:
        table.add_row(
            entry["camera"],
            entry["rule"],
            entry["zone"],
            entry["cls"],
            clock(entry["arrived"][1], zone),
            stood(entry),
            allowed(entry),
        )
    return table
