"""Signatures and SM3 by `cryptography`; importing this raises ImportError where it is not installed.

Every check here has another implementation in plain Python beside it, which the tests hold against this one.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def ed25519(key: bytes, signature: bytes, data: bytes) -> bool:
    """As `edwards.verify`."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def p256(point: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the DER `signature` over SHA-256 of `data` is by the key `point` (65 bytes, uncompressed)."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point).verify(
            signature, data, ec.ECDSA(hashes.SHA256())
        )
    except (InvalidSignature, ValueError):
        return False
    return True


class Sm3:
    """SM3 where Python's OpenSSL was built without it."""

    def __init__(self) -> None:
        self._context = hashes.Hash(hashes.SM3())

    def update(self, data: bytes, /) -> None:
        self._context.update(data)

    def digest(self) -> bytes:
        return self._context.finalize()

    def hexdigest(self) -> str:
        return self.digest().hex()
