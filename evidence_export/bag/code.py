"""The anti-forgery code (防伪码): ties a sheet of paper to the one signed case that it was printed from.

A code is 16 characters of Crockford's base32, which has no I, L, O or U, in groups of four. 14 of them are the first
70 bits of SHA-256 over `_DOMAIN` and the SHA-256 of `case.json`; the last two make any one or two wrong characters
show, two that changed places among them (a Reed-Solomon code over GF(32), distance 3). So a slip of typing is told
from the code of another case.

Overlay copies of stills have a code of an older kind: the first 16 hex digits of the still's SHA-256. It has no check
characters: what is no more than two characters off is taken for a slip.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

LENGTH = 16
_DOMAIN = b"streetproof anti-forgery code 1\x00"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_HEX = frozenset("0123456789ABCDEF")
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})
_CHECKED = LENGTH - 2
_MAX_TYPED = 200
_NEAR = 2
_DASHES = "-_.:·・ー−"
"""What people put between groups, beside spaces and what Unicode calls a dash."""


class Outcome(StrEnum):
    """What a typed code is."""

    MATCHES = "matches"
    SLIP = "slip"
    ANOTHER = "another"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a typed code is, and why, for somebody who holds the sheet; `of`: the file whose code it is."""

    outcome: Outcome
    why: str
    why_zh: str
    of: str | None = None


def code_of(manifest_sha256: str) -> str:
    """The code of a case, `XXXX-XXXX-XXXX-XXXX`. `manifest_sha256`: of `case.json`, 64 hex characters.

    Raises ValueError where it is no SHA-256.
    """
    digest = bytes.fromhex(manifest_sha256)
    if len(digest) != hashlib.sha256().digest_size:
        raise ValueError("an anti-forgery code is made of a SHA-256")
    bits = int.from_bytes(hashlib.sha256(_DOMAIN + digest).digest(), "big")
    values = [bits >> (256 - 5 * (place + 1)) & 31 for place in range(_CHECKED)]
    return grouped("".join(_ALPHABET[value] for value in [*values, *_check_values(values)]))


def still_code(sha256: str) -> str:
    """The code on the overlay copy of a still with that SHA-256, ungrouped, in capitals."""
    return sha256[:LENGTH].upper()


def grouped(code: str, between: str = "-") -> str:
    """`code` in groups of four."""
    return between.join(code[start : start + 4] for start in range(0, len(code), 4))


def read(typed: str, manifest_sha256: str, stills: Mapping[str, str]) -> Verdict:
    """What somebody typed, against a case. `stills`: path -> SHA-256 of the original stills.

    Case, spaces, hyphens and full-width characters do not matter; O is read as 0, I and L as 1.
    """
    found, strange = _plain(typed)
    own = code_of(manifest_sha256).replace("-", "")
    codes = {still_code(sha256): path for path, sha256 in stills.items()}
    if found == own and not strange:
        return Verdict(Outcome.MATCHES, "it is the code of this case", "防伪码与本案一致", "case.json")
    if found in codes and not strange:
        path = codes[found]
        return Verdict(Outcome.MATCHES, f"it is the code of {path}", f"防伪码与本案图片 {path} 一致", path)
    if strange:
        return _slip(f"{strange} is in no such code", f"防伪码中不会出现 {strange}")
    if len(found) != LENGTH:
        return _slip(
            f"it has {len(found)} characters, and a code has {LENGTH}", f"共 {len(found)} 个字符，应为 {LENGTH} 个"
        )
    if any(_differences(found, code) <= _NEAR for code in (own, *codes)):
        return _slip("it is almost the code of this case", "与本案的防伪码仅差一两个字符")
    if set(found) <= _HEX:
        return Verdict(
            Outcome.ANOTHER,
            "it is the code of a picture of another case: no picture of this bundle has it",
            "此防伪码属于另一案件的图片：本证据包中没有对应的图片",
        )
    if not _holds([_VALUES[character] for character in found]):
        return _slip("its check characters do not fit the others", "校验字符不符")
    return Verdict(
        Outcome.ANOTHER,
        "it is well formed and belongs to another case: this sheet was not printed from this bundle",
        "此防伪码书写无误，但属于另一案件：该纸件并非由本证据包制作",
    )


def _slip(why: str, why_zh: str) -> Verdict:
    return Verdict(
        Outcome.SLIP,
        f"a slip of typing: {why}; read it again from the sheet",
        f"输入有误：{why_zh}，请对照纸件重新输入",
    )


def _plain(typed: str) -> tuple[str, str]:
    """The characters of a code that were typed, and the first that can be in none, so that it may be printed."""
    text = unicodedata.normalize("NFKC", typed[:_MAX_TYPED]).upper().translate(_MISREAD)
    kept = [one for one in text if one not in _DASHES and unicodedata.category(one) not in ("Zs", "Pd", "Cc", "Cf")]
    strange = next((one for one in kept if one not in _VALUES), "")
    return "".join(kept), strange if strange.isprintable() else "?"


def _differences(one: str, other: str) -> int:
    """In how many places two codes differ."""
    return sum(a != b for a, b in zip(one, other, strict=True))


def _times(one: int, other: int) -> int:
    """The product in GF(32) with x^5 + x^2 + 1."""
    product = 0
    while other:
        if other & 1:
            product ^= one
        one <<= 1
        if one & 32:
            one ^= 0b100101
        other >>= 1
    return product


def _power(exponent: int) -> int:
    """x to that power."""
    value = 1
    for _ in range(exponent):
        value = _times(value, 2)
    return value


_POWERS = [_power(place) for place in range(31)]


def _sums(values: Sequence[int]) -> tuple[int, int]:
    """The sum of the values, and the sum of each times x to its place; both are 0 in a whole code."""
    plain = weighted = 0
    for place, value in enumerate(values):
        plain ^= value
        weighted ^= _times(value, _POWERS[place])
    return plain, weighted


def _check_values(values: Sequence[int]) -> tuple[int, int]:
    """The two values that make both sums 0."""
    plain, weighted = _sums(values)
    spread = _POWERS[_CHECKED] ^ _POWERS[_CHECKED + 1]
    last = _times(weighted ^ _times(_POWERS[_CHECKED], plain), _POWERS[-_POWERS.index(spread) % 31])
    return plain ^ last, last


def _holds(values: Sequence[int]) -> bool:
    return _sums(values) == (0, 0)
