"""Whether a ledger is what it was: every entry, every hash above it, and every checkpoint that was ever signed.

What each kind of tampering leaves to be found, in the database alone:

- an entry that was *edited* no longer has its hash; where its hash was changed too, the hash above it does not fit;
  where all of them were, the root is not the one that was signed;
- one that was *deleted* or *inserted*, or two that were *reordered*, break the numbers, which are part of the entries;
- a ledger that was *truncated* or *rolled back* is shorter than a checkpoint says. Where the newest checkpoints were
  taken away as well, the database alone is at one with itself: the one that the site keeps beside it tells, and one
  that somebody else keeps (`witness`), which whoever has the whole server cannot replace.

What was entered since the last checkpoint is signed by nobody yet (`unsigned`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from cryptography import x509

from evidence_export.bag.pubkey import PublicKey
from evidence_export.ledger import tree
from evidence_export.ledger.checkpoint import read_note
from evidence_export.ledger.entry import read_entry
from evidence_export.ledger.interface import LedgerStore, Row
from evidence_export.ledger.tree import EMPTY, Hash
from evidence_export.timestamp import rfc3161
from evidence_export.timestamp.interface import StampError


class Fault(StrEnum):
    """What is wrong."""

    NOT_AN_ENTRY = "not_an_entry"
    WRONG_NUMBER = "wrong_number"
    MISSING = "missing"
    EDITED = "edited"
    HASHES = "hashes"
    ROOT = "root"
    SHORTER = "shorter"
    NOT_A_CHECKPOINT = "not_a_checkpoint"
    NO_CHECKPOINT = "no_checkpoint"
    UNSIGNED = "unsigned"
    OTHER_LEDGER = "other_ledger"
    SIZE = "size"
    STAMP = "stamp"
    HIDDEN = "hidden"
    """Looking up what it is about does not find it."""
    INDEX = "index"
    """There is nothing to look entries up by."""


_LOOKED_UP = 500
"""Entries that are looked up at a time."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and where."""

    fault: Fault
    where: str
    what: str


class _Roots:
    """The roots of all sizes, from leaves in order, with a memory of one hash per level."""

    def __init__(self) -> None:
        self._size = 0
        self._full: list[tuple[int, Hash]] = []
        """Complete subtrees, the largest first."""

    def add(self, leaf: Hash) -> Iterator[tuple[int, int, Hash]]:
        """The subtrees above the leaves that this one makes complete."""
        level, number, value = 0, self._size, leaf
        self._size += 1
        while self._full and self._full[-1][0] == level:
            value = tree.node_hash(self._full.pop()[1], value)
            level, number = level + 1, number // 2
            yield level, number, value
        self._full.append((level, value))

    @property
    def root(self) -> Hash:
        found: Hash | None = None
        for _, value in reversed(self._full):
            found = value if found is None else tree.node_hash(value, found)
        return EMPTY if found is None else found


class _Kept:
    """The hashes above the leaves as they are kept, each level in order."""

    def __init__(self, store: LedgerStore) -> None:
        self._levels = [iter(store.nodes(level)) for level in range(1, tree.LEVELS)]
        self._next: dict[int, tuple[int, Hash] | None] = {}

    def compare(self, level: int, number: int, value: Hash) -> Iterator[Finding]:
        """What is wrong up to the hash that ought to be next on its level."""
        while (kept := self._peek(level)) is not None and kept[0] < number:
            yield from self._above_nothing(level, kept[0])
        where = f"hash {level}/{number}"
        if kept is None or kept[0] > number:
            yield Finding(Fault.HASHES, where, "missing")
            return
        del self._next[level]
        if kept[1] != value:
            yield Finding(Fault.HASHES, where, "it is not that of the entries below it")

    def rest(self) -> Iterator[Finding]:
        """What is kept beyond all entries."""
        for level in range(1, tree.LEVELS):
            while (kept := self._peek(level)) is not None:
                yield from self._above_nothing(level, kept[0])

    def _peek(self, level: int) -> tuple[int, Hash] | None:
        if level not in self._next:
            self._next[level] = next(self._levels[level - 1], None)
        return self._next[level]

    def _above_nothing(self, level: int, number: int) -> Iterator[Finding]:
        del self._next[level]
        yield Finding(Fault.HASHES, f"hash {level}/{number}", "there are no entries below it")


class _Lookups:
    """Looks up entries that are read anyway, some at a time."""

    def __init__(self, store: LedgerStore) -> None:
        self._store = store
        self._rows: list[Row] = []
        self._can = True

    def add(self, row: Row) -> Iterator[Finding]:
        """What is wrong with those that were added lately."""
        self._rows.append(row)
        if len(self._rows) >= _LOOKED_UP:
            yield from self.rest()

    def rest(self) -> Iterator[Finding]:
        """The same, of all that are left."""
        rows, self._rows = self._rows, []
        hidden = self._store.hidden(rows) if self._can else []
        if hidden is None:
            self._can = False
            yield Finding(Fault.INDEX, "index", "it is not the one that was made: looking entries up reads all of them")
            return
        for number in hidden:
            yield Finding(Fault.HIDDEN, f"entry {number}", "it is there, but looking up what it is about passes it by")


