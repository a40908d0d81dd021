"""`streetproof copies`: copies of sealed cases in other stores, made and checked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from evidence_export.words import Language, Said
from streetproof.cli.exits import Exit
from streetproof.cli.language import language_of
from streetproof.cli.options import Json
from streetproof.cli.output import out, print_json
from streetproof.cli.refusals import said

MAKE_EPILOG = (
    "Example: streetproof copies make site.yaml --data streetproof-data    "
    "Exit codes: 0 every case is in every store · 2 usage · 4 a store refuses; what is missing waits for the next run"
)
CHECK_EPILOG = (
    "Example: streetproof copies check site.yaml --data streetproof-data --deep    "
    "Exit codes: 0 every copy is there · 1 one is missing or wrong; each is told · 2 usage · 4 a store refuses"
)
_Site = Annotated[Path, typer.Argument(help="The site file (YAML), which names the stores.", show_default=False)]
_Data = Annotated[Path, typer.Option("--data", "-d", help="The folder that holds the cases.")]
_Lang = Annotated[
    Language | None, typer.Option(help="Chinese or English; default: as LC_ALL, LC_MESSAGES or LANG say.")
]
_HERE = Path("streetproof-data")

app = typer.Typer(help="Copies 异地备份 of sealed cases in folders or S3 buckets: written once, never replaced.")


@app.command(epilog=MAKE_EPILOG)
def make(site: _Site, data: _Data = _HERE, as_json: Json = False, lang: _Lang = None) -> None:
    """Copy every sealed case to the stores that do not have it yet. The daemon does this by itself."""
    from streetproof.cli.database import opened
    from streetproof.ledgers import reading
    from streetproof.ledgers.bookkeeping import Bookkeeper
    from streetproof.objects import copies
    from streetproof.objects.named import stores_of
    from streetproof.settings.load import load_site

    targets = stores_of(load_site(site))
    language = lang or language_of(os.environ)
    with opened(data, "there are no cases here") as store, reading.opened(data) as ledger:
        done = []
        try:
            for one in copies.make(data, store, targets):
                done.append({"case": one.case_id, "store": one.store, "new": one.new})
                if not as_json:
                    new = Said("已复制到" if one.new else "已存在于", "copied to" if one.new else "is in")
                    out.print(f"✓ {one.case_id} {new.to(language)} {one.store}", markup=False)
        finally:
            Bookkeeper(store, ledger).enter()
    if as_json:
        print_json(done)
    elif not done:
        out.print(Said("没有待复制的案件", "no case waits to be copied").to(language), style="dim", markup=False)


@app.command(epilog=CHECK_EPILOG)
def check(
    site: _Site,
    data: _Data = _HERE,
    deep: Annotated[bool, typer.Option("--deep", help="Fetch each copy, and verify it like any bundle.")] = False,
    as_json: Json = False,
    lang: _Lang = None,
) -> None:
    """See that every sealed case is in every store."""
    from streetproof.cli.database import opened
    from streetproof.objects import copies
    from streetproof.objects.named import stores_of
    from streetproof.settings.load import load_site

    targets = stores_of(load_site(site))
    language = lang or language_of(os.environ)
    with opened(data, "there are no cases here") as store:
        faults = list(copies.check(data, store, targets, deep=deep))
    if as_json:
        print_json([{"case": one.case_id, "store": one.store, "what": one.what} for one in faults])
    else:
        for one in faults:
            out.print("✗ ", style="bold red", end="")
            told = Said(
                f"{one.case_id} {one.store}：{said(one.what, Language.ZH)}", f"{one.case_id} {one.store}: {one.what}"
            )
            out.print(told.to(language), markup=False)
        outcome = (
            Said("副本有缺失或错误", "copies are missing or wrong")
            if faults
            else Said("副本齐全", "every copy is there")
        )
        out.print(outcome.to(language), style="bold red" if faults else "bold green", markup=False)
    if faults:
        raise typer.Exit(Exit.FAILED)
