"""`streetproof register`: the public register of camera locations 公示."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from evidence_export.words import Language, Said
from streetproof.cli.exits import Exit
from streetproof.cli.language import language_of
from streetproof.cli.options import Json
from streetproof.cli.output import err, out, print_json

EPILOG = (
    "Example: streetproof register site.yaml --out cameras.html    "
    "Exit codes: 0 made, and every camera has what the register needs · 2 usage · 3 made, but facts are missing, or "
    "were not shown as they are internal; each is named · 4 it could not be made"
)


def register(
    site: Annotated[Path, typer.Argument(help="The site file (YAML).")],
    page: Annotated[Path | None, typer.Option("--out", help="Write the page (HTML) to this file.")] = None,
    as_json: Json = False,
    lang: Annotated[
        Language | None, typer.Option(help="Chinese or English; default: as LC_ALL, LC_MESSAGES or LANG say.")
    ] = None,
) -> None:
    """Make the page that tells the public where cameras are (公示), for the website of the office: one file.

    It shows what the site file says of each camera's place, purpose, owner, reviews and calibration, and nothing of
    addresses, passwords or device ids. What is not on record is said to be 未登记.
    """
    from streetproof.clock import now
    from streetproof.files import write_text
    from streetproof.publication.content import document, public_cameras, warnings
    from streetproof.publication.page import page as page_of
    from streetproof.settings.load import load_site

    if page is None and not as_json:
        raise typer.BadParameter("name the page to write, or ask for --json", param_hint="--out")
    loaded = load_site(site).site
    today = now().local(loaded.site.zone).date()
    cameras = public_cameras(loaded, today)
    if page is not None:
        write_text(page, page_of(loaded, cameras, today))
    language = lang or language_of(os.environ)
    told = list(warnings(cameras))
    if loaded.publication.contact is None:
        told.append(Said("未登记咨询与投诉方式（publication.contact）", "no `publication.contact` is on record"))
    for said in told:
        err.print("! ", style="bold yellow", end="")
        err.print(said.to(language), markup=False)
    if as_json:
        print_json({"office": loaded.site.name, "as_of": today.isoformat(), "cameras": document(cameras)})
    else:
        out.print(Said(f"{page}：{len(cameras)} 台", f"{page}: {len(cameras)} cameras").to(language), markup=False)
    if told:
        raise typer.Exit(Exit.PARTIAL)
