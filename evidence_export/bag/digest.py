"""SHA-256, SM3 and CRC-32 of a file in one pass."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from evidence_export.bag import sm3

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Digests:
    """What identifies a file's bytes: `size` in bytes, `sha256` and `sm3` (GB/T 32905) in lower-case hex, `crc32`.

    `sm3` is empty where this machine has no SM3 that is fast enough for files (`sm3.new`): never so where cases are
    sealed, which takes `cryptography`. Either is empty or None, too, where nobody asked for it.
    """

    size: int
    sha256: str
    sm3: str
    crc32: int | None


class Hasher:
    """Feeds the same bytes to every digest; `result` ends it. Without SM3 that of the result is empty.

    `with_crc32`: for what stands in a zip, whose directory names it.
    """

    def __init__(self, *, with_sm3: bool = True, with_crc32: bool = False) -> None:
        self._size = 0
        self._crc32 = 0 if with_crc32 else None
        self._sha256 = hashlib.sha256()
        self._sm3 = sm3.new() if with_sm3 and sm3.new is not None else None

    def update(self, data: bytes) -> None:
        self._size += len(data)
        if self._crc32 is not None:
            self._crc32 = zlib.crc32(data, self._crc32)
        self._sha256.update(data)
        if self._sm3 is not None:
            self._sm3.update(data)

    def result(self) -> Digests:
        found = "" if self._sm3 is None else self._sm3.hexdigest()
        return Digests(self._size, self._sha256.hexdigest(), found, self._crc32)


def digest_stream(stream: BinaryIO, *, with_sm3: bool = True, with_crc32: bool = False) -> Digests:
    """The digests of everything from the stream's position to its end."""
    hasher = Hasher(with_sm3=with_sm3, with_crc32=with_crc32)
    while chunk := stream.read(CHUNK):
        hasher.update(chunk)
    return hasher.result()


def digest_file(path: Path, *, with_sm3: bool = True, with_crc32: bool = False) -> Digests:
    """The digests of a file. Raises OSError."""
    with path.open("rb") as stream:
        return digest_stream(stream, with_sm3=with_sm3, with_crc32=with_crc32)


def digest_bytes(data: bytes) -> Digests:
    """Every digest of bytes at hand."""
    hasher = Hasher(with_crc32=True)
    hasher.update(data)
    return hasher.result()
