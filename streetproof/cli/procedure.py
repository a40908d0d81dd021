"""`streetproof procedure`: what officers do with a case, from review to decision."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from evidence_export.procedure.steps import Check
from evidence_export.words import Language
from streetproof.cli.exits import Exit
from streetproof.cli.language import language_of
from streetproof.cli.options import Json
from streetproof.cli.output import err, out, print_json

SHOW_EPILOG = (
    "Example: streetproof procedure show SP-20261102-ABCDEFGHIJKL --data streetproof-data    "
    "Exit codes: 0 shown · 2 usage · 4 there is no such case, or its bundle does not verify"
)
TAKE_EPILOG = (
    "Example: streetproof procedure take SP-20261102-ABCDEFGHIJKL review --officer 李明 --licence 33010012 "
    "--check genuine --check clear --check complete --check accurate    "
    "Exit codes: 0 taken · 1 it may not be taken; the reason is printed · 2 usage · 4 it could not be done"
)
_Case = Annotated[str, typer.Argument(help="Id of the case.")]
_Data = Annotated[Path, typer.Option("--data", "-d", help="The folder that holds the case.")]
_Lang = Annotated[
    Language | None, typer.Option(help="Chinese or English; default: as LC_ALL, LC_MESSAGES or LANG say.")
]
_HERE = Path("streetproof-data")

app = typer.Typer(help="The procedure 办案程序 of a case: review, order, re-check, notice, statement, decision.")


@app.command(epilog=SHOW_EPILOG)
def show(
    case: _Case,
    data: _Data = _HERE,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Also where its pictures are; needs purpose, officer and licence.")
    ] = False,
    purpose: Annotated[str | None, typer.Option(help="What for, as in `streetproof cases open`.")] = None,
    officer: Annotated[str | None, typer.Option(help="Name of the officer who looks at pictures.")] = None,
    licence: Annotated[str | None, typer.Option(help="Number of that officer's licence 执法证号.")] = None,
    as_json: Json = False,
    lang: _Lang = None,
) -> None:
    """Show how far a case has come, what stands against it, and which steps may follow.

    How far it has come needs no purpose. Pictures do: that they are looked at is entered in the ledger first.
    """
    from streetproof.access.looker import looker_of
    from streetproof.access.viewing import view
    from streetproof.cli.database import opened
    from streetproof.ledgers import reading
    from streetproof.procedures.showing import lines, next_steps
    from streetproof.procedures.taking import listed, open_case

    with opened(data, "there are no cases here") as store, reading.opened(data) as ledger:
        found = open_case(data, store, ledger, case)
        shown: list[str] = []
        if pictures:
            if purpose is None or officer is None or licence is None:
                raise typer.BadParameter("pictures need --purpose, --officer and --licence", param_hint="--pictures")
            viewed = view(data, store, ledger, case, looker_of(purpose, officer, licence))
            shown = [str(viewed.bundle / path) for path in viewed.pictures]
    procedure = found.procedure
    if as_json:
        told = {"case": case, "state": str(procedure.state), "may_follow": next_steps(procedure)}
        more = {"blockers": sorted(procedure.facts.blockers), "steps": listed(procedure.steps)}
        print_json(told | more | ({"pictures": shown} if pictures else {}))
        return
    for line in (*lines(procedure, found.zone, lang or language_of(os.environ)), *shown):
        out.print(line, markup=False)


@app.command(epilog=TAKE_EPILOG)
def take(
    case: _Case,
    step: Annotated[
        str,
        typer.Argument(help="review, confirm, reject, order, recheck, notice, statement, decide, exhibit or close."),
    ],
    officer: Annotated[str, typer.Option(help="Name of the officer who takes it.")],
    licence: Annotated[str, typer.Option(help="Number of the officer's licence 执法证号.")],
    check: Annotated[
        list[Check] | None, typer.Option(help="Of a review or confirmation: what was found so 真实 清晰 完整 准确.")
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE, again for each: what else the step needs."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="Of an exhibit: the photograph, video or document itself, which is kept.")
    ] = None,
    recheck: Annotated[
        Path | None,
        typer.Option(
            help="Of a re-check: the folder that `streetproof recheck` wrote. It is verified, kept, and says the rest."
        ),
    ] = None,
    site: Annotated[
        Path | None, typer.Option(help="The site file (YAML): notice and decision get the terms that it sets.")
    ] = None,
    data: _Data = _HERE,
    as_json: Json = False,
    lang: _Lang = None,
) -> None:
    """Take the next step of a case. It is entered in the ledger under the officer's name, and cannot be taken back.

    Review and confirmation, and the two names under a decision, are two different officers. What stands against
    an approval has to be answered (--set answer.BLOCKER=...) where words can do that, and blocks where they cannot.
    A re-check stands on the folder that `streetproof recheck` wrote (--recheck), or on an exhibit of the case.
    """
    from evidence_export.procedure.procedure import ProcedureError
    from evidence_export.procedure.steps import Rechecked
    from streetproof.cli.database import opened
    from streetproof.ledgers import reading
    from streetproof.ledgers.bookkeeping import Bookkeeper
    from streetproof.procedures import evidence
    from streetproof.procedures.asking import STEPS, asked, with_terms
    from streetproof.procedures.showing import lines
    from streetproof.procedures.taking import open_case
    from streetproof.procedures.taking import take as enter
    from streetproof.recheck import entering, keeping
    from streetproof.recheck.vouching import believed
    from streetproof.releases import exhibits
    from streetproof.settings.load import load_site

    if step not in STEPS:
        raise typer.BadParameter(f"{step} is none of {', '.join(STEPS)}", param_hint="STEP")
    if file is not None and step != "exhibit":
        raise typer.BadParameter("only an exhibit comes with a file", param_hint="--file")
    if recheck is not None and step != "recheck":
        raise typer.BadParameter("only a re-check comes with one", param_hint="--recheck")
    language = lang or language_of(os.environ)
    if site is not None:
        values = [*(values or []), *with_terms(step, load_site(site).site.procedure, values or [])]
    with opened(data, "there are no cases here") as store, reading.opened(data) as ledger:
        # What happened before comes before it in the ledger, too.
        Bookkeeper(store, ledger).enter()
        found = open_case(data, store, ledger, case)
        zone = found.zone
        if file is not None:
            values = [*(values or []), f"sha256={exhibits.keep(data, file)}", f"file={file.name}"]
        try:
            handed_in = None if recheck is None else believed(recheck, found, ledger)
            seen = None if handed_in is None else evidence.seen_in(handed_in)
            values = [*(values or []), *([] if seen is None else seen.values(values or []))]
            typed = asked(step, (officer, licence), datetime.now(UTC), zone, check or [], values)
            if isinstance(typed, Rechecked):
                evidence.check(data, typed, found, ledger, seen)
            if handed_in is not None:
                found.procedure.take(typed)  # where that is refused, nothing is kept or entered
                entering.enter(data, store, ledger, found, keeping.keep(data, handed_in), f"{officer} {licence}")
            after, number = enter(ledger, found, typed)
        except ProcedureError as error:
            if as_json:
                print_json({"taken": False, "code": error.code, "zh": error.said.zh, "en": error.said.en})
            else:
                err.print("✗ ", style="bold red", end="")
                err.print(error.said.to(language), markup=False)
            raise typer.Exit(Exit.FAILED) from error
    if as_json:
        print_json({"taken": True, "entry": number, "state": str(after.state)})
        return
    for line in lines(after, zone, language):
        out.print(line, markup=False)
