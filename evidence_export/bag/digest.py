"""SHA-256, SM3 and CRC-32 of a file in one pass."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from cryptography.hazmat.primitives import hashes

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Digests:
    """What identifies a file's bytes: `size` in bytes, `sha256` and `sm3` (GB/T 32905) in lower-case hex, `crc32`."""

    size: int
    sha256: str
    sm3: str
    crc32: int


class _Hash(Protocol):
    def update(self, data: bytes, /) -> object: ...

    def hexdigest(self) -> str: ...


class _CryptographySm3:
    """SM3 where Python's OpenSSL was built without it."""

    def __init__(self) -> None:
        self._context = hashes.Hash(hashes.SM3())

    def update(self, data: bytes, /) -> None:
        self._context.update(data)

    def hexdigest(self) -> str:
        return self._context.finalize().hex()


def _new_sm3() -> _Hash:
    try:
        return hashlib.new("sm3", usedforsecurity=True)
    except ValueError:  # not in this build of OpenSSL
        return _CryptographySm3()


class Hasher:
    """Feeds the same bytes to every digest; `result` ends it."""

    def __init__(self) -> None:
        self._size = 0
        self._crc32 = 0
        self._sha256 = hashlib.sha256()
        self._sm3 = _new_sm3()

    def update(self, data: bytes) -> None:
        self._size += len(data)
        self._crc32 = zlib.crc32(data, self._crc32)
        self._sha256.update(data)
        self._sm3.update(data)

    def result(self) -> Digests:
        return Digests(self._size, self._sha256.hexdigest(), self._sm3.hexdigest(), self._crc32)


def digest_stream(stream: BinaryIO) -> Digests:
    """The digests of everything from the stream's position to its end."""
    hasher = Hasher()
    while chunk := stream.read(CHUNK):
        hasher.update(chunk)
    return hasher.result()


def digest_file(path: Path) -> Digests:
    """The digests of a file. Raises OSError."""
    with path.open("rb") as stream:
        return digest_stream(stream)


def digest_bytes(data: bytes) -> Digests:
    """The digests of bytes at hand."""
    hasher = Hasher()
    hasher.update(data)
    return hasher.result()
