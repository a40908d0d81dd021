"""Public keys of seals: Ed25519, ECDSA on P-256 and SM2, their one PEM form, their fingerprint, checking signatures."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from evidence_export.bag import layout, sm2

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_PEM = re.compile(
    rb"\s*-----BEGIN PUBLIC KEY-----\s*([A-Za-z0-9+/=\s]{16,16384}?)\s*-----END PUBLIC KEY-----\s*", re.ASCII
)
_Handle: TypeAlias = "Ed25519PublicKey | ec.EllipticCurvePublicKey | sm2.Point"


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

        Ed25519: 64 raw bytes (RFC 8032). ECDSA-P256-SHA256: DER, with s at most half the order, because the other s
        would be a second signature anybody could write. SM2-SM3: DER, identity `1234567812345678`.
        """
        handle = _handle_of(self.der)[1]
        if isinstance(handle, tuple):
            return sm2.verify(handle, signature, data)
        try:
            if isinstance(handle, Ed25519PublicKey):
                handle.verify(signature, data)
                return True
            if sm2.decode(signature)[1] > P256_ORDER // 2:
                return False
            handle.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


def pem_of(der: bytes, label: bytes) -> bytes:
    """`der` as PEM (RFC 7468): lines of 64 characters, LF."""
    text = base64.b64encode(der)
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return b"\n".join((b"-----BEGIN " + label + b"-----", *lines, b"-----END " + label + b"-----", b""))


def of_der(der: bytes) -> PublicKey:
    """The key in a DER SubjectPublicKeyInfo. Raises ValueError for a key of another kind or a malformed one."""
    return PublicKey(_handle_of(der)[0], der)


def of(key: Ed25519PublicKey | ec.EllipticCurvePublicKey) -> PublicKey:
    """A key of `cryptography`. Raises ValueError for another curve than P-256."""
    return of_der(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def from_pem(data: bytes) -> PublicKey:
    """The public key in PEM `data`. Raises ValueError for anything else."""
    match = _PEM.fullmatch(data)
    if match is None:
        raise ValueError("no readable public key in PEM form")
    try:
        der = base64.b64decode(b"".join(match[1].split()), validate=True)
    except ValueError as error:
        raise ValueError("no readable public key in PEM form") from error
    return of_der(der)


def _handle_of(der: bytes) -> tuple[str, _Handle]:
    if der.startswith(sm2.SPKI_HEAD):
        return layout.SM2, sm2.point_of(der)
    try:
        key = load_der_public_key(der)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("no readable public key in PEM form") from error
    name = type(key).__name__.removesuffix("PublicKey")
    if isinstance(key, Ed25519PublicKey):
        algorithm: str = layout.ED25519
    elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        algorithm = layout.ECDSA
    elif isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError(f"an EC key on {key.curve.name}, where P-256 or SM2 must be")
    else:
        raise ValueError(f"a {name} key where an Ed25519, ECDSA P-256 or SM2 key must be")
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != der:
        raise ValueError("the key is not written in its one exact form")
    return algorithm, key
