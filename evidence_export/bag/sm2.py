"""Checking SM2 signatures with SM3 (GB/T 32918.2-2016, GB/T 32918.5-2017, GB/T 32905), in plain Python.

`cryptography` has no SM2. Checking handles public values only, so nothing here has to be constant in time, and nothing
here may be used with a private key. The distinguishing identifier is the usual `1234567812345678` (GM/T 0009).
"""

from __future__ import annotations

from evidence_export.bag import curve, der, sm3
from evidence_export.bag.curve import Point

DISTINGUISHING_ID = b"1234567812345678"

CURVE = curve.SM2
P, N, G = CURVE.p, CURVE.n, CURVE.g

SPKI_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200" + "04")
"""SubjectPublicKeyInfo of an SM2 key up to the two coordinates: id-ecPublicKey on sm2p256v1, point uncompressed."""


def on_curve(point: Point) -> bool:
    """Whether it is a point of the curve. (The cofactor is 1.)"""
    return CURVE.has(point)


def point_of(spki: bytes) -> Point:
    """The point of a DER SubjectPublicKeyInfo. Raises ValueError for another key, or a point off the curve."""
    if not spki.startswith(SPKI_HEAD) or len(spki) != len(SPKI_HEAD) + 64:
        raise ValueError("no SM2 public key with an uncompressed point")
    x, y = spki[-64:-32], spki[-32:]
    point = int.from_bytes(x, "big"), int.from_bytes(y, "big")
    if not on_curve(point):
        raise ValueError("an SM2 key whose point is not on the curve")
    return point


def spki_of(point: Point) -> bytes:
    """The DER SubjectPublicKeyInfo of a point."""
    return SPKI_HEAD + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def digest(public: Point, message: bytes, identity: bytes = DISTINGUISHING_ID) -> int:
    """e = SM3(Z || message), Z = SM3(length of the identity in bits || identity || a || b || G || public key)."""
    values = b"".join(one.to_bytes(32, "big") for one in (P - 3, CURVE.b, *G, *public))
    z = sm3.digest((len(identity) * 8).to_bytes(2, "big"), identity, values)
    return int.from_bytes(sm3.digest(z, message), "big")


def encode(r: int, s: int) -> bytes:
    """A signature as GM/T 0009 and OpenSSL write it: SEQUENCE of the two integers."""
    return der.tlv(der.SEQUENCE, der.integer(r), der.integer(s))


def decode(signature: bytes) -> tuple[int, int]:
    """r and s. Raises ValueError for anything that is not exactly what `encode` writes."""
    content = der.whole(der.read(signature, der.SEQUENCE))
    r, rest = der.read_integer(content)
    s, rest = der.read_integer(rest)
    if rest:
        raise ValueError("DER: something follows the end")
    return r, s


def verify(public: Point, signature: bytes, message: bytes, identity: bytes = DISTINGUISHING_ID) -> bool:
    """Whether `signature` (DER) over `message` was made with the private key of `public` (GB/T 32918.2, 7.1)."""
    try:
        r, s = decode(signature)
    except ValueError:
        return False
    return on_curve(public) and verify_digest(public, r, s, digest(public, message, identity))


def verify_digest(public: Point, r: int, s: int, e: int) -> bool:
    """The steps B1, B2 and B5 to B7 of the standard. `public` must be on the curve."""
    if not (1 <= r < N and 1 <= s < N):
        return False
    t = (r + s) % N
    if t == 0:
        return False
    found = CURVE.combine(s, t, public)
    return found is not None and (e + found[0]) % N == r
