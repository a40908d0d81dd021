"""`streetproof recheck`: is the place of a violation in order now?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evidence_export.words import Language, Said
from streetproof.cli.exits import Exit
from streetproof.cli.language import language_of
from streetproof.cli.options import Json, Key, Lang, Passphrase, Pin, Store, store_at
from streetproof.cli.output import err, out, print_json
from streetproof.cli.refusals import said as told

if TYPE_CHECKING:
    from streams.instant import Instant
    from streetproof.recheck.doing import Done

BY = "recheck"
"""Who, as the ledger names it: the command asks nobody for a name."""
EPILOG = (
    "Example: streetproof recheck cases/SP-20261102-ABCDEFGHIJKL site.yaml /archive/2026-11-03 "
    "--at 2026-11-03T09:00 --out rechecks    "
    "Exit codes: 0 corrected · 1 not corrected · 2 usage · 3 nobody can tell; the reason is printed · "
    "4 it could not be done"
)


def recheck(
    original: Annotated[
        Path, typer.Argument(help="The case's bundle (folder or zip), or a file of events.", show_default=False)
    ],
    site: Annotated[Path, typer.Argument(help="The site file (YAML).", show_default=False)],
    at: Annotated[
        str, typer.Option("--at", help="When to look again, at the site: 2026-11-03T09:00, or with a UTC offset.")
    ],
    footage: Annotated[
        list[str] | None,
        typer.Argument(help="Recordings of that time: files, folders, globs in quotes.", show_default=False),
    ] = None,
    out_dir: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the evidence; default: rechecks.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            "-d",
            help="The folder that holds the case: the evidence goes there, and into its ledger.",
        ),
    ] = None,
    window: Annotated[
        str | None, typer.Option(help="For how long, e.g. 15m; default: 10m, or twice what the rule allows.")
    ] = None,
    stay: Annotated[str | None, typer.Option(help="Of a file of events: the id of the stay.")] = None,
    key: Key = None,
    passphrase: Passphrase = None,
    pin: Pin = None,
    store: Store = None,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Look again at the place of a violation: corrected 已改正, not corrected 未改正, or cannot tell 无法判断.

    Corrected needs the place seen in order for a minute and ten looks. What is hidden, dark, or seen by a camera that
    has moved is never called corrected. The evidence is a signed bundle with the pictures it stands on: `streetproof
    verify` checks it, and `streetproof procedure take CASE recheck --recheck FOLDER` stands on it.
    """
    from evidence_export.keys import open_keys
    from models.store import load_detector
    from streetproof.clock import now
    from streetproof.keys import key_spec
    from streetproof.recheck import keeping
    from streetproof.recheck.doing import Order, do_recheck, window_of
    from streetproof.recheck.original import read_original
    from streetproof.recheck.writing import WrittenBeforeError
    from streetproof.settings.load import load_site

    if data is not None and out_dir is not None:
        raise typer.BadParameter("--data says where the evidence goes: leave --out out", param_hint="--data")
    loaded = load_site(site)
    asked = read_original(original, loaded.site, stay)
    place = out_dir or Path("rechecks")
    if data is not None:
        _must_be_here(data, asked.source)
        place = data / keeping.FOLDER
    order = Order(_due(at, loaded.site.site.timezone), window_of(asked, _duration(window)))
    model = loaded.site.model
    detector = load_detector(model.name, store=store_at(store), min_score=model.min_score, iou=model.iou)
    keys = open_keys(key_spec(loaded, key, passphrase, pin))
    try:
        done = do_recheck(loaded, asked, order, footage or [], detector, keys, now(), place)
    except WrittenBeforeError as error:
        if data is not None:  # by a run that was killed before it could enter it
            _enter(data, Path(error.where))
        raise
    if data is not None:
        _enter(data, done.folder)
    if as_json:
        failures = [{"path": one.path, "what": one.what, "remedy": one.remedy} for one in done.failures]
        print_json({"folder": str(done.folder), "recheck": done.document, "failures": failures})
    else:
        _show(done, lang or language_of(os.environ))
    _exit(done)


def _must_be_here(data: Path, source: Mapping[str, Any]) -> None:
    """Before any work. Raises KeptRecheckError, NothingHereError."""
    from streetproof.cli.database import opened
    from streetproof.ledgers import reading
    from streetproof.recheck.keeping import KeptRecheckError

    case = source.get("case")
    with opened(data, "there are no cases here") as store, reading.opened(data):
        if case is None or all(row.id != case for row in store.cases()):
            raise KeptRecheckError(
                "it is of a case that is not here", where=str(data), remedy="Name the data folder that holds the case"
            )


def _enter(data: Path, folder: Path) -> None:
    from streetproof.cli.database import opened_by
    from streetproof.ledgers import reading
    from streetproof.recheck import keeping

    with opened_by(data, BY) as store, reading.opened(data) as ledger:
        report, found = keeping.read(folder)
        if found is None:
            culprits = ", ".join(report.culprits[:3])
            raise keeping.KeptRecheckError(
                f"the re-check that lies here does not verify ({culprits})",
                where=str(folder),
                remedy="Keep it as it is for inquiry under another name, then run again",
            )
        keeping.enter(data, store, ledger, found, BY)


def _show(done: Done, language: Language) -> None:
    from streetproof.recheck.words import STATES
    from streetproof.recheck.writing import said

    for failure in done.failures:
        err.print("✗ ", style="bold red", end="")
        what = Said(f"{failure.path}：{told(failure.what, Language.ZH)}", f"{failure.path}: {failure.what}")
        err.print(what.to(language), markup=False)
    out.print(said(done.outcome).to(language), markup=False, style="bold")
    for state, count in done.outcome.looks:
        out.print(f"  {count:>5}  {STATES[state].to(language)}", markup=False)
    out.print(Said(f"证据：{done.folder}", f"Evidence: {done.folder}").to(language), markup=False)


def _exit(done: Done) -> None:
    from vision.recheck import Verdict

    codes = {Verdict.CORRECTED: Exit.OK, Verdict.NOT_CORRECTED: Exit.FAILED, Verdict.CANNOT_TELL: Exit.PARTIAL}
    code = codes[done.outcome.verdict]
    if code is not Exit.OK:
        raise typer.Exit(code)


def _due(text: str, zone: str) -> Instant:
    from streams.archive.clock import parse_start

    try:
        return parse_start(text, zone)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--at") from error


def _duration(text: str | None) -> int | None:
    from vision.durations import parse_duration

    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--window") from error
