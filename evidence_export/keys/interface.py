"""Who signs: the `Signer` seam, and the keys that seal a bundle together. Implementations stand beside this file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Signer(Protocol):
    """Signs case manifests. What it signs with never leaves it."""

    @property
    def algorithm(self) -> str:
        """The name written into the seal: `Ed25519`, `ECDSA-P256-SHA256` or `SM2-SM3`."""

    @property
    def public_key_pem(self) -> bytes: ...

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER SubjectPublicKeyInfo, 64 lower-case hex characters."""

    def sign(self, data: bytes) -> bytes:
        """The signature over `data` in the form that `bag.pubkey.PublicKey.verify` takes. Raises SigningKeyError."""


@dataclass(frozen=True, slots=True)
class SealingKeys:
    """What one bundle is sealed with. Certificates are PEM; `authority` is that of both keys.

    With `first` alone, and that an Ed25519 key, bundles are what they were before there were certificates.
    """

    first: Signer
    certificate: bytes | None = None
    authority: bytes | None = None
    second: Signer | None = None
    second_certificate: bytes | None = None
    earlier: tuple[str, ...] = ()
    """Fingerprints of the authority, and of the bare key that sealed before: bundles of both are the site's own."""
