"""Files locked with a password, in the form of age (c2sp.org/age): anyone opens them with the ordinary tool `age -d`.

Only its scrypt recipient, read and written as a stream of 64 KiB chunks. pyrage's functions for passwords take and give
whole files (500 MiB took 1.5 GiB of memory); the primitives are all those of `cryptography`, the form is held against
both tools by the tests.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
from dataclasses import dataclass
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from evidence_export.errors import EvidenceError

SUFFIX = ".age"
WORK_FACTOR = 18
"""log2 of scrypt's N, as the tool writes it: 256 MiB of memory and about a second for each try."""
_MAX_WORK_FACTOR = 20
"""What a hostile file may ask for: 1 GiB."""
_CHUNK, _TAG = 64 << 10, 16
_KEY_BYTES = _SALT_BYTES = _NONCE_BYTES = 16
_VERSION = b"age-encryption.org/v1\n"
_ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
_LABEL = b"age-encryption.org/v1/scrypt"
_MAX_LINE = 8 << 10
_STANZA = re.compile(rb"-> scrypt ([A-Za-z0-9+/]{22}) ([1-9][0-9]?)\n")
_AGAIN = "Ask the sender for it again, and whether it was sent whole"


class AgeError(EvidenceError):
    """A file that cannot be opened: it is not locked with a password, or in another form."""


class WrongPasswordError(AgeError):
    """Not the password, or a changed beginning: nobody can tell these apart."""


class DamagedError(AgeError):
    """The password is right, and the file is not what was locked with it: changed, or cut short."""


@dataclass(frozen=True, slots=True)
class _Header:
    """What stands in front of the content. `signed`: the bytes that `mac` is over."""

    salt: bytes
    work_factor: int
    wrapped: bytes
    signed: bytes
    mac: bytes


def is_locked(head: bytes) -> bool:
    """Whether a file that begins like this is one of age's, of whatever kind."""
    return head.startswith((_VERSION[:19], _ARMOR))


def lock(source: BinaryIO, to: BinaryIO, password: str, *, work_factor: int = WORK_FACTOR) -> None:
    """Write what `source` holds to `to`, locked. Raises OSError, AgeError (too little memory)."""
    key, salt, nonce = os.urandom(_KEY_BYTES), os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    wrapped = ChaCha20Poly1305(_stretched(password, salt, work_factor)).encrypt(bytes(12), key, None)
    signed = _VERSION + b"-> scrypt %b %d\n%b\n---" % (_text(salt), work_factor, _text(wrapped))
    to.write(signed + b" " + _text(_mac(key, signed)) + b"\n" + nonce)
    content = ChaCha20Poly1305(_derived(key, b"payload", nonce))
    number, chunk = 0, source.read(_CHUNK)
    while True:
        following = source.read(_CHUNK)
        to.write(content.encrypt(_nonce(number, last=not following), chunk, None))
        if not following:
            return
        number, chunk = number + 1, following


def unlock(source: BinaryIO, to: BinaryIO, password: str) -> None:
    """Write the content of a locked file to `to`. Hostile input.

    Raises WrongPasswordError; DamagedError, also after all but the end was written: what is there then counts for
    nothing; AgeError for other kinds of files; OSError.
    """
    header = _header(source)
    try:
        wrap = ChaCha20Poly1305(_stretched(password, header.salt, header.work_factor))
        key = wrap.decrypt(bytes(12), header.wrapped, None)
    except InvalidTag:
        raise WrongPasswordError(
            "this is not the password that it was locked with",
            remedy="Mind capitals and spaces. If it is certainly right, the beginning was changed: ask for it again",
        ) from None
    if not hmac.compare_digest(_mac(key, header.signed), header.mac):
        raise _damaged("its first lines were changed since it was locked")
    nonce = source.read(_NONCE_BYTES)
    if len(nonce) < _NONCE_BYTES:
        raise _damaged("its end is missing")
    content = ChaCha20Poly1305(_derived(key, b"payload", nonce))
    number, chunk = 0, source.read(_CHUNK + _TAG)
    while True:
        following = source.read(_CHUNK + _TAG)
        to.write(_opened(content, number, chunk, last=not following))
        if not following:
            return
        number, chunk = number + 1, following


