"""What a site's ledger is signed with. Its checkpoints are Ed25519 by their format, so a site that seals with another
algorithm has a key of its own for them, in a file, made on first use."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from evidence_export.bag import certificate, layout, pubkey
from evidence_export.errors import SigningKeyError
from evidence_export.keys.files import load_or_create_key
from evidence_export.keys.interface import Signer
from evidence_export.keys.opening import KeySpec, open_keys, read_public
from evidence_export.keys.ring import is_ring, read_ring


def checkpoint_signer(spec: KeySpec | Path) -> Signer:
    """The key that seals where that is an Ed25519 key, else the one for checkpoints. Raises SigningKeyError."""
    first = open_keys(spec).first
    if first.algorithm == layout.ED25519:
        return first
    return load_or_create_key(checkpoint_file(spec.path if isinstance(spec, KeySpec) else spec))


def checkpoint_file(path: Path) -> Path:
    """Where that key lies: `ledger.key.pem` in a ring, `NAME.ledger.pem` beside a key file NAME.pem."""
    return path / "ledger.key.pem" if is_ring(path) else path.with_name(f"{path.stem}.ledger.pem")


def checkpoint_keys(folder: Path) -> list[Ed25519PublicKey]:
    """The public keys that may have signed the ledger of a ring's site: now, before a rotation, and before there was a
    ring. Opens no key that seals. Raises SigningKeyError."""
    ring = read_ring(folder)
    found = []
    for key in ring.keys:
        if key.algorithm == layout.ED25519:
            try:
                listed = certificate.load(read_public(ring.certificate_file(key))).key
            except ValueError as error:
                raise SigningKeyError(
                    f"a certificate cannot be read ({error})",
                    where=str(ring.certificate_file(key)),
                    remedy="Bring it back from a backup",
                ) from error
            found.append(pubkey.from_pem(listed.pem))
    files = (checkpoint_file(folder), folder.with_name(f"{folder.name}.pem"))
    found += [pubkey.from_pem(load_or_create_key(path).public_key_pem) for path in files if path.exists()]
    return found
