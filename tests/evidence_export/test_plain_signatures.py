"""Signatures checked in plain Python are those that `cryptography` accepts, at the edges as well.

And keys are ours only where nobody can sign for them without knowing a secret."""

from __future__ import annotations

import hashlib
import random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_export.bag import curve, edwards, layout, native, pubkey, sm2
from evidence_export.keys.softkeys import EcdsaSigner, Ed25519Signer

ED_ORDER = 2**252 + 27742317777372353535851937790883648493
ED_P = 2**255 - 19
N = curve.P256.n
ED_HEAD = bytes.fromhex("302a300506032b6570032100")
P256_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")


def ed25519_both(key: bytes, signature: bytes, data: bytes) -> bool:
    """What plain Python says, which must be what `cryptography` says."""
    plain = edwards.verify(key, signature, data)
    assert plain is native.ed25519(key, signature, data), (key.hex(), signature.hex())
    return plain


def p256_both(point: bytes, r: int, s: int, data: bytes) -> bool:
    signature = sm2.encode(r, s)
    plain = pubkey.plain_p256(point, signature, data)
    assert plain is native.p256(point, signature, data), (point.hex(), r, s)
    return plain


def test_the_examples_of_rfc_8032() -> None:
    """7.1, TEST 1 and TEST 3."""
    for key, data, signature in (
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
            "655141438e7a100b",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
            "c027beceea1ec40a",
        ),
    ):
        assert ed25519_both(bytes.fromhex(key), bytes.fromhex(signature), bytes.fromhex(data))


