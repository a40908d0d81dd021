"""Opens the keys that seal: a key in a file, or the keys in use of a site's ring."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evidence_export.bag import certificate, layout, pubkey
from evidence_export.errors import SigningKeyError
from evidence_export.keys import ring as rings
from evidence_export.keys.files import load_key, load_or_create_key
from evidence_export.keys.interface import SealingKeys, Signer
from evidence_export.keys.pkcs11keys import Pkcs11Signer, TokenKey
from evidence_export.keys.ring import Ring, RingKey, Role, is_ring, read_ring
from evidence_export.keys.secret import SecretSource


@dataclass(frozen=True, slots=True)
class KeySpec:
    """Which keys seal, and where their secrets stand. Holds no secret: it may be printed and sent to workers.

    `path`: a key file (PEM), or the folder that `streetproof keys init` made.
    """

    path: Path
    passphrase: SecretSource | None = None
    pin: SecretSource | None = None
    site: str | None = None
    """The id of the site that the keys must be of; None: any."""


def own_of(spec: KeySpec | Path) -> tuple[str, ...]:
    """The fingerprints by which bundles of these keys, and of those that the site had before, are known.

    Of a ring nothing secret is opened. Raises SigningKeyError.
    """
    spec = KeySpec(spec) if isinstance(spec, Path) else spec
    return _earlier(spec.path) if is_ring(spec.path) else (open_keys(spec).first.fingerprint,)


def authority_of(folder: Path) -> str:
    """The fingerprint of a ring's authority. Raises SigningKeyError."""
    path = folder / rings.CA_CERTIFICATE
    try:
        return certificate.load(read_public(path)).fingerprint
    except ValueError as error:
        raise SigningKeyError(
            f"the certificate of the authority cannot be read ({error})",
            where=str(path),
            remedy="Bring it back from a backup",
        ) from error


def _earlier(folder: Path) -> tuple[str, ...]:
    """The authority, and the bare key SITE.pem beside the folder SITE, that the site sealed with before it had one."""
    bare = folder.with_name(f"{folder.name}.pem")
    if not bare.exists():
        return (authority_of(folder),)
    return authority_of(folder), load_or_create_key(bare).fingerprint


def open_keys(spec: KeySpec | Path) -> SealingKeys:
    """The keys to seal with, opened now. A key file that does not exist is made: Ed25519, without a passphrase.

    Raises SigningKeyError where a key cannot be had, and where its certificate is not that of the key or the authority.
    """
    spec = KeySpec(spec) if isinstance(spec, Path) else spec
    if is_ring(spec.path):
        return _of_ring(read_ring(spec.path), spec)
    if spec.path.is_dir():
        raise SigningKeyError(
            "this folder holds no keys of a site",
            where=str(spec.path),
            remedy="Make them with `streetproof keys init`, or give a key file",
        )
    if spec.passphrase is None and not spec.path.exists():
        return SealingKeys(load_or_create_key(spec.path))
    return SealingKeys(load_key(spec.path, spec.passphrase))


def _of_ring(ring: Ring, spec: KeySpec) -> SealingKeys:
    if spec.site is not None and ring.site != spec.site:
        raise SigningKeyError(
            f"these are keys of the site {ring.site!r}, and the case is of {spec.site!r}",
            where=str(ring.folder),
            remedy="Give the keys of this site, or make them with `streetproof keys init`",
        )
    first, second = ring.current(Role.SEAL), ring.current(Role.SECOND)
    if first is None:
        raise SigningKeyError(
            "no key is in use: the last one was withdrawn",
            where=str(ring.folder),
            remedy="Make a new one with `streetproof keys rotate`",
        )
    authority = read_public(ring.folder / rings.CA_CERTIFICATE)
    certificate_, signer = _certified(ring, first, spec, authority)
    if second is None:
        return SealingKeys(signer, certificate_, authority, earlier=_earlier(ring.folder))
    second_certificate, second_signer = _certified(ring, second, spec, authority)
    return SealingKeys(
        signer, certificate_, authority, second_signer, second_certificate, earlier=_earlier(ring.folder)
    )


def _certified(ring: Ring, key: RingKey, spec: KeySpec, authority: bytes) -> tuple[bytes, Signer]:
    path = ring.certificate_file(key)
    data = read_public(path)
    signer = _signer(ring, key, spec)
    try:
        found, issuer = certificate.load(data), certificate.load(authority)
    except ValueError as error:
        raise SigningKeyError(
            f"a certificate cannot be read ({error})", where=str(path), remedy="Bring it back from a backup"
        ) from error
    if found.key != pubkey.from_pem(signer.public_key_pem) or not found.is_issued_by(issuer):
        raise SigningKeyError(
            "the certificate is not that of the key, or not of this site's authority",
            where=str(path),
            remedy="Bring back the files that belong together from a backup, or make a new key with `keys rotate`",
        )
    return data, signer


def _signer(ring: Ring, key: RingKey, spec: KeySpec) -> Signer:
    if key.token is None:
        return load_key(ring.key_file(key), spec.passphrase)
    if spec.pin is None:
        raise SigningKeyError(
            f"the {key.token.where} needs a PIN, and none is given",
            where=str(ring.folder),
            remedy="Say where the PIN stands: a file or an environment variable",
        )
    return token_signer(key.token, spec.pin)


_opened: dict[tuple[TokenKey, SecretSource], Pkcs11Signer] = {}


def token_signer(place: TokenKey, pin: SecretSource) -> Pkcs11Signer:
    """The signer of a key in a token; one login serves all cases of a process."""
    if (place, pin) not in _opened:
        _opened[place, pin] = Pkcs11Signer(place, pin)
    return _opened[place, pin]


def read_public(path: Path) -> bytes:
    """A certificate or list of a ring. Raises SigningKeyError."""
    try:
        with path.open("rb") as stream:
            return stream.read(layout.MAX_TAG_BYTES)
    except OSError as error:
        raise SigningKeyError(
            f"it cannot be read ({error.strerror})", where=str(path), remedy="Bring it back from a backup"
        ) from error
