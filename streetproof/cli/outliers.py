"""`streetproof outliers`: which cameras' cases should be looked at first."""

from __future__ import annotations

import os
import time
from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from evidence_export.words import Language, Said
from streetproof.cli.language import language_of
from streetproof.cli.options import Json
from streetproof.cli.output import out, print_json
from streetproof.errors import StreetproofError

EPILOG = (
    "Example: streetproof outliers --data streetproof-data --since 2026-11-01 --out outliers.html    "
    "Exit codes: 0 done, also where no camera stands out · 2 usage · 4 there is no data, or it cannot be read"
)
_DAYS = 30


def outliers(
    data: Annotated[Path, typer.Option("--data", "-d", help="The folder that holds the cases.")] = Path(
        "streetproof-data"
    ),
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="From this day on, at the site; default: 30 days.")
    ] = None,
    page: Annotated[Path | None, typer.Option("--out", help="Write the page (HTML) to this file.")] = None,
    as_json: Json = False,
    lang: Annotated[
        Language | None, typer.Option(help="Chinese or English; default: as LC_ALL, LC_MESSAGES or LANG say.")
    ] = None,
) -> None:
    """Say which cameras make unusually many cases, or cases that are unusually often rejected.

    Each camera is compared with all that have the same rule, and with its own past, by exact probabilities. Look at the
    cases of a marked camera before they are confirmed: a wrong case harms a person.
    """
    from streetproof.cli.database import opened
    from streetproof.files import write_text
    from streetproof.ledgers import reading
    from streetproof.outliers.reporting import days_ago, report, window
    from streetproof.outliers.reporting import page as page_of

    with opened(data, "there are no cases here") as store, reading.opened(data) as ledger:
        zone = store.vehicles.timezone() or _zone(data, [row.bundle for row in store.cases()])
        now_ns = time.time_ns()
        day: date = since.date() if since else days_ago(_DAYS, now_ns, ZoneInfo(zone))
        try:
            span = window(day, now_ns, ZoneInfo(zone))
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--since") from error
        document = report(data, store, ledger, span, zone)
    if page is not None:
        write_text(page, page_of(document))
    if as_json:
        print_json(document)
        return
    language = lang or language_of(os.environ)
    key = "zh" if language is Language.ZH else "en"
    for one in document["cameras"]:
        if one["marks"]:
            out.print("! ", style="bold yellow", end="")
            marks = "; ".join(mark[key] for mark in one["marks"])
            out.print(f"{one['name']} ({one['camera']}, {one['rule']}): {marks}", markup=False)
    marked = sum(bool(one["marks"]) for one in document["cameras"])
    total = Said(
        f"{len(document['cameras'])} 项中有 {marked} 项须先核查，共 {document['cases']} 件案件",
        f"{marked} of {len(document['cameras'])} cameras and rules to be looked at first; {document['cases']} cases",
    )
    out.print(total.to(language), style="dim", markup=False)


def _zone(data: Path, bundles: list[str]) -> str:
    """The site's zone by its newest case that can be read; UTC where there is no case yet."""
    from zoneinfo import available_timezones

    from streetproof.bundles import read_manifest

    for bundle in reversed(bundles):
        manifest = read_manifest(data / bundle)
        site = None if manifest is None else manifest.get("site")
        zone = site.get("timezone") if isinstance(site, dict) else None
        if zone in available_timezones():
            return str(zone)
    if bundles:
        raise StreetproofError(
            "none of the cases here can be read",
            where=str(data),
            remedy="Name the folder that holds their bundles, or restore these; `streetproof verify` says what is "
            "wrong",
        )
    return "UTC"
