"""Opens the ledger that a batch or the daemon keeps, and the keys that it may be signed with."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from evidence_export.bag import certificate, pubkey
from evidence_export.bag.pubkey import PublicKey
from evidence_export.errors import SigningKeyError
from evidence_export.keys import load_key
from evidence_export.keys.ring import Role, is_ring, read_ring
from evidence_export.ledger.checkpoint import read_note
from streetproof.databases.opening import has_ledger, ledger_of
from streetproof.errors import StreetproofError
from streetproof.keys import default_key
from streetproof.store.ledger.database import SqlLedger

_MAX_KEY_BYTES = 16 << 10


class LedgerError(StreetproofError):
    """There is no ledger where one was looked for, or no key to check it with, or no entry of that name."""


def opened(data: Path) -> SqlLedger:
    """The ledger of a data folder, to be closed by who asked. Raises LedgerError where there is none."""
    if not has_ledger(data):
        raise LedgerError(
            "there is no ledger here",
            where=str(data),
            remedy="Name the folder that `streetproof batch --out` or `streetproof run --data` wrote to with --data",
        )
    return ledger_of(data)


def newest_checkpoint(ledger: SqlLedger) -> bytes:
    """The last one that was signed. Raises LedgerError where none was yet."""
    note = ledger.last_checkpoint()
    if note is None:
        raise LedgerError(
            "no checkpoint was signed yet", where=ledger.origin, remedy="Wait for the next one, and ask again"
        )
    try:
        read_note(note)
    except ValueError as error:
        raise LedgerError(
            f"the newest checkpoint is none ({error})",
            where=ledger.origin,
            remedy="Somebody has changed the database: `streetproof ledger check` names what was",
        ) from error
    return note


def keys_of(ledger: SqlLedger, given: list[Path]) -> list[PublicKey]:
    """The keys whose checkpoints count: those given, or those that the site has and had, by the ledger's name.

    Raises LedgerError where one cannot be read.
    """
    return [key for path in given or [default_key(ledger.site)] for key in keys_at(path)]


def keys_at(path: Path) -> list[PublicKey]:
    """The public key in a file: of a key, a certificate, or the site key; all of the folder that `keys init` made.

    Raises LedgerError.
    """
    try:
        if is_ring(path):
            ring = read_ring(path)
            found = [key for one in ring.keys if one.role is Role.SEAL for key in keys_at(ring.certificate_file(one))]
            with suppress(LedgerError):  # SITE.pem beside the folder SITE: what the site signed with before it had one
                found += keys_at(path.with_name(f"{path.name}.pem"))
            return found
        with path.open("rb") as stream:
            data = stream.read(_MAX_KEY_BYTES)
        if b"PRIVATE KEY" in data:
            return [pubkey.from_pem(load_key(path).public_key_pem)]
        return [certificate.load(data).key if b"CERTIFICATE" in data else pubkey.from_pem(data)]
    except (OSError, ValueError, SigningKeyError) as error:
        # What could not be parsed is not quoted: it might be a private key.
        reason = error.strerror if isinstance(error, OSError) else "it holds no such key in PEM form"
        raise LedgerError(
            f"the key to check the ledger with cannot be read ({reason})",
            where=str(path),
            remedy="Name the site's public key with --key: it is `site-key.pub.pem` in each bundle",
        ) from None
