"""The ledger itself: entries are added at its end, and proofs are made of what it holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evidence_export.ledger import tree
from evidence_export.ledger.checkpoint import Checkpoint, CheckpointSigner, signed
from evidence_export.ledger.entry import Entry, Happening
from evidence_export.ledger.interface import Appending, LedgerStore, Row
from evidence_export.ledger.tree import Hash


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That an entry is in a ledger of some size: everything but the root, which a checkpoint signs."""

    seq: int
    size: int
    entry: bytes
    proof: tuple[Hash, ...]

    def leads_to(self, root: Hash) -> bool:
        """Whether the entry is the `seq`-th of `size` below that root."""
        return tree.is_included(tree.leaf_hash(self.entry), self.seq, self.size, self.proof, root)


class Ledger:
    """One ledger. Any number of processes may add to it; each addition is whole, or was never there."""

    def __init__(self, store: LedgerStore) -> None:
        self._store = store

    @property
    def origin(self) -> str:
        """Which ledger it is."""
        return self._store.origin

    def size(self) -> int:
        """Entries so far."""
        return self._store.size()

    def add(self, happenings: Sequence[Happening], *, provided: Callable[[], None] | None = None) -> range:
        """Enter what happened, in that order, and return the numbers; on disk when this returns.

        `provided` is called when nobody else can add any more, and may raise. Raises ValueError for what cannot be
        entered. Where either raises, nothing is entered.
        """
        if not happenings:
            return range(0)
        with self._store.appending() as appending:
            if provided is not None:
                provided()
            return _add(appending, happenings)

    def add_from(self, source: str, numbered: Sequence[tuple[int, Happening]]) -> range:
        """Enter what a source has numbered, in the order of its numbers, each once however often it is given.

        Raises ValueError as `add` does.
        """
        with self._store.appending() as appending:
            done = appending.entered(source)
            new = [(number, one) for number, one in numbered if number > done]
            if not new:
                return range(0)
            appending.note_entered(source, max(number for number, _ in new))
            return _add(appending, [one for _, one in new])

    def checkpoint(self, signer: CheckpointSigner, at: str, after: Checkpoint | None = None) -> bytes:
        """Sign what the ledger holds now, keep the note, and return it. `at`: ISO 8601 in UTC.

        `after`: an earlier checkpoint of it. Raises ValueError where what is to be signed does not begin with that, as
        the proof shows whose root is signed: what is kept of the ledger is asked once, and believed in nothing.
        """
        size = self._store.size()
        now = Checkpoint(self.origin, size, self.root(size), at)
        if after is not None and not self._continues(after, now):
            raise ValueError("the ledger does not begin with what was signed before")
        note = signed(now, signer)
        self._store.add_checkpoint(size, note)
        return note

    def continues(self, old: Checkpoint) -> bool:
        """Whether the ledger as it is now begins with what a checkpoint of it has signed."""
        size = self._store.size()
        try:
            return self._continues(old, Checkpoint(self.origin, size, self.root(size), old.at))
        except LookupError:  # hashes are gone
            return False

    def _continues(self, old: Checkpoint, new: Checkpoint) -> bool:
        """The newer root has to follow from the proof as well: hashes that were kept while entries below them were
        written anew would lead to the older one alone."""
        if old.origin != new.origin or old.size > new.size:
            return False
        if old.size == 0:
            return True
        try:
            proof = self.consistency(old.size, new.size)
        except LookupError:
            return False
        return tree.is_consistent(old.size, old.root, new.size, new.root, proof)

    def root(self, size: int) -> Hash:
        """The root of the first `size` entries. Raises LookupError where they are not all there."""
        with self._store.looking() as lookup:
            return tree.root(size, lookup)

    def inclusion(self, seq: int, size: int) -> Inclusion:
        """The proof that entry `seq` is among the first `size`. Raises ValueError where it is not."""
        row = self._store.row(seq)
        if row is None or size > self._store.size():
            raise ValueError(f"the ledger has no entry {seq} among its first {size}")
        with self._store.looking() as lookup:
            return Inclusion(seq, size, row.entry, tuple(tree.inclusion_proof(seq, size, lookup)))

    def consistency(self, old: int, size: int) -> tuple[Hash, ...]:
        """The proof that the ledger of `size` entries begins with that of `old`. Raises ValueError where it cannot."""
        if size > self._store.size():
            raise ValueError(f"the ledger has no {size} entries")
        with self._store.looking() as lookup:
            return tuple(tree.consistency_proof(old, size, lookup))


def _add(appending: Appending, happenings: Sequence[Happening]) -> range:
    first = appending.size
    entries = [Entry(first + n, one).to_bytes() for n, one in enumerate(happenings)]
    leaves = [tree.leaf_hash(entry) for entry in entries]
    new: dict[tuple[int, int], Hash] = {}

    def lookup(level: int, number: int) -> Hash:
        return new[level, number] if (level, number) in new else appending.node(level, number)

    for level, number, value in tree.grown(first, leaves, lookup):
        new[level, number] = value
    rows = [Row(first + n, *one) for n, one in enumerate(zip(entries, leaves, strict=True))]
    appending.add(rows, [(*at, value) for at, value in new.items() if at[0] > 0])
    return range(first, first + len(entries))
