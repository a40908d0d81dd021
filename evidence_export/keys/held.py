"""What all signers have in common: a public key that they show, and a private one that they do not."""

from __future__ import annotations

from evidence_export.bag import pubkey


class Held:
    """A signer with its public key. Its representation shows the fingerprint only, and it does not travel."""

    __slots__ = ("_public",)

    def __init__(self, public: pubkey.PublicKey) -> None:
        self._public = public

    @property
    def public_key_pem(self) -> bytes:
        return self._public.pem

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER SubjectPublicKeyInfo, 64 lower-case hex characters."""
        return self._public.fingerprint

    def __repr__(self) -> str:
        return f"{type(self).__name__}(fingerprint={self.fingerprint!r})"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a signing key does not travel between processes; open it there again")
