"""A folder as an object store: another disk, a share of another office.

Not obstore's `LocalStore`: that holds a whole object in memory to put it without replacing, and brings nothing to disk.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from evidence_export.bag.digest import digest_file
from streams.recorder.durable import READ_ONLY, sync_folder
from streetproof.objects.interface import Kept, ObjectError

_CHUNK = 1 << 20
_LEFT_S = 24 * 3600
"""A draft that nobody has written to for so long is of a run that was killed."""
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
_NO_SYNC = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS})


class FolderStore:
    """Objects as files. What `put` has returned for is on the disk, with its name and the folders above it."""

    def __init__(self, root: Path, label: str) -> None:
        """Makes the folder where there is none. Raises OSError."""
        self._root = root
        self.label = label
        _make(root)

    def __repr__(self) -> str:
        return f"<objects {self.label}>"

    def put(self, key: str, source: Path) -> bool:
        """See `ObjectStore`. On file systems without hard links (exFAT, some shares) two that put the same key at the
        same moment could both win; everywhere else the system itself refuses the second."""
        final = self._path(key)
        with self._told(key):
            _make(final.parent)
            new = not os.path.lexists(final) and self._write(source, final)
            if not new:
                if not final.is_file() or digest_file(final).sha256 != digest_file(source).sha256:
                    raise self._error("something else is there under this name, and is left as it is", key)
                # It may be of a run that was killed before it came to the disk.
                with final.open("rb") as stream:
                    os.fsync(stream.fileno())
            for folder in final.parents:
                _sync(folder)
                if folder == self._root:
                    break
        return new

    def size_of(self, key: str) -> int | None:
        """See `ObjectStore`."""
        path = self._path(key)
        with self._told(key):
            return path.stat().st_size if path.is_file() else None

    def fetch(self, key: str, to: Path) -> None:
        """See `ObjectStore`."""
        with self._told(key), self._path(key).open("rb") as source, to.open("wb") as out:
            shutil.copyfileobj(source, out, _CHUNK)

    def all(self, prefix: str = "") -> Iterator[Kept]:
        """See `ObjectStore`."""
        begin = self._path(prefix) if prefix else self._root
        with self._told(prefix):
            for folder, _, names in os.walk(begin, onerror=_raised_unless_missing):
                for name in sorted(names):
                    path = Path(folder) / name
                    if not _is_draft(name) and path.is_file():
                        yield Kept(path.relative_to(self._root).as_posix(), path.stat().st_size)

    def _write(self, source: Path, final: Path) -> bool:
        """Whether it got the name; False: somebody else was there first."""
        for left in final.parent.glob(f".{final.name}.*.partial"):
            with suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > _LEFT_S:
                    left.unlink()
        draft = final.with_name(f".{final.name}.{secrets.token_hex(8)}.partial")
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, READ_ONLY)
            with os.fdopen(handle, "wb") as out, source.open("rb") as stream:
                shutil.copyfileobj(stream, out, _CHUNK)
                out.flush()
                os.fsync(out.fileno())
            try:
                os.link(draft, final)
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                if os.path.lexists(final):
                    return False
                draft.rename(final)
        finally:
            draft.unlink(missing_ok=True)
        return True

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if any(part in ("", ".", "..") or "\0" in part or _is_draft(part) for part in parts):
            raise self._error("that is no name of an object", key)
        return self._root.joinpath(*parts)

    @contextmanager
    def _told(self, key: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._error(f"the store cannot be used ({error.strerror or type(error).__name__})", key) from error

    def _error(self, what: str, key: str) -> ObjectError:
        return ObjectError(
            what, where=f"{self.label}/{key}", remedy="Check its address and free space, and who may write there"
        )


def _make(folder: Path) -> None:
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        _sync(one.parent)


def _sync(folder: Path) -> None:
    """Shares that know no syncing of folders are taken at their word: no copy at all would be worse."""
    try:
        sync_folder(folder)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def _is_draft(name: str) -> bool:
    return name.startswith(".") and name.endswith(".partial")


def _raised_unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
