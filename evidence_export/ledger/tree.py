"""The Merkle tree of RFC 9162, section 2.1: hashes of entries, and proofs that need the tree's root and nothing else.

A leaf is SHA-256(0x00 || entry), a node SHA-256(0x01 || left || right): nobody can pass a node off as an entry.
Complete subtrees never change once they are full, so a log keeps their hashes, by level and number, and every root and
proof of every earlier size is made from those: about twice the binary logarithm of the size in lookups.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

Hash = bytes
"""32 bytes."""
Lookup = Callable[[int, int], Hash]
"""The hash of the complete subtree of 2^level leaves with that number; level 0 are the leaves."""

EMPTY: Hash = hashlib.sha256(b"").digest()
"""The root of a log without entries."""
HASH_BYTES = 32
LEVELS = 64
"""Above the leaves, at most."""
MAX_PROOF = 64
"""Hashes of a proof, at most: a log of 2^63 entries has no longer one."""


def leaf_hash(entry: bytes) -> Hash:
    """The hash of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: Hash, right: Hash) -> Hash:
    """The hash of a node above two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def grown(size: int, leaves: Sequence[Hash], lookup: Lookup) -> Iterator[tuple[int, int, Hash]]:
    """The subtrees that become complete when `leaves` follow `size` others: level, number, hash; leaves first.

    `lookup` is asked for subtrees that were complete before, only.
    """
    level, first, row = 0, size, list(leaves)
    while row:
        for offset, value in enumerate(row):
            yield level, first + offset, value
        if first % 2:  # its left neighbour came earlier
            first, row = first - 1, [lookup(level, first - 1), *row]
        pairs = zip(row[::2], row[1::2], strict=False)
        level, first, row = level + 1, first // 2, [node_hash(left, right) for left, right in pairs]


def root(size: int, lookup: Lookup) -> Hash:
    """The root of the first `size` entries."""
    return _subtree(0, size, lookup) if size else EMPTY


def inclusion_proof(index: int, size: int, lookup: Lookup) -> list[Hash]:
    """That entry `index` is among the first `size` (section 2.1.3.1). Raises ValueError where it is not."""
    if not 0 <= index < size:
        raise ValueError(f"entry {index} is not among the first {size}")
    path: list[Hash] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_subtree(middle, high, lookup))
            high = middle
        else:
            path.append(_subtree(low, middle, lookup))
            low = middle
    return path[::-1]


def consistency_proof(old: int, size: int, lookup: Lookup) -> list[Hash]:
    """That the first `old` entries are the beginning of the first `size` (section 2.1.4.1).

    Raises ValueError unless 0 < old <= size; that anything grows out of nothing needs no proof.
    """
    if not 0 < old <= size:
        raise ValueError(f"{old} entries are not the beginning of {size}")
    path: list[Hash] = []
    low, high, whole = 0, size, True
    while old - low != high - low:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_subtree(middle, high, lookup))
            high = middle
        else:
            path.append(_subtree(low, middle, lookup))
            low, whole = middle, False
    if not whole:
        path.append(_subtree(low, high, lookup))
    return path[::-1]


def is_included(leaf: Hash, index: int, size: int, proof: Sequence[Hash], claimed: Hash) -> bool:
    """Whether a proof leads from a leaf's hash to the root `claimed` of `size` entries (section 2.1.3.2)."""
    if not 0 <= index < size or not _is_proof(proof):
        return False
    here, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if here % 2 or here == last:
            found = node_hash(sibling, found)
            while here % 2 == 0 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and found == claimed


def is_consistent(old: int, old_root: Hash, size: int, claimed: Hash, proof: Sequence[Hash]) -> bool:
    """Whether a proof leads from the root of `old` entries to the root `claimed` of `size` (section 2.1.4.2).

    `old` 0 is consistent with anything, if its root is that of nothing.
    """
    if not 0 <= old <= size or not _is_proof(proof):
        return False
    if old in (0, size):
        return not proof and old_root == (EMPTY if old == 0 else claimed)
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)  # a complete subtree is its own beginning
    if not path:
        return False
    here, last = old - 1, size - 1
    while here % 2:
        here, last = here >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if here % 2 or here == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while here % 2 == 0 and here:
                here, last = here >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and before == old_root and after == claimed


def _subtree(low: int, high: int, lookup: Lookup) -> Hash:
    """The hash over entries `low` to `high`; `low` is a multiple of the largest power of two below their number."""
    found: Hash | None = None
    for level, number in reversed(list(_complete(low, high))):
        value = lookup(level, number)
        found = value if found is None else node_hash(value, found)
    assert found is not None, "a subtree has leaves"
    return found


def _complete(low: int, high: int) -> Iterator[tuple[int, int]]:
    """The complete subtrees that make up a range, the largest, and leftmost, first."""
    while low < high:
        level = (high - low).bit_length() - 1
        yield level, low >> level
        low += 1 << level


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def _is_proof(proof: Sequence[Hash]) -> bool:
    return len(proof) <= MAX_PROOF and all(len(value) == HASH_BYTES for value in proof)
