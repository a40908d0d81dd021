"""A bundle as a zip. The file's own tables are read, rebuilt from what they say, and compared byte for byte.

The tables stand twice in a zip: in front of each content and in the central directory at the end. Where the directory
is damaged the local headers are walked instead, so that a flipped bit is told from a file that was never a bundle.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from evidence_export.bag import layout
from evidence_export.bag.digest import CHUNK, Digests, Hasher
from evidence_export.bag.zipform import (
    CENTRAL,
    CENTRAL_SIGN,
    END,
    END_SIGN,
    LOCAL,
    LOCAL_SIGN,
    ZipMember,
    header_offset,
    structure,
)
from evidence_export.verifier.container import printable
from evidence_export.verifier.report import Finding

_MAX_NAME = 400
_MAX_DIRECTORY = layout.MAX_FILES * (CENTRAL.size + _MAX_NAME)
_REPACKED = "this zip is not byte for byte what Streetproof packs; if it was re-packed, unpack it and verify the folder"


@dataclass(frozen=True, slots=True)
class _Entry:
    member: ZipMember
    offset: int
    faults: tuple[str, ...] = ()


class ZipContainer:
    """Reads the members in place; nothing is unpacked, so nothing can be written anywhere or blown up."""

    def __init__(self, path: Path, *, with_sm3: bool = True) -> None:
        """Reads the tables. Raises OSError where the file cannot be read."""
        self._path = path
        self._with_sm3 = with_sm3
        self._findings: dict[Finding, None] = {}
        """Each once, in order. A set of them, because a zip may name tens of thousands of entries."""
        self._offsets: dict[str, int] = {}
        self._members: dict[str, ZipMember] = {}
        self._prefix: str | None = None
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            entries = _from_directory(stream, size)
            if entries is None:
                entries = _from_local_headers(stream, size)
                self._blame("", "the directory at the end of the zip is damaged, cut off, or followed by other data")
            if len(entries) > layout.MAX_FILES:
                self._blame("", f"more than {layout.MAX_FILES} entries; no bundle has so many")
                del entries[layout.MAX_FILES :]
            self._take(entries)
            self._compare(stream, size, [entry.member for entry in entries])

    @property
    def files(self) -> Mapping[str, int]:
        return {path: member.size for path, member in self._members.items()}

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(self._findings)

    @property
    def prefix(self) -> str | None:
        return self._prefix

    def digest(self, path: str) -> Digests:
        hasher = Hasher(with_sm3=self._with_sm3, with_crc32=True)
        left = self._members[path].size
        with self._path.open("rb") as stream:
            stream.seek(self._offsets[path])
            while left and (chunk := stream.read(min(CHUNK, left))):
                left -= len(chunk)
                hasher.update(chunk)
        return hasher.result()

    def read(self, path: str, limit: int) -> bytes:
        with self._path.open("rb") as stream:
            stream.seek(self._offsets[path])
            return stream.read(min(self._members[path].size, limit + 1))

    def recorded_crc32(self, path: str) -> int | None:
        return self._members[path].crc32

    def _blame(self, member: str, what: str) -> None:
        place = f" (zip entry {printable(member)})" if member else ""
        finding = Finding(f"{printable(self._path.name)}{place}", what)
        self._findings.setdefault(finding)

    def _take(self, entries: Sequence[_Entry]) -> None:
        for entry in entries:
            name = entry.member.name
            for fault in entry.faults:
                self._blame(name, fault)
            prefix, _, path = name.partition("/")
            if not layout.is_path(prefix) or not layout.is_path(path):
                self._blame(name, "a path that no bundle holds")
            elif self._prefix not in (None, prefix):
                self._blame(name, f"outside the folder {self._prefix}/")
            elif path in self._members:
                self._blame(name, "stands twice in the zip")
            else:
                self._prefix = prefix
                self._members[path] = entry.member
                self._offsets[path] = entry.offset + LOCAL.size + len(name.encode("utf-8"))

    def _compare(self, stream: BinaryIO, size: int, members: list[ZipMember]) -> None:
        if [member.name for member in members] != sorted(member.name for member in members):
            self._blame("", _REPACKED)
        end = 0
        try:
            for part in structure(members):
                stream.seek(part.offset)
                if stream.read(len(part.data)) != part.data:
                    self._blame(
                        part.member.name if part.member else "", f"its zip header is not what it must be; {_REPACKED}"
                    )
                end = part.offset + len(part.data)
        except ValueError as error:
            self._blame("", f"{error}; {_REPACKED}")
            return
        if end != size:
            self._blame("", f"{size} bytes long where its files make {end}; {_REPACKED}")


def _from_directory(stream: BinaryIO, size: int) -> list[_Entry] | None:
    """The entries that the central directory names, or None where it does not add up with the file around it."""
    if size < END.size:
        return None
    stream.seek(size - END.size)
    sign, disk, disk_start, here, count, length, offset, comment = END.unpack(stream.read(END.size))
    if (
        sign != END_SIGN
        or (disk, disk_start, comment) != (0, 0, 0)
        or here != count
        or offset + length + END.size != size
        or length > _MAX_DIRECTORY
    ):
        return None
    stream.seek(offset)
    directory = stream.read(length)
    entries: list[_Entry] = []
    position = 0
    while position < length:
        entry, position = _central_entry(directory, position)
        if entry is None:
            return None
        entries.append(entry)
    expected = header_offset([entry.member for entry in entries])
    if len(entries) != count or not entries or expected != [*(entry.offset for entry in entries), offset]:
        return None
    return entries


def _central_entry(directory: bytes, position: int) -> tuple[_Entry | None, int]:
    try:
        (sign, _, _, flags, method, _, _, crc, packed, size, name_length, extra, comment, _, _, attributes, offset) = (
            CENTRAL.unpack_from(directory, position)
        )
    except struct.error:
        return None, position
    after = position + CENTRAL.size + name_length
    if sign != CENTRAL_SIGN or extra or comment or name_length > _MAX_NAME or after > len(directory):
        return None, position
    faults = []
    if flags & 1:
        faults.append("encrypted; a bundle holds plain files only")
    if method or packed != size:
        faults.append("compressed; a bundle stores its files as they are")
    if attributes >> 28 == 0o12:
        faults.append("a symbolic link; a bundle holds plain files only")
    name = directory[position + CENTRAL.size : after].decode("utf-8", "backslashreplace")
    if len(name.encode("utf-8")) != name_length:
        return None, position
    return _Entry(ZipMember(name, packed, crc), offset, tuple(faults)), after


def _from_local_headers(stream: BinaryIO, size: int) -> list[_Entry]:
    """The entries met by walking from header to header as far as they make sense."""
    entries: list[_Entry] = []
    position = 0
    while position + LOCAL.size <= size and len(entries) < layout.MAX_FILES:
        stream.seek(position)
        sign, _, _, _, _, _, crc, packed, _, name_length, extra = LOCAL.unpack(stream.read(LOCAL.size))
        if sign != LOCAL_SIGN or name_length > _MAX_NAME or extra:
            break
        raw = stream.read(name_length)
        name = raw.decode("utf-8", "backslashreplace")
        after = position + LOCAL.size + name_length + packed
        if after > size or len(name.encode("utf-8")) != name_length:
            break
        entries.append(_Entry(ZipMember(name, packed, crc), position))
        position = after
    return entries
