"""Public keys of seals: Ed25519, ECDSA on P-256 and SM2, their one PEM form, their fingerprint, checking signatures.

Signatures are checked by `cryptography` where it is installed, and by `edwards` and `curve` where not; SM2 always by
`sm2`. Which keys there are, and which forms of signatures, is decided here and not there.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evidence_export.bag import curve, der, edwards, layout, sm2
from evidence_export.bag.pem import der_in, pem_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

P256_ORDER = curve.P256.n
_ED25519_HEAD = bytes.fromhex("302a300506032b6570032100")
_P256_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200" + "04")
"""SubjectPublicKeyInfo up to the 32 bytes of the key (RFC 8410), and to the two coordinates (RFC 5480)."""
_NAMES = {
    "2a864886f70d010101": "RSA",
    "2a864886f70d01010a": "RSA-PSS",
    "2a8648ce380401": "DSA",
    "2b656e": "X25519",
    "2b656f": "X448",
    "2b6571": "Ed448",
}
"""The content of the OID of kinds of keys that are met where one of ours should be."""
_EC = bytes.fromhex("2a8648ce3d0201")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key: `algorithm` as the seal names it, and the DER SubjectPublicKeyInfo."""

    algorithm: str
    der: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER SubjectPublicKeyInfo, 64 lower-case hex characters."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def pem(self) -> bytes:
        """SubjectPublicKeyInfo as PEM with LF line ends, as `openssl pkey -pubin` writes it."""
        return pem_of(self.der, b"PUBLIC KEY")

    def verify(self, signature: bytes, data: bytes) -> bool:
        """Whether `signature` over `data` is one of this key, in the one form that seals have:

        Ed25519: 64 raw bytes (RFC 8032), R not of small order. ECDSA-P256-SHA256: DER, with s at most half the order,
        because the other s would be a second signature anybody could write. SM2-SM3: DER, identity `1234567812345678`.
        """
        if self.algorithm == layout.SM2:
            return sm2.verify(sm2.point_of(self.der), signature, data)
        if self.algorithm == layout.ED25519:
            if len(signature) != layout.SIGNATURE_SIZE or signature[:32] in edwards.SMALL:
                return False
            return _ed25519(self.der[-32:], signature, data)
        try:
            r, s = sm2.decode(signature)
        except ValueError:
            return False
        return 1 <= r < P256_ORDER and 1 <= s <= P256_ORDER // 2 and _p256(self.der[-65:], signature, data)


def plain_p256(point: bytes, signature: bytes, data: bytes) -> bool:
    """As `native.p256`, in plain Python (FIPS 186-5, 6.4.2). Raises ValueError for DER that is none."""
    r, s = sm2.decode(signature)
    if not (1 <= r < P256_ORDER and 1 <= s < P256_ORDER):
        return False
    e, inverse = int.from_bytes(hashlib.sha256(data).digest(), "big"), pow(s, -1, P256_ORDER)
    found = curve.P256.combine(e * inverse % P256_ORDER, r * inverse % P256_ORDER, _coordinates(point))
    return found is not None and found[0] % P256_ORDER == r


try:
    from evidence_export.bag.native import ed25519 as _ed25519
    from evidence_export.bag.native import p256 as _p256
except ImportError:
    _ed25519, _p256 = edwards.verify, plain_p256


def of_der(spki: bytes) -> PublicKey:
    """The key in a DER SubjectPublicKeyInfo. Raises ValueError for a key of another kind or a malformed one."""
    if spki.startswith(sm2.SPKI_HEAD):
        sm2.point_of(spki)
        return PublicKey(layout.SM2, spki)
    if spki.startswith(_P256_HEAD) and len(spki) == len(_P256_HEAD) + 64:
        if not curve.P256.has(_coordinates(spki[-65:])):
            raise ValueError("a P-256 key whose point is not on the curve")
        return PublicKey(layout.ECDSA, spki)
    if spki.startswith(_ED25519_HEAD) and len(spki) == len(_ED25519_HEAD) + 32:
        if not edwards.is_key(spki[-32:]):
            raise ValueError("an Ed25519 key that is no point of the curve, or one with which anything would be signed")
        return PublicKey(layout.ED25519, spki)
    raise ValueError(_why_not(spki))


def of(key: Ed25519PublicKey | ec.EllipticCurvePublicKey) -> PublicKey:
    """A key of `cryptography`. Raises ValueError for another curve than P-256."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return of_der(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def from_pem(data: bytes) -> PublicKey:
    """The public key in PEM `data`. Raises ValueError for anything else."""
    try:
        spki = der_in(data, b"PUBLIC KEY")
    except ValueError as error:
        raise ValueError("no readable public key in PEM form") from error
    return of_der(spki)


def _coordinates(point: bytes) -> curve.Point:
    return int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:65], "big")


def _why_not(spki: bytes) -> str:
    """What a SubjectPublicKeyInfo is that is none of ours."""
    try:
        algorithm, rest = der.read(der.whole(der.read(spki, der.SEQUENCE)), der.SEQUENCE)
        kind, parameters = der.read(algorithm, der.OID)
        der.whole(der.read(rest, der.BIT_STRING))
    except ValueError:
        return "no readable public key in PEM form"
    if kind == _EC and parameters not in (_P256_HEAD[13:23], sm2.SPKI_HEAD[13:23]):
        return "an EC key on another curve than P-256 or SM2"
    if (name := _NAMES.get(kind.hex())) is not None:
        return f"a {name} key where an Ed25519, ECDSA P-256 or SM2 key must be"
    return "the key is not written in its one exact form"
