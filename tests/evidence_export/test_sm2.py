"""SM2: the standard's own numbers, two other implementations, and everything that must not pass."""

from __future__ import annotations

import base64
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_export.bag import der, layout, pubkey, sm2
from tests.evidence_export.opensslcheck import openssl, verifies, without_openssl_sm2

# GB/T 32918.5-2017, Annex A.2 (GM/T 0003.5-2012): identity 1234567812345678, message "message digest".
PRIVATE = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
PUBLIC = (
    0x09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020,
    0xCCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13,
)
MESSAGE = b"message digest"
E = 0xF0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640
K = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA


def test_the_example_of_the_standard() -> None:
    assert sm2.on_curve(PUBLIC) and sm2.on_curve(sm2.G)
    assert sm2.digest(PUBLIC, MESSAGE) == E
    assert sm2.verify_digest(PUBLIC, R, S, E)
    assert sm2.verify(PUBLIC, sm2.encode(R, S), MESSAGE)
    assert not sm2.verify(PUBLIC, sm2.encode(R, S), MESSAGE + b".")
    assert not sm2.verify(PUBLIC, sm2.encode(R, S), MESSAGE, identity=b"ALICE123@YAHOO.COM")


def test_gmssl_signs_the_example_with_the_same_numbers() -> None:
    engine = pytest.importorskip("gmssl.sm2").CryptSM2(f"{PRIVATE:064x}", "")
    assert engine.sign(E.to_bytes(32, "big"), f"{K:064x}") == f"{R:064x}{S:064x}"
    from evidence_export.keys import Sm2Signer

    assert sm2.point_of(pubkey.from_pem(Sm2Signer(PRIVATE).public_key_pem).der) == PUBLIC


@settings(max_examples=25, deadline=None)
@given(private=st.integers(1, sm2.N - 2), message=st.binary(max_size=200))
def test_what_gmssl_signs_holds_for_gmssl_and_for_us(private: int, message: bytes) -> None:
    gmssl = pytest.importorskip("gmssl.sm2")
    from evidence_export.keys import Sm2Signer

    signer = Sm2Signer(private)
    signature = signer.sign(message)
    key = pubkey.from_pem(signer.public_key_pem)
    assert key.verify(signature, message)
    assert not key.verify(signature, message + b"x")
    point, e = sm2.point_of(key.der), sm2.digest(sm2.point_of(key.der), message)
    theirs = gmssl.CryptSM2("", "00")
    theirs.public_key = f"{point[0]:064x}{point[1]:064x}"
    r, s = sm2.decode(signature)
    assert theirs.verify(f"{r:064x}{s:064x}", e.to_bytes(32, "big"))


@without_openssl_sm2
def test_what_openssl_signs_holds_and_nothing_near_it(tmp_path: Path) -> None:
    dice = random.Random(3)
    openssl("genpkey", "-algorithm", "SM2", "-out", tmp_path / "key.pem")
    key = pubkey.from_pem(openssl("pkey", "-in", tmp_path / "key.pem", "-pubout"))
    for _ in range(8):
        message = dice.randbytes(dice.randrange(1, 500))
        (tmp_path / "m").write_bytes(message)
        options = ("-sm3", "-sigopt", "distid:1234567812345678")
        signature = openssl("dgst", *options, "-sign", tmp_path / "key.pem", tmp_path / "m")
        assert key.verify(signature, message)
        for offset in range(len(signature)):
            flipped = bytearray(signature)
            flipped[offset] ^= 1 << dice.randrange(8)
            assert not key.verify(bytes(flipped), message), f"byte {offset}"


@without_openssl_sm2
def test_keys_and_signatures_are_openssls_too(tmp_path: Path) -> None:
    pytest.importorskip("gmssl")
    from evidence_export.keys.files import generate, read_key, signer_of, write_key

    private = generate(layout.SM2)
    write_key(tmp_path / "keys" / "k.pem", private)
    signer = signer_of(private)
    assert openssl("pkey", "-in", tmp_path / "keys" / "k.pem", "-pubout") == signer.public_key_pem
    assert verifies(tmp_path, signer.algorithm, signer.public_key_pem, signer.sign(b"case"), b"case")
    assert not verifies(tmp_path, signer.algorithm, signer.public_key_pem, signer.sign(b"case"), b"another")
    theirs = tmp_path / "keys" / "theirs.pem"
    openssl("genpkey", "-algorithm", "SM2", "-out", theirs)
    theirs.chmod(0o600)
    assert openssl("pkey", "-in", theirs, "-pubout") == signer_of(read_key(theirs)).public_key_pem


