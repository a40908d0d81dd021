"""`streetproof access`: who looked at which case, when and why."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from evidence_export.words import Language, Said
from streetproof.cli.language import language_of
from streetproof.cli.options import Json
from streetproof.cli.output import out, print_json
from streetproof.errors import StreetproofError

LIST_EPILOG = (
    "Example: streetproof access list SP-20261102-ABCDEFGHIJKL --data streetproof-data    "
    "Exit codes: 0 told, also where nobody looked · 2 usage · 4 there is no ledger, or it cannot be read"
)
_KINDS = {
    "case.viewed": Said("查阅", "viewed"),
    "case.redacted": Said("制作遮挡副本", "masked copies"),
    "dataset.exported": Said("导出训练集", "data set"),
    "plates.searched": Said("检索号牌", "plates searched"),
}

app = typer.Typer(help="Who looked at cases 查阅记录.", rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def root() -> None:
    """Keeps `list` a command of its own, though it is the only one."""


@app.command("list", epilog=LIST_EPILOG)
def list_(
    case: Annotated[str | None, typer.Argument(help="Id of the case; none: of all cases.")] = None,
    officer: Annotated[str | None, typer.Option(help="Only of this officer, by name or licence.")] = None,
    plate: Annotated[
        str | None, typer.Option(help="Only searches for this plate, with ? where it was searched for so.")
    ] = None,
    data: Annotated[Path, typer.Option("--data", "-d", help="The folder that holds the cases.")] = Path(
        "streetproof-data"
    ),
    as_json: Json = False,
    lang: Annotated[
        Language | None, typer.Option(help="Chinese or English; default: as LC_ALL, LC_MESSAGES or LANG say.")
    ] = None,
) -> None:
    """List who looked at a case, when and for what; also of cases that were deleted since.

    Papers and masked copies of it count, and data sets that it went into; without a case, searches for plates as well.
    """
    from streetproof.access.listing import views
    from streetproof.access.purposes import REASONS, Reason
    from streetproof.access.searching import hidden_if_any
    from streetproof.ledgers import reading
    from streetproof.vehicles.matching import normalised

    if case is not None and plate is not None:
        raise typer.BadParameter("a search is about no case: give one of the two", param_hint="--plate")
    try:
        asked = None if plate is None else normalised(plate)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--plate") from error
    if not data.is_dir():
        raise StreetproofError("there is no such folder", where=str(data))
    with reading.opened(data) as ledger:
        found = list(views(ledger, case, officer, None if asked is None else hidden_if_any(data, asked)))
    if as_json:
        print_json(
            [
                {"entry": one.entry, "at": one.at, "kind": str(one.kind), "case": one.case_id, "by": one.by}
                | {"purpose": one.purpose, "text": one.text, "count": one.count}
                for one in found
            ]
        )
        return
    language = lang or language_of(os.environ)
    for one in found:
        known = one.purpose in list(Reason)
        purpose = REASONS[Reason(one.purpose)].to(language) if known else one.purpose
        text = f": {one.text}" if one.text else ""
        count = "" if one.count is None else f" ({one.count})"
        kind = f"{_KINDS[one.kind].to(language)}{count}"
        out.print(f"{one.at[:19]}Z  {one.case_id or '–'}  {kind}  {one.by}  {purpose}{text}", markup=False)
    out.print(Said(f"共 {len(found)} 次查阅", f"looked at {len(found)} times").to(language), style="dim", markup=False)
