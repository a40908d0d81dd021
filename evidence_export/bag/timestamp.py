"""Time stamps of RFC 3161, read and checked with nothing but `cryptography`: the verifier stands on this.

What is read is the whole answer of an authority (`TimeStampResp`, DER), as `openssl ts -verify -in` takes it. A few of
its bytes are not under the authority's signature (names of algorithms around it): the bundle's own is over those.
Asking for time stamps, and checking them when they come, is done by `evidence_export.timestamp`, with a library.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from evidence_export.bag import certificate, der

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID
except ImportError:
    AVAILABLE = False
    """Whether time stamps can be read at all: not where `cryptography` is not installed."""
else:
    AVAILABLE = True

MAX_TOKEN_BYTES = 64 << 10
MAX_ROOTS_BYTES = 64 << 10
_SET, _TIME, _EXPLICIT_0, _IMPLICIT_0 = 0x31, 0x18, 0xA0, 0xA0
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_TST_INFO = bytes.fromhex("2a864886f70d0109100104")
_CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_SIGNING_CERTIFICATE = bytes.fromhex("2a864886f70d010910020c")
_SIGNING_CERTIFICATE_V2 = bytes.fromhex("2a864886f70d010910022f")
_HASHES = {
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """What a token says. `at_ns`: when, ns since 1970, by the authority's clock."""

    at_ns: int
    authority: str
    """The name in the certificate that signed it (RFC 4514)."""
    root_fingerprint: str
    """SHA-256 of the DER of the root that it leads to."""


def roots_in(pem: bytes) -> list[x509.Certificate]:
    """Root certificates in PEM form. Raises ValueError where there is none."""
    with certificate.hostile("certificate"):
        return x509.load_pem_x509_certificates(pem)


def fingerprint_of(root: x509.Certificate) -> str:
    """SHA-256 of its DER, 64 lower-case hex characters."""
    return root.fingerprint(hashes.SHA256()).hex()


def read(token: bytes, data: bytes, roots: Sequence[x509.Certificate]) -> TimeStamp:
    """What a token says of `data`.

    Hostile input: raises ValueError, in one line, where it is no token, is over something else, or was not signed by
    a certificate for time stamps that was valid then and leads to one of the roots.
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise ValueError(f"a time stamp has no more than {MAX_TOKEN_BYTES} bytes")
    with certificate.hostile("time stamp"):
        held, info, signer = _parts(token)
        at, digest_of, imprint = _info(info)
        if hashlib.new(digest_of, data).digest() != imprint:
            raise ValueError("it is over something else")
        certificates = [x509.load_der_x509_certificate(one) for one in held]
        signed_by = next((one for one in certificates if signer.is_of(one)), None)
        if signed_by is None:
            raise ValueError("the certificate that signed it is not in it")
        signer.check(info, signed_by)
        _check_meant_for_stamps(signed_by)
        root = _climb(signed_by, certificates, roots, at, [])
        if root is None:
            raise ValueError("its certificate does not lead to a root that is trusted for time stamps")
        at_ns = int(at.replace(microsecond=0).timestamp()) * 1_000_000_000 + at.microsecond * 1_000
        return TimeStamp(at_ns, signed_by.subject.rfc4514_string(), fingerprint_of(root))


@dataclass(frozen=True, slots=True)
class _Signer:
    """SignerInfo (RFC 5652, 5.3)."""

    issuer_and_serial: bytes
    digest: bytes
    attributes: bytes
    """The content of the signed attributes."""
    signature: bytes

    def is_of(self, one: x509.Certificate) -> bool:
        return self.issuer_and_serial == one.issuer.public_bytes() + der.integer(one.serial_number)

    def check(self, info: bytes, by: x509.Certificate) -> None:
        """That it signs `info`, with the key of that certificate, and names it (RFC 5816)."""
        name, algorithm = _hash_of(self.digest)
        found = dict(_attributes(self.attributes))
        if found.get(_CONTENT_TYPE) != der.tlv(der.OID, _TST_INFO):
            raise ValueError("it signs something that is no time stamp")
        if found.get(_MESSAGE_DIGEST) != der.tlv(der.OCTET_STRING, hashlib.new(name, info).digest()):
            raise ValueError("its signature is over another time stamp")
        if not _names(found, by):
            raise ValueError("it does not name the certificate that signed it")
        signed = der.tlv(_SET, self.attributes)
        key = by.public_key()
        try:
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(self.signature, signed, padding.PKCS1v15(), algorithm)
            elif isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(self.signature, signed, ec.ECDSA(algorithm))
            else:
                raise ValueError("it is signed with an algorithm that is not known here")
        except (InvalidSignature, UnsupportedAlgorithm) as error:
            raise ValueError("its signature does not hold") from error


def _parts(token: bytes) -> tuple[list[bytes], bytes, _Signer]:
    """The certificates, the TSTInfo and the signer of a TimeStampResp (RFC 3161, 2.4.2)."""
    answer = der.whole(der.read(token, der.SEQUENCE))
    status, rest = der.read(answer, der.SEQUENCE)
    if der.read(status, der.INTEGER)[0] not in (b"\0", b"\1"):
        raise ValueError("the authority refused")
    content = der.whole(der.read(rest, der.SEQUENCE))
    kind, rest = der.read(content, der.OID)
    if kind != _SIGNED_DATA:
        raise ValueError("it is no time stamp")
    signed = der.whole(der.read(der.whole(der.read(rest, _EXPLICIT_0)), der.SEQUENCE))
    _, rest = der.read(signed, der.INTEGER)
    _, rest = der.read(rest, _SET)
    inner, rest = der.read(rest, der.SEQUENCE)
    kind, octets = der.read(inner, der.OID)
    if kind != _TST_INFO:
        raise ValueError("it is no time stamp")
    info = der.whole(der.read(der.whole(der.read(octets, _EXPLICIT_0)), der.OCTET_STRING))
    held: list[bytes] = []
    if rest[:1] == bytes((_IMPLICIT_0,)):
        inside, rest = der.read(rest, _IMPLICIT_0)
        held = [der.tlv(tag, one) for tag, one in _each(inside)]
    if rest[:1] == b"\xa1":
        rest = der.read_any(rest)[2]
    return held, info, _signer(der.whole(der.read(der.whole(der.read(rest, _SET)), der.SEQUENCE)))


def _signer(content: bytes) -> _Signer:
    version, rest = der.read(content, der.INTEGER)
    if version != b"\1":
        raise ValueError("its signer is not named by issuer and number")
    named, rest = der.read(rest, der.SEQUENCE)
    digest, rest = der.read(rest, der.SEQUENCE)
    attributes, rest = der.read(rest, _IMPLICIT_0)
    _, rest = der.read(rest, der.SEQUENCE)
    signature, _ = der.read(rest, der.OCTET_STRING)
    return _Signer(named, digest, attributes, signature)


def _info(info: bytes) -> tuple[datetime, str, bytes]:
    """The time, the hash and its value, of a TSTInfo."""
    content = der.whole(der.read(info, der.SEQUENCE))
    _, rest = der.read(content, der.INTEGER)
    _, rest = der.read(rest, der.OID)
    imprint, rest = der.read(rest, der.SEQUENCE)
    algorithm, value = der.read(imprint, der.SEQUENCE)
    _, rest = der.read(rest, der.INTEGER)
    written, _ = der.read(rest, _TIME)
    name, _ = _hash_of(algorithm)
    return _time(written), name, der.whole(der.read(value, der.OCTET_STRING))


def _time(written: bytes) -> datetime:
    """A GeneralizedTime with or without a fraction of a second, always in UTC (RFC 3161, 2.4.2)."""
    text = written.decode("ascii", "replace")
    try:
        form = "%Y%m%d%H%M%S.%fZ" if "." in text else "%Y%m%d%H%M%SZ"
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError as error:
        raise ValueError("its time is not in the form of RFC 3161") from error


def _hash_of(algorithm: bytes) -> tuple[str, hashes.HashAlgorithm]:
    oid, _ = der.read(algorithm, der.OID)
    if oid not in _HASHES:
        raise ValueError("it uses a hash that is not known here")
    name = _HASHES[oid]
    return name, {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[name]


def _attributes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and the one value of each attribute. Raises ValueError where one stands twice."""
    seen = set()
    for tag, inside in _each(content):
        oid, values = der.read(inside, der.OID)
        if tag != der.SEQUENCE or oid in seen:
            raise ValueError("its signed attributes are not what they must be")
        seen.add(oid)
        yield oid, der.whole(der.read(values, _SET))


