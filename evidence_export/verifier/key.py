"""Whom a verifier was told to trust: a key, or an authority, and what the authority withdrew."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evidence_export.bag import certificate, layout, pubkey, timestamp
from evidence_export.bag.certificate import RevocationList
from evidence_export.errors import NotABundleError

if TYPE_CHECKING:
    from cryptography import x509

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Trust:
    """`fingerprint`: of a public key, or of an authority's certificate; None: nobody vouches for the key."""

    fingerprint: str | None = None
    is_authority: bool | None = None
    """None: only the fingerprint is known, which may be either."""
    crl: RevocationList | None = None
    crl_name: str = ""
    tsa_roots: tuple[x509.Certificate, ...] | None = None
    """Of time-stamping authorities; None: whatever root a release brings is taken for what it says it is."""


def trust_of(trusted_key: str | Path | None, crl: Path | None = None, tsa_ca: Path | None = None) -> Trust:
    """What `trusted_key` and `crl` mean.

    `trusted_key`: 64 hex characters (colons and capitals are fine), the path of a public key, or of the certificate of
    an authority, in PEM form. `crl`: a revocation list in PEM or DER form; whether it is signed is seen later, bundle
    by bundle. `tsa_ca`: root certificates (PEM) of time-stamping authorities. Raises NotABundleError where one cannot
    be read.
    """
    fingerprint, is_authority = (None, None) if trusted_key is None else _trusted(trusted_key)
    roots = None if tsa_ca is None else _roots(tsa_ca)
    return Trust(fingerprint, is_authority, None if crl is None else _crl(crl), "" if crl is None else crl.name, roots)


def trusted_fingerprint(trusted_key: str | Path) -> str:
    """The fingerprint meant by `trusted_key`. Raises NotABundleError where it is none."""
    return _trusted(trusted_key)[0]


def _trusted(trusted_key: str | Path) -> tuple[str, bool | None]:
    if isinstance(trusted_key, str):
        compact = trusted_key.strip().lower().replace(":", "").replace(" ", "").removeprefix("sha256")
        compact = compact.removeprefix("fingerprint=")
        if _FINGERPRINT.fullmatch(compact):
            return compact, None
    path = Path(trusted_key)
    try:
        with path.open("rb") as stream:
            data = stream.read(layout.MAX_TAG_BYTES)
        if b"-----BEGIN CERTIFICATE-----" not in data:
            return pubkey.from_pem(data).fingerprint, False
        found = certificate.load(data)
        # The certificate of a sealing key stands for that key, as if its public key had been given.
        return (found.fingerprint, True) if found.is_ca else (found.key.fingerprint, False)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise NotABundleError(
            f"the trusted key cannot be read ({reason})",
            where=str(trusted_key),
            remedy="Give the 64-character fingerprint of the site key or of its authority's certificate, or the path "
            "of either in PEM form",
        ) from error


def _crl(path: Path) -> RevocationList:
    try:
        with path.open("rb") as stream:
            data = stream.read(certificate.MAX_CRL_BYTES + 1)
        if len(data) > certificate.MAX_CRL_BYTES:
            raise ValueError(f"larger than {certificate.MAX_CRL_BYTES} bytes")
        return certificate.load_crl(data)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise NotABundleError(
            f"the revocation list cannot be read ({reason})",
            where=str(path),
            remedy="Give the list (CRL) that the authority publishes, in PEM or DER form",
        ) from error


def _roots(path: Path) -> tuple[x509.Certificate, ...]:
    try:
        if not timestamp.AVAILABLE:
            raise ValueError("the Python package `cryptography` is not installed here")
        with path.open("rb") as stream:
            return tuple(timestamp.roots_in(stream.read(timestamp.MAX_ROOTS_BYTES)))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it holds no certificate in PEM form"
        raise NotABundleError(
            f"the root certificates for time stamps cannot be read ({reason})",
            where=str(path),
            remedy="Give what the time-stamping authority publishes, in PEM form",
        ) from error
