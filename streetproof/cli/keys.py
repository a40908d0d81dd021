"""`streetproof keys init | show | rotate | revoke | export-trust`."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streetproof.cli.exits import EPILOG as EXITS
from streetproof.cli.options import Json, Passphrase, Pin, _secret
from streetproof.cli.output import out, print_json

if TYPE_CHECKING:
    from evidence_export.keys.management import NewKey, Secrets
    from evidence_export.keys.ring import Ring, RingKey

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
    _tell(ring, as_json=as_json)
    if not as_json:
        out.print(f"\nMade. Move {where / 'ca.key.pem'} to a medium that is kept locked away, and back it up.")
        out.print("Publish the authority's fingerprint; `streetproof keys export-trust` gives what a court needs.")


@app.command(epilog="Example: streetproof keys show --site demo    " + EXITS)
def show(site: _Site, folder: _Folder = None, as_json: Json = False) -> None:
    """Show a site's keys: what each is for, its certificate, and whether it is in use. Opens none of them."""
    from evidence_export.keys.ring import read_ring

    _tell(read_ring(_folder(site, folder)), as_json=as_json)


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
    _tell(ring, as_json=as_json)
    if not as_json:
        instead = (
            "" if before is None else f" in the place of {before.id}, which goes on to be valid for what it sealed"
        )
        out.print(f"\n{made.id} seals from now on{instead}.", markup=False)
        out.print("Publish the new revocation list: `streetproof keys export-trust` has it.")


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
    _tell(ring, as_json=as_json)
    if not as_json:
        out.print(f"\n{gone.id} is revoked. Publish the new revocation list: `streetproof keys export-trust` has it.")
        if ring.current(gone.role) is None:
            out.print("No key is in use now: make one with `streetproof keys rotate` before cases can be sealed.")


@app.command("export-trust", epilog="Example: streetproof keys export-trust --site demo --out trust    " + EXITS)
def export_trust(
    site: _Site,
    out_dir: Annotated[Path, typer.Option("--out", "-o", help="Folder to write to; made if it does not exist.")],
    folder: _Folder = None,
    as_json: Json = False,
) -> None:
    """Write what a court needs to check bundles: authority, fingerprint, revocation list. Nothing secret."""
    from evidence_export.keys.ring import read_ring
    from streetproof.trust import export

    ring = read_ring(_folder(site, folder))
    written = export(ring, out_dir)
    if as_json:
        print_json({"folder": str(out_dir), "files": [one.name for one in written], **_document(ring)})
        return
    for one in written:
        out.print(str(one), markup=False)
    out.print(f"Authority of {ring.site}: SHA-256 {_fingerprint(ring)}", markup=False)
    out.print("Publish this fingerprint by another way than the bundles.")


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


def _fingerprint(ring: Ring) -> str:
    from evidence_export.keys.opening import authority_of

    return authority_of(ring.folder)


def _document(ring: Ring) -> dict[str, Any]:
    return {
        "site": ring.site,
        "authority": {"fingerprint": _fingerprint(ring), "crl_number": ring.crl_number},
        "keys": [_key_document(ring, one) for one in ring.keys],
    }


def _key_document(ring: Ring, key: RingKey) -> dict[str, Any]:
    from evidence_export.keys.ring import valid_until

    return {
        "id": key.id,
        "role": key.role.value,
        "algorithm": key.algorithm,
        "state": key.state.value,
        "fingerprint": key.fingerprint,
        "serial": f"{key.serial:x}",
        "made": key.made.isoformat(),
        "valid_until": valid_until(ring, key).isoformat(),
        "withdrawn": key.withdrawn and key.withdrawn.isoformat(),
        "since": key.since and key.since.isoformat(),
        "reason": key.reason,
        "kept": "file" if key.token is None else f"token {key.token.token}, label {key.token.label}",
    }


def _tell(ring: Ring, *, as_json: bool) -> None:
    document = _document(ring)
    if as_json:
        print_json({"folder": str(ring.folder), **document})
        return
    out.print(f"Keys of {ring.site} in {ring.folder}", markup=False)
    out.print(f"  authority  SHA-256 {document['authority']['fingerprint']}", markup=False)
    for one in document["keys"]:
        out.print(
            f"  {one['id']}  {one['state']}, {one['role']}, {one['algorithm']}, {one['kept']}, "
            f"valid until {one['valid_until'][:10]}",
            markup=False,
        )
        out.print(f"         fingerprint {one['fingerprint']}", markup=False, style="dim")
        if one["reason"]:
            out.print(f"         {one['reason']}: nothing it signed since {one['since']} counts", markup=False)
