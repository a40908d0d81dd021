"""Arithmetic on the two curves of seals in Weierstrass form, P-256 and sm2p256v1: a = -3, cofactor 1.

Plain Python, for checking signatures: public values only, so nothing here is constant in time, and nothing here may be
used with a private key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Point: TypeAlias = tuple[int, int]
_Jacobian: TypeAlias = tuple[int, int, int]
_NEUTRAL: _Jacobian = (1, 1, 0)


@dataclass(frozen=True, slots=True)
class Curve:
    """y^2 = x^3 - 3x + b over the integers modulo `p`; `g` generates a group of the prime order `n`."""

    p: int
    b: int
    n: int
    g: Point

    def has(self, point: Point) -> bool:
        """Whether both coordinates are below p and satisfy the equation."""
        x, y = point
        return 0 <= x < self.p and 0 <= y < self.p and (y * y - (x * x * x - 3 * x + self.b)) % self.p == 0

    def combine(self, u: int, v: int, point: Point) -> Point | None:
        """u G + v `point`; None where that is the neutral element."""
        x, y, z = self._add(self._times(u, self.g), self._times(v, point))
        if z == 0:
            return None
        inverse = pow(z, -1, self.p)
        return x * inverse * inverse % self.p, y * inverse * inverse * inverse % self.p

    def _times(self, scalar: int, point: Point) -> _Jacobian:
        base, total = (*point, 1), _NEUTRAL
        for bit in bin(scalar)[2:]:
            total = self._double(total)
            if bit == "1":
                total = self._add(total, base)
        return total

    def _double(self, point: _Jacobian) -> _Jacobian:
        x, y, z = point
        p = self.p
        if z == 0 or y == 0:
            return _NEUTRAL
        yy, zz = y * y % p, z * z % p
        s = 4 * x * yy % p
        m = 3 * (x - zz) * (x + zz) % p
        x3 = (m * m - 2 * s) % p
        return x3, (m * (s - x3) - 8 * yy * yy) % p, 2 * y * z % p

    def _add(self, one: _Jacobian, other: _Jacobian) -> _Jacobian:
        (x1, y1, z1), (x2, y2, z2), p = one, other, self.p
        if z1 == 0:
            return other
        if z2 == 0:
            return one
        zz1, zz2 = z1 * z1 % p, z2 * z2 % p
        u1, u2 = x1 * zz2 % p, x2 * zz1 % p
        s1, s2 = y1 * z2 * zz2 % p, y2 * z1 * zz1 % p
        if u1 == u2:
            return self._double(one) if s1 == s2 else _NEUTRAL
        h, r = (u2 - u1) % p, (s2 - s1) % p
        hh = h * h % p
        hhh, v = h * hh % p, u1 * hh % p
        x3 = (r * r - hhh - 2 * v) % p
        return x3, (r * (v - x3) - s1 * hhh) % p, h * z1 * z2 % p


P256 = Curve(
    p=0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
    b=0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    n=0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    g=(
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
)
"""FIPS 186-5, D.1.2.3 (SP 800-186)."""

SM2 = Curve(
    p=0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF,
    b=0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93,
    n=0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123,
    g=(
        0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
        0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
    ),
)
"""sm2p256v1 of GB/T 32918.5-2017 (1.2.156.10197.1.301)."""
