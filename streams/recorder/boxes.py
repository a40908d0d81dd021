"""Top-level boxes of a segment (ISO/IEC 14496-12, 4.2), walked in files that may be cut off, damaged or hostile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple
from uuid import UUID

OPENING = UUID("7c3e1b5a-52f6-4e0d-9a41-6d1f0c8e27b1")
CLOSING = UUID("b0a9d8c4-17e3-4d52-8f6b-3e95a2c4610f")
"""Types of the two `uuid` boxes (4.2, extended type) that hold what a segment says of itself."""

MAX_RECORD = 64 << 10
"""Bytes of JSON in one of them."""
MAX_HEAD = 1 << 20
"""`ftyp` and `moov` together: a track without samples takes about a kilobyte."""
MAX_MOOF = 16 << 20
MAX_BOXES = 100_000
"""A fragment a second for a day, and more than a segment can grow to."""
_HEADER = 8
_TYPE = 16


class Box(NamedTuple):
    """Where a whole box lies. `header` counts the bytes before its content; `extended` is set for `uuid` boxes."""

    kind: bytes
    start: int
    size: int
    header: int
    extended: UUID | None

    @property
    def end(self) -> int:
        return self.start + self.size


def uuid_box(extended: UUID, content: bytes) -> bytes:
    """A whole `uuid` box. Raises ValueError where the content is longer than a reader would accept."""
    if len(content) > MAX_RECORD:
        raise ValueError(f"a record of {len(content)} bytes is longer than {MAX_RECORD}")
    return (_HEADER + _TYPE + len(content)).to_bytes(4, "big") + b"uuid" + extended.bytes + content


def walk(file: BinaryIO, size: int) -> Iterator[Box]:
    """The boxes that lie whole within the first `size` bytes, in order.

    Ends at the first that does not, whatever the reason: cut off, a length that makes no sense, or too many of them.
    """
    position = 0
    for _ in range(MAX_BOXES):
        box = _read(file, position, size)
        if box is None:
            return
        yield box
        position = box.end


def content(file: BinaryIO, box: Box) -> bytes:
    """What is inside a box of at most MAX_RECORD bytes; raises ValueError for a larger one."""
    length = box.size - box.header
    if length > MAX_RECORD:
        raise ValueError(f"a record of {length} bytes is longer than {MAX_RECORD}")
    file.seek(box.start + box.header)
    return file.read(length)


def head_end(data: bytes | bytearray) -> int | None:
    """Where `moov` ends in the beginning of a file; None: not yet. Raises ValueError where there will be none."""
    position = 0
    while position + _HEADER <= len(data):
        size, kind = int.from_bytes(data[position : position + 4], "big"), bytes(data[position + 4 : position + 8])
        if size < _HEADER or position + size > MAX_HEAD or kind not in (b"ftyp", b"moov"):
            raise ValueError(f"a box {kind!r} of {size} bytes where moov should be")
        position += size
        if kind == b"moov":
            return position if position <= len(data) else None
    return None


def _read(file: BinaryIO, position: int, size: int) -> Box | None:
    file.seek(position)
    head = file.read(_HEADER + 8 + _TYPE)
    if len(head) < _HEADER:
        return None
    length, kind, header = int.from_bytes(head[:4], "big"), head[4:8], _HEADER
    if length == 1:
        length, header = int.from_bytes(head[8:16], "big"), 16
    extended = None
    if kind == b"uuid":
        if len(head) < header + _TYPE:
            return None
        extended, header = UUID(bytes=head[header : header + _TYPE]), header + _TYPE
    # A length of zero means "to the end of the file", and is what a lost block of the disk looks like, too.
    if length < header or position + length > size:
        return None
    return Box(kind, position, length, header, extended)
