"""The ledger's part of a release: entries about the case, proven under signed checkpoints, and a time stamp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from evidence_export.bag import canonical, releases, timestamp
from evidence_export.bag.canonical import JsonValue
from evidence_export.bag.pubkey import PublicKey
from evidence_export.bag.timestamp import TimeStamp
from evidence_export.ledger import tree
from evidence_export.ledger.checkpoint import MAX_NOTE_BYTES, Checkpoint, read_note
from evidence_export.ledger.entry import Happening, Kind, read_entry
from evidence_export.verifier.files import Files, blaming
from evidence_export.verifier.reading import integer, items, text, texts

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


@dataclass(frozen=True, slots=True)
class Proven:
    """An entry, and its number."""

    seq: int
    happening: Happening


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a release carries of the ledger, once it was found to hold."""

    checkpoint: Checkpoint
    entries: tuple[Proven, ...]

    def of(self, *kinds: Kind) -> tuple[Proven, ...]:
        return tuple(one for one in self.entries if one.happening.kind in kinds)


class EntryFiles:
    """Reads them. `keys`: those whose checkpoints count. Raises BlameError where one does not hold."""

    def __init__(self, files: Files, keys: Sequence[PublicKey]) -> None:
        self._files = files
        self._keys = keys

    def ledger(self) -> Ledger:
        """The entries under the newest checkpoint."""
        with blaming(releases.CHECKPOINT):
            checkpoint = self._checkpoint(releases.CHECKPOINT)
        with blaming(releases.ENTRIES):
            root = self._json(releases.ENTRIES, releases.ENTRIES_FORMAT)
            entries = tuple(_proven(one, checkpoint) for one in items(root, "entries"))
            for one, after in pairwise(entries):
                if one.seq >= after.seq:
                    raise ValueError(f"entry {after.seq} stands behind entry {one.seq}")
        return Ledger(checkpoint, entries)

    def stamped(self, newest: Checkpoint, trusted: Sequence[Certificate] | None) -> tuple[Proven, TimeStamp]:
        """The entry that is under the stamped checkpoint, and the stamp. `trusted`: roots that the verifier was given;
        None: the one that the release brings is taken for what it says it is."""
        with blaming(releases.STAMPED_CHECKPOINT):
            checkpoint = self._checkpoint(releases.STAMPED_CHECKPOINT)
        with blaming(releases.STAMPED_ENTRY):
            root = self._json(releases.STAMPED_ENTRY, releases.STAMPED_FORMAT)
            proven = _proven(root, checkpoint)
            if checkpoint.origin != newest.origin or not tree.is_consistent(
                checkpoint.size, checkpoint.root, newest.size, newest.root, _hashes(root, "consistency")
            ):
                raise ValueError("the newest checkpoint does not go on from the one that was stamped")
        with blaming(releases.TSA_ROOTS):
            held = timestamp.roots_in(self._small(releases.TSA_ROOTS, timestamp.MAX_ROOTS_BYTES))
        with blaming(releases.TOKEN):
            token = self._small(releases.TOKEN, timestamp.MAX_TOKEN_BYTES)
            note = self._small(releases.STAMPED_CHECKPOINT, MAX_NOTE_BYTES)
            return proven, timestamp.read(token, note, held if trusted is None else trusted)

    def _checkpoint(self, name: str) -> Checkpoint:
        note = read_note(self._small(name, MAX_NOTE_BYTES))
        if not any(note.signed_by(key) for key in self._keys):
            raise ValueError("it is signed neither by the key of the release nor by that of the case")
        return note.checkpoint

    def _json(self, name: str, wanted: str) -> JsonValue:
        root = canonical.loads(self._small(name, releases.MAX_ENTRIES_BYTES))
        if text(root, "format") != wanted or integer(root, "version") != 1:
            raise ValueError(f"its format is not {wanted!r}, version 1")
        return root

    def _small(self, name: str, limit: int) -> bytes:
        data = self._files.small(name, limit)
        if data is None:
            raise ValueError("it is missing")
        return data


def step_of(happening: Happening) -> Mapping[str, JsonValue]:
    """What an entry of the kind `case.step` says of the step; empty for what is none."""
    step = happening.data.get("step")
    return step if isinstance(step, Mapping) else {}


def _proven(value: JsonValue, under: Checkpoint) -> Proven:
    entry, seq = text(value, "entry").encode(), integer(value, "seq")
    read = read_entry(entry)
    if read.seq != seq:
        raise ValueError(f"the entry that stands as number {seq} says that it is {read.seq}")
    if not tree.is_included(tree.leaf_hash(entry), seq, under.size, _hashes(value, "proof"), under.root):
        raise ValueError(f"the hashes of entry {seq} do not lead to the root that was signed")
    return Proven(seq, read.happening)


def _hashes(value: JsonValue, name: str) -> tuple[bytes, ...]:
    """Each in the one form that it has: `bytes.fromhex` alone would take capitals and spaces as well."""
    found = tuple(bytes.fromhex(one) for one in texts(value, name))
    if [one.hex() for one in found] != list(texts(value, name)):
        raise ValueError(f"{name} is not lower-case hex")
    return found