def check(
    store: LedgerStore,
    keys: Sequence[PublicKey],
    witnessed: Iterable[bytes] = (),
    roots: Sequence[x509.Certificate] = (),
    *,
    beside: Iterable[bytes] = (),
    most: int = 100,
) -> Iterator[Finding]:
    """Everything that is wrong with a ledger, `most` findings at most; nothing where nothing is.

    `keys`: that the site has, and had; `witnessed`: checkpoints that somebody else kept; `beside`: the one that the
    site keeps apart from the database; `roots`: of time-stamping authorities, without which time stamps are not looked
    at. Reads the whole ledger once, with constant memory but for the checkpoints.
    """
    findings = chain(_all(store, keys, witnessed, beside), _stamps(store, roots))
    for _, finding in zip(range(most), findings, strict=False):
        yield finding


def unsigned(store: LedgerStore) -> int:
    """Entries that no checkpoint of the ledger covers yet: until the next one, nothing shows that they were changed."""
    sizes = []
    for data in store.checkpoints():
        with suppress(ValueError):  # `check` tells
            sizes.append(read_note(data).checkpoint.size)
    return max(0, store.size() - max(sizes, default=0))


def _all(
    store: LedgerStore, keys: Sequence[PublicKey], witnessed: Iterable[bytes], beside: Iterable[bytes]
) -> Iterator[Finding]:
    asked: dict[int, list[tuple[str, Hash]]] = {}
    signed = 0
    named = (("checkpoint", store.checkpoints()), ("witnessed checkpoint", witnessed), ("kept checkpoint", beside))
    for whose, notes in named:
        for number, data in enumerate(notes, start=1):
            signed += 1
            yield from _checkpoint(f"{whose} {number}", data, store.origin, keys, asked)
    if not signed and store.size():
        yield Finding(Fault.NO_CHECKPOINT, "ledger", "nobody can tell whether it was written anew")
    yield from _compare(asked.pop(0, ()), EMPTY, 0)
    roots, expected, kept, lookups = _Roots(), 0, _Kept(store), _Lookups(store)
    for row in store.rows():
        where = f"entry {row.seq}"
        if row.seq != expected:
            gap = f"entry {expected}" if row.seq == expected + 1 else f"entries {expected} to {row.seq - 1}"
            yield Finding(Fault.MISSING, gap, "missing: the numbers before and after are there")
        expected = row.seq + 1
        yield from _entry(where, row.seq, row.entry)
        yield from lookups.add(row)
        if tree.leaf_hash(row.entry) != row.leaf:
            yield Finding(Fault.EDITED, where, "it is not what it was when its hash was made")
        for level, number, value in roots.add(tree.leaf_hash(row.entry)):
            yield from kept.compare(level, number, value)
        if row.seq + 1 in asked:
            yield from _compare(asked.pop(row.seq + 1), roots.root, row.seq + 1)
    yield from lookups.rest()
    if store.size() != expected:
        yield Finding(Fault.SIZE, "head", f"it says {store.size()} entries, where {expected} end the ledger")
    yield from kept.rest()
    for size, notes_of in sorted(asked.items()):
        for where, _ in notes_of:
            yield Finding(
                Fault.SHORTER, where, f"the ledger had {size} entries when it was signed, and has {expected} now"
            )


def _stamps(store: LedgerStore, roots: Sequence[x509.Certificate]) -> Iterator[Finding]:
    for number, (note, token) in enumerate(store.stamps() if roots else (), start=1):
        try:
            rfc3161.read(token, note, roots)
        except StampError as error:
            yield Finding(Fault.STAMP, f"time stamp {number}", error.what)


def _checkpoint(
    where: str, data: bytes, origin: str, keys: Sequence[PublicKey], asked: dict[int, list[tuple[str, Hash]]]
) -> Iterator[Finding]:
    try:
        note = read_note(data)
    except ValueError as error:
        yield Finding(Fault.NOT_A_CHECKPOINT, where, str(error))
        return
    if note.checkpoint.origin != origin:
        yield Finding(Fault.OTHER_LEDGER, where, f"it is of the ledger {note.checkpoint.origin}, not of {origin}")
        return
    if not any(note.signed_by(key) for key in keys):
        yield Finding(Fault.UNSIGNED, where, "none of the site's keys has signed it")
        return
    said = f"{where} of {note.checkpoint.at}"
    asked.setdefault(note.checkpoint.size, []).append((said, note.checkpoint.root))


def _compare(notes: Iterable[tuple[str, Hash]], root: Hash, size: int) -> Iterator[Finding]:
    for where, signed in notes:
        if signed != root:
            yield Finding(Fault.ROOT, where, f"the first {size} entries are not those that were signed")


def _entry(where: str, seq: int, data: bytes) -> Iterator[Finding]:
    try:
        entry = read_entry(data)
    except ValueError as error:
        yield Finding(Fault.NOT_AN_ENTRY, where, str(error))
        return
    if entry.seq != seq:
        yield Finding(Fault.WRONG_NUMBER, where, f"it was entered as number {entry.seq}")
