"""`streetproof retention`: which cases are due to go, deleting them, and holding what must not go."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evidence_export.words import Language, Said
from streetproof.cli.exits import Exit
from streetproof.cli.language import language_of
from streetproof.cli.officers import Licence, Officer, Why, acting, why_said
from streetproof.cli.options import Json
from streetproof.cli.output import counted, out, print_json

if TYPE_CHECKING:
    from streetproof.retention.planning import Planned
    from streetproof.store.tombstones import Tombstone

app = typer.Typer(help="How long cases are kept 案件保存期限, and legal holds 证据保全 on them.", rich_markup_mode=None)

PLAN_EPILOG = (
    "Example: streetproof retention plan --site site.yaml --data streetproof-data    "
    "Exit codes: 0 told, also where nothing is due · 2 usage · 4 it could not be told"
)
APPLY_EPILOG = (
    "Example: streetproof retention apply --site site.yaml --data streetproof-data --officer 李明 --licence 33010012"
    "    Exit codes: 0 done, also where nothing was due · 2 usage · 3 done, but not all that was due could go · "
    "4 nothing could be done, also while another run deletes or the clock is in doubt"
)
HOLD_EPILOG = (
    "Example: streetproof retention hold SP-20261102-ABCDEFGHIJKL --reason '行政诉讼 (2026) 17' --officer 李明 "
    "--licence 33010012    Exit codes: 0 held · 2 usage · 4 there is no such case"
)
LIFT_EPILOG = (
    "Example: streetproof retention lift SP-20261102-ABCDEFGHIJKL --reason 判决生效 --officer 李明 --licence 33010012"
    "    Exit codes: 0 lifted · 2 usage · 4 there is no such hold, or it is not clear which is meant"
)
HOLDS_EPILOG = "Example: streetproof retention holds --data data    Exit codes: 0 told · 2 usage · 4 there is no data"

_Data = Annotated[Path, typer.Option("--data", "-d", help="The folder that holds the cases.")]
_Site = Annotated[Path, typer.Option("--site", help="The site file: `evidence.retention` says how long.")]
_Case = Annotated[str, typer.Argument(help="Id of the case.")]
_Lang = Annotated[
    Language | None, typer.Option(help="Chinese or English; default: as LC_ALL, LC_MESSAGES or LANG say.")
]
_HERE = Path("streetproof-data")


@app.command(epilog=PLAN_EPILOG)
def plan(site: _Site, data: _Data = _HERE, as_json: Json = False, lang: _Lang = None) -> None:
    """Say which cases would be deleted now and why, and why the others stay. Deletes nothing."""
    from streetproof.cli.database import opened
    from streetproof.ledgers import reading
    from streetproof.ledgers.bookkeeping import Bookkeeper
    from streetproof.retention.planning import plan as judged
    from streetproof.retention.plausible import doubt
    from streetproof.settings.load import load_site

    retention = load_site(site).site.evidence.retention
    with opened(data, "there are no cases here") as store, reading.opened(data) as ledger:
        Bookkeeper(store, ledger).enter()
        now_ns = time.time_ns()
        found, in_doubt = judged(data, store, ledger, retention, now_ns), doubt(ledger, now_ns)
    if as_json:
        print_json([_planned(one) for one in found.cases])
        return
    language = lang or language_of(os.environ)
    for one in found.going:
        out.print("✗ ", style="bold red", end="")
        out.print(f"{one.row.id}  {one.judgement.why.to(language)}", markup=False)
    stays = [one for one in found.cases if not one.judgement.goes]
    for why, number in Counter(one.judgement.why for one in stays).most_common():
        out.print(f"· {number}  {why.to(language)}", markup=False)
    total = Said(
        f"共 {len(found.cases)} 件，应删除 {len(found.going)} 件（未删除任何案件）",
        f"{len(found.going)} of {counted(len(found.cases), 'case')} due; nothing was deleted",
    )
    out.print(total.to(language), style="dim", markup=False)
    if in_doubt is not None:
        out.print(in_doubt.to(language), style="bold yellow", markup=False)


@app.command(epilog=APPLY_EPILOG)
def apply(
    site: _Site,
    officer: Officer,
    licence: Licence,
    data: _Data = _HERE,
    case: Annotated[list[str] | None, typer.Option(help="Only this one of those due; again for more.")] = None,
    clock_is_right: Annotated[
        str | None,
        typer.Option(help="Why you know that the server's clock is right, where the ledger speaks against it."),
    ] = None,
    as_json: Json = False,
    lang: _Lang = None,
) -> None:
    """Delete the cases that `retention plan` names, and finish what an earlier run began.

    Of each a tombstone stays, and the ledger has it before anything is removed. What is in procedure, on hold or to be
    looked at again stays, whatever its age. Nothing goes while the ledger speaks against the server's clock.
    """
    from streetproof.cli.database import opened_by
    from streetproof.ledgers import reading
    from streetproof.retention.applying import apply as remove
    from streetproof.settings.load import load_site

    retention = load_site(site).site.evidence.retention
    by = acting(officer, licence)
    why = None if clock_is_right is None else why_said(clock_is_right, "--clock-is-right")
    with opened_by(data, by) as store, reading.opened(data) as ledger:
        now_ns = time.time_ns()
        done = remove(data, store, ledger, retention, by=by, now_ns=now_ns, only=case, clock_is_right=why)
    if as_json:
        told = {"deleted": [tombstone(one) for one in done.deleted], "kept": list(done.kept)}
        print_json(told | {"undeletable": list(done.undeletable), "more": done.more, "errors": list(done.errors)})
    else:
        language = lang or language_of(os.environ)
        for one in done.deleted:
            out.print(Said(f"已删除 {one.case_id}", f"deleted {one.case_id}").to(language), markup=False)
        for name in done.kept:
            said = Said(f"{name}：其间有新的操作，未删除", f"{name} stays: something was done with it meanwhile")
            out.print(said.to(language), markup=False)
        for name in done.undeletable:
            said = Said(
                f"{name}：部分文件尚未删除，下次继续",
                f"{name}: files are left; the next run goes on",
            )
            out.print(said.to(language), markup=False)
        for refused in done.errors:
            out.print(refused, style="dim", markup=False)
        if done.more:
            out.print(Said("仍有到期案件，请再次运行", "more are due: run it again").to(language), markup=False)
        total = Said(f"共删除 {len(done.deleted)} 件", f"{counted(len(done.deleted), 'case')} deleted")
        out.print(total.to(language), style="dim", markup=False)
    if done.undeletable or done.more:
        raise typer.Exit(Exit.PARTIAL)


@app.command(epilog=HOLD_EPILOG)
def hold(
    case: _Case,
    reason: Why,
    officer: Officer,
    licence: Licence,
    data: _Data = _HERE,
    as_json: Json = False,
    lang: _Lang = None,
) -> None:
    """Hold a case 证据保全: nothing of it is deleted until this hold, and every other, is lifted."""
    from streetproof.cli.database import opened_by
    from streetproof.ledgers import reading
    from streetproof.ledgers.bookkeeping import Bookkeeper

    by, why = acting(officer, licence), why_said(reason)
    with opened_by(data, by) as store, reading.opened(data) as ledger:
        held = store.case_holds.place(case, why)
        Bookkeeper(store, ledger).enter()
    if as_json:
        print_json({"case": case, "number": held.number, "reason": held.reason, "by": held.by})
    else:
        told = Said(f"{case}：已保全，第 {held.number} 项", f"{case}: held, number {held.number}")
        out.print(told.to(lang or language_of(os.environ)), markup=False)


@app.command(epilog=LIFT_EPILOG)
def lift(
    case: _Case,
    reason: Why,
    officer: Officer,
    licence: Licence,
    number: Annotated[int | None, typer.Option(help="Which one, where several are on the case.")] = None,
    data: _Data = _HERE,
    as_json: Json = False,
    lang: _Lang = None,
) -> None:
    """Lift a hold 解除保全 on a case, with the reason."""
    from streetproof.cli.database import opened_by
    from streetproof.ledgers import reading
    from streetproof.ledgers.bookkeeping import Bookkeeper

    by, why = acting(officer, licence), why_said(reason)
    with opened_by(data, by) as store, reading.opened(data) as ledger:
        lifted = store.case_holds.lift(case, number, why)
        left = len(store.case_holds.all([case]))
        Bookkeeper(store, ledger).enter()
    if as_json:
        print_json({"case": case, "number": lifted.number, "left": left})
    else:
        told = Said(
            f"{case}：第 {lifted.number} 项保全已解除，仍有 {left} 项",
            f"{case}: number {lifted.number} lifted, {left} left",
        )
        out.print(told.to(lang or language_of(os.environ)), markup=False)


@app.command(epilog=HOLDS_EPILOG)
def holds(data: _Data = _HERE, as_json: Json = False, lang: _Lang = None) -> None:
    """List the holds on cases: which, why, by whom, since when."""
    from streams.instant import iso_utc
    from streetproof.cli.database import opened

    with opened(data, "there are no cases here") as store:
        found = store.case_holds.all()
    if as_json:
        print_json(
            [
                {
                    "case": one.case_id,
                    "number": one.number,
                    "reason": one.reason,
                    "by": one.by,
                    "at": iso_utc(one.placed_ns),
                }
                for one in found
            ]
        )
        return
    for one in found:
        out.print(f"{one.case_id}  {one.number}  {iso_utc(one.placed_ns)[:19]}Z  {one.by}  {one.reason}", markup=False)
    total = Said(f"共 {len(found)} 项", f"{len(found)} in all").to(lang or language_of(os.environ))
    out.print(total, style="dim", markup=False)


def tombstone(stone: Tombstone) -> dict[str, Any]:
    """A tombstone as JSON."""
    from streams.instant import iso_utc

    return {
        "case": stone.case_id,
        "camera": stone.camera,
        "rule": stone.rule,
        "arrived": iso_utc(stone.arrived_ns),
        "class": stone.cls,
        "due": stone.due,
        "deleted": iso_utc(stone.decided_ns),
        "by": stone.by,
        "manifest_sha256": stone.manifest_sha256,
        "state": stone.state,
    }


def _planned(one: Planned) -> dict[str, Any]:
    verdict = one.judgement
    return {
        "case": one.row.id,
        "goes": verdict.goes,
        "class": None if verdict.cls is None else str(verdict.cls),
        "keeps": None if verdict.keeps is None else str(verdict.keeps),
        "due": None if verdict.due is None else verdict.due.isoformat(),
        "zh": verdict.why.zh,
        "en": verdict.why.en,
    }
