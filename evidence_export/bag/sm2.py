"""Checking SM2 signatures with SM3 (GB/T 32918.2-2016, GB/T 32918.5-2017, GB/T 32905), in plain Python.

`cryptography` has no SM2. Checking handles public values only, so nothing here has to be constant in time, and nothing
here may be used with a private key. The distinguishing identifier is the usual `1234567812345678` (GM/T 0009).
"""

from __future__ import annotations

from typing import TypeAlias

from cryptography.hazmat.primitives import hashes

from evidence_export.bag import der

DISTINGUISHING_ID = b"1234567812345678"

# The curve of GB/T 32918.5-2017, sm2p256v1 (1.2.156.10197.1.301).
P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)

SPKI_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200" + "04")
"""SubjectPublicKeyInfo of an SM2 key up to the two coordinates: id-ecPublicKey on sm2p256v1, point uncompressed."""

Point: TypeAlias = tuple[int, int]
_Jacobian: TypeAlias = tuple[int, int, int]


def on_curve(point: Point) -> bool:
    """Whether both coordinates are below p and satisfy the equation of the curve. (The cofactor is 1.)"""
    x, y = point
    return 0 <= x < P and 0 <= y < P and (y * y - (x * x * x + A * x + B)) % P == 0


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
    curve = (A, B, *G, *public)
    z = _sm3((len(identity) * 8).to_bytes(2, "big") + identity + b"".join(one.to_bytes(32, "big") for one in curve))
    return int.from_bytes(_sm3(z, message), "big")


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
    found = _affine(_add(_times(s, G), _times(t, public)))
    return found is not None and (e + found[0]) % N == r


def _sm3(*parts: bytes) -> bytes:
    context = hashes.Hash(hashes.SM3())
    for part in parts:
        context.update(part)
    return context.finalize()


def _times(scalar: int, point: Point) -> _Jacobian:
    base = (*point, 1)
    total = (1, 1, 0)
    for bit in bin(scalar)[2:]:
        total = _double(total)
        if bit == "1":
            total = _add(total, base)
    return total


def _double(point: _Jacobian) -> _Jacobian:
    """For a = -3; the neutral element has z = 0."""
    x, y, z = point
    if z == 0 or y == 0:
        return 1, 1, 0
    yy = y * y % P
    s = 4 * x * yy % P
    zz = z * z % P
    m = 3 * (x - zz) * (x + zz) % P
    x3 = (m * m - 2 * s) % P
    return x3, (m * (s - x3) - 8 * yy * yy) % P, 2 * y * z % P


def _add(one: _Jacobian, other: _Jacobian) -> _Jacobian:
    x1, y1, z1 = one
    x2, y2, z2 = other
    if z1 == 0:
        return other
    if z2 == 0:
        return one
    zz1, zz2 = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * zz2 % P, x2 * zz1 % P
    s1, s2 = y1 * z2 * zz2 % P, y2 * z1 * zz1 % P
    if u1 == u2:
        return _double(one) if s1 == s2 else (1, 1, 0)
    h, r = (u2 - u1) % P, (s2 - s1) % P
    hh = h * h % P
    hhh, v = h * hh % P, u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, h * z1 * z2 % P


def _affine(point: _Jacobian) -> Point | None:
    x, y, z = point
    if z == 0:
        return None
    inverse = pow(z, -1, P)
    return x * inverse * inverse % P, y * inverse * inverse * inverse % P
