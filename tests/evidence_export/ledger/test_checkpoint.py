"""Checkpoints: one form, read strictly, and signatures that hold for nothing else."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from evidence_export.bag import pubkey
from evidence_export.bag.pubkey import PublicKey
from evidence_export.keys import EcdsaSigner, Ed25519Signer, Signer
from evidence_export.ledger.checkpoint import MAX_NOTE_BYTES, Checkpoint, key_mark, read_note, signed

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
POINT = Checkpoint("streetproof/yuhang/7f3a09c2", 12_345, hashlib.sha256(b"root").digest(), "2026-11-29T01:02:03.5Z")


SITE = Ed25519Signer(KEY)


def public(signer: Signer) -> PublicKey:
    return pubkey.from_pem(signer.public_key_pem)


def test_a_checkpoint_has_this_very_form() -> None:
    note = signed(POINT, SITE)
    root = base64.b64encode(POINT.root).decode()
    assert note.decode().split("\n")[:5] == [
        "streetproof/yuhang/7f3a09c2", "12345", root, "time 2026-11-29T01:02:03.5Z", "",
    ]  # fmt: skip
    assert note.decode().split("\n")[5].startswith("— streetproof/yuhang/7f3a09c2 ")
    assert note.endswith(b"\n") and note.count(b"\n") == 6


def test_a_signature_is_read_as_the_signed_note_describes_it() -> None:
    """By hand: four bytes of SHA-256(name, newline, 1, key), then the signature over the text."""
    value = base64.b64decode(signed(POINT, SITE).decode().split("\n")[5].split(" ")[2])
    raw = KEY.public_key().public_bytes_raw()
    assert value[:4] == hashlib.sha256(POINT.origin.encode() + b"\n\x01" + raw).digest()[:4]
    KEY.public_key().verify(value[4:], POINT.text)


def test_what_was_signed_is_read_back_and_verifies() -> None:
    note = read_note(signed(POINT, SITE))
    assert note.checkpoint == POINT
    assert note.signed_by(public(SITE))
    assert not note.signed_by(public(Ed25519Signer(Ed25519PrivateKey.generate())))


def test_a_second_signature_beside_it_changes_nothing() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    first, second = signed(POINT, SITE), signed(POINT, Ed25519Signer(other))
    both = read_note(first + second.split(b"\n\n")[1])
    assert both.signed_by(public(SITE)) and both.signed_by(public(Ed25519Signer(other)))


@example(230, 1)
@given(st.integers(0, 2**16), st.integers(1, 255))
def test_no_byte_can_be_changed(at: int, by: int) -> None:
    note = signed(POINT, SITE)
    at %= len(note)
    bent = note[:at] + bytes([note[at] ^ by]) + note[at + 1 :]
    try:
        read = read_note(bent)
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        assert not read.signed_by(public(SITE))


@given(st.binary(max_size=300))
def test_anything_else_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(ValueError) as refused:
        read_note(data)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"12345", b"012345"), (b"12345", b"+12345"), (b"12345", b"1_2345"), (b"\ntime ", b"\ntime  "),
        (b"\n\n", b"\nmore\n\n"), (b"\n\n", b"\n\n\n"), (b"Z\n", b"+00:00\n"),
    ],
)  # fmt: skip
def test_a_second_form_of_the_same_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(ValueError):
        read_note(signed(POINT, SITE).replace(old, new, 1))


def test_a_note_of_any_length_is_not_read() -> None:
    with pytest.raises(ValueError, match="no more than"):
        read_note(b"a" * (MAX_NOTE_BYTES + 1))


@pytest.mark.parametrize("origin", ["", "a b", "站点", "-a", "a\n", "a" * 200])
def test_an_origin_is_a_plain_name(origin: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        Checkpoint(origin, 0, bytes(32), "2026-11-29T00:00:00Z")


def test_another_algorithm_signs_as_well() -> None:
    signer = EcdsaSigner(ec.generate_private_key(ec.SECP256R1()))
    key = pubkey.from_pem(signer.public_key_pem)
    note = read_note(signed(POINT, signer))
    assert note.signed_by(key) and not note.signed_by(public(SITE))
    changed = signed(POINT, signer).replace(b"12345", b"12346")
    assert not read_note(changed).signed_by(key)


def test_keys_of_one_name_are_told_apart() -> None:
    marks = {key_mark(POINT.origin, public(Ed25519Signer(Ed25519PrivateKey.generate()))) for _ in range(50)}
    assert len(marks) == 50
