"""Opens what was handed in, a folder or a zip, as named byte streams. Trusts nothing it meets."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, Protocol

from evidence_export.bag import layout
from evidence_export.bag.digest import Digests, digest_stream
from evidence_export.verifier.report import Finding

_MAX_DEPTH = 8
_FLAGS = os.O_RDONLY
for _name in ("O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK", "O_BINARY"):  # Windows has the last one only
    _FLAGS |= getattr(os, _name, 0)


class Container(Protocol):
    """The files of one bundle, and what is wrong with the way they are held."""

    @property
    def files(self) -> Mapping[str, int]:
        """Path inside the bundle -> size in bytes, for every regular file."""

    @property
    def findings(self) -> tuple[Finding, ...]: ...

    @property
    def prefix(self) -> str | None:
        """The folder name that a zip puts in front of every path."""

    def digest(self, path: str) -> Digests:
        """The digests of one file. Raises OSError."""

    def read(self, path: str, limit: int) -> bytes:
        """At most `limit` + 1 bytes of one file. Raises OSError."""

    def recorded_crc32(self, path: str) -> int | None:
        """The CRC-32 that the container itself states for a file; None for a folder."""


def printable(text: str) -> str:
    """`text` with everything that could fool a terminal or a reader written as escapes, cut to a bearable length."""
    safe = text.encode("unicode_escape", "backslashreplace").decode("ascii")
    return safe if len(safe) <= 200 else f"{safe[:200]}..."


class FolderContainer:
    """A bundle as a folder."""

    prefix = None

    def __init__(self, root: Path, *, with_sm3: bool = True) -> None:
        """Lists the folder without following links. Raises OSError where it cannot be listed."""
        self._root = root
        self._with_sm3 = with_sm3
        self._files: dict[str, int] = {}
        self._findings: list[Finding] = []
        self._entries = 0
        self._walk(root, "", 0)

    @property
    def files(self) -> Mapping[str, int]:
        return self._files

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(self._findings)

    def digest(self, path: str) -> Digests:
        with self._open(path) as stream:
            return digest_stream(stream, with_sm3=self._with_sm3)

    def read(self, path: str, limit: int) -> bytes:
        with self._open(path) as stream:
            return stream.read(limit + 1)

    def recorded_crc32(self, path: str) -> int | None:
        return None

    def _blame(self, path: str, what: str) -> None:
        self._findings.append(Finding(printable(path), what))

    def _walk(self, folder: Path, inside: str, depth: int) -> None:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
        if not entries and depth:
            self._blame(inside, "an empty folder that does not belong to the bundle")
        for entry in entries:
            path = f"{inside}{entry.name}"
            self._entries += 1
            if self._entries > layout.MAX_FILES:
                if self._entries == layout.MAX_FILES + 1:
                    self._blame(path, f"more than {layout.MAX_FILES} entries; no bundle has so many")
                return
            if entry.is_symlink():
                self._blame(path, "a symbolic link; a bundle holds plain files only")
            elif entry.is_dir(follow_symlinks=False):
                if depth >= _MAX_DEPTH:
                    self._blame(f"{path}/", "nested deeper than any bundle")
                else:
                    self._walk(Path(entry.path), f"{path}/", depth + 1)
            elif entry.is_file(follow_symlinks=False):
                self._files[path] = entry.stat(follow_symlinks=False).st_size
            else:
                self._blame(path, "a device, pipe or socket; a bundle holds plain files only")

    def _open(self, path: str) -> BinaryIO:
        descriptor = os.open(self._root / path, _FLAGS)
        stream = open(descriptor, "rb")  # noqa: SIM115 - the caller closes it
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            stream.close()
            raise OSError(f"{printable(path)} is no longer a plain file")
        return stream


class InnerContainer:
    """A bundle within another one, as the folder `inside` (ending in a slash); hashes are made once for both."""

    prefix = None

    def __init__(self, outer: Container, inside: str, digest: Callable[[str], Digests]) -> None:
        """`digest` gives the digests of a file of the outer one, which may know them already. Raises OSError."""
        self._outer = outer
        self._inside = inside
        self._digest = digest
        self._files = {path.removeprefix(inside): size for path, size in outer.files.items() if path.startswith(inside)}

    @property
    def files(self) -> Mapping[str, int]:
        return self._files

    @property
    def findings(self) -> tuple[Finding, ...]:
        return ()

    def digest(self, path: str) -> Digests:
        return self._digest(f"{self._inside}{path}")

    def read(self, path: str, limit: int) -> bytes:
        return self._outer.read(f"{self._inside}{path}", limit)

    def recorded_crc32(self, path: str) -> int | None:
        return None
