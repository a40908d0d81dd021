"""A proof that something was entered, as a file that is checked with the site's public key and nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from evidence_export.bag.pubkey import PublicKey
from evidence_export.ledger.checkpoint import read_note
from evidence_export.ledger.entry import read_entry
from evidence_export.ledger.log import Inclusion, Ledger
from evidence_export.timestamp import rfc3161
from evidence_export.timestamp.interface import StampError
from streetproof.ledgers.reading import LedgerError, newest_checkpoint
from streetproof.store.ledger.database import SqlLedger

FORMAT = "streetproof-ledger-proof"
MAX_PROOF_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a proof that was read."""

    entry: dict[str, Any] | None
    """What it proves; None where it cannot be read."""
    faults: tuple[str, ...]
    stamped: str | None = None
    """When it existed for certain, by a time stamp that was checked; ISO 8601 in UTC."""


def prove(store: SqlLedger, about: str) -> list[dict[str, Any]]:
    """Proofs of all entries about something, or of the entry of that number, under the newest checkpoint.

    Where an authority has stamped a checkpoint that covers them, under that one, with its token. Raises LedgerError
    where there is none that a checkpoint covers.
    """
    newest = newest_checkpoint(store)
    numbers = [int(about)] if about.isascii() and about.isdecimal() else store.numbers_about(about)
    covered = [number for number in numbers if number < read_note(newest).checkpoint.size]
    if not covered:
        what = "it was entered after the newest checkpoint" if numbers else "the ledger has no entry of that name"
        raise LedgerError(
            what, where=about, remedy="Name a case, CAMERA/NUMBER of a segment, or the number of an entry"
        )
    stamped = store.last_stamped()
    ledger = Ledger(store)
    found = []
    for number in covered:
        note, token = newest, None
        if stamped is not None and number < read_note(stamped[0]).checkpoint.size:
            note, token = stamped
        inclusion = ledger.inclusion(number, read_note(note).checkpoint.size)
        found.append(_document(inclusion, note, token))
    return found


def _document(inclusion: Inclusion, note: bytes, token: bytes | None) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": 1,
        "seq": inclusion.seq,
        "entry": inclusion.entry.decode("utf-8"),
        "proof": [value.hex() for value in inclusion.proof],
        "checkpoint": note.decode("utf-8"),
        "time_stamp": None if token is None else base64.b64encode(token).decode("ascii"),
    }


def judged(data: bytes, keys: Sequence[PublicKey], roots: Sequence[x509.Certificate]) -> Judged:
    """Read a proof and check it; `roots`: of time-stamping authorities, without which tokens are not looked at.

    Hostile input.
    """
    if len(data) > MAX_PROOF_BYTES:
        return Judged(None, (f"a proof has no more than {MAX_PROOF_BYTES} bytes",))
    try:
        value = json.loads(data)
        if not isinstance(value, dict) or (value.get("format"), value.get("version")) != (FORMAT, 1):
            raise ValueError("it is no proof of this format")
        seq, entry, proof, checkpoint = (value.get(key) for key in ("seq", "entry", "proof", "checkpoint"))
        if type(seq) is not int or not isinstance(entry, str) or not isinstance(checkpoint, str):
            raise ValueError("`seq`, `entry` and `checkpoint` are a number and two texts")
        if not isinstance(proof, list) or not all(isinstance(one, str) for one in proof):
            raise ValueError("`proof` is a list of hashes")
        token = value.get("time_stamp")
        if token is not None and not isinstance(token, str):
            raise ValueError("`time_stamp` is base64, or null")
        note, read = read_note(checkpoint.encode()), read_entry(entry.encode())
        inclusion = Inclusion(seq, note.checkpoint.size, entry.encode(), tuple(bytes.fromhex(one) for one in proof))
        stamp = None if token is None else base64.b64decode(token, validate=True)
    except (ValueError, RecursionError) as error:
        return Judged(None, (str(error).splitlines()[0] if str(error) else "it cannot be read",))
    faults = []
    if not any(note.signed_by(key) for key in keys):
        faults.append("its checkpoint is not signed by that key")
    if read.seq != seq:
        faults.append(f"its entry has the number {read.seq}, not {seq}")
    if not inclusion.leads_to(note.checkpoint.root):
        faults.append("its hashes do not lead to the root that was signed")
    stamped = None
    if stamp is not None and roots:
        try:
            stamped = rfc3161.read(stamp, checkpoint.encode(), roots).at
        except StampError as error:
            faults.append(error.what)
    return Judged(json.loads(entry), tuple(faults), stamped)
