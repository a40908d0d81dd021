"""Checking Ed25519 signatures (RFC 8032, 5.1) in plain Python. Public values only: nothing here is constant in time."""

from __future__ import annotations

import hashlib
from typing import TypeAlias

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)
"""A square root of -1."""
_Point: TypeAlias = tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T: x = X/Z, y = Y/Z, x y = T/Z."""
_NEUTRAL: _Point = (0, 1, 1, 0)

SMALL = frozenset(
    bytes.fromhex(written)
    for written in (
        "01" + "00" * 31,
        "ec" + "ff" * 30 + "7f",
        "00" * 32,
        "00" * 31 + "80",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    )
)
"""The eight points of small order, as they are written. With one as key, signatures hold that nobody made."""


def is_key(key: bytes) -> bool:
    """Whether 32 bytes are a point of the curve in its one form, and none of small order."""
    return key not in SMALL and _decode(key) is not None


def verify(key: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the 64 bytes `signature` are one over `data` by `key`, for which `is_key` holds.

    Without cofactor, as OpenSSL and browsers check it: [S]B - [k]A, written down, is R to the bit.
    """
    point, s = _decode(key), int.from_bytes(signature[32:], "little")
    if point is None or len(signature) != 64 or s >= _ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + data).digest(), "little") % _ORDER
    x, y, z, t = point
    return _encode(_add(_times(s, _base()), _times(k, (-x % _P, y, z, -t % _P)))) == signature[:32]


def _base() -> _Point:
    found = _decode((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))
    assert found is not None
    return found


def _decode(written: bytes) -> _Point | None:
    """RFC 8032, 5.1.3; None for what is no point, or not written as `_encode` would."""
    whole = int.from_bytes(written, "little")
    sign, y = whole >> 255, whole & (2**255 - 1)
    if len(written) != 32 or y >= _P:
        return None
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    if v * x * x % _P != u:
        x = x * _ROOT % _P
        if v * x * x % _P != u:
            return None
    if x == 0 and sign:
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _encode(point: _Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, _P)
    x, y = x * inverse % _P, y * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _add(one: _Point, other: _Point) -> _Point:
    (x1, y1, z1, t1), (x2, y2, z2, t2) = one, other
    a, b = (y1 - x1) * (y2 - x2) % _P, (y1 + x1) * (y2 + x2) % _P
    c, d = 2 * t1 * t2 * _D % _P, 2 * z1 * z2 % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(scalar: int, point: _Point) -> _Point:
    total = _NEUTRAL
    for bit in bin(scalar)[2:]:
        total = _add(total, total)
        if bit == "1":
            total = _add(total, point)
    return total
