"""A proof that something was entered, as a file that is checked with the site's public key and nothing else."""

from __future__ import annotations

import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from evidence_export.ledger.checkpoint import MAX_NOTE_BYTES, read_note
from evidence_export.ledger.entry import read_entry
from evidence_export.ledger.log import Inclusion, Ledger
from streetproof.ledgers.reading import LedgerError, newest_checkpoint
from streetproof.store.ledger.database import SqlLedger

FORMAT = "streetproof-ledger-proof"
MAX_PROOF_BYTES = 256 << 10


def prove(store: SqlLedger, about: str) -> list[dict[str, Any]]:
    """Proofs of all entries about something, or of the entry of that number, under the newest checkpoint.

    Raises LedgerError where there is none that a checkpoint covers.
    """
    note = newest_checkpoint(store)
    size = read_note(note).checkpoint.size
    numbers = [int(about)] if about.isascii() and about.isdecimal() else store.numbers_about(about)
    covered = [number for number in numbers if number < size]
    if not covered:
        what = "it was entered after the newest checkpoint" if numbers else "the ledger has no entry of that name"
        raise LedgerError(
            what, where=about, remedy="Name a case, CAMERA/NUMBER of a segment, or the number of an entry"
        )
    ledger = Ledger(store)
    return [_document(ledger.inclusion(number, size), note) for number in covered]


def _document(inclusion: Inclusion, note: bytes) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": 1,
        "seq": inclusion.seq,
        "entry": inclusion.entry.decode("utf-8"),
        "proof": [value.hex() for value in inclusion.proof],
        "checkpoint": note.decode("utf-8"),
    }


def faults_of(data: bytes, keys: list[Ed25519PublicKey]) -> tuple[dict[str, Any] | None, list[str]]:
    """The entry that a proof proves, and what is wrong with it; hostile input."""
    if len(data) > MAX_PROOF_BYTES:
        return None, [f"a proof has no more than {MAX_PROOF_BYTES} bytes"]
    try:
        value = json.loads(data)
        if not isinstance(value, dict) or (value.get("format"), value.get("version")) != (FORMAT, 1):
            raise ValueError("it is no proof of this format")
        seq, entry, proof, checkpoint = (value.get(key) for key in ("seq", "entry", "proof", "checkpoint"))
        if type(seq) is not int or not isinstance(entry, str) or not isinstance(checkpoint, str):
            raise ValueError("`seq`, `entry` and `checkpoint` are a number and two texts")
        if (
            not isinstance(proof, list)
            or not all(isinstance(one, str) for one in proof)
            or len(checkpoint) > MAX_NOTE_BYTES
        ):
            raise ValueError("`proof` is a list of hashes")
        note, read = read_note(checkpoint.encode()), read_entry(entry.encode())
        inclusion = Inclusion(seq, note.checkpoint.size, entry.encode(), tuple(bytes.fromhex(one) for one in proof))
    except (ValueError, RecursionError) as error:
        return None, [str(error).splitlines()[0] if str(error) else "it cannot be read"]
    faults = []
    if not any(note.signed_by(key) for key in keys):
        faults.append("its checkpoint is not signed by that key")
    if read.seq != seq:
        faults.append(f"its entry has the number {read.seq}, not {seq}")
    if not inclusion.leads_to(note.checkpoint.root):
        faults.append("its hashes do not lead to the root that was signed")
    return json.loads(entry), faults
