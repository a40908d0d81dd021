"""`streetproof export`: a release 移送包 of a case, for a court, the party or another department."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidence_export.bag.releases import Profile
from evidence_export.report.blocks import ReportLanguage
from evidence_export.words import Language, Said
from streetproof.cli.language import language_of
from streetproof.cli.options import Json, Key, Passphrase, PasswordFrom, Pin
from streetproof.cli.output import out, print_json
from streetproof.cli.refusals import said

if TYPE_CHECKING:
    from streetproof.releases.gathering import Gathered

EPILOG = (
    "Example: streetproof export SP-20261102-ABCDEFGHIJKL site.yaml --recipient 西湖区人民法院 --purpose 行政诉讼举证 "
    "--officer 李明 --licence 33010001 --out releases    "
    "Exit codes: 0 made, and it verifies · 2 usage · 4 it could not be made"
)


def export(
    case: Annotated[str, typer.Argument(help="Id of the case.", show_default=False)],
    site: Annotated[Path, typer.Argument(help="The site file (YAML).", show_default=False)],
    recipient: Annotated[str, typer.Option(help="Who receives it; the ledger and the release tell.")],
    purpose: Annotated[str, typer.Option(help="What for; the ledger and the release tell.")],
    officer: Annotated[str, typer.Option(help="Name of the officer who releases it.")],
    licence: Annotated[str, typer.Option(help="Number of the officer's licence 执法证号.")],
    profile: Annotated[
        Profile,
        typer.Option(
            help="full 全卷: everything, for a court. outgoing 对外: bystanders are masked, the originals stay here."
        ),
    ] = Profile.OUTGOING,
    masked: Annotated[
        Path | None,
        typer.Option(
            help="Of an outgoing release: the folder that `streetproof mask` made. The officer has looked at each copy "
            "in it, and says so by naming it."
        ),
    ] = None,
    with_recordings: Annotated[
        bool | None,
        typer.Option(
            "--with-recordings/--without-recordings",
            help="Of a full release: the recordings that the case was cut from, byte for byte; default: with them.",
            show_default=False,
        ),
    ] = None,
    c2pa: Annotated[
        bool,
        typer.Option(
            "--c2pa",
            help="Of an outgoing release: put Content Credentials into the masked copies, signed with the site's key.",
        ),
    ] = False,
    data: Annotated[Path, typer.Option("--data", "-d", help="The folder that holds the case.")] = Path(
        "streetproof-data"
    ),
    out_dir: Annotated[Path, typer.Option("--out", "-o", help="Folder for the release.")] = Path("releases"),
    report: Annotated[
        ReportLanguage, typer.Option("--report", help="Language of the report and the composite sheet.")
    ] = ReportLanguage.BOTH,
    as_zip: Annotated[bool, typer.Option("--zip", help="One zip file instead of a folder.")] = False,
    password_from: PasswordFrom = None,
    key: Key = None,
    passphrase: Passphrase = None,
    pin: Pin = None,
    as_json: Json = False,
    lang: Annotated[
        Language | None, typer.Option(help="Chinese or English; default: as LC_ALL, LC_MESSAGES or LANG say.")
    ] = None,
) -> None:
    """Make a release of a case: the sealed case, the ledger's proofs, time stamp, exhibits, and verifiers.

    Who gets it and what for is entered in the ledger first, under the officer's name. Anyone can verify a release
    offline, with a browser or with Python, by what it carries itself. With --password-from it is one file,
    NAME.zip.age, that the tool `age -d` opens, or `verify` and `import`; tell the password another way.
    """
    from evidence_export.keys import open_keys
    from streetproof.cli.database import opened
    from streetproof.keys import key_spec
    from streetproof.ledgers import reading
    from streetproof.ledgers.authority import authority_of
    from streetproof.releases.gathering import Asked, Office, make
    from streetproof.settings.load import load_site

    secret = None
    if password_from is not None:
        from streetproof import passwords

        secret = passwords.password_from(password_from, os.environ, new=True, prompt="新密码 / new password: ")
    loaded = load_site(site)
    keys = open_keys(key_spec(loaded, key, passphrase, pin))
    authority, stamps = authority_of(loaded), loaded.site.evidence.time_stamps
    tsa = None
    if authority is not None and stamps is not None:
        tsa = authority, (loaded.path.parent / stamps.ca).read_bytes()
    whole = profile is Profile.FULL if with_recordings is None else with_recordings
    asked = Asked(
        case, profile, recipient, purpose, (officer, licence), masked, whole, secret, report, credentials=c2pa
    )
    with opened(data, "there are no cases here") as store, reading.opened(data) as ledger:
        office = Office(data, store, ledger, keys, (loaded.site.site.id, loaded.site.site.name), tsa)
        made = make(asked, office, out_dir, as_zip=as_zip)
    if as_json:
        told = {"release": made.release.id, "path": str(made.release.path), "sha256": made.release.sha256}
        print_json(told | {"encrypted": secret is not None, "missing": list(made.missing)})
    else:
        _show(made, lang or language_of(os.environ))


def _show(made: Gathered, language: Language) -> None:
    out.print("✓ ", style="bold green", end="")
    out.print(str(made.release.path), markup=False, soft_wrap=True)
    for one in made.missing:
        out.print("! ", style="yellow", end="")
        told = Said(f"未包含：{said(one, Language.ZH)}", f"not in it: {one}")
        out.print(told.to(language), markup=False)
    if made.release.path.suffix == ".age":
        name = made.release.path.name
        how = Said(
            f"接收单位可核验：streetproof verify {name} --password-from -，或先解密：age -d -o "
            f"{made.release.id}.zip {name}；密码请经其他渠道告知",
            f"The receiver checks it with: streetproof verify {name} --password-from -, or opens it first: age -d -o "
            f"{made.release.id}.zip {name}. Tell the password another way",
        )
        out.print(how.to(language), style="dim", markup=False)
        return
    how = Said(
        f"接收单位可核验：streetproof verify {made.release.path.name}，或打开其中的 verify.html",
        f"The receiver checks it with: streetproof verify {made.release.path.name}, or opens verify.html in it",
    )
    out.print(how.to(language), style="dim", markup=False)
