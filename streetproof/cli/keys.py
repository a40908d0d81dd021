"""`streetproof keys init | show | rotate | revoke | export-trust`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evidence_export.words import Said
from streetproof.cli.exits import EPILOG as EXITS
from streetproof.cli.keys_shown import PUBLISH, document_of, fingerprint, tell
from streetproof.cli.language import language_of
from streetproof.cli.options import Json, Lang, Passphrase, Pin, _secret
from streetproof.cli.output import out, print_json

if TYPE_CHECKING:
    from evidence_export.keys.management import NewKey, Secrets

app = typer.Typer(
    help="Make, rotate and withdraw the keys that cases are sealed with. docs/keys.md is their manual.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Algorithm(StrEnum):
    """Names on the command line."""

    ED25519 = "ed25519"
    P256 = "p256"
    SM2 = "sm2"


class AuthorityAlgorithm(StrEnum):
    """What an authority can sign with."""

    ED25519 = "ed25519"
    P256 = "p256"


class Reason(StrEnum):
    """Why a key is withdrawn."""

    COMPROMISE = "compromise"
    SUPERSEDED = "superseded"
    RETIRED = "retired"


class RoleName(StrEnum):
    """Which of the two signatures a key makes."""

    SEAL = "seal"
    SECOND = "second"


_Site = Annotated[str, typer.Option("--site", help="Id of the site, as in its site file.")]
_Folder = Annotated[
    Path | None,
    typer.Option("--folder", help="Folder of these keys; default: SITE in ~/.local/share/streetproof/keys."),
]
_Module = Annotated[
    Path | None, typer.Option("--pkcs11-module", help="Shared library of a PKCS#11 token; the key lies there already.")
]
_Token = Annotated[str | None, typer.Option("--token", help="Label of the token.")]
_Label = Annotated[str | None, typer.Option("--label", help="Label of the key pair in the token.")]
_CaKey = Annotated[
    Path | None, typer.Option("--ca-key", help="Private key of the authority, where it is kept apart from the folder.")
]
_CaPassphrase = Annotated[
    Any,
    typer.Option(
        "--ca-passphrase",
        metavar="env:NAME|file:PATH",
        parser=_secret,
        help="Where the passphrase of the authority's key stands.",
    ),
]
_Days = Annotated[int, typer.Option("--days", min=1, max=20_000, help="How long the certificate of a key is valid.")]


@app.command(
    epilog="Example: streetproof keys init --site demo --second sm2 --passphrase file:/run/credentials/key    " + EXITS
)
def init(
    site: _Site,
    folder: _Folder = None,
    algorithm: Annotated[Algorithm, typer.Option(help="Of the key that seals.")] = Algorithm.ED25519,
    second: Annotated[
        Algorithm | None, typer.Option(help="Of a key for a second signature beside it, for example sm2.")
    ] = None,
    ca_algorithm: Annotated[
        AuthorityAlgorithm, typer.Option(help="Of the site's authority.")
    ] = AuthorityAlgorithm.ED25519,
    pkcs11_module: _Module = None,
    token: _Token = None,
    label: _Label = None,
    passphrase: Passphrase = None,
    pin: Pin = None,
    ca_passphrase: _CaPassphrase = None,
    days: _Days = 1096,
    ca_days: Annotated[
        int, typer.Option(min=1, max=20_000, help="How long the authority's certificate is valid.")
    ] = 7305,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Make a site's authority and the key that seals its cases, with a certificate.

    From then on `batch`, `run` and `recheck` use them. Take the authority's private key (ca.key.pem) offline
    afterwards: sealing does not need it.
    """
    from evidence_export.keys import management
    from evidence_export.keys.ring import Role
    from streetproof.clock import now

    where = _folder(site, folder)
    new = [_new(Role.SEAL, algorithm, pkcs11_module, token, label)]
    if second is not None:
        new.append(management.NewKey(Role.SECOND, _ALGORITHMS[second]))
    _check_id(site)
    ring = management.init(
        where,
        site,
        tuple(new),
        _secrets(passphrase, pin, ca_passphrase),
        now().local(UTC),
        authority_algorithm=_ALGORITHMS[ca_algorithm],
        authority_days=ca_days,
        key_days=days,
    )
    language = lang or language_of(os.environ)
    tell(ring, language, as_json=as_json)
    if not as_json:
        made = Said(
            f"\n已建立。请将 {where / 'ca.key.pem'} 移到锁存保管的介质上，并另行备份。\n"
            "请公布签发机构的指纹；`streetproof keys export-trust` 可导出法院核验所需的文件。",
            f"\nMade. Move {where / 'ca.key.pem'} to a medium that is kept locked away, and back it up.\n"
            "Publish the authority's fingerprint; `streetproof keys export-trust` gives what a court needs.",
        )
        out.print(made.to(language), markup=False)


