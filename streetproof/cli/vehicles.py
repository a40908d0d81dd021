"""`streetproof vehicles`: the ledger of vehicles, searched by plate and time."""

from __future__ import annotations

import os
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from evidence_export.words import Language, Said
from streetproof.cli.language import language_of
from streetproof.cli.officers import Licence, Officer, Purpose, entered_said
from streetproof.cli.options import Json
from streetproof.cli.output import out, print_json

EPILOG = (
    "Example: streetproof vehicles 京A12?45 --data cases-2026-11-02 --fuzzy --purpose 'complaint: 举报 17' "
    "--officer 李明 --licence 33010012    "
    "Exit codes: 0 done, also where nothing is found · 2 usage · 4 there is no ledger, or it cannot be read or written"
)
_Order = Literal["nearest", "time", "plate", "camera", "certainty"]


def vehicles(
    purpose: Purpose,
    officer: Officer,
    licence: Licence,
    query: Annotated[
        str | None,
        typer.Argument(help="A plate; ? is any one character. Without it all entries are shown.", show_default=False),
    ] = None,
    data: Annotated[
        Path, typer.Option("--data", "-d", help="The folder that a batch wrote to (--out), or the daemon's (--data).")
    ] = Path("streetproof-data"),
    fuzzy: Annotated[
        bool, typer.Option("--fuzzy", help="Also plates that may have been misread: 0/O/D, 1/I, 8/B, 5/S, 2/Z, 京/亨.")
    ] = False,
    distance: Annotated[
        float | None,
        typer.Option(min=0, max=3, help="How far --fuzzy reaches, in edits; a look-alike is half of one. Default: 1."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="First seen from then on: 2026-11-02, or 2026-11-02T08:00 (with or without zone)."),
    ] = None,
    until: Annotated[str | None, typer.Option(help="First seen before then; a date alone takes in that day.")] = None,
    sort: Annotated[
        _Order | None, typer.Option(help="Default: nearest where a plate is asked for, else time, the newest first.")
    ] = None,
    as_json: Json = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV that Excel opens: UTF-8 with a byte order mark.")
    ] = False,
    lang: Annotated[
        Language | None, typer.Option(help="Chinese or English; default: as LC_ALL, LC_MESSAGES or LANG say.")
    ] = None,
) -> None:
    """Search the ledger of vehicles 违停车辆台账: which plate was read in which case, and how surely.

    An uncertain reading is called so, with its doubtful characters in brackets beside what else they may be. Who
    searches, and what for, is entered in the ledger (存证日志) first; the plate that is asked for does not stand there.
    """
    from streetproof.access.looker import looker_of
    from streetproof.access.searching import check_purpose, enter_search
    from streetproof.cli.database import opened
    from streetproof.ledgers import reading
    from streetproof.store.vehicles import Span
    from streetproof.vehicles.matching import normalised
    from streetproof.vehicles.search import Order, search
    from streetproof.vehicles.showing import FIXED, document, sheet, table_of

    if as_json and as_csv:
        raise typer.BadParameter("give --json or --csv, not both", param_hint="--csv")
    if distance is not None and not fuzzy:
        raise typer.BadParameter("goes with --fuzzy", param_hint="--distance")
    if fuzzy and query is None:
        raise typer.BadParameter("goes with a plate to search for", param_hint="--fuzzy")
    language = lang or language_of(os.environ)
    try:
        plate = None if query is None else normalised(query)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="QUERY") from error
    looker = looker_of(purpose, officer, licence)
    check_purpose(looker, plate)
    with opened(data, "there is no ledger here") as store, reading.opened(data) as ledger:
        zone = ZoneInfo(store.vehicles.timezone() or "UTC")
        span = Span(_moment(since, zone, "--since"), _moment(until, zone, "--until", end=True))
        edits = (1.0 if distance is None else distance) if fuzzy else None
        order = Order(sort or ("nearest" if plate is not None else "time"))
        found = search(store, plate, span, edits=edits, order=order)
        entry = enter_search(data, store, ledger, looker, plate, span, edits=edits, found=len(found))
    if as_json:
        print_json(document(found))
        return
    if as_csv:
        sys.stdout.buffer.write(sheet(found, language))
        sys.stdout.buffer.flush()
        return
    heads, lines = table_of(found, language, asked=plate is not None)
    if lines:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for number, head in enumerate(heads):
            table.add_column(head, overflow="fold", no_wrap=number in FIXED)
        for line in lines:
            table.add_row(*(_literal(cell) for cell in line))
        out.print(table)
    for said in (_counted(len(lines)), entered_said(entry)):
        out.print(said.to(language), style="dim", markup=False)


def _literal(cell: str) -> str:
    """Brackets around doubtful characters are not the terminal's markup."""
    from rich.markup import escape

    return escape(cell)


def _counted(number: int) -> Said:
    return Said(f"共 {number} 条", f"{number} {'entry' if number == 1 else 'entries'}")


def _moment(text: str | None, zone: ZoneInfo, option: str, *, end: bool = False) -> int | None:
    """A date or a time as ns UTC; without an offset it is meant in the site's zone."""
    from streams.instant import from_datetime

    if text is None:
        return None
    try:
        if len(text) == 10:
            day = date.fromisoformat(text) + timedelta(days=end)
            return from_datetime(datetime.combine(day, time(), zone))
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        hint = "write a date such as 2026-11-02, or a time such as 2026-11-02T08:00"
        raise typer.BadParameter(hint, param_hint=option) from error
    return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=zone))
