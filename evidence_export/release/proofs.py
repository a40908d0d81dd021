"""The ledger's part of a release: entries about the case with their proofs, and a time stamp over its seal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from evidence_export.bag import canonical, releases, timestamp
from evidence_export.bag.canonical import JsonObject
from evidence_export.bagging import Part
from evidence_export.errors import SealError
from evidence_export.ledger.checkpoint import read_note
from evidence_export.ledger.log import Inclusion, Ledger
from evidence_export.release.interface import LedgerFacts


@dataclass(frozen=True, slots=True)
class Stamp:
    """A checkpoint that an authority has stamped: the note, the token over it, and the authority's roots (PEM)."""

    note: bytes
    token: bytes
    roots: bytes


def ledger_parts(
    ledger: Ledger, entries: Sequence[int], sealed: int, note: bytes, stamp: Stamp | None
) -> tuple[LedgerFacts, list[Part]]:
    """The files, and what `release.json` says of them.

    `entries`: numbers of the entries about the case, in order; `sealed`: of that by which it came into the ledger.
    `note`: a checkpoint over all of them; `stamp`: one that covers `sealed`, and is no later. Raises SealError where
    they do not fit together.
    """
    newest = read_note(note).checkpoint
    if not entries or entries[-1] >= newest.size:
        raise SealError("the ledger has no checkpoint over the entries of this case", where=newest.origin)
    found: JsonObject = {
        "format": releases.ENTRIES_FORMAT,
        "version": 1,
        "entries": [_proof(ledger.inclusion(number, newest.size)) for number in entries],
    }
    parts = [
        Part(releases.CHECKPOINT, "ledger_checkpoint", note),
        Part(releases.ENTRIES, "ledger_entries", canonical.dumps(found)),
    ]
    facts = LedgerFacts(newest.origin, newest.size, newest.root.hex(), len(entries), newest.at)
    if stamp is None:
        return facts, parts
    told = _told(stamp)
    stamped = read_note(stamp.note).checkpoint
    entry: JsonObject = {
        "format": releases.STAMPED_FORMAT,
        "version": 1,
        **_proof(ledger.inclusion(sealed, stamped.size)),
        "consistency": [value.hex() for value in ledger.consistency(stamped.size, newest.size)],
    }
    parts += [
        Part(releases.STAMPED_CHECKPOINT, "ledger_checkpoint", stamp.note),
        Part(releases.STAMPED_ENTRY, "ledger_entries", canonical.dumps(entry)),
        Part(releases.TOKEN, "time_stamp", stamp.token),
        Part(releases.TSA_ROOTS, "certificate", stamp.roots),
    ]
    at = f"{datetime.fromtimestamp(told.at_ns // 1_000_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return replace(facts, stamped_at=at, stamped_by=told.authority), parts


def _told(stamp: Stamp) -> timestamp.TimeStamp:
    try:
        return timestamp.read(stamp.token, stamp.note, timestamp.roots_in(stamp.roots))
    except ValueError as error:
        raise SealError(
            f"the time stamp that the ledger keeps does not hold ({error})",
            where=read_note(stamp.note).checkpoint.origin,
            remedy="See that `evidence.time_stamps.ca` of the site file names the authority's own root certificate",
        ) from error


def _proof(one: Inclusion) -> JsonObject:
    return {"seq": one.seq, "entry": one.entry.decode("utf-8"), "proof": [value.hex() for value in one.proof]}
