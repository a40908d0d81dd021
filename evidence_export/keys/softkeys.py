"""Signers whose private key is held in memory. Their representation shows the fingerprint only."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from evidence_export.bag import layout, pubkey
from evidence_export.keys.held import Held


class Ed25519Signer(Held):
    """Signs with an Ed25519 key."""

    __slots__ = ("_key",)

    algorithm: str = layout.ED25519

    def __init__(self, key: Ed25519PrivateKey) -> None:
        super().__init__(pubkey.of(key.public_key()))
        self._key = key

    def sign(self, data: bytes) -> bytes:
        """The raw 64-byte signature over `data` (RFC 8032, pure Ed25519)."""
        return self._key.sign(data)


class EcdsaSigner(Held):
    """Signs with an ECDSA key on P-256."""

    __slots__ = ("_key",)

    algorithm: str = layout.ECDSA

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        """Raises ValueError for a key on another curve."""
        super().__init__(pubkey.of(key.public_key()))
        self._key = key

    def sign(self, data: bytes) -> bytes:
        """ECDSA over SHA-256 of `data`: DER, with the lower of the two possible s."""
        return low_s(*decode_dss_signature(self._key.sign(data, ec.ECDSA(hashes.SHA256()))))


def low_s(r: int, s: int) -> bytes:
    """The signature in the one form that seals have; n - s would hold as well."""
    return encode_dss_signature(r, min(s, pubkey.P256_ORDER - s))