@settings(max_examples=20, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), data=st.binary(max_size=200), bit=st.integers(0, 511))
def test_ed25519(seed: bytes, data: bytes, bit: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    key = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signature = private.sign(data)
    assert ed25519_both(key, signature, data) and edwards.is_key(key)
    assert not ed25519_both(key, signature, data + b"x")
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << bit % 8
    assert not ed25519_both(key, bytes(flipped), data)


def test_the_other_s_of_ed25519_is_refused() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    key = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signature = private.sign(b"x")
    s = int.from_bytes(signature[32:], "little")
    for other in (s + ED_ORDER, s + 2 * ED_ORDER, 2**256 - 1, ED_ORDER, 0):
        assert not ed25519_both(key, signature[:32] + other.to_bytes(32, "little"), b"x")
    for short in (b"", signature[:-1], signature + b"\0"):
        assert not edwards.verify(key, short, b"x") and not pubkey.of_der(ED_HEAD + key).verify(short, b"x")


def test_keys_with_which_anything_is_signed_are_none() -> None:
    """Of small order, S = 0 and R = the neutral element hold for messages that nobody signed."""
    neutral = bytes([1]) + bytes(31)
    held = 0
    for key in edwards.SMALL:
        held += sum(edwards.verify(key, neutral + bytes(32), bytes([one])) for one in range(32))
        assert not edwards.is_key(key)
        with pytest.raises(ValueError, match="no point of the curve"):
            pubkey.of_der(ED_HEAD + key)
    assert held > 32, "the danger is real"


def test_a_signature_whose_r_is_of_small_order_is_refused() -> None:
    """R = the neutral element, S = k a: OpenSSL takes it, others do not; seals mean one thing to all."""
    seed = bytes(range(32))
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    scalar = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little") & (2**254 - 8) | 2**254
    neutral = bytes([1]) + bytes(31)
    k = int.from_bytes(hashlib.sha512(neutral + key + b"case").digest(), "little")
    signature = neutral + (k * scalar % ED_ORDER).to_bytes(32, "little")
    assert ed25519_both(key, signature, b"case")
    assert not pubkey.of_der(ED_HEAD + key).verify(signature, b"case")


def test_points_that_are_not_written_in_their_one_form_are_none() -> None:
    for y in range(19):  # y + p fits into 255 bits as well
        for sign in (0, 1):
            key = (y + ED_P | sign << 255).to_bytes(32, "little")
            assert not edwards.is_key(key)
    wrong = sum(not edwards.is_key(random.Random(one).randbytes(32)) for one in range(100))
    assert 20 < wrong < 80, "half of all bytes are no point"
    with pytest.raises(ValueError, match="no point"):
        pubkey.of_der(ED_HEAD + (2).to_bytes(32, "little"))


@settings(max_examples=20, deadline=None)
@given(private=st.integers(1, N - 1), data=st.binary(max_size=200))
def test_p256(private: int, data: bytes) -> None:
    signer = EcdsaSigner(ec.derive_private_key(private, ec.SECP256R1()))
    point = pubkey.from_pem(signer.public_key_pem).der[-65:]
    r, s = sm2.decode(signer.sign(data))
    assert p256_both(point, r, s, data) and p256_both(point, r, N - s, data)
    assert not p256_both(point, r, s, data + b"x")
    assert not p256_both(point, s, r, data)


def test_numbers_of_p256_at_the_edges() -> None:
    signer = EcdsaSigner(ec.derive_private_key(7, ec.SECP256R1()))
    key = pubkey.from_pem(signer.public_key_pem)
    point = key.der[-65:]
    r, s = sm2.decode(signer.sign(b"x"))
    edges = (0, 1, 2, N - 1, N, N + 1, curve.P256.p, 2**256 - 1, 2**256, r, s, r + N, s + N, N - r, N - s)
    good = [(one, other) for one in edges for other in edges if p256_both(point, one, other, b"x")]
    assert sorted(good) == sorted([(r, s), (r, N - s)])
    assert [one for one in good if key.verify(sm2.encode(*one), b"x")] == [(r, min(s, N - s))]
    for wrong in (b"", b"0", sm2.encode(r, s) + b"\0", sm2.encode(r, s)[:-1], bytes(64)):
        assert not key.verify(wrong, b"x")


def test_an_r_that_wraps_around_the_order() -> None:
    """x of the point may be n or more: r is then x - n."""
    x = next(x for x in range(N, N + 1000) if _root(x) is not None)
    y = _root(x)
    assert y is not None
    r, s, e = x - N, 12345, int.from_bytes(hashlib.sha256(b"x").digest(), "big")
    inverse = pow(r, -1, N)
    public = curve.P256.combine(-e * inverse % N, s * inverse % N, (x, y))
    assert public is not None
    point = b"\4" + b"".join(one.to_bytes(32, "big") for one in public)
    assert p256_both(point, r, s, b"x") and not p256_both(point, x - N + 1, s, b"x")


def _root(x: int) -> int | None:
    p = curve.P256.p
    square = (x**3 - 3 * x + curve.P256.b) % p
    root = pow(square, (p + 1) // 4, p)
    return root if root * root % p == square else None


def test_keys_of_p256_that_are_none() -> None:
    good = pubkey.from_pem(EcdsaSigner(ec.derive_private_key(7, ec.SECP256R1())).public_key_pem).der
    assert pubkey.of_der(good).algorithm == layout.ECDSA and good.startswith(P256_HEAD)
    flipped = good[:-1] + bytes([good[-1] ^ 1])
    compressed = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + b"\2" + good[-64:-32]
    for wrong, words in (
        (flipped, "not on the curve"),
        (P256_HEAD + b"\4" + bytes(64), "not on the curve"),
        (compressed, "one exact form"),
        (good + b"\0", "readable"),
        (good[:-1], "readable"),
        (b"", "readable"),
    ):
        with pytest.raises(ValueError, match=words):
            pubkey.of_der(wrong)


def test_keys_of_other_kinds_are_named() -> None:
    from cryptography.hazmat.primitives.asymmetric import ed448, rsa, x25519

    for key, words in (
        (rsa.generate_private_key(65537, 2048), "a RSA key"),
        (ed448.Ed448PrivateKey.generate(), "a Ed448 key"),
        (x25519.X25519PrivateKey.generate(), "a X25519 key"),
        (ec.generate_private_key(ec.SECP384R1()), "another curve"),
        (ec.generate_private_key(ec.SECP256K1()), "another curve"),
    ):
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        with pytest.raises(ValueError, match=words):
            pubkey.of_der(spki)


def test_without_cryptography_the_same_signatures_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pubkey, "_ed25519", edwards.verify)
    monkeypatch.setattr(pubkey, "_p256", pubkey.plain_p256)
    for signer in (
        Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32)))),
        EcdsaSigner(ec.derive_private_key(11, ec.SECP256R1())),
    ):
        key = pubkey.from_pem(signer.public_key_pem)
        signature = signer.sign(b"case")
        assert key.verify(signature, b"case") and not key.verify(signature, b"cast")
        for offset in range(len(signature)):
            wrong = bytearray(signature)
            wrong[offset] ^= 1
            assert not key.verify(bytes(wrong), b"case")
