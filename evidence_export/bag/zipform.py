"""The one zip file that a set of files can become: stored, sorted, no clock, no extra fields (PKWARE APPNOTE 6.3).

Every byte that is not file content follows from the names, sizes and CRCs. A writer and a verifier that both stand on
`structure` agree on every byte, so a flipped bit has nowhere to hide.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from evidence_export.bag.digest import CHUNK, Digests, digest_file

LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")
LOCAL_SIGN, CENTRAL_SIGN, END_SIGN = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"

MAX_ZIP_BYTES = 2**32 - 1
"""No zip64: a case above 4 GiB is kept as a folder."""

_VERSION_MADE_BY = 3 << 8 | 20  # Unix, 2.0
_VERSION_NEEDED = 20
_DOS_TIME, _DOS_DATE = 0, 1 << 5 | 1  # 1980-01-01 00:00:00, the earliest a zip can say
_ATTRIBUTES = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class ZipMember:
    """A file in the zip: full name with the folder in front, size in bytes, CRC-32 of the content."""

    name: str
    size: int
    crc32: int


@dataclass(frozen=True, slots=True)
class ZipPart:
    """Bytes between contents: where they stand, what they must be, and the member they describe (None: the end)."""

    offset: int
    data: bytes
    member: ZipMember | None


def header_offset(members: Sequence[ZipMember]) -> list[int]:
    """The offset of each member's local header, and of the central directory as the last item."""
    offsets = [0]
    for member in members:
        offsets.append(offsets[-1] + LOCAL.size + len(member.name.encode("utf-8")) + member.size)
    return offsets


def structure(members: Sequence[ZipMember]) -> Iterator[ZipPart]:
    """All bytes of the zip that are not content, in file order, for members in the given order.

    Raises ValueError where the result would pass 4 GiB or 65535 members.
    """
    offsets = header_offset(members)
    names = [member.name.encode("utf-8") for member in members]
    directory = sum(CENTRAL.size + len(name) for name in names)
    if offsets[-1] + directory + END.size > MAX_ZIP_BYTES or len(members) > 0xFFFE:
        raise ValueError("more than a zip without zip64 can hold (4 GiB)")
    for member, name, offset in zip(members, names, offsets, strict=False):
        head = LOCAL.pack(
            LOCAL_SIGN,
            _VERSION_NEEDED,
            0,
            0,
            _DOS_TIME,
            _DOS_DATE,
            member.crc32,
            member.size,
            member.size,
            len(name),
            0,
        )
        yield ZipPart(offset, head + name, member)
    position = offsets[-1]
    for member, name, offset in zip(members, names, offsets, strict=False):
        entry = CENTRAL.pack(
            CENTRAL_SIGN, _VERSION_MADE_BY, _VERSION_NEEDED, 0, 0, _DOS_TIME, _DOS_DATE, member.crc32, member.size,
            member.size, len(name), 0, 0, 0, 0, _ATTRIBUTES, offset,
        )  # fmt: skip
        yield ZipPart(position, entry + name, member)
        position += len(entry) + len(name)
    count = len(members)
    yield ZipPart(position, END.pack(END_SIGN, 0, 0, count, count, directory, offsets[-1], 0), None)


def digests_of(folder: Path) -> dict[str, Digests]:
    """What `write_zip` needs to know of every file of a folder, by its path. Raises OSError."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): digest_file(path, with_sm3=False, with_crc32=True) for path in files}


def write_zip(out: BinaryIO, folder: Path, prefix: str, digests: Mapping[str, Digests]) -> None:
    """Write the files of `folder` that `digests` names into `out`, each below `prefix/`.

    Raises ValueError for what a plain zip cannot hold, or where a file is no longer what its digests say; OSError.
    """
    paths = sorted(digests)
    members = [_member(f"{prefix}/{path}", digests[path]) for path in paths]
    parts = list(structure(members))
    for part, path in zip(parts, paths, strict=False):
        out.write(part.data)
        written = 0
        with (folder / path).open("rb") as content:
            while chunk := content.read(CHUNK):
                written += out.write(chunk)
        if written != digests[path].size:
            raise ValueError(f"{path} changed while it was packed")
    for part in parts[len(paths) :]:
        out.write(part.data)


def _member(name: str, digests: Digests) -> ZipMember:
    if digests.crc32 is None:
        raise ValueError(f"the CRC-32 of {name} was not taken")
    return ZipMember(name, digests.size, digests.crc32)
