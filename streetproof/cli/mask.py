"""`streetproof mask`: masked copies of a case, for others than the department."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_export.masking.interface import Scope
from evidence_export.words import Language, Said
from streetproof.cli.exits import Exit
from streetproof.cli.language import language_of
from streetproof.cli.officers import LedgerAt, Licence, Officer, Purpose, entered_said
from streetproof.cli.options import Json, Store, store_at
from streetproof.cli.output import err, out, print_json

if TYPE_CHECKING:
    from evidence_export.masking.interface import Masked
    from streetproof.access.looker import Looker

EPILOG = (
    "Example: streetproof mask demo-out/cases/SP-20090201-G6J3MRALUVBS --out masked --model yolov3-tiny "
    "--purpose release --officer 李明 --licence 33010012    "
    "Exit codes: 0 masked, and to be looked at by a person · 1 the bundle does not verify · 2 usage · "
    "4 nothing could be masked · 130 interrupted"
)
DEFAULT = "yolov3-tiny"


def mask(
    bundle: Annotated[Path, typer.Argument(help="A bundle, as a folder; unpack a zip first.")],
    out_dir: Annotated[Path, typer.Option("--out", "-o", help="Folder for the copies; it must not exist yet.")],
    purpose: Purpose,
    officer: Officer,
    licence: Licence,
    model: Annotated[
        str, typer.Option(help="Model that finds people and vehicles: a catalog name or an .onnx.")
    ] = DEFAULT,
    scope: Annotated[
        Scope, typer.Option(help="What is painted over. all-but-vehicle leaks least, and needs no model.")
    ] = Scope.PEOPLE_AND_PLATES,
    lang: Annotated[
        Language | None, typer.Option(help="Chinese or English; default: as LC_ALL, LC_MESSAGES or LANG say.")
    ] = None,
    store: Store = None,
    data: LedgerAt = None,
    as_json: Json = False,
) -> None:
    """Make copies of a case in which bystanders and other vehicles' plates are painted over; the original is only read.

    Who has them made, and what for, is entered in the ledger first. A program may miss somebody: look at every copy
    before it leaves the department.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    from evidence_export.bag import canonical, layout
    from evidence_export.masking.case import mask_case
    from evidence_export.masking.models import open_models
    from evidence_export.verifier import verify
    from streetproof.access.looker import looker_of
    from streetproof.releases.masked import write_document

    looker = looker_of(purpose, officer, licence)
    if out_dir.exists():
        raise typer.BadParameter(f"{out_dir} exists already", param_hint="--out")
    if not (bundle / layout.CASE).is_file():
        raise typer.BadParameter(f"{bundle} is no folder of a case", param_hint="BUNDLE")
    report = verify(bundle)
    if not report.ok:
        err.print(f"✗ {bundle} does not verify: streetproof verify says why", style="bold red", markup=False)
        raise typer.Exit(Exit.FAILED)
    case = canonical.loads((bundle / layout.CASE).read_bytes())
    assert isinstance(case, dict) and report.case_id is not None and report.manifest_sha256 is not None
    eyes = open_models(model, store_at(store), scope)
    entry = _entered(bundle, data, (report.case_id, report.manifest_sha256), looker, scope)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=err, transient=True, disable=as_json) as shown:
        task = shown.add_task("", total=None)

        def progress(what: str, done: int, of: int) -> None:
            shown.update(task, description=what, completed=done, total=of or None)

        made = mask_case(
            bundle,
            case,
            out_dir,
            detector=eyes.detector,
            plates=eyes.plates,
            faces=eyes.faces,
            scope=scope,
            progress=progress,
        )
    write_document(out_dir, made)
    if as_json:
        print_json(made.document() | {"entry": entry})
    else:
        _show(made, out_dir, entry, lang or language_of(os.environ))


def _entered(bundle: Path, data: Path | None, case: tuple[str, str], looker: Looker, scope: Scope) -> int | None:
    """The number of the entry; None: no ledger is here. `case`: its id, and the SHA-256 of its `case.json`."""
    from evidence_export.ledger.entry import Kind
    from streetproof.access.viewing import enter
    from streetproof.bundles import data_of
    from streetproof.cli.database import opened
    from streetproof.ledgers import reading

    data = data if data is not None else data_of(bundle)
    if data is None:
        return None
    case_id, sealed_as = case
    with opened(data, "there are no cases here") as store, reading.opened(data) as ledger:
        return enter(
            data, store, ledger, case_id, looker,
            kind=Kind.CASE_REDACTED, more={"scope": str(scope)}, sealed_as=sealed_as,
        )[1]  # fmt: skip


def _show(made: Masked, folder: Path, entry: int | None, language: Language) -> None:
    for one in made.files:
        out.print(str(folder / one.path), style="bold", markup=False)
        out.print(f"  {one.parent}: {one.transform}", markup=False, style="dim")
    counts = made.counts
    told = Said(
        f"共 {len(made.files)} 个副本，{counts.frames} 帧中有 {counts.painted} 帧做了遮盖",
        f"{len(made.files)} copies; {counts.painted} of {counts.frames} frames were painted over",
    )
    out.print(f"\n{told.to(language)}", markup=False)
    out.print(entered_said(entry).to(language), style="yellow" if entry is None else "dim", markup=False)
    for said in made.cautions:
        out.print(f"! {said.to(language)}", style="yellow", markup=False)
