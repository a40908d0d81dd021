"""Where a ledger is kept: the seam between the log and a database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from evidence_export.ledger.tree import Hash, Lookup


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as it is kept."""

    seq: int
    entry: bytes
    leaf: Hash


class Appending(Protocol):
    """One addition, whole or not at all; nobody else adds meanwhile."""

    @property
    def size(self) -> int:
        """Entries so far."""

    def entered(self, source: str) -> int:
        """The number up to which the happenings of a source were entered; 0 where none was."""

    def note_entered(self, source: str, last: int) -> None:
        """They were entered up to that number, by this addition."""

    def node(self, level: int, number: int) -> Hash:
        """The hash of a complete subtree, as `tree.Lookup` asks for it."""

    def add(self, rows: Sequence[Row], nodes: Iterable[tuple[int, int, Hash]]) -> None:
        """Keep entries that follow on those so far, and the subtrees that they make complete, leaves left out."""


class LedgerStore(Protocol):
    """One ledger in a database. Reads see one state; nothing that was added is ever changed through it."""

    @property
    def origin(self) -> str:
        """Which ledger it is, see `Checkpoint.origin`."""

    def size(self) -> int:
        """Entries so far."""

    def appending(self) -> AbstractContextManager[Appending]:
        """A durable addition: what was added when the block ends is on disk."""

    def row(self, seq: int) -> Row | None:
        """One entry; None where there is none of that number."""

    def rows(self, first: int = 0) -> Iterator[Row]:
        """All entries from `first` on in order of their numbers, as they are kept, whatever is wrong with them."""

    def hidden(self, rows: Sequence[Row]) -> list[int] | None:
        """Which of these entries, that follow on each other, looking them up by what they are about does not find.

        None: nothing is there to look them up by, so all are read, and found."""

    def looking(self) -> AbstractContextManager[Lookup]:
        """Hashes of complete subtrees, all from one state; level 0 are the leaves. LookupError for one not kept."""

    def nodes(self, level: int) -> Iterator[tuple[int, Hash]]:
        """All kept subtrees of a level above the leaves, number and hash, in order of their numbers."""

    def add_checkpoint(self, size: int, note: bytes) -> None:
        """Keep a signed checkpoint; another one of the same size is kept beside it."""

    def checkpoints(self) -> Iterator[bytes]:
        """All kept checkpoints, oldest first."""

    def stamps(self) -> Iterator[tuple[bytes, bytes]]:
        """All checkpoints that an authority has stamped, oldest first, with their tokens."""
