"""SM3 (GB/T 32905-2016): by OpenSSL or `cryptography`, and where neither has it, in plain Python for small data.

Plain Python reaches some 100 kB a second: enough for a signature over `case.json`, and hopeless for a recording.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from typing import Protocol

_START = (
    0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E,
)  # fmt: skip
_MASK = 0xFFFFFFFF


class Hash(Protocol):
    """A digest under way, as in `hashlib`."""

    def update(self, data: bytes, /) -> object: ...

    def digest(self) -> bytes: ...

    def hexdigest(self) -> str: ...


def _fast() -> Callable[[], Hash] | None:
    try:
        hashlib.new("sm3")
    except ValueError:  # not in this build of OpenSSL
        try:
            from evidence_export.bag.native import Sm3
        except ImportError:
            return None
        return Sm3
    return lambda: hashlib.new("sm3")


new = _fast()
"""Begins a digest at the speed of files; None where this machine has neither OpenSSL's SM3 nor `cryptography`."""


def digest(*parts: bytes) -> bytes:
    """The SM3 of small data, on any machine."""
    if new is None:
        return plain(b"".join(parts))
    found = new()
    for part in parts:
        found.update(part)
    return found.digest()


def plain(data: bytes) -> bytes:
    """The same in plain Python."""
    padded = data + b"\x80" + b"\0" * (-(len(data) + 9) % 64) + (len(data) * 8).to_bytes(8, "big")
    state: tuple[int, ...] = _START
    for start in range(0, len(padded), 64):
        state = _block(state, padded[start : start + 64])
    return struct.pack(">8I", *state)


def _block(state: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    w = list(struct.unpack(">16I", block))
    for j in range(16, 68):
        x = w[j - 16] ^ w[j - 9] ^ _left(w[j - 3], 15)
        w.append(x ^ _left(x, 15) ^ _left(x, 23) ^ _left(w[j - 13], 7) ^ w[j - 6])
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        late = j >= 16
        turned = _left(a, 12)
        ss1 = _left((turned + e + _left(0x7A879D8A if late else 0x79CC4519, j % 32)) & _MASK, 7)
        ff = (a & b) | (a & c) | (b & c) if late else a ^ b ^ c
        gg = (e & f) | (~e & g) if late else e ^ f ^ g
        tt1 = (ff + d + (ss1 ^ turned) + (w[j] ^ w[j + 4])) & _MASK
        tt2 = (gg + h + ss1 + w[j]) & _MASK
        a, b, c, d = tt1, a, _left(b, 9), c
        e, f, g, h = tt2 ^ _left(tt2, 9) ^ _left(tt2, 17), e, _left(f, 19), g
    return tuple(one ^ other for one, other in zip(state, (a, b, c, d, e, f, g, h), strict=True))


def _left(value: int, count: int) -> int:
    return (value << count | value >> (32 - count)) & _MASK
