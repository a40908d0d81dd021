"""What the keys of a seal add to a bundle: files, the statement of the seal, and its signatures."""

from __future__ import annotations

from evidence_export.bag import certificate, layout
from evidence_export.errors import SigningKeyError
from evidence_export.keys.interface import SealingKeys
from evidence_export.made import Seal
from streams.instant import Instant


def key_files(keys: SealingKeys) -> dict[str, tuple[str, bytes]]:
    """Path -> role and content, of every file of keys but the public key of the first."""
    found: dict[str, tuple[str, bytes]] = {}
    if keys.certificate is not None and keys.authority is not None:
        found[layout.CA_CERTIFICATE] = "certificate", _exact(keys.authority)
        found[layout.SITE_CERTIFICATE] = "certificate", _exact(keys.certificate)
    if keys.second is not None:
        found[layout.SECOND_KEY] = "public_key", keys.second.public_key_pem
        if keys.second_certificate is not None:
            found[layout.SECOND_CERTIFICATE] = "certificate", _exact(keys.second_certificate)
    return found


def seal_of(keys: SealingKeys, sealed_at: Instant) -> Seal:
    """The statement of the seal."""
    second = None if keys.second is None else (keys.second.algorithm, keys.second.fingerprint)
    revised = keys.first.algorithm != layout.SIGNATURE_ALGORITHM or keys.certificate is not None or second is not None
    return Seal(sealed_at, keys.first.algorithm, keys.first.fingerprint, second, revised)


def signatures_of(keys: SealingKeys, case: bytes) -> dict[str, bytes]:
    """Path -> signature over the bytes of `case.json`."""
    found = {layout.SIGNATURE: keys.first.sign(case)}
    if keys.second is not None:
        found[layout.SECOND_SIGNATURE] = keys.second.sign(case)
    return found


def trusted_by(keys: SealingKeys) -> str:
    """The fingerprint by which bundles of these keys, and of those before them, are known as the site's own."""
    return keys.first.fingerprint if keys.authority is None else certificate.load(keys.authority).fingerprint


def _exact(pem: bytes) -> bytes:
    """A certificate in the one form that bundles have: a text before it, as OpenSSL writes, is left out."""
    try:
        return certificate.load(pem).pem
    except ValueError as error:
        raise SigningKeyError(f"a certificate of the sealing keys cannot be read ({error})") from error
