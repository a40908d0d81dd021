"""The Merkle tree, held to RFC 9162's own definition, and to everything that could be changed in a proof."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_export.ledger import tree
from evidence_export.ledger.tree import Hash

SIZES = st.integers(1, 70)


def definition(entries: Sequence[bytes]) -> Hash:
    """MTH of section 2.1.1, word for word."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return hashlib.sha256(b"\x01" + definition(entries[:k]) + definition(entries[k:])).digest()


class Log:
    """Entries, and the hashes of all complete subtrees."""

    def __init__(self, batches: Sequence[int]) -> None:
        self.entries: list[bytes] = []
        self.nodes: dict[tuple[int, int], Hash] = {}
        for count in batches:
            self.add(count)

    def add(self, count: int) -> None:
        size = len(self.entries)
        new = [f"entry {size + i}".encode() for i in range(count)]
        for level, number, value in tree.grown(size, [tree.leaf_hash(one) for one in new], self.lookup):
            assert (level, number) not in self.nodes, "a subtree is complete once"
            self.nodes[level, number] = value
        self.entries += new

    def lookup(self, level: int, number: int) -> Hash:
        return self.nodes[level, number]


@given(st.lists(st.integers(0, 9), max_size=12))
def test_roots_of_all_sizes_are_those_of_the_definition(batches: list[int]) -> None:
    log = Log(batches)
    for size in range(len(log.entries) + 1):
        assert tree.root(size, log.lookup) == definition(log.entries[:size])


@given(SIZES, st.data())
def test_every_entry_is_proven_and_nothing_else_is(size: int, data: st.DataObject) -> None:
    log = Log([size])
    index = data.draw(st.integers(0, size - 1))
    leaf, whole = tree.leaf_hash(log.entries[index]), tree.root(size, log.lookup)
    proof = tree.inclusion_proof(index, size, log.lookup)
    assert tree.is_included(leaf, index, size, proof, whole)
    assert not tree.is_included(tree.leaf_hash(b"another"), index, size, proof, whole)
    assert not tree.is_included(leaf, index, size, proof, tree.leaf_hash(b"another"))
    assert not tree.is_included(leaf, index, size, [*proof, whole], whole)
    for other in range(size):
        assert tree.is_included(leaf, other, size, proof, whole) == (other == index)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        bent = bytes([proof[at][0] ^ 1]) + proof[at][1:]
        assert not tree.is_included(leaf, index, size, [*proof[:at], bent, *proof[at + 1 :]], whole)
        assert not tree.is_included(leaf, index, size, proof[:-1], whole)


@given(SIZES, st.data())
def test_every_earlier_size_is_a_beginning_and_no_other_is(size: int, data: st.DataObject) -> None:
    log = Log([size])
    old = data.draw(st.integers(1, size))
    before, whole = tree.root(old, log.lookup), tree.root(size, log.lookup)
    proof = tree.consistency_proof(old, size, log.lookup)
    assert tree.is_consistent(old, before, size, whole, proof)
    assert not tree.is_consistent(old, tree.leaf_hash(b"x"), size, whole, proof)
    assert not tree.is_consistent(old, before, size, tree.leaf_hash(b"x"), proof)
    assert not tree.is_consistent(old, before, size, whole, [*proof, whole])
    if old < size:
        assert not tree.is_consistent(old, before, size, whole, proof[:-1])
        forged = Log([size])
        forged.nodes[0, old - 1] = tree.leaf_hash(b"rewritten")
        for level, number, value in list(tree.grown(0, [forged.nodes[0, i] for i in range(size)], log.lookup)):
            forged.nodes[level, number] = value
        rewritten = tree.root(size, forged.lookup)
        assert not tree.is_consistent(old, before, size, rewritten, proof)
        assert not tree.is_consistent(old, before, size, rewritten, tree.consistency_proof(old, size, forged.lookup))


@settings(max_examples=300)
@given(st.integers(0, 40), st.integers(0, 40), st.lists(st.binary(min_size=0, max_size=33), max_size=8), st.data())
def test_nothing_random_is_a_proof(a: int, b: int, proof: list[bytes], data: st.DataObject) -> None:
    log = Log([40])
    value = data.draw(st.binary(min_size=32, max_size=32))
    assert not tree.is_included(value, a, b, proof, tree.root(min(b, 40), log.lookup))
    if b:
        assert not tree.is_consistent(a, value, b, tree.root(b, log.lookup), proof)


def test_an_old_log_of_nothing_grows_into_anything() -> None:
    log = Log([5])
    whole = tree.root(5, log.lookup)
    assert tree.is_consistent(0, tree.EMPTY, 5, whole, [])
    assert not tree.is_consistent(0, whole, 5, whole, [])
    assert not tree.is_consistent(0, tree.EMPTY, 5, whole, [whole])
    assert tree.is_consistent(0, tree.EMPTY, 0, tree.EMPTY, [])


def test_a_leaf_is_no_node() -> None:
    """Without the first byte, two entries could be passed off as one that holds their hashes."""
    a, b = tree.leaf_hash(b"a"), tree.leaf_hash(b"b")
    assert tree.leaf_hash(a + b) != tree.node_hash(a, b)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_what_is_not_in_the_log_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not among"):
        tree.inclusion_proof(index, size, Log([3]).lookup)


@pytest.mark.parametrize(("old", "size"), [(0, 3), (4, 3), (-1, 2)])
def test_what_is_no_beginning_has_no_proof(old: int, size: int) -> None:
    with pytest.raises(ValueError, match="not the beginning"):
        tree.consistency_proof(old, size, Log([3]).lookup)


def test_a_proof_in_ten_million_is_short() -> None:
    asked = 0

    def lookup(level: int, number: int) -> Hash:
        nonlocal asked
        asked += 1
        return bytes(32)

    assert len(tree.inclusion_proof(1_234_567, 10_000_000, lookup)) <= 24
    assert asked < 80
