"""What the keys of a seal add to a bundle: files, the statement of the seal, and its signatures."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from evidence_export.bag import certificate, forms, layout
from evidence_export.bag.certificate import Certificate
from evidence_export.bag.forms import Form
from evidence_export.errors import SigningKeyError
from evidence_export.keys.interface import SealingKeys
from evidence_export.made import Seal
from evidence_export.verifier import VerificationReport, verify
from streams.instant import Instant, to_datetime


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
    return Seal(sealed_at, keys.first.algorithm, keys.first.fingerprint, second)


def signatures_of(keys: SealingKeys, manifest: bytes, form: Form = forms.CASE) -> dict[str, bytes]:
    """Path -> signature over the bytes of the manifest."""
    found = {form.signature: keys.first.sign(manifest)}
    if keys.second is not None:
        found[form.second_signature] = keys.second.sign(manifest)
    return found


def check_valid(keys: SealingKeys, at: Instant) -> None:
    """See that the certificates are valid at that time. Raises SigningKeyError."""
    for pem in (keys.authority, keys.certificate, keys.second_certificate):
        found = None if pem is None else _load(pem)
        if found is not None and not found.valid_at(at.utc_ns):
            whose = "the site's authority" if found.is_ca else "the key that seals"
            from_, until = (to_datetime(ns).strftime("%F") for ns in (found.not_before_ns, found.not_after_ns))
            raise SigningKeyError(
                f"the certificate of {whose} is valid from {from_} to {until} only",
                where=found.subject,
                remedy="Make a new one with `streetproof keys rotate`, and check the clock of this machine",
            )


def verify_own(bundle: Path, own: Iterable[str]) -> VerificationReport:
    """The report on a bundle that must be sealed with one of the keys or authorities `own`: the first that is good, or
    that of the first. Raises NotABundleError."""
    reports = (verify(bundle, trusted_key=fingerprint) for fingerprint in own)
    first = next(reports)
    return first if first.ok else next((report for report in reports if report.ok), first)


def _exact(pem: bytes) -> bytes:
    """A certificate in the one form that bundles have: a text before it, as OpenSSL writes, is left out."""
    return _load(pem).pem


def _load(pem: bytes) -> Certificate:
    try:
        return certificate.load(pem)
    except ValueError as error:
        raise SigningKeyError(f"a certificate of the sealing keys cannot be read ({error})") from error
