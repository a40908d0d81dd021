"""`streetproof cases`: the sealed cases, and what is known of them since."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from evidence_export.words import Language, Said
from streetproof.cli.language import language_of
from streetproof.cli.options import Json
from streetproof.cli.output import out, print_json

EPILOG = (
    "Example: streetproof cases --data streetproof-data --camera gate-1    "
    "Exit codes: 0 done, also where there are none · 2 usage · 4 there is no database, or it cannot be read"
)


def cases(
    data: Annotated[
        Path, typer.Option("--data", "-d", help="The folder that a batch wrote to (--out), or the daemon's (--data).")
    ] = Path("streetproof-data"),
    camera: Annotated[str | None, typer.Option(help="Only of this camera, by its id.")] = None,
    last: Annotated[int, typer.Option(min=1, help="So many, the newest.")] = 50,
    as_json: Json = False,
    lang: Annotated[
        Language | None, typer.Option(help="Chinese or English; default: as LC_ALL, LC_MESSAGES or LANG say.")
    ] = None,
) -> None:
    """List sealed cases 案件: when it was seen first, when it left, and what re-checks 复查 said.

    A bundle is never changed. What was learned after sealing, as when a vehicle left that still stood there then, is
    shown here and marked as such.
    """
    from rich.markup import escape
    from rich.table import Table

    from streetproof.caselist.entries import document, entries
    from streetproof.caselist.showing import FIXED, HEADS, cells
    from streetproof.cli.database import opened

    language = lang or language_of(os.environ)
    with opened(data, "there are no cases here") as store:
        rows = [row for row in store.cases() if camera in (None, row.camera)]
        found = list(entries(store, data, rows[-last:]))
    if as_json:
        print_json(document(found))
        return
    if found:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for number, head in enumerate(HEADS):
            table.add_column(head.to(language), overflow="fold", no_wrap=number in FIXED)
        for entry in found:
            table.add_row(*(escape(cell) for cell in cells(entry, language)))
        out.print(table)
    total = Said(f"共 {len(rows)} 件，显示 {len(found)} 件", f"{len(found)} of {len(rows)} shown")
    out.print(total.to(language), style="dim", markup=False)
