"""Opens the ledger that a batch or the daemon keeps, and the keys that it may be signed with."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from evidence_export.bag import pubkey
from evidence_export.keys.checkpoints import checkpoint_keys
from evidence_export.keys.ring import is_ring
from streetproof.errors import StreetproofError
from streetproof.keys import default_key
from streetproof.ledgers.bookkeeping import NAME
from streetproof.store.ledger.database import SqlLedger

_MAX_KEY_BYTES = 16 << 10


class LedgerError(StreetproofError):
    """There is no ledger where one was looked for, or no key to check it with, or no entry of that name."""


def opened(data: Path) -> SqlLedger:
    """The ledger of a data folder, to be closed by who asked. Raises LedgerError where there is none."""
    path = data / NAME
    if not path.is_file():
        raise LedgerError(
            "there is no ledger here",
            where=str(path),
            remedy="Name the folder that `streetproof batch --out` or `streetproof run --data` wrote to with --data",
        )
    return SqlLedger.open_file(path)


def newest_checkpoint(ledger: SqlLedger) -> bytes:
    """The last one that was signed. Raises LedgerError where none was yet."""
    note = ledger.last_checkpoint()
    if note is None:
        raise LedgerError(
            "no checkpoint was signed yet", where=ledger.origin, remedy="Wait for the next one, and ask again"
        )
    return note


def keys_of(ledger: SqlLedger, given: list[Path]) -> list[Ed25519PublicKey]:
    """The keys whose checkpoints count: those given, or the key of the site that the ledger names.

    Raises LedgerError where one cannot be read.
    """
    own = default_key(ledger.site)
    if not given and is_ring(own):
        return checkpoint_keys(own)
    return [key_at(path) for path in given or [own]]


def key_at(path: Path) -> Ed25519PublicKey:
    """The public key in a file, or that of the site key in it. Raises LedgerError."""
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_KEY_BYTES)
        if b"PRIVATE KEY" in data:
            key = load_pem_private_key(data, password=None).public_key()
            if not isinstance(key, Ed25519PublicKey):
                raise ValueError("it is no Ed25519 key")
            return key
        return pubkey.from_pem(data)
    except (OSError, ValueError, TypeError) as error:
        # What could not be parsed is not quoted: it might be a private key.
        reason = error.strerror if isinstance(error, OSError) else "it holds no Ed25519 key in PEM form"
        raise LedgerError(
            f"the key to check the ledger with cannot be read ({reason})",
            where=str(path),
            remedy="Name the site's public key with --key: it is `site-key.pub.pem` in each bundle",
        ) from None
