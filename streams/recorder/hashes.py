"""SHA-256 and SM3 over a segment's bytes, in the order in which they are written."""

from __future__ import annotations

import hashlib
from typing import BinaryIO, NamedTuple

from cryptography.hazmat.primitives import hashes

_CHUNK = 1 << 20


class Hashes(NamedTuple):
    """`size` in bytes; the digests in lower-case hex, SM3 after GB/T 32905."""

    size: int
    sha256: str
    sm3: str


class Hasher:
    """Feeds the same bytes to both; `result` ends it."""

    def __init__(self) -> None:
        self.size = 0
        self._sha256 = hashlib.sha256()
        self._sm3 = hashes.Hash(hashes.SM3())

    def update(self, data: bytes) -> None:
        self.size += len(data)
        self._sha256.update(data)
        self._sm3.update(data)

    def result(self) -> Hashes:
        return Hashes(self.size, self._sha256.hexdigest(), self._sm3.finalize().hex())


def hash_file(file: BinaryIO) -> Hashes:
    """Over a whole file, from its beginning. Raises OSError."""
    hasher = Hasher()
    file.seek(0)
    while chunk := file.read(_CHUNK):
        hasher.update(chunk)
    return hasher.result()
