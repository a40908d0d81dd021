"""Ed25519 public keys: their one PEM form and their fingerprint."""

from __future__ import annotations

import hashlib

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key


def to_pem(key: Ed25519PublicKey) -> bytes:
    """SubjectPublicKeyInfo as PEM with LF line ends."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(key: Ed25519PublicKey) -> str:
    """SHA-256 of the DER SubjectPublicKeyInfo, 64 lower-case hex characters."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def from_pem(data: bytes) -> Ed25519PublicKey:
    """The Ed25519 public key in PEM `data`. Raises ValueError for anything else."""
    try:
        key = load_pem_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("no readable public key in PEM form") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"a {type(key).__name__.removesuffix('PublicKey')} key where an Ed25519 key must be")
    return key
