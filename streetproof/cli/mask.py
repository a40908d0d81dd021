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
from streetproof.cli.options import Json, Store, store_at
from streetproof.cli.output import err, out, print_json

if TYPE_CHECKING:
    from evidence_export.masking.interface import Masked

EPILOG = (
    "Example: streetproof mask demo-out/cases/SP-20090201-G6J3MRALUVBS --out masked --model yolov3-tiny    "
    "Exit codes: 0 masked, and to be looked at by a person · 1 the bundle does not verify · 2 usage · "
    "4 nothing could be masked · 130 interrupted"
)
DEFAULT = "yolov3-tiny"


def mask(
    bundle: Annotated[Path, typer.Argument(help="A bundle, as a folder; unpack a zip first.")],
    out_dir: Annotated[Path, typer.Option("--out", "-o", help="Folder for the copies; it must not exist yet.")],
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
    as_json: Json = False,
) -> None:
    """Make copies of a case in which bystanders and other vehicles' plates are painted over; the original is only read.

    A program may miss somebody: look at every copy before it leaves the department.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    from evidence_export.bag import canonical, layout
    from evidence_export.masking.case import mask_case
    from evidence_export.masking.models import open_models
    from evidence_export.verifier import verify
    from streetproof.releases.masked import write_document

    if out_dir.exists():
        raise typer.BadParameter(f"{out_dir} exists already", param_hint="--out")
    if not (bundle / layout.CASE).is_file():
        raise typer.BadParameter(f"{bundle} is no folder of a case", param_hint="BUNDLE")
    report = verify(bundle)
    if not report.ok:
        err.print(f"✗ {bundle} does not verify: streetproof verify says why", style="bold red", markup=False)
        raise typer.Exit(Exit.FAILED)
    case = canonical.loads((bundle / layout.CASE).read_bytes())
    assert isinstance(case, dict)
    eyes = open_models(model, store_at(store), scope)
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
        print_json(made.document())
    else:
        _show(made, out_dir, lang or language_of(os.environ))


def _show(made: Masked, folder: Path, language: Language) -> None:
    for one in made.files:
        out.print(str(folder / one.path), style="bold", markup=False)
        out.print(f"  {one.parent}: {one.transform}", markup=False, style="dim")
    counts = made.counts
    told = Said(
        f"共 {len(made.files)} 个副本，{counts.frames} 帧中有 {counts.painted} 帧做了遮盖",
        f"{len(made.files)} copies; {counts.painted} of {counts.frames} frames were painted over",
    )
    out.print(f"\n{told.to(language)}", markup=False)
    for said in made.cautions:
        out.print(f"! {said.to(language)}", style="yellow", markup=False)