def _names(attributes: dict[bytes, bytes], by: x509.Certificate) -> bool:
    """Whether the first certificate of ESSCertID (RFC 2634) or ESSCertIDv2 (RFC 5816) is that one."""
    second = _SIGNING_CERTIFICATE_V2 in attributes
    value = attributes.get(_SIGNING_CERTIFICATE_V2 if second else _SIGNING_CERTIFICATE)
    if value is None:
        return False
    listed, _ = der.read(der.whole(der.read(value, der.SEQUENCE)), der.SEQUENCE)
    first, _ = der.read(listed, der.SEQUENCE)
    algorithm: hashes.HashAlgorithm = hashes.SHA256() if second else hashes.SHA1()
    if second and first[:1] == bytes((der.SEQUENCE,)):
        named, first = der.read(first, der.SEQUENCE)
        algorithm = _hash_of(named)[1]
    return der.read(first, der.OCTET_STRING)[0] == by.fingerprint(algorithm)


def _check_meant_for_stamps(one: x509.Certificate) -> None:
    """Raises ValueError where its key may be used for anything else (RFC 3161, 2.3)."""
    try:
        usage = one.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound as error:
        raise ValueError("its certificate is not meant for time stamps") from error
    if not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise ValueError("its certificate is not meant for time stamps alone")


def _climb(
    one: x509.Certificate,
    held: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime,
    seen: list[x509.Certificate],
) -> x509.Certificate | None:
    """The root that a certificate leads to, through those that came with it; each is tried once."""
    seen.append(one)
    if not one.not_valid_before_utc <= at <= one.not_valid_after_utc:
        return None
    for root in roots:
        if one == root or _issued(one, root, at):
            return root
    for above in held:
        if above not in seen and _issued(one, above, at):
            found = _climb(above, held, roots, at, seen)
            if found is not None:
                return found
    return None


def _issued(one: x509.Certificate, above: x509.Certificate, at: datetime) -> bool:
    if not above.not_valid_before_utc <= at <= above.not_valid_after_utc:
        return False
    try:
        basic = above.extensions.get_extension_for_class(x509.BasicConstraints).value
        one.verify_directly_issued_by(above)
    except (x509.ExtensionNotFound, InvalidSignature, ValueError, TypeError):
        return False
    return basic.ca


def _each(content: bytes) -> Iterator[tuple[int, bytes]]:
    while content:
        tag, inside, content = der.read_any(content)
        yield tag, inside
