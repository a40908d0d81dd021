"""`streetproof demo`: the whole path on real footage, ending with a verified bundle."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from streetproof.cli.batch import exit_of, overruled, run_shown, show
from streetproof.cli.exits import Exit
from streetproof.cli.language import language_of
from streetproof.cli.models import pull_with_progress
from streetproof.cli.options import Store, store_at
from streetproof.cli.output import err, out, print_json
from streetproof.cli.verify import show as show_verification
from streetproof.errors import StreetproofError

EPILOG = (
    "Example: streetproof demo --out demo-out    "
    "Exit codes: 0 a bundle was made and verified · 1 no bundle, or one that does not verify · 4 nothing could be done"
)


def demo(
    out_dir: Annotated[Path, typer.Option("--out", "-o", help="Folder for the result.")] = Path("demo-out"),
    model: Annotated[str | None, typer.Option(help="Another model: a catalog name or an .onnx.")] = None,
    store: Store = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report and the verification as JSON.")] = False,
) -> None:
    """Fetch the bootstrap model, watch a real CCTV clip, seal what is found, verify the bundle."""
    from evidence_export.verifier import verify_all
    from evidence_export.verifier.__main__ import as_json as verification_json
    from models.errors import ModelMissingError
    from models.store import locate
    from streetproof.batch.inputs import BatchRequest
    from streetproof.keys import key_spec
    from streetproof.settings.load import load_site

    folder = demo_folder()
    loaded = overruled(load_site(folder / "site.yaml"), model=model, as_zip=False)
    models = store_at(store)
    name = loaded.site.model.name
    try:
        locate(name, store=models)
    except ModelMissingError:
        err.print(f"Fetching the model {name} (once) …", markup=False)
        pull_with_progress(name, None, models)
    report = run_shown(
        BatchRequest(
            loaded=loaded,
            inputs=[str(folder / "footage" / "vtest-h264.mp4")],
            out=out_dir,
            key=key_spec(loaded),
            models=models,
            workers=len(os.sched_getaffinity(0)),
        ),
        quiet=as_json,
    )
    reports = [one for case in report.cases for one in verify_all(out_dir / case["bundle"])]
    if as_json:
        print_json({"report": report.document, "verification": [verification_json(one) for one in reports]})
    else:
        for one in reports:
            show_verification(one, language_of(os.environ))
        out.print()
        show(report)
        for case in report.cases:
            bundle = out_dir / case["bundle"]
            out.print(f"Look at: {bundle / 'data/overlay/panorama-1.png'}", markup=False)
            out.print(f"Verify again: {_typed()} verify {bundle}", markup=False)
    if exit_of(report) is not Exit.OK:
        raise typer.Exit(exit_of(report))
    if not reports or not all(one.ok for one in reports):
        raise typer.Exit(Exit.FAILED)


def _typed() -> str:
    """What to type for this command: its name where the shell finds it, else its path."""
    return "streetproof" if shutil.which("streetproof") else os.path.relpath(sys.argv[0])


def demo_folder() -> Path:
    """The demo site: inside an installed package, or in the repository beside it."""
    package = Path(__file__).parents[1]
    for folder in (package / "demo_site", package.parent / "configs" / "demo"):
        if (folder / "site.yaml").is_file():
            return folder
    raise StreetproofError(
        "the demo site is not part of this installation",
        where=str(package / "demo_site"),
        remedy="Install the whole package, or clone the repository",
    )
