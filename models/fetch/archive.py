"""Taking single files out of an archive: nothing is unpacked to disk, and nothing in it is run."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from typing import IO

from models.catalog import Member
from models.errors import ModelRefusedError
from models.fetch.interface import verify

MOST_MEMBERS = 100_000


def read_members(file: IO[bytes], archive: str, wanted: Mapping[str, Member]) -> dict[str, bytes]:
    """The wanted files by role, each of the size and hash that the catalog states. Raises ModelRefusedError."""
    read = _read_tar if archive.endswith(".tar.gz") else _read_zip
    try:
        found = read(file, {member.path: member.size for member in wanted.values()})
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise ModelRefusedError(
            f"the archive cannot be read ({type(error).__name__}: {error})", where=archive, remedy="Pull it again."
        ) from error
    for member in wanted.values():
        if member.path not in found:
            raise ModelRefusedError(f"the archive holds no file {member.path} of {member.size} bytes", where=archive)
        verify(found[member.path], member.sha256, member.path, archive)
    return {role: found[member.path] for role, member in wanted.items()}


def _read_tar(file: IO[bytes], sizes: Mapping[str, int]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=file, mode="r|gz") as archive:
        for count, info in enumerate(archive):
            if count >= MOST_MEMBERS or len(found) == len(sizes):
                break
            if info.isfile() and info.name not in found and sizes.get(info.name) == info.size:
                content = archive.extractfile(info)
                if content is not None:
                    found[info.name] = content.read(info.size)
    return found


def _read_zip(file: IO[bytes], sizes: Mapping[str, int]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist()[:MOST_MEMBERS]:
            if sizes.get(info.filename) == info.file_size and not info.flag_bits & 1:
                with archive.open(info) as content:
                    found[info.filename] = content.read(info.file_size)
    return found
