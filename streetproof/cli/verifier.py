"""`streetproof verifier`: writes the verifiers that go along with evidence, for whoever has no Streetproof."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from evidence_export.standalone import html, pyz
from streetproof.cli.exits import Exit
from streetproof.cli.output import out, print_error, print_json
from streetproof.errors import StreetproofError

EPILOG = (
    "Example: streetproof verifier --out verify.pyz    "
    "Then, on any machine with Python 3.11: python3 verify.pyz PATH    "
    "Exit codes: 0 written · 2 usage · 4 the file cannot be written, or holds something else"
)


def verifier(
    target: Annotated[
        Path | None, typer.Option("--out", help="The file to write: verify.pyz, with --html verify.html.")
    ] = None,
    as_page: Annotated[
        bool, typer.Option("--html", help="The page for a browser, in place of the file for Python.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print path, size and SHA-256 as JSON.")] = False,
) -> None:
    """Write a verifier in one file: for Python (verify.pyz), or for a browser (verify.html). 导出单文件核验程序。

    It is the same, byte for byte, on every machine with this version, so its SHA-256 can be published.
    """
    content = html.html_bytes() if as_page else pyz.pyz_bytes()
    path = target or Path(html.NAME if as_page else pyz.NAME)
    try:
        if path.exists() and path.read_bytes() != content:
            raise FileExistsError(0, "another file is there", str(path))
        path.write_bytes(content)
    except OSError as error:
        told = StreetproofError(
            f"the verifier cannot be written ({error.strerror})", where=str(path), remedy="Name another file with --out"
        )
        print_error(told)
        raise typer.Exit(Exit.ERROR) from error
    facts = {"path": str(path), "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    if as_json:
        print_json(facts)
    else:
        out.print(f"{path}  {len(content)} bytes\nSHA-256  {facts['sha256']}", markup=False, highlight=False)
