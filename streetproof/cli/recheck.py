"""`streetproof recheck`: is the place of a violation in order now?"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evidence_export.words import Language, Said
from streetproof.cli.exits import Exit
from streetproof.cli.language import language_of
from streetproof.cli.officers import entered_said
from streetproof.cli.options import Json, Key, Lang, Passphrase, Pin, Store, store_at
from streetproof.cli.output import err, out, print_json
from streetproof.cli.refusals import said as told

if TYPE_CHECKING:
    from evidence_export.bag.canonical import JsonObject
    from evidence_export.keys import SealingKeys
    from streams.instant import Instant
    from streetproof.access.looker import Looker
    from streetproof.batch.plan import Failure
    from streetproof.recheck.doing import Done, Order
    from streetproof.recheck.keeping import Recheck
    from streetproof.recheck.original import Original

EPILOG = (
    "Example: streetproof recheck cases/SP-20261102-ABCDEFGHIJKL site.yaml /archive/2026-11-03 "
    "--at 2026-11-03T09:00 --out rechecks --purpose procedure --officer 李明 --licence 33010012    "
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
    purpose: Annotated[str | None, typer.Option(help="What for, as in `streetproof cases open`. Needed.")] = None,
    officer: Annotated[str | None, typer.Option(help="Name of the officer who looks. Needed.")] = None,
    licence: Annotated[str | None, typer.Option(help="Number of the officer's licence 执法证号. Needed.")] = None,
    appointment: Annotated[
        bool, typer.Option("--appointment", hidden=True, help="For the daemon: do what it has an appointment for.")
    ] = False,
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
    verify` checks it, and `streetproof procedure take CASE recheck --recheck FOLDER` stands on it. Its pictures show
    everybody who is there: who looks and why is entered in the ledger first.
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
    if appointment and data is None:
        raise typer.BadParameter("appointments are those of a data folder", param_hint="--appointment")
    looker = None if appointment else _looker(purpose, officer, licence)
    loaded = load_site(site)
    asked = read_original(original, loaded.site, stay)
    order = Order(_due(at, loaded.site.site.timezone), window_of(asked, _duration(window)))
    model = loaded.site.model
    detector = load_detector(model.name, store=store_at(store), min_score=model.min_score, iou=model.iou)
    keys = open_keys(key_spec(loaded, key, passphrase, pin))
    if data is not None:
        _must_be_here(data, asked, order, keys, looker)
    entry = None if looker is None else _enter_look(original, data, asked, order, looker)
    place = out_dir or Path("rechecks") if data is None else data / keeping.FOLDER
    try:
        done = do_recheck(loaded, asked, order, footage or [], detector, keys, now(), place)
    except WrittenBeforeError as error:
        if data is None:
            raise
        # By a run that was killed before it could enter it, or by somebody else: it is looked at before it counts.
        before = _enter(data, asked, Path(error.where), looker)
        if looker is not None:
            raise
        _print(before.folder, before.sha256, json.loads(keeping.manifest_of(before.folder)), (), None)
        _exit(before.verdict)
        return
    entered = None if data is None else _enter(data, asked, done.folder, looker)
    sha256 = hashlib.sha256(keeping.manifest_of(done.folder)).hexdigest() if entered is None else entered.sha256
    if as_json:
        _print(done.folder, sha256, done.document, done.failures, entry)
    else:
        language = lang or language_of(os.environ)
        _show(done, language)
        out.print(entered_said(entry).to(language), style="yellow" if entry is None else "dim", markup=False)
    _exit(done.outcome.verdict.value)


def _looker(purpose: str | None, officer: str | None, licence: str | None) -> Looker:
    """Raises BadParameter, PurposeError, ViewError."""
    from streetproof.access.looker import looker_of

    if purpose is None or officer is None or licence is None:
        raise typer.BadParameter(
            "whoever looks at the place says who they are, and why: --purpose, --officer and --licence",
            param_hint="--purpose",
        )
    return looker_of(purpose, officer, licence)


def _must_be_here(data: Path, asked: Original, order: Order, keys: SealingKeys, looker: Looker | None) -> None:
    """Before any work: the case, a key that would be believed, and for the daemon its appointment.

    Raises KeptRecheckError, ProcedureError, CaseError, NothingHereError.
    """
    from streetproof.cli.database import opened
    from streetproof.ledgers import reading
    from streetproof.procedures.taking import open_case
    from streetproof.recheck.keeping import KeptRecheckError
    from streetproof.recheck.vouching import must_speak_for
    from streetproof.store.rechecks import RecheckState

    case = asked.source.get("case")
    with opened(data, "there are no cases here") as store, reading.opened(data) as ledger:
        if case is None or all(row.id != case for row in store.cases()):
            raise KeptRecheckError(
                "it is of a case that is not here", where=str(data), remedy="Name the data folder that holds the case"
            )
        must_speak_for(keys, open_case(data, store, ledger, str(case)), ledger)
        waiting = [one.asked for one in store.rechecks.all(str(case)) if one.state is RecheckState.WAITING]
        due = order.due.utc_ns, order.window_ns
        if looker is None and due not in [(one.due_ns, one.window_ns) for one in waiting]:
            raise KeptRecheckError(
                "no appointment of this case waits for that time",
                where=str(case),
                remedy="Leave --appointment out, and say who looks and why",
            )


def _enter_look(original: Path, data: Path | None, asked: Original, order: Order, looker: Looker) -> int | None:
    """That somebody looks, and at what time, before there is anything to see; None: there is no ledger for it."""
    from streetproof.access.viewing import enter
    from streetproof.bundles import data_of
    from streetproof.cli.database import opened
    from streetproof.ledgers import reading

    case, sealed = asked.source.get("case"), asked.source.get("case_sha256")
    data = data if data is not None or case is None else data_of(original)
    if data is None:
        return None
    more: JsonObject = {"output": "recheck", "due": order.due.isoformat()}
    with opened(data, "there are no cases here") as store, reading.opened(data) as ledger:
        _, entry = enter(data, store, ledger, str(case), looker, more=more, sealed_as=str(sealed))
    return entry


def _enter(data: Path, asked: Original, folder: Path, looker: Looker | None) -> Recheck:
    """Enter what lies there; what the daemon asked for is only looked at, and entered by the daemon."""
    from streetproof.cli.database import opened, opened_by
    from streetproof.ledgers import reading
    from streetproof.procedures.taking import open_case
    from streetproof.recheck import entering
    from streetproof.recheck.vouching import believed

    case = str(asked.source["case"])
    there = opened(data, "there are no cases here") if looker is None else opened_by(data, looker.by)
    with there as store, reading.opened(data) as ledger:
        found = open_case(data, store, ledger, case)
        if looker is not None:
            entering.enter(data, store, ledger, found, folder, looker.by)
        return believed(folder, found, ledger)


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


def _print(
    folder: Path, sha256: str, document: Mapping[str, Any], failures: Sequence[Failure], entry: int | None
) -> None:
    said = [{"path": one.path, "what": one.what, "remedy": one.remedy} for one in failures]
    print_json({"folder": str(folder), "sha256": sha256, "recheck": document, "failures": said, "entry": entry})


def _exit(verdict: str) -> None:
    from vision.recheck import Verdict

    codes = {Verdict.CORRECTED: Exit.OK, Verdict.NOT_CORRECTED: Exit.FAILED, Verdict.CANNOT_TELL: Exit.PARTIAL}
    code = codes[Verdict(verdict)]
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
