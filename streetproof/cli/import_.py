"""`streetproof import`: take in what another department has released."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from evidence_export.words import Language, Said
from streetproof.cli.language import language_of
from streetproof.cli.options import Json, PasswordFrom, password_for
from streetproof.cli.output import out, print_json

EPILOG = (
    "Example: streetproof import SP-20261102-ABCDEFGHIJKL-RABCDEFGHIJKL.zip --key 3f9a...c1 --from 西湖交警大队 "
    "--officer 李明 --licence 33010001    "
    "Exit codes: 0 taken in, or here already · 2 usage · 4 refused: it does not verify with that key, or cannot be kept"
)


def import_(
    release: Annotated[
        Path, typer.Argument(help="The release, or sealed case (folder, zip or zip.age).", show_default=False)
    ],
    key: Annotated[
        str,
        typer.Option(
            help="Whom to trust: the fingerprint of the sender's key or of its authority's certificate, or either as "
            "PEM file, received another way than the release."
        ),
    ],
    sender: Annotated[str, typer.Option("--from", help="The department that sent it.")],
    officer: Annotated[str, typer.Option(help="Name of the officer who takes it in.")],
    licence: Annotated[str, typer.Option(help="Number of the officer's licence 执法证号.")],
    crl: Annotated[Path | None, typer.Option(help="The sender's revocation list (PEM or DER).")] = None,
    tsa_ca: Annotated[
        Path | None, typer.Option("--tsa-ca", help="Root certificates (PEM) of time-stamping authorities.")
    ] = None,
    password_from: PasswordFrom = None,
    data: Annotated[Path, typer.Option("--data", "-d", help="The folder of this department's cases.")] = Path(
        "streetproof-data"
    ),
    as_json: Json = False,
    lang: Annotated[
        Language | None, typer.Option(help="Chinese or English; default: as LC_ALL, LC_MESSAGES or LANG say.")
    ] = None,
) -> None:
    """Take in a case from another department 联勤联动. It is verified, kept untouched, and entered in the ledger.

    From then on it is a case here: `cases` lists it, `procedure` takes it on, and `export` hands it on together with
    what proves where it came from.
    """
    from streetproof.cli.database import opened
    from streetproof.importing import take_in
    from streetproof.ledgers import reading

    password = password_for(release, password_from)
    with opened(data, "there are no cases here") as store, reading.opened(data) as ledger:
        found = take_in(
            release, data, store, ledger, trusted_key=key, crl=crl, tsa_ca=tsa_ca, sender=sender,
            by=f"{officer} {licence}", password=password,
        )  # fmt: skip
    if as_json:
        print_json({"case": found.case_id, "path": str(found.path), "new": found.new})
        return
    language = lang or language_of(os.environ)
    said = Said("已接收" if found.new else "此前已接收", "taken in" if found.new else "was here already")
    out.print("✓ ", style="bold green", end="")
    out.print(f"{found.case_id} {said.to(language)}: {found.path}", markup=False, soft_wrap=True)