def _opened(content: ChaCha20Poly1305, number: int, chunk: bytes, *, last: bool) -> bytes:
    if len(chunk) < _TAG or (len(chunk) == _TAG and number > 0):
        raise _damaged("its end is missing")
    try:
        return content.decrypt(_nonce(number, last=last), chunk, None)
    except InvalidTag:
        pass
    try:
        content.decrypt(_nonce(number, last=not last), chunk, None)
    except InvalidTag:
        raise _damaged("it was changed since it was locked, or its end is missing") from None
    raise _damaged("its end is missing" if last else "something was added at its end")


def _header(source: BinaryIO) -> _Header:
    version = source.readline(_MAX_LINE)
    if version.startswith(_ARMOR):
        raise AgeError("it is in the text form of age (armor)", remedy="Open it with: age -d -o FILE.zip FILE.age")
    if _VERSION.startswith(version) and b"" != version != _VERSION:
        raise _damaged("its end is missing")
    if version != _VERSION:
        known = version.startswith(_VERSION[:19])
        raise AgeError(
            "it is locked in a newer form of age" if known else "it is not locked with a password (no file of age's)",
            remedy="Open it with: age -d -o FILE.zip FILE.age" if known else "Give it without a password",
        )
    first, body, end = source.readline(_MAX_LINE), source.readline(_MAX_LINE), source.readline(_MAX_LINE)
    if first.startswith(b"-> ") and not first.startswith(b"-> scrypt "):
        raise AgeError("it is locked for a key, not with a password", remedy="Open it with: age -d -i KEY-FILE")
    stanza = _STANZA.fullmatch(_line(first) + b"\n")
    if stanza is None or not end.startswith(b"--- "):
        raise _damaged("its first lines are not in the form of age")
    work_factor = int(stanza[2])
    if work_factor > _MAX_WORK_FACTOR:
        raise AgeError(
            f"opening it would take too much memory (work factor {work_factor})",
            remedy=f"Have the sender lock it with a work factor of no more than {_MAX_WORK_FACTOR}",
        )
    salt, wrapped = _bytes(stanza[1], _SALT_BYTES), _bytes(_line(body), _KEY_BYTES + _TAG)
    return _Header(salt, work_factor, wrapped, version + first + body + b"---", _bytes(_line(end)[4:], 32))


def _line(text: bytes) -> bytes:
    """Without its end, which it must have."""
    if not text.endswith(b"\n"):
        raise _damaged("its end is missing")
    return text[:-1]


def _stretched(password: str, salt: bytes, work_factor: int) -> bytes:
    try:
        return Scrypt(salt=_LABEL + salt, length=32, n=1 << work_factor, r=8, p=1).derive(password.encode())
    except MemoryError:
        raise AgeError(
            f"there is not enough free memory for the password ({(1 << work_factor) >> 10} MiB)",
            remedy="Close other programs, or do it on a larger machine",
        ) from None


def _derived(key: bytes, info: bytes, salt: bytes | None = None) -> bytes:
    return HKDF(SHA256(), 32, salt, info).derive(key)


def _mac(key: bytes, signed: bytes) -> bytes:
    return hmac.digest(_derived(key, b"header"), signed, "sha256")


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def _text(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _bytes(text: bytes, length: int) -> bytes:
    """The one form that base64 has here: without padding, and no bits left over."""
    try:
        data = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        data = b""
    if len(data) != length or _text(data) != text:
        raise _damaged("its first lines are not in the form of age")
    return data


def _damaged(what: str) -> DamagedError:
    return DamagedError(what, remedy=_AGAIN)
