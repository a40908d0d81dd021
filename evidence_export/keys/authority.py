"""The site's own certificate authority: makes certificates and revocation lists (X.509, RFC 5280). Pure: no files.

The certificate of an SM2 key is made by writing its key where one of the same length stood: `cryptography` builds none,
and both are 91 bytes long (an EC key with an uncompressed point on a curve of 256 bits).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from evidence_export.bag import der, layout, pubkey
from evidence_export.bag.pem import pem_of
from evidence_export.bag.pubkey import PublicKey

AuthorityKey: TypeAlias = "Ed25519PrivateKey | ec.EllipticCurvePrivateKey"

AUTHORITY_DAYS = 7305
"""20 years: as long as its bundles may be asked for."""
KEY_DAYS = 1096
LIST_DAYS = 366

REASONS = {
    "compromise": x509.ReasonFlags.key_compromise,
    "superseded": x509.ReasonFlags.superseded,
    "retired": x509.ReasonFlags.cessation_of_operation,
}
"""Words of the command line, and the reasons of X.509 that they stand for."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A key on the revocation list. `since`: nothing signed since then is to be trusted; `at`: when it was listed."""

    serial: int
    at: datetime
    since: datetime
    reason: str


def make_authority(key: AuthorityKey, site: str, now: datetime, days: int = AUTHORITY_DAYS) -> bytes:
    """The self-signed certificate (PEM) of a site's authority."""
    name = _name(site, f"{site} evidence authority")
    public = key.public_key()
    builder = (
        _dated(now, _second(now) + timedelta(days=days))
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(_key_id(pubkey.of(public)), critical=False)
    )
    return builder.sign(key, _hash(key)).public_bytes(Encoding.PEM)


def issue(
    key: AuthorityKey, authority: bytes, subject: PublicKey, site: str, name: str, now: datetime, days: int = KEY_DAYS
) -> bytes:
    """A certificate (PEM) of the authority for `subject`; never longer valid than its own.

    Its extended usage is the one that readers of C2PA take from signers of any kind (specification 2.2, 14.5.1).
    """
    issuer = x509.load_pem_x509_certificate(authority)
    issuer_key = pubkey.of(key.public_key())
    stand_in = _STAND_IN if subject.algorithm == layout.SM2 else subject
    public = load_der_public_key(stand_in.der)
    assert isinstance(public, ec.EllipticCurvePublicKey) or subject.algorithm == layout.ED25519
    until = min(_second(now) + timedelta(days=days), issuer.not_valid_after_utc)
    certificate = (
        _dated(now, until)
        .subject_name(_name(site, f"{site} evidence seal {name}"))
        .issuer_name(issuer.subject)
        .public_key(public)  # type: ignore[arg-type]  # one of the two kinds, as asserted
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(_key_id(subject), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier(_key_id(issuer_key).digest, None, None), critical=False)
        .sign(key, _hash(key))
    )
    if stand_in is subject:
        return certificate.public_bytes(Encoding.PEM)
    return _with_key(certificate, stand_in.der, subject.der, key)


def revocation_list(
    key: AuthorityKey, authority: bytes, withdrawn: Iterable[Withdrawn], number: int, now: datetime
) -> bytes:
    """The authority's CRL (PEM) as of `now`; `number` counts its lists up."""
    issuer = x509.load_pem_x509_certificate(authority)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(_second(now))
        .next_update(_second(now) + timedelta(days=LIST_DAYS))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier(_key_id(pubkey.of(key.public_key())).digest, None, None), critical=False
        )
    )
    for one in withdrawn:
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(one.serial)
            .revocation_date(_second(one.at) if one.reason == "compromise" else _next_second(one.at))
            .add_extension(x509.CRLReason(REASONS[one.reason]), critical=False)
        )
        if one.since < one.at:
            entry = entry.add_extension(x509.InvalidityDate(_second(one.since)), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(key, _hash(key)).public_bytes(Encoding.PEM)


_STAND_IN = pubkey.of(ec.derive_private_key(1, ec.SECP256R1()).public_key())
"""Stands where an SM2 key will, and nowhere else."""


def _with_key(made: x509.Certificate, old: bytes, new: bytes, key: AuthorityKey) -> bytes:
    """The certificate with another key of the same length in it, signed anew."""
    tbs = made.tbs_certificate_bytes
    if len(old) != len(new) or tbs.count(old) != 1:
        raise ValueError("the key cannot be put in place")
    tbs = tbs.replace(old, new)
    signature = key.sign(tbs) if isinstance(key, Ed25519PrivateKey) else key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    rest = der.whole(der.read(made.public_bytes(Encoding.DER), der.SEQUENCE))[len(made.tbs_certificate_bytes) :]
    algorithm = rest[: len(rest) - len(der.read(rest, der.SEQUENCE)[1])]
    content = der.tlv(der.SEQUENCE, tbs, algorithm, der.tlv(der.BIT_STRING, b"\0", signature))
    return pem_of(content, b"CERTIFICATE")


def _dated(now: datetime, until: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .not_valid_before(_second(now))
        .not_valid_after(until)
    )


def _name(site: str, name: str) -> x509.Name:
    """The id of the site is the organisation; the whole common name may be 64 characters long (RFC 5280, A.1)."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, site),
            x509.NameAttribute(NameOID.COMMON_NAME, name if len(name) <= 64 else name[len(site) + 1 :]),
        ]
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _key_id(key: PublicKey) -> x509.SubjectKeyIdentifier:
    """The first 20 bytes of the key's fingerprint (RFC 7093, method 1, over the whole SubjectPublicKeyInfo)."""
    return x509.SubjectKeyIdentifier(bytes.fromhex(key.fingerprint)[:20])


def _hash(key: AuthorityKey) -> hashes.SHA256 | None:
    return None if isinstance(key, Ed25519PrivateKey) else hashes.SHA256()


def _next_second(at: datetime) -> datetime:
    """A key that was used in good faith until then keeps the whole of its last second."""
    return _second(at) + timedelta(seconds=1)


def _second(at: datetime) -> datetime:
    """X.509 knows whole seconds only."""
    return at.astimezone(UTC).replace(microsecond=0)