@pytest.mark.parametrize(
    ("r", "s"),
    [(0, S), (R, 0), (sm2.N, S), (R, sm2.N), (R + sm2.N, S), (R, S + sm2.N), (R, sm2.N - R), (R, sm2.N - S), (S, R)],
)
def test_numbers_out_of_range_are_refused(r: int, s: int) -> None:
    assert not sm2.verify_digest(PUBLIC, r, s, E)
    assert not sm2.verify(PUBLIC, sm2.encode(r, s), MESSAGE)


def test_points_off_the_curve_are_refused() -> None:
    x, y = PUBLIC
    for point in ((x, y ^ 1), (x + 1, y), (0, 0), (x, 0), (x + sm2.P, y), (x, y + sm2.P), (x, sm2.P)):
        assert not sm2.on_curve(point)
        assert not sm2.verify(point, sm2.encode(R, S), MESSAGE)
    spki = sm2.spki_of(PUBLIC)
    assert sm2.point_of(spki) == PUBLIC
    for wrong in (spki[:-1] + bytes([spki[-1] ^ 1]), spki[:-1], spki + b"\0", b""):
        with pytest.raises(ValueError, match="SM2"):
            sm2.point_of(wrong)


def test_a_signature_has_one_form() -> None:
    good = sm2.encode(R, S)
    padded = der.tlv(der.SEQUENCE, der.tlv(der.INTEGER, b"\0\0" + R.to_bytes(32, "big")), der.integer(S))
    negative = der.tlv(der.SEQUENCE, der.tlv(der.INTEGER, R.to_bytes(32, "big")), der.integer(S))
    long_length = b"\x30\x81" + good[1:]
    for wrong in (good + b"\0", good[:-1], padded, negative, long_length, b"", b"\x30", bytes(72), good + good):
        assert not sm2.verify(PUBLIC, wrong, MESSAGE)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=90))
def test_garbage_is_no_signature(data: bytes) -> None:
    assert not sm2.verify(PUBLIC, data, MESSAGE)


@pytest.mark.parametrize("algorithm", layout.ALGORITHMS)
def test_public_keys_have_one_form(algorithm: str) -> None:
    if algorithm == layout.SM2:
        key = pubkey.of_der(sm2.spki_of(PUBLIC))
    else:
        from evidence_export.keys.files import generate, signer_of

        key = pubkey.from_pem(signer_of(generate(algorithm)).public_key_pem)
    assert key.algorithm == algorithm
    assert pubkey.from_pem(key.pem) == key
    assert pubkey.from_pem(b"\n" + key.pem.replace(b"\n", b"\r\n")) == key
    line = base64.b64encode(key.der)
    assert pubkey.from_pem(b"-----BEGIN PUBLIC KEY-----\n" + line + b"\n-----END PUBLIC KEY-----").pem == key.pem
    for wrong in (b"", key.pem[:-30], key.pem.replace(b"PUBLIC", b"PRIVATE"), key.der):
        with pytest.raises(ValueError, match="key"):
            pubkey.from_pem(wrong)


def test_the_other_s_of_ecdsa_is_refused() -> None:
    """Whoever has one signature could write a second one: bundles know one only."""
    from evidence_export.keys.files import generate, signer_of

    signer = signer_of(generate(layout.ECDSA))
    key = pubkey.from_pem(signer.public_key_pem)
    for number in range(20):
        signature = signer.sign(bytes([number]))
        r, s = sm2.decode(signature)
        assert key.verify(signature, bytes([number]))
        assert not key.verify(sm2.encode(r, pubkey.P256_ORDER - s), bytes([number]))