@app.command(epilog="Example: streetproof keys show --site demo    " + EXITS)
def show(site: _Site, folder: _Folder = None, as_json: Json = False, lang: Lang = None) -> None:
    """Show a site's keys: what each is for, its certificate, and whether it is in use. Opens none of them."""
    from evidence_export.keys.ring import read_ring

    tell(read_ring(_folder(site, folder)), lang or language_of(os.environ), as_json=as_json)


@app.command(epilog="Example: streetproof keys rotate --site demo --ca-key /media/safe/ca.key.pem    " + EXITS)
def rotate(
    site: _Site,
    folder: _Folder = None,
    role: Annotated[RoleName, typer.Option(help="Whose place the new key takes.")] = RoleName.SEAL,
    algorithm: Annotated[Algorithm | None, typer.Option(help="Of the new key; default: that of the old one.")] = None,
    pkcs11_module: _Module = None,
    token: _Token = None,
    label: _Label = None,
    passphrase: Passphrase = None,
    pin: Pin = None,
    ca_key: _CaKey = None,
    ca_passphrase: _CaPassphrase = None,
    days: _Days = 1096,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Put a new key in the place of the one in use. What the old one sealed goes on to be valid.

    The old key stands on the revocation list as superseded; a daemon that runs uses the new one for its next case.
    """
    from evidence_export.keys import management
    from evidence_export.keys.ring import Role, read_ring
    from streetproof.clock import now

    where = _folder(site, folder)
    old = read_ring(where).current(Role(role.value))
    if algorithm is None:
        algorithm = next(
            (name for name, one in _ALGORITHMS.items() if old and one == old.algorithm and isinstance(name, Algorithm)),
            Algorithm.ED25519,
        )
    new = _new(Role(role.value), algorithm, pkcs11_module, token, label)
    ring, made, before = management.rotate(
        where, new, _secrets(passphrase, pin, ca_passphrase), ca_key, now().local(UTC), key_days=days
    )
    language = lang or language_of(os.environ)
    tell(ring, language, as_json=as_json)
    if not as_json:
        instead = Said("", "")
        if before is not None:
            instead = Said(
                f"，取代 {before.id}；后者此前封存的案件仍然有效",
                f" in the place of {before.id}, which goes on to be valid for what it sealed",
            )
        told = Said(f"\n今后由 {made.id} 封存{instead.zh}。", f"\n{made.id} seals from now on{instead.en}.")
        out.print(told.to(language), markup=False)
        out.print(PUBLISH.to(language), markup=False)


@app.command(
    epilog="Example: streetproof keys revoke key-1 --site demo --reason compromise "
    "--since 2026-11-02T08:00:00+08:00    " + EXITS
)
def revoke(
    key: Annotated[str, typer.Argument(help="Id of the key, as `keys show` lists it.")],
    site: _Site,
    reason: Annotated[Reason, typer.Option(help="compromise: somebody else may have it; retired: no longer used.")],
    since: Annotated[
        str | None, typer.Option(help="Nothing that it signed since then is to be trusted; default: now.")
    ] = None,
    folder: _Folder = None,
    ca_key: _CaKey = None,
    ca_passphrase: _CaPassphrase = None,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Withdraw a key: put it on the revocation list, with reason and time, signed by the authority.

    Bundles that say that they were sealed since then fail with that list. After a compromise the time of sealing of
    earlier ones counts only as far as something else than the key proves it.
    """
    from evidence_export.keys import management
    from streetproof.clock import now

    ring, gone = management.revoke(
        _folder(site, folder),
        key,
        reason.value,
        None if since is None else _time(since),
        _secrets(None, None, ca_passphrase),
        ca_key,
        now().local(UTC),
    )
    language = lang or language_of(os.environ)
    tell(ring, language, as_json=as_json)
    if not as_json:
        told = Said(f"\n{gone.id} 已吊销。{PUBLISH.zh}", f"\n{gone.id} is revoked. {PUBLISH.en}")
        out.print(told.to(language), markup=False)
        if ring.current(gone.role) is None:
            none = Said(
                "现在没有在用的密钥：须先用 `streetproof keys rotate` 建立新密钥，才能封存案件。",
                "No key is in use now: make one with `streetproof keys rotate` before cases can be sealed.",
            )
            out.print(none.to(language), markup=False)


@app.command("export-trust", epilog="Example: streetproof keys export-trust --site demo --out trust    " + EXITS)
def export_trust(
    site: _Site,
    out_dir: Annotated[Path, typer.Option("--out", "-o", help="Folder to write to; made if it does not exist.")],
    folder: _Folder = None,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Write what a court needs to check bundles: authority, fingerprint, revocation list. Nothing secret."""
    from evidence_export.keys.ring import read_ring
    from streetproof.trust import export

    ring = read_ring(_folder(site, folder))
    written = export(ring, out_dir)
    if as_json:
        print_json({"folder": str(out_dir), "files": [one.name for one in written], **document_of(ring)})
        return
    for one in written:
        out.print(str(one), markup=False)
    told = Said(
        f"{ring.site} 的签发机构：SHA-256 {fingerprint(ring)}\n请以证据包之外的渠道公布此指纹。",
        f"Authority of {ring.site}: SHA-256 {fingerprint(ring)}\n"
        "Publish this fingerprint by another way than the bundles.",
    )
    out.print(told.to(lang or language_of(os.environ)), markup=False)


_ALGORITHMS: dict[Algorithm | AuthorityAlgorithm, str] = {
    Algorithm.ED25519: "Ed25519",
    Algorithm.P256: "ECDSA-P256-SHA256",
    Algorithm.SM2: "SM2-SM3",
}
"""Members of the two enumerations with equal values are equal."""


def _folder(site: str, folder: Path | None) -> Path:
    from streetproof.keys import keys_folder

    return (folder or keys_folder() / site).absolute()


def _check_id(site: str) -> None:
    from pydantic import TypeAdapter, ValidationError

    from streetproof.settings.site import Identifier

    try:
        TypeAdapter[str](Identifier).validate_python(site)
    except ValidationError as error:
        raise typer.BadParameter("letters, digits, . _ -, at most 64", param_hint="--site") from error


def _new(role: Any, algorithm: Algorithm, module: Path | None, token: str | None, label: str | None) -> NewKey:
    from evidence_export.keys.management import NewKey
    from evidence_export.keys.pkcs11keys import TokenKey

    if module is None and token is None and label is None:
        return NewKey(role, _ALGORITHMS[algorithm])
    if module is None or token is None or label is None:
        raise typer.BadParameter("a key in a token needs --pkcs11-module, --token and --label")
    return NewKey(role, token=TokenKey(module.absolute(), token, label))


def _secrets(passphrase: Any, pin: Any, authority: Any) -> Secrets:
    from evidence_export.keys.management import Secrets

    return Secrets(passphrase, pin, authority)


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise typer.BadParameter("write a time with its UTC offset, 2026-11-02T08:00:00+08:00", param_hint="--since")
    return found
