"""`streetproof report`: the papers of a case, as PDF and PNG."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_export.report.blocks import ReportLanguage
from evidence_export.words import Said
from streetproof.cli.language import language_of
from streetproof.cli.officers import LedgerAt, Licence, Officer, Purpose, entered_said
from streetproof.cli.options import Json, Key, Passphrase, Pin
from streetproof.cli.output import out, print_json

if TYPE_CHECKING:
    from evidence_export.dossier import Dossier
    from evidence_export.report.making import Signing

EPILOG = (
    "Example: streetproof report demo-out/cases/SP-20090201-G6J3MRALUVBS --out report.pdf --sheet sheet.png "
    "--purpose procedure --officer 李明 --licence 33010012    "
    "Exit codes: 0 made, and entered in the ledger first · 2 usage · 4 it could not be made: the bundle does not "
    "verify, a key or a library is missing, the ledger cannot be written"
)


def report(
    bundle: Annotated[Path, typer.Argument(help="The sealed case: a folder or a zip.", show_default=False)],
    out_file: Annotated[Path, typer.Option("--out", "-o", help="Where the report (PDF) goes.", show_default=False)],
    purpose: Purpose,
    officer: Officer,
    licence: Licence,
    lang: Annotated[
        ReportLanguage, typer.Option(help="Chinese, English, or both: Chinese with English beneath.")
    ] = ReportLanguage.BOTH,
    sheet: Annotated[Path | None, typer.Option(help="Write the composite sheet 合成图 (PNG) there as well.")] = None,
    data: LedgerAt = None,
    key: Key = None,
    passphrase: Passphrase = None,
    pin: Pin = None,
    unsigned: Annotated[bool, typer.Option("--unsigned", help="Do not sign the PDF; it says so.")] = False,
    tsa_ca: Annotated[
        Path | None,
        typer.Option(
            "--tsa-ca", help="Root certificates (PEM) of the time-stamping authority: its stamps are checked."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the report of a case, and its composite sheet: facts, reasons, pictures, custody, and how to check them.

    The bundle is verified first, and who makes papers of it, and what for, is entered in the ledger. What is not known
    is said to be unknown. The PDF is signed with the site's key where that has a certificate (PAdES), and says so where
    it is not signed.
    """
    from evidence_export.dossier import open_dossier
    from evidence_export.report.making import report_pdf
    from evidence_export.sheet import sheet_png
    from streetproof.access.looker import looker_of
    from streetproof.access.viewing import enter
    from streetproof.bundles import data_of
    from streetproof.cli.database import opened
    from streetproof.ledgers import reading
    from streetproof.ledgers.authority import roots_at
    from streetproof.papers import told

    looker = looker_of(purpose, officer, licence)
    roots = [] if tsa_ca is None else roots_at(tsa_ca)
    dossier = open_dossier(bundle)
    signing = None if unsigned else _signing(dossier, key, passphrase, pin)
    data = data if data is not None else data_of(bundle)
    entry = None
    if data is not None:
        sealed = dossier.manifest_sha256
        with opened(data, "there are no cases here") as store, reading.opened(data) as ledger:
            # Before what the ledger tells is read: the report tells of this look as well.
            case, entry = enter(
                data, store, ledger, dossier.case_id, looker, more={"output": "report"}, sealed_as=sealed
            )
            dossier = told(dossier, data, store, ledger, roots, case)
    picture = sheet_png(dossier)
    pdf = report_pdf(dossier, picture, lang, signing)
    _write(out_file, pdf)
    if sheet is not None:
        _write(sheet, picture)
    _show(dossier, signing, (out_file, sheet), entry, as_json)


def _signing(dossier: Dossier, key: Path | None, passphrase: object, pin: object) -> Signing | None:
    from evidence_export.keys.opening import KeySpec
    from evidence_export.report.making import Signing
    from streetproof.clock import now
    from streetproof.papers import keys_for

    asked = None if key is None and passphrase is None and pin is None else KeySpec(key or Path(), passphrase, pin)  # type: ignore[arg-type]
    keys = keys_for(dossier, asked)
    return None if keys is None else Signing(keys, now())


def _write(path: Path, data: bytes) -> None:
    from streetproof.papers import PapersError

    draft = path.with_name(f"{path.name}.partial")
    try:
        draft.write_bytes(data)
        os.replace(draft, path)
    except OSError as error:
        raise PapersError(
            f"it cannot be written ({error.strerror})", where=str(path), remedy="Check the folder and the free space"
        ) from error


def _show(
    dossier: Dossier, signing: Signing | None, made: tuple[Path, Path | None], entry: int | None, as_json: bool
) -> None:
    from evidence_export.report.signing import signing_said, usable

    pdf, sheet = made
    signed = signing is not None and usable(signing.keys) is not None
    if as_json:
        told = {"case": dossier.case_id, "code": dossier.code, "report": str(pdf), "signed": signed}
        print_json(told | {"sheet": None if sheet is None else str(sheet), "entry": entry})
        return
    language = language_of(os.environ)
    for path in made:
        if path is not None:
            out.print("✓ ", style="bold green", end="")
            out.print(str(path), markup=False, soft_wrap=True)
    out.print(Said(f"防伪码 {dossier.code}", f"Anti-forgery code {dossier.code}").to(language), markup=False)
    out.print(signing_said(signing).to(language), style="dim", markup=False)
    out.print(entered_said(entry).to(language), style="yellow" if entry is None else "dim", markup=False)
