"""Certificates of sealing keys and their site's authority (X.509, RFC 5280), and its revocation lists.

The profile is small: a self-signed authority, and certificates that it signs directly with Ed25519 or ECDSA on P-256.
The certificate of an SM2 key is an ordinary X.509 certificate, too; as `cryptography` knows no SM2, its key is taken
out of the bytes here.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from evidence_export.bag import der, layout, pubkey
from evidence_export.bag.pem import der_in, pem_of
from evidence_export.bag.pubkey import PublicKey

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
    from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID, NameOID
except ImportError:
    AVAILABLE = False
    """Whether certificates can be read at all: not where `cryptography` is not installed."""
else:
    AVAILABLE = True

MAX_CRL_BYTES = 4 << 20
COMPROMISED = frozenset({"keyCompromise", "cACompromise", "aACompromise", "unspecified", "privilegeWithdrawn"})
"""Reasons that put in doubt what the key signed before; without a reason the worst is assumed."""

_ALGORITHMS = (bytes.fromhex("300506032b6570"), bytes.fromhex("300a06082a8648ce3d040302"))
"""AlgorithmIdentifier of Ed25519 (RFC 8410) and of ecdsa-with-SHA256 (RFC 5758)."""
_KNOWN = frozenset({"2.5.29.19", "2.5.29.15", "2.5.29.14", "2.5.29.35"})
"""Extensions: basic constraints, key usage, and the identifiers of the subject's and the authority's key."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate as it stands in a bundle. Times are ns since 1970, and both ends are included."""

    der: bytes
    key: PublicKey
    serial: int
    subject: str
    site: str | None
    """The organisation of the subject: the id of the site."""
    not_before_ns: int
    not_after_ns: int
    is_ca: bool
    may_sign_data: bool
    _parsed: x509.Certificate = field(repr=False, compare=False)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER, 64 lower-case hex characters, as `openssl x509 -fingerprint -sha256` prints it."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def pem(self) -> bytes:
        return pem_of(self.der, b"CERTIFICATE")

    def valid_at(self, at_ns: int) -> bool:
        return self.not_before_ns <= at_ns <= self.not_after_ns

    def is_issued_by(self, issuer: Certificate) -> bool:
        """Whether `issuer`, an authority, is named in it and signed it."""
        if not issuer.is_ca:
            return False
        try:
            with hostile("certificate"):
                self._parsed.verify_directly_issued_by(issuer._parsed)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Revoked:
    """An entry of a revocation list. `from_ns`: what was signed since then is not to be trusted."""

    from_ns: int
    reason: str

    @property
    def compromised(self) -> bool:
        return self.reason in COMPROMISED


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A CRL. `made_ns` is its thisUpdate."""

    made_ns: int
    number: int
    entries: dict[int, Revoked]
    _parsed: x509.CertificateRevocationList = field(repr=False, compare=False)

    def is_signed_by(self, issuer: Certificate) -> bool:
        """Whether the authority `issuer` is named in it and signed it."""
        try:
            with hostile("revocation list"):
                key = load_der_public_key(issuer.key.der)
                if not isinstance(key, Ed25519PublicKey | ec.EllipticCurvePublicKey):
                    return False
                named = self._parsed.issuer == issuer._parsed.subject
                return issuer.is_ca and named and self._parsed.is_signature_valid(key)
        except ValueError:
            return False


def load(data: bytes) -> Certificate:
    """The one certificate in PEM `data`. Raises ValueError for anything that is not of the profile."""
    with hostile("certificate"):
        parsed = x509.load_pem_x509_certificate(data)
        encoded = parsed.public_bytes(Encoding.DER)
        _check_frame(encoded, parsed.tbs_certificate_bytes, parsed.signature)
        extensions = list(parsed.extensions)
        odd = [one.oid.dotted_string for one in extensions if one.critical and one.oid.dotted_string not in _KNOWN]
        if odd or parsed.version is not x509.Version.v3:
            raise ValueError("not a certificate of this profile" + (f": critical extension {odd[0]}" if odd else ""))
        held = {one.oid: one.value for one in extensions}
        basic, usage = held.get(ExtensionOID.BASIC_CONSTRAINTS), held.get(ExtensionOID.KEY_USAGE)
        if not isinstance(basic, x509.BasicConstraints) or not isinstance(usage, x509.KeyUsage):
            raise ValueError("it does not say what its key may be used for")
        organisations = parsed.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        key = pubkey.of_der(spki_in(parsed.tbs_certificate_bytes))
        if basic.ca and key.algorithm == layout.SM2:
            raise ValueError("an authority with an SM2 key: the site's authority signs with Ed25519 or ECDSA")
        return Certificate(
            der=encoded,
            key=key,
            serial=parsed.serial_number,
            subject=parsed.subject.rfc4514_string(),
            site=str(organisations[0].value) if len(organisations) == 1 else None,
            not_before_ns=ns_of(parsed.not_valid_before_utc),
            not_after_ns=ns_of(parsed.not_valid_after_utc) + 999_999_999,
            is_ca=basic.ca and usage.key_cert_sign and usage.crl_sign,
            may_sign_data=not basic.ca and usage.digital_signature,
            _parsed=parsed,
        )


def load_crl(data: bytes) -> RevocationList:
    """The revocation list in PEM or DER `data`. Raises ValueError. Its signature is not checked here."""
    with hostile("revocation list"):
        if data.lstrip().startswith(b"-----BEGIN"):
            parsed = x509.load_pem_x509_crl(data)
        else:
            parsed = x509.load_der_x509_crl(data)
        _check_frame(parsed.public_bytes(Encoding.DER), parsed.tbs_certlist_bytes, parsed.signature)
        odd = [one for one in parsed.extensions if one.critical]
        if odd:
            raise ValueError(f"a critical extension that is not known here: {odd[0].oid.dotted_string}")
        numbers = [one.value for one in parsed.extensions if isinstance(one.value, x509.CRLNumber)]
        return RevocationList(
            made_ns=ns_of(parsed.last_update_utc),
            number=numbers[0].crl_number if numbers else 0,
            entries={one.serial_number: _entry(one) for one in parsed},
            _parsed=parsed,
        )


def fingerprint_in(data: bytes) -> str:
    """The fingerprint of the one certificate in PEM `data`, of which nothing else is read. Raises ValueError."""
    return hashlib.sha256(der_in(data, b"CERTIFICATE")).hexdigest()


def spki_in(tbs: bytes) -> bytes:
    """The DER SubjectPublicKeyInfo within the DER TBSCertificate (RFC 5280, 4.1). Raises ValueError."""
    rest = der.whole(der.read(tbs, der.SEQUENCE))
    if rest[:1] == b"\xa0":  # the version
        rest = der.read_any(rest)[2]
    for _ in range(5):  # serial number, algorithm, issuer, validity, subject
        rest = der.read_any(rest)[2]
    after = der.read(rest, der.SEQUENCE)[1]
    return rest[: len(rest) - len(after)]


def _check_frame(encoded: bytes, tbs: bytes, signature: bytes) -> None:
    """That nothing around what is signed could be otherwise: the algorithm, and the signature itself."""
    bits = der.tlv(der.BIT_STRING, b"\0", signature)
    if encoded not in [der.tlv(der.SEQUENCE, tbs, algorithm, bits) for algorithm in _ALGORITHMS]:
        raise ValueError("it is signed with neither Ed25519 nor ECDSA over SHA-256, or not in the one form of that")


def ns_of(at: datetime) -> int:
    """ns since 1970 of an aware time."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def _entry(entry: x509.RevokedCertificate) -> Revoked:
    from_ns, reason = ns_of(entry.revocation_date_utc), "unspecified"
    for extension in entry.extensions:
        value = extension.value
        if isinstance(value, x509.CRLReason):
            reason = value.reason.value
        elif isinstance(value, x509.InvalidityDate):
            from_ns = min(from_ns, ns_of(value.invalidity_date_utc))
        elif extension.critical or extension.oid == CRLEntryExtensionOID.CERTIFICATE_ISSUER:
            raise ValueError("an entry with an extension that is not known here")
    return Revoked(from_ns, reason)


@contextmanager
def hostile(what: str) -> Iterator[None]:
    """Whatever `cryptography` makes of bytes that anybody may have written ends as ValueError, and warns nobody."""
    if not AVAILABLE:
        raise ValueError(f"the {what} cannot be read here: the Python package `cryptography` is not installed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ValueError:
        raise
    except (
        TypeError,
        OverflowError,
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
    ) as error:
        raise ValueError(f"not a readable {what} ({type(error).__name__})") from error
