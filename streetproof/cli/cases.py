"""`streetproof cases`: the sealed cases, and what is known of them since."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from evidence_export.words import Language, Said
from streetproof.cli.cases_open import EPILOG as OPEN_EPILOG
from streetproof.cli.cases_open import open_
from streetproof.cli.language import language_of
from streetproof.cli.options import Json
from streetproof.cli.output import out, print_json

EPILOG = (
    "Example: streetproof cases --data streetproof-data --camera gate-1    "
    "Exit codes: 0 done, also where there are none · 2 usage · 4 there is no database, or it cannot be read"
)


app = typer.Typer(rich_markup_mode=None)
app.command("open", epilog=OPEN_EPILOG)(open_)


@app.callback(invoke_without_command=True, epilog=EPILOG)
def cases(
    context: typer.Context,
    data: Annotated[
        Path, typer.Option("--data", "-d", help="The folder that a batch wrote to (--out), or the daemon's (--data).")
    ] = Path("streetproof-data"),
    camera: Annotated[str | None, typer.Option(help="Only of this camera, by its id.")] = None,
    last: Annotated[int, typer.Option(min=1, help="So many, the newest.")] = 50,
    deleted: Annotated[bool, typer.Option("--deleted", help="Those that were deleted instead.")] = False,
    as_json: Json = False,
    lang: Annotated[
        Language | None, typer.Option(help="Chinese or English; default: as LC_ALL, LC_MESSAGES or LANG say.")
    ] = None,
) -> None:
    """List sealed cases 案件: when it was seen first, when it left, and what re-checks 复查 said.

    A bundle is never changed. What was learned after sealing, as when a vehicle left that still stood there then, is
    shown here and marked as such. `cases open` says where one lies, for a purpose.
    """
    if context.invoked_subcommand is not None:
        return
    from rich.markup import escape
    from rich.table import Table

    from streetproof.caselist.entries import document, entries
    from streetproof.caselist.showing import FIXED, HEADS, cells
    from streetproof.cli.database import opened

    language = lang or language_of(os.environ)
    if deleted:
        _show_deleted(data, camera, last, language, as_json=as_json)
        return
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


def _show_deleted(data: Path, camera: str | None, last: int, language: Language, *, as_json: bool) -> None:
    from streetproof.cli.database import opened
    from streetproof.cli.retention import tombstone
    from streetproof.retention.judging import CLASSES, RetentionClass

    with opened(data, "there are no cases here") as store:
        stones = [one for one in store.tombstones.all() if camera in (None, one.camera)]
    if as_json:
        print_json([tombstone(one) for one in stones[-last:]])
        return
    for one in stones[-last:]:
        said = CLASSES[RetentionClass(one.cls)]
        kept = Said(f"{said.zh}，保存至 {one.due}", f"{said.en}, kept until {one.due}").to(language)
        going = "" if one.state == "deleted" else Said("（删除中）", " (being deleted)").to(language)
        out.print(f"{one.case_id}  {one.camera}  {kept}  {one.by}{going}", markup=False)
    total = Said(f"共删除 {len(stones)} 件", f"{len(stones)} deleted").to(language)
    out.print(total, style="dim", markup=False)
