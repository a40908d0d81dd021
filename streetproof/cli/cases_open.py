"""`streetproof cases open`: look at one case, for a purpose that the ledger has first."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_export.words import Language
from streetproof.cli.language import language_of
from streetproof.cli.officers import Licence, Officer, Purpose, entered_said
from streetproof.cli.options import Json
from streetproof.cli.output import out, print_json

if TYPE_CHECKING:
    from streetproof.access.viewing import Viewed

EPILOG = (
    "Example: streetproof cases open SP-20261102-ABCDEFGHIJKL --purpose 'complaint: 复议申请 17' --officer 李明 "
    "--licence 33010012    "
    "Exit codes: 0 opened, and entered in the ledger · 2 usage · 4 not opened, and the message says why"
)


def open_(
    case: Annotated[str, typer.Argument(help="Id of the case.")],
    purpose: Purpose,
    officer: Officer,
    licence: Licence,
    data: Annotated[Path, typer.Option("--data", "-d", help="The folder that holds the case.")] = Path(
        "streetproof-data"
    ),
    as_json: Json = False,
    lang: Annotated[
        Language | None, typer.Option(help="Chinese or English; default: as LC_ALL, LC_MESSAGES or LANG say.")
    ] = None,
) -> None:
    """Say where the bundle and the pictures of a case lie, and what it is about; who looks and why is entered first."""
    from streetproof.access.looker import looker_of
    from streetproof.access.viewing import view
    from streetproof.cli.database import opened
    from streetproof.ledgers import reading

    looker = looker_of(purpose, officer, licence)
    with opened(data, "there are no cases here") as store, reading.opened(data) as ledger:
        viewed = view(data, store, ledger, case, looker)
    if as_json:
        facts = viewed.manifest
        told = {"case": case, "entry": viewed.entry, "bundle": str(viewed.bundle), "pictures": list(viewed.pictures)}
        kinds = {
            "status": facts["case"]["status"],
            "kind": facts["violation"]["kind"],
            "camera": facts["camera"]["name"],
        }
        print_json(told | kinds | {"state": str(viewed.procedure.state)})
        return
    language = lang or language_of(os.environ)
    for line in lines(viewed, language):
        out.print(line, markup=False)


def lines(viewed: Viewed, language: Language) -> list[str]:
    """Where it lies, and what it is about."""
    from evidence_export.procedure.states import STATES
    from evidence_export.words import kind_words
    from streams.instant import from_iso
    from streetproof.clock import on_the_wall

    facts, stay = viewed.manifest, viewed.manifest["violation"]["stay"]
    zone, kind = facts["site"]["timezone"], facts["violation"]["kind"]
    words = kind_words(kind if isinstance(kind, str) else "", facts["violation"]["rule"])
    times = " – ".join(on_the_wall(from_iso(one), zone) for one in (stay["arrived"]["by"], stay["last_seen"]))
    return [
        f"{facts['case']['id']}  {words.to(language)}  {STATES[viewed.procedure.state].to(language)}",
        f"  {facts['camera']['name']}  {times}",
        f"  {viewed.bundle}",
        *(f"    {path}" for path in viewed.pictures),
        entered_said(viewed.entry).to(language),
    ]
